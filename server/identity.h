/* identity.h - the key that robots seal their messages for: made once per installation */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "server/authority.h"
#include "server/store/store.h"

/* Makes the sealing key with its signed statement when the database has none yet. */
MUST_CHECK enum status identity_ensure(struct store *store, const struct authority *authority);

#endif
