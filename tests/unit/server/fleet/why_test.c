#include "server/fleet/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NOW INT64_C(1795341600000)

static struct why_facts a_device(void)
{
    return (struct why_facts){
        .now_ms = NOW,
        .status = "active",
        .is_online = true,
        .last_seen_ms = NOW - 5000,
        .desired = 9,
        .reported = 9,
        .desired_since_ms = NOW - 90000,
        .trial_verdict = "",
        .trial_reason = "",
        .refused = "",
        .for_restart = "",
        .rollout = "",
        .rollout_state = "",
        .rollout_cause = "",
        .rollout_reason = "",
        .drained_vendor = "",
        .window_opens = "",
        .device_state = "",
        .device_reason = "",
    };
}

static void assert_only(const struct why_facts *facts, const char *code, const char *part)
{
    struct why_reason reasons[WHY_REASONS];

    assert_int_equal(why_reasons(facts, reasons), 1);
    assert_string_equal(reasons[0].code, code);
    if (!strstr(reasons[0].text, part))
        fail_msg("\"%s\" lacks \"%s\"", reasons[0].text, part);
}

static void who_runs_its_newest_has_no_reason(void **state)
{
    struct why_reason reasons[WHY_REASONS];
    const struct why_facts facts = a_device();

    (void)state;
    assert_int_equal(why_reasons(&facts, reasons), 0);
}

static int64_t number_of(const struct why_reason *reason, const char *name)
{
    for (size_t i = 0; i < reason->parameter_count; i++)
        if (strcmp(reason->parameters[i].name, name) == 0)
            return reason->parameters[i].number;
    return -1;
}

static void a_reason_carries_what_its_sentence_fills_in(void **state)
{
    struct why_facts facts = a_device();
    struct why_reason reasons[WHY_REASONS];

    (void)state;
    facts.reported = 8;
    facts.sends = 3;
    assert_int_equal(why_reasons(&facts, reasons), 1);
    assert_int_equal(reasons[0].parameter_count, 3);
    assert_int_equal(number_of(&reasons[0], "generation"), 9);
    assert_int_equal(number_of(&reasons[0], "sends"), 3);
    assert_int_equal(number_of(&reasons[0], "seconds"), 90);

    facts = a_device();
    facts.rollout = "louder";
    facts.rollout_state = "running";
    facts.rollout_wave = 2;
    assert_int_equal(why_reasons(&facts, reasons), 1);
    assert_string_equal(reasons[0].parameters[0].text, "louder");
    assert_int_equal(number_of(&reasons[0], "wave"), 2);
}

static void who_is_behind_is_offline_or_waits_or_does_not_answer(void **state)
{
    struct why_facts facts = a_device();

    (void)state;
    facts.reported = 8;
    assert_only(&facts, "not_sent_yet", "generation 9 is made");
    facts.sends = 1;
    assert_only(&facts, "unanswered", "generation 9 was sent, and it has not answered yet");
    facts.sends = 3;
    assert_only(&facts, "unanswered", "3 times within 90 seconds");
    facts.is_online = false;
    facts.last_seen_ms = NOW - INT64_C(3) * 3600 * 1000;
    assert_only(&facts, "offline_since", "last heard 3 hours ago");
    facts.last_seen_ms = 0;
    assert_only(&facts, "offline_since", "never been heard");
}

static void a_trial_says_more_than_the_way_it_came(void **state)
{
    struct why_facts facts = a_device();

    (void)state;
    facts.reported = 8;
    facts.sends = 1;
    facts.trial_verdict = "running";
    assert_only(&facts, "trial_running", "tries generation 9");
    facts.trial_verdict = "failed";
    facts.trial_reason = "the vendor answered 401";
    facts.is_online = false;
    assert_only(&facts, "trial_failed", "runs 8: the vendor answered 401");
}

static void who_may_not_take_part_needs_no_other_reason(void **state)
{
    struct why_facts facts = a_device();

    (void)state;
    facts.reported = 2;
    facts.is_online = false;
    facts.status = "revoked";
    assert_only(&facts, "revoked", "refuse it for good");
    facts.status = "quarantined";
    assert_only(&facts, "quarantined", "credit");
}

static void what_the_device_itself_refused_is_told_beside(void **state)
{
    struct why_reason reasons[WHY_REASONS];
    struct why_facts facts = a_device();

    (void)state;
    facts.refused = "avatar, volume";
    assert_only(&facts, "refused", "refused avatar, volume");
    facts.for_restart = "hat";
    assert_int_equal(why_reasons(&facts, reasons), 2);
    assert_string_equal(reasons[1].code, "needs_restart");
}

static void a_rollout_says_what_keeps_its_change_from_the_device(void **state)
{
    struct why_facts facts = a_device();

    (void)state;
    facts.rollout = "switch";
    facts.rollout_state = "running";
    facts.rollout_wave = 2;
    facts.device_state = "waiting";
    assert_only(&facts, "wave_not_open", "at wave 2");
    facts.device_wave = 2;
    assert_only(&facts, "rate_limited", "its turn comes");
    facts.window_opens = "2026-11-23T22:00:00.000Z";
    assert_only(&facts, "window_shut", "until 2026-11-23T22:00");
    facts.is_blackout = true;
    assert_only(&facts, "blackout", "from 2026-11-23T22:00");
    facts.drained_vendor = "dahan";
    assert_only(&facts, "vendor_drained", "left vendor \"dahan\"");
    facts.is_control = true;
    assert_only(&facts, "held_back", "compare");
    facts.rollout_state = "paused";
    facts.rollout_cause = "red";
    assert_only(&facts, "gate_red", "\"switch\" stands still: its gate is red");
    facts.rollout_cause = "operator";
    assert_only(&facts, "paused", "an operator");
    facts.rollout_cause = "approval";
    assert_only(&facts, "approval_outgrown", "outgrown its approval");
    facts.rollout_state = "rolling_back";
    assert_only(&facts, "rolling_back", "taken back");
    facts.device_state = "failed";
    facts.device_reason = "no first token";
    assert_only(&facts, "trial_failed", "no first token");
}

static void before_a_rollout_begins_it_says_what_it_waits_for(void **state)
{
    struct why_facts facts = a_device();

    (void)state;
    facts.rollout = "switch";
    facts.rollout_state = "preflight";
    assert_only(&facts, "looked_over", "\"switch\" would reach it");
    facts.rollout_state = "approval";
    assert_only(&facts, "approval_missing", "another operator");
    facts.rollout_state = "waiting";
    facts.rollout_reason = "rollout \"spring\" has 3 of its robots";
    assert_only(&facts, "waits_for_rollout", "\"spring\" has 3");
}

/* All at once still fit. */
static void the_most_there_can_be_has_room(void **state)
{
    struct why_reason reasons[WHY_REASONS];
    struct why_facts facts = a_device();

    (void)state;
    facts.reported = 1;
    facts.refused = facts.for_restart = "a";
    facts.rollout = "x";
    facts.rollout_state = "paused";
    facts.rollout_cause = "red";
    assert_int_equal(why_reasons(&facts, reasons), 4);
}

static void who_is_to_get_another_owner_waits_for_somebody_at_the_robot_and_is_current(void **state)
{
    struct why_reason reasons[WHY_REASONS];
    struct why_facts facts = a_device();

    (void)state;
    facts.transfer_asked_ms = NOW - 7200000;
    assert_only(&facts, "transfer_waits", "asked 2 hours ago");
    assert_int_equal(why_reasons(&facts, reasons), 1);
    assert_true(reasons[0].is_aside);
    facts.is_online = false;
    assert_only(&facts, "transfer_waits", "told when it connects");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_runs_its_newest_has_no_reason),
        cmocka_unit_test(
            who_is_to_get_another_owner_waits_for_somebody_at_the_robot_and_is_current),
        cmocka_unit_test(a_reason_carries_what_its_sentence_fills_in),
        cmocka_unit_test(who_is_behind_is_offline_or_waits_or_does_not_answer),
        cmocka_unit_test(a_trial_says_more_than_the_way_it_came),
        cmocka_unit_test(who_may_not_take_part_needs_no_other_reason),
        cmocka_unit_test(what_the_device_itself_refused_is_told_beside),
        cmocka_unit_test(a_rollout_says_what_keeps_its_change_from_the_device),
        cmocka_unit_test(before_a_rollout_begins_it_says_what_it_waits_for),
        cmocka_unit_test(the_most_there_can_be_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
