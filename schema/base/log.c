#include "schema/base/log.h"

#include <errno.h>
#include <pthread.h>
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

/* The exceptions to "no mutable state in a file": who logs should not have to carry a logger. */
static _Atomic int least_level = LOG_INFO;

static struct {
    pthread_rwlock_t lock;
    log_sink_fn fn;
    void *context;
} sink = {.lock = PTHREAD_RWLOCK_INITIALIZER};

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

void log_set_sink(log_sink_fn fn, void *context)
{
    pthread_rwlock_wrlock(&sink.lock);
    sink.fn = fn;
    sink.context = context;
    pthread_rwlock_unlock(&sink.lock);
}

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

/* What stands before the area. */
static size_t put_head(char *line, size_t size, enum log_level level, int64_t wall_ms)
{
    char time[CLOCK_TEXT_SIZE];
    int length;

    if (getenv("JOURNAL_STREAM")) {
        length = snprintf(line, size, "<%d>", levels[level].priority);
    } else {
        clock_format(wall_ms, time);
        length = snprintf(line, size, "%s %s ", time, levels[level].name);
    }
    return (size_t)length;
}

static void tell_sink(int64_t wall_ms, enum log_level level, const char *line)
{
    pthread_rwlock_rdlock(&sink.lock);
    if (sink.fn)
        sink.fn(sink.context, wall_ms, level, line);
    pthread_rwlock_unlock(&sink.lock);
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

    const int64_t wall_ms = clock_wall_ms();
    const size_t head = put_head(line, sizeof line, level, wall_ms);
    size_t used = head + (size_t)snprintf(line + head, sizeof line - head, "%.32s: ", area);
    used += put_escaped(line + used, message);
    line[used] = 0;
    tell_sink(wall_ms, level, line + head);
    line[used++] = '\n';
    write_whole(line, used);
    errno = kept_errno;
}
