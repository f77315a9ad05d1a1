#include "server/ctl/points.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static enum status write(const char *text, char out[1024], char problem[160])
{
    struct json_writer writer;
    struct buffer buffer;

    buffer_init(&buffer, 4096);
    json_writer_init(&writer, &buffer);
    enum status status = points_write(text, &writer, problem);
    const struct span json = buffer_span(&buffer);
    assert_true(json.size < 1024);
    memcpy(out, json.data, json.size);
    out[json.size] = '\0';
    buffer_release(&buffer);
    return status;
}

static void assert_points(const char *text, const char *expected)
{
    char problem[160] = "";
    char out[1024];

    assert_int_equal(write(text, out, problem), STATUS_OK);
    assert_string_equal(out, expected);
}

static void what_is_printed_is_what_was_typed(void **state)
{
    static const char *const typed[] = {
        "none",
        "80%=alert",
        "80%=alert,95%=alert+throttle:3,100%=block+rearm:90%",
        "1500.50=throttle:3/80+fall_back_to:erxian-2026+canned+shadow+rearm:50%+name:late",
        "90%=throttle:/80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct json *json;
        struct buffer printed;
        char problem[160];
        char out[1024];

        assert_int_equal(write(typed[i], out, problem), STATUS_OK);
        assert_int_equal(json_parse(span_text(out), &json, NULL), STATUS_OK);
        buffer_init(&printed, 1024);
        points_print(json, &printed);
        assert_true(span_equal_text(buffer_span(&printed), typed[i]));
        buffer_release(&printed);
        json_free(json);
    }
}

static void a_point_says_where_it_is_and_what_is_done_there(void **state)
{
    (void)state;
    assert_points("80%=alert", "[{\"at\":\"80%\",\"do\":[\"alert\"]}]");
    assert_points("80%=alert,1500.50=alert+block",
                  "[{\"at\":\"80%\",\"do\":[\"alert\"]},"
                  "{\"at\":\"1500.50\",\"do\":[\"alert\",\"block\"]}]");
    assert_points("none", "[]");
}

static void throttling_takes_turns_tokens_or_both(void **state)
{
    (void)state;
    assert_points("9%=throttle:3",
                  "[{\"at\":\"9%\",\"do\":[{\"throttle\":{\"turns_per_minute\":3}}]}]");
    assert_points("9%=throttle:3/80",
                  "[{\"at\":\"9%\",\"do\":[{\"throttle\":{\"turns_per_minute\":3,"
                  "\"max_output_tokens\":80}}]}]");
    assert_points("9%=throttle:/80",
                  "[{\"at\":\"9%\",\"do\":[{\"throttle\":{\"max_output_tokens\":80}}]}]");
}

static void what_is_no_action_stands_beside_them(void **state)
{
    (void)state;
    assert_points("9%=shadow+fall_back_to:small+rearm:5%+name:low",
                  "[{\"at\":\"9%\",\"do\":[{\"fall_back_to\":\"small\"}],\"shadow\":true,"
                  "\"rearm\":\"5%\",\"name\":\"low\"}]");
}

static void what_cannot_be_read_is_quoted(void **state)
{
    static const char *const bad[] = {"80%",
                                      "=alert",
                                      "80%=",
                                      "80%=stop",
                                      "80%=throttle",
                                      "80%=throttle:fast",
                                      "80%=block:1",
                                      "80%=alert,,90%=block",
                                      "80%=shadow:yes",
                                      "80%=rearm"};
    char out[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char problem[160] = "";

        assert_int_equal(write(bad[i], out, problem), STATUS_INVALID);
        assert_int_equal(problem[0], '"');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_what_was_typed),
        cmocka_unit_test(a_point_says_where_it_is_and_what_is_done_there),
        cmocka_unit_test(throttling_takes_turns_tokens_or_both),
        cmocka_unit_test(what_is_no_action_stands_beside_them),
        cmocka_unit_test(what_cannot_be_read_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
