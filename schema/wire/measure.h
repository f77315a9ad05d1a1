/* measure.h - what an attempt takes of a credit line, by one of the line's measures
 *
 * An amount is the sum of the quantities times their weights, divided by the divisor and rounded up
 * once. Device and server compute it by these functions alone, so that what the one calls used is
 * what the other settles. Weights that are not given are 0; a divisor of 0 counts as 1. Sums are
 * exact; what does not fit 64 bits is UINT64_MAX. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_MEASURE_H
#define SCHEMA_WIRE_MEASURE_H

#include "schema/wire/message.h"

/* Places of the weights: the record's token classes in order. */
enum measure_class {
    MEASURE_INPUT_UNCACHED = 0,
    MEASURE_INPUT_CACHED = 1,
    MEASURE_CACHE_WRITE_5M = 2,
    MEASURE_CACHE_WRITE_1H = 3,
    MEASURE_OUTPUT = 4,
    MEASURE_REASONING = 5,
    MEASURE_AUDIO_IN_MS = 6,
    MEASURE_AUDIO_OUT_CHARS = 7,
    MEASURE_IMAGES = 8,
    MEASURE_VIDEO_MS = 9,
    MEASURE_REQUESTS = 10,
};

/* What the attempt reserves: its reserved input at the dearest input class, its reserved output at
 * the dearer of output and reasoning, one request, and its own audio_in_ms and audio_out_chars:
 * sound and text to be spoken are measured before they are sent. A record that stands for several
 * requests reserved all of theirs. */
uint64_t measure_worst_case(const wire_CreditMeasure *measure, const wire_UsageRecord *record);

/* What the closed attempt consumed: its own quantities where the vendor counted them to the end,
 * nothing where it was not sent, else its worst case, until the vendor's file settles it. */
uint64_t measure_consumed(const wire_CreditMeasure *measure, const wire_UsageRecord *record);

/* The largest reserved output, whatever the record's own, whose worst case is within usable; 0 also
 * when not even the input fits, UINT64_MAX when output weighs nothing. */
uint64_t measure_output_room(const wire_CreditMeasure *measure, const wire_UsageRecord *record,
                             uint64_t usable);

#endif
