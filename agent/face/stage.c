#include "agent/face/stage.h"

#include "agent/voice/audio.h"

#define SAMPLES(ms)     ((int64_t)(ms)*AUDIO_SAMPLE_RATE / 1000)
#define BETWEEN_CLAUSES SAMPLES(400)  /* speaking goes on over a short silence */
#define TEXT_STAYS      SAMPLES(2500) /* after it was heard */
#define FEELING_STAYS   SAMPLES(4000)
#define FEELING_EARLY   SAMPLES(150) /* a face shows what it is about to say */

static struct stage_note *note_at(struct stage *stage, size_t index)
{
    return &stage->notes[index % STAGE_MAX_NOTES];
}

static size_t oldest(const struct stage *stage)
{
    return stage->count > STAGE_MAX_NOTES ? stage->count - STAGE_MAX_NOTES : 0;
}

static struct stage_note *add_note(struct stage *stage, enum stage_kind kind, int64_t sample)
{
    struct stage_note *note = note_at(stage, stage->count++);

    note->kind = kind;
    note->sample = sample;
    note->until = INT64_MAX;
    note->text[0] = '\0';
    return note;
}

static void copy_text(struct stage_note *note, struct span text)
{
    size_t size = text.size < STAGE_TEXT_BYTES ? text.size : STAGE_TEXT_BYTES - 1;

    while (size < text.size && size > 0 && (text.data[size] & 0xc0) == 0x80)
        size--;
    if (size > 0)
        memcpy(note->text, text.data, size);
    note->text[size] = '\0';
}

void stage_clear(struct stage *stage, int64_t sample, enum face_mood mood)
{
    stage->count = 0;
    stage->word_count = 0;
    stage_mood(stage, sample, mood);
}

void stage_mood(struct stage *stage, int64_t sample, enum face_mood mood)
{
    add_note(stage, STAGE_MOOD, sample)->mood = mood;
}

void stage_text(struct stage *stage, int64_t sample, struct span text)
{
    copy_text(add_note(stage, STAGE_TEXT, sample), text);
}

void stage_clause(struct stage *stage, int64_t sample, struct span text)
{
    copy_text(add_note(stage, STAGE_CLAUSE, sample), text);
}

void stage_word(struct stage *stage, int64_t sample, uint32_t offset, uint32_t length)
{
    stage->words[stage->word_count++ % STAGE_MAX_WORDS] =
        (struct stage_word){sample, offset, length};
}

void stage_feeling(struct stage *stage, int64_t sample, enum emotion emotion)
{
    add_note(stage, STAGE_FEELING, sample - FEELING_EARLY)->emotion = emotion;
}

static struct stage_note *last_clause(struct stage *stage)
{
    for (size_t i = stage->count; i > oldest(stage); i--) {
        struct stage_note *note = note_at(stage, i - 1);

        if (note->kind == STAGE_CLAUSE)
            return note;
    }
    return NULL;
}

void stage_clause_end(struct stage *stage, int64_t sample)
{
    struct stage_note *clause = last_clause(stage);

    if (clause)
        clause->until = sample;
}

void stage_cut(struct stage *stage, int64_t sample)
{
    for (size_t i = oldest(stage); i < stage->count; i++) {
        struct stage_note *note = note_at(stage, i);

        if (note->kind == STAGE_CLAUSE && note->until > sample)
            note->until = sample;
    }
}

int64_t stage_end(const struct stage *stage)
{
    int64_t end = INT64_MIN;

    for (size_t i = oldest(stage); i < stage->count; i++) {
        const struct stage_note *note = &stage->notes[i % STAGE_MAX_NOTES];

        if (note->kind == STAGE_CLAUSE && note->until > end)
            end = note->until;
    }
    return end;
}

/* Clauses come ahead of the sound, so the newest note is not always the one that counts. */
static const struct stage_note *latest(const struct stage *stage, unsigned kinds, int64_t sample)
{
    const struct stage_note *found = NULL;

    for (size_t i = oldest(stage); i < stage->count; i++) {
        const struct stage_note *note = &stage->notes[i % STAGE_MAX_NOTES];
        bool is_cut = note->kind == STAGE_CLAUSE && note->until <= note->sample;

        if ((kinds & 1u << note->kind) && note->sample <= sample && !is_cut &&
            (!found || note->sample >= found->sample))
            found = note;
    }
    return found;
}

/* The newest word of the clause that is heard already. */
static void find_word(const struct stage *stage, const struct stage_note *clause, int64_t sample,
                      struct caption_text *subtitle)
{
    size_t oldest_word =
        stage->word_count > STAGE_MAX_WORDS ? stage->word_count - STAGE_MAX_WORDS : 0;

    for (size_t i = stage->word_count; i > oldest_word; i--) {
        const struct stage_word *word = &stage->words[(i - 1) % STAGE_MAX_WORDS];

        if (word->sample < clause->sample)
            return;
        if (word->sample > sample || word->sample >= clause->until)
            continue;
        if ((size_t)word->offset + word->length <= strlen(clause->text)) {
            subtitle->word_from = word->offset;
            subtitle->word = word->length;
        }
        return;
    }
}

static enum face_mood mood_at(const struct stage_note *mood, const struct stage_note *clause,
                              int64_t sample)
{
    if (mood && (mood->mood == FACE_LIMIT || mood->mood == FACE_OFFLINE))
        return mood->mood;
    if (clause && (clause->until == INT64_MAX || sample - clause->until < BETWEEN_CLAUSES))
        return FACE_SPEAKING;
    return mood ? mood->mood : FACE_NEUTRAL;
}

void stage_at(const struct stage *stage, int64_t sample, struct stage_view *view)
{
    const struct stage_note *mood = latest(stage, 1u << STAGE_MOOD, sample);
    const struct stage_note *clause = latest(stage, 1u << STAGE_CLAUSE, sample);
    const struct stage_note *feeling = latest(stage, 1u << STAGE_FEELING, sample);
    const struct stage_note *shown = latest(stage, 1u << STAGE_CLAUSE | 1u << STAGE_TEXT, sample);
    bool is_heard = shown && shown->kind == STAGE_CLAUSE && sample < shown->until;
    bool is_over = shown && shown->kind == STAGE_CLAUSE && shown->until != INT64_MAX &&
                   sample - shown->until > TEXT_STAYS;

    *view = (struct stage_view){.mood = mood_at(mood, clause, sample),
                                .subtitle.text = shown && !is_over ? shown->text : ""};
    if (is_heard)
        find_word(stage, shown, sample, &view->subtitle);
    if (feeling && sample - feeling->sample < FEELING_STAYS)
        view->emotion = feeling->emotion;
}
