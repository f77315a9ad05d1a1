/* What holds for every contract: random documents, random usage, all seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/buffer.h"
#include "server/money/bill.h"
#include "tests/support/dice.h"
#include "tests/unit/server/money/explained.h"

#define SEEDS     16
#define ROWS      60
#define FIRST_MS  INT64_C(1767196800000) /* 2026-01-01 in Shanghai */
#define SPAN_DAYS 120

struct desk {
    struct buffer text;
    struct json *json;
    struct arena *arena;
    struct contract contract;
    struct zone *zone;
    struct tally *tally;
};

static const char *const models[] = {"small", "big"};
static const char *const devices[] = {"d1", "d2", "d3"};

static const char *pick(struct dice *dice, const char *const *words, size_t count)
{
    return words[dice_below(dice, count)];
}

/* {up_to, price, flat}: three tiers, prices rising when monotone. */
static void write_tiers(struct buffer *out, struct dice *dice, bool flats)
{
    unsigned bound = 1 + (unsigned)dice_below(dice, 50);

    buffer_text(out, ",\"tiers\":[");
    for (int i = 0; i < 3; i++) {
        buffer_format(out, "%s{", i ? "," : "");
        if (i < 2)
            buffer_format(out, "\"up_to\":%u,", bound);
        if (flats && dice_below(dice, 2))
            buffer_format(out, "\"flat\":\"%u.5\",", (unsigned)dice_below(dice, 9));
        buffer_format(out, "\"price\":\"0.%03u\",\"unit\":%u}", (unsigned)dice_below(dice, 1000),
                      dice_below(dice, 2) ? 1 : 7);
        bound += 1 + (unsigned)dice_below(dice, 100);
    }
    buffer_text(out, "]");
}

static void write_price(struct buffer *out, struct dice *dice)
{
    buffer_format(out, ",\"price\":\"%u.%02u\",\"unit\":%u", (unsigned)dice_below(dice, 3),
                  (unsigned)dice_below(dice, 100), dice_below(dice, 2) ? 1000 : 60);
}

/* Calendar periods, or anniversaries of a day that not every month has. */
static void write_rule(struct buffer *out, struct dice *dice)
{
    static const char *const periods[] = {"week", "month", "quarter", "day", "term"};
    uint64_t per = dice_below(dice, 5);

    buffer_format(out, ",\"per\":\"%s\"", periods[per]);
    if (per < 3 && dice_below(dice, 3) == 0)
        buffer_format(out, ",\"anchor\":\"2025-12-%02u\"", 1 + (unsigned)dice_below(dice, 31));
}

static void write_bounds(struct buffer *out, struct dice *dice)
{
    if (dice_below(dice, 4) == 0)
        buffer_text(out, ",\"discount\":\"12.5%\"");
    if (dice_below(dice, 4) == 0)
        buffer_format(out, ",\"maximum\":%u", 20 + (unsigned)dice_below(dice, 100));
    if (dice_below(dice, 4) == 0)
        buffer_format(out, ",\"minimum\":%u", 1 + (unsigned)dice_below(dice, 20));
}

enum kind { UNIT, GRADUATED, PACKAGE, MATRIX, HOURS, LICENCE, PERCENTAGE, POINTS, VOLUME, KINDS };

/* Of what each row says it cost: with free allowances, one or both, or with bounds of an event. */
static void write_percentage(struct buffer *out, struct dice *dice)
{
    static const char *const limits[] = {"",
                                         ",\"free_amount\":40",
                                         ",\"free_events\":7",
                                         ",\"free_amount\":40,\"free_events\":7",
                                         ",\"event_min\":\"0.3\",\"event_max\":2",
                                         ",\"free_events\":5,\"event_min\":1"};

    buffer_format(out, ",\"rate\":\"%u.%u%%\"%s", 1 + (unsigned)dice_below(dice, 120),
                  (unsigned)dice_below(dice, 10), pick(dice, limits, 6));
    if (dice_below(dice, 2))
        buffer_text(out, ",\"fixed\":\"0.125\"");
}

static void write_points(struct buffer *out, struct dice *dice)
{
    if (dice_below(dice, 2))
        write_tiers(out, dice, true);
    else
        write_price(out, dice);
    buffer_format(out,
                  ",\"weights\":[{\"models\":[\"big\"],\"metric\":\"output\",\"points\":%u,"
                  "\"unit\":7},{\"metric\":\"tokens\",\"points\":\"0.%u\"}]",
                  1 + (unsigned)dice_below(dice, 90), 1 + (unsigned)dice_below(dice, 99));
}

static void write_kind(struct buffer *out, struct dice *dice, enum kind kind)
{
    switch (kind) {
    case UNIT:
        write_price(out, dice);
        break;
    case PACKAGE:
        buffer_format(out, ",\"size\":%u,\"price\":\"3.33\"", 1 + (unsigned)dice_below(dice, 30));
        break;
    case MATRIX:
        buffer_text(out, dice_below(dice, 2)
                             ? ",\"prices\":{\"input_uncached\":\"0.7\",\"output\":\"1.1\"}"
                             : ",\"prices\":{\"output\":\"1.3\",\"input_uncached\":\"0.2\"}");
        buffer_text(out, ",\"unit\":3");
        break;
    case HOURS:
        write_price(out, dice);
        buffer_format(out,
                      ",\"windows\":[{\"from\":\"%02u:30\",\"to\":\"06:15\",\"price\":\"0.4\"}]",
                      7 + (unsigned)dice_below(dice, 16));
        break;
    case LICENCE:
        buffer_format(out, ",\"price\":\"7.77\",\"term\":{\"days\":%u},\"renews\":true",
                      10 + (unsigned)dice_below(dice, 60));
        if (dice_below(dice, 2))
            buffer_format(out, ",\"at_least\":%u", 1 + (unsigned)dice_below(dice, 3));
        break;
    case PERCENTAGE:
        write_percentage(out, dice);
        break;
    case POINTS:
        write_points(out, dice);
        break;
    default:
        write_tiers(out, dice, true);
    }
}

/* A charge whose cost only grows with usage, unless volume is allowed. */
static void write_charge(struct buffer *out, struct dice *dice, bool with_volume)
{
    static const char *const names[] = {"unit",    "graduated",  "package", "matrix", "time_of_day",
                                        "licence", "percentage", "points",  "volume"};
    static const char *const metrics[] = {"\"output\"", "\"input\"", "\"tokens\"",
                                          "[\"output\",\"reasoning\"]"};
    enum kind kind = (enum kind)dice_below(dice, with_volume ? KINDS : VOLUME);
    bool has_metric = kind != MATRIX && kind != LICENCE && kind != PERCENTAGE && kind != POINTS;

    buffer_format(out, "{\"kind\":\"%s\"", names[kind]);
    write_rule(out, dice);
    if (has_metric)
        buffer_format(out, ",\"metric\":%s", pick(dice, metrics, 4));
    if (kind != POINTS && dice_below(dice, 3) == 0)
        buffer_format(out, ",\"models\":[\"%s\"]", pick(dice, models, 2));
    write_kind(out, dice, kind);
    has_metric = has_metric || kind == POINTS;
    if (has_metric && kind != HOURS && dice_below(dice, 3) == 0)
        buffer_format(out, ",\"included\":%u", (unsigned)dice_below(dice, 60));
    else if (has_metric && kind != HOURS && dice_below(dice, 4) == 0)
        buffer_text(out, ",\"included\":{\"units\":5,\"per_device\":true}");
    write_bounds(out, dice);
    buffer_text(out, "}");
}

static void write_charges(struct buffer *out, struct dice *dice, bool with_volume)
{
    uint64_t count = 1 + dice_below(dice, 4);

    buffer_text(out, "\"charges\":[{\"name\":\"promised\",\"kind\":\"graduated\",\"metric\":"
                     "\"output\",\"per\":\"month\"");
    write_tiers(out, dice, true);
    write_bounds(out, dice);
    buffer_text(out, "}");
    for (uint64_t i = 0; i < count; i++) {
        buffer_byte(out, ',');
        write_charge(out, dice, with_volume);
    }
    buffer_text(out, "]");
}

/* Promises of money, of units at a fee, of units at their charge's price, of a share. */
static void write_commitments(struct buffer *out, struct dice *dice)
{
    unsigned least = 1 + (unsigned)dice_below(dice, 400);

    buffer_text(out, ",\"commitments\":[{\"metric\":\"spend\"");
    write_rule(out, dice);
    buffer_format(out,
                  ",\"at_least\":%u,\"shortfall\":{\"true_up\":true}},{\"metric\":\"tokens\","
                  "\"at_least\":%u,\"shortfall\":{\"fee_per_unit\":\"0.3\"}",
                  least, 3 * least);
    write_rule(out, dice);
    buffer_format(out,
                  "},{\"metric\":\"output\",\"at_least\":%u,\"per\":\"month\",\"charges\":["
                  "\"promised\"],\"shortfall\":{\"true_up\":true}},{\"metric\":\"tokens\","
                  "\"share\":\"90%%\",\"per\":\"month\",\"shortfall\":{\"fee_per_unit\":\"0.1\"}}]",
                  2 * least);
}

/* Money and packs, bought or given, some granted anew each month. */
static void write_credits(struct buffer *out, struct dice *dice, const char *before)
{
    static const char *const credits[] = {
        "{\"name\":\"money\",\"amount\":150,\"price\":100}",
        "{\"name\":\"wallet\",\"amount\":\"33.33\",\"per\":\"month\",\"rollover\":{\"at_most\":5,"
        "\"periods\":1}}",
        "{\"name\":\"pack\",\"units\":200,\"metric\":\"output\",\"models\":[\"big\"],\"price\":7}",
        "{\"name\":\"daily\",\"units\":\"4.5\",\"metric\":\"tokens\",\"per\":\"day\","
        "\"priority\":2,\"overage\":\"carried\"}",
        "{\"name\":\"early\",\"units\":300,\"metric\":\"output\",\"to\":\"2026-02-10\","
        "\"priority\":1}",
    };
    uint64_t wanted = 1 + dice_below(dice, 31);

    buffer_format(out, "%s\"credits\":[", before);
    before = "";
    for (size_t i = 0; i < 5; i++) {
        if (!(wanted >> i & 1))
            continue;
        buffer_format(out, "%s%s", before, credits[i]);
        before = ",";
    }
    buffer_text(out, "]");
}

/* What is taken off, owed by the vendor, taxed, due in between. */
static void write_clauses(struct buffer *out, struct dice *dice, bool with_levels)
{
    if (dice_below(dice, 2))
        write_credits(out, dice, ",");
    if (dice_below(dice, 3) == 0)
        buffer_text(out, ",\"discounts\":[{\"percent\":\"3.3%\",\"per\":\"month\"},{\"rebate\":[{"
                         "\"up_to\":50,\"share\":\"0%\"},{\"share\":\"5%\"}],\"per\":"
                         "\"quarter\"}]");
    if (with_levels && dice_below(dice, 3) == 0)
        buffer_text(out, ",\"service_levels\":[{\"from\":\"2026-02-10\",\"to\":\"2026-03-20\","
                         "\"credit\":\"10%\",\"at_most\":\"7%\"}]");
    if (dice_below(dice, 3) == 0)
        buffer_text(out, ",\"tax\":{\"rate\":\"6%\"}");
    if (dice_below(dice, 3) == 0)
        buffer_text(out, ",\"interim\":[30,100]");
}

static void write_head(struct buffer *out)
{
    buffer_text(out, "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":"
                     "\"Asia/Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-05-01\"},");
}

static void open_text(struct desk *desk)
{
    struct json_problem problem = {0};

    assert_int_equal(json_parse(buffer_span(&desk->text), &desk->json, NULL), STATUS_OK);
    assert_int_equal(arena_create(&desk->arena, (size_t)64 << 20), STATUS_OK);
    enum status status = contract_read(desk->json, desk->arena, &desk->contract, &problem);
    assert_string_equal(problem.detail, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(zone_open(&desk->zone, desk->contract.zone), STATUS_OK);
    assert_int_equal(tally_create(&desk->tally, &desk->contract, desk->zone), STATUS_OK);
}

static void write_contract(struct desk *desk, struct dice *dice, bool with_volume)
{
    uint64_t splits = dice_below(dice, 3);

    buffer_init(&desk->text, 1 << 20);
    write_head(&desk->text);
    write_charges(&desk->text, dice, with_volume);
    write_commitments(&desk->text, dice);
    write_clauses(&desk->text, dice, true);
    for (uint64_t i = 0; i < splits; i++) {
        buffer_format(&desk->text, "%s{\"effective_from\":\"2026-0%d-%02u\",\"counters\":\"%s\",",
                      i ? "," : ",\"amendments\":[", i ? 3 : 2, 5 + (unsigned)dice_below(dice, 20),
                      dice_below(dice, 4) ? "continue" : "restart");
        write_charges(&desk->text, dice, with_volume);
        if (dice_below(dice, 3) == 0)
            write_credits(&desk->text, dice, ",");
        buffer_text(&desk->text, "}");
    }
    buffer_text(&desk->text, splits ? "]}" : "}");
}

static void open_desk(struct desk *desk, uint64_t seed, bool with_volume)
{
    struct dice dice;

    dice_init(&dice, seed, span_text("contract"));
    write_contract(desk, &dice, with_volume);
    open_text(desk);
}

static void close_desk(struct desk *desk)
{
    tally_free(desk->tally);
    zone_close(desk->zone);
    arena_free(desk->arena);
    json_free(desk->json);
    buffer_release(&desk->text);
}

static struct decimal whole(uint64_t number)
{
    struct decimal out = {0};

    assert_true(fraction_is_decimal(fraction_of((int64_t)number), &out));
    return out;
}

static void roll_rows(struct tally_usage rows[ROWS], uint64_t seed)
{
    struct dice dice;

    dice_init(&dice, seed, span_text("usage"));
    for (size_t i = 0; i < ROWS; i++) {
        int64_t at_ms = FIRST_MS + (int64_t)dice_below(&dice, SPAN_DAYS * UINT64_C(86400000));

        rows[i] = (struct tally_usage){
            .at_ms = at_ms,
            .end_ms = at_ms,
            .device = pick(&dice, devices, 3),
            .model = pick(&dice, models, 2),
            .service_tier = "",
            .replaces = "",
            .gauge = "",
            .is_activity = true,
        };
        rows[i].quantities[CONTRACT_OUTPUT] = whole(2 * dice_below(&dice, 20));
        rows[i].quantities[CONTRACT_INPUT_UNCACHED] = whole(2 * dice_below(&dice, 40));
        rows[i].quantities[CONTRACT_REASONING] = whole(2 * dice_below(&dice, 10));
        rows[i].is_elsewhere = dice_below(&dice, 8) == 0;
        rows[i].has_amount = dice_below(&dice, 2) == 1;
        rows[i].amount = rows[i].has_amount ? whole(dice_below(&dice, 30)) : whole(0);
    }
}

static void shuffle(struct tally_usage rows[ROWS], uint64_t seed)
{
    struct dice dice;

    dice_init(&dice, seed, span_text("order"));
    for (size_t i = ROWS; i-- > 1;) {
        size_t other = dice_below(&dice, i + 1);
        struct tally_usage swap = rows[i];

        rows[i] = rows[other];
        rows[other] = swap;
    }
}

/* Adds all rows; the prices' sum. */
static struct decimal add_rows(struct desk *desk, const struct tally_usage *rows)
{
    struct decimal sum = {0};

    for (size_t i = 0; i < ROWS; i++) {
        struct decimal price;
        unsigned unpriced;

        assert_int_equal(bill_add(desk->tally, &rows[i], &price, &unpriced), STATUS_OK);
        assert_int_equal(decimal_add(sum, price, &sum), STATUS_OK);
    }
    return sum;
}

static void assert_same_bills(struct desk *a, struct desk *b)
{
    struct bill one, other;

    assert_int_equal(bill_make(a->tally, BILL_WHOLE_TERM, a->arena, &one), STATUS_OK);
    assert_int_equal(bill_make(b->tally, BILL_WHOLE_TERM, b->arena, &other), STATUS_OK);
    assert_int_equal(one.line_count, other.line_count);
    for (size_t i = 0; i < one.line_count; i++) {
        assert_int_equal(fraction_compare(one.lines[i].exact, other.lines[i].exact), 0);
        assert_int_equal(fraction_compare(one.lines[i].quantity, other.lines[i].quantity), 0);
        assert_int_equal(decimal_compare(one.lines[i].amount, other.lines[i].amount), 0);
    }
    assert_int_equal(decimal_compare(one.total, other.total), 0);
}

static void i5_prices_of_records_add_up_to_the_usage_in_any_order(void **state)
{
    struct tally_usage rows[ROWS];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct desk desk, other;
        struct decimal usage;

        open_desk(&desk, seed, true);
        open_desk(&other, seed, true);
        roll_rows(rows, seed);
        struct decimal sum = add_rows(&desk, rows);
        assert_int_equal(bill_usage(desk.tally, &usage), STATUS_OK);
        assert_int_equal(decimal_compare(sum, usage), 0);
        shuffle(rows, seed);
        assert_int_equal(decimal_compare(add_rows(&other, rows), sum), 0);
        assert_same_bills(&desk, &other);
        close_desk(&other);
        close_desk(&desk);
    }
}

static void i5_the_steps_of_every_line_add_up_to_it_and_can_be_reckoned_again(void **state)
{
    struct tally_usage rows[ROWS];
    unsigned seen = 0;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct bill told, plain;
        struct desk desk;

        open_desk(&desk, seed, true);
        roll_rows(rows, seed);
        add_rows(&desk, rows);
        assert_int_equal(bill_explain(desk.tally, BILL_WHOLE_TERM, desk.arena, &told), STATUS_OK);
        assert_int_equal(bill_make(desk.tally, BILL_WHOLE_TERM, desk.arena, &plain), STATUS_OK);
        assert_int_equal(told.line_count, plain.line_count);
        for (size_t i = 0; i < told.line_count; i++) {
            assert_int_equal(decimal_compare(told.lines[i].amount, plain.lines[i].amount), 0);
            assert_int_equal(plain.lines[i].step_count, 0);
            assert_steps(&told.lines[i], desk.contract.minor_places);
            for (size_t k = 0; k < told.lines[i].step_count; k++)
                seen |= 1u << told.lines[i].steps[k].kind;
        }
        close_desk(&desk);
    }
    /* the rest is in the bills of bill_test and of those that include owed.h */
    assert_int_equal(~seen & ((1u << (BILL_STEP_ROUNDING + 1)) - 1),
                     1u << BILL_STEP_DAYS | 1u << BILL_STEP_KEPT | 1u << BILL_STEP_LISTED |
                         1u << BILL_STEP_BOUND | 1u << BILL_STEP_WAS);
}

static enum status load(void *context, const struct tally_count *count)
{
    struct desk *desk = context;

    return tally_load(desk->tally, count);
}

static void i5_counts_kept_batch_by_batch_make_the_same_bill(void **state)
{
    struct tally_usage rows[ROWS];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct desk desk, kept;
        unsigned unpriced;

        open_desk(&desk, seed, true);
        open_desk(&kept, seed, true);
        roll_rows(rows, seed);
        for (size_t i = 0; i < ROWS; i++) {
            assert_int_equal(tally_add(desk.tally, &rows[i], &unpriced), STATUS_OK);
            if (i % (1 + seed % 9) == 0 || i + 1 == ROWS) {
                assert_int_equal(tally_each(desk.tally, true, load, &kept), STATUS_OK);
                tally_mark(desk.tally);
            }
        }
        assert_same_bills(&desk, &kept);
        close_desk(&kept);
        close_desk(&desk);
    }
}

static void i5_a_record_in_two_halves_costs_what_the_whole_does(void **state)
{
    struct tally_usage rows[ROWS];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct desk desk, halves;

        open_desk(&desk, seed, true);
        open_desk(&halves, seed, true);
        roll_rows(rows, seed);
        for (size_t i = 0; i < ROWS; i++)
            rows[i].has_amount = false; /* an event is one, however it is told */
        struct decimal sum = add_rows(&desk, rows);
        for (size_t i = 0; i < ROWS; i++)
            for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++)
                rows[i].quantities[metric].units /= 2; /* all are even */
        struct decimal half = add_rows(&halves, rows);
        shuffle(rows, seed);
        struct decimal rest = add_rows(&halves, rows);
        assert_int_equal(decimal_add(half, rest, &half), STATUS_OK);
        assert_int_equal(decimal_compare(half, sum), 0);
        assert_same_bills(&desk, &halves);
        close_desk(&halves);
        close_desk(&desk);
    }
}

static void i5_without_volume_no_record_costs_less_than_nothing(void **state)
{
    struct tally_usage rows[ROWS];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct desk desk;
        struct dice dice;

        /* One version: a later one may ask less for what was counted before. */
        dice_init(&dice, seed, span_text("monotone"));
        buffer_init(&desk.text, 1 << 20);
        write_head(&desk.text);
        write_charges(&desk.text, &dice, false);
        buffer_text(&desk.text, "}");
        open_text(&desk);
        roll_rows(rows, seed);
        for (size_t i = 0; i < ROWS; i++) {
            struct decimal price;
            unsigned unpriced;

            assert_int_equal(bill_add(desk.tally, &rows[i], &price, &unpriced), STATUS_OK);
            assert_true(price.units >= 0);
        }
        close_desk(&desk);
    }
}

/* What is charged before rounding; what is taken of rounded lines is rounded with them. */
static struct fraction exact_sum(const struct bill *bill)
{
    struct fraction sum = FRACTION_ZERO;

    for (size_t i = 0; i < bill->line_count; i++)
        if (bill->lines[i].source == BILL_CHARGE || bill->lines[i].source == BILL_COMMITMENT ||
            bill->lines[i].source == BILL_PURCHASE)
            assert_int_equal(fraction_add(sum, bill->lines[i].exact, &sum), STATUS_OK);
    return sum;
}

/* A line that is parted may round up twice, and so may what follows from it: discounts, tax ... */
static void assert_near(const struct bill *a, const struct bill *b)
{
    const int64_t lines = (int64_t)(a->line_count + b->line_count);
    struct fraction difference, most = fraction_ratio(lines, 100);

    assert_int_equal(fraction_subtract(fraction_of_decimal(a->total), fraction_of_decimal(b->total),
                                       &difference),
                     STATUS_OK);
    if (fraction_sign(difference) < 0)
        assert_int_equal(fraction_subtract(FRACTION_ZERO, difference, &difference), STATUS_OK);
    assert_true(fraction_compare(difference, most) <= 0);
}

static void assert_same_sums(struct desk *plain, struct desk *amended)
{
    struct bill a, b;

    assert_int_equal(bill_make(plain->tally, BILL_WHOLE_TERM, plain->arena, &a), STATUS_OK);
    assert_int_equal(bill_make(amended->tally, BILL_WHOLE_TERM, amended->arena, &b), STATUS_OK);
    assert_int_equal(fraction_compare(exact_sum(&a), exact_sum(&b)), 0);
    assert_near(&a, &b);
}

static void i5_an_amendment_that_changes_nothing_changes_no_sum(void **state)
{
    struct tally_usage rows[ROWS];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct desk plain, amended;
        struct dice dice;

        dice_init(&dice, seed, span_text("plain"));
        buffer_init(&plain.text, 1 << 20);
        buffer_init(&amended.text, 1 << 20);
        write_head(&plain.text);
        write_charges(&plain.text, &dice, true);
        write_commitments(&plain.text, &dice);
        /* a service level takes a longer line by its days, and a parted one part by part */
        write_clauses(&plain.text, &dice, false);
        buffer_add(&amended.text, buffer_span(&plain.text));
        buffer_text(&plain.text, "}");
        buffer_format(&amended.text,
                      ",\"amendments\":[{\"effective_from\":\"2026-02-%02u\",\"thresholds\":[]}]}",
                      1 + (unsigned)dice_below(&dice, 28));
        open_text(&plain);
        open_text(&amended);
        roll_rows(rows, seed);
        add_rows(&plain, rows);
        struct decimal sum = add_rows(&amended, rows), usage;
        assert_int_equal(bill_usage(amended.tally, &usage), STATUS_OK);
        assert_int_equal(decimal_compare(sum, usage), 0);
        assert_same_sums(&plain, &amended);
        close_desk(&amended);
        close_desk(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_prices_of_records_add_up_to_the_usage_in_any_order),
        cmocka_unit_test(i5_the_steps_of_every_line_add_up_to_it_and_can_be_reckoned_again),
        cmocka_unit_test(i5_counts_kept_batch_by_batch_make_the_same_bill),
        cmocka_unit_test(i5_a_record_in_two_halves_costs_what_the_whole_does),
        cmocka_unit_test(i5_without_volume_no_record_costs_less_than_nothing),
        cmocka_unit_test(i5_an_amendment_that_changes_nothing_changes_no_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
