/* stage.h - what of a turn is seen beside the mouth at each sample
 *
 * Mood, feeling, subtitle and the word in it. Clauses, words, moods and texts are noted with the
 * sample at which they begin; asked by sample, it answers the same on the screen and in a
 * recording. Pure; fixed room, the oldest notes go first. No lock.
 */
#ifndef AGENT_FACE_STAGE_H
#define AGENT_FACE_STAGE_H

#include "agent/face/caption.h"
#include "agent/face/emotion.h"
#include "agent/face/face.h"

#define STAGE_TEXT_BYTES 1008
#define STAGE_MAX_NOTES  128
#define STAGE_MAX_WORDS  1024

enum stage_kind {
    STAGE_MOOD,
    STAGE_TEXT,
    STAGE_CLAUSE,
    STAGE_FEELING,
};

struct stage_note {
    enum stage_kind kind;
    enum face_mood mood;
    enum emotion emotion;
    int64_t sample;
    int64_t until; /* clause */
    char text[STAGE_TEXT_BYTES];
};

/* From sample on these bytes of the clause are spoken. */
struct stage_word {
    int64_t sample;
    uint32_t offset, length;
};

/* What is to be seen. Plain data. */
struct stage_view {
    enum face_mood mood;
    enum emotion emotion;
    struct caption_text subtitle; /* borrowed until the next change */
};

/* Fields are private. */
struct stage {
    struct stage_note notes[STAGE_MAX_NOTES]; /* n at n % STAGE_MAX_NOTES */
    size_t count;
    struct stage_word words[STAGE_MAX_WORDS]; /* n at n % STAGE_MAX_WORDS */
    size_t word_count;
};

void stage_clear(struct stage *stage, int64_t sample, enum face_mood mood);
void stage_mood(struct stage *stage, int64_t sample, enum face_mood mood);

/* Text longer than STAGE_TEXT_BYTES - 1 is cut between characters. */
void stage_text(struct stage *stage, int64_t sample, struct span text);
void stage_clause(struct stage *stage, int64_t sample, struct span text);

/* A word of the clause noted last begins to be heard. */
void stage_word(struct stage *stage, int64_t sample, uint32_t offset, uint32_t length);

/* From sample on the face shows it for a while. */
void stage_feeling(struct stage *stage, int64_t sample, enum emotion emotion);

/* The clause noted last ends here. */
void stage_clause_end(struct stage *stage, int64_t sample);

/* Forgets clauses that begin at sample or later and ends the one being heard. */
void stage_cut(struct stage *stage, int64_t sample);

/* The end of the last clause; INT64_MIN: there was none. */
int64_t stage_end(const struct stage *stage);

void stage_at(const struct stage *stage, int64_t sample, struct stage_view *view);

#endif
