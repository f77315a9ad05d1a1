/* queue.h - a bounded queue of byte messages between threads
 *
 * Each message is one heap block, copied in and handed out whole. Full is an answer, never a wait,
 * for the sender: vendor callbacks must not block. Thread-safe: many senders, many takers.
 */
#ifndef SCHEMA_BASE_QUEUE_H
#define SCHEMA_BASE_QUEUE_H

#include "schema/base/span.h"

struct queue;

MUST_CHECK enum status queue_create(struct queue **out, size_t max_messages, size_t max_bytes);
void queue_free(struct queue *queue);

/* Joins count parts into one message. STATUS_FULL: nothing was stored and the refusal counted;
 * STATUS_CLOSED after queue_close(). */
MUST_CHECK enum status queue_put(struct queue *queue, const struct span *parts, size_t count);

/* The oldest message, waiting up to timeout_ms (0: not at all, -1: until one comes). The caller
 * frees *data with free(). STATUS_TIMEOUT: none came; STATUS_CLOSED: closed and empty. */
MUST_CHECK enum status queue_take(struct queue *queue, int64_t timeout_ms, uint8_t **data,
                                  size_t *size);

/* Wakes all waiters; what is queued can still be taken. */
void queue_close(struct queue *queue);

size_t queue_depth(struct queue *queue);
uint64_t queue_refused(struct queue *queue);

#endif
