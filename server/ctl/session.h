/* session.h - where mynactl is logged in: servers by name, and for each cookie or API key and the
 * certificate that is trusted
 *
 * Kept in $MYNACTL_CONFIG, else ~/.config/myna/ctl.json, readable by its owner alone: a file that
 * others may read is refused. MYNACTL_URL and MYNACTL_KEY stand in for it. Plain data.
 */
#ifndef SERVER_CTL_SESSION_H
#define SERVER_CTL_SESSION_H

#include <limits.h>
#include <stddef.h>

#include "schema/base/status.h"

#define SESSION_NAME     49 /* bytes with the end */
#define SESSION_CONTEXTS 32

/* One context. */
struct session {
    char name[SESSION_NAME]; /* empty: of the environment */
    char url[256];
    char cookie[256];  /* "myna_session=..."; empty: none */
    char key[256];     /* API key; empty: none */
    char ca_path[256]; /* PEM to trust instead of the system's; empty: the system's */
};

struct session_set {
    struct session contexts[SESSION_CONTEXTS];
    size_t count;
    char current[SESSION_NAME]; /* whose commands are sent where nobody says otherwise */
};

/* The context of that name; NULL: that of MYNACTL_CONTEXT, else the current one. A file that was
 * written before there were contexts is one, "default". STATUS_NOT_FOUND: there is none, and
 * session->name is the one to make by logging in. STATUS_DENIED: others may read the file.
 * STATUS_CORRUPT. */
MUST_CHECK enum status session_load(struct session *session, const char *name);

/* Puts it among the others and makes it the current one if there is none yet; one of the
 * environment is kept nowhere. STATUS_FULL. */
MUST_CHECK enum status session_save(const struct session *session);

/* All of them. No file is none of them. Statuses of session_load() and session_save(). */
MUST_CHECK enum status session_read_all(struct session_set *set);
MUST_CHECK enum status session_write_all(const struct session_set *set);

/* NULL: there is none of that name. */
struct session *session_find(struct session_set *set, const char *name);

/* Where the file is. STATUS_NOT_FOUND: there is neither MYNACTL_CONFIG nor HOME. */
MUST_CHECK enum status session_path(char path[PATH_MAX]);

#endif
