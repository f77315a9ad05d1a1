/* mhd_events.h - a stream of the hub as an answer of the HTTP library */
#ifndef SERVER_HTTP_MHD_EVENTS_H
#define SERVER_HTTP_MHD_EVENTS_H

#include "server/http/hub.h"

struct MHD_Connection;
struct MHD_Response;

/* The connection sleeps while there is nothing to tell. until_ms: hub_open_stream(). NULL: too many
 * streams are open, or there is no memory. */
struct MHD_Response *mhd_events_response(struct hub *hub, enum hub_sight sight, int64_t until_ms,
                                         struct MHD_Connection *connection);

#endif
