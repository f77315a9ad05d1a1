/* calendar.h - what day it is, for a robot whose clock may not know
 *
 * The day is never before this program was built, nor before the last one that was written down in
 * the state folder. What the server said, signed, is believed over the clock when they are more
 * than a day apart. While the clock cannot be right, certificates are looked at by this day instead
 * (tls_dates.h), in every connection; what robots tell of times is corrected by the server anyway.
 *
 * One thread at a time, but for calendar_now_ms().
 */
#ifndef AGENT_CALENDAR_H
#define AGENT_CALENDAR_H

#include <stdint.h>

#include "schema/base/status.h"

struct calendar;

/* Reads what the folder knows; without it the program's own date counts. Before any other thread
 * is made. The caller owns *out. */
MUST_CHECK enum status calendar_open(struct calendar **out, const char *state_dir);
/* NULL is allowed. */
void calendar_close(struct calendar *calendar);

/* Milliseconds since 1970: the clock's, or what is known better. From any thread. */
int64_t calendar_now_ms(struct calendar *calendar);

/* The server said so in an answer that it signed. */
void calendar_learn(struct calendar *calendar, int64_t server_ms);

/* Each minute or so: follows a clock that was set meanwhile, and writes the day down once it is
 * another. */
void calendar_look(struct calendar *calendar);

#endif
