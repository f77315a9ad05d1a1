#include "server/ctl/prose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What write() prints, read back. The caller frees it. */
static char *terminal(const char *text, int column, int blanks, int width)
{
    char *out;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    prose_print(stream, span_text(text), column, blanks, width);
    fclose(stream);
    return out;
}

static char *page(const char *text, const char *usage)
{
    char *out;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    prose_write_mdoc(stream, span_text(text), usage);
    fclose(stream);
    return out;
}

#define SAYS(made, wanted)                                                                         \
    do {                                                                                           \
        char *text = made;                                                                         \
        assert_string_equal(text, wanted);                                                         \
        free(text);                                                                                \
    } while (0)

static void words_are_wrapped_behind_the_blanks(void **state)
{
    (void)state;
    SAYS(terminal("one two three four", 4, 4, 14), "one two\n    three four\n");
    SAYS(terminal("one two", 0, 0, 100), "one two\n");
    SAYS(terminal("extraordinary length", 0, 0, 5), "extraordinary\nlength\n");
}

static void paragraphs_are_parted_and_examples_stay_as_they_are(void **state)
{
    (void)state;
    SAYS(terminal("First.\n\n    mynactl  me\n    mynactl fleet\n\nLast.", 0, 0, 8),
         "First.\n\n    mynactl  me\n    mynactl fleet\n\nLast.\n");
    SAYS(page("First.\n\n    mynactl --x\n\nLast.", ""),
         "First.\n.Bd -literal -offset indent\nmynactl \\-\\-x\n.Ed\n.Pp\nLast.\n");
}

static void what_is_literal_is_one_word_and_loses_its_marks(void **state)
{
    (void)state;
    SAYS(terminal("a `region = cn` b", 0, 0, 12), "a\nregion = cn\nb\n");
    SAYS(page("see `a-b`.", ""), "see \\fBa\\-b\\fR.\n");
}

static void a_page_shows_options_and_what_stands_for_something(void **state)
{
    (void)state;
    SAYS(page("With --all (--dry-run) NUMBER of JSON; a well-known one.", "each [--most NUMBER]"),
         "With \\fB\\-\\-all\\fR (\\fB\\-\\-dry\\-run\\fR) \\fINUMBER\\fR of JSON; a\n"
         "well-known one.\n");
}

static void a_sentence_ends_its_line_and_no_line_begins_with_a_macro(void **state)
{
    (void)state;
    SAYS(page("One. Two (three.) .four 'five", ""), "One.\nTwo (three.)\n\\&.four \\&'five\n");
    SAYS(page("'five", ""), "\\&'five\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_wrapped_behind_the_blanks),
        cmocka_unit_test(paragraphs_are_parted_and_examples_stay_as_they_are),
        cmocka_unit_test(what_is_literal_is_one_word_and_loses_its_marks),
        cmocka_unit_test(a_page_shows_options_and_what_stands_for_something),
        cmocka_unit_test(a_sentence_ends_its_line_and_no_line_begins_with_a_macro),
    };

    return cmocka_run_group_tests_name("server/ctl/prose", tests, NULL, NULL);
}
