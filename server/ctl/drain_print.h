/* drain_print.h - a vendor's drains for people: where its robots land, how long they took */
#ifndef SERVER_CTL_DRAIN_PRINT_H
#define SERVER_CTL_DRAIN_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

/* The document of POST /vendors/{id}/drain/preview. */
void drain_print_room(FILE *out, const struct json *room);

/* The document of GET /vendors/{id}/drains/{drain}: what it did so far. */
void drain_print(FILE *out, const struct json *drain);

/* A line for each of a vendor's "drains": what is planned, active or on its way back. */
void drain_print_list(FILE *out, const struct json *drains);

#endif
