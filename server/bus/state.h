/* state.h - the message that tells a device where it stands: always the whole, never a difference
 */
#ifndef SERVER_BUS_STATE_H
#define SERVER_BUS_STATE_H

#include "schema/wire/message.h"
#include "server/store/credits.h"
#include "server/store/journal.h"
#include "server/store/routes.h"

struct lines_line;

/* Plain data; what it points to is borrowed. */
struct state_facts {
    const char *device_id;
    uint8_t broker;          /* that the session is at */
    uint64_t session_number; /* that the state is for */
    uint8_t session_id[16];
    int64_t epoch;
    const struct journal_row *journal; /* NULL: none known yet */
    int64_t desired_generation;
    const struct lines_line *lines; /* of the device's routes, in order */
    size_t line_count;
    const struct credits_account *const *accounts; /* the device's, by line and measure */
    size_t account_count;
    bool want_hello;
    bool want_usage;
    uint64_t session_floor; /* not 0: reconnect above it; nothing else is told */
};

/* Fills the message, with a receipt (receipt.h) when it is about a journal. */
void state_fill(const struct state_facts *facts, const uint8_t master_key[CRYPTO_KEY_SIZE],
                int64_t now_ms, wire_State *out);

/* Whether a device may be given the route: complete, in force, and allowed by its region (I13). */
bool state_route_is_usable(const struct routes_row *route);

/* The device's part of rows that are sorted by device; *count tells how many. */
const struct routes_row *state_find_routes(const struct routes_row *rows, size_t row_count,
                                           const char *device_id, size_t *count);

/* The trial among one device's rows; NULL: there is none. */
const struct routes_row *state_find_trial(const struct routes_row *rows, size_t count);

#endif
