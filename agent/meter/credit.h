/* credit.h - the rules of credit lines (design section 4): how much of a route may be used
 *
 * Each line has cumulative amounts that only grow within an epoch; what is usable is
 * granted - returned - used - open. Until lines carry weights an amount is a plain count of
 * tokens, all classes alike. The journal owns one struct credit, keeps it on disk and locks it;
 * others go through journal.h. Fields are private. No I/O; not thread-safe.
 */
#ifndef AGENT_METER_CREDIT_H
#define AGENT_METER_CREDIT_H

#include <stdbool.h>

#include "schema/wire/message.h"

struct credit_line {
    char line_id[LIMIT_SLUG + 1];
    bool unlimited;
    bool current; /* named by the newest state */
    uint64_t granted;
    uint64_t returned;
    uint64_t used;
    uint64_t open;   /* reserved by attempts under way; not kept on disk: orphans are closed */
    uint64_t wanted; /* the largest attempt refused since the last grant */
};

struct credit {
    uint32_t epoch;
    size_t count;
    struct credit_line lines[LIMIT_CREDIT_LINES];
};

/* What the server granted. A higher epoch replaces, a lower one is STATUS_STALE and ignored, the
 * same merges by maximum. Lines that the state does not name stay known until their place is
 * needed; *changed tells whether anything that belongs on disk did. */
MUST_CHECK enum status credit_merge(struct credit *credit, uint32_t epoch,
                                    const wire_CreditLine *lines, size_t count, bool *changed);

/* Reserves amount. STATUS_DENIED: it does not fit, or the line is unknown. An empty line_id is a
 * route that nothing binds: always STATUS_OK. */
MUST_CHECK enum status credit_reserve(struct credit *credit, const char *line_id, uint64_t amount);

/* Ends a reservation: used is what the attempt consumed, 0 for one that was not sent. */
void credit_settle(struct credit *credit, const char *line_id, uint64_t reserved, uint64_t used);

/* What an attempt reserves and what a record consumed. */
uint64_t credit_worst_case(const wire_UsageRecord *record);
uint64_t credit_consumed(const wire_UsageRecord *record);

/* For hello, usage and report; sets *count. */
void credit_report(const struct credit *credit, wire_CreditUse out[LIMIT_CREDIT_LINES],
                   pb_size_t *count);

#endif
