#include "server/api/session.h"

/* With the prefix a browser takes it from this very host alone, by TLS: no other host of its
 * domain, and no page in clear, can put one of theirs before it (RFC 6265bis section 4.1.3.2). */
#define PREFIX      "__Host-"
#define COOKIE      "myna_session"
#define FLOW_COOKIE "myna_login"

/* Without TLS the listener is on loopback, where a Secure cookie would not come back. */
static const char *cookie_name(const struct request *request)
{
    return request->secure ? PREFIX COOKIE : COOKIE;
}

/* Two of one name: one of them was put there by somebody else, and neither is believed. */
const char *session_token(const struct request *request)
{
    const char *name = cookie_name(request);
    const char *token = NULL;

    for (size_t i = 0; i < request->cookie_count; i++) {
        if (strcmp(request->cookies[i].name, name) != 0)
            continue;
        if (token != NULL)
            return NULL;
        token = request->cookies[i].value;
    }
    return token;
}

const char *session_cookie(const struct request *request, const char *token)
{
    return arena_format(request->arena, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
                        cookie_name(request), token, token[0] != '\0' ? SESSION_LIFE_S : 0,
                        request->secure ? "; Secure" : "");
}

const char *session_flow(const struct request *request)
{
    return request_cookie(request, FLOW_COOKIE);
}

const char *session_flow_cookie(const struct request *request, const char *sealed)
{
    return arena_format(
        request->arena, FLOW_COOKIE "=%s; Path=/api/v1/login; Max-Age=%d; HttpOnly; SameSite=Lax%s",
        sealed, sealed[0] != '\0' ? SESSION_FLOW_S : 0, request->secure ? "; Secure" : "");
}
