/* vendor.h - the vendor's own ledger: what every attempt really used, whatever the robots say
 *
 * The truth that the server's books are compared with at the end. It knows nothing of journals.
 */
#ifndef TESTS_SIMULATION_VENDOR_H
#define TESTS_SIMULATION_VENDOR_H

#include "schema/wire/message.h"
#include "tests/simulation/timeline.h"

/* One attempt of one robot. Plain data. */
struct vendor_attempt {
    const char *device_id;
    unsigned robot; /* two robots may have one device id: a copied disk */
    uint8_t turn[16];
    uint32_t number;
    int64_t asked_ms;       /* since the run began */
    bool sent;              /* the vendor has answered it, in part at least */
    bool closed;            /* the robot's journal holds *record durably */
    bool refused;           /* the journal did not open it: nothing was sent */
    bool may_be_lost;       /* its journal was on a disk that was rolled back or copied */
    uint64_t input, output; /* the ledger: tokens that the vendor will bill */
    wire_UsageRecord *record;
};

struct vendor;

void vendor_open(struct vendor **out, struct timeline *timeline);

/* A turn of so many attempts, one after the other; they are found by turn and number. Borrowed
 * until the timeline ends. */
struct vendor_attempt *vendor_start_turn(struct vendor *vendor, unsigned attempts);

/* NULL: no robot ever made it. */
struct vendor_attempt *vendor_find(const struct vendor *vendor, const uint8_t turn[16],
                                   int64_t number);

/* Of an attempt that was found. */
size_t vendor_place(const struct vendor_attempt *attempt);

size_t vendor_count(const struct vendor *vendor);
struct vendor_attempt *vendor_at(const struct vendor *vendor, size_t place);

#endif
