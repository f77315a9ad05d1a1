/* preflight.h - what a rollout would bring about, before it does: in money, numbers and refusals
 *
 * For a change of routes: what the contracts it leaves and joins will have cost at their terms' end
 * if robots go on as they did in the last 30 days, for each wave and at the end; which commitments
 * would fall short; whether caps, budgets, rate limits, borders and dates carry it. Figures are
 * those of money/bill over what was counted so far and money/projection; schema/PREFLIGHT.md says
 * how and which they are not. Changes nothing.
 */
#ifndef SERVER_STORE_PREFLIGHT_H
#define SERVER_STORE_PREFLIGHT_H

#include "server/money/decimal.h"
#include "server/store/store.h"

struct rollout_draft;

struct preflight_ask {
    const char *rollout_id;
    int64_t wave; /* that is about to be opened; 0: the whole, before it starts */
    int64_t now_ms;
    const struct rollout_draft *draft; /* what no rollout is yet, in place of one; else NULL */
    const char *above_cost; /* money above which another operator must agree; NULL: any may be */
};

/* What all contracts of one currency will have cost more when everybody has moved. */
struct preflight_more {
    const char *currency;
    unsigned places;
    struct decimal amount;
};

struct preflight {
    const char *refusal; /* why it, or that wave, must not go on; NULL: nothing speaks against it */
    const char *approval; /* why, for what it costs, another operator must agree; NULL: need not */
    const struct preflight_more *more;
    size_t more_count;
    const char *unknown; /* a contract of which that cannot be told; NULL: of none */
    struct span json;
};

/* Inside a transaction; texts in the arena. It reads a month of hourly sums, a day at a time.
 * STATUS_NOT_FOUND: no such rollout. */
MUST_CHECK enum status preflight_run(struct store_conn *conn, const struct preflight_ask *ask,
                                     struct arena *arena, struct preflight *out);

/* Writes the document down with its rollout: what was known when it went on, or did not. */
MUST_CHECK enum status preflight_keep(struct store_conn *conn, const struct preflight_ask *ask,
                                      const struct preflight *found);

/* The document alone, in a transaction that changes nothing. */
MUST_CHECK enum status preflight_preview(struct store *store, const struct preflight_ask *ask,
                                         struct arena *arena, struct span *json);

#endif
