/* booking.h - usage records into the database, with their running sums: myna.usage, myna.usage_day
 *
 * Called inside the transaction that moves the watermarks (invariant I1). Besides the statuses
 * named, all those of store.h.
 */
#ifndef SERVER_STORE_BOOKING_H
#define SERVER_STORE_BOOKING_H

#include "server/money/contract.h"
#include "server/money/decimal.h"
#include "server/store/store.h"

/* One record, decoded and rated. Texts are borrowed. Plain data. */
struct booking_record {
    const char *device_id;
    const char *licence_from; /* whose licence the device took over by then; NULL: nobody's */
    uint8_t journal_id[16];
    int64_t seq;
    int64_t at_ms; /* when it counts */
    uint8_t turn[16];
    int64_t attempt;
    const char *vendor_id;
    const char *model;
    const char *model_served;
    const char *contract_id;
    int64_t contract_version; /* that rated it; 0: none was in force */
    const char *vendor_request_id;
    const char *line_id;      /* of credit; "" for none */
    int64_t state_time_ms;    /* of the last state that the attempt knew */
    const char *service_tier; /* "" : the default one */
    int64_t provenance;
    int64_t outcome;
    int64_t error_class;
    int64_t duration_ms;
    int64_t first_token_ms;
    int64_t first_audio_ms;
    int64_t interrupted;
    int64_t generation;
    int64_t purpose; /* wire_Purpose */
    int64_t reserved_input;
    int64_t reserved_output;
    int64_t quantities[CONTRACT_METRICS];
    char price[DECIMAL_TEXT_SIZE];
    const char *currency; /* "" when it could not be rated */
    int64_t day;          /* since 1970-01-01, the contract's; UTC's when it could not be rated */
    struct span encoded;  /* as the device sent it, for the quarantine */
};

/* Tells which of the records were booked before under another sequence number: a device that had to
 * start a new journal files again what it did not know to be counted. known has room for count. */
MUST_CHECK enum status booking_find_refiled(struct store_conn *conn, struct arena *arena,
                                            const struct booking_record *records, size_t count,
                                            bool *known);

/* Appends the records and moves the sums. A record that the database refuses is found by bisection
 * and left out, the others are stored. problems has room for count: what the database said of each
 * that it refused, in the arena; NULL of the others. */
MUST_CHECK enum status booking_store(struct store_conn *conn, struct arena *arena,
                                     const struct booking_record *records, size_t count,
                                     const char **problems);

/* Keeps a record that cannot be booked for a human to look at. */
MUST_CHECK enum status booking_quarantine(struct store_conn *conn, const char *device_id,
                                          const uint8_t journal_id[16], int64_t seq,
                                          struct span encoded, const char *problem);

#endif
