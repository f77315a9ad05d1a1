#include "agent/chat/running.h"

#include <string.h>
#include <time.h>

#include "schema/base/clock.h"

enum status running_init(struct running *running, struct http *http)
{
    pthread_condattr_t attributes;

    *running = (struct running){.http = http};
    if (pthread_mutex_init(&running->lock, NULL))
        return STATUS_MEMORY;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&running->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!failed)
        return STATUS_OK;
    pthread_mutex_destroy(&running->lock);
    return STATUS_MEMORY;
}

void running_release(struct running *running)
{
    pthread_cond_destroy(&running->changed);
    pthread_mutex_destroy(&running->lock);
}

void running_begin(struct running *running, uint64_t number, const uint8_t *uuid)
{
    pthread_mutex_lock(&running->lock);
    running->is_running = true;
    running->number = number;
    memcpy(running->uuid, uuid, sizeof running->uuid);
    running->heard = false;
    running->first_audio_ms = 0;
    atomic_store(&running->cancel, number <= running->cancelled);
    atomic_store(&running->halt, number <= running->cancelled);
    pthread_mutex_unlock(&running->lock);
}

int64_t running_end(struct running *running)
{
    pthread_mutex_lock(&running->lock);
    running->is_running = false;
    const int64_t first_audio_ms = running->first_audio_ms;
    pthread_mutex_unlock(&running->lock);
    return first_audio_ms;
}

int64_t running_first_audio_ms(struct running *running)
{
    pthread_mutex_lock(&running->lock);
    const int64_t first_audio_ms = running->first_audio_ms;
    pthread_mutex_unlock(&running->lock);
    return first_audio_ms;
}

bool running_is_cancelled(const struct running *running)
{
    return atomic_load(&running->cancel);
}

const atomic_bool *running_halt(const struct running *running)
{
    return &running->halt;
}

void running_hold(struct running *running)
{
    atomic_store(&running->halt, true);
    http_wake(running->http);
}

void running_stop(struct running *running)
{
    atomic_store(&running->cancel, true);
    running_hold(running);
}

/* With the lock held. False after the deadline. */
static bool wait_until(struct running *running, int64_t deadline_ms)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ms / 1000),
        .tv_nsec = (long)(deadline_ms % 1000) * 1000000,
    };

    return pthread_cond_timedwait(&running->changed, &running->lock, &deadline) == 0;
}

void running_pause(struct running *running, int64_t duration_ms)
{
    int64_t deadline_ms = clock_mono_ms() + duration_ms;

    pthread_mutex_lock(&running->lock);
    while (!atomic_load(&running->cancel) && wait_until(running, deadline_ms))
        ;
    pthread_mutex_unlock(&running->lock);
}

void running_wait_heard(struct running *running, int64_t timeout_ms)
{
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;

    pthread_mutex_lock(&running->lock);
    while (!running->heard && !atomic_load(&running->cancel) && wait_until(running, deadline_ms))
        ;
    pthread_mutex_unlock(&running->lock);
}

bool running_interrupt(struct running *running, uint64_t *number)
{
    pthread_mutex_lock(&running->lock);
    bool now = running->is_running && running->number <= *number;
    if (*number > running->cancelled)
        running->cancelled = *number;
    if (now) {
        *number = running->number;
        running_stop(running);
    }
    pthread_cond_broadcast(&running->changed);
    pthread_mutex_unlock(&running->lock);
    return now;
}

/* With the lock held. */
static void take_event(struct running *running, const struct speaker_event *event)
{
    switch (event->kind) {
    case SPEAKER_CLAUSE_STARTED:
        if (!running->first_audio_ms)
            running->first_audio_ms = event->mono_ms;
        break;
    case SPEAKER_INTERRUPTED:
        running->heard = true;
        running_stop(running);
        break;
    case SPEAKER_TURN_FINISHED:
        running->heard = true;
        break;
    case SPEAKER_CLAUSE_FINISHED:
    case SPEAKER_CLAUSE_FAILED:
        break;
    }
    pthread_cond_broadcast(&running->changed);
}

bool running_on_speaker(struct running *running, const struct speaker_event *event,
                        uint8_t uuid[16])
{
    pthread_mutex_lock(&running->lock);
    bool current = running->is_running && event->turn == running->number;
    if (current)
        take_event(running, event);
    memcpy(uuid, running->uuid, sizeof running->uuid);
    pthread_mutex_unlock(&running->lock);
    return current;
}
