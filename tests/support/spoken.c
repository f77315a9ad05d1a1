#include "tests/support/spoken.h"

#include <stdatomic.h>

#include "schema/base/clock.h"

#define WAIT_MS 10000

struct listening {
    struct spoken *spoken;
    atomic_int state; /* 0: not yet, 1: over, -1: failed */
};

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    (void)context, (void)turn, (void)clause, (void)sample_rate;
}

static void on_pcm(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count)
{
    struct spoken *spoken = ((struct listening *)context)->spoken;
    size_t room = sizeof spoken->pcm / sizeof spoken->pcm[0] - spoken->count;

    (void)turn, (void)clause;
    count = count < room ? count : room;
    memcpy(spoken->pcm + spoken->count, pcm, count * sizeof *pcm);
    spoken->count += count;
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    struct spoken *spoken = ((struct listening *)context)->spoken;

    (void)turn, (void)clause;
    if (spoken->mark_count < SPOKEN_MAX_MARKS)
        spoken->marks[spoken->mark_count++] = *mark;
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    struct spoken *spoken = ((struct listening *)context)->spoken;

    (void)turn, (void)clause;
    if (spoken->word_count < SPOKEN_MAX_WORDS)
        spoken->words[spoken->word_count++] = *word;
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    (void)turn, (void)clause, (void)samples;
    atomic_store(&((struct listening *)context)->state, 1);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    (void)turn, (void)clause;
    atomic_store(&((struct listening *)context)->state, -1);
}

static int speak(struct voice *voice, struct listening *listening,
                 const struct voice_clause *clause)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    enum status status = STATUS_AGAIN;

    while (status != STATUS_OK && clock_mono_ms() < until_ms) {
        status = voice_say(voice, clause);
        clock_sleep_ms(2);
    }
    while (atomic_load(&listening->state) == 0 && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    return atomic_load(&listening->state);
}

enum status spoken_create(struct spoken **out, const char *voice_program, const char *text)
{
    return spoken_create_at(out, voice_program, text, 175, -1);
}

enum status spoken_create_at(struct spoken **out, const char *voice_program, const char *text,
                             int rate_wpm, int pitch)
{
    const struct voice_clause clause = {
        .turn = 1, .rate_wpm = rate_wpm, .pitch = pitch, .text = span_text(text)};
    struct spoken *spoken = calloc(1, sizeof *spoken);
    struct listening listening = {.spoken = spoken};
    const struct voice_listener listener = {.context = &listening,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pcm,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_failed};
    struct voice *voice;

    if (!spoken)
        return STATUS_MEMORY;
    enum status status = voice_create(&voice, voice_program, &listener);
    if (status == STATUS_OK) {
        int state = speak(voice, &listening, &clause);

        voice_free(voice);
        status = state > 0 ? STATUS_OK : state < 0 ? STATUS_IO : STATUS_TIMEOUT;
    }
    if (status != STATUS_OK) {
        free(spoken);
        return status;
    }
    *out = spoken;
    return STATUS_OK;
}

void spoken_place(const struct spoken *spoken, struct track *track, int64_t sample)
{
    track_sound(track, sample, spoken->pcm, spoken->count);
    for (size_t i = 0; i < spoken->mark_count; i++)
        track_mark(track, sample + spoken->marks[i].sample, &spoken->marks[i]);
    track_close(track, sample + (int64_t)spoken->count);
}
