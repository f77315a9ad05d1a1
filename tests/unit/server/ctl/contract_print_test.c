#include "server/ctl/contract_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void a_contract_is_told_in_tables_and_the_rest_in_its_own_words(void **state)
{
    static const char contract[] =
        "{\"id\": \"c\", \"vendor\": \"v\", \"currency\": \"CNY\", \"zone\": \"Asia/Shanghai\","
        "\"version\": 1, \"versions\": [{\"version\": 1, \"effective_from\": "
        "\"2025-12-31T16:00:00Z\", \"created_at\": \"2026-01-05T00:00:00Z\", \"created_by\": "
        "\"operator:a\"}],"
        "\"document\": {\"term\": {\"from\": \"2026-01-01\", \"to\": \"2027-01-01\"},"
        "\"grace_days\": 7,"
        "\"charges\": [{\"name\": \"fee\", \"kind\": \"flat\", \"per\": \"term\", \"amount\": "
        "\"3000000.00\", \"discount\": \"5%\"}],"
        "\"caps\": [{\"metric\": \"requests\", \"at_most\": 2000000, \"per\": \"day\", \"hard\": "
        "true}],"
        "\"thresholds\": [{\"of\": \"spend\", \"limit\": \"10\", \"at\": \"80%\", \"do\": "
        "[\"alert\"]}],"
        "\"amendments\": [{\"effective_from\": \"2026-07-01\", \"commitments\": [{\"metric\": "
        "\"spend\", \"at_least\": \"9000\", \"per\": \"month\"}]}]}}";
    struct json *json;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    (void)state;
    assert_int_equal(json_parse(span_text(contract), &json, NULL), STATUS_OK);
    contract_print(stream, json);
    fclose(stream);
    json_free(json);
    assert_string_equal(out, "contract  c\n"
                             "vendor    v\n"
                             "currency  CNY\n"
                             "zone      Asia/Shanghai\n"
                             "term      2026-01-01 - 2026-12-31\n"
                             "\n"
                             "version  in force from  made        by\n"
                             "      1  2026-01-01     2026-01-05  operator:a\n"
                             "\n"
                             "version 1 says\n"
                             "\n"
                             "charges\n"
                             "name  kind  per\n"
                             "fee   flat  term\n"
                             "    3,000,000.00\n"
                             "    discount: 5%\n"
                             "\n"
                             "caps\n"
                             "metric    per    at most  hard\n"
                             "requests  day  2,000,000  yes\n"
                             "\n"
                             "thresholds\n"
                             "of     when\n"
                             "spend  at 80%\n"
                             "    limit: 10, do: [\"alert\"]\n"
                             "\n"
                             "grace_days: 7\n"
                             "\n"
                             "and from 2026-07-01 on\n"
                             "\n"
                             "commitments\n"
                             "metric  per    at least\n"
                             "spend   month     9,000\n");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_is_told_in_tables_and_the_rest_in_its_own_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
