/* speaker.h - says the clauses of a turn aloud and tells what was heard
 *
 * Clauses are queued, made into sound by the voice program and played on one absolute sample
 * timeline, the audio device's own clock. Everything carries the number of its turn: an
 * interruption ends a turn at once, and whatever still arrives for it is ignored.
 *
 * There may be two voices: one that asks a vendor, and the offline one, which says whatever the
 * other cannot, from the word on at which that broke off. When the offline one dies at a clause the
 * clause is tried once more, then shown.
 *
 * Turn numbers start at 1 and only grow. All functions may be called from any thread, but not from
 * inside a callback, except speaker_queued_ms(), speaker_playhead() and speaker_heard().
 */
#ifndef AGENT_VOICE_SPEAKER_H
#define AGENT_VOICE_SPEAKER_H

#include <stddef.h>
#include <stdint.h>

#include "agent/voice/audio.h"
#include "agent/voice/voice.h"
#include "schema/base/buffer.h"
#include "schema/base/span.h"

#define SPEAKER_MAX_CLAUSES      64   /* waiting or being spoken, of one turn */
#define SPEAKER_MAX_CLAUSE_BYTES 1000 /* longer text is refused: split it into clauses first */

struct speaker;

enum speaker_event_kind {
    SPEAKER_CLAUSE_STARTED = 0,  /* its first sample is being heard */
    SPEAKER_CLAUSE_FINISHED = 1, /* its last sample was heard */
    SPEAKER_CLAUSE_FAILED = 2,   /* no voice can say it: show it; the next one follows when it
                                    could be read */
    SPEAKER_TURN_FINISHED = 3,   /* speaker_end_turn() was called and everything was heard */
    SPEAKER_INTERRUPTED = 4,     /* the turn ends here; nothing follows for it */
};

struct speaker_event {
    enum speaker_event_kind kind;
    uint64_t turn;
    uint32_t clause;  /* 0, 1, 2 ... within the turn; 0 for events of the whole turn */
    struct span text; /* the clause as it was given; borrowed until the callback returns */
    int64_t sample;   /* where on the audio timeline */
    int64_t mono_ms;  /* clock_mono_ms() at which it was noticed, at most 20 ms late */
};

/* Called on the speaker's own thread, in order; must not block. */
typedef void (*speaker_event_fn)(void *context, const struct speaker_event *event);

/* Somebody who needs the sound itself before it is heard: the face. Called on the voice's thread;
 * all samples are absolute. Any function may be NULL. A chunk arrives before it is heard. A turn
 * begins with its first sound, not with the voice's silence before it; marks in that silence lie
 * before the clause. */
struct speaker_watcher {
    void *context;
    void (*on_turn)(void *context, uint64_t turn);
    void (*on_clause)(void *context, uint64_t turn, int64_t sample, struct span text);
    void (*on_sound)(void *context, uint64_t turn, int64_t sample, const int16_t *pcm,
                     size_t count);
    void (*on_mark)(void *context, uint64_t turn, int64_t sample, const struct voice_mark *mark);
    /* from sample on these bytes of the clause announced last are spoken */
    void (*on_word)(void *context, uint64_t turn, int64_t sample, uint32_t offset, uint32_t length);
    void (*on_clause_end)(void *context, uint64_t turn, int64_t sample);
    /* the turn was heard to its end, or cut, at this sample */
    void (*on_turn_end)(void *context, uint64_t turn, int64_t sample);
};

/* Texts of a voice_order, kept. Holds a key: wipe it. */
struct speaker_order {
    char url[257];
    char api_key[257];
    char model[65];
    char speaker[65];
    char request_id[64];
};

/* A second voice, which asks vendors: what it may ask, and who counts it. Functions must not call
 * the speaker. */
struct speaker_vendor {
    const char *program; /* speaks the voice protocol with ROUTE; copied */
    void *context;
    /* Whether a vendor may be asked now. Called with a lock held: cheap. */
    bool (*is_ready)(void *context);
    /* Opens one request for this text, on disk when it returns STATUS_OK, and fills *order. Else
     * the offline voice says it. May wait for the disk. */
    enum status (*open)(void *context, uint64_t turn, uint32_t clause, struct span text,
                        struct speaker_order *order);
    /* What it came to, once for each that was opened. */
    void (*close)(void *context, uint64_t turn, uint32_t clause, const struct voice_used *used);
    /* The program is gone: nothing more is told of those that are open. */
    void (*gone)(void *context);
};

struct speaker_options {
    const char *voice_program; /* or another that speaks its protocol; NULL: "myna-voice" */
    const struct speaker_vendor *vendor; /* copied; NULL: the voice program says everything */
    struct audio_options audio;
    enum voice_language language; /* VOICE_LANGUAGE_AUTO decides by the text */
    int rate_wpm;                 /* 0: 175 */
    int pitch;                    /* 0..99, -1: the voice's own */
    int volume;                   /* 0..100 */
    speaker_event_fn on_event;    /* may be NULL */
    void *context;
};

/* Opens the audio device and starts the voice program. A voice that cannot be started now is tried
 * again later and is not a failure; without a sound device audio falls back to silence in real
 * time. Texts in options are copied. The caller owns *out. */
MUST_CHECK enum status speaker_create(struct speaker **out, const struct speaker_options *options);
void speaker_free(struct speaker *speaker);

/* One watcher; set it before the first turn. The struct is copied. */
void speaker_watch(struct speaker *speaker, const struct speaker_watcher *watcher);

/* Starts a turn; an older one that still speaks is interrupted. STATUS_STALE: not newer than the
 * newest turn seen. */
MUST_CHECK enum status speaker_begin_turn(struct speaker *speaker, uint64_t turn);

/* Queues one clause (UTF-8) and sets *clause (may be NULL) to its number. STATUS_STALE: not the
 * current turn, or ended; STATUS_FULL: too many clauses wait, or the text is too long;
 * STATUS_INVALID: not UTF-8. Text without anything to say is STATUS_OK and is finished at once. */
MUST_CHECK enum status speaker_say(struct speaker *speaker, uint64_t turn, struct span text,
                                   uint32_t *clause);

/* No more clauses come. SPEAKER_TURN_FINISHED follows when the last one was heard. */
void speaker_end_turn(struct speaker *speaker, uint64_t turn);

/* Falls silent within 60 ms and drops what waits. Ignored for any other than the current turn. */
void speaker_interrupt(struct speaker *speaker, uint64_t turn);

/* STATUS_OK: nothing is queued or being heard; STATUS_TIMEOUT. */
MUST_CHECK enum status speaker_wait_idle(struct speaker *speaker, int64_t timeout_ms);

/* Sound that waits to be heard, clauses not yet spoken included by their length: what the clause
 * splitter needs to decide how long it may wait. */
int64_t speaker_queued_ms(struct speaker *speaker);

/* Appends what was heard of the current or last turn: whole clauses, then the last one up to the
 * last word heard. STATUS_STALE: of another turn nothing is known. */
MUST_CHECK enum status speaker_heard(struct speaker *speaker, uint64_t turn, struct buffer *out);

/* The sample being heard now, on the audio clock; never steps back. */
int64_t speaker_playhead(struct speaker *speaker);
/* These three as in audio.h. */
int64_t speaker_sample_at(struct speaker *speaker, int64_t mono_ns);
void speaker_played(struct speaker *speaker, int64_t sample, int16_t *out, size_t count);
void speaker_duck(struct speaker *speaker, bool is_ducked);

/* See audio_underruns(). */
uint32_t speaker_underruns(struct speaker *speaker);
unsigned speaker_sample_rate(const struct speaker *speaker);

/* From the next clause on; volume at once. Values out of range are clamped. */
void speaker_set_volume(struct speaker *speaker, int volume);
void speaker_set_voice(struct speaker *speaker, enum voice_language language, int rate_wpm,
                       int pitch);

#endif
