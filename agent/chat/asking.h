/* asking.h - a question's way along the routes: in their order until one answers
 *
 * Each request is an attempt of its own in the journal (agent/chat/attempt.h). Routes whose circuit
 * is open are left out (agent/chat/circuit.h), a failed one is retried once and shortly
 * (agent/chat/next_step.h), and credit that is on its way is waited for, most of a second in all.
 * Belongs to one thread.
 */
#ifndef AGENT_CHAT_ASKING_H
#define AGENT_CHAT_ASKING_H

#include "agent/chat/attempt.h"
#include "agent/chat/circuit.h"

/* Called on the same thread while asking_run() runs. */
struct asking_host {
    void *context;
    answer_text_fn on_text;
    void (*on_idle)(void *context);
    /* The number of the next attempt within the turn. */
    uint32_t (*next_number)(void *context);
    /* An attempt was made: asking->attempt. */
    void (*on_attempt)(void *context);
    /* Another one follows: close its record. */
    void (*close)(void *context);
    /* A route lacks credit: the server should hear at once. */
    void (*on_denied)(void *context);
    /* Whether the server answers: a grant is worth waiting for then. */
    bool (*is_online)(void *context);
    /* Waits so long, less when *halt became true. */
    void (*pause)(void *context, int64_t duration_ms);
};

struct asking {
    /* Of the caller, all borrowed. */
    struct http *http;
    struct journal *journal;
    struct circuit_set *circuits; /* kept from question to question */
    const atomic_bool *halt;      /* nobody is asked any more */
    const wire_Route *routes;     /* usable ones, in order */
    size_t route_count;
    const struct dialect_message *messages;
    size_t message_count;
    int64_t max_output_tokens;
    const uint8_t *uuid; /* of the turn */
    uint64_t generation;
    int64_t asked_ms; /* monotonic */
    struct asking_host host;
    /* What came of it. */
    struct attempt_result attempt; /* the last one that was made or refused */
    uint32_t attempts;
    bool is_limited; /* a route was left out for want of credit or of room in the journal */
    /* Private. */
    int64_t credit_wait_ms;
    uint64_t told; /* states about credit that had come when it was first lacking */
};

void asking_run(struct asking *asking);

#endif
