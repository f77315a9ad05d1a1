/* installer.h - calls the program that knows how to install one kind of software
 *
 *   <folder>/<installer> install|confirm|revert KIND NAME VERSION FILE
 *
 * schema/MANIFEST.md says what each verb means, what stands in the environment, and that each may
 * be called again after a power cut. FILE is empty for all but install. Thread-safe.
 */
#ifndef AGENT_SOFTWARE_INSTALLER_H
#define AGENT_SOFTWARE_INSTALLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "schema/base/status.h"
#include "schema/wire/limits.h"

/* The program's exit status. Any other, a signal, or taking too long is a failure. */
#define INSTALLER_DONE    0
#define INSTALLER_RESTART 10 /* done; it runs once the robot's program is started again */
#define INSTALLER_REFUSED 20 /* nothing was changed, and trying again is no use */
#define INSTALLER_LATER   75 /* nothing was changed; try again by and by */

/* Everything is borrowed until the call returns. */
struct installer {
    const char *folder;    /* of the programs */
    const char *installer; /* a file name in it */
    const char *verb;
    const char *kind;
    const char *name;
    const char *version;
    const char *sha256;       /* of the file, hex */
    const char *from;         /* the version that was there, "none" */
    const char *file;         /* install: the verified file; else "" */
    const char *software_dir; /* where programs of ours put what they install */
    int64_t time_limit_ms;    /* 0: 15 min */
    const atomic_bool *cancel;
};

/* Whether such a program is there. */
bool installer_exists(const char *folder, const char *installer);

/* STATUS_OK: *exit_status is the program's own; reason the last line that it wrote, "" for none.
 * STATUS_NOT_FOUND: there is no such program; STATUS_TIMEOUT: it was ended; STATUS_CLOSED:
 * cancelled, and it was ended; STATUS_IO: it could not be run, or a signal ended it. reason says
 * so.
 */
MUST_CHECK enum status installer_run(const struct installer *installer, int *exit_status,
                                     char reason[LIMIT_REASON + 1]);

#endif
