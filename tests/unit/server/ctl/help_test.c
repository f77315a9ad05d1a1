#include "server/ctl/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int run(struct ctl *ctl)
{
    (void)ctl;
    return CTL_DONE;
}

static const struct ctl_verb verb = {
    "device",
    "shine",
    "ROBOT [COLOUR]",
    1,
    2,
    "for=SECONDS*(how long) all! file=FILE(of colours)",
    "let a lamp shine\nThe lamp of ROBOT shines.\n\n    mynactl device shine r1 --for 3",
    run};

static char *printed(void (*print)(FILE *out, const struct ctl_verb *verb))
{
    char *out;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    print(stream, &verb);
    fclose(stream);
    return out;
}

static void usage_tells_what_is_needed_first_and_brackets_the_rest(void **state)
{
    char *text = printed(help_print_usage);

    (void)state;
    assert_string_equal(
        text, "usage: mynactl device shine ROBOT [COLOUR] --for SECONDS [--all] [-f FILE]\n");
    free(text);
}

static void a_verbs_help_is_usage_text_and_options(void **state)
{
    char *text = printed(help_print_verb);

    (void)state;
    assert_string_equal(
        text, "usage: mynactl device shine ROBOT [COLOUR] --for SECONDS [--all] [-f FILE]\n\n"
              "The lamp of ROBOT shines.\n\n    mynactl device shine r1 --for 3\n\n"
              "Options:\n  --for SECONDS         how long; required\n  --all\n"
              "  -f, --file FILE       of colours\n");
    free(text);
}

/* Every row that the tables have, in the order of help. */
static const struct ctl_verb *row(size_t place)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *v = tables[t]; v->verb; v++)
            if (place-- == 0)
                return v;
    return NULL;
}

static void every_verb_stands_below_a_word_of_help_and_every_word_has_verbs(void **state)
{
    size_t count, verbs = 0;
    const struct noun *nouns = noun_all(&count);

    (void)state;
    for (; row(verbs); verbs++)
        if (!noun_find(row(verbs)->noun ? row(verbs)->noun : row(verbs)->verb))
            fail_msg("%s %s has no noun", row(verbs)->noun, row(verbs)->verb);
    assert_in_range(verbs, 100, 1000);
    for (size_t i = 0; i < count; i++) {
        bool has_verb = false;

        for (size_t v = 0; row(v); v++)
            has_verb |= strcmp(row(v)->noun ? row(v)->noun : row(v)->verb, nouns[i].word) == 0;
        if (!has_verb || help_about(&nouns[i]).size == 0)
            fail_msg("%s says nothing", nouns[i].word);
    }
}

/* The words of a line as a shell parts them: quotes keep blanks; <, > and | end the command. */
static int part(char *line, char **words)
{
    int count = 0;

    for (char *at = line; *at != '\0' && !strchr("<>|\n", *at);) {
        char quote = '\0';
        char *to = at;

        words[count++] = at;
        for (; *at != '\0' && *at != '\n' && (quote || *at != ' '); at++)
            if (quote ? *at == quote : *at == '\'' || *at == '"')
                quote = quote ? '\0' : *at;
            else
                *to++ = *at;
        const bool is_over = *at != ' ';
        at += strspn(at, " ");
        *to = '\0';
        if (is_over)
            break;
    }
    return count;
}

/* A line of a text that begins with "    mynactl ". */
static void check_example(const struct ctl_verb *of, const char *line)
{
    char text[512], problem[160];
    char *words[64];
    struct args args;

    /* a line that ends with \ goes on */
    size_t size = strcspn(line, "\n");
    while (size > 0 && line[size] == '\n' && line[size - 1] == '\\')
        size += 1 + strcspn(line + size + 1, "\n");
    snprintf(text, sizeof text, "%.*s", (int)size, line);
    for (char *c = text; *c; c++)
        if (*c == '\\' || *c == '\n')
            *c = ' ';
    int count = part(text, words);
    int used = of->noun ? 3 : 2;
    if (count < used || (of->noun && strcmp(words[1], of->noun) != 0) ||
        strcmp(words[used - 1], of->verb) != 0)
        fail_msg("no example of its verb: %s", line);
    if (args_parse(&args, of->options, count - used, words + used, problem) != STATUS_OK)
        fail_msg("%s: %s", problem, line);
    if (args.count < of->min_words || args.count > of->max_words)
        fail_msg("wrong words: %s", line);
}

static void every_example_is_a_line_that_its_verb_takes(void **state)
{
    size_t examples = 0;

    (void)state;
    for (size_t v = 0; row(v); v++)
        for (const char *at = row(v)->help; (at = strstr(at, "\n    mynactl ")); at++) {
            check_example(row(v), at + 5);
            examples++;
        }
    assert_in_range(examples, 20, 1000);
}

static void options_have_names_values_and_notes_that_can_be_read(void **state)
{
    struct args_allowed option;

    (void)state;
    for (size_t v = 0; row(v); v++)
        for (const char *at = row(v)->options; args_next(&at, &option);) {
            for (size_t i = 0; i < option.name.size; i++)
                if (!strchr("abcdefghijklmnopqrstuvwxyz-", option.name.data[i]))
                    fail_msg("%s %s: --%.*s", row(v)->noun, row(v)->verb, (int)option.name.size,
                             (const char *)option.name.data);
            assert_false(option.is_flag && option.is_required);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_tells_what_is_needed_first_and_brackets_the_rest),
        cmocka_unit_test(a_verbs_help_is_usage_text_and_options),
        cmocka_unit_test(every_verb_stands_below_a_word_of_help_and_every_word_has_verbs),
        cmocka_unit_test(every_example_is_a_line_that_its_verb_takes),
        cmocka_unit_test(options_have_names_values_and_notes_that_can_be_read),
    };

    return cmocka_run_group_tests_name("server/ctl/help", tests, NULL, NULL);
}
