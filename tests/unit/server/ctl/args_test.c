#include "server/ctl/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static enum status parse(struct args *args, const char *allowed, const char *line,
                         char problem[160])
{
    static char words[512];
    char *argv[16];
    int argc = 0;

    snprintf(words, sizeof words, "%s", line);
    for (char *rest = words, *word; (word = strtok_r(rest, " ", &rest)) && argc < 16;)
        argv[argc++] = word;
    return args_parse(args, allowed, argc, argv, problem);
}

static void options_and_words_may_mix(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(
        parse(&args, "name priority", "kitchen --name=Kitchen robot --priority 7", problem),
        STATUS_OK);
    assert_int_equal(args.count, 2);
    assert_string_equal(args.words[0], "kitchen");
    assert_string_equal(args.words[1], "robot");
    assert_string_equal(args_option(&args, "name", ""), "Kitchen");
    assert_string_equal(args_option(&args, "priority", ""), "7");
}

static void an_option_that_ends_with_a_mark_takes_no_value(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, "name dry-run!", "--dry-run kitchen --name K", problem),
                     STATUS_OK);
    assert_true(args_flag(&args, "dry-run"));
    assert_false(args_flag(&args, "wet-run"));
    assert_int_equal(args.count, 1);
    assert_string_equal(args_option(&args, "name", ""), "K");
    assert_int_equal(parse(&args, "name dry-run!", "kitchen", problem), STATUS_OK);
    assert_false(args_flag(&args, "dry-run"));
    assert_int_equal(parse(&args, "dry-run!", "--dry-run=yes", problem), STATUS_INVALID);
    assert_string_equal(problem, "--dry-run takes no value");
    assert_int_equal(parse(&args, "dry-run!", "--dry-run! yes", problem), STATUS_INVALID);
}

static void notes_are_for_people_and_not_for_parsing(void **state)
{
    const char *allowed = "metric(output, requests; required) dry-run!(only tell) zone";
    struct args_allowed option;
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, allowed, "--zone UTC --dry-run --metric output", problem),
                     STATUS_OK);
    assert_string_equal(args_option(&args, "zone", ""), "UTC");
    assert_int_equal(parse(&args, allowed, "--requests 1", problem), STATUS_INVALID);
    assert_int_equal(parse(&args, allowed, "--required) 1", problem), STATUS_INVALID);

    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.name, "metric"));
    assert_true(span_equal_text(option.note, "output, requests; required"));
    assert_false(option.is_flag);
    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.name, "dry-run"));
    assert_true(option.is_flag);
    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.name, "zone"));
    assert_int_equal(option.note.size, 0);
    assert_false(args_next(&allowed, &option));
}

static void what_was_not_given_is_the_fallback(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, "name", "", problem), STATUS_OK);
    assert_string_equal(args_option(&args, "name", "none"), "none");
}

static void an_unknown_option_is_named(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    /* "nam" begins an allowed name and is still another word */
    assert_int_equal(parse(&args, "name", "--nam x", problem), STATUS_INVALID);
    assert_non_null(strstr(problem, "--nam"));
}

static void an_option_without_its_value_is_named(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, "name", "x --name", problem), STATUS_INVALID);
    assert_non_null(strstr(problem, "--name needs a value"));
}

static void dash_f_is_the_file(void **state)
{
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, "file", "-f contract.yaml", problem), STATUS_OK);
    assert_string_equal(args_option(&args, "file", ""), "contract.yaml");
}

static void a_name_may_tell_what_its_value_is_and_that_it_is_needed(void **state)
{
    const char *allowed = "at-most=AMOUNT*(a number) as=MODEL=MODEL url* zone dry-run!";
    struct args_allowed option;
    struct args args;
    char problem[160];

    (void)state;
    assert_int_equal(parse(&args, allowed, "--at-most 3 --as a=b --url u --dry-run", problem),
                     STATUS_OK);
    assert_string_equal(args_option(&args, "as", ""), "a=b");
    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.name, "at-most"));
    assert_true(span_equal_text(option.value, "AMOUNT"));
    assert_true(option.is_required);
    assert_true(span_equal_text(option.note, "a number"));
    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.value, "MODEL=MODEL"));
    assert_false(option.is_required);
    assert_true(args_next(&allowed, &option));
    assert_true(span_equal_text(option.name, "url"));
    assert_true(span_equal_text(option.value, "VALUE"));
    assert_true(option.is_required);
    assert_true(args_next(&allowed, &option));
    assert_false(option.is_required);
    assert_true(args_next(&allowed, &option));
    assert_true(option.is_flag);
}

static void a_duration_is_a_number_with_its_unit(void **state)
{
    static const char *const wrong[] = {"", "m", "15", "15s", "-1m", "0m", "1.5h", "m15"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(args_duration(wrong[i], &ms));
    assert_int_equal(ms, 7);
    assert_true(args_duration("15m", &ms));
    assert_int_equal(ms, 900000);
    assert_true(args_duration("2h", &ms));
    assert_int_equal(ms, 7200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_may_mix),
        cmocka_unit_test(an_option_that_ends_with_a_mark_takes_no_value),
        cmocka_unit_test(notes_are_for_people_and_not_for_parsing),
        cmocka_unit_test(what_was_not_given_is_the_fallback),
        cmocka_unit_test(an_unknown_option_is_named),
        cmocka_unit_test(an_option_without_its_value_is_named),
        cmocka_unit_test(dash_f_is_the_file),
        cmocka_unit_test(a_duration_is_a_number_with_its_unit),
        cmocka_unit_test(a_name_may_tell_what_its_value_is_and_that_it_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
