#include "server/fleet/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "server/fleet/student.h"
#include "tests/support/dice.h"

#define ROBOTS 2000

/* A fleet in which robots differ, as much from one another as the numbers below say, and a change
 * made to some of them. */
struct change {
    double failures;    /* added to the share */
    double slower;      /* factor of times */
    double dearer;      /* factor of prices */
    double interrupted; /* factor of the share */
};
static const struct change nothing = {0, 1, 1, 1};

static struct gate_sample samples[2][ROBOTS];
static struct gate_group treated, control;
static const struct gate_look first = {.wave = 1, .waves = 5, .look = 1};

/* About normal: the sum of twelve. */
static double normal(struct dice *dice)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += dice_fraction(dice);
    return sum;
}

static double clipped(double value, double most)
{
    return value < 0 ? 0 : value > most ? most : floor(value);
}

static void live(struct dice *dice, struct gate_amount amounts[GATE_SAMPLED], double slow,
                 double turns, const struct change *change)
{
    const double noise = 1 / sqrt(turns);
    const double wanted = (0.01 + change->failures) * turns;

    amounts[GATE_FAILURES] =
        (struct gate_amount){clipped(wanted + sqrt(wanted) * normal(dice) + 0.5, turns), turns};
    amounts[GATE_UNREACHABLE] = (struct gate_amount){dice_below(dice, 20) == 0, 1};
    amounts[GATE_FIRST_TOKEN] = (struct gate_amount){
        turns * (log(800) + slow + log(change->slower) + 0.5 * noise * normal(dice)), turns};
    amounts[GATE_FIRST_AUDIO] = (struct gate_amount){
        turns * (log(1500) + slow + log(change->slower) + 0.5 * noise * normal(dice)), turns};
    amounts[GATE_INTERRUPTED] = (struct gate_amount){
        clipped(turns * 0.08 * change->interrupted * (1 + 0.2 * normal(dice)) + 0.5, turns), turns};
    amounts[GATE_COST] = (struct gate_amount){
        turns * 0.004 * change->dearer * exp(slow) * (1 + 0.5 * noise * normal(dice)), turns};
}

static void populate(size_t side, size_t count, double turns, const struct change *change)
{
    struct gate_group *group = side == 0 ? &treated : &control;
    struct dice dice;

    dice_init(&dice, 7 + side, span_text("fleet"));
    memset(samples[side], 0, sizeof samples[side]);
    for (size_t i = 0; i < count; i++) {
        struct gate_sample *sample = &samples[side][i];
        const double slow = 0.25 * normal(&dice);

        live(&dice, sample->before, slow, turns, &nothing);
        live(&dice, sample->now, slow, turns, change);
        sample->before[GATE_UNREACHABLE] = (struct gate_amount){0, 0};
        sample->failed[GATE_CLASS_BUSY] = sample->now[GATE_FAILURES].sum;
    }
    *group = (struct gate_group){samples[side], count, true, "CNY"};
}

static struct gate_verdict judged(const struct gate_plan *plan)
{
    struct gate_verdict verdict;

    gate_judge(plan, &treated, &control, &first, &verdict);
    return verdict;
}

static struct gate_verdict judged_as_usual(void)
{
    const struct gate_plan plan = gate_plan_default();

    return judged(&plan);
}

static void a_change_that_changes_nothing_is_green(void **state)
{
    (void)state;
    populate(0, 200, 300, &nothing);
    populate(1, 500, 300, &nothing);
    const struct gate_verdict verdict = judged_as_usual();

    assert_int_equal(verdict.colour, GATE_GREEN);
    for (size_t i = 0; i < GATE_CLASS; i++)
        assert_int_equal(verdict.findings[i].colour, GATE_GREEN);
    assert_true(fabs(verdict.findings[GATE_FIRST_TOKEN].control - 800) < 40);
    assert_true(fabs(verdict.findings[GATE_COST].effect - 1) < 0.1);
}

static void each_fault_is_red_for_what_it_is(void **state)
{
    static const struct {
        struct change change;
        enum gate_metric metric;
    } faults[] = {
        {{0.05, 1, 1, 1}, GATE_FAILURES},
        {{0, 1.35, 1, 1}, GATE_FIRST_TOKEN},
        {{0, 1, 1.35, 1}, GATE_COST},
        {{0, 1, 1, 2.2}, GATE_INTERRUPTED},
    };

    (void)state;
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        populate(0, 200, 300, &faults[i].change);
        const struct gate_verdict verdict = judged_as_usual();

        assert_int_equal(verdict.colour, GATE_RED);
        assert_int_equal(verdict.because, faults[i].metric);
        assert_true(verdict.findings[faults[i].metric].lower >
                    verdict.findings[faults[i].metric].margin);
    }
}

static void what_is_better_is_never_red(void **state)
{
    const struct change better = {-0.005, 0.6, 0.5, 0.4};

    (void)state;
    populate(0, 200, 300, &better);
    populate(1, 500, 300, &nothing);
    assert_int_equal(judged_as_usual().colour, GATE_GREEN);
}

static void too_few_attempts_are_no_verdict(void **state)
{
    (void)state;
    populate(0, 5, 3, &nothing);
    populate(1, 500, 300, &nothing);
    const struct gate_verdict verdict = judged_as_usual();

    assert_int_equal(verdict.colour, GATE_NONE);
    assert_int_equal(verdict.because, GATE_FAILURES);
    assert_int_equal(verdict.findings[GATE_FAILURES].reason, GATE_REASON_FEW);
}

static void attempts_of_two_robots_are_no_verdict_however_many(void **state)
{
    (void)state;
    populate(0, 2, 5000, &nothing);
    populate(1, 500, 300, &nothing);
    assert_int_equal(judged_as_usual().findings[GATE_COST].reason, GATE_REASON_FEW_ROBOTS);
}

static void twenty_good_attempts_do_not_prove_that_few_fail(void **state)
{
    (void)state;
    populate(0, 5, 4, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < 5; i++)
        samples[0][i].now[GATE_FAILURES].sum = 0;
    const struct gate_finding finding = judged_as_usual().findings[GATE_FAILURES];

    assert_int_equal(finding.colour, GATE_NONE);
    assert_int_equal(finding.reason, GATE_REASON_UNSURE);
}

static void five_robots_that_all_fail_are_red(void **state)
{
    const struct change broken = {0.99, 1, 1, 1};

    (void)state;
    populate(0, 5, 40, &broken);
    populate(1, 20, 40, &nothing);
    const struct gate_verdict verdict = judged_as_usual();

    assert_int_equal(verdict.colour, GATE_RED);
    assert_int_equal(verdict.because, GATE_FAILURES);
}

static void what_robots_were_like_before_is_not_held_against_the_change(void **state)
{
    (void)state;
    populate(0, 100, 300, &nothing);
    populate(1, 500, 300, &nothing);
    /* by bad luck the hash chose robots far from the vendor */
    for (size_t i = 0; i < treated.count; i++) {
        samples[0][i].now[GATE_FIRST_TOKEN].sum += 300 * log(1.5);
        samples[0][i].before[GATE_FIRST_TOKEN].sum += 300 * log(1.5);
    }
    assert_int_equal(judged_as_usual().findings[GATE_FIRST_TOKEN].colour, GATE_GREEN);
    for (size_t i = 0; i < treated.count; i++)
        samples[0][i].before[GATE_FIRST_TOKEN] = (struct gate_amount){0, 0};
    for (size_t i = 0; i < control.count; i++)
        samples[1][i].before[GATE_FIRST_TOKEN] = (struct gate_amount){0, 0};
    assert_int_equal(judged_as_usual().findings[GATE_FIRST_TOKEN].colour, GATE_RED);
}

static void one_robot_in_a_loop_does_not_decide_for_the_others(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    samples[0][7].now[GATE_FAILURES] = (struct gate_amount){1e6, 1e6};
    assert_int_not_equal(judged_as_usual().findings[GATE_FAILURES].colour, GATE_RED);
    assert_true(judged_as_usual().findings[GATE_FAILURES].treated < 0.05);
}

/* With robots that all did as much, the bound is the one of Welch's test. */
static void equal_robots_give_the_bound_of_the_textbook(void **state)
{
    static const double rates[2][4] = {{0.10, 0.14, 0.12, 0.20}, {0.05, 0.02, 0.04, 0.01}};
    struct gate_plan plan = gate_plan_default();
    double means[2] = {0, 0}, variances[2] = {0, 0};

    (void)state;
    memset(samples, 0, sizeof samples);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < 4; i++) {
            samples[side][i].now[GATE_FAILURES] = (struct gate_amount){rates[side][i] * 1e6, 1e6};
            means[side] += rates[side][i] / 4;
        }
        for (size_t i = 0; i < 4; i++)
            variances[side] += pow(rates[side][i] - means[side], 2) / 3 / 4;
    }
    treated = (struct gate_group){samples[0], 4, true, ""};
    control = (struct gate_group){samples[1], 4, true, ""};
    const double all = variances[0] + variances[1];
    const double degrees =
        all * all / (variances[0] * variances[0] / 3 + variances[1] * variances[1] / 3);
    const struct gate_verdict verdict = judged(&plan);
    const struct gate_finding *finding = &verdict.findings[GATE_FAILURES];
    const double lower = means[0] - means[1] - student_quantile(verdict.alpha, degrees) * sqrt(all);

    assert_true(fabs(finding->effect - 0.11) < 1e-9);
    assert_true(fabs(finding->lower - lower) < 1e-9);
}

static void a_ratio_has_the_bounds_of_fieller(void **state)
{
    const struct change fault = {0, 1, 1.3, 1};

    (void)state;
    populate(0, 40, 300, &fault);
    populate(1, 60, 300, &nothing);
    struct gate_plan plan = gate_plan_default();
    const double lower = judged(&plan).findings[GATE_COST].lower;

    /* a margin just on either side of the bound turns the colour */
    plan.rules[GATE_COST].margin = lower - 1 + 1e-3;
    assert_int_not_equal(judged(&plan).findings[GATE_COST].colour, GATE_RED);
    plan.rules[GATE_COST].margin = lower - 1 - 1e-3;
    assert_int_equal(judged(&plan).findings[GATE_COST].colour, GATE_RED);
    const double upper = judged(&plan).findings[GATE_COST].upper;

    plan.rules[GATE_COST].margin = upper - 1 + 1e-3;
    assert_int_equal(judged(&plan).findings[GATE_COST].colour, GATE_GREEN);
    plan.rules[GATE_COST].margin = upper - 1 - 1e-3;
    assert_int_equal(judged(&plan).findings[GATE_COST].colour, GATE_NONE);
}

static void interruptions_where_the_control_has_none_are_told(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < control.count; i++)
        samples[1][i].now[GATE_INTERRUPTED].sum = samples[1][i].before[GATE_INTERRUPTED].sum = 0;
    const struct gate_finding finding = judged_as_usual().findings[GATE_INTERRUPTED];

    assert_int_equal(finding.colour, GATE_RED);
}

static void set_interruptions(size_t side, size_t count, double share)
{
    for (size_t i = 0; i < count; i++) {
        struct gate_sample *sample = &samples[side][i];

        sample->now[GATE_INTERRUPTED].sum = share * sample->now[GATE_INTERRUPTED].count;
        sample->before[GATE_INTERRUPTED] = (struct gate_amount){0, 0};
    }
}

static void where_nobody_ever_interrupts_a_little_more_is_no_matter(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    set_interruptions(0, 50, 0);
    set_interruptions(1, 500, 0);
    assert_int_equal(judged_as_usual().findings[GATE_INTERRUPTED].colour, GATE_GREEN);
    set_interruptions(0, 50, 1.0 / 300); /* many times more than never, but a third of a point */
    assert_int_equal(judged_as_usual().findings[GATE_INTERRUPTED].colour, GATE_GREEN);
    set_interruptions(0, 50, 6.0 / 300);
    assert_int_equal(judged_as_usual().findings[GATE_INTERRUPTED].colour, GATE_RED);
}

static void prices_in_two_currencies_are_not_compared(void **state)
{
    struct gate_plan plan = gate_plan_default();

    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    assert_string_equal(judged(&plan).currency, "CNY");
    memcpy(control.currency, "USD", 4);
    assert_int_equal(judged(&plan).findings[GATE_COST].reason, GATE_REASON_CURRENCY);
    assert_string_equal(judged(&plan).currency, "");
    assert_int_equal(judged(&plan).colour, GATE_NONE);
    memcpy(control.currency, "CNY", 4);
    control.has_one_currency = false;
    assert_int_equal(judged(&plan).findings[GATE_COST].reason, GATE_REASON_CURRENCY);
    plan.rules[GATE_COST].expected = 0.004;
    assert_int_equal(judged(&plan).findings[GATE_COST].colour, GATE_GREEN);
    assert_string_equal(judged(&plan).currency, "CNY"); /* what is expected is in it */
    plan.rules[GATE_COST].expected = 0.002;
    assert_int_equal(judged(&plan).findings[GATE_COST].colour, GATE_RED);
    treated.has_one_currency = false;
    assert_int_equal(judged(&plan).findings[GATE_COST].reason, GATE_REASON_CURRENCY);
}

static void a_control_that_costs_nothing_is_nothing_to_compare_with(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < control.count; i++)
        samples[1][i].now[GATE_COST].sum = 0;
    assert_int_equal(judged_as_usual().findings[GATE_COST].reason, GATE_REASON_FREE);
    for (size_t i = 0; i < treated.count; i++)
        samples[0][i].now[GATE_COST].sum = 0;
    assert_int_equal(judged_as_usual().findings[GATE_COST].colour, GATE_OFF);
    assert_int_equal(judged_as_usual().colour, GATE_GREEN);
}

static void a_fleet_without_voices_is_not_asked_for_audio(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < ROBOTS; i++)
        samples[0][i].now[GATE_FIRST_AUDIO] = samples[1][i].now[GATE_FIRST_AUDIO] =
            (struct gate_amount){0, 0};
    assert_int_equal(judged_as_usual().findings[GATE_FIRST_AUDIO].colour, GATE_OFF);
    assert_int_equal(judged_as_usual().colour, GATE_GREEN);
}

static void voices_that_fell_silent_are_no_verdict(void **state)
{
    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < ROBOTS; i++)
        samples[0][i].now[GATE_FIRST_AUDIO] = (struct gate_amount){0, 0};
    const struct gate_verdict verdict = judged_as_usual();

    assert_int_equal(verdict.colour, GATE_NONE);
    assert_int_equal(verdict.because, GATE_FIRST_AUDIO);
}

static void a_night_without_a_word_is_no_verdict(void **state)
{
    struct gate_plan plan = gate_plan_default();

    (void)state;
    memset(samples, 0, sizeof samples);
    for (size_t i = 0; i < 50; i++)
        samples[0][i].now[GATE_UNREACHABLE].count = samples[1][i].now[GATE_UNREACHABLE].count = 1;
    treated = (struct gate_group){samples[0], 50, true, ""};
    control = (struct gate_group){samples[1], 50, true, ""};
    assert_int_equal(judged(&plan).colour, GATE_NONE);
    plan.rules[GATE_FAILURES].is_on = false;
    assert_int_equal(judged(&plan).colour, GATE_NONE);
    plan.rules[GATE_FIRST_TOKEN].is_waited_for = plan.rules[GATE_FIRST_AUDIO].is_waited_for =
        plan.rules[GATE_INTERRUPTED].is_waited_for = plan.rules[GATE_COST].is_waited_for = false;
    assert_int_equal(judged(&plan).colour, GATE_GREEN);
}

static void what_is_not_waited_for_stops_a_wave_but_holds_none_up(void **state)
{
    (void)state;
    populate(0, 6, 300, &nothing);
    populate(1, 100, 300, &nothing);
    for (size_t i = 0; i < treated.count; i++)
        samples[0][i].now[GATE_UNREACHABLE].sum = 0;
    assert_int_equal(judged_as_usual().findings[GATE_UNREACHABLE].colour, GATE_NONE);
    assert_int_equal(judged_as_usual().colour, GATE_GREEN);
    populate(0, 100, 300, &nothing);
    for (size_t i = 0; i < 60; i++)
        samples[0][i].now[GATE_UNREACHABLE].sum = 1;
    assert_int_equal(judged_as_usual().colour, GATE_RED);
    assert_int_equal(judged_as_usual().because, GATE_UNREACHABLE);
}

static void a_class_of_failures_can_be_judged_apart(void **state)
{
    struct gate_plan plan = gate_plan_default();

    (void)state;
    populate(0, 200, 300, &nothing);
    populate(1, 500, 300, &nothing);
    for (size_t i = 0; i < treated.count; i++) {
        samples[0][i].now[GATE_FAILURES].sum += 4;
        samples[0][i].failed[GATE_CLASS_FILTERED] = 4;
    }
    assert_int_equal(judged(&plan).colour, GATE_GREEN); /* 1.3 points more: 2 are allowed */
    assert_int_equal(judged(&plan).findings[GATE_CLASS + GATE_CLASS_FILTERED].colour, GATE_OFF);
    plan.rules[GATE_CLASS + GATE_CLASS_FILTERED] = (struct gate_rule){true, true, 0.005, 0};
    assert_int_equal(judged(&plan).because, GATE_CLASS + GATE_CLASS_FILTERED);
    assert_int_equal(judged(&plan).colour, GATE_RED);
}

static void false_alarms_are_shared_out_over_metrics_waves_and_looks(void **state)
{
    struct gate_plan plan = gate_plan_default();

    (void)state;
    populate(0, 50, 300, &nothing);
    populate(1, 50, 300, &nothing);
    assert_true(fabs(judged(&plan).alpha - 0.01 / (6 * 5 * 3)) < 1e-12);
    plan.rules[GATE_COST].is_on = false;
    plan.looks = 4;
    assert_true(fabs(judged(&plan).alpha - 0.01 / (5 * 5 * 4)) < 1e-12);
}

static void looks_come_before_at_and_once_more_after_the_end_of_the_soak(void **state)
{
    struct gate_plan plan = gate_plan_default();

    (void)state;
    assert_int_equal(gate_look_after_ms(&plan, 1, 1000), 500);
    assert_int_equal(gate_look_after_ms(&plan, 2, 1000), 1000);
    assert_int_equal(gate_look_after_ms(&plan, 3, 1000), 2000);
    plan.looks = 5;
    assert_int_equal(gate_look_after_ms(&plan, 1, 1000), 250);
    assert_int_equal(gate_look_after_ms(&plan, 4, 1000), 1000);
    plan.looks = 2;
    assert_int_equal(gate_look_after_ms(&plan, 1, 1000), 1000);
}

static void names_are_found_again(void **state)
{
    enum gate_metric metric;

    (void)state;
    for (size_t i = 0; i < GATE_METRICS; i++) {
        assert_int_equal(
            gate_metric_find(span_text(gate_metric_name((enum gate_metric)i)), &metric), STATUS_OK);
        assert_int_equal(metric, i);
    }
    assert_int_equal(gate_metric_find(span_text("luck"), &metric), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_that_changes_nothing_is_green),
        cmocka_unit_test(each_fault_is_red_for_what_it_is),
        cmocka_unit_test(what_is_better_is_never_red),
        cmocka_unit_test(too_few_attempts_are_no_verdict),
        cmocka_unit_test(attempts_of_two_robots_are_no_verdict_however_many),
        cmocka_unit_test(twenty_good_attempts_do_not_prove_that_few_fail),
        cmocka_unit_test(five_robots_that_all_fail_are_red),
        cmocka_unit_test(what_robots_were_like_before_is_not_held_against_the_change),
        cmocka_unit_test(one_robot_in_a_loop_does_not_decide_for_the_others),
        cmocka_unit_test(equal_robots_give_the_bound_of_the_textbook),
        cmocka_unit_test(a_ratio_has_the_bounds_of_fieller),
        cmocka_unit_test(interruptions_where_the_control_has_none_are_told),
        cmocka_unit_test(where_nobody_ever_interrupts_a_little_more_is_no_matter),
        cmocka_unit_test(prices_in_two_currencies_are_not_compared),
        cmocka_unit_test(a_control_that_costs_nothing_is_nothing_to_compare_with),
        cmocka_unit_test(a_fleet_without_voices_is_not_asked_for_audio),
        cmocka_unit_test(voices_that_fell_silent_are_no_verdict),
        cmocka_unit_test(a_night_without_a_word_is_no_verdict),
        cmocka_unit_test(what_is_not_waited_for_stops_a_wave_but_holds_none_up),
        cmocka_unit_test(a_class_of_failures_can_be_judged_apart),
        cmocka_unit_test(false_alarms_are_shared_out_over_metrics_waves_and_looks),
        cmocka_unit_test(looks_come_before_at_and_once_more_after_the_end_of_the_soak),
        cmocka_unit_test(names_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
