#include "server/api/qr.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VERSIONS      10
#define CODEWORDS_MAX 346
#define BLOCKS_MAX    5
#define EC_MAX        26

/* ISO/IEC 18004:2015 table 9, level M, and annex E. */
struct version {
    unsigned codewords; /* of data and of error correction */
    unsigned ec;        /* error correction codewords of each block */
    unsigned blocks;
    unsigned aligned[3]; /* centres of alignment patterns; 0: no more */
};
static const struct version versions[VERSIONS] = {
    {26, 10, 1, {0}},          {44, 16, 1, {6, 18, 0}},   {70, 26, 1, {6, 22, 0}},
    {100, 18, 2, {6, 26, 0}},  {134, 24, 2, {6, 30, 0}},  {172, 16, 4, {6, 34, 0}},
    {196, 18, 4, {6, 22, 38}}, {242, 22, 4, {6, 24, 42}}, {292, 22, 5, {6, 26, 46}},
    {346, 26, 5, {6, 28, 50}},
};

/* One code in the making. */
struct drawing {
    const struct version *version;
    unsigned number; /* 1 to VERSIONS */
    struct qr *out;
    bool fixed[QR_SIZE_MAX][QR_SIZE_MAX]; /* of patterns, no data */
};

/* ---- the bytes ---- */

/* In GF(256) over x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t multiply(uint8_t a, uint8_t b)
{
    unsigned product = 0;

    for (int bit = 7; bit >= 0; bit--) {
        product = product << 1 ^ (product >> 7) * 0x11d;
        product ^= (b >> bit & 1) * (unsigned)a;
    }
    return (uint8_t)product;
}

/* The generator's coefficients behind the leading 1: the product of (x - 2^i). */
static void make_generator(unsigned degree, uint8_t out[EC_MAX])
{
    uint8_t root = 1;

    memset(out, 0, EC_MAX);
    out[degree - 1] = 1;
    for (unsigned i = 0; i < degree; i++) {
        for (unsigned j = 0; j < degree; j++) {
            out[j] = multiply(out[j], root);
            if (j + 1 < degree)
                out[j] ^= out[j + 1];
        }
        root = multiply(root, 2);
    }
}

static void make_ec(const uint8_t *data, unsigned size, unsigned degree, uint8_t *out)
{
    uint8_t generator[EC_MAX];

    make_generator(degree, generator);
    memset(out, 0, degree);
    for (unsigned i = 0; i < size; i++) {
        const uint8_t factor = data[i] ^ out[0];

        memmove(out, out + 1, degree - 1);
        out[degree - 1] = 0;
        for (unsigned j = 0; j < degree; j++)
            out[j] ^= multiply(generator[j], factor);
    }
}

static unsigned data_size(const struct version *version)
{
    return version->codewords - version->ec * version->blocks;
}

/* Mode 0100, the count in 8 bits (16 from version 10), the bytes, 0000, and padding. */
static void write_data(const struct drawing *drawing, struct span text, uint8_t *out)
{
    const unsigned size = data_size(drawing->version);
    unsigned at = 0; /* in half bytes */
    const unsigned count_digits = drawing->number < 10 ? 2 : 4;

    memset(out, 0, size);
    out[0] = 0x40;
    at = 1;
    for (unsigned i = 0; i < count_digits; i++, at++)
        out[at / 2] |=
            (uint8_t)((text.size >> 4 * (count_digits - 1 - i) & 15) << (at % 2 == 0 ? 4 : 0));
    for (size_t i = 0; i < text.size; i++, at += 2) {
        out[at / 2] |= text.data[i] >> 4;
        out[at / 2 + 1] |= (uint8_t)(text.data[i] << 4);
    }
    for (unsigned i = at / 2 + 1, pad = 0xec; i < size; i++, pad ^= 0xec ^ 0x11)
        out[i] = (uint8_t)pad;
}

/* Blocks differ by one byte at most, the shorter ones first; their bytes take turns. */
static void interleave(const struct version *version, const uint8_t *data, uint8_t *out)
{
    const unsigned size = data_size(version);
    const unsigned shorter = size / version->blocks;
    const unsigned first_long = version->blocks - size % version->blocks;
    uint8_t ec[BLOCKS_MAX][EC_MAX];
    const uint8_t *start[BLOCKS_MAX];
    unsigned at = 0;

    for (unsigned b = 0; b < version->blocks; b++) {
        const unsigned length = shorter + (b >= first_long);

        start[b] = data;
        make_ec(data, length, version->ec, ec[b]);
        data += length;
    }
    for (unsigned i = 0; i <= shorter; i++)
        for (unsigned b = 0; b < version->blocks; b++)
            if (i < shorter + (b >= first_long))
                out[at++] = start[b][i];
    for (unsigned i = 0; i < version->ec; i++)
        for (unsigned b = 0; b < version->blocks; b++)
            out[at++] = ec[b][i];
}

/* ---- the picture ---- */

static void fix(struct drawing *drawing, unsigned row, unsigned column, bool dark)
{
    drawing->out->modules[row][column] = dark;
    drawing->fixed[row][column] = true;
}

/* With the light border that separates it. */
static void draw_finder(struct drawing *drawing, int row, int column)
{
    const int size = (int)drawing->out->size;

    for (int y = -4; y <= 4; y++)
        for (int x = -4; x <= 4; x++) {
            const int far = abs(x) > abs(y) ? abs(x) : abs(y);

            if (row + y >= 0 && row + y < size && column + x >= 0 && column + x < size)
                fix(drawing, (unsigned)(row + y), (unsigned)(column + x), far != 2 && far != 4);
        }
}

static void draw_alignments(struct drawing *drawing)
{
    const unsigned *at = drawing->version->aligned;
    const unsigned last = drawing->out->size - 7;

    for (unsigned i = 0; i < 3 && at[i] != 0; i++)
        for (unsigned j = 0; j < 3 && at[j] != 0; j++) {
            if ((at[i] == 6 && (at[j] == 6 || at[j] == last)) || (at[i] == last && at[j] == 6))
                continue; /* a finder is there */
            for (int y = -2; y <= 2; y++)
                for (int x = -2; x <= 2; x++)
                    fix(drawing, (unsigned)((int)at[i] + y), (unsigned)((int)at[j] + x),
                        abs(x) == 2 || abs(y) == 2 || (x == 0 && y == 0));
        }
}

/* The remainder of value * x^bits by a polynomial of that degree. */
static unsigned remainder_of(unsigned value, unsigned bits, unsigned polynomial)
{
    unsigned rest = value;

    for (unsigned i = 0; i < bits; i++)
        rest = rest << 1 ^ (rest >> (bits - 1) & 1) * polynomial;
    return value << bits | (rest & ((1u << bits) - 1));
}

/* Which mask, twice; level M is 00. */
static void draw_format(struct drawing *drawing, unsigned mask)
{
    const unsigned size = drawing->out->size;
    const unsigned bits = remainder_of(mask, 10, 0x537) ^ 0x5412;

    for (unsigned i = 0; i < 15; i++) {
        const bool dark = bits >> i & 1;

        fix(drawing, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, 8, dark);
        fix(drawing, 8, i < 8 ? size - 1 - i : i == 8 ? 7 : 14 - i, dark);
    }
    fix(drawing, size - 8, 8, true);
}

static void draw_version(struct drawing *drawing)
{
    const unsigned size = drawing->out->size;
    const unsigned bits = remainder_of(drawing->number, 12, 0x1f25);

    for (unsigned i = 0; i < 18 && drawing->number >= 7; i++) {
        fix(drawing, size - 11 + i % 3, i / 3, bits >> i & 1);
        fix(drawing, i / 3, size - 11 + i % 3, bits >> i & 1);
    }
}

static void draw_patterns(struct drawing *drawing)
{
    const unsigned size = drawing->out->size;

    for (unsigned i = 0; i < size; i++) {
        fix(drawing, 6, i, i % 2 == 0);
        fix(drawing, i, 6, i % 2 == 0);
    }
    draw_finder(drawing, 3, 3);
    draw_finder(drawing, 3, (int)size - 4);
    draw_finder(drawing, (int)size - 4, 3);
    draw_alignments(drawing);
    draw_format(drawing, 0);
    draw_version(drawing);
}

/* In pairs of columns from the right, up and down in turns; column 6 is left out. */
static void draw_data(struct drawing *drawing, const uint8_t *bytes)
{
    const unsigned size = drawing->out->size;
    const unsigned bits = drawing->version->codewords * 8;
    unsigned at = 0;

    for (unsigned pair = 0; pair < size / 2; pair++) {
        const unsigned right = size - 1 - 2 * pair;
        const unsigned column = right <= 6 ? right - 1 : right;

        for (unsigned i = 0; i < 2 * size; i++) {
            const unsigned row = pair % 2 == 0 ? size - 1 - i / 2 : i / 2;
            const unsigned x = column - i % 2;

            if (!drawing->fixed[row][x] && at < bits) {
                drawing->out->modules[row][x] = bytes[at / 8] >> (7 - at % 8) & 1;
                at++;
            }
        }
    }
}

/* ---- the mask ---- */

static bool is_masked(unsigned mask, unsigned y, unsigned x)
{
    switch (mask) {
    case 0:
        return (x + y) % 2 == 0;
    case 1:
        return y % 2 == 0;
    case 2:
        return x % 3 == 0;
    case 3:
        return (x + y) % 3 == 0;
    case 4:
        return (x / 3 + y / 2) % 2 == 0;
    case 5:
        return x * y % 2 + x * y % 3 == 0;
    case 6:
        return (x * y % 2 + x * y % 3) % 2 == 0;
    default:
        return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

/* Again takes it off. */
static void apply_mask(struct drawing *drawing, unsigned mask)
{
    for (unsigned y = 0; y < drawing->out->size; y++)
        for (unsigned x = 0; x < drawing->out->size; x++)
            if (!drawing->fixed[y][x] && is_masked(mask, y, x))
                drawing->out->modules[y][x] = !drawing->out->modules[y][x];
    draw_format(drawing, mask);
}

static bool module(const struct qr *qr, bool is_column, unsigned line, unsigned at)
{
    return is_column ? qr->modules[at][line] : qr->modules[line][at];
}

/* Runs of five and more, and what looks like a finder: 1011101 with four light modules beside. */
static unsigned line_penalty(const struct qr *qr, bool is_column, unsigned line)
{
    unsigned penalty = 0;
    unsigned run = 0;
    unsigned seen = 0; /* the last 11 modules */

    for (unsigned at = 0; at < qr->size; at++) {
        const bool dark = module(qr, is_column, line, at);

        run = at > 0 && dark == module(qr, is_column, line, at - 1) ? run + 1 : 1;
        penalty += run == 5 ? 3 : run > 5;
        seen = (seen << 1 | dark) & 0x7ff;
        if (at >= 10 && (seen == 0x05d || seen == 0x5d0))
            penalty += 40;
    }
    return penalty;
}

/* ISO/IEC 18004:2015 section 7.8.3. */
static unsigned penalty_of(const struct qr *qr)
{
    unsigned penalty = 0;
    int dark = 0;

    for (unsigned i = 0; i < qr->size; i++) {
        penalty += line_penalty(qr, false, i) + line_penalty(qr, true, i);
        for (unsigned x = 0; x < qr->size; x++) {
            const bool here = qr->modules[i][x];

            dark += here;
            if (i > 0 && x > 0 && here == qr->modules[i - 1][x] && here == qr->modules[i][x - 1] &&
                here == qr->modules[i - 1][x - 1])
                penalty += 3;
        }
    }
    const int all = (int)(qr->size * qr->size);
    return penalty + (unsigned)(abs(dark * 20 - all * 10) / all) * 10;
}

static void choose_mask(struct drawing *drawing)
{
    unsigned best = 0;
    unsigned least = UINT_MAX;

    for (unsigned mask = 0; mask < 8; mask++) {
        apply_mask(drawing, mask);
        const unsigned penalty = penalty_of(drawing->out);
        if (penalty < least) {
            least = penalty;
            best = mask;
        }
        apply_mask(drawing, mask);
    }
    apply_mask(drawing, best);
}

static size_t room(unsigned number)
{
    return data_size(&versions[number - 1]) - (number < 10 ? 2 : 3);
}

enum status qr_make(struct span text, struct qr *out)
{
    uint8_t data[CODEWORDS_MAX];
    uint8_t bytes[CODEWORDS_MAX];
    struct drawing drawing = {.number = 1, .out = out};

    while (drawing.number <= VERSIONS && text.size > room(drawing.number))
        drawing.number++;
    if (drawing.number > VERSIONS)
        return STATUS_FULL;
    drawing.version = &versions[drawing.number - 1];
    *out = (struct qr){.size = 17 + 4 * drawing.number};
    write_data(&drawing, text, data);
    interleave(drawing.version, data, bytes);
    draw_patterns(&drawing);
    draw_data(&drawing, bytes);
    choose_mask(&drawing);
    return STATUS_OK;
}
