#include "server/api/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/wire/setting.h"

static int make(void **state)
{
    return arena_create((struct arena **)state, 1 << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static struct json *parse(struct span text)
{
    struct json *json;
    char problem[160];

    if (json_parse(text, &json, problem) != STATUS_OK)
        fail_msg("%s", problem);
    return json;
}

static void the_catalogue_lists_every_setting(void **state)
{
    struct span text;
    size_t count;
    const struct setting_spec *specs = setting_table(&count);

    assert_int_equal(catalogue_list(*state, &text), STATUS_OK);
    struct json *list = parse(text);
    const struct json *items = json_member(list, "items");
    assert_int_equal(json_count(items), count);
    for (size_t i = 0; i < count; i++) {
        const struct json *item = json_item(items, i);
        assert_string_equal(json_text(json_member(item, "name"), ""), specs[i].name);
        assert_int_equal(json_int(json_member(item, "max"), -1), specs[i].max);
    }
    json_free(list);
}

static void choices_come_one_by_one(void **state)
{
    struct span text;
    size_t found = 0;

    assert_int_equal(catalogue_list(*state, &text), STATUS_OK);
    struct json *list = parse(text);
    const struct json *items = json_member(list, "items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *item = json_item(items, i);
        if (strcmp(json_text(json_member(item, "name"), ""), "language") != 0)
            continue;
        const struct json *choices = json_member(item, "choices");
        assert_int_equal(json_count(choices), 3);
        assert_string_equal(json_text(json_item(choices, 0), ""), "auto");
        assert_string_equal(json_text(json_item(choices, 2), ""), "zh");
        found++;
    }
    assert_int_equal(found, 1);
    json_free(list);
}

static void every_default_fits_its_own_setting(void **state)
{
    char reason[LIMIT_REASON + 1];
    struct span text;

    assert_int_equal(catalogue_defaults(*state, &text), STATUS_OK);
    struct json *list = parse(text);
    assert_true(json_count(list) > 5);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_item(list, i);
        const char *name = json_text(json_member(item, "name"), "");
        assert_int_equal(
            setting_check(setting_find(span_text(name)), json_member(item, "value"), reason),
            STATUS_OK);
    }
    json_free(list);
}

static void the_first_wrong_setting_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *pointer; /* NULL: fits */
    } cases[] = {
        {"{\"volume\": 50, \"language\": \"zh\"}", NULL},
        {"{}", NULL},
        {"{\"volume\": 50, \"pitch\": 3}", "/settings/pitch"},
        {"{\"volume\": 500}", "/settings/volume"},
        {"[]", "/settings"},
    };
    struct json_problem problem;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *settings = parse(span_text(cases[i].text));
        enum status status = catalogue_check(settings, &problem);
        assert_int_equal(status, cases[i].pointer == NULL ? STATUS_OK : STATUS_INVALID);
        if (cases[i].pointer != NULL)
            assert_string_equal(problem.pointer, cases[i].pointer);
        json_free(settings);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_catalogue_lists_every_setting),
        TEST(choices_come_one_by_one),
        TEST(every_default_fits_its_own_setting),
        TEST(the_first_wrong_setting_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
