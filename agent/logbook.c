#include "agent/logbook.h"

#include <pthread.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"

struct line {
    int64_t wall_ms;
    enum log_level level;
    char text[LOGBOOK_LINE_BYTES];
};

struct logbook {
    pthread_mutex_t lock;
    size_t count; /* ever kept: the next one's place is count % LOGBOOK_LINES */
    struct line lines[LOGBOOK_LINES];
};

/* Cut between characters, or the JSON would be none. */
static void copy_cut(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);

    while (length > 0 && text[length] && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    memcpy(out, text, length);
    out[length] = 0;
}

static void keep(void *context, int64_t wall_ms, enum log_level level, const char *text)
{
    struct logbook *logbook = context;

    pthread_mutex_lock(&logbook->lock);
    struct line *line = &logbook->lines[logbook->count++ % LOGBOOK_LINES];
    line->wall_ms = wall_ms;
    line->level = level;
    copy_cut(line->text, sizeof line->text, text);
    pthread_mutex_unlock(&logbook->lock);
}

enum status logbook_open(struct logbook **out)
{
    struct logbook *logbook = calloc(1, sizeof *logbook);

    if (!logbook)
        return STATUS_MEMORY;
    pthread_mutex_init(&logbook->lock, NULL);
    log_set_sink(keep, logbook);
    *out = logbook;
    return STATUS_OK;
}

void logbook_close(struct logbook *logbook)
{
    if (!logbook)
        return;
    log_set_sink(NULL, NULL);
    pthread_mutex_destroy(&logbook->lock);
    free(logbook);
}

static void write_line(const struct line *line, struct json_writer *writer)
{
    char time[CLOCK_TEXT_SIZE];

    clock_format(line->wall_ms, time);
    json_begin_object(writer);
    json_write_member(writer, "at", time);
    json_write_member(writer, "level", log_level_name(line->level));
    json_write_member(writer, "text", line->text);
    json_end_object(writer);
}

void logbook_write(struct logbook *logbook, size_t max, struct json_writer *writer)
{
    json_begin_array(writer);
    pthread_mutex_lock(&logbook->lock);
    size_t kept = logbook->count < LOGBOOK_LINES ? logbook->count : LOGBOOK_LINES;
    size_t shown = kept < max ? kept : max;
    for (size_t i = logbook->count - shown; i < logbook->count; i++)
        write_line(&logbook->lines[i % LOGBOOK_LINES], writer);
    pthread_mutex_unlock(&logbook->lock);
    json_end_array(writer);
}
