#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "schema/base/json.h"

static struct json *parse(const char *text)
{
    struct json *json = NULL;
    char problem[160];

    if (json_parse(span_text(text), &json, problem) != STATUS_OK)
        fail_msg("%s: %s", text, problem);
    return json;
}

static void assert_dump(const struct json *json, const char *expected)
{
    struct buffer out;

    buffer_init(&out, 4096);
    json_dump(json, &out);
    assert_int_equal(buffer_status(&out), STATUS_OK);
    assert_string_equal(buffer_cstring(&out), expected);
    buffer_release(&out);
}

static void members_and_items_are_found_by_name_and_place(void **state)
{
    struct json *json = parse("{\"b\": [1, \"two\", 3.5, true, null], \"a\": {}}");
    const struct json *list = json_member(json, "b");
    const char *name = NULL;

    (void)state;
    assert_int_equal(json_type(json), JSON_OBJECT);
    assert_int_equal(json_count(list), 5);
    assert_int_equal(json_int(json_item(list, 0), -1), 1);
    assert_string_equal(json_text(json_item(list, 1), ""), "two");
    assert_true(json_double(json_item(list, 2), 0) > 3.4);
    assert_true(json_double(json_item(list, 0), 0) > 0.9);
    assert_true(json_bool(json_item(list, 3), false));
    assert_int_equal(json_type(json_item(list, 4)), JSON_NULL);
    assert_null(json_item(list, 5));
    assert_int_equal(json_type(json_member_at(json, 1, &name)), JSON_OBJECT);
    assert_string_equal(name, "a");
    assert_null(json_member_at(json, 2, &name));
    json_free(json);
}

static void what_is_absent_or_of_another_kind_gives_the_fallback(void **state)
{
    struct json *json = parse("{\"a\": \"text\"}");

    (void)state;
    assert_null(json_member(json, "x"));
    assert_null(json_member(json_member(json, "a"), "x"));
    assert_null(json_item(json, 0));
    assert_int_equal(json_int(json_member(json, "a"), 7), 7);
    assert_int_equal(json_int(NULL, 8), 8);
    assert_true(json_bool(json_member(json, "a"), true));
    assert_string_equal(json_text(NULL, "none"), "none");
    assert_int_equal(json_count(json_member(json, "a")), 0);
    json_free(json);
    json_free(NULL);
}

static void what_is_not_strictly_json_is_refused_with_the_place(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "{\"a\": 1,}",
        "{\"a\": 1} x",
        "{\"a\": 1, \"a\": 2}",
        "[01]",
        "nul",
        "\"\xff\"",
        "\"\\u0000\"",
        "[NaN]",
        "{\"a\" 1}",
        "'a'",
        "[1e999]",
        "[99999999999999999999]",
    };
    struct json *json = NULL;
    char problem[160];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        problem[0] = 0;
        if (json_parse(span_text(bad[i]), &json, problem) != STATUS_INVALID)
            fail_msg("%s was read", bad[i]);
        assert_non_null(strstr(problem, "line"));
        assert_int_equal(json_parse(span_text(bad[i]), &json, NULL), STATUS_INVALID);
    }
    assert_null(json);
}

static void documents_are_bounded_in_depth(void **state)
{
    char text[80] = "";
    struct json *json = NULL;
    char problem[160];

    (void)state;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    json_free(json);
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    assert_int_equal(json_parse(span_text(text), &json, problem), STATUS_INVALID);
    assert_non_null(strstr(problem, "32"));
    json = parse("[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]");
    json_free(json);
}

static void documents_are_bounded_in_size(void **state)
{
    static char text[1024 * 1024 + 2];
    struct json *json = NULL;

    (void)state;
    memset(text, ' ', sizeof text - 1);
    text[0] = '1';
    assert_int_equal(json_parse(span_of(text, 1024 * 1024), &json, NULL), STATUS_OK);
    json_free(json);
    assert_int_equal(json_parse(span_of(text, 1024 * 1024 + 1), &json, NULL), STATUS_INVALID);
}

static void a_dump_keeps_the_order_of_the_document(void **state)
{
    struct json *json = parse("{ \"z\": 1, \"a\": [true, null, \"\\u00e9\\n\"] , \"m\": {} }");

    (void)state;
    assert_dump(json, "{\"z\":1,\"a\":[true,null,\"\xc3\xa9\\n\"],\"m\":{}}");
    assert_dump(json_member(json, "z"), "1");
    assert_dump(NULL, "null");
    json_free(json);
}

static void the_writer_sets_commas_and_quotes(void **state)
{
    struct buffer out;
    struct json_writer writer;

    (void)state;
    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "list");
    json_begin_array(&writer);
    json_write_int(&writer, INT64_MIN);
    json_write_real(&writer, 0.1);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_write_null(&writer);
    json_end_array(&writer);
    json_key(&writer, "t\"");
    json_write_text(&writer, span_text("a\"b\\c\n\t\x01"));
    json_key(&writer, "raw");
    json_write_raw(&writer, span_text("[1,2]"));
    json_key(&writer, "flag");
    json_write_bool(&writer, false);
    json_write_member(&writer, "m", "\"");
    json_end_object(&writer);
    assert_int_equal(buffer_status(&out), STATUS_OK);
    assert_string_equal(
        buffer_cstring(&out),
        "{\"list\":[-9223372036854775808,0.1,{},null],"
        "\"t\\\"\":\"a\\\"b\\\\c\\n\\u0009\\u0001\",\"raw\":[1,2],\"flag\":false,\"m\":\"\\\"\"}");
    buffer_release(&out);
}

static void text_that_is_not_utf8_is_written_so_that_it_can_be_read(void **state)
{
    struct buffer out;
    struct json_writer writer;
    struct json *json = NULL;

    (void)state;
    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_write_text(&writer, span_text("\xff\xe4\xbd\xa0\xe4\xbdz"));
    assert_int_equal(json_parse(buffer_span(&out), &json, NULL), STATUS_OK);
    assert_string_equal(json_text(json, ""), "\xef\xbf\xbd\xe4\xbd\xa0\xef\xbf\xbd\xef\xbf\xbdz");
    json_free(json);
    buffer_release(&out);
}

static void numbers_that_json_lacks_latch_a_failure(void **state)
{
    struct buffer out;
    struct json_writer writer;

    (void)state;
    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_write_real(&writer, NAN);
    assert_int_equal(buffer_status(&out), STATUS_INVALID);
    buffer_release(&out);
}

static void reals_are_read_back_as_the_same_number(void **state)
{
    static const double reals[] = {0.1, 1.0 / 3, 1e300, -2.5e-7, 123456789.123456789};

    (void)state;
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        struct buffer out;
        struct json_writer writer;
        struct json *json = NULL;

        buffer_init(&out, 64);
        json_writer_init(&writer, &out);
        json_write_real(&writer, reals[i]);
        assert_int_equal(json_parse(buffer_span(&out), &json, NULL), STATUS_OK);
        double back = json_double(json, 0);
        assert_memory_equal(&back, &reals[i], sizeof back);
        json_free(json);
        buffer_release(&out);
    }
}

static void documents_are_the_same_whatever_the_order_of_members(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"{\"a\":1,\"b\":[{\"c\":\"x\",\"d\":null}]}", "{\"b\":[{\"d\":null,\"c\":\"x\"}],\"a\":1}",
         true},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"[1,2]", "[2,1]", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct json *a = NULL, *b = NULL;

        assert_int_equal(json_parse(span_text(pairs[i].a), &a, NULL), STATUS_OK);
        assert_int_equal(json_parse(span_text(pairs[i].b), &b, NULL), STATUS_OK);
        assert_int_equal(json_same(a, b), pairs[i].same);
        json_free(a);
        json_free(b);
    }
    assert_false(json_same(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_items_are_found_by_name_and_place),
        cmocka_unit_test(what_is_absent_or_of_another_kind_gives_the_fallback),
        cmocka_unit_test(what_is_not_strictly_json_is_refused_with_the_place),
        cmocka_unit_test(documents_are_bounded_in_depth),
        cmocka_unit_test(documents_are_bounded_in_size),
        cmocka_unit_test(a_dump_keeps_the_order_of_the_document),
        cmocka_unit_test(documents_are_the_same_whatever_the_order_of_members),
        cmocka_unit_test(the_writer_sets_commas_and_quotes),
        cmocka_unit_test(text_that_is_not_utf8_is_written_so_that_it_can_be_read),
        cmocka_unit_test(numbers_that_json_lacks_latch_a_failure),
        cmocka_unit_test(reals_are_read_back_as_the_same_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
