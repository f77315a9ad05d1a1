#include "server/ctl/contract_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/ctl/ctl.h"

struct fixture {
    char path[32];
    char told[4096]; /* on standard error */
};

static int make(void **state)
{
    static struct fixture fixture;

    snprintf(fixture.path, sizeof fixture.path, "/tmp/contractXXXXXX");
    *state = &fixture;
    int fd = mkstemp(fixture.path);
    return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
    return unlink(((struct fixture *)*state)->path);
}

static int read_text(struct fixture *fixture, const char *text, struct contract *contract)
{
    FILE *file = fopen(fixture->path, "w");
    FILE *told = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct arena *arena;
    struct zone *zone;

    assert_non_null(file);
    assert_non_null(told);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    dup2(fileno(told), STDERR_FILENO);
    int result = contract_file_read(fixture->path, &arena, contract, &zone);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(told);
    fixture->told[fread(fixture->told, 1, sizeof fixture->told - 1, told)] = 0;
    fclose(told);
    contract->contract_id = NULL; /* of the arena */
    arena_free(arena);
    zone_close(zone);
    return result;
}

static void assert_told(struct fixture *fixture, const char *text, const char *where_and_why)
{
    struct contract contract;
    char expected[4096];

    assert_int_equal(read_text(fixture, text, &contract), CTL_FAILED);
    snprintf(expected, sizeof expected, "mynactl: %s%s\n", fixture->path, where_and_why);
    assert_string_equal(fixture->told, expected);
}

#define HEAD "contract: c\nvendor: v\ncurrency: CNY\n"

static void a_good_document_is_read_in_silence(void **state)
{
    struct fixture *fixture = *state;
    struct contract contract;

    assert_int_equal(read_text(fixture,
                               HEAD "zone: UTC\ncharges:\n- {kind: unit, metric: output, "
                                    "price: 0.5}\n",
                               &contract),
                     CTL_DONE);
    assert_string_equal(fixture->told, "");
    assert_int_equal(contract.version_count, 1);
}

static void what_is_wrong_is_told_with_line_place_and_reason(void **state)
{
    assert_told(*state, HEAD "zone: UTC\ncharges:\n- kind: unit\n  metric: output\n  prise: 1\n",
                ":8: charges/0/prise: is not known here: did you mean \"price\"?");
    assert_told(*state, HEAD "zone: UTC\ncharges:\n- kind: unit\n  metric: output\n",
                ":6: charges/0/price: is missing");
    assert_told(*state, HEAD "zone: Mars/Olympus\ncharges:\n- {kind: flat, amount: 1, per: day}\n",
                ":4: zone: there is no such time zone; an example is \"Asia/Shanghai\"");
    assert_told(*state, "- 1\n", ":1: must be an object");
    assert_told(*state, HEAD "zone: [\n", ":5: did not find expected node content");
}

static void all_that_one_reading_can_find_is_told_by_line(void **state)
{
    struct fixture *fixture = *state;
    struct contract contract;
    char expected[4096];
    const char *path = fixture->path;

    assert_int_equal(read_text(fixture,
                               "caps:\n"
                               "- {metric: request, at_most: 0.5x, per: fortnight, hard: maybe}\n"
                               "- {metric: concurrency, at_most: 500, per: day}\n"
                               "contract: c\nvendor: v\ncurrency: CNY\nzone: Mars/Olympus\n"
                               "term: {from: 2026-01-01, to: 2027-01-01}\n"
                               "charges:\n- kind: unit\n  metric: output\n  prise: 1\n"
                               "- {name: b, kind: flat, amount: [], per: month}\n"
                               "commitments:\n"
                               "- {metric: spend, at_least: 1, charges: [b]}\n"
                               "- {metric: spend, at_least: 1, cumulative: true}\n",
                               &contract),
                     CTL_FAILED);
    snprintf(expected, sizeof expected,
             "mynactl: %s:2: caps/0/metric: \"request\" is not known: did you mean \"requests\"?\n"
             "mynactl: %s:2: caps/0/per: must be one of once, term, day, week, month, quarter, "
             "year\n"
             "mynactl: %s:2: caps/0/at_most: must be a decimal of up to 12 places, as text, not "
             "below 0: \"2.50\"\n"
             "mynactl: %s:2: caps/0/hard: must be true or false\n"
             "mynactl: %s:3: caps/1/per: has no meaning for a level: leave it out\n"
             "mynactl: %s:7: zone: there is no such time zone; an example is \"Asia/Shanghai\"\n"
             "mynactl: %s:12: charges/0/prise: is not known here: did you mean \"price\"?\n"
             "mynactl: %s:13: charges/1/amount: must be a decimal of up to 12 places, as text, not "
             "below 0: \"2.50\"\n"
             "mynactl: %s:16: commitments/1/cumulative: needs several periods: per is the whole "
             "term\n",
             path, path, path, path, path, path, path, path, path);
    assert_string_equal(fixture->told, expected);
}

static void a_fraction_of_json_is_refused_like_on_the_server(void **state)
{
    assert_told(
        *state,
        "{\"contract\": \"c\", \"vendor\": \"v\", \"currency\": \"CNY\", \"zone\": \"UTC\",\n"
        "\"charges\": [{\"kind\": \"unit\", \"metric\": \"output\",\n\"price\": 0.8}]}\n",
        ":3: charges/0/price: is a binary fraction, which is not exact: write it as text, "
        "\"0.80\"");
}

static void beyond_twenty_the_rest_is_not_told(void **state)
{
    struct fixture *fixture = *state;
    struct contract contract;
    char text[4096] = HEAD "zone: UTC\ncharges:\n";
    const char *last;

    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "- {kind: flat, amount: x, per: day}\n");
    assert_int_equal(read_text(fixture, text, &contract), CTL_FAILED);
    last = strstr(fixture->told, ":25: charges/19/amount: ");
    assert_non_null(last);
    assert_non_null(strstr(last, ": there may be more: these are the first 20\n"));
    assert_null(strstr(fixture->told, "charges/20/"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_document_is_read_in_silence),
        TEST(what_is_wrong_is_told_with_line_place_and_reason),
        TEST(all_that_one_reading_can_find_is_told_by_line),
        TEST(a_fraction_of_json_is_refused_like_on_the_server),
        TEST(beyond_twenty_the_rest_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
