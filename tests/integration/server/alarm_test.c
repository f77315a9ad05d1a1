/* The life of an alert on a real database: what raising, repeating, silencing and clearing do to
 * it, and what the channels are owed for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/store/alarm.h"
#include "server/store/alert_kinds.h"
#include "server/store/authorities.h"
#include "server/store/exhaustion.h"
#include "server/store/migrate.h"
#include "server/store/outage.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    char told[256];
};

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void script(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_transaction(fixture->store, run_script, (void *)sql), STATUS_OK);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 1 << 20) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static int clean(void **state)
{
    script(*state, "DELETE FROM myna.alert; DELETE FROM myna.channel;"
                   "INSERT INTO myna.channel (channel_id, kind, url_wrapped, origin, min_severity)"
                   " VALUES ('all', 'webhook', '', 'https://a', 'info'),"
                   "        ('bad', 'webhook', '', 'https://b', 'critical')");
    return 0;
}

struct raising {
    struct fixture *fixture;
    const struct alarm *alarms;
    size_t count;
};

static enum status raise_in(struct store_conn *conn, void *context)
{
    const struct raising *raising = context;

    return alarm_raise(conn, raising->fixture->arena, raising->alarms, raising->count);
}

static void raise_all(struct fixture *fixture, const struct alarm *alarms, size_t count)
{
    struct raising raising = {fixture, alarms, count};

    arena_reset(fixture->arena);
    assert_int_equal(store_transaction(fixture->store, raise_in, &raising), STATUS_OK);
}

static void raise_one(struct fixture *fixture, const char *severity)
{
    const struct alarm alarm = {"overrun", severity, "device/r1", "{}"};

    raise_all(fixture, &alarm, 1);
}

static enum status clear_in(struct store_conn *conn, void *context)
{
    (void)context;
    return alarm_clear(conn, "overrun", "device/r1");
}

static void clear(struct fixture *fixture)
{
    assert_int_equal(store_transaction(fixture->store, clear_in, NULL), STATUS_OK);
}

/* Current and cleared alerts, oldest first: "open warning 2, cleared info 1". */
static const char *alerts(struct fixture *fixture)
{
    STORE_STATEMENT(read,
                    "SELECT coalesce(string_agg(state || ' ' || severity || ' ' || count, ', '"
                    " ORDER BY alert_id), '') FROM myna.alert");
    struct result result;

    assert_int_equal(store_query(fixture->store, &read, STORE_NO_VALUES, &result), STATUS_OK);
    snprintf(fixture->told, sizeof fixture->told, "%s", result_text(&result, 0, 0));
    result_release(&result);
    return fixture->told;
}

/* What is owed: "all raised 1, bad raised 1" (the number is the revision). */
static const char *owed(struct fixture *fixture)
{
    STORE_STATEMENT(read,
                    "SELECT coalesce(string_agg(channel_id || ' ' || event || ' ' || revision,"
                    " ', ' ORDER BY channel_id, delivery_id), '')"
                    " FROM myna.delivery WHERE status = 'waiting'");
    struct result result;

    assert_int_equal(store_query(fixture->store, &read, STORE_NO_VALUES, &result), STATUS_OK);
    snprintf(fixture->told, sizeof fixture->told, "%s", result_text(&result, 0, 0));
    result_release(&result);
    return fixture->told;
}

static void a_cause_has_one_alert_however_often_it_is_raised(void **state)
{
    struct fixture *fixture = *state;

    raise_one(fixture, "warning");
    raise_one(fixture, "warning");
    assert_string_equal(alerts(fixture), "open warning 2");
    assert_string_equal(owed(fixture), "all raised 1");
}

static void of_several_raised_at_once_the_worst_severity_counts(void **state)
{
    /* by the alphabet, "warning" would be the greatest */
    const struct alarm alarms[] = {{"overrun", "warning", "device/r1", "{}"},
                                   {"overrun", "critical", "device/r1", "{\"n\":2}"},
                                   {"overrun", "info", "device/r1", "{\"n\":3}"}};

    raise_all(*state, alarms, 3);
    assert_string_equal(alerts(*state), "open critical 3");
    assert_string_equal(owed(*state), "all raised 1, bad raised 1");
}

static void a_lesser_severity_does_not_soften_an_alert(void **state)
{
    raise_one(*state, "critical");
    raise_one(*state, "info");
    assert_string_equal(alerts(*state), "open critical 2");
}

static void a_worse_severity_is_told_again_and_opens_what_was_acknowledged(void **state)
{
    raise_one(*state, "info");
    script(*state, "UPDATE myna.delivery SET status = 'sent';"
                   "UPDATE myna.alert SET state = 'acknowledged'");
    raise_one(*state, "info");
    assert_string_equal(alerts(*state), "acknowledged info 2");
    assert_string_equal(owed(*state), "");
    raise_one(*state, "critical");
    assert_string_equal(alerts(*state), "open critical 3");
    assert_string_equal(owed(*state), "all raised 1, bad raised 1");
}

static void told(struct fixture *fixture)
{
    script(fixture, "UPDATE myna.delivery SET status = 'sent' WHERE status = 'waiting'"
                    " AND next_due <= now()");
}

/* As if so much time had gone by. */
#define LATER                                                                                      \
    "UPDATE myna.alert SET settles_until = settles_until - interval '301 s';"                      \
    "UPDATE myna.delivery SET next_due = next_due - interval '301 s'"

static void a_cause_that_comes_and_goes_is_one_alert_and_told_once(void **state)
{
    struct fixture *fixture = *state;

    raise_one(fixture, "warning");
    told(fixture);
    for (int i = 0; i < 3; i++) {
        clear(fixture);
        clear(fixture);
        assert_string_equal(owed(fixture), "all cleared 1");
        told(fixture); /* not yet */
        assert_string_equal(owed(fixture), "all cleared 1");
        raise_one(fixture, "warning");
        assert_string_equal(owed(fixture), "");
    }
    assert_string_equal(alerts(fixture), "open warning 4");
    clear(fixture);
    script(fixture, LATER);
    told(fixture);
    assert_string_equal(owed(fixture), "");
    raise_one(fixture, "warning");
    assert_string_equal(alerts(fixture), "cleared warning 4, open warning 1");
    assert_string_equal(owed(fixture), "all raised 1");
}

static void what_comes_back_worse_is_told_again(void **state)
{
    raise_one(*state, "warning");
    told(*state);
    clear(*state);
    raise_one(*state, "critical");
    assert_string_equal(alerts(*state), "open critical 2");
    assert_string_equal(owed(*state), "all raised 1, bad raised 1");
}

static void who_heard_of_the_end_hears_of_the_return(void **state)
{
    raise_one(*state, "warning");
    told(*state);
    clear(*state);
    script(*state, "UPDATE myna.delivery SET status = 'sent'"); /* before it settled */
    raise_one(*state, "warning");
    assert_string_equal(alerts(*state), "open warning 2");
    assert_string_equal(owed(*state), "all raised 1");
}

static void who_heard_of_nothing_yet_hears_of_the_return(void **state)
{
    raise_one(*state, "warning");
    clear(*state);
    assert_string_equal(owed(*state), "all cleared 2");
    raise_one(*state, "warning");
    assert_string_equal(owed(*state), "all raised 3");
    told(*state); /* at once */
    assert_string_equal(owed(*state), "");
}

static void an_end_that_is_on_its_way_is_followed_by_the_return(void **state)
{
    raise_one(*state, "warning");
    told(*state);
    clear(*state);
    script(*state, "UPDATE myna.delivery SET attempts = 1 WHERE status = 'waiting'");
    raise_one(*state, "warning");
    assert_string_equal(owed(*state), "all raised 2");
}

static void what_somebody_was_at_is_still_theirs_when_it_comes_back(void **state)
{
    raise_one(*state, "warning");
    told(*state);
    script(*state, "UPDATE myna.alert SET state = 'acknowledged', acknowledged_at = now()");
    clear(*state);
    raise_one(*state, "warning");
    assert_string_equal(alerts(*state), "acknowledged warning 2");
    assert_string_equal(owed(*state), "");
}

static enum status end_in(struct store_conn *conn, void *context)
{
    (void)context;
    return alarm_end(conn, "overrun", "device/r1");
}

static void what_is_ended_for_good_is_told_at_once_and_comes_back_as_a_new_alert(void **state)
{
    struct fixture *fixture = *state;

    raise_one(fixture, "warning");
    told(fixture);
    assert_int_equal(store_transaction(fixture->store, end_in, NULL), STATUS_OK);
    assert_string_equal(owed(fixture), "all cleared 1");
    told(fixture);
    assert_string_equal(owed(fixture), "");
    raise_one(fixture, "warning");
    assert_string_equal(alerts(fixture), "cleared warning 1, open warning 1");
}

static void a_silenced_cause_stays_silenced_when_it_goes_and_comes_back(void **state)
{
    struct fixture *fixture = *state;

    raise_one(fixture, "warning");
    script(fixture, "DELETE FROM myna.delivery;"
                    "UPDATE myna.alert SET state = 'silenced', silenced_by = 'operator:a',"
                    " silenced_until = now() + interval '1 hour'");
    clear(fixture);
    raise_one(fixture, "critical");
    assert_string_equal(alerts(fixture), "silenced critical 2");
    assert_int_equal(store_transaction(fixture->store, end_in, NULL), STATUS_OK);
    raise_one(fixture, "critical");
    assert_string_equal(alerts(fixture), "cleared critical 2, silenced critical 1");
    assert_string_equal(owed(fixture), "");
}

static void a_silence_that_ends_opens_the_alert_and_tells_it(void **state)
{
    struct fixture *fixture = *state;

    raise_one(fixture, "warning");
    script(fixture, "DELETE FROM myna.delivery;"
                    "UPDATE myna.alert SET state = 'silenced',"
                    " silenced_until = now() + interval '1 hour'");
    assert_int_equal(alarm_end_silences(fixture->store), STATUS_OK);
    assert_string_equal(alerts(fixture), "silenced warning 1");
    script(fixture, "UPDATE myna.alert SET silenced_until = now()");
    assert_int_equal(alarm_end_silences(fixture->store), STATUS_OK);
    assert_string_equal(alerts(fixture), "open warning 1");
    assert_string_equal(owed(fixture), "all raised 1");
}

static void a_channel_is_owed_how_the_alert_stands_not_its_history(void **state)
{
    raise_one(*state, "warning");
    clear(*state);
    assert_string_equal(owed(*state), "all cleared 2");
}

static void the_end_is_told_to_those_who_heard_of_the_beginning(void **state)
{
    raise_one(*state, "warning");
    script(*state, "UPDATE myna.delivery SET status = 'sent'; INSERT INTO myna.channel (channel_id,"
                   " kind, url_wrapped, origin) VALUES ('late', 'slack', '', 'https://c')");
    clear(*state);
    assert_string_equal(owed(*state), "all cleared 1");
}

static void what_is_wrong_with_a_channel_is_told_to_the_others(void **state)
{
    const struct alarm alarm = {"delivery_failed", "critical", "channel/bad", "{}"};

    raise_all(*state, &alarm, 1);
    assert_string_equal(owed(*state), "all raised 1");
}

/* Two robots that are online, with a route that a fleet's budget and r2's own pay: 900 of 1000
 * spent, 100 held. */
static int use_up(void **state)
{
    script(
        *state,
        "DELETE FROM myna.alert; DELETE FROM myna.device; DELETE FROM myna.pool;"
        "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
        " VALUES ('k', '', '', '') ON CONFLICT DO NOTHING;"
        "INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
        "  sealing_public, server_key_id, secret_wrapped)"
        " SELECT id, id, now() + interval '1 day', '', 'k', '' FROM unnest(ARRAY['r1', 'r2']) id;"
        "INSERT INTO myna.device_link (device_id, last_seen, session_number, session_hello,"
        "  journal_id, health)"
        " SELECT device_id, now(), 1, true, md5(device_id)::uuid, '{\"trouble\": 31}'"
        " FROM myna.device;"
        "INSERT INTO myna.pool (source, scope, subject, unit, is_money, metrics, hard,"
        "  period_from, period_to, limit_amount, spent, outstanding, scale, is_active)"
        " VALUES ('budget:trial', 'fleet', '', 'output', false, 16, true, now(), 'infinity',"
        "    1000, 900, 100, 1, true),"
        "  ('budget:own', 'device', 'r2', 'output', false, 16, true, now(), 'infinity',"
        "    10, 10, 0, 1, true);"
        "INSERT INTO myna.credit_account (device_id, journal_id, line_id, measure, epoch,"
        "  vendor_id, model, contract_id, unit, weights, divisor, granted, returned, settled,"
        "  charged, return_to, asked, presumed, used, open, wanted, resting, used_at, is_closed,"
        "  pools)"
        " SELECT device_id, journal_id, 'a', 0, 1, 'v', 'm', 'c', 'output', '{1}', 1, 50, 0, 0,"
        "  0, 0, 0, 0, 0, 0, 60, -1, now(), false,"
        "  ARRAY(SELECT pool_id FROM myna.pool p WHERE p.subject IN ('', device_id))"
        " FROM myna.device_link");
    return 0;
}

/* After a look: "budget/trial open critical 2", the number is that of robots. */
static const char *standing(struct fixture *fixture, const char *kind)
{
    STORE_STATEMENT(read, "SELECT coalesce(string_agg(subject || ' ' || state || ' ' || severity"
                          " || ' ' || (detail ->> 'robots'), ', ' ORDER BY subject), '')"
                          " FROM myna.alert WHERE kind = $1");
    struct result result;

    assert_int_equal(store_query(fixture->store, &read, STORE_VALUES(value_text(kind)), &result),
                     STATUS_OK);
    snprintf(fixture->told, sizeof fixture->told, "%s", result_text(&result, 0, 0));
    result_release(&result);
    return fixture->told;
}

static const char *silence(struct fixture *fixture)
{
    arena_reset(fixture->arena);
    assert_int_equal(exhaustion_watch(fixture->store, fixture->arena), STATUS_OK);
    return standing(fixture, "credit_exhausted");
}

static void
a_limit_for_want_of_which_robots_are_silent_has_one_alert_until_there_is_room(void **state)
{
    assert_string_equal(silence(*state), "budget/trial open critical 2");
    assert_string_equal(silence(*state), "budget/trial open critical 2");
    assert_string_equal(alerts(*state), "open critical 1");
    script(*state, "UPDATE myna.pool SET limit_amount = 2000 WHERE source = 'budget:trial'");
    assert_string_equal(silence(*state), "budget/trial cleared critical 2");
    script(*state, "UPDATE myna.pool SET limit_amount = 1000 WHERE source = 'budget:trial'");
    assert_string_equal(silence(*state), "budget/trial open critical 2");
}

static void how_many_are_silent_is_renewed_each_minute(void **state)
{
    silence(*state);
    script(*state, "UPDATE myna.device_link SET health = '{}' WHERE device_id = 'r2'");
    assert_string_equal(silence(*state), "budget/trial open critical 2");
    script(*state, "UPDATE myna.alert SET last_at = now() - interval '2 minutes'");
    assert_string_equal(silence(*state), "budget/trial open critical 1");
}

static void nobody_is_silent_who_is_away_says_nothing_or_wants_nothing(void **state)
{
    static const char *const changes[] = {
        "UPDATE myna.device_link SET last_seen = now() - interval '1 day'",
        "UPDATE myna.device_link SET health = '{\"trouble\": 52}'",
        "UPDATE myna.credit_account SET wanted = 0",
        "UPDATE myna.credit_account SET is_closed = true",
        "UPDATE myna.device SET status = 'quarantined'",
        "UPDATE myna.pool SET hard = false",
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        use_up(state);
        script(*state, changes[i]);
        assert_string_equal(silence(*state), "");
    }
}

static void a_group_that_is_silent_wakes_nobody(void **state)
{
    script(*state, "UPDATE myna.pool SET scope = 'group' WHERE source = 'budget:trial'");
    assert_string_equal(silence(*state), "budget/trial open warning 2");
}

/* Of a fleet of robots that are online, so many leave dahan out, and the first so many of these
 * cannot answer. "vendor/dahan open warning 3", the number is that of robots. */
static const char *outage(struct fixture *fixture, int robots, int away, int silent)
{
    char sql[1024];

    arena_reset(fixture->arena);
    snprintf(sql, sizeof sql,
             "DELETE FROM myna.device; INSERT INTO myna.vendor (vendor_id, base_url)"
             " VALUES ('dahan', 'https://v') ON CONFLICT DO NOTHING;"
             "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
             " VALUES ('k', '', '', '') ON CONFLICT DO NOTHING;"
             "INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
             "  sealing_public, server_key_id, secret_wrapped)"
             " SELECT 'r' || n, n::text, now() + interval '1 day', '', 'k', ''"
             " FROM generate_series(1, %d) n;"
             "INSERT INTO myna.device_link (device_id, last_seen, session_number, session_hello,"
             "  health) SELECT 'r' || n, now(), 1, true, CASE WHEN n > %d THEN '{}'"
             "  WHEN n > %d THEN '{\"left_out\": [\"dahan\", \"gone\"]}'"
             "  ELSE '{\"left_out\": [\"dahan\"], \"trouble\": 44}' END::jsonb"
             " FROM generate_series(1, %d) n",
             robots, away, silent, robots);
    script(fixture, sql);
    assert_int_equal(outage_watch(fixture->store, fixture->arena), STATUS_OK);
    return standing(fixture, "vendor_failing");
}

static void a_vendor_that_robots_leave_out_has_one_alert_until_they_ask_it_again(void **state)
{
    assert_string_equal(outage(*state, 20, 3, 0), "vendor/dahan open warning 3");
    assert_string_equal(outage(*state, 20, 3, 0), "vendor/dahan open warning 3");
    assert_string_equal(alerts(*state), "open warning 1");
    assert_string_equal(outage(*state, 20, 0, 0), "vendor/dahan cleared warning 3");
}

static void a_vendor_without_which_robots_cannot_answer_is_critical(void **state)
{
    assert_string_equal(outage(*state, 20, 5, 1), "vendor/dahan open critical 5");
}

static void a_vendor_that_few_leave_out_is_their_own_trouble(void **state)
{
    assert_string_equal(outage(*state, 20, 2, 2), "");
    assert_string_equal(outage(*state, 200, 3, 3), "");
    assert_string_equal(outage(*state, 1, 1, 0), "vendor/dahan open warning 1");
}

/* Of so many robots the last one is online, and so many have come to the CA that followed then. */
static const char *lag(struct fixture *fixture, int robots, int come, const char *ago)
{
    char sql[1280];

    arena_reset(fixture->arena);
    snprintf(sql, sizeof sql,
             "DELETE FROM myna.device; DELETE FROM myna.authority;"
             "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
             " VALUES ('k', '', '', '') ON CONFLICT DO NOTHING;"
             "INSERT INTO myna.authority (id, purpose, told_from) VALUES"
             " ('before00', 'server-ca', 1), ('newest00', 'server-ca', 1);"
             "UPDATE myna.authority SET since = now() - interval '%s';"
             "INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
             "  sealing_public, server_key_id, secret_wrapped, server_authority)"
             " SELECT 'r' || n, n::text, now() + interval '1 day', '', 'k', '',"
             "  CASE WHEN n > %d THEN NULL ELSE 'newest00'::bytea END"
             " FROM generate_series(1, %d) n;"
             "INSERT INTO myna.device_link (device_id, last_seen, session_number, session_hello)"
             " SELECT 'r' || n, now(), 1, n = %d FROM generate_series(1, %d) n",
             ago, come, robots, robots, robots);
    script(fixture, sql);
    assert_int_equal(authorities_watch(fixture->store, fixture->arena), STATUS_OK);
    return standing(fixture, "ca_left_behind");
}

static void robots_that_do_not_come_to_another_ca_have_one_alert_until_all_have(void **state)
{
#define KEY "key/server-ca-6265666f72653030" /* "before00" */
    assert_string_equal(lag(*state, 5, 2, "1 hour"), "");
    assert_string_equal(lag(*state, 5, 2, "2 days"), KEY " open warning 3");
    assert_string_equal(lag(*state, 5, 2, "2 days"), KEY " open warning 3");
    assert_string_equal(alerts(*state), "open warning 1");
    assert_string_equal(lag(*state, 5, 5, "2 days"), KEY " cleared warning 3");
#undef KEY
}

static void every_kind_says_what_it_is_and_what_to_do(void **state)
{
    size_t count;
    const struct alert_kinds_row *rows = alert_kinds_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(rows[i].cure);

        assert_true(i == 0 || strcmp(rows[i - 1].kind, rows[i].kind) < 0);
        assert_true(rows[i].title[0] != '\0' && size > 20 && rows[i].cure[size - 1] == '.');
        assert_true(rows[i].link == NULL || rows[i].link[0] == '/');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_cause_has_one_alert_however_often_it_is_raised, clean),
        cmocka_unit_test_setup(of_several_raised_at_once_the_worst_severity_counts, clean),
        cmocka_unit_test_setup(a_lesser_severity_does_not_soften_an_alert, clean),
        cmocka_unit_test_setup(a_worse_severity_is_told_again_and_opens_what_was_acknowledged,
                               clean),
        cmocka_unit_test_setup(a_cause_that_comes_and_goes_is_one_alert_and_told_once, clean),
        cmocka_unit_test_setup(what_comes_back_worse_is_told_again, clean),
        cmocka_unit_test_setup(who_heard_of_the_end_hears_of_the_return, clean),
        cmocka_unit_test_setup(who_heard_of_nothing_yet_hears_of_the_return, clean),
        cmocka_unit_test_setup(an_end_that_is_on_its_way_is_followed_by_the_return, clean),
        cmocka_unit_test_setup(what_somebody_was_at_is_still_theirs_when_it_comes_back, clean),
        cmocka_unit_test_setup(what_is_ended_for_good_is_told_at_once_and_comes_back_as_a_new_alert,
                               clean),
        cmocka_unit_test_setup(a_silenced_cause_stays_silenced_when_it_goes_and_comes_back, clean),
        cmocka_unit_test_setup(a_silence_that_ends_opens_the_alert_and_tells_it, clean),
        cmocka_unit_test_setup(a_channel_is_owed_how_the_alert_stands_not_its_history, clean),
        cmocka_unit_test_setup(the_end_is_told_to_those_who_heard_of_the_beginning, clean),
        cmocka_unit_test_setup(what_is_wrong_with_a_channel_is_told_to_the_others, clean),
        cmocka_unit_test_setup(
            a_limit_for_want_of_which_robots_are_silent_has_one_alert_until_there_is_room, use_up),
        cmocka_unit_test_setup(how_many_are_silent_is_renewed_each_minute, use_up),
        cmocka_unit_test(nobody_is_silent_who_is_away_says_nothing_or_wants_nothing),
        cmocka_unit_test_setup(a_group_that_is_silent_wakes_nobody, use_up),
        cmocka_unit_test_setup(a_vendor_that_robots_leave_out_has_one_alert_until_they_ask_it_again,
                               clean),
        cmocka_unit_test_setup(a_vendor_without_which_robots_cannot_answer_is_critical, clean),
        cmocka_unit_test_setup(a_vendor_that_few_leave_out_is_their_own_trouble, clean),
        cmocka_unit_test_setup(robots_that_do_not_come_to_another_ca_have_one_alert_until_all_have,
                               clean),
        cmocka_unit_test(every_kind_says_what_it_is_and_what_to_do),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
