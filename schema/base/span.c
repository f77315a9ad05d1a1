#include "schema/base/span.h"

#include <string.h>

struct span span_of(const void *data, size_t size)
{
    return (struct span){.data = data, .size = size};
}

struct span span_text(const char *text)
{
    return span_of(text, text ? strlen(text) : 0);
}

bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool span_equal_text(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

bool span_starts_with(struct span span, const char *prefix)
{
    struct span head = span_text(prefix);

    return span.size >= head.size && span_equal(span_of(span.data, head.size), head);
}

bool span_is_choice(struct span span, const char *choices)
{
    for (const char *choice = choices; choice; choice = strchr(choice, '|')) {
        if (*choice == '|')
            choice++;
        if (span_equal(span, span_of(choice, strcspn(choice, "|"))))
            return true;
    }
    return false;
}

bool span_equal_secret(struct span a, struct span b)
{
    volatile uint8_t difference = 0;

    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

enum status span_to_text(struct span span, char *out, size_t out_size)
{
    if (span.size >= out_size)
        return STATUS_FULL;
    if (span.size > 0 && memchr(span.data, 0, span.size))
        return STATUS_INVALID;
    if (span.size > 0)
        memcpy(out, span.data, span.size);
    out[span.size] = 0;
    return STATUS_OK;
}

enum status span_to_uint64(struct span span, uint64_t *out)
{
    uint64_t value = 0;

    if (span.size == 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < span.size; i++) {
        unsigned digit = (unsigned)span.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return STATUS_INVALID;
        value = value * 10 + digit;
    }
    *out = value;
    return STATUS_OK;
}

enum status span_to_int64(struct span span, int64_t *out)
{
    bool negative = span.size > 0 && span.data[0] == '-';
    uint64_t magnitude;

    if (negative)
        span = span_of(span.data + 1, span.size - 1);
    if (span_to_uint64(span, &magnitude) != STATUS_OK)
        return STATUS_INVALID;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return STATUS_INVALID;
    if (negative && magnitude > 0)
        *out = -(int64_t)(magnitude - 1) - 1;
    else
        *out = (int64_t)magnitude;
    return STATUS_OK;
}

/* The table 3-7 of the Unicode standard: length by first byte, and the narrower range of the second
 * byte that keeps out overlong forms, surrogates and what lies beyond U+10FFFF. */
size_t span_utf8_step(struct span span)
{
    if (span.size == 0)
        return 0;

    uint8_t first = span.data[0];
    uint8_t low = 0x80, high = 0xbf;
    size_t length = first < 0x80   ? 1
                    : first < 0xc2 ? 0
                    : first < 0xe0 ? 2
                    : first < 0xf0 ? 3
                    : first < 0xf5 ? 4
                                   : 0;

    if (first == 0xe0)
        low = 0xa0;
    else if (first == 0xed)
        high = 0x9f;
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f;

    if (length == 0 || length > span.size)
        return 0;
    if (length > 1 && (span.data[1] < low || span.data[1] > high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((span.data[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool span_is_utf8(struct span span)
{
    while (span.size > 0) {
        size_t step = span_utf8_step(span);

        if (step == 0)
            return false;
        span = span_of(span.data + step, span.size - step);
    }
    return true;
}
