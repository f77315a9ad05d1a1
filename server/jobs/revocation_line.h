/* revocation_line.h - one line of the list of revoked robots outside the database
 *
 *     {"at":"2026-11-22T10:00:00.000Z","device":"kitchen-7","status":"revoked","key":HEX,"mac":HEX}
 *
 * mac is HMAC-SHA-256 by the stamp key over the mac of the line before and the text up to ',"mac"':
 * who can write the file and has not the key can cut its end off, and change nothing else unseen.
 */
#ifndef SERVER_JOBS_REVOCATION_LINE_H
#define SERVER_JOBS_REVOCATION_LINE_H

#include "schema/base/crypto.h"
#include "schema/wire/limits.h"

/* Plain data. */
struct revocation_line {
    char device_id[LIMIT_SLUG + 1];
    char status[8];                          /* "revoked" or "retired" */
    char key_hash[2 * CRYPTO_HASH_SIZE + 1]; /* of its certificate; may be empty */
};

#define REVOCATION_LINE_SIZE 320

/* The line, with its newline and a NUL. mac: of the line before, or zeros; becomes this line's.
 * STATUS_FULL. */
MUST_CHECK enum status revocation_line_write(const struct revocation_line *line, int64_t wall_ms,
                                             struct span key, uint8_t mac[CRYPTO_HASH_SIZE],
                                             char *out, size_t out_size);

/* text is without its newline. mac becomes what the line says, also when that is wrong, so that the
 * lines behind it can be read. STATUS_CORRUPT: it is no such line, and mac is untouched;
 * STATUS_FORGED: it was not written here, or not behind that line. */
MUST_CHECK enum status revocation_line_read(struct span text, struct span key,
                                            uint8_t mac[CRYPTO_HASH_SIZE],
                                            struct revocation_line *out);

#endif
