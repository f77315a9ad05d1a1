/* Clauses and kinds through whole documents: what they say is what is owed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/bill.h"
#include "server/money/usage_row.h"

#define YEAR  "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"}"
#define MONTH "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\"}"
#define TWO   "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-03-01\"}"
#define AT(month_day, more)                                                                        \
    "{\"at\":\"2026-" month_day "T12:00:00+08:00\",\"device\":\"a\",\"model\":\"m\"" more "}"
#define OUT(month_day, quantity) AT(month_day, ",\"metrics\":{\"output\":" quantity "}")
#define ON(month_day, device, more)                                                                \
    "{\"at\":\"2026-" month_day "T12:00:00+08:00\",\"device\":\"" device                           \
    "\",\"model\":\"m\",\"metrics\":{\"output\":1}" more "}"
#define UNIT(more) "\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\",\"price\":\"1\"" more "}]"

static enum status add_rows(struct tally *tally, const struct json *rows)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < json_count(rows) && status == STATUS_OK; i++) {
        struct tally_usage usage;
        struct json_problem problem;
        unsigned unpriced;

        status = usage_row_read(json_item(rows, i), &usage, &problem);
        if (status == STATUS_OK)
            status = tally_add(tally, &usage, &unpriced);
    }
    return status;
}

static void assert_owed(const char *terms, const char *usage, const char *expected)
{
    char text[4096], total[DECIMAL_TEXT_SIZE];
    struct json_problem problem = {0};
    struct json *document, *rows;
    struct arena *arena;
    struct contract contract;
    struct zone *zone;
    struct tally *tally;
    struct bill bill;

    snprintf(text, sizeof text,
             "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\""
             ",%s}",
             terms);
    assert_int_equal(json_parse(span_text(text), &document, NULL), STATUS_OK);
    snprintf(text, sizeof text, "[%s]", usage);
    assert_int_equal(json_parse(span_text(text), &rows, NULL), STATUS_OK);
    assert_int_equal(arena_create(&arena, 1 << 22), STATUS_OK);
    enum status status = contract_read(document, arena, &contract, &problem);
    assert_string_equal(problem.detail, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(zone_open(&zone, contract.zone), STATUS_OK);
    assert_int_equal(tally_create(&tally, &contract, zone), STATUS_OK);
    assert_int_equal(add_rows(tally, rows), STATUS_OK);
    assert_int_equal(bill_make(tally, BILL_WHOLE_TERM, arena, &bill), STATUS_OK);
    decimal_format(bill.total, total);
    assert_string_equal(total, expected);
    tally_free(tally);
    zone_close(zone);
    arena_free(arena);
    json_free(rows);
    json_free(document);
}

static void third_parties_cost_their_amount_with_the_markup(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"term\"}],"
                     "\"third_party_models\":{\"models\":[\"m\"],\"markup\":\"10%\"}",
                AT("03-01", ",\"amount\":\"50\""), "155");
}

static void a_missed_commitment_may_withdraw_discounts_and_lower_tiers(void **state)
{
    static const char missed[] =
        ",\"commitments\":[{\"metric\":\"spend\",\"at_least\":1000,\"per\":"
        "\"month\",\"shortfall\":{\"reprice\":true}}]";
    char terms[1024];

    (void)state;
    snprintf(terms, sizeof terms, "%s,%s%s", MONTH, UNIT(",\"discount\":\"10%\",\"per\":\"month\""),
             missed);
    assert_owed(terms, OUT("01-05", "100"), "100");
    assert_owed(terms, OUT("01-05", "2000"), "1800");
    snprintf(terms, sizeof terms,
             "%s,\"charges\":[{\"kind\":\"graduated\",\"metric\":\"output\",\"per\":\"month\","
             "\"tiers\":[{\"up_to\":10,\"price\":\"2\"},{\"price\":\"1\"}]}]%s",
             MONTH, missed);
    assert_owed(terms, OUT("01-05", "20"), "40");
    snprintf(terms, sizeof terms,
             "%s,%s,\"discounts\":[{\"percent\":\"10%%\",\"per\":\"month\"}]%s", MONTH,
             UNIT(",\"per\":\"month\""), missed);
    assert_owed(terms, OUT("01-05", "100"), "100");
    assert_owed(terms, OUT("01-05", "2000"), "1800");
}

static void a_shortfall_may_be_credited_in_the_next_period(void **state)
{
    (void)state;
    assert_owed(TWO "," UNIT(",\"per\":\"month\"") ",\"commitments\":[{\"metric\":\"spend\","
                                                   "\"at_least\":100,\"per\":\"month\","
                                                   "\"shortfall\":{\"carry_forward\":true}}]",
                OUT("01-05", "60") "," OUT("02-05", "130"), "200");
}

static void what_exceeded_earlier_periods_counts_when_it_is_cumulative(void **state)
{
    static const char *const kinds[][2] = {{"true", "210"}, {"false", "230"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char terms[1024];

        snprintf(terms, sizeof terms,
                 "%s,%s,\"commitments\":[{\"metric\":\"spend\",\"at_least\":100,\"per\":\"month\","
                 "\"cumulative\":%s,\"shortfall\":{\"true_up\":true}}]",
                 TWO, UNIT(",\"per\":\"month\""), kinds[i][0]);
        assert_owed(terms, OUT("01-05", "130") "," OUT("02-05", "80"), kinds[i][1]);
    }
}

static void a_licence_is_taken_once_and_may_pass_to_a_replacement(void **state)
{
    static const char usage[] = ON("01-05", "a", "") "," ON("01-06", "a", "") "," ON(
        "02-05", "b", ",\"replaces\":\"a\"") "," ON("03-01", "c", "");
    static const char *const rules[][2] = {{"free", "200"}, {"consumes", "300"}};
    char terms[512];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(terms, sizeof terms,
                 "%s,\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                 "\"term\":{\"months\":12},\"replacement\":\"%s\"}]",
                 YEAR, rules[i][0]);
        assert_owed(terms, usage, rules[i][1]);
    }
}

static void a_device_that_gave_its_licence_away_takes_another_when_used_again(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                     "\"term\":{\"months\":12},\"replacement\":\"free\"}]",
                ON("01-05", "a", "") "," ON("02-05", "b", ",\"replaces\":\"a\"") "," ON(
                    "04-01", "a", "") "," ON("04-02", "a", ""),
                "200");
}

static void a_licence_that_renews_is_taken_again_after_its_life(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                     "\"term\":{\"months\":1},\"renews\":true}]",
                ON("01-31", "a", "") "," ON("02-27", "a", "") "," ON("02-28", "a", ""), "200");
}

static void a_pack_pays_for_its_units_and_the_rest_is_charged(void **state)
{
    (void)state;
    assert_owed(YEAR "," UNIT(",\"per\":\"month\"") ",\"credits\":[{\"units\":100,\"metric\":"
                                                    "\"output\",\"price\":\"50\"}]",
                OUT("01-05", "70") "," OUT("02-05", "60"), "80");
    assert_owed(YEAR "," UNIT(
                    ",\"per\":\"month\",\"included\":20") ",\"credits\":[{\"units\":100,\"metric\":"
                                                          "\"output\",\"price\":\"50\"}]",
                OUT("01-05", "70") "," OUT("01-06", "80"), "80");
}

static void discounts_come_off_lines_and_prepaid_money_pays_what_is_left(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"term\"}],"
                     "\"discounts\":[{\"percent\":\"10%\"}],\"credits\":[{\"amount\":\"50\"}]",
                "", "40");
    assert_owed(YEAR "," UNIT(
                    ",\"per\":\"term\"") ",\"discounts\":[{\"per\":\"term\",\"rebate\":["
                                         "{\"up_to\":100,\"share\":\"0%\"},{\"share\":\"10%\"}]}]",
                OUT("01-05", "200"), "180");
    assert_owed(TWO ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                    "\"service_levels\":[{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\","
                    "\"credit\":\"10%\"}]",
                "", "190");
}

static void an_early_end_stops_all_but_the_fee(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                     "\"termination\":{\"on\":\"2026-07-01\",\"fee\":\"50%\"}",
                "", "900");
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                     "\"commitments\":[{\"metric\":\"spend\",\"at_least\":1200,\"per\":\"term\","
                     "\"shortfall\":{\"true_up\":true}}],"
                     "\"termination\":{\"on\":\"2026-07-01\",\"fee\":\"0%\"}",
                "", "600");
}

static void prices_may_depend_on_the_hour_and_the_service_tier(void **state)
{
    (void)state;
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"time_of_day\",\"metric\":\"output\",\"per\":"
                      "\"month\",\"price\":\"1\",\"windows\":[{\"from\":\"11:00\",\"to\":\"13:00\","
                      "\"price\":\"2\"}]}]",
                OUT("01-05", "10") ",{\"at\":\"2026-01-05T13:00:00+08:00\",\"metrics\":{\"output\":"
                                   "10}}",
                "30");
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"service_tier\",\"metric\":\"output\",\"per\":"
                      "\"month\",\"prices\":{\"default\":\"2\",\"batch\":\"1\"}}]",
                OUT("01-05", "10") "," AT(
                    "01-05", ",\"service_tier\":\"batch\",\"metrics\":{\"output\":10}"),
                "30");
}

static void levels_are_measured_as_the_charge_says(void **state)
{
    static const char *const cases[][2] = {
        {"peak", "62"}, {"average", "3"}, {"last", "31"}, {"ever", "62"}};
    char terms[512];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(terms, sizeof terms,
                 "%s,\"charges\":[{\"kind\":\"unit\",\"metric\":\"active_devices\",\"per\":"
                 "\"month\",\"price\":\"31\",\"measured\":\"%s\"}]",
                 MONTH, cases[i][0]);
        assert_owed(terms, ON("01-05", "a", "") "," ON("01-05", "b", "") "," ON("01-09", "a", ""),
                    cases[i][1]);
    }
}

static void included_units_may_be_each_devices_own(void **state)
{
    (void)state;
    assert_owed(MONTH
                "," UNIT(",\"per\":\"month\",\"included\":{\"units\":10,\"per_device\":true}"),
                OUT("01-05", "15") ",{\"at\":\"2026-01-06T12:00:00+08:00\",\"device\":\"b\","
                                   "\"metrics\":{\"output\":5}}",
                "5");
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"capacity\",\"amount\":\"10\",\"count\":3,\"per\":"
                      "\"month\"}]",
                "", "30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(third_parties_cost_their_amount_with_the_markup),
        cmocka_unit_test(a_missed_commitment_may_withdraw_discounts_and_lower_tiers),
        cmocka_unit_test(a_shortfall_may_be_credited_in_the_next_period),
        cmocka_unit_test(what_exceeded_earlier_periods_counts_when_it_is_cumulative),
        cmocka_unit_test(a_licence_is_taken_once_and_may_pass_to_a_replacement),
        cmocka_unit_test(a_device_that_gave_its_licence_away_takes_another_when_used_again),
        cmocka_unit_test(a_licence_that_renews_is_taken_again_after_its_life),
        cmocka_unit_test(a_pack_pays_for_its_units_and_the_rest_is_charged),
        cmocka_unit_test(discounts_come_off_lines_and_prepaid_money_pays_what_is_left),
        cmocka_unit_test(an_early_end_stops_all_but_the_fee),
        cmocka_unit_test(prices_may_depend_on_the_hour_and_the_service_tier),
        cmocka_unit_test(levels_are_measured_as_the_charge_says),
        cmocka_unit_test(included_units_may_be_each_devices_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
