/* orders.h - the server's commands: what each does and how it is answered
 *
 * No command opens the microphone (invariant I8).
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include <stdatomic.h>

#include "agent/bundle.h"
#include "agent/consent.h"
#include "agent/face/face.h"
#include "agent/handover.h"

/* Plain data, all borrowed; restart_ms starts at 0 and is private, like consent, asked and
 * handover, for which see orders_init(). */
struct orders {
    const char *state_dir;
    struct talker *talker;
    struct face *face;
    struct link *link;
    struct bundle_sources sources;
    struct consent consent; /* to what is asked */
    atomic_int asked;       /* wire_CommandKind: what that is, or was asked last */
    struct handover handover;
    atomic_int_fast64_t restart_ms; /* asked at; 0: not */
};

void orders_init(struct orders *orders);
void orders_release(struct orders *orders);

/* On the link's thread. COMMAND_NONE in out: the answer follows by link_finish_command(). */
void orders_carry_out(struct orders *orders, const wire_Command *command, struct peer_answer *out);

/* At the start: a restart that was carried out must not be carried out again, and a hand-over not
 * be asked for again. */
void orders_recall(struct orders *orders);

/* What the chat thread was given is carried out. On its thread. */
void orders_on_done(struct orders *orders, const uint8_t id[16], const struct peer_answer *done);

/* The owner's word about what was asked for, at the local socket. False: none was. From
 * any thread, like the next two. */
bool orders_on_consent(struct orders *orders, bool is_given);

/* The button answers what is asked, see consent.h. False: nothing is. */
bool orders_on_button(struct orders *orders, bool is_down);

/* Gives up on an owner who is not there. */
void orders_look(struct orders *orders);

/* Software needs one. From any thread. */
void orders_ask_restart(struct orders *orders);

/* True when a restart was ordered and its answer has left, or had time to. */
bool orders_want_restart(struct orders *orders);

#endif
