/* clock.h - the only place that asks the system for the time or sleeps
 *
 * Rules of the business take times as arguments; programs read them here.
 */
#ifndef SCHEMA_BASE_CLOCK_H
#define SCHEMA_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

/* Milliseconds since 1970-01-01T00:00:00Z; may step. */
int64_t clock_wall_ms(void);

/* Milliseconds and nanoseconds of CLOCK_MONOTONIC; never step back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);

void clock_sleep_ms(int64_t duration_ms);

/* Until clock_mono_ns() is at least that: for a steady beat. */
void clock_sleep_until_ns(int64_t mono_ns);

#define CLOCK_TEXT_SIZE 25

/* "2026-11-22T10:00:00.123Z" into out[CLOCK_TEXT_SIZE]. */
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

/* RFC 3339 with any offset and 0 to 9 fraction digits. */
MUST_CHECK enum status clock_parse(struct span text, int64_t *wall_ms);

/* Whether text is the YYYY-MM-DD of a day that exists. */
bool clock_is_date(const char *text);

#endif
