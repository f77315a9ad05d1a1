/* burndown_facts.h - what the lines of money/burndown are filled in from, out of the database
 *
 * Within a transaction. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_BURNDOWN_FACTS_H
#define SERVER_STORE_BURNDOWN_FACTS_H

#include "server/money/burndown.h"
#include "server/store/terms.h"

/* One contract's lines. Plain data; the lines are in the arena and borrowed from the terms. */
struct burndown_facts_read {
    struct arena *arena;
    const struct terms_contract *found;
    const struct contract_terms *terms;
    int64_t now_ms;
    struct burndown_facts facts; /* of the line that is filled in */
    struct burndown_line *lines;
    size_t count;
};

/* The lines of the terms at hand, filled in, the worst first. STATUS_FULL: a number does not fit.
 */
MUST_CHECK enum status burndown_facts_lines(struct store_conn *conn,
                                            const struct terms_contract *found, int64_t now_ms,
                                            struct arena *arena, struct burndown_facts_read *out);

/* Notes what nothing tells afterwards: of each level its busiest minute of the day, and, with_bill,
 * what the bill has counted by now where no sums by day tell it. A line whose number does not fit
 * is left out. */
MUST_CHECK enum status burndown_facts_note(struct store_conn *conn,
                                           const struct terms_contract *found, int64_t now_ms,
                                           bool with_bill, struct arena *arena);

/* In force; of a contract that is over the last, of one to come the first. */
const struct contract_terms *burndown_facts_terms(const struct terms_contract *found,
                                                  int64_t now_ms);

/* "version:counter" of each version that counts the line, for statements; their count. */
size_t burndown_facts_counters(const struct contract *contract, const struct burndown_line *line,
                               struct arena *arena, const char *counters[CONTRACT_VERSIONS]);

#endif
