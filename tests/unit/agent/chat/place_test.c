#include "agent/chat/place.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct json *parse(const char *text)
{
    struct json *json;

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    return json;
}

static void a_path_leads_through_members_and_lists(void **state)
{
    struct json *json =
        parse("{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":\"y\",\"d\":\"\"}]},\"n\":null}");

    (void)state;
    assert_string_equal(place_text(json, "a.b.1.c"), "y");
    assert_null(place_text(json, "a.b.1.d")); /* empty: nothing is said */
    assert_null(place_find(json, "a.b.2.c"));
    assert_null(place_find(json, "a.b.c"));
    assert_null(place_find(json, "n.c"));
    assert_null(place_find(json, "missing.c"));
    assert_null(place_find(NULL, "a"));
    json_free(json);
}

static void the_first_place_that_tells_a_count_wins(void **state)
{
    static const struct place_count places[] = {
        {DIALECT_INPUT, "u.first"},
        {DIALECT_INPUT, "u.second"},
        {DIALECT_OUTPUT, "u.out"},
    };
    struct json *both = parse("{\"u\":{\"first\":1,\"second\":2,\"out\":7}}");
    struct json *other = parse("{\"u\":{\"first\":-1,\"second\":2,\"out\":99999999999}}");
    struct dialect_usage usage;

    (void)state;
    dialect_usage_init(&usage);
    place_read_usage(both, places, 3, &usage);
    assert_int_equal(usage.counts[DIALECT_INPUT], 1);
    assert_int_equal(usage.counts[DIALECT_OUTPUT], 7);
    /* what is no count changes nothing */
    place_read_usage(other, places, 3, &usage);
    assert_int_equal(usage.counts[DIALECT_INPUT], 2);
    assert_int_equal(usage.counts[DIALECT_OUTPUT], 7);
    assert_int_equal(usage.counts[DIALECT_REASONING], -1);
    json_free(both);
    json_free(other);
}

static void an_unknown_word_ends_the_answer_and_none_does_not(void **state)
{
    static const struct place_finish words[] = {{"length", DIALECT_FINISH_LENGTH}};

    (void)state;
    assert_int_equal(place_read_finish("length", words, 1), DIALECT_FINISH_LENGTH);
    assert_int_equal(place_read_finish("stop", words, 1), DIALECT_FINISH_STOP);
    assert_int_equal(place_read_finish("", words, 1), DIALECT_FINISH_NONE);
    assert_int_equal(place_read_finish(NULL, words, 1), DIALECT_FINISH_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_through_members_and_lists),
        cmocka_unit_test(the_first_place_that_tells_a_count_wins),
        cmocka_unit_test(an_unknown_word_ends_the_answer_and_none_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
