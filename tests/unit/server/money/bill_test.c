#include "server/money/bill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "tests/unit/server/money/explained.h"

#define ARENA_LIMIT ((size_t)64 << 20)

/* A contract built by hand, and what was used under it. */
struct desk {
    struct contract contract;
    struct contract_terms versions[3];
    struct contract_charge charges[3][4];
    struct contract_rate rates[4];
    struct contract_commitment commitments[2];
    struct zone *zone;
    struct tally *tally;
    struct arena *arena;
    struct bill bill;
};

static struct fraction of(const char *text)
{
    struct decimal number = {0};

    assert_int_equal(decimal_parse(span_text(text), &number), STATUS_OK);
    return fraction_of_decimal(number);
}

static int64_t day(const char *date)
{
    int64_t out = 0;

    assert_int_equal(zone_parse_date(span_text(date), &out), STATUS_OK);
    return out;
}

static int64_t instant(const char *text)
{
    int64_t out = 0;

    assert_int_equal(clock_parse(span_text(text), &out), STATUS_OK);
    return out;
}

static const struct contract_quantity output = {
    .text = "output", .source = CONTRACT_RECORDED, .metrics = CONTRACT_BIT(CONTRACT_OUTPUT)};
static const struct contract_quantity devices = {.text = "active_devices",
                                                 .source = CONTRACT_ACTIVE_DEVICES};
static const struct contract_quantity spend = {.text = "spend", .source = CONTRACT_SPEND};

static void open_desk(struct desk *desk, const char *first, const char *end)
{
    memset(desk, 0, sizeof *desk);
    desk->contract = (struct contract){
        .contract_id = "c",
        .vendor_id = "v",
        .currency = "CNY",
        .minor_places = 2,
        .zone = "Asia/Shanghai",
        .term_first = day(first),
        .term_end = day(end),
        .versions = desk->versions,
        .version_count = 1,
    };
    desk->versions[0] = (struct contract_terms){
        .version = 1,
        .document = 1,
        .first = day(first),
        .end = day(end),
        .from_ms = CONTRACT_NO_DAY,
        .charges = desk->charges[0],
        .charge_count = 1,
    };
    assert_int_equal(zone_open(&desk->zone, desk->contract.zone), STATUS_OK);
    assert_int_equal(arena_create(&desk->arena, ARENA_LIMIT), STATUS_OK);
}

static void begin(struct desk *desk)
{
    assert_int_equal(tally_create(&desk->tally, &desk->contract, desk->zone), STATUS_OK);
}

static void close_desk(struct desk *desk)
{
    tally_free(desk->tally);
    arena_free(desk->arena);
    zone_close(desk->zone);
}

static struct tally_usage usage_at(const char *at, const char *device)
{
    return (struct tally_usage){
        .at_ms = instant(at),
        .end_ms = instant(at),
        .device = device,
        .model = "m",
        .service_tier = "",
        .replaces = "",
        .gauge = "",
        .is_activity = true,
    };
}

static void use(struct desk *desk, const char *at, const char *device, const char *quantity)
{
    struct tally_usage usage = usage_at(at, device);
    unsigned unpriced;

    assert_int_equal(decimal_parse(span_text(quantity), &usage.quantities[CONTRACT_OUTPUT]),
                     STATUS_OK);
    assert_int_equal(tally_add(desk->tally, &usage, &unpriced), STATUS_OK);
}

static void assert_amount(struct decimal amount, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(amount, text);
    assert_string_equal(text, expected);
}

static void assert_total(struct desk *desk, const char *expected)
{
    assert_int_equal(bill_explain(desk->tally, BILL_WHOLE_TERM, desk->arena, &desk->bill),
                     STATUS_OK);
    assert_explained(&desk->bill, desk->contract.minor_places);
    assert_amount(desk->bill.total, expected);
}

static struct contract_charge tiers(enum contract_kind kind, const struct contract_tier *list,
                                    size_t count)
{
    return (struct contract_charge){.name = "charges/0",
                                    .kind_text = "tiers",
                                    .kind = kind,
                                    .rule = {.per = PERIOD_MONTH},
                                    .quantity = output,
                                    .tiers = list,
                                    .tier_count = count};
}

static struct contract_tier tier(int64_t up_to, const char *price, const char *flat)
{
    return (struct contract_tier){
        .has_up_to = up_to != 0,
        .up_to = fraction_of(up_to),
        .price = of(price),
        .flat = of(flat),
        .package_size = FRACTION_ZERO,
    };
}

/* One month's bill for each quantity. */
static void assert_costs(const struct contract_charge *charge, const char *const (*cases)[2],
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct desk desk;

        open_desk(&desk, "2026-01-01", "2026-02-01");
        desk.charges[0][0] = *charge;
        begin(&desk);
        if (strcmp(cases[i][0], "0") != 0)
            use(&desk, "2026-01-15T12:00:00+08:00", "d", cases[i][0]);
        assert_total(&desk, cases[i][1]);
        close_desk(&desk);
    }
}

static void
graduated_charges_the_flat_fee_of_every_tier_entered_the_first_also_at_zero(void **state)
{
    const struct contract_tier list[] = {tier(10, "10", "2"), tier(20, "5", "3"),
                                         tier(0, "5", "3")};
    static const char *const cases[][2] = {{"0", "2"},    {"1", "12"},   {"10", "102"},
                                           {"11", "110"}, {"12", "115"}, {"21", "163"}};
    struct contract_charge charge = tiers(CONTRACT_GRADUATED, list, 3);

    (void)state;
    assert_costs(&charge, cases, 6);
}

static void
volume_prices_all_by_the_tier_that_contains_it_a_part_of_a_unit_by_the_higher(void **state)
{
    const struct contract_tier list[] = {tier(100, "2", "10"), tier(200, "1", "0"),
                                         tier(0, "0.5", "50")};
    static const char *const cases[][2] = {{"0", "10"},        {"1", "12"},    {"100", "210"},
                                           {"100.5", "100.5"}, {"101", "101"}, {"200", "200"},
                                           {"210", "155"},     {"300", "200"}};
    struct contract_charge charge = tiers(CONTRACT_VOLUME, list, 3);

    (void)state;
    assert_costs(&charge, cases, 8);
}

static void a_started_package_is_a_whole_one_after_included_units(void **state)
{
    static const char *const cases[][2] = {
        {"0", "0"}, {"10", "0"}, {"11", "100"}, {"20", "100"}, {"121", "1200"}};
    struct contract_charge charge = {
        .name = "charges/0",
        .kind = CONTRACT_PACKAGE,
        .rule = {.per = PERIOD_MONTH},
        .quantity = output,
        .size = fraction_of(10),
        .price = fraction_of(100),
        .has_included = true,
        .included = fraction_of(10),
    };

    (void)state;
    assert_costs(&charge, cases, 5);
}

static void maximum_then_minimum_bound_a_line(void **state)
{
    const struct contract_tier list[] = {tier(0, "1", "0")};
    static const char *const cases[][2] = {{"0", "20"}, {"30", "30"}, {"31", "31"}, {"99", "50"}};
    struct contract_charge charge = tiers(CONTRACT_GRADUATED, list, 1);

    (void)state;
    charge.has_maximum = charge.has_minimum = true;
    charge.maximum = fraction_of(50);
    charge.minimum = fraction_of(20);
    assert_costs(&charge, cases, 4);
}

/* 10 M a day in July, amended on the 15th. */
static void open_july(struct desk *desk, bool restart)
{
    static struct contract_tier before[2], after[2];

    before[0] = tier(200, "2.00", "0");
    before[1] = tier(0, "1.60", "0");
    after[0] = tier(200, "1.50", "0");
    after[1] = tier(0, "1.20", "0");
    open_desk(desk, "2026-07-01", "2026-08-01");
    desk->charges[0][0] = tiers(CONTRACT_GRADUATED, before, 2);
    desk->charges[1][0] = tiers(CONTRACT_GRADUATED, after, 2);
    desk->versions[1] = desk->versions[0];
    desk->versions[0].end = desk->versions[1].first = day("2026-07-15");
    desk->versions[1].version = 2;
    desk->versions[1].charges = desk->charges[1];
    desk->versions[1].counters_restart = restart;
    desk->contract.version_count = 2;
    begin(desk);
    for (int i = 1; i <= 31; i++) {
        char at[40];

        snprintf(at, sizeof at, "2026-07-%02dT00:00:00+08:00", i);
        use(desk, at, "d", "10");
    }
}

static void i5_an_amendment_lets_counters_continue_or_restart(void **state)
{
    struct desk desk;

    (void)state;
    open_july(&desk, false);
    assert_total(&desk, "502");
    close_desk(&desk);
    open_july(&desk, true);
    assert_total(&desk, "535");
    close_desk(&desk);
}

static void i5_a_fee_of_a_clipped_year_is_prorated_by_days(void **state)
{
    struct desk desk;

    (void)state;
    open_desk(&desk, "2024-01-01", "2024-03-01");
    desk.charges[0][0] = (struct contract_charge){.name = "charges/0",
                                                  .kind = CONTRACT_FLAT,
                                                  .rule = {.per = PERIOD_YEAR},
                                                  .amount = fraction_of(366000)};
    begin(&desk);
    assert_total(&desk, "60000");
    close_desk(&desk);
}

static void a_commitment_of_terminals_asks_a_fee_for_each_missing_one(void **state)
{
    struct desk desk;
    char device[16];

    (void)state;
    open_desk(&desk, "2026-01-01", "2027-01-01");
    desk.rates[0].price = fraction_of(30);
    desk.charges[0][0] = (struct contract_charge){.name = "charges/0",
                                                  .kind = CONTRACT_PRICED,
                                                  .rule = {.per = PERIOD_YEAR},
                                                  .quantity = devices,
                                                  .measured = CONTRACT_EVER,
                                                  .rates = desk.rates,
                                                  .rate_count = 1};
    desk.commitments[0] = (struct contract_commitment){.name = "commitments/0",
                                                       .quantity = devices,
                                                       .measured = CONTRACT_EVER,
                                                       .rule = {.per = PERIOD_YEAR},
                                                       .at_least = fraction_of(10),
                                                       .shortfall = CONTRACT_FEE_PER_UNIT,
                                                       .fee = fraction_of(30)};
    desk.versions[0].commitments = desk.commitments;
    desk.versions[0].commitment_count = 1;
    begin(&desk);
    for (int i = 0; i < 7; i++) {
        snprintf(device, sizeof device, "d%d", i);
        use(&desk, "2026-05-05T12:00:00+08:00", device, "1");
        use(&desk, "2026-06-05T12:00:00+08:00", device, "1");
    }
    assert_total(&desk, "300");
    assert_int_equal(desk.bill.line_count, 2);
    assert_amount(desk.bill.lines[1].amount, "90");
    tally_repeat(desk.tally, 2);
    assert_total(&desk, "420");
    close_desk(&desk);
}

static void a_commitment_of_spend_adds_what_the_lines_within_its_period_lack(void **state)
{
    struct desk desk;

    (void)state;
    open_desk(&desk, "2026-01-16", "2026-03-01");
    desk.charges[0][0] = (struct contract_charge){.name = "charges/0",
                                                  .kind = CONTRACT_FLAT,
                                                  .rule = {.per = PERIOD_MONTH},
                                                  .amount = of("310.00")};
    desk.commitments[0] = (struct contract_commitment){.name = "commitments/0",
                                                       .quantity = spend,
                                                       .rule = {.per = PERIOD_MONTH},
                                                       .at_least = fraction_of(1000),
                                                       .shortfall = CONTRACT_TRUE_UP};
    desk.versions[0].commitments = desk.commitments;
    desk.versions[0].commitment_count = 1;
    begin(&desk);
    /* 160 and 310; 16/31 of 1000 is 516.129 */
    assert_total(&desk, "1516.13");
    assert_amount(desk.bill.lines[2].amount, "356.13");
    assert_amount(desk.bill.lines[3].amount, "690");
    assert_int_equal(bill_make(desk.tally, instant("2026-02-15T00:00:00Z"), desk.arena, &desk.bill),
                     STATUS_OK);
    assert_amount(desk.bill.total, "826.13"); /* February's is not due yet */
    close_desk(&desk);
}

static void i5_prices_of_additions_sum_to_the_usage_whatever_the_order(void **state)
{
    const struct contract_tier list[] = {tier(5, "0", "100"), tier(10, "0", "150"),
                                         tier(15, "10", "0"), tier(0, "5", "0")};
    struct desk desk;
    struct decimal sum = {0}, whole;

    (void)state;
    open_desk(&desk, "2026-01-01", "2026-02-01");
    desk.charges[0][0] = tiers(CONTRACT_VOLUME, list, 4);
    begin(&desk);
    for (int i = 0; i < 16; i++) {
        struct tally_usage usage = usage_at("2026-01-15T12:00:00+08:00", "d");
        struct decimal price;
        unsigned unpriced;

        assert_int_equal(decimal_parse(span_text("1"), &usage.quantities[CONTRACT_OUTPUT]),
                         STATUS_OK);
        assert_int_equal(bill_add(desk.tally, &usage, &price, &unpriced), STATUS_OK);
        assert_int_equal(decimal_add(sum, price, &sum), STATUS_OK);
        if (i == 15)
            assert_amount(price, "-70"); /* 150 are taken back, 80 are owed */
    }
    assert_int_equal(bill_usage(desk.tally, &whole), STATUS_OK);
    assert_int_equal(decimal_compare(sum, whole), 0);
    assert_total(&desk, "80");
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            graduated_charges_the_flat_fee_of_every_tier_entered_the_first_also_at_zero),
        cmocka_unit_test(
            volume_prices_all_by_the_tier_that_contains_it_a_part_of_a_unit_by_the_higher),
        cmocka_unit_test(a_started_package_is_a_whole_one_after_included_units),
        cmocka_unit_test(maximum_then_minimum_bound_a_line),
        cmocka_unit_test(i5_an_amendment_lets_counters_continue_or_restart),
        cmocka_unit_test(i5_a_fee_of_a_clipped_year_is_prorated_by_days),
        cmocka_unit_test(a_commitment_of_terminals_asks_a_fee_for_each_missing_one),
        cmocka_unit_test(a_commitment_of_spend_adds_what_the_lines_within_its_period_lack),
        cmocka_unit_test(i5_prices_of_additions_sum_to_the_usage_whatever_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
