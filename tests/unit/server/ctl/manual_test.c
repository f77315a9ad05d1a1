#include "server/ctl/manual.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *page_of(const char *word)
{
    char *out;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    manual_write_word(stream, noun_find(word), "1.2", "November 23, 2026");
    fclose(stream);
    return out;
}

static void a_page_has_its_frame_and_each_verb_with_its_words_options_and_text(void **state)
{
    char *page = page_of("group");

    (void)state;
    assert_memory_equal(page, ".Dd November 23, 2026\n.Dt MYNACTL-GROUP 1\n.Os Myna 1.2\n", 55);
    assert_non_null(strstr(page, ".Nm mynactl\n.Cm group add\n.Ar GROUP\n.Ar ROBOT...\n"));
    assert_non_null(strstr(page, ".It Xo Cm group set\n.Ar GROUP\n.Op Fl -name Ar NAME\n"
                                 ".Op Fl -priority Ar NUMBER\n.Op Fl -filter Ar FILTER\n.Xc\n"));
    assert_non_null(strstr(page, "that was made with a \\fIFILTER\\fR are"));
    assert_non_null(strstr(page, ".It Fl -name Ar NAME\nFor people.\n"));
    assert_non_null(strstr(page, ".Bd -literal -offset indent\nmynactl group set upstairs"));
    free(page);
}

static void what_a_verb_needs_stands_without_brackets(void **state)
{
    char *page = page_of("apply");

    (void)state;
    assert_non_null(strstr(page, ".It Xo Cm apply\n.Fl f Ar PATH\n.Op Fl -dry\\-run\n"));
    assert_non_null(strstr(page, ".It Fl f , Fl -file Ar PATH\n"));
    assert_non_null(strstr(page, "Required.\n"));
    free(page);
}

static void the_list_has_every_word_by_subject_with_its_verbs(void **state)
{
    char *out;
    size_t size, count;
    FILE *stream = open_memstream(&out, &size);
    const struct noun *nouns = noun_all(&count);

    (void)state;
    manual_write_words(stream);
    fclose(stream);
    for (size_t i = 0; i < count; i++) {
        char item[64];

        snprintf(item, sizeof item, ".It Xr mynactl-%s 1\n", nouns[i].word);
        if (!strstr(out, item))
            fail_msg("no %s", nouns[i].word);
    }
    assert_non_null(strstr(out, ".Ss Robots\n"));
    assert_non_null(strstr(out, "in them:\n.Cm list\n.Cm set\n"));
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_its_frame_and_each_verb_with_its_words_options_and_text),
        cmocka_unit_test(what_a_verb_needs_stands_without_brackets),
        cmocka_unit_test(the_list_has_every_word_by_subject_with_its_verbs),
    };

    return cmocka_run_group_tests_name("server/ctl/manual", tests, NULL, NULL);
}
