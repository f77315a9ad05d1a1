/* session.h - the cookie of a logged-in browser */
#ifndef SERVER_API_SESSION_H
#define SERVER_API_SESSION_H

#include "server/http/request.h"

#define SESSION_LIFE_S (12 * 3600)

/* The token that the request shows; NULL: none. */
const char *session_token(const struct request *request);

/* The Set-Cookie value that gives the token to the browser, or takes it back when token is "". In
 * the request's arena; NULL when that is full. */
const char *session_cookie(const struct request *request, const char *token);

/* The sealed flow of a login at the identity provider, and the Set-Cookie value that keeps it for
 * so long, or takes it back when sealed is "". It comes back with a redirect of another site: Lax.
 */
#define SESSION_FLOW_S 600
const char *session_flow(const struct request *request);
const char *session_flow_cookie(const struct request *request, const char *sealed);

#endif
