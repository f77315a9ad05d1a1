#include "server/ctl/price_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEAD "{\"currency\": \"CNY\", \"zone\": \"Asia/Shanghai\", \"versions\": ["

static void assert_history(const char *text, const char *expected)
{
    struct json *json;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    price_history_print(stream, json, 20);
    fclose(stream);
    json_free(json);
    assert_string_equal(out, expected);
    free(out);
}

static void amendments_are_points_with_bars_as_long_as_their_share_of_the_dearest(void **state)
{
    (void)state;
    assert_history(
        HEAD
        "{\"effective_from\": \"2023-12-31T16:00:00Z\", \"document\": {\"charges\": [{\"name\": "
        "\"d\", "
        "\"kind\": \"flat\", \"per\": \"year\", \"amount\": \"24000000.00\"}], \"amendments\": ["
        "{\"effective_from\": \"2025-01-01\", \"charges\": [{\"name\": \"d\", \"kind\": \"flat\", "
        "\"per\": \"year\", \"amount\": \"12000000.00\"}]},"
        "{\"effective_from\": \"2025-06-01\", \"caps\": []},"
        "{\"effective_from\": \"2026-01-01\", \"charges\": [{\"name\": \"d\", \"kind\": \"flat\", "
        "\"per\": \"year\", \"amount\": \"500.00\"}]}]}}]}",
        "d: flat, CNY per year\n"
        "  2024-01-01  24,000,000.00                 ####################\n"
        "  2025-01-01  12,000,000.00                 ##########\n"
        "  2026-01-01  500.00                        #\n");
}

static void a_later_version_voids_what_was_planned_and_what_it_drops_is_no_longer(void **state)
{
    (void)state;
    assert_history(
        HEAD
        "{\"effective_from\": \"2026-03-01T04:00:00Z\", \"document\": {\"charges\": [{\"kind\": "
        "\"unit\", \"metric\": \"output\", \"price\": \"1\", \"unit\": 1000}]}},"
        "{\"effective_from\": \"2025-12-31T16:00:00Z\", \"document\": {\"charges\": [{\"kind\": "
        "\"unit\", \"metric\": \"output\", \"price\": \"4\", \"unit\": 1000}, {\"name\": \"fee\", "
        "\"kind\": \"flat\", \"per\": \"month\", \"amount\": 10}], \"amendments\": ["
        "{\"effective_from\": \"2026-04-01\", \"charges\": []}]}}]}",
        "charge 1: unit of output, CNY\n"
        "  2026-01-01  4 per 1,000                   ####################\n"
        "  2026-03-02  1 per 1,000                   #####\n"
        "fee: flat, CNY per month\n"
        "  2026-01-01  10                            ####################\n"
        "  2026-03-02  no longer\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amendments_are_points_with_bars_as_long_as_their_share_of_the_dearest),
        cmocka_unit_test(a_later_version_voids_what_was_planned_and_what_it_drops_is_no_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
