/* voice.h - a voice: a program of its own that turns clauses into sound and phoneme marks
 *
 * The program speaks the protocol of PROTOCOL.md on its standard input and output, so that
 * licences, crashes and vendors stay apart. When it dies it is started again (with backoff) and
 * what it was working on is reported as failed; the caller decides whether to try again.
 *
 * Functions may be called from any thread; the listener is called on the voice's own reader thread,
 * and may block there: the program then waits.
 */
#ifndef AGENT_VOICE_VOICE_H
#define AGENT_VOICE_VOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

struct voice;

/* Values travel on the pipe. */
enum voice_language {
    VOICE_LANGUAGE_AUTO = 0,
    VOICE_LANGUAGE_EN = 1,
    VOICE_LANGUAGE_ZH = 2,
};

#define VOICE_PHONEME_SIZE 9

/* A phoneme as the voice names it (espeak-ng mnemonics), not yet a mouth time. */
struct voice_mark {
    char phoneme[VOICE_PHONEME_SIZE];
    enum voice_language language; /* whose phoneme table names it: EN or ZH */
    uint32_t sample;              /* from the clause's first */
    uint32_t duration;            /* samples until the next mark */
};

/* From `sample` on (from the clause's first) the text bytes [offset, offset + length) are spoken.
 */
struct voice_word {
    uint32_t offset;
    uint32_t length;
    uint32_t sample;
};

/* Where a voice that asks a vendor has its sound made, and in whose name. Texts are borrowed. */
struct voice_order {
    const char *url; /* the vendor's base URL */
    const char *api_key;
    const char *model;
    const char *speaker; /* the vendor's name for who speaks; "" its first */
    const char *request_id;
};

/* What became of a request. Values travel on the pipe. */
enum voice_fate {
    VOICE_FATE_NOT_SENT = 0, /* surely no byte of it left */
    VOICE_FATE_ANSWERED = 1, /* all of the sound came */
    VOICE_FATE_REFUSED = 2,  /* a whole answer that is none */
    VOICE_FATE_CUT = 3,      /* it broke off, or was cancelled, when sound had begun to come */
    VOICE_FATE_UNKNOWN = 4,  /* it broke off, or was cancelled, before: the vendor may have begun */
};

struct voice_used {
    enum voice_fate fate;
    uint8_t error_class; /* wire_ErrorClass; 0: none */
    int http_status;     /* 0: none came */
    uint32_t first_ms;   /* until the first sound; 0: none came */
};

struct voice_listener {
    void *context;
    void (*on_begin)(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate);
    void (*on_pcm)(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count);
    void (*on_mark)(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark);
    void (*on_word)(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word);
    void (*on_end)(void *context, uint64_t turn, uint32_t clause, uint32_t samples);
    /* the program died or refused the clause */
    void (*on_failed)(void *context, uint64_t turn, uint32_t clause);
    /* What the order of a clause came to, once for each and also when its turn was cancelled: but
     * not after the program died. May be NULL, like the next. */
    void (*on_used)(void *context, uint64_t turn, uint32_t clause, const struct voice_used *used);
    /* The program died: no on_used() follows for what it was given. */
    void (*on_gone)(void *context);
};

struct voice_clause {
    uint64_t turn;
    uint32_t clause;
    enum voice_language language;
    int rate_wpm; /* 80..450 */
    int pitch;    /* 0..99, -1: the voice's own */
    struct span text;
    const struct voice_order *order; /* NULL: for a voice that asks no vendor */
};

/* Starts the program (found by path or in PATH; NULL: "myna-voice"; copied). The listener is
 * copied. A program that does not start is tried again and is not a failure. The caller owns *out.
 */
MUST_CHECK enum status voice_create(struct voice **out, const char *program,
                                    const struct voice_listener *listener);

/* Ends the program. No listener call follows. */
void voice_free(struct voice *voice);

/* Sends one clause. STATUS_AGAIN: the program is not running now; STATUS_FULL: too many clauses are
 * being worked on. on_end or on_failed follows exactly once for each clause that was taken, unless
 * its turn is cancelled. */
MUST_CHECK enum status voice_say(struct voice *voice, const struct voice_clause *clause);

/* Whether the program runs, so that voice_say() is likely to be taken. */
bool voice_is_running(struct voice *voice);

/* Stops the clauses of this turn and of older ones; what still arrives for them is not delivered
 * after the call returned, except a listener call already under way. */
void voice_cancel(struct voice *voice, uint64_t turn);

#endif
