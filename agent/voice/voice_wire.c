#include "agent/voice/voice_wire.h"

/* What a payload holds, in this order; absent fields take no room. */
enum part {
    PART_IDS = 1,      /* turn 8, clause 4 */
    PART_VOICE = 2,    /* language 1, zero 1, rate 2, pitch 2, zero 2 */
    PART_SAMPLE = 4,   /* 4 */
    PART_DURATION = 8, /* 4 */
    PART_OFFSET = 16,  /* 4 */
    PART_PHONEME = 32, /* language 1, zero 3, mnemonic 8, zero-filled */
    PART_BYTES = 64,   /* the rest */
    PART_TURN = 128,   /* turn 8 alone */
    PART_USE = 256,    /* fate 1, error class 1, http status 2, first ms 4 */
};

#define KIND_COUNT 32

static const uint16_t parts_of[KIND_COUNT] = {
    [VOICE_WIRE_SPEAK] = PART_IDS | PART_VOICE | PART_BYTES,
    [VOICE_WIRE_CANCEL] = PART_TURN,
    [VOICE_WIRE_ROUTE] = PART_IDS | PART_BYTES,
    [VOICE_WIRE_BEGIN] = PART_IDS | PART_SAMPLE,
    [VOICE_WIRE_PCM] = PART_IDS | PART_BYTES,
    [VOICE_WIRE_MARK] = PART_IDS | PART_SAMPLE | PART_DURATION | PART_PHONEME,
    [VOICE_WIRE_WORD] = PART_IDS | PART_SAMPLE | PART_DURATION | PART_OFFSET,
    [VOICE_WIRE_END] = PART_IDS | PART_SAMPLE,
    [VOICE_WIRE_FAILED] = PART_IDS | PART_BYTES,
    [VOICE_WIRE_USED] = PART_IDS | PART_USE,
};

static void put(struct buffer *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_byte(out, (uint8_t)(value >> (8 * i)));
}

static size_t fixed_size(unsigned parts)
{
    return (parts & PART_IDS ? 12u : 0u) + (parts & PART_TURN ? 8u : 0u) +
           (parts & PART_VOICE ? 8u : 0u) + (parts & PART_SAMPLE ? 4u : 0u) +
           (parts & PART_DURATION ? 4u : 0u) + (parts & PART_OFFSET ? 4u : 0u) +
           (parts & PART_USE ? 8u : 0u) +
           (parts & PART_PHONEME ? 4u + VOICE_WIRE_PHONEME_BYTES : 0u);
}

static void put_phoneme(const struct voice_wire *frame, struct buffer *out)
{
    size_t length = strnlen(frame->phoneme, VOICE_WIRE_PHONEME_BYTES);

    put(out, frame->language, 4);
    buffer_add(out, span_of(frame->phoneme, length));
    put(out, 0, (unsigned)(VOICE_WIRE_PHONEME_BYTES - length));
}

static void put_use(const struct voice_wire *frame, struct buffer *out)
{
    put(out, frame->fate, 1);
    put(out, frame->error_class, 1);
    put(out, frame->http_status, 2);
    put(out, frame->first_ms, 4);
}

void voice_wire_encode(const struct voice_wire *frame, struct buffer *out)
{
    unsigned parts = parts_of[frame->kind];
    size_t size = fixed_size(parts) + (parts & PART_BYTES ? frame->bytes.size : 0);

    if (size > VOICE_WIRE_MAX_PAYLOAD) {
        if (out->status == STATUS_OK)
            out->status = STATUS_FULL;
        return;
    }
    put(out, (uint64_t)frame->kind, 4);
    put(out, size, 4);
    if (parts & (PART_IDS | PART_TURN))
        put(out, frame->turn, 8);
    if (parts & PART_IDS)
        put(out, frame->clause, 4);
    if (parts & PART_VOICE) {
        put(out, frame->language, 2);
        put(out, frame->rate_wpm, 2);
        put(out, (uint16_t)frame->pitch, 2);
        put(out, 0, 2);
    }
    if (parts & PART_SAMPLE)
        put(out, frame->sample, 4);
    if (parts & PART_DURATION)
        put(out, frame->duration, 4);
    if (parts & PART_OFFSET)
        put(out, frame->offset, 4);
    if (parts & PART_PHONEME)
        put_phoneme(frame, out);
    if (parts & PART_USE)
        put_use(frame, out);
    if (parts & PART_BYTES)
        buffer_add(out, frame->bytes);
}

static uint64_t get(const uint8_t **at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)(*at)[i] << (8 * i);
    *at += bytes;
    return value;
}

static void get_phoneme(const uint8_t **at, struct voice_wire *frame)
{
    frame->language = (uint8_t)get(at, 4);
    memcpy(frame->phoneme, *at, VOICE_WIRE_PHONEME_BYTES);
    *at += VOICE_WIRE_PHONEME_BYTES;
}

static void get_use(const uint8_t **at, struct voice_wire *frame)
{
    frame->fate = (uint8_t)get(at, 1);
    frame->error_class = (uint8_t)get(at, 1);
    frame->http_status = (uint16_t)get(at, 2);
    frame->first_ms = (uint32_t)get(at, 4);
}

static void get_parts(const uint8_t *at, size_t size, unsigned parts, struct voice_wire *frame)
{
    const uint8_t *end = at + size;

    if (parts & (PART_IDS | PART_TURN))
        frame->turn = get(&at, 8);
    if (parts & PART_IDS)
        frame->clause = (uint32_t)get(&at, 4);
    if (parts & PART_VOICE) {
        frame->language = (uint8_t)get(&at, 2);
        frame->rate_wpm = (uint16_t)get(&at, 2);
        frame->pitch = (int16_t)get(&at, 2);
        at += 2;
    }
    if (parts & PART_SAMPLE)
        frame->sample = (uint32_t)get(&at, 4);
    if (parts & PART_DURATION)
        frame->duration = (uint32_t)get(&at, 4);
    if (parts & PART_OFFSET)
        frame->offset = (uint32_t)get(&at, 4);
    if (parts & PART_PHONEME)
        get_phoneme(&at, frame);
    if (parts & PART_USE)
        get_use(&at, frame);
    if (parts & PART_BYTES)
        frame->bytes = span_of(at, (size_t)(end - at));
}

enum status voice_wire_decode(struct span input, struct voice_wire *frame, size_t *used)
{
    const uint8_t *at = input.data;

    if (input.size < VOICE_WIRE_HEADER_BYTES)
        return STATUS_AGAIN;

    uint64_t kind = get(&at, 4);
    uint64_t size = get(&at, 4);
    if (kind > 255 || size > VOICE_WIRE_MAX_PAYLOAD)
        return STATUS_CORRUPT;
    if (input.size - VOICE_WIRE_HEADER_BYTES < size)
        return STATUS_AGAIN;

    struct voice_wire result = {.kind = (enum voice_wire_kind)kind};
    unsigned parts = kind < KIND_COUNT ? parts_of[kind] : 0;
    bool is_long = (parts & PART_BYTES) != 0;
    size_t fixed = fixed_size(parts);
    if (parts && (size < fixed || (!is_long && size != fixed)))
        return STATUS_CORRUPT;
    if (parts)
        get_parts(at, size, parts, &result);
    *frame = result;
    *used = VOICE_WIRE_HEADER_BYTES + size;
    return STATUS_OK;
}
