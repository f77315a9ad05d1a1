/* reservation.h - how many tokens a request can cost at most, and what a cut stream has cost about
 *
 * No byte-level tokenizer makes more tokens than there are UTF-8 bytes, so bytes plus the
 * dialect's overhead bound the input from above; the limit sent bounds the output. No I/O.
 */
#ifndef AGENT_METER_RESERVATION_H
#define AGENT_METER_RESERVATION_H

#include "schema/base/span.h"

struct reservation {
    uint64_t input;
    uint64_t output;
};

/* request_bytes: of all texts in the request, as UTF-8. overhead_tokens: what the dialect says its
 * framing may add (per message and per request). output_limit: the limit that is sent. */
struct reservation reservation_worst_case(size_t request_bytes, uint32_t overhead_tokens,
                                          uint32_t output_limit);

/* An estimate that grows with the text; zero it first. Plain data. */
struct reservation_estimate {
    uint64_t wide;        /* characters of scripts without spaces: about 1.5 to a token */
    uint64_t other_bytes; /* about 4 to a token */
};

/* text is whole UTF-8 characters. */
void reservation_estimate_add(struct reservation_estimate *estimate, struct span text);

/* Rounded up; 0 only for no text at all. */
uint64_t reservation_estimate_tokens(const struct reservation_estimate *estimate);

#endif
