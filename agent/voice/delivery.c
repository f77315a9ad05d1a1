#include "agent/voice/delivery.h"

void delivery_begin(struct delivery *delivery, bool is_silent)
{
    onset_begin(&delivery->onset, is_silent);
    delivery->sample = 0;
    delivery->clause_sample = delivery->count = 0;
}

size_t delivery_skip(struct delivery *delivery, const int16_t *pcm, size_t count)
{
    const size_t silent = onset_skip(&delivery->onset, pcm, count);

    delivery->clause_sample += (uint32_t)silent;
    return silent;
}

static int64_t place(const struct delivery *delivery, uint32_t clause_sample)
{
    return delivery->sample + (int64_t)clause_sample - (int64_t)delivery->clause_sample;
}

static void pass_mark(const struct delivery *delivery, uint64_t turn,
                      const struct utterance *clause, const struct voice_mark *mark)
{
    const struct speaker_watcher *watcher = &delivery->watcher;

    if (clause->first_sample >= 0 && watcher->on_mark)
        watcher->on_mark(watcher->context, turn, place(delivery, mark->sample), mark);
}

/* What begins in a silence that was left out begins with the sound. */
static void pass_word(const struct delivery *delivery, uint64_t turn, struct utterance *clause,
                      const struct voice_word *word)
{
    const struct speaker_watcher *watcher = &delivery->watcher;
    int64_t sample = place(delivery, word->sample);
    uint32_t start = 0;

    if (sample < clause->first_sample)
        sample = clause->first_sample;
    bool fits = utterance_add_word(clause, word, sample, &start);
    if (fits && clause->first_sample >= 0 && watcher->on_word)
        watcher->on_word(watcher->context, turn, sample, start, word->length);
}

static void pass_notes(struct delivery *delivery, uint64_t turn, struct utterance *clause)
{
    struct onset *onset = &delivery->onset;

    for (size_t i = 0; i < onset->note_count; i++) {
        if (onset->notes[i].is_word)
            pass_word(delivery, turn, clause, &onset->notes[i].word);
        else
            pass_mark(delivery, turn, clause, &onset->notes[i].mark);
    }
    onset->note_count = 0;
}

void delivery_sound(struct delivery *delivery, uint64_t turn, struct utterance *clause,
                    int64_t sample, const int16_t *pcm, size_t count)
{
    const struct speaker_watcher *watcher = &delivery->watcher;

    if (clause->first_sample < 0) {
        clause->first_sample = sample;
        if (watcher->on_clause)
            watcher->on_clause(watcher->context, turn, sample, span_of(clause->text, clause->size));
    }
    clause->end_sample = sample + (int64_t)count;
    if (watcher->on_sound)
        watcher->on_sound(watcher->context, turn, sample, pcm, count);
    delivery->clause_sample += delivery->count;
    delivery->sample = sample;
    delivery->count = (uint32_t)count;
    pass_notes(delivery, turn, clause);
}

void delivery_mark(struct delivery *delivery, uint64_t turn, const struct utterance *clause,
                   const struct voice_mark *mark)
{
    const struct onset_note note = {.mark = *mark};

    if (!onset_keep(&delivery->onset, &note))
        pass_mark(delivery, turn, clause, mark);
}

void delivery_word(struct delivery *delivery, uint64_t turn, struct utterance *clause,
                   const struct voice_word *word)
{
    const struct onset_note note = {.is_word = true, .word = *word};

    if (!onset_keep(&delivery->onset, &note))
        pass_word(delivery, turn, clause, word);
}

void delivery_end(const struct delivery *delivery, uint64_t turn, const struct utterance *clause)
{
    const struct speaker_watcher *watcher = &delivery->watcher;

    if (clause->first_sample >= 0 && watcher->on_clause_end)
        watcher->on_clause_end(watcher->context, turn, clause->end_sample);
}
