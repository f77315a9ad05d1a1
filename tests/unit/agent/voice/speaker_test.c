#include "agent/voice/speaker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/voice/voice_wire.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define MAX_NOTES 256

struct note {
    enum speaker_event_kind kind;
    uint64_t turn;
    uint32_t clause;
    int64_t sample;
};

/* What the speaker told, and what a watcher saw of each turn. */
struct notes {
    pthread_mutex_t lock;
    struct note events[MAX_NOTES];
    size_t count;
    uint64_t sound_of_turn[8];
    int16_t first_of_clause[8]; /* how loud its first sample is */
    unsigned clauses;
    int64_t first_sound, first_mark, first_word; /* of all; -1: none */
    unsigned marks_of_turn[8];
    unsigned words_of_turn[8];
    int64_t last_mark, sound_end;
    bool is_out_of_order, is_new_clause;
};

struct fixture {
    struct speaker *speaker;
    struct notes notes;
};

static void on_event(void *context, const struct speaker_event *event)
{
    struct notes *notes = context;

    pthread_mutex_lock(&notes->lock);
    if (notes->count < MAX_NOTES)
        notes->events[notes->count++] =
            (struct note){event->kind, event->turn, event->clause, event->sample};
    pthread_mutex_unlock(&notes->lock);
}

static void on_clause(void *context, uint64_t turn, int64_t sample, struct span text)
{
    struct notes *notes = context;

    (void)turn, (void)sample, (void)text;
    pthread_mutex_lock(&notes->lock);
    notes->is_new_clause = true;
    pthread_mutex_unlock(&notes->lock);
}

static void on_sound(void *context, uint64_t turn, int64_t sample, const int16_t *pcm, size_t count)
{
    struct notes *notes = context;

    pthread_mutex_lock(&notes->lock);
    if (notes->is_new_clause)
        notes->first_of_clause[notes->clauses++ % 8] = pcm[0];
    notes->is_new_clause = false;
    if (notes->first_sound < 0)
        notes->first_sound = sample;
    notes->sound_of_turn[turn % 8] += count;
    notes->sound_end = sample + (int64_t)count;
    pthread_mutex_unlock(&notes->lock);
}

static void on_mark(void *context, uint64_t turn, int64_t sample, const struct voice_mark *mark)
{
    struct notes *notes = context;

    (void)mark;
    pthread_mutex_lock(&notes->lock);
    notes->marks_of_turn[turn % 8]++;
    if (notes->first_mark < 0)
        notes->first_mark = sample;
    if (sample < notes->last_mark || sample > notes->sound_end)
        notes->is_out_of_order = true;
    notes->last_mark = sample;
    pthread_mutex_unlock(&notes->lock);
}

static void on_word(void *context, uint64_t turn, int64_t sample, uint32_t offset, uint32_t length)
{
    struct notes *notes = context;

    pthread_mutex_lock(&notes->lock);
    notes->words_of_turn[turn % 8]++;
    if (notes->first_word < 0)
        notes->first_word = sample;
    if (sample > notes->sound_end || length == 0 || offset > 1000)
        notes->is_out_of_order = true;
    pthread_mutex_unlock(&notes->lock);
}

static int start_with(void **state, const char *program)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    pthread_mutex_init(&fixture->notes.lock, NULL);
    fixture->notes.first_sound = fixture->notes.first_mark = fixture->notes.first_word = -1;
    const struct speaker_options options = {.voice_program = program,
                                            .audio.sink = AUDIO_SINK_SILENT,
                                            .rate_wpm = 220,
                                            .pitch = -1,
                                            .volume = 80,
                                            .on_event = on_event,
                                            .context = &fixture->notes};
    assert_int_equal(speaker_create(&fixture->speaker, &options), STATUS_OK);
    const struct speaker_watcher watcher = {.context = &fixture->notes,
                                            .on_clause = on_clause,
                                            .on_sound = on_sound,
                                            .on_mark = on_mark,
                                            .on_word = on_word};
    speaker_watch(fixture->speaker, &watcher);
    *state = fixture;
    return 0;
}

static int start(void **state)
{
    return start_with(state, VOICE_PROGRAM);
}

static int start_mute(void **state)
{
    return start_with(state, "/nonexistent/voice");
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    speaker_free(fixture->speaker);
    free(fixture);
    return 0;
}

static void say(struct fixture *fixture, uint64_t turn, const char *text)
{
    assert_int_equal(speaker_say(fixture->speaker, turn, span_text(text), NULL), STATUS_OK);
}

static void assert_event(struct fixture *fixture, size_t index, enum speaker_event_kind kind,
                         uint32_t clause)
{
    assert_true(index < fixture->notes.count);
    assert_int_equal(fixture->notes.events[index].kind, kind);
    assert_int_equal(fixture->notes.events[index].clause, clause);
}

static bool wait_for_kind(struct fixture *fixture, enum speaker_event_kind kind, uint64_t turn)
{
    for (int i = 0; i < 800; i++) {
        bool is_there = false;

        pthread_mutex_lock(&fixture->notes.lock);
        for (size_t k = 0; k < fixture->notes.count; k++)
            is_there = is_there || (fixture->notes.events[k].kind == kind &&
                                    fixture->notes.events[k].turn == turn);
        pthread_mutex_unlock(&fixture->notes.lock);
        if (is_there)
            return true;
        clock_sleep_ms(10);
    }
    return false;
}

static void assert_heard(struct fixture *fixture, uint64_t turn, const char *expected)
{
    struct buffer heard;

    buffer_init(&heard, 4096);
    assert_int_equal(speaker_heard(fixture->speaker, turn, &heard), STATUS_OK);
    assert_string_equal(buffer_cstring(&heard), expected);
    buffer_release(&heard);
}

static void clauses_are_heard_in_order_and_the_turn_ends(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, "Hi.");
    say(fixture, 1, "好。");
    speaker_end_turn(fixture->speaker, 1);
    assert_int_equal(speaker_wait_idle(fixture->speaker, 8000), STATUS_OK);
    assert_event(fixture, 0, SPEAKER_CLAUSE_STARTED, 0);
    assert_event(fixture, 1, SPEAKER_CLAUSE_FINISHED, 0);
    assert_event(fixture, 2, SPEAKER_CLAUSE_STARTED, 1);
    assert_event(fixture, 3, SPEAKER_CLAUSE_FINISHED, 1);
    assert_event(fixture, 4, SPEAKER_TURN_FINISHED, 0);
    assert_int_equal(fixture->notes.count, 5);
    assert_true(fixture->notes.events[2].sample >= fixture->notes.events[1].sample);
    assert_heard(fixture, 1, "Hi.好。");
    assert_int_equal(fixture->notes.words_of_turn[1], 2);
    assert_false(fixture->notes.is_out_of_order);
}

/* espeak-ng begins a P with 50 ms of nothing, and marks it where its sound begins. */
static void a_turn_begins_with_its_first_sound_and_its_marks_stay_with_it(void **state)
{
    struct fixture *fixture = *state;
    const struct notes *notes = &fixture->notes;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, "People talk.");
    say(fixture, 1, "People listen.");
    speaker_end_turn(fixture->speaker, 1);
    assert_int_equal(speaker_wait_idle(fixture->speaker, 8000), STATUS_OK);
    assert_int_equal(notes->clauses, 2);
    assert_int_not_equal(notes->first_of_clause[0], 0);
    assert_int_equal(notes->first_of_clause[1], 0); /* the pause between them stays */
    /* the burst of a P is noise: its first samples may be too soft to count */
    assert_in_range(notes->first_mark, notes->first_sound - 40, notes->first_sound);
    assert_int_equal(notes->first_word, notes->first_sound);
    assert_int_equal(notes->words_of_turn[1], 4);
    assert_heard(fixture, 1, "People talk.People listen.");
}

/* A voice program that answers the first clause it is asked for, of turn 1, with these frames. */
static void write_scripted_voice(char path[64], struct voice_wire *frames, size_t count)
{
    char script[512], answer[80];
    struct buffer bytes;

    buffer_init(&bytes, 1 << 17);
    for (size_t i = 0; i < count; i++) {
        frames[i].turn = 1;
        voice_wire_encode(&frames[i], &bytes);
    }
    snprintf(path, 64, "/tmp/myna-speaker-test-%d.sh", (int)getpid());
    snprintf(answer, sizeof answer, "%s.frames", path);
    snprintf(script, sizeof script,
             "#!/bin/sh\n"
             "head -c 8 >/dev/null\n"
             "cat '%s'\n"
             "exec cat >/dev/null\n",
             answer);
    assert_int_equal(file_replace(answer, buffer_span(&bytes), 0600), STATUS_OK);
    assert_int_equal(file_replace(path, span_text(script), 0700), STATUS_OK);
    buffer_release(&bytes);
}

/* As a vendor's sound may begin, whose marks are placed by guess. */
static void what_is_marked_in_the_silence_before_a_turn_is_not_lost(void **state)
{
    static const int16_t silence[2000], first[] = {0, 0, 500, 600, 700};
    struct voice_wire frames[] = {
        {.kind = VOICE_WIRE_BEGIN, .sample = AUDIO_SAMPLE_RATE},
        {.kind = VOICE_WIRE_PCM, .bytes = span_of(silence, sizeof silence)},
        {.kind = VOICE_WIRE_WORD, .sample = 100, .offset = 0, .duration = 3},
        {.kind = VOICE_WIRE_MARK, .sample = 1900, .language = VOICE_LANGUAGE_EN, .phoneme = "h"},
        {.kind = VOICE_WIRE_PCM, .bytes = span_of(first, sizeof first)},
        {.kind = VOICE_WIRE_MARK, .sample = 2004, .language = VOICE_LANGUAGE_EN, .phoneme = "aI"},
        {.kind = VOICE_WIRE_END, .sample = 2005},
    };
    char path[64], answer[80];
    struct fixture *fixture;

    write_scripted_voice(path, frames, sizeof frames / sizeof frames[0]);
    start_with((void **)&fixture, path);
    const struct notes *notes = &fixture->notes;
    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, "Hi!");
    speaker_end_turn(fixture->speaker, 1);
    assert_int_equal(speaker_wait_idle(fixture->speaker, 8000), STATUS_OK);
    assert_int_equal(notes->sound_of_turn[1], 3);
    assert_int_equal(notes->first_of_clause[0], 500);
    assert_int_equal(notes->words_of_turn[1], 1);
    assert_int_equal(notes->first_word, notes->first_sound);
    assert_int_equal(notes->marks_of_turn[1], 2);
    assert_int_equal(notes->first_mark, notes->first_sound - 102);
    assert_int_equal(notes->last_mark, notes->first_sound + 2);
    assert_heard(fixture, 1, "Hi!");
    *state = fixture;
    stop(state);
    snprintf(answer, sizeof answer, "%s.frames", path);
    unlink(answer);
    unlink(path);
}

static void an_interruption_is_silence_and_tells_what_was_heard(void **state)
{
    struct fixture *fixture = *state;
    struct buffer heard;
    const char *text = "one two three four five six seven eight nine ten eleven twelve.";

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, text);
    say(fixture, 1, "This is never heard.");
    assert_true(wait_for_kind(fixture, SPEAKER_CLAUSE_STARTED, 1));
    clock_sleep_ms(900);
    int64_t before_ms = clock_mono_ms();
    speaker_interrupt(fixture->speaker, 1);
    assert_true(clock_mono_ms() - before_ms < 100);
    assert_true(speaker_queued_ms(fixture->speaker) < 60);
    assert_true(wait_for_kind(fixture, SPEAKER_INTERRUPTED, 1));

    buffer_init(&heard, 4096);
    assert_int_equal(speaker_heard(fixture->speaker, 1, &heard), STATUS_OK);
    assert_true(heard.size >= strlen("one two") && heard.size < strlen(text) / 2);
    assert_memory_equal(buffer_cstring(&heard), text, heard.size);
    buffer_release(&heard);
    assert_int_equal(speaker_say(fixture->speaker, 1, span_text("late"), NULL), STATUS_STALE);
}

static void after_an_interruption_the_next_turn_sounds_and_has_marks_again(void **state)
{
    struct fixture *fixture = *state;

    for (uint64_t turn = 1; turn <= 4; turn++) {
        assert_int_equal(speaker_begin_turn(fixture->speaker, turn), STATUS_OK);
        say(fixture, turn, "This sentence is cut by the next turn.");
        say(fixture, turn, "And so is this one.");
        assert_true(wait_for_kind(fixture, SPEAKER_CLAUSE_STARTED, turn));
        speaker_interrupt(fixture->speaker, turn);
    }
    fixture->notes.sound_of_turn[5] = 0;
    assert_int_equal(speaker_begin_turn(fixture->speaker, 5), STATUS_OK);
    say(fixture, 5, "Now listen.");
    speaker_end_turn(fixture->speaker, 5);
    assert_true(wait_for_kind(fixture, SPEAKER_TURN_FINISHED, 5));
    assert_true(fixture->notes.sound_of_turn[5] > 10000);
    assert_true(fixture->notes.marks_of_turn[5] > 5);
    assert_heard(fixture, 5, "Now listen.");
}

static void nothing_of_an_old_turn_follows_its_interruption(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    for (int i = 0; i < 30; i++)
        say(fixture, 1, "A long text that fills the queue of the sound device to its brim.");
    clock_sleep_ms(100);
    assert_int_equal(speaker_begin_turn(fixture->speaker, 2), STATUS_OK);
    pthread_mutex_lock(&fixture->notes.lock);
    uint64_t sound = fixture->notes.sound_of_turn[1];
    pthread_mutex_unlock(&fixture->notes.lock);
    say(fixture, 2, "New.");
    speaker_end_turn(fixture->speaker, 2);
    assert_true(wait_for_kind(fixture, SPEAKER_TURN_FINISHED, 2));
    assert_int_equal(fixture->notes.sound_of_turn[1], sound);
    for (size_t i = 1; i < fixture->notes.count; i++)
        assert_true(fixture->notes.events[i].turn >= fixture->notes.events[i - 1].turn);
}

static void old_numbers_change_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 7), STATUS_OK);
    assert_int_equal(speaker_begin_turn(fixture->speaker, 7), STATUS_STALE);
    assert_int_equal(speaker_begin_turn(fixture->speaker, 6), STATUS_STALE);
    assert_int_equal(speaker_say(fixture->speaker, 6, span_text("no"), NULL), STATUS_STALE);
    speaker_interrupt(fixture->speaker, 6);
    say(fixture, 7, "Yes.");
    speaker_end_turn(fixture->speaker, 7);
    assert_true(wait_for_kind(fixture, SPEAKER_TURN_FINISHED, 7));
}

static void limits_are_met_with_a_status(void **state)
{
    struct fixture *fixture = *state;
    static char text[SPEAKER_MAX_CLAUSE_BYTES + 1];

    memset(text, 'a', sizeof text);
    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    assert_int_equal(speaker_say(fixture->speaker, 1, span_of(text, sizeof text), NULL),
                     STATUS_FULL);
    assert_int_equal(speaker_say(fixture->speaker, 1, span_of("\xff", 1), NULL), STATUS_INVALID);
    for (int i = 0; i < SPEAKER_MAX_CLAUSES; i++)
        say(fixture, 1, "Many.");
    assert_int_equal(speaker_say(fixture->speaker, 1, span_text("Too many."), NULL), STATUS_FULL);
}

static void a_clause_without_anything_to_say_is_finished_at_once(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, "\xf0\x9f\x98\x80");
    speaker_end_turn(fixture->speaker, 1);
    assert_int_equal(speaker_wait_idle(fixture->speaker, 3000), STATUS_OK);
    assert_event(fixture, 0, SPEAKER_CLAUSE_FINISHED, 0);
    assert_event(fixture, 1, SPEAKER_TURN_FINISHED, 0);
}

static void without_a_voice_clauses_fail_and_the_turn_still_ends(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(speaker_begin_turn(fixture->speaker, 1), STATUS_OK);
    say(fixture, 1, "Nobody says this.");
    speaker_end_turn(fixture->speaker, 1);
    assert_int_equal(speaker_wait_idle(fixture->speaker, 8000), STATUS_OK);
    assert_event(fixture, 0, SPEAKER_CLAUSE_FAILED, 0);
    assert_event(fixture, 1, SPEAKER_TURN_FINISHED, 0);
    assert_heard(fixture, 1, "");
}

#define WITH_SPEAKER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SPEAKER(clauses_are_heard_in_order_and_the_turn_ends),
        WITH_SPEAKER(a_turn_begins_with_its_first_sound_and_its_marks_stay_with_it),
        cmocka_unit_test(what_is_marked_in_the_silence_before_a_turn_is_not_lost),
        WITH_SPEAKER(an_interruption_is_silence_and_tells_what_was_heard),
        WITH_SPEAKER(after_an_interruption_the_next_turn_sounds_and_has_marks_again),
        WITH_SPEAKER(nothing_of_an_old_turn_follows_its_interruption),
        WITH_SPEAKER(old_numbers_change_nothing),
        WITH_SPEAKER(limits_are_met_with_a_status),
        WITH_SPEAKER(a_clause_without_anything_to_say_is_finished_at_once),
        cmocka_unit_test_setup_teardown(without_a_voice_clauses_fail_and_the_turn_still_ends,
                                        start_mute, stop),
    };

    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
