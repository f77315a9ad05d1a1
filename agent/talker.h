/* talker.h - the chat thread: whatever the robot says, it says one thing after another
 *
 * Questions from the console and the server's say, identify and probe wait in one bounded queue.
 * A question is a turn (agent/chat/turn.h); the others are spoken, or asked in silence, as turns of
 * their own with a number. Functions may be called from any thread; the host's are called on the
 * chat thread or the speaker's and must not block.
 */
#ifndef AGENT_TALKER_H
#define AGENT_TALKER_H

#include "agent/care.h"
#include "agent/chat/conversation_file.h"
#include "agent/chat/turn.h"
#include "agent/face/face.h"
#include "agent/link/peer.h"
#include "agent/settings.h"

#define TALKER_MAX_WAITING 8

struct talker;

struct talker_host {
    void *context;
    /* A turn of this client's: every event, TURN_ENDED last. */
    void (*on_event)(void *context, uint64_t client, const struct turn_event *event);
    /* A command came to its end. */
    void (*on_command)(void *context, const uint8_t id[16], const struct peer_answer *answer);
    /* Attempts were closed, or refused for want of credit: the server should hear. */
    void (*on_used)(void *context);
    /* Whether the server answers. NULL: it never does. */
    bool (*is_online)(void *context);
};

struct talker_options {
    const char *device_id; /* borrowed, like all that follows */
    struct journal *journal;
    struct attempts *attempts; /* NULL: nobody but the chat asks vendors */
    struct settings *settings;
    struct speaker *speaker;
    struct face *face;
    const struct filter *filter;            /* NULL: nothing is held back */
    struct care *care;                      /* the chat thread's own from now on; NULL: none */
    const struct conversation_file *memory; /* NULL: the conversation ends with the process */
    const char *films;                      /* folder of videos of answers; NULL: none */
    struct talker_host host;                /* copied */
};

/* Starts the thread. The caller owns *out. */
MUST_CHECK enum status talker_start(struct talker **out, const struct talker_options *options);

/* Interrupts what is being said, drops what waits, and waits for the thread. The host is not called
 * any more; other functions may still be, until talker_free(). NULL is allowed. */
void talker_stop(struct talker *talker);

/* After talker_stop(), and when the speaker is gone. */
void talker_free(struct talker *talker);

/* Queues a question. "Stop" ends what is being said and drops what was asked before, at once; the
 * wish itself ends as a turn in silence. STATUS_FULL: too many wait; STATUS_INVALID: empty, too
 * long or not UTF-8. */
MUST_CHECK enum status talker_ask(struct talker *talker, uint64_t client, struct span question);

/* The same for a question that the ear heard, whose turn has this uuid (16 bytes) already; NULL: it
 * has none. */
MUST_CHECK enum status talker_ask_heard(struct talker *talker, uint64_t client, const uint8_t *uuid,
                                        struct span question);

/* Queues the wish to forget the conversation, on disk as well; the robot says that it did. What
 * moves a robot to another owner calls it. STATUS_FULL: too many wait. */
MUST_CHECK enum status talker_forget(struct talker *talker, uint64_t client);

/* Queues SAY, IDENTIFY, PROBE_ROUTE or FORGET; on_command() follows. BUNDLE and TRANSFER: the owner
 * is asked, and whoever has the answer ends the command. STATUS_FULL: too many wait; STATUS_DENIED:
 * more was said for the server lately than people should have to bear; STATUS_INVALID: no such
 * command, or nothing to say. */
MUST_CHECK enum status talker_command(struct talker *talker, const wire_Command *command);

/* Call after the settings changed: a limit_mode that begins is shown on the face and said, once,
 * before the next turn or at once when nothing is being said. */
void talker_settings_changed(struct talker *talker);

/* Whether the robot speaks Chinese for itself: by its language, or where that is left open by the
 * last question. */
bool talker_is_chinese(struct talker *talker);

/* Ends what is being said now. */
void talker_interrupt(struct talker *talker);

/* The client left: its turn, if it is the running one, ends. */
void talker_leave(struct talker *talker, uint64_t client);

/* Hand in every event of the speaker. */
void talker_on_speaker(struct talker *talker, const struct speaker_event *event);

/* Turns since the start, and those that got no answer. */
void talker_count(struct talker *talker, uint32_t *turns, uint32_t *failed);

/* See turn_circuits(). */
void talker_circuits(struct talker *talker, uint64_t generation, size_t route_count,
                     struct circuit_set *out);

/* Turns since the start that the filter held back, by class. */
void talker_held(struct talker *talker, uint32_t held[FILTER_CLASSES]);

#endif
