#include "schema/base/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum status encode_hex(struct span bytes, char *out, size_t out_size)
{
    if (bytes.size > SIZE_MAX / 2 - 1 || bytes.size * 2 + 1 > out_size)
        return STATUS_FULL;
    for (size_t i = 0; i < bytes.size; i++) {
        *out++ = hex_digits[bytes.data[i] >> 4];
        *out++ = hex_digits[bytes.data[i] & 15];
    }
    *out = 0;
    return STATUS_OK;
}

enum status encode_base64(struct span bytes, char *out, size_t out_size)
{
    if (bytes.size / 3 >= SIZE_MAX / 4 - 1 || (bytes.size + 2) / 3 * 4 + 1 > out_size)
        return STATUS_FULL;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;

        if (left > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (left > 2)
            group |= bytes.data[i + 2];
        *out++ = base64_digits[group >> 18];
        *out++ = base64_digits[group >> 12 & 63];
        *out++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? base64_digits[group & 63] : '=';
    }
    *out = 0;
    return STATUS_OK;
}

enum status encode_base32(struct span bytes, char *out, size_t out_size)
{
    uint32_t bits = 0;
    unsigned count = 0;

    if (bytes.size > SIZE_MAX / 8 - 1 || (bytes.size * 8 + 4) / 5 + 1 > out_size)
        return STATUS_FULL;
    for (size_t i = 0; i < bytes.size; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xfff;
        for (count += 8; count >= 5; count -= 5)
            *out++ = base32_digits[bits >> (count - 5) & 31];
    }
    if (count > 0)
        *out++ = base32_digits[bits << (5 - count) & 31];
    *out = 0;
    return STATUS_OK;
}

/* The place of c in digits, -1 when it has none. */
static int value_of(const char *digits, uint8_t c)
{
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

enum status encode_from_hex(struct span text, uint8_t *out, size_t out_size, size_t *size)
{
    if (text.size % 2 != 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < text.size; i++)
        if (value_of(hex_digits, lower(text.data[i])) < 0)
            return STATUS_INVALID;
    if (text.size / 2 > out_size)
        return STATUS_FULL;

    for (size_t i = 0; i < text.size; i += 2)
        out[i / 2] = (uint8_t)(value_of(hex_digits, lower(text.data[i])) * 16 +
                               value_of(hex_digits, lower(text.data[i + 1])));
    *size = text.size / 2;
    return STATUS_OK;
}

/* Reads digits of width bits each. The bits left over must be zero: one value, one text. */
static enum status unpack(const int8_t *values, const struct span *text, unsigned width,
                          uint8_t *out, size_t out_size, size_t *size)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t used = 0;

    for (int pass = 0; pass < 2; pass++) {
        bits = 0, count = 0, used = 0;
        for (size_t i = 0; i < text->size; i++) {
            int value = values[text->data[i]];

            if (value < 0)
                return STATUS_INVALID;
            bits = bits << width | (uint32_t)value;
            count += width;
            if (count < 8)
                continue;
            count -= 8;
            if (pass == 1)
                out[used] = (uint8_t)(bits >> count);
            used++;
            bits &= (1u << count) - 1;
        }
        if (count >= width || bits != 0)
            return STATUS_INVALID;
        if (used > out_size)
            return STATUS_FULL;
    }
    *size = used;
    return STATUS_OK;
}

enum status encode_from_base64(struct span text, uint8_t *out, size_t out_size, size_t *size)
{
    int8_t values[256];

    if (text.size % 4 != 0)
        return STATUS_INVALID;
    for (int pad = 0; pad < 2 && text.size > 0 && text.data[text.size - 1] == '='; pad++)
        text.size--;
    for (unsigned c = 0; c < 256; c++)
        values[c] = (int8_t)value_of(base64_digits, (uint8_t)c);
    return unpack(values, &text, 6, out, out_size, size);
}

enum status encode_from_base32(struct span text, uint8_t *out, size_t out_size, size_t *size)
{
    int8_t values[256];

    for (unsigned c = 0; c < 256; c++)
        values[c] = (int8_t)value_of(base32_digits, lower((uint8_t)c));
    values['o'] = values['O'] = 0;
    values['i'] = values['I'] = values['l'] = values['L'] = 1;
    return unpack(values, &text, 5, out, out_size, size);
}

static bool is_dash_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

void encode_uuid(const uint8_t uuid[ENCODE_UUID_BYTES], char out[ENCODE_UUID_SIZE])
{
    size_t place = 0;

    for (size_t i = 0; i < ENCODE_UUID_BYTES; i++) {
        if (is_dash_place(place))
            out[place++] = '-';
        out[place++] = hex_digits[uuid[i] >> 4];
        out[place++] = hex_digits[uuid[i] & 15];
    }
    out[place] = 0;
}

enum status encode_from_uuid(struct span text, uint8_t uuid[ENCODE_UUID_BYTES])
{
    uint8_t digits[ENCODE_UUID_BYTES * 2];
    size_t count = 0, size;

    if (text.size != ENCODE_UUID_SIZE - 1)
        return STATUS_INVALID;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_dash_place(i))
            digits[count++] = text.data[i];
        else if (text.data[i] != '-')
            return STATUS_INVALID;
    }
    return encode_from_hex(span_of(digits, count), uuid, ENCODE_UUID_BYTES, &size);
}
