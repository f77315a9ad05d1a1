/* session.h - where mynactl is logged in: server, cookie or API key, trusted certificate
 *
 * Kept in $MYNACTL_CONFIG, else ~/.config/myna/ctl.json, readable by its owner alone. MYNACTL_URL
 * and MYNACTL_KEY stand in for it. Plain data.
 */
#ifndef SERVER_CTL_SESSION_H
#define SERVER_CTL_SESSION_H

#include "schema/base/status.h"

struct session {
    char url[256];
    char cookie[256];  /* "myna_session=..."; empty: none */
    char key[256];     /* API key; empty: none */
    char ca_path[256]; /* PEM to trust instead of the system's; empty: the system's */
};

/* STATUS_NOT_FOUND: never logged in and nothing in the environment. */
MUST_CHECK enum status session_load(struct session *session);
MUST_CHECK enum status session_save(const struct session *session);

#endif
