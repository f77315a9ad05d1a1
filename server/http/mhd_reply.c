#include "server/http/mhd_reply.h"

#include <microhttpd.h>
#include <string.h>

static const struct reply_header safe_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
     "media-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
     "form-action 'self'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
};

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

void mhd_reply_headers(struct MHD_Response *response, const struct reply *reply, bool secure)
{
    for (size_t i = 0; i < sizeof safe_headers / sizeof *safe_headers; i++)
        MHD_add_response_header(response, safe_headers[i].name, safe_headers[i].value);
    if (secure)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    if (reply->type != NULL)
        MHD_add_response_header(response, "Content-Type", reply->type);
    if (!has_header(reply, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
    for (size_t i = 0; i < reply->header_count; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
}
