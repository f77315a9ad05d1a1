#include "agent/ear/wake_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_frame_comes_back_as_it_was_and_not_before_its_last_byte(void **state)
{
    static const struct wake_wire frames[] = {
        {.kind = WAKE_WIRE_LISTEN, .bytes = {(const uint8_t *)"hello robot", 11}},
        {.kind = WAKE_WIRE_PCM, .bytes = {(const uint8_t *)"\1\2\3\4", 4}},
        {.kind = WAKE_WIRE_GAP},
        {.kind = WAKE_WIRE_READY},
        {.kind = WAKE_WIRE_HEARD, .at = 0x123456789a},
        {.kind = WAKE_WIRE_FAILED, .bytes = {(const uint8_t *)"why", 3}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct buffer bytes;
        struct wake_wire frame;
        size_t used = 0;

        buffer_init(&bytes, 1000);
        wake_wire_encode(&frames[i], &bytes);
        assert_int_equal(buffer_status(&bytes), STATUS_OK);
        for (size_t size = 0; size < bytes.size; size++)
            assert_int_equal(wake_wire_decode(span_of(bytes.data, size), &frame, &used),
                             STATUS_AGAIN);
        assert_int_equal(wake_wire_decode(buffer_span(&bytes), &frame, &used), STATUS_OK);
        assert_int_equal(used, bytes.size);
        assert_int_equal(frame.kind, frames[i].kind);
        assert_int_equal(frame.at, frames[i].at);
        assert_true(span_equal(frame.bytes, frames[i].bytes));
        buffer_release(&bytes);
    }
}

static void what_is_no_frame_is_given_up(void **state)
{
    static const uint8_t large[] = {2, 0, 0, 0, 1, 16, 0, 0}, kind[] = {2, 1, 0, 0, 0, 0, 0, 0},
                         place[] = {17, 0, 0, 0, 4, 0, 0, 0, 1, 1, 1, 1};
    struct wake_wire frame;
    size_t used;

    (void)state;
    assert_int_equal(wake_wire_decode(span_of(large, sizeof large), &frame, &used), STATUS_CORRUPT);
    assert_int_equal(wake_wire_decode(span_of(kind, sizeof kind), &frame, &used), STATUS_CORRUPT);
    assert_int_equal(wake_wire_decode(span_of(place, sizeof place), &frame, &used), STATUS_CORRUPT);
}

static void a_kind_of_a_later_version_is_skipped_by_its_size(void **state)
{
    static const uint8_t bytes[] = {99, 0, 0, 0, 2, 0, 0, 0, 1, 1};
    struct wake_wire frame;
    size_t used;

    (void)state;
    assert_int_equal(wake_wire_decode(span_of(bytes, sizeof bytes), &frame, &used), STATUS_OK);
    assert_int_equal(used, sizeof bytes);
    assert_int_equal(frame.kind, 99);
}

static void a_payload_too_large_is_refused(void **state)
{
    static const uint8_t zeros[WAKE_WIRE_MAX_PAYLOAD + 1];
    struct buffer bytes;

    (void)state;
    buffer_init(&bytes, 100000);
    wake_wire_encode(
        &(struct wake_wire){.kind = WAKE_WIRE_PCM, .bytes = span_of(zeros, sizeof zeros)}, &bytes);
    assert_int_equal(buffer_status(&bytes), STATUS_FULL);
    buffer_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_as_it_was_and_not_before_its_last_byte),
        cmocka_unit_test(what_is_no_frame_is_given_up),
        cmocka_unit_test(a_kind_of_a_later_version_is_skipped_by_its_size),
        cmocka_unit_test(a_payload_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
