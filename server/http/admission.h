/* admission.h - whether a request may reach its handler: where it comes from, who asks, which role
 *
 * By the listener's hooks, which know who is who. Any thread.
 */
#ifndef SERVER_HTTP_ADMISSION_H
#define SERVER_HTTP_ADMISSION_H

#include "server/http/http.h"
#include "server/http/reply.h"
#include "server/http/request.h"

/* False: reply says why not. */
bool admission_check(const struct http_options *options, struct request *request,
                     struct reply *reply);

#endif
