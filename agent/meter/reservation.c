#include "agent/meter/reservation.h"

struct reservation reservation_worst_case(size_t request_bytes, uint32_t overhead_tokens,
                                          uint32_t output_limit)
{
    return (struct reservation){
        .input = (uint64_t)request_bytes + overhead_tokens,
        .output = output_limit,
    };
}

/* Three bytes in UTF-8 and beyond, from U+2E80 on: the scripts that write without spaces. */
static bool is_wide(const uint8_t *character, size_t size)
{
    return size == 4 ||
           (size == 3 && (character[0] > 0xe2 || (character[0] == 0xe2 && character[1] >= 0xba)));
}

void reservation_estimate_add(struct reservation_estimate *estimate, struct span text)
{
    for (size_t at = 0, step; at < text.size; at += step) {
        step = span_utf8_step(span_of(text.data + at, text.size - at));
        if (step > 0 && is_wide(text.data + at, step)) {
            estimate->wide++;
            continue;
        }
        if (step == 0)
            step = 1;
        estimate->other_bytes += step;
    }
}

uint64_t reservation_estimate_tokens(const struct reservation_estimate *estimate)
{
    uint64_t twelfths = estimate->wide * 8 + estimate->other_bytes * 3;

    return (twelfths + 11) / 12;
}
