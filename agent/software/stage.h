/* stage.h - where software stands on its way onto this robot
 *
 * Each stage is on disk before what it names is done, so that a robot that lost its power finds out
 * where it was: what was begun is done again (each step can be), or goes back, and is never taken
 * for done. Pure.
 */
#ifndef AGENT_SOFTWARE_STAGE_H
#define AGENT_SOFTWARE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Kept as numbers: none is ever used for something else. */
enum stage {
    STAGE_NONE = 0,
    STAGE_FETCHING = 1,   /* its file is partly here */
    STAGE_FETCHED = 2,    /* and all of it, as it was signed */
    STAGE_INSTALLING = 3, /* its installer was called, and may have done part of it */
    STAGE_RESTARTING = 4, /* it runs from the next start on */
    STAGE_INSTALLED = 5,  /* it is there, on trial */
    STAGE_CONFIRMING = 6, /* it stays, and its installer is told */
    STAGE_REVERTING = 7,  /* its installer was called to take it back */
    STAGE_GOING_BACK = 8, /* the same, of what had stayed: to what was before that */
    STAGE_COUNT
};

enum stage_event {
    STAGE_WANT,
    STAGE_HAVE_FILE,
    STAGE_LOSE_FILE, /* it is gone, or was another one */
    STAGE_INSTALL,
    STAGE_PUT_OFF, /* the installer says: later */
    STAGE_NEEDS_RESTART,
    STAGE_IS_THERE,
    STAGE_KEEP,
    STAGE_GO_BACK,
    STAGE_TAKE_BACK,
    STAGE_END, /* confirmed, back, refused or not wanted any more */
};

/* False: it cannot happen at this stage, and *stage stays. */
bool stage_move(enum stage *stage, enum stage_event event);

/* Whether an installer was called, so that leaving off means to go back. */
bool stage_is_begun(enum stage stage);

const char *stage_name(enum stage stage);

#endif
