/* fetch.h - one request to the identity provider, waited for; libcurl and nothing else here knows
 * it
 *
 * 3 s to connect, 5 s in all, 256 KiB of answer; no redirect is followed; certificates are
 * verified. Thread-safe.
 */
#ifndef SERVER_SSO_FETCH_H
#define SERVER_SSO_FETCH_H

#include "schema/base/buffer.h"

#define FETCH_PROBLEM 160

/* Plain data, borrowed. */
struct fetch_request {
    const char *url;
    const char *form;     /* application/x-www-form-urlencoded; NULL: a GET */
    const char *login;    /* NULL: none */
    const char *password; /* of the login */
    const char *ca_file;  /* PEM to trust instead of the system's; NULL: the system's */
};

/* Appends the body of an answer 200. STATUS_UNREACHABLE: there was none; STATUS_DENIED: another
 * status; problem says which. */
MUST_CHECK enum status fetch_run(const struct fetch_request *request, struct buffer *body,
                                 char problem[FETCH_PROBLEM]);

/* Appends text with everything escaped that is not unreserved (RFC 3986 section 2.3). */
void fetch_escape(struct buffer *out, const char *text);

#endif
