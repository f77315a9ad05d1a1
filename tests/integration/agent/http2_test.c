/* The client against a server that speaks HTTP/2, a program of its own (http2_server.mjs). */
#include "agent/chat/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/chat/answer.h"
#include "agent/chat/sse.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"

struct vendor {
    pid_t pid;
    char folder[32];
    char url[64];
    uint8_t *pem;
    size_t pem_size;
    /* fresh for each test */
    struct http *http;
    struct buffer answer;
    struct http_result result;
};

/* What the server saw since its start. */
struct counts {
    int64_t sessions, warmed, asked, refused, reset, uploaded;
    bool is_all_http2;
};

static void path_of(const struct vendor *vendor, const char *name, char out[64])
{
    snprintf(out, 64, "%s/%s", vendor->folder, name);
}

static int start(void **state)
{
    static struct vendor vendor;
    char line[64] = "", path[64];
    size_t size = 0;
    int fds[2];

    snprintf(vendor.folder, sizeof vendor.folder, "/tmp/http2_test.XXXXXX");
    if (!mkdtemp(vendor.folder) || pipe(fds))
        return -1;
    vendor.pid = fork();
    if (!vendor.pid) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        execlp("node", "node", HTTP2_SERVER, vendor.folder, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    while (!memchr(line, '\n', size)) {
        ssize_t got = read(fds[0], line + size, sizeof line - 1 - size);
        if (got <= 0)
            return -1;
        size += (size_t)got;
    }
    close(fds[0]);
    snprintf(vendor.url, sizeof vendor.url, "%.*s", (int)strcspn(line, "\n"), line);
    path_of(&vendor, "cert", path);
    if (file_read(path, 8192, &vendor.pem, &vendor.pem_size) != STATUS_OK)
        return -1;
    *state = &vendor;
    return 0;
}

static int stop(void **state)
{
    struct vendor *vendor = *state;
    static const char *const names[] = {"key", "cert"};
    char path[64];

    kill(vendor->pid, SIGTERM);
    waitpid(vendor->pid, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        path_of(vendor, names[i], path);
        unlink(path);
    }
    rmdir(vendor->folder);
    free(vendor->pem);
    return 0;
}

static int create(void **state)
{
    struct vendor *vendor = *state;

    buffer_init(&vendor->answer, 16384);
    return http_create(&vendor->http) == STATUS_OK ? 0 : -1;
}

static int release(void **state)
{
    struct vendor *vendor = *state;

    http_free(vendor->http);
    buffer_release(&vendor->answer);
    return 0;
}

static enum status send_to(struct vendor *vendor, const char *path, struct http_request request,
                           const struct http_listener *listener)
{
    char url[96];

    snprintf(url, sizeof url, "%s%s", vendor->url, path);
    request.url = url;
    request.ca_pem = span_of(vendor->pem, vendor->pem_size);
    return http_send(vendor->http, &request, listener, &vendor->result);
}

static enum status collect(void *context, struct span bytes)
{
    struct buffer *answer = context;

    buffer_add(answer, bytes);
    return buffer_status(answer);
}

static enum status ask(struct vendor *vendor, const char *path)
{
    const struct http_request request = {.body = span_text("{}")};
    const struct http_listener listener = {.context = &vendor->answer, .on_body = collect};

    buffer_clear(&vendor->answer);
    return send_to(vendor, path, request, &listener);
}

/* Through the connection that stands: it is none more. */
static struct counts count(struct vendor *vendor)
{
    struct json *json = NULL;

    assert_int_equal(ask(vendor, "/counts"), STATUS_OK);
    assert_int_equal(json_parse(buffer_span(&vendor->answer), &json, NULL), STATUS_OK);
    struct counts counts = {
        .sessions = json_int(json_member(json, "sessions"), -1),
        .warmed = json_int(json_member(json, "warmed"), -1),
        .asked = json_int(json_member(json, "asked"), -1),
        .refused = json_int(json_member(json, "refused"), -1),
        .reset = json_int(json_member(json, "reset"), -1),
        .uploaded = json_int(json_member(json, "uploaded"), -1),
        .is_all_http2 = true,
    };
    const struct json *versions = json_member(json, "versions");
    for (size_t i = 0; i < json_count(versions); i++)
        counts.is_all_http2 &= !strcmp(json_text(json_item(versions, i), ""), "2.0");
    json_free(json);
    return counts;
}

static void one_connection_carries_every_request(void **state)
{
    struct vendor *vendor = *state;
    const struct counts before = count(vendor);

    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask(vendor, "/v1/chat/completions"), STATUS_OK);
        assert_int_equal(vendor->result.http_status, 200);
    }
    const struct counts after = count(vendor);
    assert_int_equal(after.sessions, before.sessions);
    assert_int_equal(after.asked, before.asked + 5);
    assert_true(after.is_all_http2);
}

static void warm(struct vendor *vendor, struct span ca_pem)
{
    const atomic_bool cancel = false;
    char url[96];

    snprintf(url, sizeof url, "%s/v1/chat/completions", vendor->url);
    http_warm(vendor->http, url, ca_pem, &cancel);
}

static void a_connection_that_was_warmed_serves_the_request_that_follows(void **state)
{
    struct vendor *vendor = *state;
    struct vendor other = *vendor;

    buffer_init(&other.answer, 16384);
    assert_int_equal(http_create(&other.http), STATUS_OK);
    const struct counts before = count(&other);
    warm(vendor, span_of(vendor->pem, vendor->pem_size));
    assert_int_equal(ask(vendor, "/v1/chat/completions"), STATUS_OK);
    const struct counts after = count(&other);
    assert_int_equal(after.warmed, before.warmed + 1);
    assert_int_equal(after.asked, before.asked + 1);
    assert_int_equal(after.sessions, before.sessions + 1);
    http_free(other.http);
    buffer_release(&other.answer);
}

static void nobody_is_warmed_whom_the_request_would_not_trust(void **state)
{
    struct vendor *vendor = *state;
    const struct counts before = count(vendor);

    warm(vendor, span_of(NULL, 0));
    assert_int_equal(count(vendor).warmed, before.warmed);
}

static void on_text(void *context, struct span text)
{
    buffer_add(context, text);
}

static void on_status(void *context, int status)
{
    answer_on_status(context, status);
}

static void on_header(void *context, struct span name, struct span value)
{
    answer_on_header(context, name, value);
}

static enum status on_body(void *context, struct span bytes)
{
    return answer_on_body(context, bytes);
}

/* Its status line has no words and its header names no capitals. */
static void an_answer_is_read_like_any_other(void **state)
{
    struct vendor *vendor = *state;
    const struct http_request request = {.body = span_text("{}")};
    wire_UsageRecord record = {.reserved_input = 100, .reserved_output = 100};
    struct answer answer;
    const struct http_listener listener = {
        .context = &answer, .on_status = on_status, .on_header = on_header, .on_body = on_body};

    answer_init(&answer, dialect_find("openai"), on_text, &vendor->answer);
    assert_int_equal(send_to(vendor, "/v1/chat/completions", request, &listener), STATUS_OK);
    answer_close(&answer, ANSWER_COMPLETE, 1, &record);
    assert_string_equal(buffer_cstring(&vendor->answer), "Yes.");
    assert_int_equal(record.provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(record.input_uncached, 3);
    assert_int_equal(record.output, 2);
    assert_string_equal(record.vendor_request_id, "req-h2");
    answer_release(&answer);
}

/* HTTP/2 lets a client repeat what was refused unprocessed, and curl does: but each request must be
 * an attempt in the journal before it leaves. */
static void i1_a_refused_stream_is_not_sent_again_behind_our_back(void **state)
{
    struct vendor *vendor = *state;
    const struct counts before = count(vendor);

    assert_int_equal(ask(vendor, "/refused"), STATUS_IO);
    assert_true(vendor->result.sent);
    assert_int_equal(count(vendor).refused, before.refused + 1);
}

static enum status stop_reading(void *context, struct span bytes)
{
    (void)bytes;
    atomic_store((atomic_bool *)context, true);
    return STATUS_OK;
}

/* The vendor bills what it goes on to write: it must hear at once that nobody reads. */
static void an_interruption_ends_its_stream_and_the_connection_serves_on(void **state)
{
    struct vendor *vendor = *state;
    atomic_bool cancel = false;
    const struct http_request request = {.body = span_text("{}"), .cancel = &cancel};
    const struct http_listener listener = {.context = &cancel, .on_body = stop_reading};
    const struct counts before = count(vendor);
    struct counts after = {0};

    assert_int_equal(send_to(vendor, "/endless", request, &listener), STATUS_CLOSED);
    for (int i = 0; i < 200 && after.reset == before.reset; i++) {
        after = count(vendor);
        clock_sleep_ms(10);
    }
    assert_int_equal(after.reset, before.reset + 1);
    assert_int_equal(after.sessions, before.sessions);
}

static void a_server_that_says_goodbye_is_connected_to_anew(void **state)
{
    struct vendor *vendor = *state;
    const struct counts before = count(vendor);

    assert_int_equal(ask(vendor, "/goodbye"), STATUS_OK);
    assert_int_equal(ask(vendor, "/v1/chat/completions"), STATUS_OK);
    const struct counts after = count(vendor);
    assert_int_equal(after.sessions, before.sessions + 1);
    assert_int_equal(after.asked, before.asked + 1);
}

struct recording {
    unsigned pieces;
};

static enum status read_piece(void *context, uint8_t *out, size_t room, size_t *size)
{
    struct recording *recording = context;

    if (recording->pieces == 0)
        return STATUS_CLOSED;
    if (recording->pieces-- % 2 == 0)
        return STATUS_AGAIN; /* the owner still speaks */
    *size = room < 1000 ? room : 1000;
    memset(out, 'x', *size);
    return STATUS_OK;
}

/* Chunks are not known there. */
static void a_body_that_is_made_while_it_goes_out_arrives_whole(void **state)
{
    struct vendor *vendor = *state;
    struct recording recording = {.pieces = 7};
    const struct http_source source = {&recording, read_piece};
    const struct http_request request = {.source = &source};
    const struct http_listener listener = {.context = &vendor->answer, .on_body = collect};
    const struct counts before = count(vendor);

    buffer_clear(&vendor->answer);
    assert_int_equal(send_to(vendor, "/upload", request, &listener), STATUS_OK);
    assert_int_equal(vendor->result.http_status, 200);
    assert_int_equal(count(vendor).uploaded, before.uploaded + 4000);
}

static enum status feed(void *context, struct span bytes)
{
    return sse_feed(context, bytes);
}

static void ignore(void *context, const struct sse_event *event)
{
    (void)context, (void)event;
}

/* The most memory that this program ever had, in KiB. */
static long most_memory(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* A vendor may pack its answers, and a packed one may be a thousand times as large again. */
static void a_packed_answer_without_end_is_broken_off_and_fills_no_memory(void **state)
{
    struct vendor *vendor = *state;
    const struct http_request request = {.body = span_text("{}")};
    struct sse sse;
    const struct http_listener listener = {.context = &sse, .on_body = feed};
    const long before = most_memory();

    sse_init(&sse, ignore, NULL);
    assert_int_equal(send_to(vendor, "/bomb", request, &listener), STATUS_FULL);
    sse_release(&sse);
    assert_int_equal(ask(vendor, "/bomb"), STATUS_FULL);
    assert_true(vendor->answer.size <= 16384);
    assert_true(most_memory() - before < 32 * 1024);
    assert_int_equal(ask(vendor, "/v1/chat/completions"), STATUS_OK);
}

int main(void)
{
#define WITH_CLIENT(test) cmocka_unit_test_setup_teardown(test, create, release)
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(one_connection_carries_every_request),
        WITH_CLIENT(a_connection_that_was_warmed_serves_the_request_that_follows),
        WITH_CLIENT(nobody_is_warmed_whom_the_request_would_not_trust),
        WITH_CLIENT(an_answer_is_read_like_any_other),
        WITH_CLIENT(i1_a_refused_stream_is_not_sent_again_behind_our_back),
        WITH_CLIENT(an_interruption_ends_its_stream_and_the_connection_serves_on),
        WITH_CLIENT(a_server_that_says_goodbye_is_connected_to_anew),
        WITH_CLIENT(a_body_that_is_made_while_it_goes_out_arrives_whole),
        WITH_CLIENT(a_packed_answer_without_end_is_broken_off_and_fills_no_memory),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
