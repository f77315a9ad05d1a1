/* updater_parts.h - what the files of updater.h share */
#ifndef AGENT_SOFTWARE_UPDATER_PARTS_H
#define AGENT_SOFTWARE_UPDATER_PARTS_H

#include <limits.h>
#include <pthread.h>

#include "agent/software/shelf.h"
#include "agent/software/stage.h"
#include "agent/software/updater.h"

#define UPDATER_AGENT "agent" /* the kind that this program is */

struct updater {
    struct updater_options options; /* texts and keys are its own */
    struct shelf shelf;             /* the thread's own, like what follows */
    struct manifest wanted;         /* that the stage is about */
    const atomic_bool *cancel;
    unsigned back_tries;
    bool is_tested;
    pthread_mutex_t lock; /* guards what follows */
    wire_SoftwareStatus statuses[LIMIT_PACKAGES];
    size_t status_count;
    char file_path[PATH_MAX];
};

/* What there is to tell, anew: what is on its way stands at this step. */
void updater_tell_refresh(struct updater *updater, wire_SoftwareStep step, int64_t done_bytes);

/* The same as the shelf says it; and then parts and server learn of it. */
void updater_tell_quietly(struct updater *updater);
void updater_tell(struct updater *updater);

/* What is wanted is about the version that runs, whatever the manifest says of another one: to be
 * taken back. */
void updater_name_running(struct updater *updater, const struct manifest *manifest);

#endif
