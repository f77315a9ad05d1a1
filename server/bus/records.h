/* records.h - usage records as devices encoded them, decoded and dated for booking */
#ifndef SERVER_BUS_RECORDS_H
#define SERVER_BUS_RECORDS_H

#include "schema/wire/message.h"
#include "server/store/booking.h"
#include "server/store/terms.h"

/* Where a record came from. */
struct records_origin {
    const char *device_id;
    const uint8_t *journal_id;
    uint64_t seq; /* that it must have */
    int64_t arrived_ms;
    struct span encoded;
};

/* Fills *out but for its price; texts are in the arena, the encoded bytes are borrowed.
 * STATUS_MEMORY: the arena is full. *problem: why it cannot be booked, static text; NULL when it
 * can. */
MUST_CHECK enum status records_read(const struct records_origin *origin, const struct terms *terms,
                                    struct arena *arena, struct booking_record *out,
                                    const char **problem);

/* The adjustment for lost records: sum's route and time (schema/wire, JournalDropped), the lost
 * quantities in the order of token classes, and a provenance of its own. It has no attempt: its
 * turn is the journal's id, its attempt 0, and its credit is settled as far as the device says that
 * it used some. origin's encoded bytes are made here, in the arena. Fails as records_read(). */
MUST_CHECK enum status records_adjust(const struct records_origin *origin,
                                      const wire_UsageRecord *sum,
                                      const uint64_t lost[CONTRACT_METRICS],
                                      const struct terms *terms, struct arena *arena,
                                      struct booking_record *out);

/* The record's token classes in the order of contract_metric, which is that of schema/wire. */
void records_quantities(const wire_UsageRecord *record, uint64_t out[CONTRACT_METRICS]);

/* When an attempt counts: its start by the device's clock with the last offset it knew, not before
 * the server time of the last state it had seen, and not after arrival. */
int64_t records_booking_time(int64_t start_ms, int64_t offset_ms, int64_t state_time_ms,
                             int64_t arrived_ms);

#endif
