/* client.h - requests to mynad's API; libcurl and nothing else here knows it
 *
 * One at a time, not thread-safe.
 */
#ifndef SERVER_CTL_CLIENT_H
#define SERVER_CTL_CLIENT_H

#include "schema/base/buffer.h"
#include "server/ctl/session.h"

struct client;

struct client_request {
    const char *method;    /* "GET" */
    const char *path;      /* "/api/v1/devices?limit=50", already escaped */
    struct span body;      /* empty: none */
    const char *body_type; /* "application/json" when NULL */
    const char *if_match;  /* NULL: none */
    /* NULL: the answer holds the whole body. Else the body of an answer that is no problem is given
     * to it as it comes, however long and for as long as it comes; false ends the request. */
    bool (*take)(void *context, struct span piece);
    void *take_context;
};

/* Valid until the next request of this client. */
struct client_answer {
    long status;
    struct span body;
    char etag[64];
    char cookie[256]; /* "myna_session=..." when the server set one */
};

/* Borrows session, which must outlive the client. */
MUST_CHECK enum status client_create(struct client **out, const struct session *session);
void client_free(struct client *client);

/* Any answer of the server is STATUS_OK, whatever its status line. STATUS_UNREACHABLE: reason says
 * why (name, port, certificate, an answer that was cut short). */
MUST_CHECK enum status client_send(struct client *client, const struct client_request *request,
                                   struct client_answer *answer, char reason[256]);

/* From now on requests are given up after so long, connecting included; else after two minutes. */
void client_hurry(struct client *client, long patience_ms);

/* Appends text to a URL with everything escaped that is not unreserved (RFC 3986 section 2.3). */
void client_escape(struct buffer *url, const char *text);

#endif
