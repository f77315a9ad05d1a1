#include "agent/selfcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW INT64_C(5000000)

static struct selfcheck_facts a_robot(void)
{
    return (struct selfcheck_facts){
        .now_ms = NOW,
        .has_network = true,
        .is_connected = true,
        .since_ms = NOW - 4000000,
        .disk_free_mib = 900,
        .wifi_dbm = -60,
        .routes = 2,
        .is_configured = true,
        .may_ask = true,
    };
}

static void a_robot_that_is_well_shows_nothing(void **state)
{
    struct selfcheck_facts facts = a_robot();

    (void)state;
    assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
    facts.disk_free_mib = 0; /* not known */
    facts.wifi_dbm = 0;
    assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
    facts.routes = 0; /* new: nothing was sent to it yet */
    facts.is_configured = false;
    assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
}

static void each_trouble_shows_its_code(void **state)
{
    struct selfcheck_facts facts;

    (void)state;
#define EXPECT(trouble, ...)                                                                       \
    do {                                                                                           \
        facts = a_robot();                                                                         \
        __VA_ARGS__;                                                                               \
        assert_int_equal(selfcheck(&facts), trouble);                                              \
    } while (0)
    EXPECT(TROUBLE_DISK, facts.disk_free_mib = 3);
    EXPECT(TROUBLE_NETWORK, facts.is_connected = false; facts.has_network = false);
    EXPECT(TROUBLE_SERVER, facts.is_connected = false);
    EXPECT(TROUBLE_BLOCKED, facts.may_ask = false);
    EXPECT(TROUBLE_NO_ROUTE, facts.routes = 0);
    EXPECT(TROUBLE_MICROPHONE, facts.is_deaf = true);
    EXPECT(TROUBLE_MUTED, facts.is_muted = true);
    EXPECT(TROUBLE_WIFI, facts.wifi_dbm = -85);
#undef EXPECT
}

static void how_the_last_question_ended_shows_why(void **state)
{
    static const struct {
        enum excuse excuse;
        wire_ErrorClass error_class;
        enum trouble trouble;
    } rows[] = {
        {EXCUSE_NONE, wire_ErrorClass_ERROR_NONE, TROUBLE_NONE},
        {EXCUSE_LIMIT, wire_ErrorClass_ERROR_NONE, TROUBLE_CREDIT},
        {EXCUSE_OFFLINE, wire_ErrorClass_NET, TROUBLE_VENDOR_AWAY},
        {EXCUSE_BUSY, wire_ErrorClass_AUTH, TROUBLE_VENDOR_KEY},
        {EXCUSE_BUSY, wire_ErrorClass_MONEY, TROUBLE_VENDOR_ACCOUNT},
        {EXCUSE_BUSY, wire_ErrorClass_QUOTA, TROUBLE_VENDOR_ACCOUNT},
        {EXCUSE_BUSY, wire_ErrorClass_RATE, TROUBLE_VENDOR_BUSY},
        {EXCUSE_BUSY, wire_ErrorClass_REQUEST, TROUBLE_VENDOR_REFUSES},
        {EXCUSE_QUIET, wire_ErrorClass_ERROR_NONE, TROUBLE_QUIET},
        {EXCUSE_ENOUGH, wire_ErrorClass_ERROR_NONE, TROUBLE_ENOUGH},
        {EXCUSE_CONTENT, wire_ErrorClass_CONTENT, TROUBLE_NONE},
        {EXCUSE_FILTER, wire_ErrorClass_ERROR_NONE, TROUBLE_NONE},
    };
    struct selfcheck_facts facts = a_robot();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        facts.turn_ms = NOW - 1000;
        facts.excuse = rows[i].excuse;
        facts.error_class = rows[i].error_class;
        assert_int_equal(selfcheck(&facts), rows[i].trouble);
        facts.turn_ms = NOW - SELFCHECK_TURN_MS - 1; /* long ago: it may be gone */
        assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
        facts.turn_ms = 0; /* nobody asked since the start, a moment ago */
        facts.now_ms = facts.since_ms = 1000;
        assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
        facts.now_ms = NOW;
    }
}

static void what_cannot_be_reached_without_a_network_is_not_the_vendors_fault(void **state)
{
    struct selfcheck_facts facts = a_robot();

    (void)state;
    facts.turn_ms = NOW - 1000;
    facts.excuse = EXCUSE_OFFLINE;
    facts.has_network = false;
    assert_int_equal(selfcheck(&facts), TROUBLE_NETWORK);
}

static void a_link_that_was_just_lost_is_everyday_life(void **state)
{
    struct selfcheck_facts facts = a_robot();

    (void)state;
    facts.is_connected = false;
    facts.since_ms = NOW - SELFCHECK_AWAY_MS;
    assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
    facts.since_ms--;
    assert_int_equal(selfcheck(&facts), TROUBLE_SERVER);
}

static void credit_that_came_takes_its_code_off_the_screen(void **state)
{
    struct selfcheck_facts facts = a_robot();

    (void)state;
    facts.turn_ms = NOW - 1000;
    facts.excuse = EXCUSE_LIMIT;
    assert_int_equal(selfcheck(&facts), TROUBLE_CREDIT);
    facts.credit_came = true;
    assert_int_equal(selfcheck(&facts), TROUBLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_robot_that_is_well_shows_nothing),
        cmocka_unit_test(each_trouble_shows_its_code),
        cmocka_unit_test(how_the_last_question_ended_shows_why),
        cmocka_unit_test(what_cannot_be_reached_without_a_network_is_not_the_vendors_fault),
        cmocka_unit_test(a_link_that_was_just_lost_is_everyday_life),
        cmocka_unit_test(credit_that_came_takes_its_code_off_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
