#include "tests/fuzz/fuzz.h"

#include "agent/ear/wake_wire.h"

/* Frames from a wake program, whatever it sends; what was read is written the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span left = span_of(data, size);
    struct wake_wire frame;
    size_t used;

    while (wake_wire_decode(left, &frame, &used) == STATUS_OK) {
        struct buffer again;

        FUZZ_CHECK(used >= WAKE_WIRE_HEADER_BYTES && used <= left.size);
        FUZZ_CHECK(frame.bytes.size <= WAKE_WIRE_MAX_PAYLOAD);
        buffer_init(&again, WAKE_WIRE_HEADER_BYTES + WAKE_WIRE_MAX_PAYLOAD);
        wake_wire_encode(&frame, &again);
        FUZZ_CHECK(buffer_status(&again) == STATUS_OK);
        FUZZ_CHECK(span_equal(buffer_span(&again), span_of(left.data, used)));
        buffer_release(&again);
        left = span_of(left.data + used, left.size - used);
    }
    return 0;
}
