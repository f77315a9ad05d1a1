#include "agent/voice/voice_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct voice_wire there_and_back(const struct voice_wire *frame, struct buffer *bytes)
{
    struct voice_wire got;
    size_t used = 0;

    voice_wire_encode(frame, bytes);
    assert_int_equal(buffer_status(bytes), STATUS_OK);
    assert_int_equal(voice_wire_decode(buffer_span(bytes), &got, &used), STATUS_OK);
    assert_int_equal(used, bytes->size);
    return got;
}

static void a_request_survives_the_pipe(void **state)
{
    struct buffer bytes;
    const struct voice_wire frame = {.kind = VOICE_WIRE_SPEAK,
                                     .turn = 0x1122334455667788,
                                     .clause = 7,
                                     .language = 2,
                                     .rate_wpm = 175,
                                     .pitch = -1,
                                     .bytes = span_text("你好")};

    (void)state;
    buffer_init(&bytes, 4096);
    struct voice_wire got = there_and_back(&frame, &bytes);
    assert_true(got.turn == frame.turn && got.clause == 7 && got.language == 2);
    assert_int_equal(got.rate_wpm, 175);
    assert_int_equal(got.pitch, -1);
    assert_true(span_equal_text(got.bytes, "你好"));
    buffer_release(&bytes);
}

static void a_mark_keeps_a_mnemonic_of_eight_letters(void **state)
{
    struct buffer bytes;
    const struct voice_wire frame = {.kind = VOICE_WIRE_MARK,
                                     .turn = 3,
                                     .sample = 4000000000,
                                     .duration = 99,
                                     .language = 1,
                                     .phoneme = "abcdefgh"};

    (void)state;
    buffer_init(&bytes, 4096);
    struct voice_wire got = there_and_back(&frame, &bytes);
    assert_string_equal(got.phoneme, "abcdefgh");
    assert_true(got.sample == 4000000000 && got.duration == 99 && got.language == 1);
    buffer_release(&bytes);
}

static void what_a_request_came_to_survives_the_pipe(void **state)
{
    struct buffer bytes;
    const struct voice_wire frame = {.kind = VOICE_WIRE_USED,
                                     .turn = 9,
                                     .clause = 2,
                                     .fate = 3,
                                     .error_class = 8,
                                     .http_status = 503,
                                     .first_ms = 70000};

    (void)state;
    buffer_init(&bytes, 4096);
    struct voice_wire got = there_and_back(&frame, &bytes);
    assert_true(got.turn == 9 && got.clause == 2 && got.fate == 3 && got.error_class == 8);
    assert_int_equal(got.http_status, 503);
    assert_int_equal(got.first_ms, 70000);
    buffer_release(&bytes);
}

static void a_route_keeps_its_texts_apart(void **state)
{
    static const char texts[] = "https://v.example/v1\0key\0model\0\0turn-1";
    struct buffer bytes;
    const struct voice_wire frame = {
        .kind = VOICE_WIRE_ROUTE, .turn = 9, .clause = 2, .bytes = span_of(texts, sizeof texts)};

    (void)state;
    buffer_init(&bytes, 4096);
    struct voice_wire got = there_and_back(&frame, &bytes);
    assert_int_equal(got.bytes.size, sizeof texts);
    assert_memory_equal(got.bytes.data, texts, sizeof texts);
    buffer_release(&bytes);
}

static void a_frame_in_pieces_is_waited_for(void **state)
{
    struct buffer bytes;
    struct voice_wire got;
    size_t used;
    const struct voice_wire frame = {.kind = VOICE_WIRE_WORD, .turn = 1, .offset = 5};

    (void)state;
    buffer_init(&bytes, 4096);
    voice_wire_encode(&frame, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(voice_wire_decode(span_of(bytes.data, size), &got, &used), STATUS_AGAIN);
    buffer_release(&bytes);
}

static void what_is_not_the_protocol_is_refused(void **state)
{
    struct voice_wire got;
    size_t used;
    static const uint8_t text[] = "Usage: espeak [options]";
    static const uint8_t huge[] = {17, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t cut_mark[] = {18, 0, 0, 0, 1, 0, 0, 0, 9};

    (void)state;
    assert_int_equal(voice_wire_decode(span_of(text, sizeof text), &got, &used), STATUS_CORRUPT);
    assert_int_equal(voice_wire_decode(span_of(huge, sizeof huge), &got, &used), STATUS_CORRUPT);
    assert_int_equal(voice_wire_decode(span_of(cut_mark, sizeof cut_mark), &got, &used),
                     STATUS_CORRUPT);
}

static void a_kind_of_a_later_version_is_skipped_by_its_size(void **state)
{
    struct voice_wire got;
    size_t used = 0;
    static const uint8_t later[] = {99, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4};

    (void)state;
    assert_int_equal(voice_wire_decode(span_of(later, sizeof later), &got, &used), STATUS_OK);
    assert_int_equal(got.kind, 99);
    assert_int_equal(used, 11);
}

static void a_payload_too_large_is_never_sent(void **state)
{
    struct buffer bytes;
    static uint8_t large[VOICE_WIRE_MAX_PAYLOAD];
    const struct voice_wire frame = {.kind = VOICE_WIRE_PCM,
                                     .bytes = {.data = large, .size = sizeof large}};

    (void)state;
    buffer_init(&bytes, 1 << 20);
    voice_wire_encode(&frame, &bytes);
    assert_int_equal(buffer_status(&bytes), STATUS_FULL);
    assert_int_equal(bytes.size, 0);
    buffer_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_survives_the_pipe),
        cmocka_unit_test(a_mark_keeps_a_mnemonic_of_eight_letters),
        cmocka_unit_test(what_a_request_came_to_survives_the_pipe),
        cmocka_unit_test(a_route_keeps_its_texts_apart),
        cmocka_unit_test(a_frame_in_pieces_is_waited_for),
        cmocka_unit_test(what_is_not_the_protocol_is_refused),
        cmocka_unit_test(a_kind_of_a_later_version_is_skipped_by_its_size),
        cmocka_unit_test(a_payload_too_large_is_never_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
