#include "server/ctl/yaml_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "server/ctl/yaml.h"

static void print(const char *json, struct buffer *out)
{
    struct json *value;

    buffer_init(out, 1 << 16);
    assert_int_equal(json_parse(span_text(json), &value, NULL), STATUS_OK);
    yaml_print(value, out);
    json_free(value);
}

static void expect(const char *json, const char *yaml)
{
    struct buffer out;

    print(json, &out);
    assert_string_equal(buffer_cstring(&out), yaml);
    buffer_release(&out);
}

static void short_things_stand_on_one_line_and_long_ones_in_blocks(void **state)
{
    (void)state;
    expect("{\"group\":\"high\",\"priority\":7,\"hard\":true,\"models\":[\"a\",\"b\"],\"settings\":"
           "{}}",
           "group: high\npriority: 7\nhard: true\nmodels: [a, b]\nsettings: {}\n");
    expect(
        "{\"charges\":[{\"kind\":\"graduated\",\"tiers\":[{\"up_to\":20000000000,\"price\":\"0\"},"
        "{\"price\":\"2.00\",\"unit\":1000000,\"note\":\"a long one, so that no line holds it "
        "all\"}]},"
        "{\"kind\":\"flat\"}]}",
        "charges:\n  - kind: graduated\n    tiers:\n"
        "      - {up_to: 20000000000, price: \"0\"}\n"
        "      - {price: \"2.00\", unit: 1000000, note: \"a long one, so that no line holds it "
        "all\"}\n"
        "  - {kind: flat}\n");
}

static void what_would_be_taken_for_something_else_is_quoted(void **state)
{
    (void)state;
    expect("{\"a\":\"true\",\"b\":\"7\",\"c\":\"2026-01-01\",\"d\":\"\",\"e\":\"x: y\",\"f\":\"a, "
           "b\",\"g\":\"80%\"}",
           "a: \"true\"\nb: \"7\"\nc: \"2026-01-01\"\nd: \"\"\ne: \"x: y\"\nf: \"a, b\"\ng: "
           "\"80%\"\n");
}

static void everything_reads_back_as_it_was(void **state)
{
    static const char *const samples[] = {
        "{\"a\":\"null\",\"b\":null,\"c\":\"~\",\"d\":\"- x\",\"e\":\"# "
        "y\",\"f\":\"a\\nb\\n\",\"g\":\" z \"}",
        "{\"persona\":\"You are kind: \\\"very\\\", {so} [to] say & * ! | > ' % @ "
        "`\",\"x\":\"你好\"}",
        "{\"routes\":[{\"vendor\":\"dahan\",\"model\":\"dahan-chat\",\"contract\":\"dahan-2026\"},"
        "{\"vendor\":\"erxian\",\"model\":\"erxian-mini\",\"contract\":\"erxian-2026\",\"use\":"
        "\"chat\"}]}",
        "{\"deep\":[[[\"one\",\"two\"],[\"a text that is long enough to leave the line, so that "
        "the list "
        "has to be a block of its own\"]],{\"a\":[],\"b\":{}}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct buffer yaml, json;
        struct json *mine, *theirs;
        char problem[160] = "";

        print(samples[i], &yaml);
        buffer_init(&json, 1 << 16);
        assert_int_equal(yaml_to_json(buffer_span(&yaml), &json, problem), STATUS_OK);
        assert_int_equal(json_parse(span_text(samples[i]), &mine, NULL), STATUS_OK);
        assert_int_equal(json_parse(buffer_span(&json), &theirs, NULL), STATUS_OK);
        assert_true(json_same(mine, theirs));
        json_free(mine);
        json_free(theirs);
        buffer_release(&yaml);
        buffer_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_things_stand_on_one_line_and_long_ones_in_blocks),
        cmocka_unit_test(what_would_be_taken_for_something_else_is_quoted),
        cmocka_unit_test(everything_reads_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
