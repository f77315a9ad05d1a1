/* talker_parts.h - what the files of talker.h share
 *
 * talker.c has the thread and what may be called from any other; talker_turn.c carries out a
 * question, talker_command.c what the server wants said. All of them run on the chat thread but
 * for what says otherwise.
 */
#ifndef AGENT_TALKER_PARTS_H
#define AGENT_TALKER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/chat/stop_word.h"
#include "agent/talker.h"
#include "schema/base/queue.h"

#define TALKER_SAY_LIMIT 6    /* messages of the server, in SAY_WINDOW_MS of talker.c */
#define TALKER_NOTICE_MS 6000 /* how long a notice stands on the screen */

/* Travels through the queue, the text behind it. */
struct talker_job {
    wire_CommandKind kind; /* KIND_NONE: a question */
    bool is_nudge;         /* nothing to do but what every job begins with */
    uint64_t place;        /* of a question in the order in which they came */
    enum stop_word wish;   /* that a question was */
    uint64_t client;
    uint8_t id[16]; /* of the command; of the question's turn */
};

struct talker {
    struct talker_options options;
    pthread_t thread;
    struct queue *queue;
    struct turn *turn;
    struct turn *probe;                                  /* without a voice */
    struct conversation *conversation, *no_conversation; /* the turn's, the probe's */
    struct settings_values values;
    uint64_t number;                /* of the newest turn; the chat thread's own */
    enum limit_mode limit_mode;     /* announced last; the chat thread's own, like the next */
    int64_t next_question_ms;       /* no vendor is asked before, by turns_per_minute */
    int64_t warm_until_ms;          /* connections to vendors are kept */
    atomic_bool has_waiting;        /* a job waits: whatever passes the time must end */
    atomic_uint_fast64_t asked;     /* the newest question's place */
    atomic_uint_fast64_t unwanted;  /* whoever asked up to this place wished for silence since */
    int64_t said[TALKER_SAY_LIMIT]; /* when messages of the server came; the link thread's own */
    size_t said_next;

    pthread_mutex_t lock; /* of what follows */
    uint64_t running;     /* 0: silence */
    uint64_t client;      /* whose turn is running */
    bool stopping, stopped;
    bool heard_chinese; /* the last question was */
    uint32_t turns, failed;
    uint32_t held[FILTER_CLASSES];
};

/* The next turn's number, with which it begins: for whoever interrupts it, or leaves. */
uint64_t talker_begin(struct talker *talker, uint64_t client);
void talker_end(struct talker *talker);

/* What a turn takes of the settings. */
struct turn_settings talker_turn_settings(const struct settings_values *values);

/* turn_options.on_event: of the turns with a voice; all that a probe tells. */
void talker_on_turn_event(void *context, const struct turn_event *event);
void talker_on_probe_event(void *context, const struct turn_event *event);

/* Whether what the robot says for itself is Chinese. Any thread. */
bool talker_speaks_chinese(struct talker *talker, const struct settings_values *values);

/* Forgets the conversation and the videos of answers, on disk as well. */
MUST_CHECK enum status talker_forget_talk(struct talker *talker);

/* A question. */
void talker_answer(struct talker *talker, const struct talker_job *job, struct span question);

/* When another limit_mode begins: says it, kindly and once. */
void talker_announce(struct talker *talker);

/* Whether a command of this kind has anything to be said or asked. Any thread. */
bool talker_is_command(wire_CommandKind kind);

/* A command; the host hears of its end. */
void talker_carry_out(struct talker *talker, const struct talker_job *job, struct span text);

#endif
