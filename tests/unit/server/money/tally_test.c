#include "server/money/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/clock.h"

static const char document[] =
    "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\","
    "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-07-01\"},\"charges\":["
    "{\"kind\":\"matrix\",\"per\":\"month\",\"prices\":{\"input_uncached\":\"1\",\"output\":\"2\"}}"
    ","
    "{\"kind\":\"unit\",\"metric\":\"active_devices\",\"per\":\"month\",\"price\":\"3\"},"
    "{\"kind\":\"unit\",\"metric\":\"output\",\"per\":\"day\",\"price\":\"1\",\"models\":[\"big\"],"
    "\"hours\":{\"from\":\"22:00\",\"to\":\"06:00\"}},"
    "{\"kind\":\"licence\",\"price\":\"9\",\"per\":\"term\",\"term\":\"contract\"}]}";

struct desk {
    struct json *json;
    struct arena *arena;
    struct contract contract;
    struct zone *zone;
    struct tally *tally;
};

static void open_desk(struct desk *desk)
{
    struct json_problem problem = {0};

    assert_int_equal(json_parse(span_text(document), &desk->json, NULL), STATUS_OK);
    assert_int_equal(arena_create(&desk->arena, 1 << 20), STATUS_OK);
    enum status status = contract_read(desk->json, desk->arena, &desk->contract, &problem);
    assert_string_equal(problem.detail, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(zone_open(&desk->zone, desk->contract.zone), STATUS_OK);
    assert_int_equal(tally_create(&desk->tally, &desk->contract, desk->zone), STATUS_OK);
}

static void close_desk(struct desk *desk)
{
    tally_free(desk->tally);
    zone_close(desk->zone);
    arena_free(desk->arena);
    json_free(desk->json);
}

static struct decimal whole(int64_t number)
{
    struct decimal out = {0};

    assert_true(fraction_is_decimal(fraction_of(number), &out));
    return out;
}

static struct tally_usage usage_at(const char *at, const char *model, int64_t output)
{
    struct tally_usage usage = {
        .device = "d",
        .model = model,
        .service_tier = "",
        .replaces = "",
        .gauge = "",
        .is_activity = true,
    };

    assert_int_equal(clock_parse(span_text(at), &usage.at_ms), STATUS_OK);
    usage.end_ms = usage.at_ms;
    usage.quantities[CONTRACT_OUTPUT] = whole(output);
    return usage;
}

struct list {
    struct tally_count counts[16];
    size_t count;
};

static enum status take(void *context, const struct tally_count *count)
{
    struct list *list = context;

    assert_true(list->count < 16);
    list->counts[list->count++] = *count;
    return STATUS_OK;
}

static struct list list_of(const struct tally *tally, bool changed_only)
{
    struct list list = {.count = 0};

    assert_int_equal(tally_each(tally, changed_only, take, &list), STATUS_OK);
    return list;
}

static int64_t day(const char *date)
{
    int64_t out = 0;

    assert_int_equal(zone_parse_date(span_text(date), &out), STATUS_OK);
    return out;
}

static void assert_count(const struct tally_count *count, unsigned charge, int cell,
                         const char *device, const char *at_day, int64_t quantity)
{
    assert_int_equal(count->version, 1);
    assert_int_equal(count->charge, charge);
    assert_int_equal(count->cell, cell);
    assert_string_equal(count->device, device);
    assert_int_equal(count->at_day, day(at_day));
    assert_int_equal(decimal_compare(count->quantity, whole(quantity)), 0);
}

static void usage_becomes_counts_in_a_settled_order(void **state)
{
    struct tally_usage usage = usage_at("2026-02-28T16:30:00Z", "big", 10);
    struct desk desk;
    struct list list;
    unsigned unpriced;

    (void)state;
    usage.quantities[CONTRACT_INPUT_UNCACHED] = whole(4);
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, 0);
    list = list_of(desk.tally, false);
    assert_int_equal(list.count, 5); /* in Shanghai it is March, half past midnight */
    assert_count(&list.counts[0], 0, 0, "", "2026-03-01", 4);
    assert_count(&list.counts[1], 0, 1, "", "2026-03-01", 10);
    assert_count(&list.counts[2], 1, 0, "d", "2026-03-01", 1);
    assert_count(&list.counts[3], 2, 0, "", "2026-03-01", 10);
    assert_count(&list.counts[4], 3, 0, "d", "2026-03-01", 1);
    close_desk(&desk);
}

static void filters_tell_models_and_hours_apart(void **state)
{
    struct tally_usage by_day = usage_at("2026-03-01T12:00:00+08:00", "big", 1);
    struct tally_usage small = usage_at("2026-03-01T23:00:00+08:00", "small", 1);
    struct desk desk;
    struct list list;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &by_day, &unpriced), STATUS_OK);
    assert_int_equal(tally_add(desk.tally, &small, &unpriced), STATUS_OK);
    list = list_of(desk.tally, false);
    assert_int_equal(list.count, 3);
    assert_count(&list.counts[0], 0, 1, "", "2026-03-01", 2);
    close_desk(&desk);
}

static void what_no_charge_prices_beside_its_like_is_told_and_requests_need_none(void **state)
{
    struct tally_usage usage = usage_at("2026-03-01T12:00:00+08:00", "m", 1);
    struct desk desk;
    unsigned unpriced;

    (void)state;
    usage.quantities[CONTRACT_REASONING] = whole(1);
    usage.quantities[CONTRACT_REQUESTS] = whole(1);
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, CONTRACT_BIT(CONTRACT_REASONING));
    close_desk(&desk);
}

static void what_a_contract_prices_nowhere_is_given_for_its_fees(void **state)
{
    struct tally_usage usage = usage_at("2026-03-01T12:00:00+08:00", "m", 1);
    struct desk desk;
    unsigned unpriced;

    (void)state;
    usage.quantities[CONTRACT_IMAGES] = whole(1);
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, 0);
    close_desk(&desk);
}

static void usage_outside_the_term_is_refused(void **state)
{
    struct tally_usage before = usage_at("2025-12-31T15:59:59.999Z", "m", 1);
    struct tally_usage after = usage_at("2026-06-30T16:00:00Z", "m", 1);
    struct tally_usage first = usage_at("2025-12-31T16:00:00Z", "m", 1);
    struct desk desk;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &before, &unpriced), STATUS_NOT_FOUND);
    assert_int_equal(tally_add(desk.tally, &after, &unpriced), STATUS_NOT_FOUND);
    assert_int_equal(list_of(desk.tally, false).count, 0);
    assert_int_equal(tally_add(desk.tally, &first, &unpriced), STATUS_OK);
    close_desk(&desk);
}

static void i5_what_does_not_fit_adds_nothing(void **state)
{
    struct tally_usage usage =
        usage_at("2026-03-01T12:00:00+08:00", "m", INT64_C(100000000000000000));
    struct desk desk;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    usage.quantities[CONTRACT_INPUT_UNCACHED] = whole(1);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_FULL);
    assert_count(&list_of(desk.tally, false).counts[0], 0, 1, "", "2026-03-01",
                 INT64_C(100000000000000000));
    close_desk(&desk);
}

static void i5_counts_kept_elsewhere_come_back_and_only_what_is_new_is_told_as_changed(void **state)
{
    struct tally_usage usage = usage_at("2026-03-01T12:00:00+08:00", "m", 5);
    struct desk desk, other;
    struct list list;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    open_desk(&other);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    list = list_of(desk.tally, true);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(tally_load(other.tally, &list.counts[i]), STATUS_OK);
    assert_int_equal(list_of(other.tally, true).count, 0);
    assert_int_equal(tally_add(other.tally, &usage, &unpriced), STATUS_OK);
    list = list_of(other.tally, true);
    assert_count(&list.counts[0], 0, 1, "", "2026-03-01", 5);
    list = list_of(other.tally, false);
    assert_count(&list.counts[0], 0, 1, "", "2026-03-01", 10);
    tally_mark(other.tally);
    assert_int_equal(list_of(other.tally, true).count, 0);
    close_desk(&other);
    close_desk(&desk);
}

static void counts_that_are_none_of_the_contracts_are_refused(void **state)
{
    struct tally_count count = {
        .version = 1, .charge = 0, .device = "", .at_day = day("2026-03-01")};
    struct desk desk;

    (void)state;
    open_desk(&desk);
    count.version = 2;
    assert_int_equal(tally_load(desk.tally, &count), STATUS_INVALID);
    count.version = 1;
    count.charge = 99;
    assert_int_equal(tally_load(desk.tally, &count), STATUS_INVALID);
    count.charge = 0;
    count.at_day = day("2027-03-01");
    assert_int_equal(tally_load(desk.tally, &count), STATUS_INVALID);
    count.at_day = day("2026-03-01");
    assert_int_equal(tally_load(desk.tally, &count), STATUS_OK);
    close_desk(&desk);
}

static void what_was_committed_can_be_taken_back(void **state)
{
    struct tally_usage usage = usage_at("2026-03-01T12:00:00+08:00", "m", 5);
    const struct tally_count *changes;
    struct desk desk;
    size_t count;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(tally_add(desk.tally, &usage, &unpriced), STATUS_OK);
    assert_int_equal(tally_prepare(desk.tally, &usage, &unpriced, &changes, &count), STATUS_OK);
    assert_count(&changes[0], 0, 1, "", "2026-03-01", 5);
    tally_commit(desk.tally);
    assert_count(&list_of(desk.tally, false).counts[0], 0, 1, "", "2026-03-01", 10);
    tally_undo(desk.tally);
    assert_count(&list_of(desk.tally, false).counts[0], 0, 1, "", "2026-03-01", 5);
    close_desk(&desk);
}

/* As a server joins documents: in force before the term began, usage counted on its first day. */
static void what_was_used_before_the_term_is_no_use_of_its_first_day(void **state)
{
    struct tally_usage before = usage_at("2025-12-31T23:59:59+08:00", "m", 5);
    struct tally_usage first = usage_at("2026-01-01T00:00:00+08:00", "m", 5);
    struct tally *tally;
    struct desk desk;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(contract_amend(NULL, &desk.contract, before.at_ms - 864000000,
                                    day("2025-12-21"), desk.arena, &desk.contract),
                     STATUS_OK);
    assert_int_equal(tally_create(&tally, &desk.contract, desk.zone), STATUS_OK);
    assert_int_equal(tally_add(tally, &before, &unpriced), STATUS_NOT_FOUND);
    assert_null(contract_terms_on(&desk.contract, day("2025-12-31")));
    assert_int_equal(tally_add(tally, &first, &unpriced), STATUS_OK);
    assert_ptr_equal(contract_terms_on(&desk.contract, day("2026-01-01")), desk.contract.versions);
    tally_free(tally);
    close_desk(&desk);
}

/* The first charge counts by month, the third by day, the fourth over the term. */
static void only_counts_of_periods_that_go_on_are_committed_again(void **state)
{
    struct tally_usage usage = usage_at("2026-03-15T23:00:00+08:00", "big", 5);
    struct tally_usage now = usage_at("2026-03-20T00:00:00+08:00", "", 0);
    const struct tally_count *changes;
    struct period_range days;
    struct desk desk;
    size_t count;
    unsigned unpriced;

    (void)state;
    open_desk(&desk);
    assert_int_equal(tally_prepare(desk.tally, &usage, &unpriced, &changes, &count), STATUS_OK);
    assert_int_equal(count, 4);
    assert_int_equal(tally_days_of(desk.tally, &changes[0], &days), STATUS_OK);
    assert_int_equal(days.first, day("2026-03-01"));
    assert_int_equal(days.end, day("2026-04-01"));
    assert_false(tally_is_over(desk.tally, days, now.at_ms));
    assert_int_equal(tally_commit_open(desk.tally, now.at_ms), STATUS_OK);
    struct list list = list_of(desk.tally, false);
    assert_int_equal(list.count, 3);
    assert_count(&list.counts[0], 0, 1, "", "2026-03-01", 5);
    assert_count(&list.counts[1], 1, 0, "d", "2026-03-15", 1);
    assert_count(&list.counts[2], 3, 0, "d", "2026-03-15", 1);
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_becomes_counts_in_a_settled_order),
        cmocka_unit_test(filters_tell_models_and_hours_apart),
        cmocka_unit_test(what_a_contract_prices_nowhere_is_given_for_its_fees),
        cmocka_unit_test(what_no_charge_prices_beside_its_like_is_told_and_requests_need_none),
        cmocka_unit_test(usage_outside_the_term_is_refused),
        cmocka_unit_test(i5_what_does_not_fit_adds_nothing),
        cmocka_unit_test(
            i5_counts_kept_elsewhere_come_back_and_only_what_is_new_is_told_as_changed),
        cmocka_unit_test(counts_that_are_none_of_the_contracts_are_refused),
        cmocka_unit_test(what_was_committed_can_be_taken_back),
        cmocka_unit_test(what_was_used_before_the_term_is_no_use_of_its_first_day),
        cmocka_unit_test(only_counts_of_periods_that_go_on_are_committed_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
