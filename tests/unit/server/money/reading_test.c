#include "server/money/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct json *json;
    struct json_problem problem;
    struct reading reading;
};

static int make(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof fixture);
    *state = &fixture;
    return arena_create(&fixture.arena, 1u << 16) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    json_free(fixture->json);
    return 0;
}

static const struct json *begin(struct fixture *fixture, const char *text)
{
    json_free(fixture->json);
    fixture->json = NULL;
    assert_int_equal(json_parse(span_text(text), &fixture->json, NULL), STATUS_OK);
    reading_init(&fixture->reading, fixture->arena, &fixture->problem);
    return fixture->json;
}

static void assert_refused(struct fixture *fixture, const char *pointer, const char *detail)
{
    assert_int_equal(reading_status(&fixture->reading), STATUS_INVALID);
    assert_string_equal(fixture->problem.pointer, pointer);
    assert_string_equal(fixture->problem.detail, detail);
}

static void a_misspelt_member_is_told_with_the_nearest_word(void **state)
{
    struct fixture *fixture = *state;
    const struct json *json = begin(fixture, "{\"prise\": 1}");

    assert_false(reading_object(&fixture->reading, json, "kind|unit|price|per", "kind"));
    assert_refused(fixture, "/prise", "is not known here: did you mean \"price\"?");

    json = begin(fixture, "{\"zebra\": 1}");
    assert_false(reading_object(&fixture->reading, json, "kind|unit|price|per", ""));
    assert_refused(fixture, "/zebra", "is not known here");

    json = begin(fixture, "{\"unit\": 1}");
    assert_false(reading_object(&fixture->reading, json, "kind|unit|price|per", "kind"));
    assert_refused(fixture, "/kind", "is missing");
}

static void the_first_refusal_stays(void **state)
{
    struct fixture *fixture = *state;
    const struct json *json = begin(fixture, "{\"a\": \"x\", \"b\": true}");
    struct fraction number = fraction_of(7);

    assert_false(reading_number(&fixture->reading, json, "a", &number));
    assert_int_equal(reading_int(&fixture->reading, json, "b", 0, 9, 5), 5);
    assert_refused(fixture, "/a",
                   "must be a decimal of up to 12 places, as text, not below 0: \"2.50\"");
    assert_int_equal(fraction_compare(number, fraction_of(7)), 0);
}

static void places_lead_through_parts_and_escape_their_names(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, "{}");
    size_t outside = reading_enter(&fixture->reading, "charges");
    size_t mark = reading_enter_item(&fixture->reading, 12);
    reading_leave(&fixture->reading, mark);
    reading_enter_item(&fixture->reading, 3);
    reading_refuse(&fixture->reading, "a/b~c", "is wrong");
    assert_refused(fixture, "/charges/3/a~1b~0c", "is wrong");
    reading_leave(&fixture->reading, outside);
}

static void numbers_are_texts_or_whole_and_never_binary(void **state)
{
    struct fixture *fixture = *state;
    static const char *const refused[] = {
        "{\"n\": 0.5}",  "{\"n\": -1}",   "{\"n\": \"-1\"}", "{\"n\": \"1e3\"}",
        "{\"n\": \"\"}", "{\"n\": null}", "{\"n\": true}",   "{\"n\": \"0.1234567890123\"}",
    };
    struct fraction number;

    assert_true(
        reading_number(&fixture->reading, begin(fixture, "{\"n\": \"0.5\"}"), "n", &number));
    assert_int_equal(fraction_compare(fraction_of(1), number), 1);
    assert_true(reading_number(&fixture->reading, begin(fixture, "{\"n\": 12}"), "n", &number));
    assert_int_equal(fraction_compare(fraction_of(12), number), 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(reading_number(&fixture->reading, begin(fixture, refused[i]), "n", &number));
    begin(fixture, "{\"n\": \"1000000000000000.1\"}");
    assert_false(reading_number(&fixture->reading, fixture->json, "n", &number));
    assert_refused(fixture, "/n", "is too large: at most 1000000000000000");
}

static void shares_have_their_sign_and_bound(void **state)
{
    struct fixture *fixture = *state;
    struct fraction share, expected;

    assert_int_equal(fraction_divide(fraction_of(13), fraction_of(1000), &expected), STATUS_OK);
    assert_true(
        reading_share(&fixture->reading, begin(fixture, "{\"s\": \"1.3%\"}"), "s", 100, &share));
    assert_int_equal(fraction_compare(share, expected), 0);
    begin(fixture, "{\"s\": \"100.1%\"}");
    assert_false(reading_share(&fixture->reading, fixture->json, "s", 100, &share));
    assert_refused(fixture, "/s", "must be from 0% to 100%");
    begin(fixture, "{\"s\": \"0.5\"}");
    assert_false(reading_share(&fixture->reading, fixture->json, "s", 100, &share));
    assert_refused(fixture, "/s", "must be a percentage as text: \"12.5%\"");
}

static void a_choice_is_its_place_among_the_words(void **state)
{
    struct fixture *fixture = *state;
    const struct json *json = begin(fixture, "{\"w\": \"week\"}");

    assert_int_equal(reading_choice(&fixture->reading, json, "w", "day|week", 0), 1);
    assert_int_equal(reading_choice(&fixture->reading, json, "x", "day|week", 0), 0);
    assert_int_equal(reading_choice(&fixture->reading, json, "w", "day|month", 0), 0);
    assert_refused(fixture, "/w", "must be one of day, month");
}

static void texts_of_a_list_are_told_once_each(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    const struct json *json = begin(fixture, "{\"m\": [\"a\", \"b\"]}");
    const char *const *texts = reading_texts(&fixture->reading, json, "m", 2, &count);

    assert_int_equal(count, 2);
    assert_string_equal(texts[1], "b");
    begin(fixture, "{\"m\": [\"a\", \"a\"]}");
    assert_null(reading_texts(&fixture->reading, fixture->json, "m", 2, &count));
    assert_refused(fixture, "/m", "has \"a\" twice");
    begin(fixture, "{\"m\": []}");
    assert_null(reading_texts(&fixture->reading, fixture->json, "m", 2, &count));
    assert_refused(fixture, "/m", "must be a list of 1 to 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_misspelt_member_is_told_with_the_nearest_word),
        TEST(the_first_refusal_stays),
        TEST(places_lead_through_parts_and_escape_their_names),
        TEST(numbers_are_texts_or_whole_and_never_binary),
        TEST(shares_have_their_sign_and_bound),
        TEST(a_choice_is_its_place_among_the_words),
        TEST(texts_of_a_list_are_told_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
