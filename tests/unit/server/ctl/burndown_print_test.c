#include "server/ctl/burndown_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEAD                                                                                       \
    "{\"currency\": \"CNY\", \"as_of\": \"2026-11-23T04:00:00.000Z\", \"today\": \"2026-11-04\","  \
    "\"term\": {\"from\": \"2026-01-01\", \"to\": \"2027-01-01\"}, \"lines\": ["

static void assert_printed(const char *text, const char *expected)
{
    struct json *json;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    burndown_print(stream, json);
    fclose(stream);
    json_free(json);
    assert_string_equal(out, expected);
    free(out);
}

static void what_was_used_stands_solid_and_what_is_to_come_is_dotted(void **state)
{
    (void)state;
    assert_printed(
        HEAD
        "{\"kind\": \"cap\", \"name\": \"most\", \"state\": \"runs_out\", \"told_by\": \"days\","
        "\"hard\": true, \"metric\": \"output\", \"is_money\": false, \"models\": [\"big\"],"
        "\"per\": \"month\", \"period\": {\"from\": \"2026-11-01\", \"to\": \"2026-11-09\"},"
        "\"days_left\": 5, \"limit\": \"5600\", \"so_far\": \"4000\", \"share\": "
        "\"0.714285714285\", \"base\": \"0\", \"days\": {\"from\": \"2026-11-01\", \"amounts\": "
        "[\"1000\", \"1000\", \"1000\", \"1000\"], \"add_up\": true}, \"earlier\": [],"
        "\"forecast\": {\"formula\": \"mean_of_days\", \"days\": 3, \"per_day\": \"1000\", "
        "\"at_end\": \"8000\", \"low\": "
        "\"7500\", \"high\": \"8500.4\", \"runs_out\": \"2026-11-06\"}, \"shortfall\": null,"
        "\"thresholds\": []}]}",
        "as of 2026-11-23T04:00:00.000Z, term 2026-01-01 - 2026-12-31, 58 days left\n"
        "\n"
        "cap most (output) of big: at most 5,600, per month, hard: will be used up\n"
        "  so far 4,000 (71.4 %), 2026-11-01 - 2026-11-08, 5 days left\n"
        "  at the end about 8,000 (7,500 to 8,500): the mean of the last 3 whole days; used up on "
        "2026-11-06\n"
        "        |       .\n"
        "        |      ..\n"
        "  limit |-----...\n"
        "        |    ....\n"
        "        |   #....\n"
        "        |  ##....\n"
        "        | ###....\n"
        "      0 |####....\n");
}

static void a_commitment_in_money_tells_what_missing_it_costs(void **state)
{
    (void)state;
    assert_printed(
        HEAD
        "{\"kind\": \"commitment\", \"name\": \"commitments/0\", \"state\": \"short\","
        "\"told_by\": \"bill\", \"hard\": false, \"metric\": \"spend\", \"is_money\": true,"
        "\"models\": [], \"per\": \"term\", \"period\": {\"from\": \"2026-01-01\", \"to\": "
        "\"2027-01-01\"}, \"days_left\": 58, \"limit\": \"400000\", \"so_far\": \"1234.5\","
        "\"share\": \"0.003\", \"base\": \"0\", \"days\": null, \"earlier\": [], \"forecast\": "
        "null, \"shortfall\": {\"rule\": \"true_up\", \"missing\": \"398765.5\", \"cost\": "
        "\"398765.5\"}, \"thresholds\": []}]}",
        "as of 2026-11-23T04:00:00.000Z, term 2026-01-01 - 2026-12-31, 58 days left\n"
        "\n"
        "commitment spend: at least 400,000.00 CNY, per term: will fall short\n"
        "  so far 1,234.50 CNY (0.3 %), 2026-01-01 - 2026-12-31, 58 days left\n"
        "  missing 398,765.50 CNY, which costs about 398,765.50 CNY (true_up)\n");
}

static void a_cap_of_a_day_stands_beside_the_days_before(void **state)
{
    (void)state;
    assert_printed(
        HEAD
        "{\"kind\": \"cap\", \"name\": \"caps/0\", \"state\": \"on_course\", \"told_by\": "
        "\"days\", \"hard\": false, \"metric\": \"requests\", \"is_money\": false, \"models\": [],"
        "\"per\": \"day\", \"period\": {\"from\": \"2026-11-04\", \"to\": \"2026-11-05\"},"
        "\"days_left\": 1, \"limit\": \"8\", \"so_far\": \"2\", \"share\": \"0.25\", \"base\": "
        "\"0\", \"days\": {\"from\": \"2026-11-04\", \"amounts\": [\"2\"]}, \"earlier\": ["
        "{\"from\": \"2026-11-03\", \"to\": \"2026-11-04\", \"amount\": \"4\"}, {\"from\": "
        "\"2026-11-02\", \"to\": \"2026-11-03\", \"amount\": \"6\"}], \"forecast\": {\"formula\": "
        "\"part_of_first_day\", \"days\": 0, \"per_day\": \"3\", \"at_end\": \"3\", \"low\": "
        "\"3\", \"high\": \"3\", \"runs_out\": null}, \"shortfall\": null, \"thresholds\": []}]}",
        "as of 2026-11-23T04:00:00.000Z, term 2026-01-01 - 2026-12-31, 58 days left\n"
        "\n"
        "cap requests: at most 8, per day: on course\n"
        "  so far 2 (25.0 %), 2026-11-04 - 2026-11-04, 1 day left\n"
        "  at the end about 3: as what of the first day has gone by\n"
        "  limit |---\n"
        "        |   \n"
        "        |#  \n"
        "        |#  \n"
        "        |## \n"
        "        |##.\n"
        "        |###\n"
        "      0 |###\n");
}

static void a_level_goes_on_from_its_busiest_minutes(void **state)
{
    (void)state;
    assert_printed(
        HEAD
        "{\"kind\": \"cap\", \"name\": \"caps/2\", \"state\": \"runs_out\", \"told_by\": "
        "\"minute\", \"hard\": false, \"metric\": \"concurrency\", \"is_money\": false,"
        "\"models\": [], \"per\": \"once\", \"period\": {\"from\": \"2026-11-01\", \"to\": "
        "\"2026-11-07\"}, \"days_left\": null, \"limit\": \"8\", \"so_far\": \"1\", \"share\": "
        "\"0.125\", \"base\": \"0\", \"carried\": null, \"busiest\": \"4\", \"days\": {"
        "\"from\": \"2026-11-01\", \"amounts\": [\"1\", \"2\", \"3\", \"4\"], \"add_up\": "
        "false}, \"earlier\": [], \"forecast\": {\"formula\": \"trend_of_peaks\", \"days\": 3,"
        "\"per_day\": \"1\", \"at_end\": \"8\", \"low\": \"8\", \"high\": \"8\","
        "\"runs_out\": \"2026-11-06\"}, \"shortfall\": null, \"thresholds\": []}]}",
        "as of 2026-11-23T04:00:00.000Z, term 2026-01-01 - 2026-12-31, 58 days left\n"
        "\n"
        "cap concurrency: at most 8: will be used up\n"
        "  so far 1 (12.5 %) in the last minute; today's busiest had 4\n"
        "  on 2026-11-06 about 8: the line through the busiest minutes of the last 3 whole days; "
        "reached on 2026-11-06\n"
        "  limit |-----.\n"
        "        |     .\n"
        "        |    ..\n"
        "        |    ..\n"
        "        |   #..\n"
        "        |  ##..\n"
        "        | ###..\n"
        "      0 |####..\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_goes_on_from_its_busiest_minutes),
        cmocka_unit_test(what_was_used_stands_solid_and_what_is_to_come_is_dotted),
        cmocka_unit_test(a_commitment_in_money_tells_what_missing_it_costs),
        cmocka_unit_test(a_cap_of_a_day_stands_beside_the_days_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
