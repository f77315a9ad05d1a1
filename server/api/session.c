#include "server/api/session.h"

#define COOKIE "myna_session"

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
