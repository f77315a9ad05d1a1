#include "agent/voice/utterance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char text[] = "one two three four";

static struct utterance *made(void)
{
    static struct utterance utterance;

    utterance_init(&utterance, 3, span_text(text), 1000);
    utterance.state = UTTERANCE_SENT;
    utterance.is_vendors = true;
    utterance_begin(&utterance);
    return &utterance;
}

static void add(struct utterance *utterance, uint32_t offset, uint32_t length, int64_t sample)
{
    const struct voice_word word = {.offset = offset, .length = length};
    uint32_t start;

    assert_true(utterance_add_word(utterance, &word, sample, &start));
}

static void words_tell_what_was_heard(void **state)
{
    struct utterance *utterance = made();

    (void)state;
    add(utterance, 0, 3, 100);
    add(utterance, 4, 3, 200);
    assert_int_equal(utterance_heard_bytes(utterance, 1000), 0); /* no sound came */
    utterance->first_sample = 100;
    assert_int_equal(utterance_heard_bytes(utterance, 100), 0);
    assert_int_equal(utterance_heard_bytes(utterance, 150), 3);
    assert_int_equal(utterance_heard_bytes(utterance, 250), 7);
}

static void a_word_that_is_not_in_the_text_is_no_word(void **state)
{
    struct utterance *utterance = made();
    const struct voice_word word = {.offset = 15, .length = 4};
    uint32_t start;

    (void)state;
    assert_false(utterance_add_word(utterance, &word, 5, &start));
    assert_int_equal(utterance->word_count, 0);
}

static void the_offline_voice_goes_on_with_the_word_that_broke_off(void **state)
{
    struct utterance *utterance = made();
    const struct voice_word word = {.offset = 1, .length = 5};
    uint32_t start;

    (void)state;
    utterance->first_sample = 100;
    add(utterance, 0, 3, 100);
    add(utterance, 4, 3, 200);
    add(utterance, 8, 5, 300); /* was told, and its sound never came */
    utterance->end_sample = 250;
    utterance_fall_back(utterance, 2000);
    assert_int_equal(utterance->state, UTTERANCE_WAITING);
    assert_true(utterance->is_offline && !utterance->is_vendors);
    assert_int_equal(utterance->resume_from, 3);
    /* what the other voice says counts in what it was given: " two three four" */
    utterance_begin(utterance);
    assert_int_equal(utterance->word_count, 1);
    assert_true(utterance_add_word(utterance, &word, 400, &start));
    assert_int_equal(start, 4);
    assert_int_equal(utterance_heard_bytes(utterance, 500), 9);
}

static void what_was_never_begun_is_said_from_its_first_word(void **state)
{
    struct utterance *utterance = made();

    (void)state;
    utterance_fall_back(utterance, 2000);
    assert_int_equal(utterance->resume_from, 0);
    assert_int_equal(utterance->queued_ms, 2000);
}

static void words_beyond_the_room_for_them_are_forgotten(void **state)
{
    struct utterance *utterance = made();

    (void)state;
    for (int i = 0; i < 2 * UTTERANCE_MAX_WORDS; i++)
        add(utterance, 0, 3, i);
    assert_int_equal(utterance->word_count, UTTERANCE_MAX_WORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_tell_what_was_heard),
        cmocka_unit_test(a_word_that_is_not_in_the_text_is_no_word),
        cmocka_unit_test(the_offline_voice_goes_on_with_the_word_that_broke_off),
        cmocka_unit_test(what_was_never_begun_is_said_from_its_first_word),
        cmocka_unit_test(words_beyond_the_room_for_them_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
