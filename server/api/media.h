/* media.h - dates and byte ranges of HTTP (RFC 9110 sections 5.6.7 and 14) */
#ifndef SERVER_API_MEDIA_H
#define SERVER_API_MEDIA_H

#include "schema/base/arena.h"

/* "Sun, 22 Nov 2026 10:00:00 GMT", in the arena. */
const char *media_date(struct arena *arena, int64_t wall_ms);

/* "bytes=a-b", "bytes=a-", "bytes=-n" against a size. STATUS_NOT_FOUND: no range, or one to be
 * ignored (several, another unit); STATUS_INVALID: none of it exists. */
MUST_CHECK enum status media_range(const char *header, uint64_t size, uint64_t *offset,
                                   uint64_t *count);

#endif
