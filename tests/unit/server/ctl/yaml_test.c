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
    refuse("a: 1\nb: [1, 2\n", "3: ");
    refuse("a: 1\nb:\n  c: 1\n  a: 2\n  c: 3\n", "5: \"c\" is there twice");
    refuse("a: {b: 1, c: [{b: 2}]}\nd: 4\na: 5\n", "3: \"a\" is there twice");
    refuse("a: &x 1\nb: *x\n", "1: anchors");
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

static void a_pointer_leads_to_its_line(void **state)
{
    static const char text[] = "contract: dahan-2026\n"
                               "term: {from: 2026-01-01,\n"
                               "  to: 2027-01-01}\n"
                               "charges:\n"
                               "  - {kind: flat, amount: 1}\n"
                               "  - kind: volume\n"
                               "    tiers:\n"
                               "      - {up_to: 5}\n"
                               "      - price: 3\n"
                               "a/b: 1\n";
    static const struct {
        const char *pointer;
        size_t line;
    } cases[] = {
        {"", 1},
        {"/contract", 1},
        {"/term/to", 3},
        {"/charges", 4},
        {"/charges/0", 5},
        {"/charges/0/amount", 5},
        {"/charges/1/tiers", 7},
        {"/charges/1/tiers/1/price", 9},
        {"/charges/1/tiers/1/up_to", 9}, /* is missing there */
        {"/charges/1/metric", 6},
        {"/charges/7", 4},
        {"/chargesX", 1},
        {"/a~1b", 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(yaml_line(span_text(text), cases[i].pointer), cases[i].line);
    assert_int_equal(yaml_line(span_text("{\n\"a\": [1,\n2]}"), "/a/1"), 3);
    assert_int_equal(yaml_line(span_text("a: [1"), "/a/3"), 1);
    assert_int_equal(yaml_line(span_text(""), "/a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_keeps_its_shape),
        cmocka_unit_test(a_price_without_quotes_stays_text),
        cmocka_unit_test(plain_words_of_json_become_values),
        cmocka_unit_test(json_passes_through),
        cmocka_unit_test(a_mistake_is_told_with_its_line),
        cmocka_unit_test(a_pointer_leads_to_its_line),
        cmocka_unit_test(a_document_nested_too_deep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
