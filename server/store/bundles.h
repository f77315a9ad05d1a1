/* bundles.h - the diagnostic bundles that robots sent: who may read them is the caller's concern,
 * that each reading and forgetting is in the audit is theirs */
#ifndef SERVER_STORE_BUNDLES_H
#define SERVER_STORE_BUNDLES_H

#include "server/store/document.h"

/* {"items":[{"id","device","at","until","asked_by","bytes"}...],"next":null}, newest first, at most
 * 50; until: forgotten then, days after it came. */
MUST_CHECK enum status bundles_list(struct store *store, const char *device_id, int64_t days,
                                    struct arena *arena, struct span *json);

/* The document, in the arena, and device_id, whose it is. STATUS_NOT_FOUND. */
MUST_CHECK enum status bundles_read(struct store *store, const struct author *author,
                                    const uint8_t bundle_id[16], struct arena *arena,
                                    struct span *document, const char **device_id);

#endif
