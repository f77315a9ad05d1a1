/* points.h - a budget's thresholds as they are typed on a command line
 *
 *     80%=alert,95%=alert+throttle:3,100%=block+rearm:90%
 *
 * Points are parted by commas; each says where it is, a share or an amount, and what is done there,
 * parted by plus signs: alert, canned, block, throttle:TURNS or throttle:TURNS/TOKENS (turns a
 * minute, tokens of an answer; either may be left out), fall_back_to:CONTRACT; besides, shadow
 * (only watch), rearm:SHARE and name:NAME. "none" is an empty list. What the words mean is the
 * server's to judge. No I/O.
 */
#ifndef SERVER_CTL_POINTS_H
#define SERVER_CTL_POINTS_H

#include "schema/base/json.h"

/* Writes the list as the API takes it. STATUS_INVALID: problem says in one line what cannot be
 * read; the writer is undefined then. */
MUST_CHECK enum status points_write(const char *text, struct json_writer *writer,
                                    char problem[160]);

/* The other way round: the API's list as it would be typed, "none" when empty. */
void points_print(const struct json *list, struct buffer *out);

#endif
