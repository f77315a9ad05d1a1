#include "agent/ear/wake/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/ear/wake_wire.h"

/* All that a program without a model answers to these bytes, and how it ends. */
static enum status serve(struct span bytes, struct buffer *answers)
{
    uint8_t read_bytes[4096];
    int pair[2];
    ssize_t size;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[0], bytes.data, bytes.size), bytes.size);
    assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
    const enum status status = serve_run(NULL, pair[1], pair[1]);
    close(pair[1]);
    buffer_init(answers, 65536);
    while ((size = read(pair[0], read_bytes, sizeof read_bytes)) > 0)
        buffer_add(answers, span_of(read_bytes, (size_t)size));
    close(pair[0]);
    return status;
}

static void without_a_model_every_wish_is_answered_by_the_reason(void **state)
{
    const struct wake_wire wishes[] = {
        {.kind = WAKE_WIRE_LISTEN, .bytes = span_text("hello robot")},
        {.kind = WAKE_WIRE_PCM, .bytes = span_text("ab")},
        {.kind = WAKE_WIRE_GAP},
        {.kind = (enum wake_wire_kind)77},
        {.kind = WAKE_WIRE_LISTEN, .bytes = span_text("hello robot")}};
    struct buffer bytes, answers;
    struct wake_wire frame;
    size_t used, count = 0;

    (void)state;
    buffer_init(&bytes, 4096);
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        wake_wire_encode(&wishes[i], &bytes);
    assert_int_equal(serve(buffer_span(&bytes), &answers), STATUS_OK);
    struct span left = buffer_span(&answers);
    while (wake_wire_decode(left, &frame, &used) == STATUS_OK) {
        assert_int_equal(frame.kind, WAKE_WIRE_FAILED);
        assert_true(span_starts_with(frame.bytes, "no model"));
        left = span_of(left.data + used, left.size - used);
        count++;
    }
    assert_int_equal(count, 2);
    assert_int_equal(left.size, 0);
    buffer_release(&bytes);
    buffer_release(&answers);
}

static void what_is_not_the_protocol_ends_it(void **state)
{
    struct buffer answers;

    (void)state;
    assert_int_equal(serve(span_text("GET / HTTP/1.1\r\n\r\n"), &answers), STATUS_CORRUPT);
    assert_int_equal(answers.size, 0);
    buffer_release(&answers);
}

static void the_end_of_input_is_its_end(void **state)
{
    struct buffer answers;

    (void)state;
    assert_int_equal(serve(span_text(""), &answers), STATUS_OK);
    buffer_release(&answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_model_every_wish_is_answered_by_the_reason),
        cmocka_unit_test(what_is_not_the_protocol_ends_it),
        cmocka_unit_test(the_end_of_input_is_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
