/* clip.h - one clause on its way from a vendor to the agent: its sound, and when each phoneme is
 * said
 *
 * Sound arrives piece by piece, the pattern of the phonemes from espeak-ng meanwhile; what goes out
 * are the frames of the voice protocol. A little sound is gathered before the first goes out, and
 * again when it ran out, so that an uneven network is not heard. No I/O, no threads; time is an
 * argument.
 */
#ifndef AGENT_SPEECH_CLIP_H
#define AGENT_SPEECH_CLIP_H

#include "agent/speech/align.h"
#include "agent/speech/pauses.h"
#include "agent/voice/voice.h"
#include "agent/voice/voice_wire.h"
#include "schema/base/buffer.h"

#define CLIP_RATE          22050
#define CLIP_MAX_MARKS     2048
#define CLIP_MAX_WORDS     400
#define CLIP_MAX_SECONDS   120 /* of one clause: what comes beyond is dropped */
#define CLIP_GATHER_MS     300 /* before the first sound, and after a lack of it */
#define CLIP_AHEAD_MS      100 /* stays behind: a pause is noticed before it goes out */
#define CLIP_PIECE_SAMPLES 1024
#define CLIP_LEAD_MS       600 /* before it is heard: while sound arrives faster, it is listened to */

/* Fields are private. */
struct clip {
    uint64_t turn;
    uint32_t clause;
    struct align *align;

    struct buffer sound; /* samples not yet given */
    uint32_t given;      /* samples, from the clause's first */
    struct pauses pauses;
    bool is_whole, is_failed;

    struct voice_mark marks[CLIP_MAX_MARKS]; /* phonemes of the pattern */
    size_t mark_count, next_mark;
    struct voice_word words[CLIP_MAX_WORDS];
    size_t word_count, next_word;
    size_t next_pause;
    bool has_pattern; /* all of it, or no more is waited for */
    uint32_t last_place;

    bool is_begun, is_gathering;
    int64_t begun_ms;
};

/* Release with clip_release(). STATUS_MEMORY: nothing is to be released. */
MUST_CHECK enum status clip_init(struct clip *clip, uint64_t turn, uint32_t clause);
void clip_release(struct clip *clip);

/* From the vendor, at CLIP_RATE. */
void clip_add_sound(struct clip *clip, const int16_t *pcm, size_t count);
/* Nothing more comes: all of it came, or it broke off. */
void clip_end_sound(struct clip *clip, bool is_whole);

/* From espeak-ng; samples count in its own sound. */
void clip_add_pattern(struct clip *clip, const int16_t *pcm, size_t count);
void clip_add_mark(struct clip *clip, const struct voice_mark *mark);
void clip_add_word(struct clip *clip, const struct voice_word *word);
void clip_end_pattern(struct clip *clip);

/* Appends the frames that can go out now, one piece of sound at most. STATUS_OK: some did;
 * STATUS_AGAIN: not before more arrived, or some time passed; STATUS_CLOSED: the last ones, END or
 * FAILED, are among them. */
MUST_CHECK enum status clip_give(struct clip *clip, int64_t now_ms, struct buffer *out);

/* Whether time alone lets more of it out. */
bool clip_is_timed(const struct clip *clip);

#endif
