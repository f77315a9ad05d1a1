/* fetch.h - a file of known size and hash, by HTTPS, as often broken off as need be
 *
 * What came is kept in the file itself: the next call goes on behind it, if the server still has
 * the same (Range, If-Range). Takes no more of the disk than the size that was signed, and leaves
 * some of it free. One thread at a time.
 */
#ifndef AGENT_SOFTWARE_FETCH_H
#define AGENT_SOFTWARE_FETCH_H

#include <stdatomic.h>

#include "schema/base/span.h"
#include "schema/wire/limits.h"

#define FETCH_ETAG_SIZE 121

/* Everything is borrowed until the call returns. */
struct fetch {
    const char *url;
    const char *path; /* of the file */
    int64_t size_bytes;
    const uint8_t *sha256;
    struct span ca_pem;       /* the only certificates trusted; empty: those of the system */
    int64_t max_bytes_per_s;  /* 0: as fast as it comes */
    int64_t stall_timeout_ms; /* without a byte; 0: 30 s */
    const atomic_bool *cancel;
    void *context;
    /* So many bytes are here, and by this tag the server knows the whole. Called on the caller's
     * thread, at the beginning and about once a MiB. */
    void (*on_progress)(void *context, int64_t done_bytes, const char *etag);
};

/* etag: what on_progress said last, "" at first. On disk and as it was signed when STATUS_OK.
 * Otherwise reason says why, and what came stays for the next call, but when it can be no part of
 * it: STATUS_CLOSED       cancelled STATUS_FULL         the disk has no room STATUS_FORGED the
 * whole came, and is not what was signed; it was deleted STATUS_INVALID      the server's file has
 * another size; what came was deleted STATUS_IO           the disk failed STATUS_UNREACHABLE
 * anything about the network or the server: again, later */
MUST_CHECK enum status fetch_run(const struct fetch *fetch, const char *etag,
                                 char reason[LIMIT_REASON + 1]);

#endif
