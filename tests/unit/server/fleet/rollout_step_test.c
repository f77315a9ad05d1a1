#include "server/fleet/rollout_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW ((int64_t)1767268800000)
#define DAY ((int64_t)86400000)

static const struct rollout_plan plan = {.max_failed = 200};

static struct rollout_step_facts at(enum rollout_place place)
{
    return (struct rollout_step_facts){
        .place = place, .now_ms = NOW, .moved_ms = NOW, .is_wave_open = true};
}

static void a_wave_is_published_when_nobody_waits_any_more(void **state)
{
    struct rollout_step_facts facts = at(ROLLOUT_PUBLISHING);

    (void)state;
    facts.wave = (struct rollout_step_counts){.waiting = 1, .opened = 4};
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.wave.waiting = 0;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_ALL_OPEN);
    facts.is_wave_open = false; /* nobody waits because nobody is in it yet */
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
}

static void those_out_of_reach_do_not_hold_a_wave_up(void **state)
{
    struct rollout_step_facts facts = at(ROLLOUT_CONFIRMING);

    (void)state;
    facts.wave = (struct rollout_step_counts){.opened = 1, .confirmed = 2, .unreachable = 2};
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.wave.opened = 0;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_ALL_SETTLED);
    facts.is_control = true;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_GREEN_LAST);
}

static void too_many_failures_stop_it_in_any_step_of_a_wave(void **state)
{
    static const enum rollout_place places[] = {ROLLOUT_PUBLISHING, ROLLOUT_CONFIRMING,
                                                ROLLOUT_SOAKING};
    struct rollout_plan back = plan;

    (void)state;
    back.back_on_red = true;
    for (size_t i = 0; i < 3; i++) {
        struct rollout_step_facts facts = at(places[i]);

        facts.wave = (struct rollout_step_counts){.waiting = 3, .confirmed = 2, .failed = 3};
        facts.look_ms = NOW + 1;
        assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_TURN_RED);
        assert_int_equal(rollout_step_event(&back, &facts), ROLLOUT_RED_BACK);
    }
}

static void the_gate_looks_when_its_time_has_come(void **state)
{
    struct rollout_step_facts facts = at(ROLLOUT_SOAKING);

    (void)state;
    facts.look_ms = NOW + 1;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.look_ms = NOW;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_LOOK);
}

static void it_is_back_when_all_are_closed_and_those_online_were_heard(void **state)
{
    struct rollout_step_facts facts = at(ROLLOUT_ROLLING_BACK);

    (void)state;
    facts.open = 1;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.open = 0;
    facts.going_back = 1;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.going_back = 0;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_ALL_BACK);
}

static void what_does_not_move_expires(void **state)
{
    struct rollout_step_facts facts = at(ROLLOUT_PUBLISHING);

    (void)state;
    facts.wave.waiting = 1;
    facts.moved_ms = NOW - 3 * DAY + 1;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.moved_ms--;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_EXPIRED);
    facts.place = ROLLOUT_DRAFT;
    facts.moved_ms = 0;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_NOTHING);
    facts.place = ROLLOUT_APPROVAL;
    assert_int_equal(rollout_step_event(&plan, &facts), ROLLOUT_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wave_is_published_when_nobody_waits_any_more),
        cmocka_unit_test(those_out_of_reach_do_not_hold_a_wave_up),
        cmocka_unit_test(too_many_failures_stop_it_in_any_step_of_a_wave),
        cmocka_unit_test(the_gate_looks_when_its_time_has_come),
        cmocka_unit_test(it_is_back_when_all_are_closed_and_those_online_were_heard),
        cmocka_unit_test(what_does_not_move_expires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
