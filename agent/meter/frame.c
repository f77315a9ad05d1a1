#include "agent/meter/frame.h"

/*    0  2  "MJ"
 *    2  1  kind
 *    3  1  zero
 *    4  4  n, little-endian
 *    8  n  payload
 *  8+n  4  CRC-32 (IEEE 802.3) of the bytes before, little-endian
 */
#define HEADER_SIZE 8
#define CRC_SIZE    4

static uint32_t crc32_of(struct span bytes)
{
    /* by half bytes: 64 bytes of table, and the journal is read once per start */
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < bytes.size; i++) {
        crc = table[(crc ^ bytes.data[i]) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (bytes.data[i] >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

void frame_add(struct buffer *out, enum frame_kind kind, struct span payload)
{
    uint8_t bytes[FRAME_MAX_SIZE] = {'M', 'J', (uint8_t)kind};

    if (payload.size > FRAME_MAX_PAYLOAD) {
        buffer_fail(out, STATUS_INVALID);
        return;
    }
    put_u32(bytes + 4, (uint32_t)payload.size);
    if (payload.size > 0)
        memcpy(bytes + HEADER_SIZE, payload.data, payload.size);
    size_t covered = HEADER_SIZE + payload.size;
    put_u32(bytes + covered, crc32_of(span_of(bytes, covered)));
    buffer_add(out, span_of(bytes, covered + CRC_SIZE));
}

enum status frame_read(struct span bytes, struct frame *out)
{
    if (bytes.size < FRAME_OVERHEAD || bytes.data[0] != 'M' || bytes.data[1] != 'J')
        return STATUS_CORRUPT;
    uint32_t payload_size = get_u32(bytes.data + 4);
    if (payload_size > FRAME_MAX_PAYLOAD || payload_size > bytes.size - FRAME_OVERHEAD)
        return STATUS_CORRUPT;
    size_t covered = HEADER_SIZE + payload_size;
    if (get_u32(bytes.data + covered) != crc32_of(span_of(bytes.data, covered)))
        return STATUS_CORRUPT;
    *out = (struct frame){
        .kind = (enum frame_kind)bytes.data[2],
        .payload = span_of(bytes.data + HEADER_SIZE, payload_size),
        .size = covered + CRC_SIZE,
    };
    return STATUS_OK;
}

bool frame_is_inside(struct span bytes)
{
    struct frame frame;

    for (size_t i = 0; i + FRAME_OVERHEAD <= bytes.size; i++)
        if (frame_read(span_of(bytes.data + i, bytes.size - i), &frame) == STATUS_OK &&
            frame.kind != FRAME_ACK)
            return true;
    return false;
}
