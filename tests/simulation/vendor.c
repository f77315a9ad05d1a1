#include "tests/simulation/vendor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTEMPTS 65536

struct vendor {
    struct timeline *timeline;
    size_t count;
    struct vendor_attempt *attempts[MAX_ATTEMPTS];
};

void vendor_open(struct vendor **out, struct timeline *timeline)
{
    struct vendor *vendor = timeline_take(timeline, sizeof *vendor);

    vendor->timeline = timeline;
    *out = vendor;
}

/* The first bytes of a turn's id are the place of its first attempt. */
static void make_turn(struct vendor *vendor, uint8_t turn[16])
{
    for (unsigned i = 0; i < 4; i++)
        turn[i] = (uint8_t)(vendor->count >> (8 * i));
    for (unsigned i = 4; i < 16; i++)
        turn[i] = (uint8_t)dice_next(&vendor->timeline->dice);
}

struct vendor_attempt *vendor_start_turn(struct vendor *vendor, unsigned attempts)
{
    struct vendor_attempt *first =
        timeline_take(vendor->timeline, attempts * sizeof(struct vendor_attempt));

    if (vendor->count + attempts > MAX_ATTEMPTS) {
        fprintf(stderr, "simulation: more attempts than the vendor keeps\n");
        abort();
    }
    make_turn(vendor, first->turn);
    for (unsigned i = 0; i < attempts; i++) {
        memcpy(first[i].turn, first->turn, sizeof first->turn);
        first[i].number = i + 1;
        vendor->attempts[vendor->count++] = &first[i];
    }
    return first;
}

static size_t place_of(const uint8_t turn[16])
{
    return (size_t)turn[0] | (size_t)turn[1] << 8 | (size_t)turn[2] << 16 | (size_t)turn[3] << 24;
}

size_t vendor_place(const struct vendor_attempt *attempt)
{
    return place_of(attempt->turn) + attempt->number - 1;
}

struct vendor_attempt *vendor_find(const struct vendor *vendor, const uint8_t turn[16],
                                   int64_t number)
{
    const size_t place = place_of(turn);

    if (number < 1 || place + (size_t)number > vendor->count)
        return NULL;
    struct vendor_attempt *attempt = vendor->attempts[place + (size_t)number - 1];
    return memcmp(attempt->turn, turn, 16) == 0 && attempt->number == number ? attempt : NULL;
}

size_t vendor_count(const struct vendor *vendor)
{
    return vendor->count;
}

struct vendor_attempt *vendor_at(const struct vendor *vendor, size_t place)
{
    return vendor->attempts[place];
}
