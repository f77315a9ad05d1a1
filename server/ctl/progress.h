/* progress.h - how far long work is: a bar in one line of a terminal, nothing elsewhere
 *
 * Writes to standard error, so that what is piped stays what it is. Whatever else is printed
 * meanwhile comes after progress_clear() or progress_wipe(). Plain data; fields are private.
 */
#ifndef SERVER_CTL_PROGRESS_H
#define SERVER_CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    const char *what; /* borrowed */
    size_t all;
    bool is_shown;
};

/* what stands before the bar: "asking". */
void progress_start(struct progress *progress, const char *what, size_t all);

/* So many are done. */
void progress_show(struct progress *progress, size_t done);

/* Takes the bar off the terminal; the next progress_show() draws it again. */
void progress_clear(struct progress *progress);

/* The same for who does not know whether there is one: before a message on standard error. Nothing
 * where that is no terminal. */
void progress_wipe(void);

#endif
