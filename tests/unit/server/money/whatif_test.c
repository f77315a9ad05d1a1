#include "server/money/whatif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define DOCUMENT_BYTES (64u << 10)

static struct arena *arena;

static int make(void **state)
{
    (void)state;
    return arena_create(&arena, 512u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct decimal number(const char *text)
{
    struct decimal result = {0};

    assert_int_equal(decimal_parse(span_text(text), &result), STATUS_OK);
    return result;
}

static void read_contract(const char *text, struct contract *out)
{
    struct json *json;
    char cause[160] = "";
    struct json_problem problem = {.detail = ""};

    if (json_parse(span_text(text), &json, cause) != STATUS_OK)
        fail_msg("%s: %s", cause, text);
    enum status status = contract_read(json, arena, out, &problem);
    json_free(json);
    if (status != STATUS_OK)
        fail_msg("%s: %s: %s", problem.pointer, problem.detail, text);
}

/* A contract of 2026 in CNY with these members. */
static const char *document(const char *members)
{
    return arena_format(
        arena,
        "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":"
        "\"Asia/Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},"
        "%s}",
        members);
}

struct desk {
    struct contract contract;
    struct zone *zone;
    struct whatif *whatif;
};

static void open_desk(struct desk *desk, const char *text, const struct whatif_profile *profile)
{
    read_contract(text, &desk->contract);
    assert_int_equal(zone_open(&desk->zone, desk->contract.zone), STATUS_OK);
    assert_int_equal(whatif_create(&desk->whatif, &desk->contract, desk->zone, profile), STATUS_OK);
}

static void close_desk(struct desk *desk)
{
    whatif_free(desk->whatif);
    zone_close(desk->zone);
}

static struct whatif_usage row(const char *input, const char *output, const char *requests)
{
    struct whatif_usage usage = {
        .model = "m", .service_tier = "", .time_of_day_ms = 12 * 3600 * 1000};

    usage.quantities[CONTRACT_INPUT_UNCACHED] = number(input);
    usage.quantities[CONTRACT_OUTPUT] = number(output);
    usage.quantities[CONTRACT_REQUESTS] = number(requests);
    return usage;
}

static void assert_amount(struct decimal amount, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(amount, text);
    assert_string_equal(text, expected);
}

static void assert_billed(struct desk *desk, int64_t n, const char *expected)
{
    struct bill bill;

    assert_int_equal(whatif_bill(desk->whatif, n, arena, &bill), STATUS_OK);
    assert_amount(bill.total, expected);
}

/* The curve against every n, computed one by one; and no segment that could be longer. */
static void assert_curve(struct desk *desk, int64_t to, const char *text)
{
    struct curve curve;
    enum status status = whatif_curve(desk->whatif, 0, to, arena, &curve);

    if (status != STATUS_OK)
        fail_msg("%s: %s", status_text(status), text);
    for (int64_t n = 0; n <= to; n++) {
        struct fraction found, expected;

        assert_int_equal(curve_value(&curve, n, &found), STATUS_OK);
        assert_int_equal(whatif_exact(desk->whatif, n, &expected), STATUS_OK);
        if (fraction_compare(found, expected) != 0)
            fail_msg("at %lld: %s", (long long)n, text);
    }
}

static void d02_a_minimum_of_terminals_is_paid_by_few_and_not_felt_by_many(void **state)
{
    const struct whatif_usage usage = row("0", "0", "1");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;
    struct curve curve;

    (void)state;
    open_desk(&desk,
              document("\"charges\":[{\"kind\":\"unit\",\"metric\":\"active_devices\",\"measured\":"
                       "\"peak\",\"per\":\"year\",\"price\":\"30\",\"minimum\":\"300000\"}]"),
              &profile);
    assert_billed(&desk, 7350, "300000");
    assert_billed(&desk, 12400, "372000");
    assert_int_equal(whatif_curve(desk.whatif, 0, 50000, arena, &curve), STATUS_OK);
    assert_int_equal(curve.count, 2);
    assert_int_equal(curve.segments[0].to, 10000);
    close_desk(&desk);
}

static void d04_a_commitment_stops_binding_at_18940(void **state)
{
    const struct whatif_usage usage = row("1500000", "500000", "30");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;
    struct curve curve;

    (void)state;
    open_desk(
        &desk,
        document("\"charges\":[{\"kind\":\"unit\",\"metric\":\"input_uncached\",\"per\":"
                 "\"month\",\"price\":\"0.8\",\"unit\":1000000},{\"kind\":\"unit\",\"metric\":"
                 "\"output\",\"per\":\"month\",\"price\":\"2\",\"unit\":1000000}],"
                 "\"commitments\":[{\"metric\":\"spend\",\"at_least\":\"500000\",\"per\":"
                 "\"year\",\"shortfall\":{\"true_up\":true}}]"),
        &profile);
    assert_billed(&desk, 10000, "500000");
    assert_int_equal(whatif_curve(desk.whatif, 0, 60000, arena, &curve), STATUS_OK);
    assert_int_equal(curve.count, 2);
    assert_int_equal(curve.segments[0].to, 18939);
    assert_int_equal(fraction_compare(curve.segments[0].fixed, fraction_of(500000)), 0);
    assert_int_equal(fraction_compare(curve.segments[1].per_step, fraction_ratio(264, 10)), 0);
    close_desk(&desk);
}

static void included_units_of_a_robot_are_not_pooled(void **state)
{
    const struct whatif_usage usage = row("0", "1500", "30");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;

    (void)state;
    open_desk(&desk,
              document("\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\",\"per\":\"month\","
                       "\"price\":\"0.01\",\"included\":{\"units\":1000,\"per_device\":true}}]"),
              &profile);
    assert_billed(&desk, 1, "60");
    assert_billed(&desk, 200, "12000");
    assert_curve(&desk, 300, "per device");
    close_desk(&desk);
}

static void licences_are_taken_by_every_robot_at_the_start(void **state)
{
    const struct whatif_usage usage = row("0", "10", "1");
    const struct whatif_profile profile = {PERIOD_DAY, &usage, 1};
    struct desk desk;

    (void)state;
    open_desk(&desk,
              document("\"charges\":[{\"kind\":\"licence\",\"price\":\"30\","
                       "\"per\":\"year\",\"term\":{\"months\":12},\"at_least\":100}]"),
              &profile);
    assert_billed(&desk, 7, "3000");
    assert_billed(&desk, 735, "22050");
    assert_curve(&desk, 300, "licences");
    close_desk(&desk);
}

static void a_model_without_a_price_is_told_and_another_may_stand_in(void **state)
{
    struct whatif_usage usage = row("100", "10", "1");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    const char *text =
        document("\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\",\"models\":[\"other\"],"
                 "\"per\":\"month\",\"price\":\"1\"}]");
    const struct whatif_gap *gaps;
    size_t count;
    struct desk desk;

    (void)state;
    open_desk(&desk, text, &profile);
    whatif_gaps(desk.whatif, &gaps, &count);
    assert_int_equal(count, 1);
    assert_int_equal(gaps[0].metrics, CONTRACT_BIT(CONTRACT_OUTPUT));
    close_desk(&desk);

    usage.instead = "other";
    open_desk(&desk, text, &profile);
    whatif_gaps(desk.whatif, &gaps, &count);
    assert_int_equal(count, 0);
    assert_billed(&desk, 3, "360");
    close_desk(&desk);
}

/* ceil(n * each / size), for included units of which none are left. */
static int64_t packages(int64_t n, int64_t each, int64_t included, int64_t size)
{
    const int64_t units = n * each > included ? n * each - included : 0;

    return (units + size - 1) / size;
}

static void assert_value(const struct curve *curve, int64_t n, int64_t expected, const char *text)
{
    struct fraction found;

    assert_int_equal(curve_value(curve, n, &found), STATUS_OK);
    if (fraction_compare(found, fraction_of(expected)) != 0)
        fail_msg("at %lld: %s", (long long)n, text);
}

static void steps_of_a_threshold_wide_fleet_are_exact_at_every_size(void **state)
{
    const struct whatif_usage usage = row("0", "512345", "1");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    const char *text =
        document("\"charges\":[{\"kind\":\"package\",\"metric\":\"output\",\"per\":\"month\","
                 "\"size\":1000000,\"price\":\"3\"}],\"commitments\":[{\"metric\":\"spend\","
                 "\"at_least\":\"100000\",\"per\":\"year\",\"shortfall\":{\"true_up\":true}}]");
    struct desk desk;
    struct curve curve;

    (void)state;
    open_desk(&desk, text, &profile);
    assert_int_equal(whatif_curve(desk.whatif, 0, 20000, arena, &curve), STATUS_OK);
    for (int64_t n = 0; n <= 20000; n++) {
        const int64_t cost = 36 * packages(n, 512345, 0, 1000000);

        assert_value(&curve, n, cost > 100000 ? cost : 100000, text);
    }
    close_desk(&desk);
}

static void packages_of_random_sizes_cost_what_counting_them_says(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 3, span_text("packages"));
    for (int round = 0; round < 20; round++) {
        const int64_t each = 1 + (int64_t)dice_below(&dice, 4000);
        const int64_t size = 1 + (int64_t)dice_below(&dice, 3000);
        const int64_t included = dice_below(&dice, 2) ? (int64_t)dice_below(&dice, 900000) : 0;
        const int64_t most = dice_below(&dice, 2) ? (int64_t)dice_below(&dice, 4000) : 100000000;
        char output[16];

        arena_reset(arena);
        snprintf(output, sizeof output, "%d", (int)each);
        const struct whatif_usage usage = row("0", output, "1");
        const struct whatif_profile profile = {PERIOD_YEAR, &usage, 1};
        const char *text = document(arena_format(
            arena,
            "\"charges\":[{\"kind\":\"package\",\"metric\":\"output\",\"per\":\"year\","
            "\"size\":%d,\"price\":\"7\",\"included\":%d,\"maximum\":\"%d\"}]",
            (int)size, (int)included, (int)most));
        struct desk desk;
        struct curve curve;

        open_desk(&desk, text, &profile);
        assert_int_equal(whatif_curve(desk.whatif, 0, 1000, arena, &curve), STATUS_OK);
        for (int64_t n = 0; n <= 1000; n++) {
            const int64_t cost = 7 * packages(n, each, included, size);

            assert_value(&curve, n, cost < most ? cost : most, text);
        }
        close_desk(&desk);
    }
}

static void packages_that_no_robot_fills_are_too_many_steps_over_a_wide_range(void **state)
{
    const struct whatif_usage usage = row("0", "7", "1");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;
    struct curve curve;

    (void)state;
    open_desk(&desk,
              document("\"charges\":[{\"kind\":\"package\",\"metric\":\"output\",\"per\":\"month\","
                       "\"size\":10,\"price\":\"1\"}]"),
              &profile);
    assert_int_equal(whatif_curve(desk.whatif, 0, 1000000, arena, &curve), STATUS_FULL);
    assert_curve(&desk, 500, "packages");
    close_desk(&desk);
}

/* Its first step, its last and the average are alike, and it is not straight. */
static void a_volume_that_returns_to_its_first_price_is_seen_through(void **state)
{
    static const char charges[] =
        "\"charges\":[{\"kind\":\"volume\",\"metric\":\"output\",\"per\":\"year\",\"tiers\":["
        "{\"up_to\":1000,\"price\":\"1\"},{\"up_to\":2000,\"price\":\"2\"},{\"price\":\"1\"}]}]%s";
    const struct whatif_usage usage = row("0", "1", "1");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;
    struct curve curve;

    (void)state;
    open_desk(&desk, document(arena_format(arena, charges, "")), &profile);
    assert_int_equal(whatif_curve(desk.whatif, 0, 400, arena, &curve), STATUS_OK);
    assert_int_equal(curve.count, 3);
    assert_int_equal(curve.segments[0].to, 83);
    assert_int_equal(curve.segments[1].to, 166);
    close_desk(&desk);

    const char *text = document(arena_format(
        arena, charges,
        ",\"amendments\":[{\"effective_from\":\"2026-07-01\",\"counters\":\"continue\"}]"));
    open_desk(&desk, text, &profile);
    assert_curve(&desk, 400, text);
    close_desk(&desk);
}

static void whole_quantities_fall_whole_into_days(void **state)
{
    const struct whatif_usage usage = row("0", "0", "10");
    const struct whatif_profile profile = {PERIOD_MONTH, &usage, 1};
    struct desk desk;

    (void)state;
    open_desk(&desk,
              document("\"charges\":[{\"kind\":\"package\",\"metric\":\"requests\",\"per\":"
                       "\"day\",\"size\":1,\"price\":\"1\"}]"),
              &profile);
    assert_billed(&desk, 1, "120");
    close_desk(&desk);
}

/* One random member of charges. */
static void write_charge(struct dice *dice, struct buffer *out)
{
    static const char *const pers[] = {"month", "quarter", "year", "term", "week"};
    static const char *const metrics[] = {"output", "input_uncached", "requests",
                                          "[\"input_uncached\",\"output\"]"};
    const uint64_t kind = dice_below(dice, 6);
    const char *metric = metrics[dice_below(dice, 4)];
    const char *per = pers[dice_below(dice, kind == 3 ? 2 : 5)];

    if (kind == 0) {
        buffer_format(out, "{\"kind\":\"flat\",\"amount\":\"%d.%02d\",\"per\":\"%s\"",
                      (int)dice_below(dice, 5000), (int)dice_below(dice, 100), per);
        buffer_text(out, "}");
        return;
    }
    if (kind == 5) {
        static const char *const measured[] = {"peak", "average", "ever", "last"};

        buffer_format(out,
                      "{\"kind\":\"unit\",\"metric\":\"active_devices\",\"measured\":\"%s\","
                      "\"per\":\"%s\",\"price\":\"0.%d\"",
                      measured[dice_below(dice, 4)], per, 1 + (int)dice_below(dice, 99));
    } else {
        buffer_format(out, "{\"kind\":\"%s\",\"metric\":%s%s%s,\"per\":\"%s\"",
                      kind == 1   ? "unit"
                      : kind == 2 ? "graduated"
                      : kind == 3 ? "package"
                                  : "volume",
                      *metric == '[' ? "" : "\"", metric, *metric == '[' ? "" : "\"", per);
    }
    if (kind == 1)
        buffer_format(out, ",\"price\":\"0.%d\",\"unit\":%d", 1 + (int)dice_below(dice, 999),
                      dice_below(dice, 2) ? 1000 : 60000);
    if (kind == 3)
        buffer_format(out, ",\"size\":%d,\"price\":\"%d\"", 500 + (int)dice_below(dice, 5000),
                      1 + (int)dice_below(dice, 50));
    if (kind == 2 || kind == 4) {
        int bound = 0;

        buffer_text(out, ",\"tiers\":[");
        for (uint64_t left = dice_below(dice, 3); left > 0; left--) {
            bound += 1 + (int)dice_below(dice, 40000);
            buffer_format(out, "{\"up_to\":%d,\"price\":\"0.0%d\",\"flat\":\"%d\"},", bound,
                          1 + (int)dice_below(dice, 99), (int)dice_below(dice, 50));
        }
        buffer_format(out, "{\"price\":\"0.0%d\",\"flat\":\"%d\"}]", 1 + (int)dice_below(dice, 99),
                      (int)dice_below(dice, 50));
    }
    if (kind != 5 && dice_below(dice, 3) == 0)
        buffer_format(out, ",\"included\":%d", (int)dice_below(dice, 30000));
    else if (kind != 5 && dice_below(dice, 4) == 0)
        buffer_format(out, ",\"included\":{\"units\":%d,\"per_device\":true}",
                      (int)dice_below(dice, 900));
    if (dice_below(dice, 4) == 0)
        buffer_format(out, ",\"discount\":\"%d%%\"", 1 + (int)dice_below(dice, 50));
    if (dice_below(dice, 3) == 0)
        buffer_format(out, ",\"maximum\":\"%d\"", 400 + (int)dice_below(dice, 3000));
    if (dice_below(dice, 3) == 0)
        buffer_format(out, ",\"minimum\":\"%d\"", 1 + (int)dice_below(dice, 399));
    buffer_text(out, "}");
}

static void write_commitment(struct dice *dice, struct buffer *out)
{
    static const char *const pers[] = {"month", "quarter", "year", "term"};
    const char *per = pers[dice_below(dice, 4)];

    if (dice_below(dice, 2))
        buffer_format(out,
                      "{\"metric\":\"spend\",\"at_least\":\"%d\",\"per\":\"%s\",\"shortfall\":"
                      "{\"true_up\":true}}",
                      1 + (int)dice_below(dice, 20000), per);
    else
        buffer_format(out,
                      "{\"metric\":\"active_devices\",\"measured\":\"peak\",\"at_least\":%d,"
                      "\"per\":\"%s\",\"shortfall\":{\"fee_per_unit\":\"%d.50\"}}",
                      1 + (int)dice_below(dice, 400), per, (int)dice_below(dice, 20));
}

static const char *random_document(struct dice *dice)
{
    struct buffer text;
    char amendment[256] = "";

    buffer_init(&text, DOCUMENT_BYTES);
    buffer_text(&text, "\"charges\":[");
    for (uint64_t i = 0, count = 1 + dice_below(dice, 3); i < count; i++) {
        buffer_text(&text, i ? "," : "");
        write_charge(dice, &text);
    }
    buffer_text(&text, "]");
    if (dice_below(dice, 2)) {
        buffer_text(&text, ",\"commitments\":[");
        write_commitment(dice, &text);
        buffer_text(&text, "]");
    }
    if (dice_below(dice, 3) == 0)
        snprintf(amendment, sizeof amendment,
                 ",\"amendments\":[{\"effective_from\":\"2026-%02d-%02d\",\"counters\":\"%s\"}]",
                 2 + (int)dice_below(dice, 10), 1 + (int)dice_below(dice, 28),
                 dice_below(dice, 2) ? "continue" : "restart");
    buffer_text(&text, amendment);
    const char *result = document(buffer_cstring(&text));
    buffer_release(&text);
    return result;
}

static void i5_the_curve_of_a_random_contract_equals_its_bill_at_every_size(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 1, span_text("whatif"));
    for (int round = 0; round < 30; round++) {
        char input[16], output[16], requests[16];
        struct desk desk;

        arena_reset(arena);
        snprintf(input, sizeof input, "%d", (int)dice_below(&dice, 3000));
        snprintf(output, sizeof output, "%d", (int)dice_below(&dice, 2000));
        snprintf(requests, sizeof requests, "%d", (int)dice_below(&dice, 60));
        const struct whatif_usage usage = row(input, output, requests);
        const struct whatif_profile profile = {dice_below(&dice, 3) ? PERIOD_MONTH : PERIOD_WEEK,
                                               &usage, 1};
        const char *text = random_document(&dice);

        open_desk(&desk, text, &profile);
        assert_curve(&desk, 250, text);
        close_desk(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d02_a_minimum_of_terminals_is_paid_by_few_and_not_felt_by_many),
        cmocka_unit_test(d04_a_commitment_stops_binding_at_18940),
        cmocka_unit_test(included_units_of_a_robot_are_not_pooled),
        cmocka_unit_test(licences_are_taken_by_every_robot_at_the_start),
        cmocka_unit_test(a_model_without_a_price_is_told_and_another_may_stand_in),
        cmocka_unit_test(steps_of_a_threshold_wide_fleet_are_exact_at_every_size),
        cmocka_unit_test(packages_of_random_sizes_cost_what_counting_them_says),
        cmocka_unit_test(packages_that_no_robot_fills_are_too_many_steps_over_a_wide_range),
        cmocka_unit_test(a_volume_that_returns_to_its_first_price_is_seen_through),
        cmocka_unit_test(whole_quantities_fall_whole_into_days),
        cmocka_unit_test(i5_the_curve_of_a_random_contract_equals_its_bill_at_every_size),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
