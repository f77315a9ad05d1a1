/* listen.h - a listening TCP socket from "host:port", with errors that people understand */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include "schema/base/span.h"

#define LISTEN_HOST 64

/* Splits "127.0.0.1:80", "[::1]:80" or "localhost:80". STATUS_INVALID: none of these. */
MUST_CHECK enum status listen_split(const char *address, char host[LISTEN_HOST], char port[8]);

/* True for 127.0.0.0/8, ::1 and localhost. STATUS_INVALID as above reads as false. */
bool listen_is_loopback(const char *address);

/* The caller closes *fd. *port is the bound one. STATUS_UNREACHABLE: problem tells why. */
MUST_CHECK enum status listen_open(const char *address, int *fd, unsigned *port, char problem[256]);

#endif
