#include "schema/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define MESSAGE_BYTES 2048
/* Every byte may become \xNN; the rest is time, level and area. */
#define LINE_BYTES (MESSAGE_BYTES * 4 + 128)

/* The one exception to "no mutable state in a file": who logs should not have to carry a logger. */
static _Atomic int least_level = LOG_INFO;

static const struct {
    const char *name;
    int priority; /* of syslog(3) */
} levels[] = {
    [LOG_DEBUG] = {"debug", 7},
    [LOG_INFO] = {"info", 6},
    [LOG_WARNING] = {"warning", 4},
    [LOG_ERROR] = {"error", 3},
};

void log_set_level(enum log_level level)
{
    atomic_store(&least_level, (int)level);
}

void log_set_level_named(const char *name)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strcmp(name, levels[i].name) == 0)
            log_set_level((enum log_level)i);
}

static size_t put_head(char *line, size_t size, enum log_level level, const char *area)
{
    char time[CLOCK_TEXT_SIZE];
    int length;

    if (getenv("JOURNAL_STREAM")) {
        length = snprintf(line, size, "<%d>%.32s: ", levels[level].priority, area);
    } else {
        clock_format(clock_wall_ms(), time);
        length = snprintf(line, size, "%s %s %.32s: ", time, levels[level].name, area);
    }
    return (size_t)length;
}

static size_t put_escaped(char *line, const char *message)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    for (const unsigned char *byte = (const unsigned char *)message; *byte; byte++) {
        if (*byte >= 0x20 && *byte != 0x7f) {
            line[used++] = (char)*byte;
            continue;
        }
        line[used++] = '\\';
        line[used++] = 'x';
        line[used++] = hex[*byte >> 4];
        line[used++] = hex[*byte & 15];
    }
    return used;
}

static void write_whole(const char *line, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nowhere left to complain */
        line += written;
        size -= (size_t)written;
    }
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    char line[LINE_BYTES];
    int kept_errno = errno;
    va_list args;

    if ((int)level < atomic_load(&least_level))
        return;

    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (length >= (int)sizeof message)
        snprintf(message + sizeof message - 4, 4, "...");

    size_t used = put_head(line, sizeof line, level, area);
    used += put_escaped(line + used, message);
    line[used++] = '\n';
    write_whole(line, used);
    errno = kept_errno;
}
