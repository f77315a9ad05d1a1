#include "server/store/copy.h"

#include <stddef.h>
#include <string.h>

/* PostgreSQL counts microseconds from 2000-01-01. */
#define EPOCH_2000_MS INT64_C(946684800000)

/* A row is the number of its columns in 16 bits, then each value: its size in 32 bits and its
 * bytes, as the type's receive function wants them; integers are big-endian. */
static const uint8_t signature[] = "PGCOPY\n\377\r\n";

static void put(struct copy *copy, uint64_t number, unsigned bytes)
{
    uint8_t text[8];

    for (unsigned i = 0; i < bytes; i++)
        text[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    buffer_add(copy->out, span_of(text, bytes));
}

/* Size and number at once: most of what is copied are these. */
static void put_number(struct copy *copy, int64_t number, unsigned bytes)
{
    uint8_t text[12] = {0, 0, 0, (uint8_t)bytes};

    for (unsigned i = 0; i < bytes; i++)
        text[4 + i] = (uint8_t)((uint64_t)number >> (8 * (bytes - 1 - i)));
    buffer_add(copy->out, span_of(text, 4 + bytes));
}

void copy_begin(struct copy *copy, struct buffer *out)
{
    copy->out = out;
    buffer_clear(out);
    buffer_add(out, span_of(signature, sizeof signature)); /* its NUL belongs to it */
    put(copy, 0, 4);                                       /* flags */
    put(copy, 0, 4);                                       /* no extension */
}

void copy_end(struct copy *copy)
{
    put(copy, UINT16_MAX, 2);
}

void copy_row(struct copy *copy, unsigned columns)
{
    put(copy, columns, 2);
}

void copy_text(struct copy *copy, const char *text)
{
    const struct span span = span_text(text);

    put(copy, span.size, 4);
    buffer_add(copy->out, span);
}

void copy_uuid(struct copy *copy, const uint8_t uuid[16])
{
    put(copy, 16, 4);
    buffer_add(copy->out, span_of(uuid, 16));
}

void copy_smallint(struct copy *copy, int64_t number)
{
    put_number(copy, number, number == (int16_t)number ? 2 : 8);
}

void copy_integer(struct copy *copy, int64_t number)
{
    put_number(copy, number, number == (int32_t)number ? 4 : 8);
}

void copy_bigint(struct copy *copy, int64_t number)
{
    put_number(copy, number, 8);
}

void copy_boolean(struct copy *copy, bool flag)
{
    put_number(copy, flag, 1);
}

void copy_time(struct copy *copy, int64_t wall_ms)
{
    put_number(copy, (wall_ms - EPOCH_2000_MS) * 1000, 8);
}

/* Four of count decimal digits from the place first on; zeros where there are none. */
static unsigned group(const char *digits, ptrdiff_t count, ptrdiff_t first)
{
    unsigned sum = 0;

    for (ptrdiff_t at = first; at < first + 4; at++)
        sum = sum * 10 + (at >= 0 && at < count ? (unsigned)(digits[at] - '0') : 0);
    return sum;
}

/* numeric_recv(): how many digits of base 10,000, the first one's power, sign, decimal places, the
 * digits. Zeros at either end are its to strip. */
void copy_numeric(struct copy *copy, const char *decimal)
{
    const bool is_negative = decimal[0] == '-';
    const char *whole = decimal + is_negative;
    const ptrdiff_t whole_count = (ptrdiff_t)strcspn(whole, ".");
    const char *places = whole[whole_count] == '.' ? whole + whole_count + 1 : "";
    const ptrdiff_t place_count = (ptrdiff_t)strlen(places);
    const ptrdiff_t before = (whole_count + 3) / 4;
    const ptrdiff_t after = (place_count + 3) / 4;

    put(copy, (uint64_t)(8 + 2 * (before + after)), 4);
    put(copy, (uint64_t)(before + after), 2);
    put(copy, (uint64_t)(before - 1), 2);
    put(copy, is_negative ? 0x4000 : 0, 2);
    put(copy, (uint64_t)place_count, 2);
    for (ptrdiff_t i = before; i > 0; i--)
        put(copy, group(whole, whole_count, whole_count - 4 * i), 2);
    for (ptrdiff_t i = 0; i < after; i++)
        put(copy, group(places, place_count, 4 * i), 2);
}
