#include "agent/chat/sse.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Events as text: "name=data;" */
struct log {
    char text[512];
};

static void on_event(void *context, const struct sse_event *event)
{
    struct log *log = context;
    size_t used = strlen(log->text);

    snprintf(log->text + used, sizeof log->text - used, "%.*s=%.*s;", (int)event->name.size,
             (const char *)event->name.data, (int)event->data.size, (const char *)event->data.data);
}

static void read_stream(struct log *log, const char *text, size_t step)
{
    struct sse sse;
    size_t size = strlen(text);

    *log = (struct log){""};
    sse_init(&sse, on_event, log);
    for (size_t at = 0; at < size; at += step)
        assert_int_equal(sse_feed(&sse, span_of(text + at, size - at < step ? size - at : step)),
                         STATUS_OK);
    sse_end(&sse);
    sse_release(&sse);
}

static void expect(const char *text, const char *events)
{
    struct log log;

    for (size_t step = 1; step <= strlen(text); step++) {
        read_stream(&log, text, step);
        assert_string_equal(log.text, events);
    }
}

static void lines_may_end_in_any_of_three_ways(void **state)
{
    (void)state;
    expect("data: a\n\ndata: b\n\n", "=a;=b;");
    expect("data: a\r\n\r\ndata: b\r\n\r\n", "=a;=b;");
    expect("data: a\r\rdata: b\r\r", "=a;=b;");
    expect("data: a\r\ndata: b\r\n\r\n", "=a\nb;");
}

static void data_lines_join_by_newlines(void **state)
{
    (void)state;
    expect("data: a\ndata: b\ndata\ndata:c\n\n", "=a\nb\n\nc;");
    expect("data\n\n", "=;");
}

static void one_space_after_the_colon_belongs_to_nobody(void **state)
{
    (void)state;
    expect("data:a\n\ndata: a\n\ndata:  a\n\n", "=a;=a;= a;");
}

static void names_last_for_one_event(void **state)
{
    (void)state;
    expect("event: result\ndata: 1\n\ndata: 2\n\n", "result=1;=2;");
    expect("event: lost\n\ndata: 1\n\n", "=1;");
}

static void comments_ids_and_unknown_fields_are_skipped(void **state)
{
    (void)state;
    expect(": ping\n\nid: 7\nretry: 5\nfoo: x\n:HTTP_STATUS/200\ndata: a\n\n:\n\n", "=a;");
}

static void a_byte_order_mark_is_skipped_once(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf"
           "data: a\n\n\xef\xbb\xbf"
           "data: b\n\n",
           "=a;");
}

static void the_last_event_needs_no_blank_line(void **state)
{
    (void)state;
    expect("data: a\n\ndata: b\n", "=a;=b;");
    expect("data: a\n\ndata: b", "=a;=b;");
}

static void an_event_beyond_the_limit_is_refused(void **state)
{
    struct log log = {""};
    struct sse sse;
    enum status status = STATUS_OK;

    (void)state;
    sse_init(&sse, on_event, &log);
    for (int i = 0; i <= SSE_MAX_EVENT_BYTES / 8 && status == STATUS_OK; i++)
        status = sse_feed(&sse, span_text("data:xxxxxxxx\n"));
    assert_int_equal(status, STATUS_FULL);
    assert_int_equal(sse_feed(&sse, span_text("\n\ndata: a\n\n")), STATUS_FULL);
    sse_end(&sse);
    assert_string_equal(log.text, "");
    sse_release(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_may_end_in_any_of_three_ways),
        cmocka_unit_test(data_lines_join_by_newlines),
        cmocka_unit_test(one_space_after_the_colon_belongs_to_nobody),
        cmocka_unit_test(names_last_for_one_event),
        cmocka_unit_test(comments_ids_and_unknown_fields_are_skipped),
        cmocka_unit_test(a_byte_order_mark_is_skipped_once),
        cmocka_unit_test(the_last_event_needs_no_blank_line),
        cmocka_unit_test(an_event_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
