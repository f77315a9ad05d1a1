/* guests.h - who is connected to a listener: how many from each address, and for how long each may
 * still take
 *
 * The HTTP library ends connections that say nothing; whoever says one byte a second stays for
 * ever. So each connection has a deadline here for what it does now, and is hung up on when that
 * passes. An address counts as its whole IPv4 address or the first 64 bits of an IPv6 one, which is
 * what one subscriber gets. Thread-safe.
 */
#ifndef SERVER_HTTP_GUESTS_H
#define SERVER_HTTP_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/status.h"

#define GUESTS_ANY_TIME INT64_C(-1)

struct guests;
struct sockaddr;
struct guest; /* one connection */

struct guests_limits {
    unsigned total;
    unsigned per_address;
};

struct guests_counts {
    uint64_t present;
    uint64_t refused; /* too many were there */
    uint64_t cut;     /* took too long */
};

MUST_CHECK enum status guests_create(struct guests **out, const struct guests_limits *limits);
/* Everybody has left. NULL is allowed. */
void guests_free(struct guests *guests);

/* Whether one more from there may come in; one who may not is counted. */
bool guests_admit(struct guests *guests, const struct sockaddr *from);

/* Of a connection that was admitted. fd is borrowed until guests_leave(). NULL: no memory. */
struct guest *guests_enter(struct guests *guests, const struct sockaddr *from, int fd,
                           int64_t deadline_ms);
/* Before fd is closed. NULL is allowed. */
void guests_leave(struct guests *guests, struct guest *guest);

/* What it does now must be done by then, in clock_mono_ms(), or GUESTS_ANY_TIME. NULL is allowed.
 */
void guests_expect(struct guests *guests, struct guest *guest, int64_t deadline_ms);
/* So much later than was said, when it was. NULL is allowed. */
void guests_extend(struct guests *guests, struct guest *guest, int64_t by_ms);

/* Hangs up on those whose time has passed, and says in the log, at most once a minute, how many
 * were refused and cut. listener is a word for that line. About once a second. */
void guests_sweep(struct guests *guests, const char *listener, int64_t now_ms);

/* What an address, "192.0.2.7" or "2001:db8::1", counts as: itself, or "2001:db8::/64". What is no
 * address counts as itself. */
#define GUESTS_NETWORK 64
void guests_network(const char *address, char out[GUESTS_NETWORK]);

void guests_count(struct guests *guests, struct guests_counts *out);

#endif
