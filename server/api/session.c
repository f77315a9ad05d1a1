#include "server/api/session.h"

#define COOKIE      "myna_session"
#define FLOW_COOKIE "myna_login"

const char *session_token(const struct request *request)
{
    return request_cookie(request, COOKIE);
}

const char *session_cookie(const struct request *request, const char *token)
{
    /* without TLS the listener is on loopback, where a Secure cookie would not come back */
    return arena_format(request->arena,
                        COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", token,
                        token[0] != '\0' ? SESSION_LIFE_S : 0, request->secure ? "; Secure" : "");
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
