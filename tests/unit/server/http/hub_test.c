#include "server/http/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int make(void **state)
{
    struct hub *hub;

    if (hub_create(&hub, 3) != STATUS_OK)
        return -1;
    *state = hub;
    return 0;
}

static int drop(void **state)
{
    hub_free(*state);
    return 0;
}

static void count(void *context)
{
    (*(int *)context)++;
}

/* Opens a stream and reads its greeting. */
static struct hub_stream *join(struct hub *hub, int *woken)
{
    struct hub_stream *stream = hub_open_stream(hub, HUB_SEES_ALL, 0, count, woken);
    uint8_t out[64];

    assert_non_null(stream);
    ssize_t size = hub_read(stream, out, sizeof out, NULL);
    assert_true(span_equal_text(span_of(out, (size_t)size), "retry: 2000\n\n"));
    return stream;
}

static void reads(struct hub_stream *stream, const char *text)
{
    uint8_t out[256];
    ssize_t size = hub_read(stream, out, sizeof out, NULL);

    assert_int_equal(size, strlen(text));
    assert_memory_equal(out, text, strlen(text));
}

static void a_stream_of_who_may_not_see_everything_is_told_the_kind_alone(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    struct hub_stream *stream = hub_open_stream(hub, HUB_SEES_KINDS, 0, count, &woken);

    reads(stream, "retry: 2000\n\n");
    hub_publish(hub, span_text("device"), span_text("{\"ids\":[\"r1\"]}"));
    hub_heartbeat(hub);
    reads(stream, "event: device\ndata: {}\n\n: still here\n\n");
    hub_close_stream(stream);
}

static void every_stream_gets_every_event_in_order(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    struct hub_stream *a = join(hub, &woken);
    struct hub_stream *b = join(hub, &woken);

    hub_publish(hub, span_text("device"), span_text("{\"ids\":[\"r1\"]}"));
    hub_heartbeat(hub);
    reads(a, "event: device\ndata: {\"ids\":[\"r1\"]}\n\n: still here\n\n");
    reads(b, "event: device\ndata: {\"ids\":[\"r1\"]}\n\n: still here\n\n");
    hub_close_stream(a);
    hub_close_stream(b);
    assert_int_equal(hub_streams(hub), 0);
}

static void a_reader_that_found_nothing_is_woken_once(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    struct hub_stream *stream = hub_open_stream(hub, HUB_SEES_ALL, 0, count, &woken);
    uint8_t out[64];

    assert_true(hub_read(stream, out, sizeof out, NULL) > 0);
    hub_publish(hub, span_text("a"), span_text("{}"));
    assert_int_equal(woken, 0);
    assert_true(hub_read(stream, out, sizeof out, NULL) > 0);
    assert_int_equal(hub_read(stream, out, sizeof out, NULL), 0);
    hub_publish(hub, span_text("a"), span_text("{}"));
    hub_publish(hub, span_text("b"), span_text("{}"));
    assert_int_equal(woken, 1);
    hub_close_stream(stream);
}

static void an_event_is_read_in_as_small_pieces_as_fit(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    struct hub_stream *stream = join(hub, &woken);
    char text[64] = {0};

    hub_publish(hub, span_text("a"), span_text("{}"));
    for (int i = 0; i < 20; i++)
        assert_true(hub_read(stream, (uint8_t *)text + i, 1, NULL) >= 0);
    assert_string_equal(text, "event: a\ndata: {}\n\n");
    hub_close_stream(stream);
}

static void i10_a_reader_that_does_not_read_is_cut_off_and_harms_no_other(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    struct hub_stream *slow = join(hub, &woken);
    struct hub_stream *quick = join(hub, &woken);
    uint8_t out[4096];

    for (int i = 0; i < 5000; i++) {
        hub_publish(hub, span_text("a"), span_text("{\"ids\":[]}"));
        assert_true(hub_read(quick, out, sizeof out, NULL) > 0);
    }
    assert_int_equal(hub_read(slow, out, sizeof out, NULL), -1);
    assert_int_equal(hub_dropped(hub), 1);
    hub_close_stream(slow);
    hub_close_stream(quick);
}

static void no_more_streams_than_the_hub_has_room_for(void **state)
{
    struct hub *hub = *state;
    struct hub_stream *streams[3];
    int woken = 0;

    for (int i = 0; i < 3; i++)
        streams[i] = join(hub, &woken);
    assert_null(hub_open_stream(hub, HUB_SEES_ALL, 0, count, &woken));
    hub_close_stream(streams[1]);
    streams[1] = join(hub, &woken);
    for (int i = 0; i < 3; i++)
        hub_close_stream(streams[i]);
}

static void a_restart_ends_streams_and_takes_new_ones_a_shut_hub_takes_none(void **state)
{
    struct hub *hub = *state;
    uint8_t out[64];
    int woken = 0;
    struct hub_stream *before = join(hub, &woken);

    hub_restart(hub);
    assert_int_equal(hub_read(before, out, sizeof out, NULL), -1);
    struct hub_stream *after = join(hub, &woken);
    hub_shut(hub);
    assert_int_equal(hub_read(after, out, sizeof out, NULL), -1);
    assert_null(hub_open_stream(hub, HUB_SEES_ALL, 0, count, &woken));
    hub_close_stream(before);
    hub_close_stream(after);
}

static void a_stream_ends_when_what_its_reader_proved_does(void **state)
{
    struct hub *hub = *state;
    int woken = 0;
    uint8_t out[64];
    struct hub_stream *brief = hub_open_stream(hub, HUB_SEES_ALL, 1000, count, &woken);
    struct hub_stream *lasting = join(hub, &woken);

    hub_end_old(hub, 999);
    assert_true(hub_read(brief, out, sizeof out, NULL) > 0);
    assert_int_equal(hub_read(brief, out, sizeof out, NULL), 0);
    hub_end_old(hub, 1000);
    assert_int_equal(woken, 1);
    assert_int_equal(hub_read(brief, out, sizeof out, NULL), -1);
    assert_int_equal(hub_read(lasting, out, sizeof out, NULL), 0);
    hub_close_stream(brief);
    hub_close_stream(lasting);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_stream_gets_every_event_in_order),
        TEST(a_stream_of_who_may_not_see_everything_is_told_the_kind_alone),
        TEST(a_reader_that_found_nothing_is_woken_once),
        TEST(an_event_is_read_in_as_small_pieces_as_fit),
        TEST(i10_a_reader_that_does_not_read_is_cut_off_and_harms_no_other),
        TEST(no_more_streams_than_the_hub_has_room_for),
        TEST(a_stream_ends_when_what_its_reader_proved_does),
        TEST(a_restart_ends_streams_and_takes_new_ones_a_shut_hub_takes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
