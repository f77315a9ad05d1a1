/* turn.h - one question from asking to the last word heard
 *
 * Asks the routes in order until one answers, cuts the answer into clauses, has them spoken, keeps
 * the history, and leaves exactly one closed record in the journal for each request that was
 * opened. When nothing answers the robot says so itself, in its owner's language.
 *
 * turn_run() belongs to one thread, the chat thread, and runs one turn at a time; everything else
 * may be called from any thread. Everything carries the turn's number: what comes for an old one
 * changes nothing.
 */
#ifndef AGENT_CHAT_TURN_H
#define AGENT_CHAT_TURN_H

#include "agent/chat/circuit.h"
#include "agent/chat/conversation.h"
#include "agent/chat/excuse.h"
#include "agent/chat/filter.h"
#include "agent/chat/limit_mode.h"
#include "agent/meter/attempts.h"
#include "agent/meter/journal.h"
#include "agent/voice/speaker.h"

struct turn;

enum turn_event_kind {
    TURN_STARTED = 0,   /* the question is being asked */
    TURN_ANSWERING = 1, /* the first text arrived */
    TURN_CLAUSE = 2,    /* text starts to be heard (without a speaker: was received) */
    TURN_EMOJI = 3,     /* the answer shows this emoji where the next clause begins */
    TURN_EXCUSING = 4,  /* no answer: the robot speaks for itself; report->excuse tells why */
    TURN_ENDED = 5,     /* report tells how; nothing follows for this turn */
    TURN_DENIED = 6,    /* a route lacks credit: the server should hear at once */
};

struct turn_report {
    wire_Outcome outcome;        /* of the last attempt; OUTCOME_NONE: none could be opened */
    wire_ErrorClass error_class; /* likewise */
    enum excuse excuse;          /* what the robot itself had to say, if anything */
    char vendor[LIMIT_SLUG + 1];
    char model[LIMIT_MODEL + 1]; /* as answered */
    uint64_t input;              /* tokens, cached ones included */
    uint64_t output;             /* tokens, reasoning included */
    uint32_t attempts;
    uint32_t first_token_ms; /* from the question, 0: none came */
    uint32_t first_audio_ms;
    bool interrupted;
    bool canned;  /* the answer was the canned one: no vendor was asked */
    bool stopped; /* the owner wished for silence: nothing was said */
    /* Why the filter held the question back, FILTER_CRISIS: the robot answered with crisis_text. */
    enum filter_class held_question;
    enum filter_class held_answer; /* why it broke the answer off */
    bool chinese;                  /* what the robot spoke for itself, or would have */
};

struct turn_event {
    enum turn_event_kind kind;
    uint64_t number;
    const uint8_t *uuid;              /* 16 bytes */
    struct span text;                 /* TURN_CLAUSE */
    uint32_t character;               /* TURN_EMOJI, */
    uint32_t clause;                  /* and the number of the clause that it stands before */
    const struct turn_report *report; /* TURN_EXCUSING, TURN_ENDED */
};

/* Called on the chat thread, for TURN_CLAUSE with a speaker on the speaker's; must not block, nor
 * call turn_run() or the speaker. */
typedef void (*turn_event_fn)(void *context, const struct turn_event *event);

struct turn_options {
    struct journal *journal;           /* borrowed */
    struct conversation *conversation; /* borrowed; the chat thread's own */
    struct speaker *speaker;           /* borrowed; NULL: text only */
    /* Who else asks vendors for these turns; borrowed. NULL: nobody does. */
    struct attempts *attempts;
    turn_event_fn on_event; /* may be NULL */
    /* Whether the server answers: after TURN_DENIED its grant is worth waiting for, most of a
     * second in all. NULL: it never does. Called on the chat thread. */
    bool (*is_online)(void *context);
    void *context;
    const struct filter *filter; /* borrowed; NULL: nothing is held back */
};

/* The caller owns *out. */
MUST_CHECK enum status turn_create(struct turn **out, const struct turn_options *options);
void turn_free(struct turn *turn);

/* How the routes stood after the last turn that asked any, if its settings were of this generation
 * and named so many; else a set of none. From any thread. */
void turn_circuits(struct turn *turn, uint64_t generation, size_t route_count,
                   struct circuit_set *out);

/* What the configuration says now; borrowed until turn_run() returns. */
struct turn_settings {
    const wire_Route *routes; /* usable ones, in order */
    size_t route_count;
    struct span persona;
    int64_t history_turns;
    int64_t history_tokens;
    int64_t max_output_tokens;
    uint64_t generation;
    enum voice_language language;
    enum limit_mode limit_mode;
    struct span limit_text; /* said at a limit; empty: the standard words */
    struct span canned;     /* the answer while limit_mode is canned; empty: as if blocked */
    struct span answer;     /* said instead of asking anybody; empty: somebody is asked */
    int64_t start_at_ms;    /* monotonic: no vendor is asked before; see TURN_MAX_SPACING_MS */
    enum filter_audience audience;
    struct span crisis_text; /* the answer to a crisis; empty: the standard words */
    enum excuse kept;        /* why no vendor is asked now; EXCUSE_NONE: they are */
    /* The robot's own words around a vendor's answer, no part of the conversation; empty: none. */
    struct span preface;
    struct span epilogue;
};

/* A turn waits so long for start_at_ms; when that is later, the robot asks for a rest instead. */
#define TURN_MAX_SPACING_MS 10000

/* Asks the question (UTF-8) and returns when its answer was heard to the end or interrupted. number
 * is greater than that of any turn before; uuid has 16 bytes. *report is always filled.
 * STATUS_OK: an answer was given, whole or interrupted; STATUS_DENIED: excuse LIMIT, BLOCKED or
 * REST, FILTER, QUIET or ENOUGH; STATUS_UNREACHABLE: any other excuse; STATUS_INVALID: question is
 * empty, not UTF-8 or longer than CONVERSATION_MAX_TEXT_BYTES, nothing was done. */
MUST_CHECK enum status turn_run(struct turn *turn, uint64_t number, const uint8_t *uuid,
                                struct span question, const struct turn_settings *settings,
                                struct turn_report *report);

/* Between turns, on the chat thread: makes sure that connections to the first routes stand. Takes a
 * few seconds at most; true in *cancel ends it before. */
void turn_warm(struct turn *turn, const wire_Route *routes, size_t count,
               const atomic_bool *cancel);

/* Ends the turn with this number, now or when it comes: the stream, the voice, the record. */
void turn_interrupt(struct turn *turn, uint64_t number);

/* Hand in every event of the speaker. */
void turn_on_speaker(struct turn *turn, const struct speaker_event *event);

#endif
