#include "server/ctl/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect(const char *yaml, const char *json)
{
    struct buffer out;
    char problem[160] = "";

    buffer_init(&out, 65536);
    assert_int_equal(yaml_to_json(span_text(yaml), &out, problem), STATUS_OK);
    assert_string_equal(buffer_cstring(&out), json);
    buffer_release(&out);
}

static void refuse(const char *yaml, const char *part_of_problem)
{
    struct buffer out;
    char problem[160] = "";

    buffer_init(&out, 65536);
    assert_int_equal(yaml_to_json(span_text(yaml), &out, problem), STATUS_INVALID);
    assert_non_null(strstr(problem, part_of_problem));
    buffer_release(&out);
}

static void a_contract_keeps_its_shape(void **state)
{
    (void)state;
    expect("contract: dahan-2026\n"
           "term: {from: 2026-01-01, to: 2027-01-01}\n"
           "charges:\n"
           "  - {kind: unit, price: \"2.00\", unit: 1000000}\n",
           "{\"contract\":\"dahan-2026\",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},"
           "\"charges\":[{\"kind\":\"unit\",\"price\":\"2.00\",\"unit\":1000000}]}");
}

static void a_price_without_quotes_stays_text(void **state)
{
    (void)state;
    expect("price: 0.1", "{\"price\":\"0.1\"}");
}

static void plain_words_of_json_become_values(void **state)
{
    (void)state;
    expect("{a: true, b: false, c: null, d: -7, e: 'true', f: []}",
           "{\"a\":true,\"b\":false,\"c\":null,\"d\":-7,\"e\":\"true\",\"f\":[]}");
}

static void json_passes_through(void **state)
{
    (void)state;
    expect("{\"a\": [1, \"2\", {\"b\": null}]}", "{\"a\":[1,\"2\",{\"b\":null}]}");
}

static void a_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    refuse("a: 1\nb: [1, 2\n", "line ");
    refuse("a: &x 1\nb: *x\n", "line 1: anchors");
    refuse("", "empty");
    refuse("--- 1\n--- 2\n", "one document");
    refuse("? [a, b]\n: 1\n", "a key must be a word");
}

static void a_document_nested_too_deep_is_refused(void **state)
{
    char deep[128];

    (void)state;
    memset(deep, '[', 100);
    deep[100] = '\0';
    refuse(deep, "too deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_keeps_its_shape),
        cmocka_unit_test(a_price_without_quotes_stays_text),
        cmocka_unit_test(plain_words_of_json_become_values),
        cmocka_unit_test(json_passes_through),
        cmocka_unit_test(a_mistake_is_told_with_its_line),
        cmocka_unit_test(a_document_nested_too_deep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
