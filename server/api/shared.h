/* shared.h - one answer for all who ask the same at the same time
 *
 * When something changes, each open dashboard asks for the same page. Those who ask while the
 * database answers that very question wait, and are answered together, by one question more. Nobody
 * gets an answer that was begun before he asked: none is older than its question, and nothing is
 * kept. Thread-safe.
 */
#ifndef SERVER_API_SHARED_H
#define SERVER_API_SHARED_H

#include "server/store/document.h"

struct shared;

/* Answers anew, in the arena. */
typedef enum status (*shared_make)(void *context, struct arena *arena, struct document *out);

MUST_CHECK enum status shared_create(struct shared **out);

/* NULL is allowed. */
void shared_free(struct shared *shared);

/* Gives what make gives, which this thread calls or another one with the same key, which names all
 * that the answer depends on. make's status, for each who waited for it; STATUS_MEMORY. */
MUST_CHECK enum status shared_read(struct shared *shared, const char *key, shared_make make,
                                   void *context, struct arena *arena, struct document *out);

#endif
