#include "agent/ear/wake_wire.h"

#define AT_BYTES 8

static void put(struct buffer *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_byte(out, (uint8_t)(value >> (8 * i)));
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

void wake_wire_encode(const struct wake_wire *frame, struct buffer *out)
{
    const bool tells_place = frame->kind == WAKE_WIRE_HEARD;
    const size_t size = tells_place ? AT_BYTES : frame->bytes.size;

    if (size > WAKE_WIRE_MAX_PAYLOAD) {
        buffer_fail(out, STATUS_FULL);
        return;
    }
    put(out, (uint64_t)frame->kind, 4);
    put(out, size, 4);
    if (tells_place)
        put(out, frame->at, AT_BYTES);
    else
        buffer_add(out, frame->bytes);
}

enum status wake_wire_decode(struct span input, struct wake_wire *frame, size_t *used)
{
    if (input.size < WAKE_WIRE_HEADER_BYTES)
        return STATUS_AGAIN;

    const uint64_t kind = get(input.data, 4), size = get(input.data + 4, 4);
    if (kind > 255 || size > WAKE_WIRE_MAX_PAYLOAD || (kind == WAKE_WIRE_HEARD && size != AT_BYTES))
        return STATUS_CORRUPT;
    if (input.size - WAKE_WIRE_HEADER_BYTES < size)
        return STATUS_AGAIN;

    const uint8_t *payload = input.data + WAKE_WIRE_HEADER_BYTES;
    *frame = (struct wake_wire){.kind = (enum wake_wire_kind)kind};
    if (kind == WAKE_WIRE_HEARD)
        frame->at = get(payload, AT_BYTES);
    else
        frame->bytes = span_of(payload, size);
    *used = WAKE_WIRE_HEADER_BYTES + size;
    return STATUS_OK;
}
