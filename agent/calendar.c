#include "agent/calendar.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/chat/tls_dates.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define DAY_MS    ((int64_t)86400 * 1000)
#define TEXT_SIZE 24

struct calendar {
    char path[PATH_MAX];
    struct tls_dates *dates;
    pthread_mutex_t lock;  /* of what follows */
    int64_t known_ms;      /* it was at least this */
    int64_t known_mono_ms; /* when the monotonic clock said so */
    int64_t saved_ms;
    bool is_told;      /* known_ms is the server's word, not only a floor */
    bool is_overruled; /* the clock is not believed */
};

static int64_t read_saved(const char *path)
{
    uint8_t *data = NULL;
    size_t size;
    int64_t saved_ms = 0;

    if (file_read(path, TEXT_SIZE, &data, &size) != STATUS_OK)
        return 0;
    if (size == 0 || span_to_int64(span_of(data, size - 1), &saved_ms) != STATUS_OK)
        saved_ms = 0; /* as if it were not there: the program's date counts */
    free(data);
    return saved_ms;
}

static void save(struct calendar *calendar, int64_t now_ms)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof text, "%lld\n", (long long)now_ms);
    if (file_replace(calendar->path, span_text(text), 0644) == STATUS_OK)
        calendar->saved_ms = now_ms;
    else
        log_warning("agent", "the day cannot be written to \"%s\"", calendar->path);
}

/* Known, and counted on since. */
static int64_t known_now(const struct calendar *calendar)
{
    return calendar->known_ms + clock_mono_ms() - calendar->known_mono_ms;
}

/* Sets is_overruled; the lock is held. */
static int64_t judge(struct calendar *calendar)
{
    const int64_t wall_ms = clock_wall_ms(), known_ms = known_now(calendar);
    const bool was_overruled = calendar->is_overruled;

    calendar->is_overruled =
        wall_ms < known_ms - DAY_MS || (calendar->is_told && wall_ms > known_ms + DAY_MS);
    if (calendar->is_overruled && !was_overruled)
        log_warning("agent", "the clock is wrong by days; certificates are looked at by another "
                             "(hint: is there a time server in this network?)");
    if (calendar->is_overruled || was_overruled)
        tls_dates_set(calendar->dates, calendar->is_overruled ? known_ms : 0);
    return calendar->is_overruled ? known_ms : wall_ms;
}

enum status calendar_open(struct calendar **out, const char *state_dir)
{
    struct calendar *calendar = calloc(1, sizeof *calendar);

    if (!calendar)
        return STATUS_MEMORY;
    pthread_mutex_init(&calendar->lock, NULL);
    enum status status = tls_dates_open(&calendar->dates);
    if (status == STATUS_OK &&
        snprintf(calendar->path, sizeof calendar->path, "%s/clock", state_dir) >= PATH_MAX)
        status = STATUS_INVALID;
    if (status != STATUS_OK) {
        calendar_close(calendar);
        return status;
    }
    calendar->saved_ms = read_saved(calendar->path);
    calendar->known_ms = calendar->saved_ms > MYNA_BUILT_S * INT64_C(1000)
                             ? calendar->saved_ms
                             : MYNA_BUILT_S * INT64_C(1000);
    calendar->known_mono_ms = clock_mono_ms();
    judge(calendar);
    *out = calendar;
    return STATUS_OK;
}

void calendar_close(struct calendar *calendar)
{
    if (!calendar)
        return;
    pthread_mutex_destroy(&calendar->lock);
    free(calendar);
}

int64_t calendar_now_ms(struct calendar *calendar)
{
    pthread_mutex_lock(&calendar->lock);
    const int64_t now_ms = calendar->is_overruled ? known_now(calendar) : clock_wall_ms();
    pthread_mutex_unlock(&calendar->lock);
    return now_ms;
}

void calendar_learn(struct calendar *calendar, int64_t server_ms)
{
    pthread_mutex_lock(&calendar->lock);
    calendar->known_ms = server_ms;
    calendar->known_mono_ms = clock_mono_ms();
    calendar->is_told = true;
    judge(calendar);
    save(calendar, server_ms);
    pthread_mutex_unlock(&calendar->lock);
}

void calendar_look(struct calendar *calendar)
{
    pthread_mutex_lock(&calendar->lock);
    const int64_t now_ms = judge(calendar);
    if (now_ms - calendar->saved_ms > DAY_MS)
        save(calendar, now_ms);
    pthread_mutex_unlock(&calendar->lock);
}
