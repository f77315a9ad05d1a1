#include "server/fleet/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1795341600000)
#define MINUTE INT64_C(60000)

static struct doctor_facts a_robot(void)
{
    return (struct doctor_facts){
        .now_ms = NOW,
        .is_enrolled = true,
        .status = "active",
        .certificate_until_ms = NOW + 90 * 24 * 60 * MINUTE,
        .is_online = true,
        .last_seen_ms = NOW - 5000,
        .disk_free_mib = 900,
        .wifi_dbm = -55,
        .clock_offset_ms = 40,
        .routes = 2,
        .flaw = "",
        .starved_by = "",
        .limit_mode = "none",
        .limited_by = "",
        .failed_vendor = "",
        .left_out_route = "",
        .desired = 9,
        .reported = 9,
        .desired_since_ms = NOW - 60 * MINUTE,
        .refused = "",
        .trial_verdict = "",
        .trial_reason = "",
        .older_ca = "",
    };
}

static void assert_first(const struct doctor_facts *facts, enum trouble trouble, const char *part)
{
    struct doctor_finding found[DOCTOR_FINDINGS];

    assert_true(doctor_diagnose(facts, found) >= 1);
    assert_int_equal(found[0].trouble, trouble);
    assert_non_null(trouble_text(trouble));
    if (!strstr(found[0].detail, part))
        fail_msg("\"%s\" lacks \"%s\"", found[0].detail, part);
}

static void who_is_well_has_no_finding(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    assert_int_equal(doctor_diagnose(&facts, found), 0);
    facts.disk_free_mib = 0; /* not known */
    facts.wifi_dbm = 0;
    facts.flawed = 1; /* the other route serves */
    facts.failed = 2;
    facts.failed_class = wire_ErrorClass_BUSY;
    assert_int_equal(doctor_diagnose(&facts, found), 0);
}

/* Each row changes one thing of a robot that is well. */
static void each_cause_is_named(void **state)
{
    struct doctor_facts facts;

    (void)state;
#define EXPECT(trouble, part, ...)                                                                 \
    do {                                                                                           \
        facts = a_robot();                                                                         \
        __VA_ARGS__;                                                                               \
        assert_first(&facts, trouble, part);                                                       \
    } while (0)
    EXPECT(TROUBLE_NOT_ENROLLED, "", facts.is_enrolled = false);
    EXPECT(TROUBLE_REVOKED, "", facts.status = "revoked");
    EXPECT(TROUBLE_RETIRED, "", facts.status = "retired");
    EXPECT(TROUBLE_QUARANTINED, "", facts.status = "quarantined");
    EXPECT(TROUBLE_CERTIFICATE, "2 hours ago", facts.certificate_until_ms = NOW - 150 * MINUTE);
    EXPECT(TROUBLE_NEVER_HEARD, "", facts.is_online = false; facts.last_seen_ms = 0);
    EXPECT(TROUBLE_OFFLINE, "30 minutes ago", facts.is_online = false;
           facts.last_seen_ms = NOW - 30 * MINUTE);
    EXPECT(TROUBLE_DISK, "3 MiB", facts.disk_free_mib = 3);
    EXPECT(TROUBLE_CLOCK, "10 minutes slow", facts.clock_offset_ms = 10 * MINUTE);
    EXPECT(TROUBLE_CLOCK, "10 minutes fast", facts.clock_offset_ms = -10 * MINUTE);
    EXPECT(TROUBLE_BLOCKED, "threshold:b:80%", facts.limit_mode = "blocked";
           facts.limited_by = "threshold:b:80%");
    EXPECT(TROUBLE_NO_ROUTE, "it has none", facts.routes = 0);
    EXPECT(TROUBLE_NO_ROUTE, "no border", facts.flawed = 2; facts.flaw = "no border is open");
    EXPECT(TROUBLE_CREDIT, "evening", facts.starved = 2; facts.starved_by = "evening");
    EXPECT(TROUBLE_CREDIT, "evening", facts.starved = 1; facts.flawed = 1;
           facts.starved_by = "evening");
    EXPECT(TROUBLE_VENDOR_KEY, "dahan", facts.failed = 1; facts.failed_vendor = "dahan";
           facts.failed_class = wire_ErrorClass_AUTH);
    EXPECT(TROUBLE_VENDOR_ACCOUNT, "dahan", facts.failed = 1; facts.failed_vendor = "dahan";
           facts.failed_class = wire_ErrorClass_MONEY);
    EXPECT(TROUBLE_VENDOR_BUSY, "last 3 attempts", facts.failed = 3;
           facts.failed_class = wire_ErrorClass_RATE);
    EXPECT(TROUBLE_VENDOR_AWAY, "", facts.failed = 3; facts.failed_class = wire_ErrorClass_NET);
    EXPECT(TROUBLE_VENDOR_REFUSES, "", facts.failed = 3;
           facts.failed_class = wire_ErrorClass_REQUEST);
    EXPECT(TROUBLE_VENDOR_BUSY, "dahan/m: its last 4 attempts failed", facts.left_out = 1;
           facts.flawed = 1; facts.flaw = "no border is open"; facts.left_out_route = "dahan/m";
           facts.left_out_failures = 4; facts.left_out_class = wire_ErrorClass_BUSY);
    EXPECT(TROUBLE_ROUTE_OUT, "dahan/m: its last attempt failed", facts.left_out = 1;
           facts.left_out_route = "dahan/m"; facts.left_out_failures = 1;
           facts.left_out_class = wire_ErrorClass_AUTH);
    EXPECT(TROUBLE_QUIET, "", facts.told = TROUBLE_QUIET);
    EXPECT(TROUBLE_ENOUGH, "", facts.told = TROUBLE_ENOUGH);
    EXPECT(TROUBLE_MICROPHONE, "", facts.told = TROUBLE_MICROPHONE);
    EXPECT(TROUBLE_MUTED, "", facts.told = TROUBLE_MUTED);
    EXPECT(TROUBLE_TRIAL, "answered 401", facts.reported = 8; facts.trial_verdict = "failed";
           facts.trial_reason = "the vendor answered 401");
    EXPECT(TROUBLE_SETTINGS, "volume", facts.refused = "volume");
    EXPECT(TROUBLE_BEHIND, "sent 4 times", facts.reported = 8; facts.sends = 4);
    EXPECT(TROUBLE_USAGE, "5000 records", facts.journal_pending = 5000);
    EXPECT(TROUBLE_OLDER_CA, "device-ca-ab", facts.older_ca = "device-ca-ab");
    EXPECT(TROUBLE_WIFI, "-88 dBm", facts.wifi_dbm = -88);
#undef EXPECT
}

static void what_lies_deeper_comes_first_and_the_rest_is_told_too(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    facts.wifi_dbm = -90;
    facts.starved = 2;
    facts.starved_by = "evening";
    facts.told = TROUBLE_MUTED;
    assert_int_equal(doctor_diagnose(&facts, found), 3);
    assert_int_equal(found[0].trouble, TROUBLE_CREDIT);
    assert_int_equal(found[1].trouble, TROUBLE_MUTED);
    assert_int_equal(found[2].trouble, TROUBLE_WIFI);
}

static void a_route_that_is_left_out_is_told_once_as_the_cause_or_beside_it(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    facts.left_out = 2;
    facts.left_out_route = "dahan/m";
    facts.left_out_failures = 3;
    facts.left_out_class = wire_ErrorClass_NET;
    assert_int_equal(doctor_diagnose(&facts, found), 1);
    assert_int_equal(found[0].trouble, TROUBLE_VENDOR_AWAY);
    facts.left_out = 1;
    facts.told = TROUBLE_MICROPHONE;
    assert_int_equal(doctor_diagnose(&facts, found), 2);
    assert_int_equal(found[0].trouble, TROUBLE_MICROPHONE);
    assert_int_equal(found[1].trouble, TROUBLE_ROUTE_OUT);
}

static void of_an_offline_robot_only_that_is_told_with_its_last_word(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    facts.is_online = false;
    facts.last_seen_ms = NOW - 10 * MINUTE;
    facts.starved = 2;
    facts.told = TROUBLE_DISK;
    assert_int_equal(doctor_diagnose(&facts, found), 1);
    assert_int_equal(found[0].trouble, TROUBLE_OFFLINE);
    assert_non_null(strstr(found[0].detail, "disk is full"));
}

static void a_new_configuration_has_its_time_before_it_counts_as_unanswered(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    facts.reported = 8;
    facts.sends = 2;
    facts.desired_since_ms = NOW - MINUTE;
    assert_int_equal(doctor_diagnose(&facts, found), 0);
    facts.desired_since_ms = NOW - 20 * MINUTE;
    facts.trial_verdict = "running";
    assert_int_equal(doctor_diagnose(&facts, found), 0);
}

static void more_findings_than_fit_lose_the_lightest(void **state)
{
    struct doctor_finding found[DOCTOR_FINDINGS];
    struct doctor_facts facts = a_robot();

    (void)state;
    facts.disk_free_mib = 1;
    facts.clock_offset_ms = 10 * MINUTE;
    facts.limit_mode = "blocked";
    facts.routes = 0;
    facts.starved = 1;
    facts.failed = 9;
    facts.failed_class = wire_ErrorClass_AUTH;
    facts.told = TROUBLE_MICROPHONE;
    facts.refused = "volume";
    facts.journal_pending = 999;
    facts.wifi_dbm = -90;
    assert_int_equal(doctor_diagnose(&facts, found), DOCTOR_FINDINGS);
    assert_int_equal(found[DOCTOR_FINDINGS - 1].trouble, TROUBLE_SETTINGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_well_has_no_finding),
        cmocka_unit_test(each_cause_is_named),
        cmocka_unit_test(what_lies_deeper_comes_first_and_the_rest_is_told_too),
        cmocka_unit_test(a_route_that_is_left_out_is_told_once_as_the_cause_or_beside_it),
        cmocka_unit_test(of_an_offline_robot_only_that_is_told_with_its_last_word),
        cmocka_unit_test(a_new_configuration_has_its_time_before_it_counts_as_unanswered),
        cmocka_unit_test(more_findings_than_fit_lose_the_lightest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
