#include "tests/vendors/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "schema/base/file.h"
#include "schema/base/json.h"

struct fixture {
    char path[64];
    struct ledger *ledger;
};

static const struct ledger_entry answered = {
    .request_id = "turn-1",
    .vendor_request_id = "chatcmpl-1",
    .key = "0011aabb",
    .model = "demo-chat",
    .at_ms = 1,
    .status = 200,
    .input = 100,
    .cached = 64,
    .output = 30,
    .reasoning = 10,
    .finished = true,
};

static void open_again(struct fixture *fixture)
{
    char problem[256];

    ledger_close(fixture->ledger);
    fixture->ledger = NULL;
    assert_int_equal(ledger_open(&fixture->ledger, fixture->path, problem), STATUS_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    *state = fixture;
    snprintf(fixture->path, sizeof fixture->path, "/tmp/myna-ledger-XXXXXX");
    int fd = mkstemp(fixture->path);
    if (fd < 0)
        return -1;
    close(fd);
    open_again(fixture);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ledger_close(fixture->ledger);
    unlink(fixture->path);
    free(fixture);
    return 0;
}

static int64_t total(const struct ledger *ledger, const char *name)
{
    struct json *json = NULL;
    struct buffer text;
    char problem[160];

    buffer_init(&text, 1u << 20);
    ledger_write_summary(ledger, &text);
    assert_int_equal(json_parse(buffer_span(&text), &json, problem), STATUS_OK);
    int64_t value = json_int(json_member(json_member(json, "total"), name), -1);
    json_free(json);
    buffer_release(&text);
    return value;
}

static void a_request_is_one_line_of_json(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *data = NULL;
    size_t size;

    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(file_read(fixture->path, 4096, &data, &size), STATUS_OK);
    assert_string_equal(
        (char *)data,
        "{\"request_id\":\"turn-1\",\"vendor_request_id\":\"chatcmpl-1\",\"key\":\"0011aabb\","
        "\"model\":\"demo-chat\",\"at\":\"1970-01-01T00:00:00.001Z\",\"status\":200,\"input\":100,"
        "\"cached\":64,\"output\":30,\"reasoning\":10,\"chars\":0,\"audio_ms\":0,\"finished\":true,"
        "\"fault\":"
        "\"none\"}\n");
    free(data);
}

static void sums_go_on_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_entry refused = {.request_id = "turn-2", .key = "-", .status = 401};

    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(ledger_append(fixture->ledger, &refused), STATUS_OK);
    open_again(fixture);
    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(total(fixture->ledger, "requests"), 3);
    assert_int_equal(total(fixture->ledger, "answered"), 2);
    assert_int_equal(total(fixture->ledger, "finished"), 2);
    assert_int_equal(total(fixture->ledger, "input"), 200);
    assert_int_equal(total(fixture->ledger, "cached"), 128);
    assert_int_equal(total(fixture->ledger, "output"), 60);
    assert_int_equal(total(fixture->ledger, "reasoning"), 20);
}

static void a_line_cut_short_is_ended_and_left_out(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *data = NULL;
    size_t size;

    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(file_read(fixture->path, 4096, &data, &size), STATUS_OK);
    assert_int_equal(truncate(fixture->path, (off_t)size - 20), 0);
    free(data);

    open_again(fixture);
    assert_int_equal(total(fixture->ledger, "requests"), 1);
    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    open_again(fixture);
    assert_int_equal(total(fixture->ledger, "requests"), 2);
}

static void each_key_and_model_has_sums_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_entry entry = answered;
    struct json *json = NULL;
    struct buffer text;
    char problem[160];

    for (int i = 0; i < 500; i++) {
        snprintf(entry.key, sizeof entry.key, "%08x", (unsigned)i / 50);
        snprintf(entry.model, sizeof entry.model, "model-%d", i % 50);
        entry.output = i;
        assert_int_equal(ledger_append(fixture->ledger, &entry), STATUS_OK);
        assert_int_equal(ledger_append(fixture->ledger, &entry), STATUS_OK);
    }
    buffer_init(&text, 1u << 20);
    ledger_write_summary(fixture->ledger, &text);
    assert_int_equal(json_parse(buffer_span(&text), &json, problem), STATUS_OK);
    const struct json *items = json_member(json, "items");
    assert_int_equal(json_count(items), 500);
    for (size_t i = 0; i < 500; i++) {
        const struct json *item = json_item(items, i);
        long key = strtol(json_text(json_member(item, "key"), ""), NULL, 16);
        long model = strtol(json_text(json_member(item, "model"), "model-") + 6, NULL, 10);

        assert_int_equal(json_int(json_member(item, "requests"), 0), 2);
        assert_int_equal(json_int(json_member(item, "output"), 0), (key * 50 + model) * 2);
    }
    json_free(json);
    buffer_release(&text);
}

static void what_is_shared_ends_at_the_last_line_so_far(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before, after;
    int fd;

    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(ledger_share(fixture->ledger, &fd, &before), STATUS_OK);
    close(fd);
    assert_int_equal(ledger_append(fixture->ledger, &answered), STATUS_OK);
    assert_int_equal(ledger_share(fixture->ledger, &fd, &after), STATUS_OK);
    close(fd);
    assert_true(before > 0);
    assert_int_equal(after, 2 * before);
}

static void a_ledger_without_a_file_keeps_its_lines_too(void **state)
{
    struct ledger *ledger = NULL;
    char problem[256];

    (void)state;
    assert_int_equal(ledger_open(&ledger, NULL, problem), STATUS_OK);
    assert_int_equal(ledger_append(ledger, &answered), STATUS_OK);
    assert_int_equal(total(ledger, "output"), 30);
    ledger_close(ledger);
}

static void a_path_that_cannot_be_opened_is_named(void **state)
{
    struct ledger *ledger = NULL;
    char problem[256];

    (void)state;
    assert_int_equal(ledger_open(&ledger, "/nowhere/ledger", problem), STATUS_IO);
    assert_null(ledger);
    assert_non_null(strstr(problem, "/nowhere/ledger"));
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_request_is_one_line_of_json),
        WITH_FILE(sums_go_on_after_a_restart),
        WITH_FILE(a_line_cut_short_is_ended_and_left_out),
        WITH_FILE(each_key_and_model_has_sums_of_its_own),
        WITH_FILE(what_is_shared_ends_at_the_last_line_so_far),
        cmocka_unit_test(a_ledger_without_a_file_keeps_its_lines_too),
        cmocka_unit_test(a_path_that_cannot_be_opened_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
