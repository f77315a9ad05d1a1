/* shelf.h - keeps configurations on disk by a few threads beside the loop
 *
 * A robot's disk is its own; here all have one, and the loop that moves thousands of robots must
 * not stand still for each. What several threads sync at once, the disk does at once.
 */
#ifndef TESTS_ROBOTS_SHELF_H
#define TESTS_ROBOTS_SHELF_H

#include "tests/robots/config_file.h"
#include "tests/robots/loop.h"

struct shelf;

/* One configuration under way. Fields but the first four are private; zero before the first use. */
struct shelf_job {
    struct config_file *file; /* borrowed, as the context */
    void *context;
    /* On the loop's thread: the disk has it, or status says why not. The job may be used again. */
    void (*on_kept)(void *context, enum status status);
    uint64_t generation;
    uint8_t *content;
    size_t content_size;
    enum status status;
    enum { SHELF_IDLE, SHELF_WAITING, SHELF_WRITING, SHELF_KEPT } state;
    struct shelf_job *next;
};

/* Starts the threads. The caller frees *out. */
MUST_CHECK enum status shelf_create(struct shelf **out, struct loop *loop);

/* No job is under way any more. NULL is allowed. */
void shelf_free(struct shelf *shelf);

/* Copies content. STATUS_MEMORY: nothing was begun. */
MUST_CHECK enum status shelf_keep(struct shelf *shelf, struct shelf_job *job, struct span content);

bool shelf_is_busy(const struct shelf_job *job);

/* Waits until no thread is at it; on_kept is not called. What a thread had begun is on disk. */
void shelf_cancel(struct shelf *shelf, struct shelf_job *job);

#endif
