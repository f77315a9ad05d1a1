#include "server/ctl/pack_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *printed(const char *text)
{
    struct json *json;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    pack_print(stream, json);
    fclose(stream);
    json_free(json);
    return out;
}

#define HEAD                                                                                       \
    "{\"as_of\": \"2026-11-23T04:00:00.000Z\", \"period\": {\"from\": \"2026-08-26\", \"to\": "    \
    "\"2026-11-23\"}, \"vendor\": {\"id\": \"dahan\", \"name\": \"Dahan AI\", \"dialect\": "       \
    "\"openai\", \"region\": \"\"}, "

static void each_part_tells_its_period_and_source(void **state)
{
    char *text = printed(
        HEAD
        "\"volumes\": [{\"month\": \"2026-11\", \"model\": \"m\", \"currency\": \"CNY\", "
        "\"attempts\": 1200, \"failed\": 3, \"uncertain\": 0, \"requests\": 1200, \"input\": 5000, "
        "\"input_cached\": 0, \"output\": 700, \"reasoning\": 0, \"price\": \"12.5\"}], "
        "\"records\": {\"count\": 24, \"first_at\": \"2026-11-21T12:00:00Z\", \"share\": "
        "\"0.2500\", \"errors\": [{\"class\": \"rate\", \"records\": 2}], \"first_token\": ["
        "{\"model\": \"m\", \"answers\": 20, \"p50_ms\": 100, \"p95_ms\": 190}], \"whole_answer\": "
        "["
        "{\"model\": \"m\", \"answers\": 19, \"p50_ms\": 1000, \"p95_ms\": 2345, "
        "\"p50_tokens_s\": 5.5, \"p5_tokens_s\": 2.6}], \"days\": ["
        "{\"day\": \"2026-11-20\", \"attempts\": 20, \"refused\": 2, \"unreached\": 1}, "
        "{\"day\": \"2026-11-21\", \"attempts\": 4, \"refused\": 0, \"unreached\": 0}]}, "
        "\"service_credits\": [{\"contract\": \"c-4\", \"name\": \"outage\", \"from\": "
        "\"2026-11-18\", \"to\": \"2026-11-20\", \"amount\": \"10.00\", \"currency\": \"CNY\"}], "
        "\"standings\": [], \"contracts\": []}");

    (void)state;
    assert_non_null(strstr(text, "vendor dahan (Dahan AI), 2026-08-26 - 2026-11-23, as of"));
    assert_non_null(strstr(text, "volumes (sums by day"));
    assert_non_null(strstr(text, "1,200"));
    assert_non_null(
        strstr(text, "24 records, a sample of 0.2500 of all, kept since 2026-11-21T12:00:00Z"));
    assert_non_null(strstr(text, "2,345"));
    assert_non_null(strstr(text, "5.5"));
    assert_non_null(strstr(text, "available: 87.500 %"));
    assert_non_null(strstr(text, "2026-11-20"));
    assert_null(strstr(text, "2026-11-21 "));
    assert_non_null(strstr(text, "outage"));
    free(text);
}

static void of_a_standing_the_commitments_alone_are_told(void **state)
{
    char *text = printed(
        HEAD "\"volumes\": [], \"records\": {\"count\": 0, \"first_at\": null, \"share\": \"1\", "
             "\"errors\": [], \"first_token\": []}, \"service_credits\": [], \"standings\": ["
             "{\"contract\": \"c-1\", \"currency\": \"CNY\", \"lines\": ["
             "{\"kind\": \"commitment\", \"name\": \"floor\", \"metric\": \"output\", \"state\": "
             "\"met\", \"per\": \"month\", \"limit\": \"5\", \"so_far\": \"6\"},"
             "{\"kind\": \"cap\", \"name\": \"most\", \"metric\": \"output\", \"state\": \"over\", "
             "\"per\": \"month\", \"limit\": \"5\", \"so_far\": \"6\"}]}], \"contracts\": []}");

    (void)state;
    assert_non_null(strstr(text, "c-1: commitment floor (output): at least 5, per month: met"));
    assert_null(strstr(text, "cap most"));
    assert_non_null(strstr(text, "(0 records)"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_tells_its_period_and_source),
        cmocka_unit_test(of_a_standing_the_commitments_alone_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
