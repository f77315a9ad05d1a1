/* mhd_reply.h - the headers of an answer, for libmicrohttpd */
#ifndef SERVER_HTTP_MHD_REPLY_H
#define SERVER_HTTP_MHD_REPLY_H

#include <stdbool.h>

#include "server/http/reply.h"

struct MHD_Response;

/* Adds reply's own, and those that keep a browser safe; secure: it was asked by TLS. */
void mhd_reply_headers(struct MHD_Response *response, const struct reply *reply, bool secure);

#endif
