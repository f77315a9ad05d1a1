/* session.h - which messages of a device count: sessions and replays (invariant I3)
 *
 * A device names each of its connections by a number that it only raises, and numbers the messages
 * in it. The server keeps the highest session it has authenticated and a window of 64 counters.
 * Everything here has been authenticated already. Pure rules: no I/O, time is an argument.
 */
#ifndef SERVER_FLEET_SESSION_H
#define SERVER_FLEET_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#define SESSION_ID_SIZE 16

/* What is known of a device's sessions. Plain data; all zeros: none yet. */
struct session {
    uint64_t number; /* the highest authenticated; 0: none */
    uint8_t id[SESSION_ID_SIZE];
    bool has_hello; /* its hello has been seen */
    uint8_t broker; /* where it is: a place among the fleet's brokers */
    uint64_t counter_top;
    uint64_t counter_window; /* bit n: counter_top - n was seen */
    uint64_t ended;          /* the highest session known to have ended */
    int64_t ended_at_ms;
};

/* What a message says of itself. */
struct session_claim {
    uint64_t number;
    const uint8_t *id;
    uint64_t counter;
    int64_t sent_ms; /* when it was made, by the server's clock as far as known */
    bool is_hello;
    uint8_t broker; /* that it came by */
};

enum session_verdict {
    SESSION_CURRENT,  /* of the session we know, and new */
    SESSION_ADOPTED,  /* of a higher session, which is the device's session from now on */
    SESSION_FLOOR,    /* a hello with a number that was used, or a will had ended the session: the
                         device, if it is there, must connect above it */
    SESSION_STALE,    /* authentic but old, and recent enough to be no surprise */
    SESSION_REPLAYED, /* authentic but old: somebody plays it again */
    SESSION_INVALID,  /* numbers that no device sends */
};

struct session_note {
    /* A floor later than the stale window after the session ended: told to the device, for a
     * restored disk must get on, and to the operator, for it may as well be a replay. */
    bool late;
    /* No later message of the session came before it: only then does a hello's journal head say
     * where the journal is now. Instances share a subscription, so order is not kept. */
    bool newest;
};

/* Decides, and changes *session for SESSION_CURRENT and SESSION_ADOPTED alone. */
enum session_verdict session_judge(struct session *session, const struct session_claim *claim,
                                   int64_t stale_window_ms, int64_t now_ms,
                                   struct session_note *note);

/* The last will: ends the session it names if that is the one we know; true when it did. */
bool session_end(struct session *session, uint64_t number, const uint8_t *id, int64_t now_ms);

/* Known to be connected, as far as sessions tell. */
bool session_is_live(const struct session *session);

#endif
