#include "server/ctl/drain_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_printed(void (*print)(FILE *out, const struct json *json), const char *document,
                           const char *expected)
{
    struct json *json;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(json_parse(span_text(document), &json, NULL), STATUS_OK);
    print(out, json);
    fclose(out);
    assert_string_equal(text, expected);
    json_free(json);
    free(text);
}

static void what_breaks_is_named_with_how_much_of_it_fits(void **state)
{
    (void)state;
    assert_printed(
        drain_print_room,
        "{\"vendor\":\"big\",\"robots\":3000,\"fits\":false,\"kept\":22,\"kept_first\":[\"r1\","
        "\"r2\"],\"hours\":720,\"landings\":[{\"robots\":3000,\"use\":\"chat\",\"model\":\"mini\","
        "\"vendor\":\"small\",\"contract\":\"small-26\"}],\"money\":[{\"per_day\":\"1500.00\","
        "\"currency\":\"CNY\",\"contract\":\"small-26\",\"lands\":true},{\"per_day\":\"0.00\","
        "\"currency\":\"CNY\",\"contract\":\"big-26\",\"lands\":false}],\"findings\":[{"
        "\"severity\":\"warn\",\"text\":\"a soft one\"},{\"severity\":\"refuse\",\"text\":"
        "\"a cap breaks\"}],\"headroom\":[{\"source\":\"cap:small-26:day\",\"limit\":\"10000\","
        "\"stay\":\"0\",\"at_end\":\"26000\",\"carries\":38,\"unit\":\"requests\",\"hard\":true}],"
        "\"rates\":[{\"contract\":\"small-26\",\"limit\":60,\"stay\":1,\"at_end\":20,\"carries\":"
        "100,\"metric\":\"requests_per_minute\",\"hard\":false}]}",
        "3000 robots are led away from big: IT DOES NOT FIT\n"
        "  3000 robots' chat goes to mini of small, contract small-26\n"
        "  no other route for some use: r1, r2 and 20 more\n"
        "  a day of it costs 1,500.00 CNY under small-26\n"
        "  a day of it costs 0.00 CNY under big-26, where it is now\n"
        "  BREAKS  a cap breaks\n"
        "  mind    a soft one\n"
        "\n"
        "  limit where it lands                      at most            now        with it  "
        "carries\n"
        "  cap:small-26:day                           10,000              0         26,000     38 "
        "% requests\n"
        "  small-26                                       60              1             20    100 "
        "% requests_per_minute (soft)\n"
        "\n"
        "  as metered in the last 720 hours, and as if it lasted\n");
}

static void a_report_tells_how_long_it_took_and_who_did_not_answer(void **state)
{
    (void)state;
    assert_printed(
        drain_print,
        "{\"kind\":\"drill\",\"id\":7,\"vendor\":\"big\",\"state\":\"ended\",\"share\":\"1%\","
        "\"reason\":\"monday\",\"from\":\"F\",\"author\":\"operator:anna\",\"until\":\"U\","
        "\"return_at\":\"R\",\"returned_by\":\"mynad\",\"kept\":0,\"report\":{\"robots\":3,"
        "\"moved\":2,\"median_moved_s\":0.812,\"last_moved_s\":3.25,\"not_moved\":[\"r9\"],"
        "\"landed\":{\"attempts\":40,\"failed\":1,\"first_token_ms\":120},\"money\":[{\"price\":"
        "\"0.31\",\"currency\":\"CNY\"}],\"strayed\":0,\"back\":2,\"last_back_s\":null}}",
        "drill 7 of big: ended, 1%, monday\n"
        "  from               F by operator:anna\n"
        "  until              U\n"
        "  given back         R by mynad\n"
        "  moved              2 of 3\n"
        "  half of them in    0.8 s\n"
        "  the last in        3.2 s\n"
        "  not moved          r9\n"
        "  answers elsewhere  40, 1 of them failed\n"
        "  first token        120 ms (median)\n"
        "  they cost          0.31 CNY\n"
        "  back               2 of 3\n"
        "  the last in        -\n");
}

static void what_stands_is_a_line_each(void **state)
{
    (void)state;
    assert_printed(drain_print_list,
                   "[{\"kind\":\"emergency\",\"id\":3,\"state\":\"active\",\"from\":\"F\","
                   "\"until\":null,\"moved\":5,\"robots\":6,\"reason\":\"down\"},"
                   "{\"kind\":\"maintenance\",\"id\":4,\"state\":\"planned\",\"from\":\"F\","
                   "\"until\":\"U\",\"moved\":0,\"robots\":0,\"reason\":\"\"}]",
                   "emergency 3: active from F, 5 of 6 robots moved: down\n"
                   "maintenance 4: planned from F until U, 0 of 0 robots moved\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_is_named_with_how_much_of_it_fits),
        cmocka_unit_test(what_stands_is_a_line_each),
        cmocka_unit_test(a_report_tells_how_long_it_took_and_who_did_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
