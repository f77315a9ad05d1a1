/* notary.h - publishes the audit's head outside the database: who can write the database, and so
 * rewrite the chain, cannot rewrite what was published
 *
 * A line of JSON each time that the head has moved: {"at","seq","hash"}, appended to a file that is
 * opened for nothing but appending, and told to syslog (the journal). Before it publishes it looks
 * whether what it published last still stands in the chain: if not, the alert audit_altered is
 * raised. "mynactl audit verify --head FILE" looks at every line. While nothing
 * publishes it, because neither is wanted or the file cannot be written, the alert
 * audit_unpublished says so. One thread of its own; each instance publishes for itself, into a file
 * of its own.
 */
#ifndef SERVER_JOBS_NOTARY_H
#define SERVER_JOBS_NOTARY_H

#include "schema/base/crypto.h"
#include "server/store/store.h"

struct notary;

struct notary_options {
    const char *path; /* NULL: no file; copied */
    bool to_syslog;
    int64_t interval_ms;
};

/* One published head. Plain data. */
struct notary_line {
    int64_t seq;
    uint8_t hash[CRYPTO_HASH_SIZE];
};

#define NOTARY_LINE_SIZE 192

/* The line, with its newline and a NUL. STATUS_FULL. */
MUST_CHECK enum status notary_write_line(const struct notary_line *line, int64_t wall_ms, char *out,
                                         size_t out_size);

/* What the last whole line of a file's text says. STATUS_NOT_FOUND: there is none;
 * STATUS_CORRUPT: it is no such line. */
MUST_CHECK enum status notary_read_last(struct span text, struct notary_line *out);

/* store outlives it. The caller owns *out. STATUS_IO: the file cannot be opened or read, problem
 * says why. */
MUST_CHECK enum status notary_start(struct notary **out, struct store *store,
                                    const struct notary_options *options, char problem[256]);
/* NULL is allowed. */
void notary_stop(struct notary *notary);

#endif
