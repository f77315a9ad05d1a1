/* journal.h - how far each device's journals have been counted: myna.journal
 *
 * Every function is called with the device's link row locked, which keeps a device's journals from
 * changing meanwhile.
 */
#ifndef SERVER_STORE_JOURNAL_H
#define SERVER_STORE_JOURNAL_H

#include "schema/wire/limits.h"
#include "server/fleet/gap.h"
#include "server/fleet/ledger.h"
#include "server/store/store.h"

enum journal_status { JOURNAL_OPEN, JOURNAL_IS_FORKED, JOURNAL_IS_QUARANTINED };

/* Plain data. */
struct journal_row {
    char device_id[LIMIT_SLUG + 1];
    uint8_t journal_id[16];
    struct chain_parent parent; /* its id is zeros: none */
    struct ledger ledger;
    struct gap_totals totals; /* of the records up to the watermark, as the device sent them */
    int64_t adjusted_seq;     /* an adjustment counted lost records up to here; 0: none did */
    int64_t covered;          /* so many of its first records the parent's adjustment counted */
    enum journal_status status;
    int64_t children; /* journals that name this one as their parent */
    bool is_new;      /* not in the database yet */
};

/* The key of a row. */
struct journal_key {
    const char *device_id;
    uint8_t journal_id[16];
};

/* Reads and locks the rows there are of these keys, in order; *found tells how many. rows has room
 * for count. */
MUST_CHECK enum status journal_lock(struct store_conn *conn, struct arena *arena,
                                    const struct journal_key *keys, size_t count,
                                    struct journal_row *rows, size_t *found);

/* Inserts the new ones and moves the others. */
MUST_CHECK enum status journal_save(struct store_conn *conn, struct arena *arena,
                                    const struct journal_row *rows, size_t count);

/* For other statements of this folder: reads journal_id, watermark_seq, watermark_hash and status
 * from four columns on. */
MUST_CHECK enum status journal_from_row(const struct result *result, size_t row, int column,
                                        struct journal_row *out);

#endif
