/* rollout_print.h - a rollout as a picture for the terminal: its waves as bars */
#ifndef SERVER_CTL_ROLLOUT_PRINT_H
#define SERVER_CTL_ROLLOUT_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include "schema/base/json.h"

/* The API's rollout: where it stands and why, what it changes, one line for each wave. In a bar #
 * is confirmed, > opened, x failed, ? out of reach, < taken back, . waiting. */
void rollout_print(FILE *out, const struct json *rollout, int64_t now_ms);

/* The API's answer to a dry run. */
void rollout_print_preview(FILE *out, const struct json *preview);

#endif
