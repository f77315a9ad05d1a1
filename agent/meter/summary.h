/* summary.h - several usage records told as one, their token classes added up
 *
 * No I/O; thread-safe.
 */
#ifndef AGENT_METER_SUMMARY_H
#define AGENT_METER_SUMMARY_H

#include "schema/wire/message.h"

/* Adds the record behind those that sum stands for: sum has the token classes of all (which stop at
 * UINT64_MAX) and for the rest what the record says, but for what is one attempt's own: turn,
 * attempt, request id, reservation, provenance and outcome are none. Begins as zeros. */
void summary_append(wire_UsageRecord *sum, const wire_UsageRecord *record);

#define SUMMARY_GROUPS 24 /* under way at once */

/* Takes a record over; its seq is for the taker to give. */
typedef void (*summary_emit)(void *context, const wire_UsageRecord *record);

/* Folds records into one per route, hour and kind: of one vendor, model asked and answered,
 * contract version, service tier, credit line, UTC hour of the start by the server's clock as last
 * known, outcome, and of quantities that are either certain (vendor_final, not_sent) or not.
 *
 * A summary has the classes, requests and reservations of all its records added up, the start (with
 * its clock) of the first and the latest end; it is vendor_final when one of the certain ones was
 * sent, and of the others the worst: worst_case, else estimated, else vendor_cumulative. Its turn
 * is a new one and its attempt 0: it stands for requests that it cannot name. A record that nothing
 * is folded with stays as it is. Fields are private. */
struct summary_folder {
    summary_emit emit;
    void *context;
    size_t count;
    struct summary_group {
        wire_UsageRecord record;
        bool is_folded;
    } groups[SUMMARY_GROUPS];
};

/* The one behind those before it. May emit an earlier group. */
void summary_fold(struct summary_folder *folder, const wire_UsageRecord *record);

/* Emits all that is left. */
void summary_finish(struct summary_folder *folder);

#endif
