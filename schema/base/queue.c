#include "schema/base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/clock.h"

struct message {
    uint8_t *data;
    size_t size;
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct message *ring;
    size_t max_messages;
    size_t max_bytes;
    size_t head; /* of the oldest message */
    size_t count;
    size_t bytes;
    uint64_t refused;
    bool closed;
};

static bool init_waiting(struct queue *queue)
{
    pthread_condattr_t attributes;
    bool good = false;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_cond_init(&queue->changed, &attributes) == 0) {
        good = pthread_mutex_init(&queue->mutex, NULL) == 0;
        if (!good)
            pthread_cond_destroy(&queue->changed);
    }
    pthread_condattr_destroy(&attributes);
    return good;
}

enum status queue_create(struct queue **out, size_t max_messages, size_t max_bytes)
{
    struct queue *queue = calloc(1, sizeof *queue);

    if (!queue)
        return STATUS_MEMORY;
    queue->max_messages = max_messages;
    queue->max_bytes = max_bytes;
    queue->ring = calloc(max_messages > 0 ? max_messages : 1, sizeof *queue->ring);
    if (!queue->ring || !init_waiting(queue)) {
        free(queue->ring);
        free(queue);
        return STATUS_MEMORY;
    }
    *out = queue;
    return STATUS_OK;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    for (size_t i = 0; i < queue->count; i++)
        free(queue->ring[(queue->head + i) % queue->max_messages].data);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->ring);
    free(queue);
}

/* False when the sum of the parts is more than max. */
static bool total_size(const struct span *parts, size_t count, size_t max, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > max - *total)
            return false;
        *total += parts[i].size;
    }
    return true;
}

static enum status store(struct queue *queue, struct message message)
{
    if (queue->closed)
        return STATUS_CLOSED;
    if (queue->count == queue->max_messages || message.size > queue->max_bytes - queue->bytes) {
        queue->refused++;
        return STATUS_FULL;
    }
    queue->ring[(queue->head + queue->count) % queue->max_messages] = message;
    queue->count++;
    queue->bytes += message.size;
    return STATUS_OK;
}

static enum status refuse(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    enum status status = queue->closed ? STATUS_CLOSED : STATUS_FULL;
    if (status == STATUS_FULL)
        queue->refused++;
    pthread_mutex_unlock(&queue->mutex);
    return status;
}

enum status queue_put(struct queue *queue, const struct span *parts, size_t count)
{
    struct message message;

    if (!total_size(parts, count, queue->max_bytes, &message.size))
        return refuse(queue);
    message.data = malloc(message.size > 0 ? message.size : 1);
    if (!message.data)
        return STATUS_MEMORY;
    for (size_t i = 0, used = 0; i < count; used += parts[i].size, i++)
        if (parts[i].size > 0)
            memcpy(message.data + used, parts[i].data, parts[i].size);

    pthread_mutex_lock(&queue->mutex);
    enum status status = store(queue, message);
    pthread_mutex_unlock(&queue->mutex);

    /* after the mutex: whoever is woken takes it at once */
    if (status == STATUS_OK)
        pthread_cond_signal(&queue->changed);
    else
        free(message.data);
    return status;
}

static struct timespec deadline_after(int64_t timeout_ms)
{
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;

    return (struct timespec){
        .tv_sec = (time_t)(deadline_ms / 1000),
        .tv_nsec = (long)(deadline_ms % 1000) * 1000000,
    };
}

/* With the mutex held: returns when there is a message, the queue is closed or time is up. */
static void wait_for_message(struct queue *queue, int64_t timeout_ms)
{
    struct timespec deadline = deadline_after(timeout_ms > 0 ? timeout_ms : 0);
    int error = 0;

    while (queue->count == 0 && !queue->closed && error != ETIMEDOUT) {
        if (timeout_ms < 0)
            pthread_cond_wait(&queue->changed, &queue->mutex);
        else
            error = pthread_cond_timedwait(&queue->changed, &queue->mutex, &deadline);
    }
}

enum status queue_take(struct queue *queue, int64_t timeout_ms, uint8_t **data, size_t *size)
{
    enum status status = STATUS_OK;

    pthread_mutex_lock(&queue->mutex);
    if (timeout_ms != 0)
        wait_for_message(queue, timeout_ms);
    if (queue->count == 0) {
        status = queue->closed ? STATUS_CLOSED : STATUS_TIMEOUT;
    } else {
        struct message message = queue->ring[queue->head];

        queue->head = (queue->head + 1) % queue->max_messages;
        queue->count--;
        queue->bytes -= message.size;
        *data = message.data;
        *size = message.size;
    }
    pthread_mutex_unlock(&queue->mutex);
    return status;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

size_t queue_depth(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t depth = queue->count;
    pthread_mutex_unlock(&queue->mutex);
    return depth;
}

uint64_t queue_refused(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    uint64_t refused = queue->refused;
    pthread_mutex_unlock(&queue->mutex);
    return refused;
}
