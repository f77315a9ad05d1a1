/* logins.h - logins that failed, in the audit and as an alert
 *
 * A name that nobody has is not written down: people type their password there.
 */
#ifndef SERVER_STORE_LOGINS_H
#define SERVER_STORE_LOGINS_H

#include "server/store/document.h"

/* Plain data, borrowed. */
struct logins_failure {
    const char *name;    /* as it was typed */
    const char *what;    /* "password" or "code" was wrong */
    const char *problem; /* NULL: somebody mistyped; else a sentence that is worth an alert */
    bool is_about_name;  /* the alert, when somebody has that name */
};

/* Takes the same steps, so about the same time, whether somebody has the name or not. */
MUST_CHECK enum status logins_fail(struct store *store, const char *address,
                                   const struct logins_failure *failure, struct arena *arena);

#endif
