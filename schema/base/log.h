/* log.h - one line per event on standard error, for people and for journald
 *
 * "2026-11-22T10:00:00.123Z warning bus: cannot connect to broker \"…\" attempt=3 (hint: …)".
 * Lower case, what failed first, the subject in quotes, ids as key=value; secrets and speech never.
 * Under systemd (JOURNAL_STREAM set) the time is left out and "<4>" style priorities are used.
 * Thread-safe: a line is one write.
 */
#ifndef SCHEMA_BASE_LOG_H
#define SCHEMA_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_DEBUG = 0, LOG_INFO = 1, LOG_WARNING = 2, LOG_ERROR = 3 };

/* Drops lines below level from now on. Call once at start; the default is LOG_INFO. */
void log_set_level(enum log_level level);

/* The same by name: "debug", "info", "warning", "error"; another changes nothing. */
void log_set_level_named(const char *name);

/* Each line that is written goes to fn as well, "AREA: TEXT", without a newline. fn is called by
 * whoever logs, from any thread, must be quick and must not log. NULL: to nobody any more; no call
 * is under way once it returns. */
typedef void (*log_sink_fn)(void *context, int64_t wall_ms, enum log_level level, const char *line);
void log_set_sink(log_sink_fn fn, void *context);

/* "debug", "info", "warning", "error". */
const char *log_level_name(enum log_level level);

/* area is a short lower-case word: the folder that speaks. Control characters in the formatted
 * text are written as \xNN, so that one event stays one line. */
void log_write(enum log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(area, ...)   log_write(LOG_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)    log_write(LOG_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_write(LOG_WARNING, area, __VA_ARGS__)
#define log_error(area, ...)   log_write(LOG_ERROR, area, __VA_ARGS__)

#endif
