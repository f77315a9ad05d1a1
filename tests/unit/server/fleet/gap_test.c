#include "server/fleet/gap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* So many requests, each with 100 tokens of input and 7 of output. */
static struct gap_totals totals_of(uint64_t requests)
{
    struct gap_totals totals = {.is_known = true};

    totals.classes[MEASURE_INPUT_UNCACHED] = 100 * requests;
    totals.classes[MEASURE_OUTPUT] = 7 * requests;
    totals.classes[MEASURE_REQUESTS] = requests;
    return totals;
}

/* Twenty were counted, fifty dropped. */
struct fixture {
    struct gap_totals counted, told;
    struct gap_claim claim;
    uint64_t lost[GAP_CLASSES];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.counted = totals_of(20), .told = totals_of(50)};
    fixture.claim = (struct gap_claim){
        .counted_seq = 20, .lost_seq = 50, .counted = &fixture.counted, .told = &fixture.told};
    memset(fixture.lost, 0xee, sizeof fixture.lost);
    *state = &fixture;
    return 0;
}

static void assert_refused(struct fixture *fixture, enum gap_verdict verdict)
{
    assert_int_equal(gap_judge(&fixture->claim, fixture->lost), verdict);
    assert_int_equal(fixture->lost[0], UINT64_C(0xeeeeeeeeeeeeeeee));
}

static void i1_what_was_lost_is_the_difference_of_the_two_sums(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(gap_judge(&fixture->claim, fixture->lost), GAP_MEASURED);
    assert_int_equal(fixture->lost[MEASURE_INPUT_UNCACHED], 3000);
    assert_int_equal(fixture->lost[MEASURE_OUTPUT], 210);
    assert_int_equal(fixture->lost[MEASURE_REASONING], 0);
    assert_int_equal(fixture->lost[MEASURE_REQUESTS], 30);
}

static void lost_records_of_attempts_that_were_not_sent_used_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->told = fixture->counted;
    assert_int_equal(gap_judge(&fixture->claim, fixture->lost), GAP_MEASURED);
    assert_int_equal(fixture->lost[MEASURE_REQUESTS], 0);
}

static void a_sum_below_what_was_counted_is_nonsense(void **state)
{
    struct fixture *fixture = *state;

    fixture->told.classes[MEASURE_OUTPUT] = fixture->counted.classes[MEASURE_OUTPUT] - 1;
    assert_refused(fixture, GAP_NONSENSE);
}

static void a_sum_beyond_what_so_many_records_can_have_used_is_nonsense(void **state)
{
    struct fixture *fixture = *state;

    fixture->told.classes[MEASURE_OUTPUT] =
        fixture->counted.classes[MEASURE_OUTPUT] + 30 * GAP_MOST_OF_A_RECORD - 1;
    assert_int_equal(gap_judge(&fixture->claim, fixture->lost), GAP_MEASURED);
    memset(fixture->lost, 0xee, sizeof fixture->lost);
    fixture->told.classes[MEASURE_OUTPUT]++;
    assert_refused(fixture, GAP_NONSENSE);
    fixture->told.classes[MEASURE_OUTPUT] = UINT64_MAX;
    assert_refused(fixture, GAP_NONSENSE);
}

static void tokens_that_nobody_requested_are_nonsense(void **state)
{
    struct fixture *fixture = *state;

    fixture->told.classes[MEASURE_REQUESTS] = 20;
    assert_refused(fixture, GAP_NONSENSE);
}

static void nothing_is_lost_before_the_watermark(void **state)
{
    struct fixture *fixture = *state;

    fixture->claim.lost_seq = 20;
    assert_refused(fixture, GAP_NONSENSE);
    fixture->claim.lost_seq = UINT64_MAX;
    assert_refused(fixture, GAP_NONSENSE);
}

static void a_sum_that_one_side_does_not_know_says_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->counted.is_known = false;
    assert_refused(fixture, GAP_UNKNOWN);
    fixture->counted.is_known = true;
    fixture->told.is_known = false;
    assert_refused(fixture, GAP_UNKNOWN);
}

static void i1_records_that_the_parent_may_have_brought_leave_it_in_doubt(void **state)
{
    struct fixture *fixture = *state;

    fixture->claim.in_parent = 21;
    assert_refused(fixture, GAP_IN_DOUBT);
    fixture->claim.in_parent = 20;
    assert_int_equal(gap_judge(&fixture->claim, fixture->lost), GAP_MEASURED);
}

static void a_sum_that_does_not_fit_is_not_known_any_more(void **state)
{
    struct gap_totals totals = totals_of(1);
    uint64_t more[GAP_CLASSES] = {0};

    (void)state;
    more[MEASURE_OUTPUT] = INT64_MAX - 8;
    gap_add(&totals, more);
    assert_true(totals.is_known);
    assert_int_equal(totals.classes[MEASURE_OUTPUT], INT64_MAX - 1);
    more[MEASURE_OUTPUT] = 2;
    gap_add(&totals, more);
    assert_false(totals.is_known);
    assert_int_equal(totals.classes[MEASURE_REQUESTS], 0);
}

static void i1_an_adjustment_covers_what_a_child_filed_again_from_before_it(void **state)
{
    (void)state;
    assert_int_equal(gap_covered(15, 30, 50), 15); /* records 31 to 45, adjusted up to 50 */
    assert_int_equal(gap_covered(15, 30, 40), 10);
    assert_int_equal(gap_covered(15, 30, 30), 0);
    assert_int_equal(gap_covered(15, 30, 0), 0);
    assert_int_equal(gap_covered(0, 30, 50), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(i1_what_was_lost_is_the_difference_of_the_two_sums),
        TEST(lost_records_of_attempts_that_were_not_sent_used_nothing),
        TEST(a_sum_below_what_was_counted_is_nonsense),
        TEST(a_sum_beyond_what_so_many_records_can_have_used_is_nonsense),
        TEST(tokens_that_nobody_requested_are_nonsense),
        TEST(nothing_is_lost_before_the_watermark),
        TEST(a_sum_that_one_side_does_not_know_says_nothing),
        TEST(i1_records_that_the_parent_may_have_brought_leave_it_in_doubt),
        TEST(a_sum_that_does_not_fit_is_not_known_any_more),
        TEST(i1_an_adjustment_covers_what_a_child_filed_again_from_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#undef TEST
}
