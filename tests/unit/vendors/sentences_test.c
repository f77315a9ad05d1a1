#include "tests/vendors/sentences.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "schema/base/file.h"

struct folder {
    char path[64];
    struct sentences *sentences;
};

static const char *const names[] = {"a", "b", "drugs", "c.u8"};
#define NAMES (sizeof names / sizeof *names)

static void write_file(const struct folder *folder, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    assert_int_equal(file_replace(path, span_text(text), 0600), STATUS_OK);
}

static int set_up(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    *state = folder;
    snprintf(folder->path, sizeof folder->path, "/tmp/myna-sentences-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;
    char path[128];

    for (size_t i = 0; i < NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder->path, names[i]);
        unlink(path);
    }
    rmdir(folder->path);
    sentences_free(folder->sentences);
    free(folder);
    return 0;
}

static void load(struct folder *folder)
{
    char problem[256];

    assert_int_equal(sentences_load(&folder->sentences, folder->path, problem), STATUS_OK);
}

static void assert_only(const struct folder *folder, enum sentences_language language,
                        const char *expected)
{
    assert_int_equal(sentences_count(folder->sentences, language), 1);
    assert_true(span_equal_text(sentences_at(folder->sentences, language, 0), expected));
}

static void sayings_come_in_one_line_without_author_colours_and_double_spaces(void **state)
{
    struct folder *folder = *state;

    write_file(folder, "a",
               "Patience is worth\nmore than  brains.\n\t\t-- A wise one\n%\n"
               "\x1b[32m《春晓》\x1b[m\n\x1b[33m作者：孟浩然\x1b[m\n春眠不觉晓，\n处处闻啼鸟。\n");
    load(folder);
    assert_only(folder, SENTENCES_ENGLISH, "Patience is worth more than brains.");
    assert_only(folder, SENTENCES_CHINESE, "春眠不觉晓，处处闻啼鸟。");
}

static void drawings_rude_words_dialogues_and_long_texts_are_left_out(void **state)
{
    struct folder *folder = *state;

    write_file(folder, "a",
               "A cat is a quiet friend.\n%\n  /\\_/\\ ( o.o )  A drawing of a cat.\n%\n"
               "The devil is in the details.\n%\nQ: Why is it so?  A: It is not.\n%\n"
               "Too short.\n%\nThis one has no end\n%\nOne line\nand two\nand three\nand four\n"
               "and five is too many.\n%\nA\x01 control character is not spoken.\n");
    write_file(folder, "b",
               "人生自古谁无死，留取丹心照汗青。\n%\n三人行，必有我师焉。\n%\n┌──┐ 表格。\n%\n"
               "学而时习之\n");
    load(folder);
    assert_only(folder, SENTENCES_ENGLISH, "A cat is a quiet friend.");
    assert_only(folder, SENTENCES_CHINESE, "三人行，必有我师焉。");
}

static void files_known_to_offend_and_copies_are_not_read(void **state)
{
    struct folder *folder = *state;

    write_file(folder, "a", "A cat is a quiet friend.\n%\n三人行，必有我师焉。\n");
    write_file(folder, "drugs", "This saying must not be read.\n");
    write_file(folder, "c.u8", "Nor must this saying be read.\n");
    load(folder);
    assert_only(folder, SENTENCES_ENGLISH, "A cat is a quiet friend.");
}

static void a_saying_that_stands_twice_counts_once(void **state)
{
    struct folder *folder = *state;

    write_file(folder, "a", "A cat is a quiet friend.\n%\n三人行，必有我师焉。\n");
    write_file(folder, "b", "三人行，必有我师焉。\n%\nA cat is a quiet friend.\n");
    load(folder);
    assert_only(folder, SENTENCES_ENGLISH, "A cat is a quiet friend.");
    assert_only(folder, SENTENCES_CHINESE, "三人行，必有我师焉。");
}

static void a_folder_without_one_of_the_languages_is_refused(void **state)
{
    struct folder *folder = *state;
    char problem[256];

    write_file(folder, "a", "A cat is a quiet friend.\n");
    assert_int_equal(sentences_load(&folder->sentences, folder->path, problem), STATUS_NOT_FOUND);
    assert_non_null(strstr(problem, "fortunes-zh"));
    assert_int_equal(sentences_load(&folder->sentences, "/nowhere", problem), STATUS_NOT_FOUND);
    assert_null(folder->sentences);
}

static void the_answer_follows_from_question_and_salt_alone(void **state)
{
    struct folder *folder = *state;
    struct buffer one, two;
    char text[4096] = "三人行，必有我师焉。\n%\n";
    int differ = 0;

    for (int i = 0; i < 50; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%cat number %d is quiet.\n%%\n",
                 'B' + i % 20, i);
    write_file(folder, "a", text);
    load(folder);
    buffer_init(&one, 4096);
    buffer_init(&two, 4096);
    sentences_answer(folder->sentences, span_text("How?"), 1, &one);
    sentences_answer(folder->sentences, span_text("How?"), 1, &two);
    assert_true(span_equal(buffer_span(&one), buffer_span(&two)));
    for (uint64_t salt = 2; salt < 12; salt++) {
        buffer_clear(&two);
        sentences_answer(folder->sentences, span_text("How?"), salt, &two);
        differ += !span_equal(buffer_span(&one), buffer_span(&two));
    }
    assert_true(differ >= 8);
    buffer_release(&one);
    buffer_release(&two);
}

static void a_question_with_a_han_character_is_answered_in_chinese(void **state)
{
    struct folder *folder = *state;
    struct buffer answer;

    write_file(folder, "a", "A cat is a quiet friend.\n%\n三人行，必有我师焉。\n");
    load(folder);
    buffer_init(&answer, 4096);
    sentences_answer(folder->sentences, span_text("What does 师 mean?"), 1, &answer);
    assert_true(span_starts_with(buffer_span(&answer), "三人行"));
    buffer_clear(&answer);
    sentences_answer(folder->sentences, span_text("What?"), 1, &answer);
    assert_true(span_starts_with(buffer_span(&answer), "A cat"));
    buffer_release(&answer);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(sayings_come_in_one_line_without_author_colours_and_double_spaces),
        WITH_FOLDER(drawings_rude_words_dialogues_and_long_texts_are_left_out),
        WITH_FOLDER(files_known_to_offend_and_copies_are_not_read),
        WITH_FOLDER(a_saying_that_stands_twice_counts_once),
        WITH_FOLDER(a_folder_without_one_of_the_languages_is_refused),
        WITH_FOLDER(the_answer_follows_from_question_and_salt_alone),
        WITH_FOLDER(a_question_with_a_han_character_is_answered_in_chinese),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
