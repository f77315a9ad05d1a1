/* bills.h - a contract's bill as the server has counted it
 *
 * Made of the counts in myna.tally by money/bill: the same as offline.
 */
#ifndef SERVER_STORE_BILLS_H
#define SERVER_STORE_BILLS_H

#include "schema/base/json.h"
#include "server/money/statement.h"
#include "server/store/store.h"
#include "server/store/terms.h"

/* {"contract", "currency", "as_of", "lines": [{"source", "charge", "period", "metric", "quantity",
 * "amount", "steps"}], "total"} of the periods that began before as_of_ms, with what was used
 * before it as far as it is known now. BILLS_NOW: all that is counted so far. STATUS_NOT_FOUND: no
 * such contract; STATUS_FULL: a number does not fit; STATUS_STALE: the raw records of a period that
 * went on at as_of_ms are dropped (ends of periods can be asked for). */
#define BILLS_NOW INT64_MAX
MUST_CHECK enum status bills_get(struct store *store, const char *contract_id, int64_t as_of_ms,
                                 struct arena *arena, struct span *json);

/* A contract's counts. Plain data; its members live until bills_close(). */
struct bills_ledger {
    struct arena *arena;
    struct terms *terms;
    const struct terms_contract *found;
    struct tally *tally;
};

/* Within a transaction: the counts of what was used before as_of_ms, or BILLS_NOW. Whatever the
 * status, bills_close() follows. STATUS_NOT_FOUND: no such contract; STATUS_STALE as above. */
MUST_CHECK enum status bills_open(struct bills_ledger *ledger, struct store_conn *conn,
                                  const char *contract_id, int64_t as_of_ms);
void bills_close(struct bills_ledger *ledger);

/* Writes a line as bills_get() does; a correction tells its month. */
void bills_write_line(struct json_writer *writer, const struct statement_line *line,
                      unsigned places, bool with_month);

/* A member of money in the currency's places. */
void bills_write_money(struct json_writer *writer, const char *name, struct decimal amount,
                       unsigned places);

/* The written text, copied; releases the buffer. */
MUST_CHECK enum status bills_keep_text(struct buffer *text, struct arena *arena, struct span *out);

#endif
