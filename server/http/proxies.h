/* proxies.h - proxies before a listener, whose word about who asks is taken
 *
 * Anybody can write the headers that proxies add, so nothing of them is believed unless the
 * connection comes from a proxy that was named.
 */
#ifndef SERVER_HTTP_PROXIES_H
#define SERVER_HTTP_PROXIES_H

#include "server/http/request.h"

#define PROXIES_MAX     16
#define PROXIES_PROBLEM 160

struct proxies_network {
    uint8_t address[16]; /* IPv4 as ::ffff:192.0.2.0 */
    unsigned bits;
};

/* Plain data. */
struct proxies {
    struct proxies_network networks[PROXIES_MAX];
    size_t count;
};

/* "127.0.0.1, 10.1.0.0/16, 2001:db8::/64"; NULL or empty: none. STATUS_INVALID: problem names the
 * one that is wrong, and how. */
MUST_CHECK enum status proxies_parse(struct proxies *out, const char *list,
                                     char problem[PROXIES_PROBLEM]);

/* A request that a named proxy passes on gets the address that the farthest of them took it from,
 * by X-Forwarded-For, and the scheme that it was asked by, by X-Forwarded-Proto. */
void proxies_look_through(const struct proxies *proxies, struct request *request);

#endif
