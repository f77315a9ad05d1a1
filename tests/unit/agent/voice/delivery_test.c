#include "agent/voice/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TURN  7
#define PLACE 5000 /* where on the audio timeline the clause begins */

/* What a watcher was told; -1: nothing. */
struct told {
    int64_t clause, sound, mark, word, end;
    size_t samples;
};

static void on_clause(void *context, uint64_t turn, int64_t sample, struct span text)
{
    assert_int_equal(turn, TURN);
    assert_true(span_equal_text(text, "Hi you"));
    ((struct told *)context)->clause = sample;
}

static void on_sound(void *context, uint64_t turn, int64_t sample, const int16_t *pcm, size_t count)
{
    struct told *told = context;

    (void)turn, (void)pcm;
    assert_true(told->clause >= 0);
    told->sound = sample;
    told->samples += count;
}

static void on_mark(void *context, uint64_t turn, int64_t sample, const struct voice_mark *mark)
{
    struct told *told = context;

    (void)turn, (void)mark;
    assert_true(told->sound >= 0);
    told->mark = sample;
}

static void on_word(void *context, uint64_t turn, int64_t sample, uint32_t offset, uint32_t length)
{
    (void)turn, (void)offset, (void)length;
    ((struct told *)context)->word = sample;
}

static void on_clause_end(void *context, uint64_t turn, int64_t sample)
{
    (void)turn;
    ((struct told *)context)->end = sample;
}

struct fixture {
    struct told told;
    struct delivery delivery;
    struct utterance clause;
};

static void begin(struct fixture *fixture, bool is_silent)
{
    *fixture = (struct fixture){
        .told = {-1, -1, -1, -1, -1, 0},
        .delivery.watcher = {.context = &fixture->told,
                             .on_clause = on_clause,
                             .on_sound = on_sound,
                             .on_mark = on_mark,
                             .on_word = on_word,
                             .on_clause_end = on_clause_end},
    };
    utterance_init(&fixture->clause, 0, span_text("Hi you"), 0);
    delivery_begin(&fixture->delivery, is_silent);
}

static void sound(struct fixture *fixture, int64_t sample, size_t count)
{
    static const int16_t pcm[1000] = {1000};

    delivery_sound(&fixture->delivery, TURN, &fixture->clause, sample, pcm, count);
}

static void marks_and_words_lie_where_their_sound_was_queued(void **state)
{
    const struct voice_mark mark = {.sample = 150};
    const struct voice_word word = {.sample = 120, .offset = 3, .length = 3};
    struct fixture fixture;

    (void)state;
    begin(&fixture, false);
    sound(&fixture, PLACE, 100);
    sound(&fixture, PLACE + 400, 100); /* the queue ran dry between them */
    assert_int_equal(fixture.told.clause, PLACE);
    assert_int_equal(fixture.told.samples, 200);
    delivery_mark(&fixture.delivery, TURN, &fixture.clause, &mark);
    assert_int_equal(fixture.told.mark, PLACE + 450);
    delivery_word(&fixture.delivery, TURN, &fixture.clause, &word);
    assert_int_equal(fixture.told.word, PLACE + 420);
    assert_int_equal(utterance_heard_bytes(&fixture.clause, PLACE + 421), 6);
    delivery_end(&fixture.delivery, TURN, &fixture.clause);
    assert_int_equal(fixture.told.end, PLACE + 500);
}

/* Nobody heard a word of which the silence before it was all that could be heard. */
static void what_lies_in_a_silence_left_out_comes_with_the_first_sound(void **state)
{
    const int16_t pcm[] = {0, 0, 0, 900};
    const struct voice_mark mark = {.sample = 1};
    const struct voice_word word = {.sample = 0, .offset = 0, .length = 2};
    struct fixture fixture;

    (void)state;
    begin(&fixture, true);
    assert_int_equal(delivery_skip(&fixture.delivery, pcm, 2), 2);
    delivery_word(&fixture.delivery, TURN, &fixture.clause, &word);
    delivery_mark(&fixture.delivery, TURN, &fixture.clause, &mark);
    assert_int_equal(fixture.told.mark, -1);
    assert_int_equal(delivery_skip(&fixture.delivery, pcm + 2, 2), 1);
    sound(&fixture, PLACE, 1);
    assert_int_equal(fixture.told.mark, PLACE - 2);
    assert_int_equal(fixture.told.word, PLACE);
    assert_int_equal(utterance_heard_bytes(&fixture.clause, PLACE), 0);
    assert_int_equal(utterance_heard_bytes(&fixture.clause, PLACE + 1), 2);
}

static void a_clause_without_sound_is_told_to_nobody(void **state)
{
    const int16_t pcm[3] = {0};
    const struct voice_mark mark = {.sample = 1};
    struct fixture fixture;

    (void)state;
    begin(&fixture, true);
    assert_int_equal(delivery_skip(&fixture.delivery, pcm, 3), 3);
    delivery_mark(&fixture.delivery, TURN, &fixture.clause, &mark);
    delivery_end(&fixture.delivery, TURN, &fixture.clause);
    assert_int_equal(fixture.told.clause, -1);
    assert_int_equal(fixture.told.mark, -1);
    assert_int_equal(fixture.told.end, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_and_words_lie_where_their_sound_was_queued),
        cmocka_unit_test(what_lies_in_a_silence_left_out_comes_with_the_first_sound),
        cmocka_unit_test(a_clause_without_sound_is_told_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
