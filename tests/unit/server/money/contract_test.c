#include "server/money/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/money/rate.h"
#include "server/money/zone.h"

#define HEAD                                                                                       \
    "\"contract\":\"c-1\",\"vendor\":\"v-1\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\""
#define UNIT "{\"kind\":\"unit\",\"metric\":\"output\",\"price\":\"2.00\",\"unit\":1000000}"

static int make(void **state)
{
    return arena_create((struct arena **)state, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static enum status read_text(struct arena *arena, const char *text, struct contract *contract,
                             struct json_problem *problem)
{
    struct json *json;

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    enum status status = contract_read(json, arena, contract, problem);
    json_free(json);
    return status;
}

static void assert_refused(struct arena *arena, const char *text, const char *pointer,
                           const char *detail)
{
    struct contract contract = {.vendor_id = "untouched"};
    struct json_problem problem = {0};

    assert_int_equal(read_text(arena, text, &contract, &problem), STATUS_INVALID);
    assert_string_equal(problem.pointer, pointer);
    assert_non_null(strstr(problem.detail, detail));
    assert_string_equal(contract.vendor_id, "untouched");
}

static void assert_fraction(struct fraction number, const char *expected)
{
    struct decimal decimal;
    char text[DECIMAL_TEXT_SIZE];

    assert_true(fraction_is_decimal(number, &decimal));
    decimal_format(decimal, text);
    assert_string_equal(text, expected);
}

static void flat_fees_and_unit_prices_are_read(void **state)
{
    struct contract contract;
    struct json_problem problem;
    const struct contract_charge *charges;

    assert_int_equal(
        read_text(*state,
                  "{" HEAD ",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},"
                  "\"charges\":[{\"kind\":\"flat\",\"amount\":\"3000000.00\",\"per\":\"term\"},"
                  "{\"kind\":\"unit\",\"metric\":\"output\",\"models\":[\"big\",\"small\"],"
                  "\"price\":\"2.00\",\"unit\":1000000}]}",
                  &contract, &problem),
        STATUS_OK);
    assert_string_equal(contract.contract_id, "c-1");
    assert_int_equal(contract.term_end, zone_day_of(2027, 1, 1));
    assert_int_equal(contract.version_count, 1);
    assert_int_equal(contract.versions[0].charge_count, 2);
    charges = contract.versions[0].charges;
    assert_int_equal(charges[0].kind, CONTRACT_FLAT);
    assert_int_equal(charges[0].rule.per, PERIOD_TERM);
    assert_fraction(charges[0].amount, "3000000");
    assert_int_equal(charges[1].kind, CONTRACT_PRICED);
    assert_int_equal(charges[1].rule.per, PERIOD_TERM);
    assert_string_equal(charges[1].quantity.text, "output");
    assert_string_equal(charges[1].filter.models[1], "small");
    assert_int_equal(charges[1].rates[0].metrics, CONTRACT_BIT(CONTRACT_OUTPUT));
    assert_fraction(charges[1].rates[0].price, "0.000002");
}

static void every_metric_has_its_name(void **state)
{
    struct contract contract;
    struct json_problem problem;

    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        char text[512];

        snprintf(text, sizeof text,
                 "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"%s\",\"price\":\"1\"}]}",
                 contract_metric_name((enum contract_metric)i));
        assert_int_equal(read_text(*state, text, &contract, &problem), STATUS_OK);
        assert_int_equal(contract.versions[0].charges[0].quantity.metrics, 1u << i);
    }
}

static void what_is_not_rated_is_refused_with_its_place_and_reason(void **state)
{
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[" UNIT
                   ",{\"kind\":\"graduated\",\"metric\":\"output\",\"tiers\":[]}]}",
                   "/charges/1/kind", "\"graduated\" are not rated yet");
    assert_refused(*state, "{" HEAD ",\"charges\":[" UNIT "],\"caps\":[]}", "/caps", "not known");
    assert_refused(*state, "{" HEAD ",\"charges\":[" UNIT "],\"commitments\":[]}", "/commitments",
                   "not known");
    assert_refused(*state, "{" HEAD ",\"charges\":[" UNIT "],\"thresholds\":[]}", "/thresholds",
                   "not known");
    assert_refused(*state, "{" HEAD ",\"charges\":[" UNIT "],\"rebate\":1}", "/rebate", "");
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\","
                   "\"price\":\"1\",\"included\":5}]}",
                   "/charges/0/included", "");
}

static void values_that_cannot_be_are_refused_with_their_place(void **state)
{
    assert_refused(*state, "{" HEAD ",\"charges\":[]}", "/charges", "1 to 64");
    assert_refused(*state, "{" HEAD "}", "/charges", "");
    assert_refused(*state,
                   "{\"contract\":\"c-1\",\"vendor\":\"v-1\",\"currency\":\"cny\","
                   "\"zone\":\"UTC\",\"charges\":[" UNIT "]}",
                   "/currency", "ISO 4217");
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\","
                   "\"price\":\"1\",\"unit\":0}]}",
                   "/charges/0/unit", "from 1 to 1000000000000");
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\","
                   "\"price\":\"-1\"}]}",
                   "/charges/0/price", "not below 0");
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"words\","
                   "\"price\":\"1\"}]}",
                   "/charges/0/metric", "input_uncached");
    assert_refused(*state,
                   "{" HEAD ",\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\","
                   "\"price\":\"1\",\"models\":[\"big*\"]}]}",
                   "/charges/0/models", "\"*\" only alone");
    assert_refused(*state,
                   "{" HEAD ",\"term\":{\"from\":\"2026-02-30\",\"to\":\"2027-01-01\"},"
                   "\"charges\":[" UNIT "]}",
                   "/term/from", "YYYY-MM-DD");
    assert_refused(*state,
                   "{" HEAD ",\"term\":{\"from\":\"2027-01-01\",\"to\":\"2027-01-01\"},"
                   "\"charges\":[" UNIT "]}",
                   "/term/to", "later than from");
}

static void i5_a_record_costs_the_exact_sum_of_its_classes(void **state)
{
    struct contract contract;
    struct json_problem problem;
    struct decimal price;
    unsigned unpriced;
    char text[DECIMAL_TEXT_SIZE];
    uint64_t used[CONTRACT_METRICS] = {0};

    /* per 1M: input 5, cache write 6.25, output 25; 6, 159,217 and 2,745 tokens */
    assert_int_equal(
        read_text(*state,
                  "{" HEAD ",\"charges\":["
                  "{\"kind\":\"unit\",\"metric\":\"input_uncached\",\"price\":\"5\","
                  "\"unit\":1000000},"
                  "{\"kind\":\"unit\",\"metric\":\"cache_write_5m\",\"price\":\"6.25\","
                  "\"unit\":1000000},"
                  "{\"kind\":\"unit\",\"metric\":\"output\",\"price\":\"25\",\"unit\":1000000},"
                  "{\"kind\":\"unit\",\"metric\":\"output\",\"models\":[\"other\"],"
                  "\"price\":\"1000\"}]}",
                  &contract, &problem),
        STATUS_OK);
    used[CONTRACT_INPUT_UNCACHED] = 6;
    used[CONTRACT_CACHE_WRITE_5M] = 159217;
    used[CONTRACT_OUTPUT] = 2745;
    used[CONTRACT_REQUESTS] = 1;
    assert_int_equal(rate_record(contract.versions, "big", used, &price, &unpriced), STATUS_OK);
    decimal_format(price, text);
    assert_string_equal(text, "1.06376125");
    assert_int_equal(unpriced, 0);
    used[CONTRACT_REASONING] = 3;
    assert_int_equal(rate_record(contract.versions, "big", used, &price, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, 1u << CONTRACT_REASONING);
}

static void usage_under_a_flat_fee_alone_costs_nothing_more(void **state)
{
    struct contract contract;
    struct json_problem problem;
    struct decimal price;
    unsigned unpriced;
    const uint64_t used[CONTRACT_METRICS] = {[CONTRACT_OUTPUT] = 1000};

    assert_int_equal(read_text(*state,
                               "{" HEAD ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"1\","
                               "\"per\":\"year\"}]}",
                               &contract, &problem),
                     STATUS_OK);
    assert_int_equal(rate_record(contract.versions, "big", used, &price, &unpriced), STATUS_OK);
    assert_int_equal(decimal_compare(price, (struct decimal){0}), 0);
    assert_int_equal(unpriced, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flat_fees_and_unit_prices_are_read),
        TEST(every_metric_has_its_name),
        TEST(what_is_not_rated_is_refused_with_its_place_and_reason),
        TEST(values_that_cannot_be_are_refused_with_their_place),
        TEST(i5_a_record_costs_the_exact_sum_of_its_classes),
        TEST(usage_under_a_flat_fee_alone_costs_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
