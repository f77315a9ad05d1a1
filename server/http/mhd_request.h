/* mhd_request.h - a request as the HTTP library holds it, made one of ours */
#ifndef SERVER_HTTP_MHD_REQUEST_H
#define SERVER_HTTP_MHD_REQUEST_H

#include "server/http/request.h"

struct MHD_Connection;

/* What is known once the headers are here; borrowed from the connection. 0, or the status of the
 * answer that refuses it: there is more of something than REQUEST_PAIRS. */
unsigned mhd_request_fill(struct MHD_Connection *connection, const char *url, const char *method,
                          struct request *request);

#endif
