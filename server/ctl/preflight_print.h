/* preflight_print.h - a rollout's pre-flight for people: what it refuses, costs and leaves free */
#ifndef SERVER_CTL_PREFLIGHT_PRINT_H
#define SERVER_CTL_PREFLIGHT_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

/* The document of POST /rollouts/{id}/preflight. */
void preflight_print(FILE *out, const struct json *document);

#endif
