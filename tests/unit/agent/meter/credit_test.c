#include "agent/meter/credit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void grant(struct credit *credit, uint32_t epoch, uint64_t granted, uint64_t return_to)
{
    const wire_CreditLine line = {.line_id = "l1", .granted = granted, .return_to = return_to};
    bool changed;

    assert_int_equal(credit_merge(credit, epoch, &line, 1, &changed), STATUS_OK);
}

static wire_CreditUse report(const struct credit *credit)
{
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    pb_size_t count;

    credit_report(credit, lines, &count);
    assert_int_equal(count, 1);
    return lines[0];
}

static void i2_an_attempt_starts_only_if_its_worst_case_fits(void **state)
{
    (void)state;
    struct credit credit = {0};

    grant(&credit, 1, 100, 0);
    assert_int_equal(credit_reserve(&credit, "l1", 60), STATUS_OK);
    assert_int_equal(credit_reserve(&credit, "l1", 41), STATUS_DENIED);
    assert_int_equal(report(&credit).wanted, 41);
    assert_int_equal(credit_reserve(&credit, "l1", 40), STATUS_OK);
    credit_settle(&credit, "l1", 60, 10);
    assert_int_equal(credit_reserve(&credit, "l1", 51), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, "l1", 50), STATUS_OK);
}

static void an_unlimited_line_counts_but_never_refuses(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine line = {.line_id = "l1", .unlimited = true};
    bool changed;

    assert_int_equal(credit_merge(&credit, 1, &line, 1, &changed), STATUS_OK);
    assert_int_equal(credit_reserve(&credit, "l1", 1000000), STATUS_OK);
    credit_settle(&credit, "l1", 1000000, 123);
    assert_int_equal(report(&credit).used, 123);
}

static void an_unknown_line_is_refused_and_a_route_without_one_is_not(void **state)
{
    (void)state;
    struct credit credit = {0};

    assert_int_equal(credit_reserve(&credit, "l9", 1), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, "", 1000), STATUS_OK);
}

static void grants_of_an_epoch_merge_by_maximum_and_a_higher_epoch_replaces(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine late = {.line_id = "l1", .granted = 900};
    bool changed;

    grant(&credit, 2, 100, 0);
    grant(&credit, 2, 80, 0);
    assert_int_equal(report(&credit).granted_seen, 100);
    assert_int_equal(credit_merge(&credit, 1, &late, 1, &changed), STATUS_STALE);
    assert_int_equal(report(&credit).granted_seen, 100);
    grant(&credit, 3, 50, 0);
    assert_int_equal(report(&credit).granted_seen, 50);
}

static void only_unused_credit_is_given_back_and_it_stays_given_back(void **state)
{
    (void)state;
    struct credit credit = {0};

    grant(&credit, 1, 100, 0);
    assert_int_equal(credit_reserve(&credit, "l1", 30), STATUS_OK);
    grant(&credit, 1, 100, 90);
    assert_int_equal(report(&credit).returned, 70);
    assert_int_equal(credit_reserve(&credit, "l1", 1), STATUS_DENIED);
    credit_settle(&credit, "l1", 30, 0);
    grant(&credit, 1, 100, 0);
    assert_int_equal(report(&credit).returned, 70);
    assert_int_equal(credit_reserve(&credit, "l1", 31), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, "l1", 30), STATUS_OK);
}

static void what_the_vendor_did_not_count_to_the_end_is_charged_at_its_reservation(void **state)
{
    (void)state;
    wire_UsageRecord record = {
        .reserved_input = 100, .reserved_output = 200, .input_uncached = 5, .output = 7};

    record.provenance = wire_Provenance_VENDOR_FINAL;
    assert_int_equal(credit_consumed(&record), 12);
    record.provenance = wire_Provenance_ESTIMATED;
    assert_int_equal(credit_consumed(&record), 300);
    record.provenance = wire_Provenance_NOT_SENT;
    assert_int_equal(credit_consumed(&record), 0);
}

static void a_recalled_line_gives_its_place_to_a_new_one_when_nothing_is_open(void **state)
{
    (void)state;
    struct credit credit = {0};
    wire_CreditLine lines[LIMIT_CREDIT_LINES] = {0};
    const wire_CreditLine fresh = {.line_id = "new", .granted = 5};
    bool changed;

    for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++) {
        lines[i].line_id[0] = (char)('a' + i);
        lines[i].granted = 10;
    }
    assert_int_equal(credit_merge(&credit, 1, lines, LIMIT_CREDIT_LINES, &changed), STATUS_OK);
    assert_int_equal(credit_reserve(&credit, "a", 10), STATUS_OK);
    assert_int_equal(credit_merge(&credit, 1, &fresh, 1, &changed), STATUS_OK);
    assert_true(changed);
    assert_int_equal(credit_reserve(&credit, "new", 5), STATUS_OK);
    credit_settle(&credit, "a", 10, 3);
    assert_int_equal(credit_reserve(&credit, "a", 7), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i2_an_attempt_starts_only_if_its_worst_case_fits),
        cmocka_unit_test(an_unlimited_line_counts_but_never_refuses),
        cmocka_unit_test(an_unknown_line_is_refused_and_a_route_without_one_is_not),
        cmocka_unit_test(grants_of_an_epoch_merge_by_maximum_and_a_higher_epoch_replaces),
        cmocka_unit_test(only_unused_credit_is_given_back_and_it_stays_given_back),
        cmocka_unit_test(what_the_vendor_did_not_count_to_the_end_is_charged_at_its_reservation),
        cmocka_unit_test(a_recalled_line_gives_its_place_to_a_new_one_when_nothing_is_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
