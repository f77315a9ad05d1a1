#include "server/ctl/circuit_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schema/base/clock.h"

static void assert_printed(const char *document, const char *expected)
{
    int64_t now_ms;
    struct json *json;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(clock_parse(span_text("2026-11-24T10:00:00Z"), &now_ms), STATUS_OK);
    assert_int_equal(json_parse(span_text(document), &json, NULL), STATUS_OK);
    circuit_print(out, json, now_ms);
    fclose(out);
    assert_string_equal(text, expected);
    json_free(json);
    free(text);
}

static void each_route_tells_since_when_why_and_when_it_is_tried_again(void **state)
{
    (void)state;
    assert_printed(
        "[{\"device\":\"r1\",\"vendor\":\"dahan\",\"model\":\"m\",\"contract\":\"c\",\"class\":"
        "\"net\",\"failures\":4,\"since\":\"2026-11-24T09:30:00Z\",\"next\":"
        "\"2026-11-24T10:00:30Z\"},{\"device\":\"r2\",\"vendor\":\"dahan\",\"model\":\"m\","
        "\"contract\":\"c\",\"class\":\"auth\",\"failures\":1,\"since\":\"2026-11-24T09:58:30Z\","
        "\"next\":\"2026-11-24T09:59:00Z\"}]",
        "\n"
        "robot  route left out  since       why   failed in a row  tried again\n"
        "r1     dahan/m         30 min ago  net                 4  30 s from now\n"
        "r2     dahan/m         90 s ago    auth                1  with the next question\n");
}

static void a_robots_own_need_no_name_and_none_leave_no_trace(void **state)
{
    (void)state;
    assert_printed("[]", "");
    assert_printed("null", "");
    assert_printed("[{\"vendor\":\"dahan\",\"model\":\"m\",\"contract\":\"c\",\"class\":\"busy\","
                   "\"failures\":3,\"since\":\"2026-11-24T09:59:00Z\",\"next\":null}]",
                   "\n"
                   "route left out  since     why   failed in a row  tried again\n"
                   "dahan/m         60 s ago  busy                3  with the next question\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_route_tells_since_when_why_and_when_it_is_tried_again),
        cmocka_unit_test(a_robots_own_need_no_name_and_none_leave_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
