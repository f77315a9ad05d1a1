/* records.h - usage records as devices encoded them, decoded and dated for booking */
#ifndef SERVER_BUS_RECORDS_H
#define SERVER_BUS_RECORDS_H

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

/* When an attempt counts: its start by the device's clock with the last offset it knew, not before
 * the server time of the last state it had seen, and not after arrival. */
int64_t records_booking_time(int64_t start_ms, int64_t offset_ms, int64_t state_time_ms,
                             int64_t arrived_ms);

#endif
