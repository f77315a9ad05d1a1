/* tally.h - what was used, counted the way a contract's charges need it
 *
 * Usage becomes *counts*: (version, charge, cell, device, day) and a quantity. Counts only ever add
 * up, so order and batching cannot matter (I5), late usage falls into the period it belongs to, and
 * the database keeps them as rows (myna.tally). What they cost is bill.h's business.
 *
 *   kind of quantity    cell                 device             at_day
 *   share (M19)         0: used here, 1: not  ""                 first day of the clipped period
 *   sum                 rate, or 0; plus     "", or each when   first day of the clipped period;
 *                       TALLY_PACK for the   included units     local day when packs, prepaid
 *                       packs that may pay   are its own        money or interim lines ask for it
 *   devices, licences   0                    each               the local day
 *   replacement         1                    "old>new"          the local day
 *   gauge               the sample's ms of   "", or each        the local day
 *                       that local day
 *   events (C8)         enum tally_event     ""                 like a sum
 *   events in order     twice the ms of that ""                 the local day
 *                       local day: amount,
 *                       plus 1: events
 *
 * Two samples of one gauge and device at the same instant add up. Not thread-safe. No I/O.
 */
#ifndef SERVER_MONEY_TALLY_H
#define SERVER_MONEY_TALLY_H

#include "server/money/contract.h"
#include "server/money/zone.h"

#define TALLY_PACKS CONTRACT_PACKS
#define TALLY_PACK  CONTRACT_RATES /* a cell is rate + TALLY_PACK * bits of packs */

/* Cells of CONTRACT_PERCENTAGE: fees of events outside the bounds of one event are the bound. */
enum tally_event {
    TALLY_AMOUNT, /* of events within their bounds */
    TALLY_EVENTS, /* likewise, their number */
    TALLY_AT_MIN, /* number of events that cost event_min */
    TALLY_AT_MAX,
    TALLY_BEYOND, /* amount of the events that cost event_min or event_max: told, not priced */
};

/* Cells of a commitment to a share. */
enum tally_share { TALLY_HERE, TALLY_ELSEWHERE };

struct tally;

/* What one record, or one row of a usage file, says. Texts are borrowed. Plain data. */
struct tally_usage {
    int64_t at_ms;  /* when it counts */
    int64_t end_ms; /* of the attempt */
    const char *device;
    const char *model;
    const char *service_tier; /* "" : default */
    const char *replaces;     /* a device whose licence this one takes over; "" */
    bool is_activity;         /* false: not_sent, which makes no device active */
    bool is_elsewhere;        /* used under another contract: for shares of all usage alone */
    bool has_amount;
    struct decimal amount; /* money that the usage itself tells */
    struct decimal quantities[CONTRACT_METRICS];
    const char *gauge; /* "" or the name of a level sampled here */
    struct decimal level;
};

/* Plain data; device is borrowed from the tally. */
struct tally_count {
    uint16_t version; /* of the terms, from 1 */
    uint16_t charge; /* its place in them; commitments, then caps, follow the charges; then, without
                        a term, the days with usage */
    int32_t cell;
    const char *device;
    int64_t at_day;
    struct decimal quantity;
};

/* contract and zone are borrowed until tally_free(). STATUS_FULL: more packs of units than
 * TALLY_PACKS in one version. */
MUST_CHECK enum status tally_create(struct tally **out, const struct contract *contract,
                                    const struct zone *zone);
void tally_free(struct tally *tally);

/* Adds usage. *unpriced: bits of the recorded metrics above 0 that no charge of the version in
 * force prices for this usage, though one prices that metric or one like it (another class of
 * input; output and reasoning) for some. What it prices nowhere is given for its fees; requests
 * need no price. STATUS_NOT_FOUND: no version is in force then; STATUS_FULL: a count does not fit.
 * On failure nothing was added. */
MUST_CHECK enum status tally_add(struct tally *tally, const struct tally_usage *usage,
                                 unsigned *unpriced);

/* The same in two steps, between which a caller may look at what is about to change: the counts
 * (quantity is what will be added) stand until the next call. tally_commit() cannot fail;
 * tally_undo() takes back what it did, until the next tally_prepare(). tally_commit_open() leaves
 * out the counts of periods that are over at that time: they are known otherwise. */
MUST_CHECK enum status tally_prepare(struct tally *tally, const struct tally_usage *usage,
                                     unsigned *unpriced, const struct tally_count **changes,
                                     size_t *count);
void tally_commit(struct tally *tally);
MUST_CHECK enum status tally_commit_open(struct tally *tally, int64_t at_ms);
void tally_undo(struct tally *tally);

/* Adds a count that was kept elsewhere (a row of the database). STATUS_INVALID: no such version or
 * charge, or not a day of it. */
MUST_CHECK enum status tally_load(struct tally *tally, const struct tally_count *count);

/* The days of the period that a count is of. STATUS_INVALID as above. */
MUST_CHECK enum status tally_days_of(const struct tally *tally, const struct tally_count *count,
                                     struct period_range *out);

/* Whether those days are over at that time. */
bool tally_is_over(const struct tally *tally, struct period_range days, int64_t at_ms);

/* All counts in a settled order (version, charge, at_day, cell, device); only those changed by
 * tally_add() since the last tally_mark() when changed_only, and then with what was added alone.
 * Ends with the visitor's first status other than STATUS_OK. */
typedef enum status (*tally_visit)(void *context, const struct tally_count *count);
MUST_CHECK enum status tally_each(const struct tally *tally, bool changed_only, tally_visit visit,
                                  void *context);
void tally_mark(struct tally *tally);

/* From now on everything counted stands for times as many robots of the same use: sums, events,
 * levels and devices grow with it, included units of a device are each one's own. */
void tally_repeat(struct tally *tally, int64_t times);
int64_t tally_times(const struct tally *tally);

const struct contract *tally_contract(const struct tally *tally);
const struct zone *tally_zone(const struct tally *tally);

/* The days that a version bills: its own, within the term, until termination. Ends may be
 * CONTRACT_NO_DAY and CONTRACT_FOREVER without a term. Empty when first >= end. */
struct period_range tally_days(const struct tally *tally, const struct contract_terms *terms);

/* The rule's period around that day of tally_days(): whole within the contract's term, clipped to
 * what the version bills. */
struct period tally_period(const struct tally *tally, const struct contract_terms *terms,
                           const struct period_rule *rule, int64_t day);

/* One count of a charge in a period, and the next. Plain data, borrowed until the tally changes. */
struct tally_cell {
    const struct tally_cell *next;
    int32_t cell;
    const char *device; /* the same device is the same pointer */
    int64_t at_day;
    struct decimal quantity;
};

/* What was counted in one period of a charge; the lists are in no order. */
struct tally_group {
    const struct tally_group *next;
    int64_t first; /* day on which the clipped period begins */
    const struct tally_cell *cells;
};

/* The periods of a charge with counts. NULL: none. */
const struct tally_group *tally_groups(const struct tally *tally, size_t version, size_t charge);

/* Of the period whose clipped part begins that day; NULL: nothing was counted. */
const struct tally_cell *tally_cells(const struct tally *tally, size_t version, size_t charge,
                                     int64_t first);

/* First and last day with usage of a contract without a term. false: none. */
bool tally_used_days(const struct tally *tally, int64_t *first, int64_t *last);

#endif
