#include "server/fleet/rollout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define FIRST_OF_OPERATOR ROLLOUT_START
#define LAST_OF_OPERATOR  ROLLOUT_ABORT

static bool leads(enum rollout_place from, enum rollout_event event, enum rollout_place *to)
{
    struct rollout_move move;

    if (!rollout_move(from, event, &move))
        return false;
    *to = move.to;
    return true;
}

/* Marks what can be reached from a place by any events. */
static void mark(enum rollout_place from, bool seen[ROLLOUT_PLACES])
{
    enum rollout_place to;

    if (seen[from])
        return;
    seen[from] = true;
    for (int event = 0; event < ROLLOUT_EVENTS; event++) {
        if (leads(from, (enum rollout_event)event, &to))
            mark(to, seen);
    }
}

static void every_place_is_reached_from_a_draft(void **state)
{
    bool seen[ROLLOUT_PLACES] = {false};

    (void)state;
    mark(ROLLOUT_DRAFT, seen);
    for (int place = 0; place < ROLLOUT_PLACES; place++)
        assert_true(seen[place]);
}

static void every_place_but_the_last_can_be_left_by_hand_and_ends(void **state)
{
    (void)state;
    for (int place = 0; place < ROLLOUT_PLACES; place++) {
        bool seen[ROLLOUT_PLACES] = {false};
        enum rollout_place to;
        bool by_hand = false;

        for (int event = FIRST_OF_OPERATOR; event <= LAST_OF_OPERATOR; event++)
            by_hand |= leads((enum rollout_place)place, (enum rollout_event)event, &to);
        assert_int_equal(by_hand, !rollout_is_over((enum rollout_place)place));
        mark((enum rollout_place)place, seen);
        assert_true(seen[ROLLOUT_ROLLED_BACK] || seen[ROLLOUT_ABORTED] ||
                    place == ROLLOUT_COMPLETED);
    }
}

/* A draft and what is over hold nothing: they may stand for ever. */
static void every_place_that_holds_something_has_a_time_out(void **state)
{
    (void)state;
    for (int i = 0; i < ROLLOUT_PLACES; i++) {
        const enum rollout_place place = (enum rollout_place)i;
        const bool holds = place != ROLLOUT_DRAFT && !rollout_is_over(place);
        enum rollout_place to;

        assert_int_equal(rollout_limit_ms(place) > 0, holds);
        assert_int_equal(leads(place, ROLLOUT_EXPIRED, &to), holds);
    }
}

static void nothing_leads_out_of_what_is_over(void **state)
{
    static const enum rollout_place over[] = {ROLLOUT_ROLLED_BACK, ROLLOUT_COMPLETED,
                                              ROLLOUT_ABORTED};
    enum rollout_place to;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int event = 0; event < ROLLOUT_EVENTS; event++)
            assert_false(leads(over[i], (enum rollout_event)event, &to));
    }
}

static void whatever_is_under_way_can_be_rolled_back(void **state)
{
    enum rollout_place to;

    (void)state;
    for (int i = 0; i < ROLLOUT_PLACES; i++) {
        const enum rollout_place place = (enum rollout_place)i;

        assert_int_equal(leads(place, ROLLOUT_ROLL_BACK, &to), rollout_is_under_way(place));
        if (rollout_is_under_way(place))
            assert_int_equal(to, ROLLOUT_ROLLING_BACK);
        /* and what has not begun is simply dropped */
        assert_int_equal(leads(place, ROLLOUT_ABORT, &to), place < ROLLOUT_PUBLISHING);
    }
}

static void devices_stop_being_members_whenever_it_ends(void **state)
{
    (void)state;
    for (int from = 0; from < ROLLOUT_PLACES; from++) {
        for (int event = 0; event < ROLLOUT_EVENTS; event++) {
            struct rollout_move move;

            if (!rollout_move((enum rollout_place)from, (enum rollout_event)event, &move))
                continue;
            assert_int_equal(rollout_is_over(move.to),
                             move.action == ROLLOUT_DO_END || move.action == ROLLOUT_DO_COMPLETE);
        }
    }
}

static void a_red_wave_goes_on_only_by_force_or_a_new_try(void **state)
{
    enum rollout_place to;

    (void)state;
    assert_false(leads(ROLLOUT_RED, ROLLOUT_RESUME, &to));
    assert_false(leads(ROLLOUT_RED, ROLLOUT_NEXT, &to));
    assert_true(leads(ROLLOUT_RED, ROLLOUT_FORCE, &to));
    assert_true(leads(ROLLOUT_RED, ROLLOUT_RETRY, &to));
}

static void what_preflight_refuses_cannot_be_forced(void **state)
{
    enum rollout_place to;

    (void)state;
    assert_false(leads(ROLLOUT_REFUSED, ROLLOUT_FORCE, &to));
    assert_true(leads(ROLLOUT_REFUSED, ROLLOUT_RESUME, &to));
    assert_int_equal(to, ROLLOUT_PUBLISHING); /* where pre-flight is asked again */
}

static void nobody_is_opened_before_approval(void **state)
{
    struct rollout_move move;

    (void)state;
    for (int event = 0; event < ROLLOUT_EVENTS; event++) {
        if (rollout_move(ROLLOUT_APPROVAL, (enum rollout_event)event, &move))
            assert_false(rollout_is_under_way(move.to));
    }
    assert_true(rollout_move(ROLLOUT_APPROVAL, ROLLOUT_APPROVE, &move));
    assert_int_equal(move.to, ROLLOUT_PREFLIGHT); /* the world has moved meanwhile */
    assert_true(rollout_move(ROLLOUT_APPROVAL, ROLLOUT_DECLINE, &move));
    assert_int_equal(move.to, ROLLOUT_DRAFT);
    assert_true(rollout_move(ROLLOUT_OUTGROWN, ROLLOUT_DECLINE, &move));
    assert_int_equal(move.to, ROLLOUT_OUTGROWN);
    for (int event = 0; event < ROLLOUT_EVENTS; event++) {
        if (rollout_move(ROLLOUT_OUTGROWN, (enum rollout_event)event, &move) &&
            event != ROLLOUT_APPROVE)
            assert_true(move.to == ROLLOUT_OUTGROWN || move.to == ROLLOUT_ROLLING_BACK ||
                        move.to == ROLLOUT_ABORTED);
    }
    assert_true(rollout_move(ROLLOUT_OUTGROWN, ROLLOUT_APPROVE, &move));
    assert_int_equal(move.to, ROLLOUT_PUBLISHING); /* where it is looked over again */
}

static void each_place_is_found_by_its_name(void **state)
{
    enum rollout_place found;

    (void)state;
    for (int place = 0; place < ROLLOUT_PLACES; place++) {
        const struct rollout_name *name = rollout_name((enum rollout_place)place);

        assert_int_equal(rollout_find(name->state, name->step, name->cause, &found), STATUS_OK);
        assert_int_equal(found, place);
        assert_int_equal(rollout_is_paused(found), strcmp(name->state, "paused") == 0);
    }
    assert_int_equal(rollout_find("running", "dancing", "", &found), STATUS_INVALID);
    assert_int_equal(rollout_find("draft", "", "", &found), STATUS_OK);
}

static void each_event_has_a_name(void **state)
{
    (void)state;
    for (int event = 0; event < ROLLOUT_EVENTS; event++)
        assert_true(strlen(rollout_event_name((enum rollout_event)event)) > 0);
    assert_string_equal(rollout_event_name(ROLLOUT_ALL_SETTLED), "all_settled");
    assert_string_equal(rollout_event_name(ROLLOUT_EXPIRED), "expired");
    assert_string_equal(rollout_event_name(ROLLOUT_RED_BACK), "red");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_is_reached_from_a_draft),
        cmocka_unit_test(every_place_but_the_last_can_be_left_by_hand_and_ends),
        cmocka_unit_test(every_place_that_holds_something_has_a_time_out),
        cmocka_unit_test(nothing_leads_out_of_what_is_over),
        cmocka_unit_test(whatever_is_under_way_can_be_rolled_back),
        cmocka_unit_test(devices_stop_being_members_whenever_it_ends),
        cmocka_unit_test(a_red_wave_goes_on_only_by_force_or_a_new_try),
        cmocka_unit_test(what_preflight_refuses_cannot_be_forced),
        cmocka_unit_test(nobody_is_opened_before_approval),
        cmocka_unit_test(each_place_is_found_by_its_name),
        cmocka_unit_test(each_event_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
