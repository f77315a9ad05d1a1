/* spool.h - a long answer in a file without a name: one thread writes it while another reads it
 *
 * So neither a slow reader nor a large answer holds memory, and what is written first is on its way
 * while the rest is still looked up. One writer and one reader; both may call at any time.
 */
#ifndef SERVER_HTTP_SPOOL_H
#define SERVER_HTTP_SPOOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "schema/base/span.h"

struct spool;

/* In /var/tmp, which survives no longer than its last descriptor. STATUS_IO: it cannot be made. */
MUST_CHECK enum status spool_create(struct spool **out);
/* After both sides are done with it. NULL is allowed. */
void spool_free(struct spool *spool);

/* The writer's; of nothing it only asks for the reader. STATUS_FULL: the disk is; STATUS_CLOSED:
 * nobody reads any more. */
MUST_CHECK enum status spool_add(struct spool *spool, struct span text);
/* The writer's last call. Not whole: the reader learns that the rest is missing. */
void spool_end(struct spool *spool, bool is_whole);

enum { SPOOL_END = -1, SPOOL_BROKEN = -2 };

/* All are called with the spool locked: they must not call it and must not block. */
struct spool_reader {
    void (*sleep)(void *context); /* there is nothing now: the reader will be woken */
    void (*wake)(void *context);
    bool (*has_gone)(void *context); /* asked while it sleeps: nobody would tell it so itself */
    void *context;
};

/* Copies up to max bytes from position on. 0: nothing now, and reader->sleep was called;
 * reader->wake will be, once, when there is more. SPOOL_END, SPOOL_BROKEN: nothing more comes.
 * reader is borrowed until it was woken. */
ssize_t spool_read(struct spool *spool, uint64_t position, uint8_t *out, size_t max,
                   const struct spool_reader *reader);

/* The reader's last call: it has gone, or has all. */
void spool_leave(struct spool *spool);

#endif
