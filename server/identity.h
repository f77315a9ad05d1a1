/* identity.h - the keys that robots seal their messages for: the first one, and those that follow
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "server/authority.h"
#include "server/store/document.h"

/* Makes the sealing key with its signed statement when the database has none yet, and lets the
 * CAs of this server's folder be known: see authorities_ensure() and authorities_settle().
 * STATUS_STALE: the folder is of another installation, or from before a CA was replaced: what it
 * signs robots would not take. problem tells cause and cure. */
MUST_CHECK enum status identity_ensure(struct store *store, const struct authority *authority,
                                       char problem[256]);

/* Makes the next sealing key, with its signed statement, and lets it follow the present one: see
 * sealing_keys_follow(). */
MUST_CHECK enum status identity_follow(struct store *store, const struct authority *authority,
                                       const struct author *author, int64_t per_minute,
                                       struct arena *arena, struct document *out);

#endif
