/* attempt.h - one request to one vendor: reserved and journalled before, sent once, its answer read
 *
 * Runs on the chat thread until the answer ends. The attempt is open in the journal afterwards, its
 * record filled in: the caller adds what it alone knows and closes it with
 * journal_close_attempt().
 */
#ifndef AGENT_CHAT_ATTEMPT_H
#define AGENT_CHAT_ATTEMPT_H

#include "agent/chat/answer.h"
#include "agent/meter/journal.h"

struct attempt_request {
    const wire_Route *route;
    const struct dialect_message *messages;
    size_t count;
    int64_t max_output_tokens; /* less is asked for when the credit does not cover it */
    const uint8_t *turn;       /* UUID, 16 bytes */
    uint32_t number;           /* within the turn, from 1 */
    uint64_t generation;
    wire_Purpose purpose;
    const atomic_bool *cancel;
    answer_text_fn on_text;
    void (*on_idle)(void *context); /* at least every 50 ms of silence */
    void *context;
};

struct attempt_result {
    wire_UsageRecord record;
    uint64_t text_bytes;
    int64_t started_mono_ms;
    int64_t answered_ms;    /* from then on, when the answer's status came; -1: none came */
    int64_t retry_after_ms; /* -1: the vendor did not say */
    char problem[200];      /* one line for the log; empty when it was answered */
};

/* STATUS_OK: the attempt was made, or at least opened, and *result holds its record. Else nothing
 * was sent or opened: STATUS_DENIED (no credit for it), STATUS_FULL or STATUS_IO (the journal takes
 * no more), STATUS_INVALID (the route cannot be used: an unknown dialect, for instance). */
MUST_CHECK enum status attempt_run(struct http *http, struct journal *journal,
                                   const struct attempt_request *request,
                                   struct attempt_result *result);

#endif
