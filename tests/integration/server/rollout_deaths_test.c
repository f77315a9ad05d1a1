/* I6, statement by statement: of each transaction that drives a rollout, the server is killed
 * before the first statement, another one begins it anew and is killed before the second, and so on
 * until it is done. However a rollout goes, it comes out as one that nobody disturbed: the same
 * steps in its audit, the same robots told as often, the same layers, keys and software. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/store/rollouts.h"
#include "tests/integration/server/roll.h"

#define STEPS_MAX      400
#define STATEMENTS_MAX 200 /* of one transaction */
#define DAY_MS         INT64_C(86400000)

/* ---- deaths ---- */

struct death {
    unsigned at;   /* before so many more statements; 0: not at all */
    unsigned seen; /* statements since it was set */
    unsigned all;  /* deaths so far */
};

static struct death *death(void)
{
    static struct death only;

    return &only;
}

/* What was only read is lost with nothing. */
static bool is_read(const char *sql)
{
    return strncmp(sql, "SELECT", 6) == 0 && strstr(sql, "myna.touch_devices(") == NULL &&
           strstr(sql, "myna.audit_append(") == NULL;
}

static bool is_dying(const struct store_statement *statement)
{
    struct death *now = death();

    if (now->at == 0 || is_read(statement->sql) || ++now->seen != now->at)
        return false;
    now->all++;
    return true;
}

enum status __real_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result);
enum status __wrap_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result);
enum status __real_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json);
enum status __wrap_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json);

/* What a transaction did before is undone, as the database does when its client is gone. */
enum status __wrap_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result)
{
    return is_dying(statement) ? STATUS_UNREACHABLE
                               : __real_store_exec(conn, statement, values, count, result);
}

enum status __wrap_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json)
{
    return is_dying(statement)
               ? STATUS_UNREACHABLE
               : __real_store_exec_json(conn, statement, values, count, arena, json);
}

/* ---- how a rollout may go ---- */

enum kind { SETTINGS, KEY, SOFTWARE };

/* What is done where it stands, in this order; one of event, sql, days and reverses. */
struct act {
    const char *place;
    enum rollout_event event;
    const char *actor; /* NULL: anna */
    bool of_rival;
    int64_t back_rate;
    const char *sql;
    int64_t days;  /* that nothing moves */
    bool reverses; /* and the story goes on with the rollout that takes it back */
};

#define ACTS_MAX 12
struct story {
    enum kind kind;
    const char *end;
    struct act acts[ACTS_MAX];
    int r3_fails_until; /* so many acts were done */
    int all_mute_until;
    bool is_by_hand, wants_approval, is_judged, is_strict, is_patient, in_group, has_rival;
};

struct run {
    struct roll *roll;
    const struct story *story;
    const char *id;
    bool is_deadly;
    int acts_done;
    int64_t audit_from;
};

static void make_plan(const struct story *story, struct rollout_plan *plan)
{
    *plan = roll_plan(story->kind != SETTINGS);
    plan->control_at_least = 2;
    plan->soak_s = 20;
    plan->is_by_hand = story->is_by_hand;
    plan->is_judged = story->is_judged;
    plan->gates = gate_plan_default();
    plan->queues = story->has_rival;
    if (story->is_strict)
        plan->max_failed = 0;
    if (story->is_patient)
        plan->deadline_s = 30 * DAY_MS / 1000;
}

static void create(struct run *run)
{
    const struct story *story = run->story;
    const char *group = story->in_group ? "shop" : NULL;
    struct rollout_plan plan;

    make_plan(story, &plan);
    if (story->kind == SOFTWARE)
        roll_create_software(run->roll, run->id, group, "2.0", &plan);
    else
        roll_create(run->roll, run->id, group,
                    story->kind == SETTINGS ? "{\"volume\": 3, \"persona\": null}" : NULL, &plan);
}

/* ---- one step, whatever happens ---- */

typedef enum status (*doing)(struct run *run, const struct act *act);

static enum status look(struct run *run, const struct act *act)
{
    return roll_try_look(run->roll, act && act->of_rival ? "rival" : run->id);
}

static enum status decide(struct run *run, const struct act *act)
{
    return roll_act_as(run->roll, act->actor ? act->actor : "operator:anna",
                       act->of_rival ? "rival" : run->id, act->event, act->back_rate);
}

static enum status reverse(struct run *run, const struct act *act)
{
    static const struct author anna = {"operator:anna", "10.0.0.1"};
    char problem[512];

    return rollouts_reverse(run->roll->store, &anna, run->id, act->back_rate, run->roll->arena,
                            &run->roll->document, problem);
}

static void outlive(struct run *run, doing work, const struct act *act)
{
    struct death *now = death();

    for (unsigned at = 1; at < STATEMENTS_MAX; at++) {
        arena_reset(run->roll->arena);
        now->at = run->is_deadly ? at : 0;
        now->seen = 0;
        const enum status status = work(run, act);
        const bool has_died = now->at > 0 && now->seen >= now->at;
        now->at = 0;
        assert_int_equal(status, has_died ? STATUS_UNREACHABLE : STATUS_OK);
        if (!has_died)
            return;
    }
    fail_msg("%s has no end", run->id);
}

static void carry_out(struct run *run, const struct act *act)
{
    if (act->sql != NULL)
        roll_run(run->roll, act->sql);
    else if (act->days > 0)
        run->roll->now_ms += act->days * DAY_MS;
    else
        outlive(run, act->reverses ? reverse : decide, act);
    if (act->reverses)
        run->id = "story-back";
    run->acts_done++;
}

static void let_time_pass(struct run *run)
{
    static const struct act of_rival = {.of_rival = true};

    outlive(run, look, NULL);
    if (run->story->has_rival)
        outlive(run, look, &of_rival);
    run->roll->now_ms += 31000;
    if (run->acts_done >= run->story->all_mute_until)
        roll_answer(run->roll, run->acts_done < run->story->r3_fails_until);
}

/* ---- what it came to ---- */

static void start_over(struct run *run)
{
    void *state = run->roll;
    STORE_STATEMENT(head, "SELECT seq::text FROM myna.audit_head");

    assert_int_equal(roll_begin(&state), 0);
    roll_run(run->roll, "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
                        "INSERT INTO myna.group_member SELECT 'shop', device_id FROM myna.device;"
                        "UPDATE myna.layer SET settings = settings || '{\"persona\": \"kind\"}'"
                        " WHERE layer_id = 'fleet';"
                        "DROP TABLE IF EXISTS generations; CREATE TEMP TABLE generations AS"
                        " SELECT device_id, desired_generation AS was FROM myna.device_link");
    run->audit_from = strtoll(roll_text(run->roll, &head, NULL), NULL, 10);
    run->roll->approval_devices = run->story->wants_approval ? 1 : -1;
}

/* All that must not differ, as text; the caller frees it. */
static char *tell(struct run *run)
{
    STORE_STATEMENT(
        trace,
        "SELECT concat_ws(E'\\n',"
        " (SELECT string_agg(concat_ws(' ', a.action, a.subject, a.actor, a.before, a.after), "
        "E'\\n'"
        "   ORDER BY a.seq) FROM myna.audit a WHERE a.seq > $1),"
        " (SELECT string_agg(concat_ws(' ', o.rollout_id, o.device_id, o.wave, o.state, o.tries,"
        "   o.is_open, o.is_live, o.is_final, o.is_control, o.reason, l.desired_generation - "
        "g.was),"
        "   E'\\n' ORDER BY o.rollout_id, o.device_id) FROM myna.rollout_device o"
        "   JOIN myna.device_link l USING (device_id) JOIN generations g USING (device_id)),"
        " (SELECT string_agg(concat_ws(' ', w.rollout_id, w.wave, w.state, w.members, w.looks,"
        "   w.forced_by), E'\\n' ORDER BY w.rollout_id, w.wave) FROM myna.rollout_wave w),"
        " (SELECT string_agg(concat_ws(' ', r.rollout_id, r.state, r.version, r.before), E'\\n'"
        "   ORDER BY r.rollout_id) FROM myna.rollout r),"
        " (SELECT string_agg(concat_ws(' ', l.layer_id, l.settings), E'\\n' ORDER BY l.layer_id)"
        "   FROM myna.layer l),"
        " (SELECT string_agg(concat_ws(' ', s.layer_id, s.version), E'\\n' ORDER BY s.layer_id)"
        "   FROM myna.layer_software s),"
        " (SELECT string_agg(concat_ws(' ', k.device_id, k.is_kept_back, k.generation - g.was),"
        "   E'\\n' ORDER BY k.device_id) FROM myna.vendor_key_device k"
        "   JOIN generations g USING (device_id)),"
        " (SELECT concat_ws(' ', v.next_key_share, v.key_number) FROM myna.vendor v"
        "   WHERE v.vendor_id = 'a'),"
        " (SELECT string_agg(concat_ws(' ', t.kind, t.subject, t.count), E'\\n'"
        "   ORDER BY t.kind, t.subject) FROM myna.alert t))");
    struct span text;

    arena_reset(run->roll->arena);
    assert_int_equal(store_exec_json(run->roll->conn, &trace,
                                     STORE_VALUES(value_int(run->audit_from)), run->roll->arena,
                                     &text),
                     STATUS_OK);
    return strndup((const char *)text.data, text.size);
}

/* Which places any story met, as bits of enum rollout_place. */
static uint32_t *places_met(void)
{
    static uint32_t met;

    return &met;
}

static void meet(const char *place)
{
    for (int i = 0; i < ROLLOUT_PLACES; i++) {
        const struct rollout_name *name = rollout_name((enum rollout_place)i);
        char text[80];

        snprintf(text, sizeof text, "%s%s%s%s%s", name->state, name->step ? "/" : "",
                 name->step ? name->step : "", name->cause ? "/" : "",
                 name->cause ? name->cause : "");
        if (strcmp(text, place) == 0)
            *places_met() |= UINT32_C(1) << i;
    }
}

static void start_rival(struct run *run)
{
    const struct rollout_plan plan = roll_plan(false);

    roll_create(run->roll, "rival", NULL, "{\"volume\": 9}", &plan);
    assert_int_equal(roll_act(run->roll, "rival", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 4; i++)
        roll_look(run->roll, "rival");
}

static char *live(struct run *run)
{
    start_over(run);
    if (run->story->has_rival)
        start_rival(run);
    create(run);
    for (int step = 0; step < STEPS_MAX; step++) {
        const struct act *act = &run->story->acts[run->acts_done];
        char place[80];

        snprintf(place, sizeof place, "%s", roll_place(run->roll, run->id));
        meet(place);
        if (run->acts_done < ACTS_MAX && act->place && strcmp(act->place, place) == 0)
            carry_out(run, act);
        else if (strcmp(place, run->story->end) == 0)
            return tell(run);
        else
            let_time_pass(run);
    }
    fail_msg("the rollout stays %s", roll_place(run->roll, run->id));
    return NULL;
}

static void check(struct roll *roll, const struct story *story)
{
    struct run quiet = {.roll = roll, .story = story, .id = "story"};
    struct run deadly = {.roll = roll, .story = story, .id = "story", .is_deadly = true};
    const unsigned before = death()->all;
    char *const expected = live(&quiet);
    char *const told = live(&deadly);

    print_message("%u deaths\n", death()->all - before);
    assert_int_equal(quiet.acts_done, deadly.acts_done);
    assert_true(death()->all - before > 20);
    assert_string_equal(told, expected);
    free(told);
    free(expected);
}

/* ---- the stories ---- */

static void check_through(struct roll *roll, enum kind kind)
{
    const struct story story = {
        .kind = kind,
        .end = "completed",
        .wants_approval = true,
        .is_by_hand = true,
        .r3_fails_until = ACTS_MAX, /* in the end it keeps what it had */
        .acts = {{"draft", ROLLOUT_START},
                 {"approval", ROLLOUT_APPROVE, .actor = "operator:bob"},
                 {"running/publishing", ROLLOUT_PAUSE},
                 {"paused/publishing/operator", ROLLOUT_RESUME},
                 {"running/confirming", ROLLOUT_PAUSE},
                 {"paused/confirming/operator", ROLLOUT_RESUME},
                 {"running/soaking", ROLLOUT_PAUSE},
                 {"paused/soaking/operator", ROLLOUT_RESUME},
                 {"paused/judging/by_hand", ROLLOUT_NEXT},
                 {"paused/judging/by_hand", ROLLOUT_NEXT}},
    };

    check(roll, &story);
}

static void check_back(struct roll *roll, enum kind kind)
{
    const struct story story = {
        .kind = kind,
        .end = "rolled_back",
        .is_by_hand = true,
        .acts = {{"draft", ROLLOUT_START},
                 {"paused/judging/by_hand", ROLLOUT_NEXT},
                 {"paused/judging/by_hand", ROLLOUT_ROLL_BACK, .back_rate = 4}},
    };

    check(roll, &story);
}

static void check_red(struct roll *roll, enum kind kind)
{
    const struct story story = {
        .kind = kind,
        .end = "completed",
        .is_strict = true,
        .r3_fails_until = 3,
        .acts = {{"draft", ROLLOUT_START},
                 {"paused/judging/red", ROLLOUT_RETRY},
                 {"paused/judging/red", ROLLOUT_RETRY}},
    };

    check(roll, &story);
}

static void settings_go_through_by_hand_and_with_pauses(void **state)
{
    check_through(*state, SETTINGS);
}

static void a_key_goes_through_by_hand_and_with_pauses(void **state)
{
    check_through(*state, KEY);
}

static void software_goes_through_by_hand_and_with_pauses(void **state)
{
    check_through(*state, SOFTWARE);
}

static void settings_are_taken_back_from_the_middle(void **state)
{
    check_back(*state, SETTINGS);
}

static void a_key_is_taken_back_from_the_middle(void **state)
{
    check_back(*state, KEY);
}

static void software_is_taken_back_from_the_middle(void **state)
{
    check_back(*state, SOFTWARE);
}

static void settings_are_red_and_tried_again(void **state)
{
    check_red(*state, SETTINGS);
}

static void a_key_is_red_and_tried_again(void **state)
{
    check_red(*state, KEY);
}

static void software_is_red_and_tried_again(void **state)
{
    check_red(*state, SOFTWARE);
}

static void without_a_verdict_somebody_forces_it(void **state)
{
    const struct story story = {
        .kind = SETTINGS,
        .end = "completed",
        .is_judged = true,
        .acts = {{"draft", ROLLOUT_START},
                 {"paused/judging/no_verdict", ROLLOUT_RESUME},
                 {"paused/judging/no_verdict", ROLLOUT_FORCE},
                 {"paused/judging/no_verdict", ROLLOUT_FORCE}},
    };

    check(*state, &story);
}

static void a_later_wave_that_preflight_refuses_waits_until_it_does_not(void **state)
{
    const struct story story = {
        .kind = SOFTWARE,
        .end = "completed",
        .is_by_hand = true,
        .acts = {{"draft", ROLLOUT_START},
                 {"paused/judging/by_hand",
                  .sql = "UPDATE myna.device_link SET capabilities = '[]'"},
                 {"paused/judging/by_hand", ROLLOUT_NEXT},
                 {"paused/publishing/refused",
                  .sql = "UPDATE myna.device_link SET capabilities = '[\"software\"]'"},
                 {"paused/publishing/refused", ROLLOUT_RESUME},
                 {"paused/judging/by_hand", ROLLOUT_NEXT}},
    };

    check(*state, &story);
}

static void what_outgrows_its_approval_in_a_wave_or_between_two_waits_for_another(void **state)
{
    const struct story story = {
        .kind = KEY,
        .end = "completed",
        .wants_approval = true,
        .is_by_hand = true,
        .acts = {{"draft", .sql = "UPDATE myna.device SET status = 'quarantined'"
                                  " WHERE device_id IN ('r7', 'r8')"},
                 {"draft", ROLLOUT_START},
                 {"approval", ROLLOUT_APPROVE, .actor = "operator:bob"},
                 {"running/soaking",
                  .sql = "UPDATE myna.device SET status = 'active' WHERE device_id = 'r7'"},
                 {"paused/publishing/approval", ROLLOUT_APPROVE, .actor = "operator:bob"},
                 {"paused/judging/by_hand", .sql = "UPDATE myna.device SET status = 'active'"},
                 {"paused/judging/by_hand", ROLLOUT_NEXT},
                 {"paused/publishing/approval", ROLLOUT_APPROVE, .actor = "operator:bob"},
                 {"paused/judging/by_hand", ROLLOUT_NEXT}},
    };

    check(*state, &story);
}

static void when_nobody_answers_for_days_it_stalls_and_goes_on(void **state)
{
    const struct story story = {
        .kind = SETTINGS,
        .end = "completed",
        .is_patient = true,
        .all_mute_until = 3,
        .acts = {{"draft", ROLLOUT_START},
                 {"running/confirming", .days = 4},
                 {"paused/publishing/stalled", ROLLOUT_RESUME}},
    };

    check(*state, &story);
}

static void who_waits_for_another_begins_when_that_ends(void **state)
{
    const struct story story = {
        .kind = KEY,
        .end = "completed",
        .has_rival = true,
        .acts = {{"draft", ROLLOUT_START}, {"waiting", ROLLOUT_ROLL_BACK, .of_rival = true}},
    };

    check(*state, &story);
}

static void a_group_that_goes_ends_it(void **state)
{
    const struct story story = {
        .kind = KEY,
        .end = "aborted",
        .in_group = true,
        .acts = {{"draft", ROLLOUT_START},
                 {"running/confirming", .sql = "DELETE FROM myna.device_group"}},
    };

    check(*state, &story);
}

static void check_reversed(struct roll *roll, enum kind kind)
{
    const struct story story = {
        .kind = kind,
        .end = "completed",
        .acts = {{"draft", ROLLOUT_START}, {"completed", .reverses = true, .back_rate = 8}},
    };

    check(roll, &story);
}

static void settings_that_were_completed_are_taken_back(void **state)
{
    check_reversed(*state, SETTINGS);
}

static void software_that_was_completed_is_taken_back(void **state)
{
    check_reversed(*state, SOFTWARE);
}

static void there_is_no_place_where_no_server_was_killed(void **state)
{
    (void)state;
    for (int i = 0; i < ROLLOUT_PLACES; i++)
        if (!(*places_met() & UINT32_C(1) << i))
            fail_msg("no story met %s %s", rollout_name((enum rollout_place)i)->state,
                     rollout_name((enum rollout_place)i)->cause);
}

/* --more: also those ways that another kind goes in the short run. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_go_through_by_hand_and_with_pauses),
        cmocka_unit_test(a_key_goes_through_by_hand_and_with_pauses),
        cmocka_unit_test(software_goes_through_by_hand_and_with_pauses),
        cmocka_unit_test(settings_are_taken_back_from_the_middle),
        cmocka_unit_test(a_key_is_taken_back_from_the_middle),
        cmocka_unit_test(software_is_taken_back_from_the_middle),
        cmocka_unit_test(a_key_is_red_and_tried_again),
        cmocka_unit_test(without_a_verdict_somebody_forces_it),
        cmocka_unit_test(a_later_wave_that_preflight_refuses_waits_until_it_does_not),
        cmocka_unit_test(what_outgrows_its_approval_in_a_wave_or_between_two_waits_for_another),
        cmocka_unit_test(when_nobody_answers_for_days_it_stalls_and_goes_on),
        cmocka_unit_test(who_waits_for_another_begins_when_that_ends),
        cmocka_unit_test(a_group_that_goes_ends_it),
        cmocka_unit_test(software_that_was_completed_is_taken_back),
        cmocka_unit_test(there_is_no_place_where_no_server_was_killed),
    };
    const struct CMUnitTest more[] = {
        cmocka_unit_test(settings_are_red_and_tried_again),
        cmocka_unit_test(software_is_red_and_tried_again),
        cmocka_unit_test(settings_that_were_completed_are_taken_back),
    };

    if (argc > 1 && strcmp(argv[1], "--more") == 0)
        return cmocka_run_group_tests(more, roll_set_up, roll_tear_down);
    return cmocka_run_group_tests(tests, roll_set_up, roll_tear_down);
}
