#include "server/money/weight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define HEAD                                                                                       \
    "{\"contract\": \"c\", \"vendor\": \"v\", \"currency\": \"CNY\", \"zone\": \"UTC\", "          \
    "\"charges\": "

struct fixture {
    struct arena *arena;
    struct contract contract;
    uint64_t weights[CONTRACT_METRICS];
    char reason[160];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    *state = &fixture;
    return arena_create(&fixture.arena, 4u << 20) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    return 0;
}

static enum status weigh(struct fixture *fixture, const char *document, const char *model)
{
    struct json *json;
    struct json_problem problem = {0};

    arena_reset(fixture->arena);
    assert_int_equal(json_parse(span_text(document), &json, problem.detail), STATUS_OK);
    enum status status = contract_read(json, fixture->arena, &fixture->contract, &problem);
    json_free(json);
    if (status != STATUS_OK)
        fprintf(stderr, "%s %s\n", problem.pointer, problem.detail);
    assert_int_equal(status, STATUS_OK);
    return weight_of_money(&fixture->contract, 0, model, fixture->weights, fixture->reason);
}

static void a_price_for_a_million_weighs_its_millionth_part(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"unit\", \"metric\": \"output\", \"price\": \"2.00\","
                                " \"unit\": 1000000}]}",
                           "m"),
                     STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_OUTPUT], UINT64_C(2000000000));
    assert_int_equal(fixture->weights[CONTRACT_INPUT_UNCACHED], 0);
}

static void what_does_not_divide_is_rounded_up(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"unit\", \"metric\": \"output\", \"price\": \"1\","
                                " \"unit\": 3000000}]}",
                           "m"),
                     STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_OUTPUT], UINT64_C(333333334));
}

static void charges_of_one_metric_add_up_and_other_models_weigh_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const char document[] =
        HEAD "[{\"kind\": \"unit\", \"metric\": \"requests\", \"price\": \"0.01\"},"
             "{\"kind\": \"unit\", \"metric\": \"requests\", \"price\": \"0.02\"},"
             "{\"kind\": \"unit\", \"metric\": \"requests\", \"models\": [\"other\"],"
             " \"price\": \"5\"}]}";

    assert_int_equal(weigh(fixture, document, "m"), STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_REQUESTS], UINT64_C(30000000000000));
    assert_int_equal(weigh(fixture, document, "other"), STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_REQUESTS], UINT64_C(5030000000000000));
}

static void the_dearest_tier_weighs_whatever_was_counted_before(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"graduated\", \"metric\": \"output\", \"per\":"
                                " \"month\", \"tiers\": [{\"up_to\": 1000, \"price\": \"0\"},"
                                " {\"up_to\": 2000, \"price\": \"0.003\"}, {\"price\":"
                                " \"0.002\"}]}]}",
                           "m"),
                     STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_OUTPUT], UINT64_C(3000000000000));
}

static void jumps_have_no_linear_bound_and_say_why(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"package\", \"metric\": \"output\", \"per\":"
                                " \"month\", \"size\": 1000, \"price\": \"5\"}]}",
                           "m"),
                     STATUS_DENIED);
    assert_non_null(strstr(fixture->reason, "whole package"));
    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"volume\", \"metric\": \"output\", \"per\":"
                                " \"month\", \"tiers\": [{\"up_to\": 1000, \"price\": \"0.001\"},"
                                " {\"price\": \"0.002\"}]}]}",
                           "m"),
                     STATUS_DENIED);
    assert_non_null(strstr(fixture->reason, "dearer"));
    assert_int_equal(weight_check(&fixture->contract, 0, fixture->reason), STATUS_DENIED);
    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"graduated\", \"metric\": \"output\", \"per\":"
                                " \"month\", \"tiers\": [{\"up_to\": 1000, \"price\": \"0.001\"},"
                                " {\"price\": \"0.001\", \"flat\": \"10\"}]}]}",
                           "m"),
                     STATUS_DENIED);
}

static void a_volume_that_gets_cheaper_is_bounded_by_its_first_price(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(weigh(fixture,
                           HEAD "[{\"kind\": \"volume\", \"metric\": \"output\", \"per\":"
                                " \"month\", \"tiers\": [{\"up_to\": 1000, \"price\": \"0.002\"},"
                                " {\"price\": \"0.001\"}]}]}",
                           "m"),
                     STATUS_OK);
    assert_int_equal(fixture->weights[CONTRACT_OUTPUT], UINT64_C(2000000000000));
}

static void metrics_are_found_by_name_and_joined(void **state)
{
    uint64_t weights[CONTRACT_METRICS];

    (void)state;
    assert_int_equal(weight_find_metrics(span_text("output")), CONTRACT_BIT(CONTRACT_OUTPUT));
    assert_int_equal(weight_find_metrics(span_text("tokens")), CONTRACT_ALL_TOKENS);
    assert_int_equal(weight_find_metrics(span_text("input+requests")),
                     CONTRACT_ALL_INPUT | CONTRACT_BIT(CONTRACT_REQUESTS));
    assert_int_equal(weight_find_metrics(span_text("output+")), 0);
    assert_int_equal(weight_find_metrics(span_text("")), 0);
    weight_of_metrics(CONTRACT_BIT(CONTRACT_OUTPUT), weights);
    assert_int_equal(weights[CONTRACT_OUTPUT], 1);
    assert_int_equal(weights[CONTRACT_REASONING], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_for_a_million_weighs_its_millionth_part),
        cmocka_unit_test(what_does_not_divide_is_rounded_up),
        cmocka_unit_test(charges_of_one_metric_add_up_and_other_models_weigh_nothing),
        cmocka_unit_test(the_dearest_tier_weighs_whatever_was_counted_before),
        cmocka_unit_test(jumps_have_no_linear_bound_and_say_why),
        cmocka_unit_test(a_volume_that_gets_cheaper_is_bounded_by_its_first_price),
        cmocka_unit_test(metrics_are_found_by_name_and_joined),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
