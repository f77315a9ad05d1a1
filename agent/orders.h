/* orders.h - the server's commands: what each does and how it is answered
 *
 * No command opens the microphone (invariant I8).
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include <stdatomic.h>

#include "agent/face/face.h"
#include "agent/link/link.h"
#include "agent/talker.h"

/* Plain data, all borrowed; restart_ms starts at 0 and is private. */
struct orders {
    const char *state_dir;
    struct talker *talker;
    struct face *face;
    struct link *link;
    atomic_int_fast64_t restart_ms; /* asked at; 0: not */
};

/* On the link's thread. COMMAND_NONE in out: the answer follows by link_finish_command(). */
void orders_carry_out(struct orders *orders, const wire_Command *command, struct peer_answer *out);

/* At the start: a restart that was carried out must not be carried out again. */
void orders_recall(struct orders *orders);

/* Software needs one. From any thread. */
void orders_ask_restart(struct orders *orders);

/* True when a restart was ordered and its answer has left, or had time to. */
bool orders_want_restart(struct orders *orders);

#endif
