#include "tests/integration/agent/robot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"

void robot_behave(const struct robot *robot, const char *conditions)
{
    vendor_behave(robot->vendor, conditions);
}

static void add_line(struct robot *robot, struct span text)
{
    size_t used = strlen(robot->heard);

    assert_true(used + text.size + 2 < sizeof robot->heard);
    memcpy(robot->heard + used, text.data, text.size);
    memcpy(robot->heard + used + text.size, "\n", 2);
    robot->clauses++;
}

/* The server hears it at once. */
static void on_denied(struct robot *robot)
{
    static const uint64_t granted[2];

    robot->denied++;
    if (robot->used_up)
        robot_tell_lines(robot, 2, granted, true);
}

static bool is_online(void *context)
{
    struct robot *robot = context;

    const uint64_t granted[2] = {robot->promised};

    if (++robot->waited == 3 && robot->promised > 0)
        robot_tell_lines(robot, 2, granted, false);
    return robot->is_online;
}

static void on_event(void *context, const struct turn_event *event)
{
    struct robot *robot = context;

    assert_int_equal(event->number, robot->number);
    if (event->kind == TURN_DENIED)
        on_denied(robot);
    if (event->kind != TURN_CLAUSE)
        return;
    pthread_mutex_lock(&robot->lock);
    assert_int_equal(robot->interrupted_ms, 0);
    add_line(robot, event->text);
    pthread_mutex_unlock(&robot->lock);
}

static void on_speaker(void *context, const struct speaker_event *event)
{
    struct robot *robot = context;

    turn_on_speaker(robot->turn, event);
}

void robot_set_route(struct robot *robot, size_t index, const char *base_url, const char *key)
{
    wire_Route *route = &robot->routes[index];

    *route = (wire_Route){.contract_version = 1};
    snprintf(route->vendor, sizeof route->vendor, "vendor-%zu", index);
    snprintf(route->model, sizeof route->model, "dahan-chat");
    snprintf(route->contract, sizeof route->contract, "contract-%zu", index);
    snprintf(route->dialect, sizeof route->dialect, "openai");
    snprintf(route->base_url, sizeof route->base_url, "%s", base_url);
    snprintf(route->api_key, sizeof route->api_key, "%s", key);
    robot->settings.route_count = index + 1;
}

const char *robot_base_url(const struct robot *robot)
{
    static char url[96];

    snprintf(url, sizeof url, "%s/v1", robot->vendor->url);
    return url;
}

void robot_build(struct robot *robot, const struct vendor *vendor, enum mouth mouth)
{
    char path[64];
    const struct journal_options journal = {
        .path = path, .device_id = "robot-1", .now_ms = clock_wall_ms()};
    const struct speaker_options speaker = {
        .voice_program = MYNA_VOICE,
        .audio = {.sink = AUDIO_SINK_SILENT, .volume = 50},
        .rate_wpm = 260,
        .pitch = -1,
        .volume = 50,
        .on_event = on_speaker,
        .context = robot,
    };

    char problem[160];

    *robot = (struct robot){.vendor = vendor};
    pthread_mutex_init(&robot->lock, NULL);
    snprintf(path, sizeof path, "%s/journal", vendor->folder);
    unlink(path);
    assert_int_equal(filter_create(&robot->filter), STATUS_OK);
    assert_int_equal(filter_add(robot->filter, span_text(ROBOT_LIST), problem), STATUS_OK);
    assert_int_equal(filter_build(robot->filter), STATUS_OK);
    assert_int_equal(journal_open(&robot->journal, &journal), STATUS_OK);
    if (mouth == SPEAKING)
        assert_int_equal(speaker_create(&robot->speaker, &speaker), STATUS_OK);
    assert_int_equal(conversation_create(&robot->conversation), STATUS_OK);
    const struct turn_options turn = {.journal = robot->journal,
                                      .conversation = robot->conversation,
                                      .speaker = robot->speaker,
                                      .on_event = on_event,
                                      .is_online = is_online,
                                      .context = robot,
                                      .filter = robot->filter};
    assert_int_equal(turn_create(&robot->turn, &turn), STATUS_OK);
    robot->settings = (struct turn_settings){.routes = robot->routes,
                                             .history_turns = 4,
                                             .history_tokens = 2000,
                                             .max_output_tokens = 200,
                                             .generation = 7};
    robot_set_route(robot, 0, robot_base_url(robot), "good");
    robot_behave(robot, ROBOT_FAST);
}

void robot_dismantle(struct robot *robot)
{
    char path[64];

    speaker_free(robot->speaker);
    turn_free(robot->turn);
    filter_free(robot->filter);
    conversation_free(robot->conversation);
    journal_close(robot->journal);
    pthread_mutex_destroy(&robot->lock);
    snprintf(path, sizeof path, "%s/journal", robot->vendor->folder);
    unlink(path);
}

void robot_read_records(struct robot *robot)
{
    wire_UsageBatch *batch = calloc(1, sizeof *batch);

    assert_non_null(batch);
    robot->record_count = 0;
    if (journal_next_batch(robot->journal, 8, batch) == STATUS_OK)
        for (; robot->record_count < batch->records_count; robot->record_count++) {
            const struct span bytes = span_of(batch->records[robot->record_count].bytes,
                                              batch->records[robot->record_count].size);
            assert_int_equal(
                message_decode(MESSAGE_USAGE_RECORD, bytes, &robot->records[robot->record_count]),
                STATUS_OK);
        }
    free(batch);
}

enum status robot_ask(struct robot *robot, const char *question)
{
    robot->heard[0] = 0;
    robot->clauses = 0;
    robot->denied = robot->waited = 0;
    robot->number++;
    crypto_uuid(robot->uuid);
    enum status status = turn_run(robot->turn, robot->number, robot->uuid, span_text(question),
                                  &robot->settings, &robot->report);
    robot_read_records(robot);
    return status;
}

void robot_tell_lines(struct robot *robot, size_t count, const uint64_t *granted, bool used_up)
{
    wire_CreditLine lines[2] = {0};

    for (size_t i = 0; i < count; i++) {
        lines[i].measures_count = 1;
        lines[i].measures[0] = (wire_CreditMeasure){
            .weights_count = 6, .weights = {[4] = 1, [5] = 1}, .divisor = 1, .granted = granted[i]};
        snprintf(lines[i].line_id, sizeof lines[i].line_id, "line-%zu", i);
        snprintf(robot->routes[i].line_id, sizeof robot->routes[i].line_id, "line-%zu", i);
    }
    lines[0].used_up = used_up;
    assert_int_equal(journal_grant(robot->journal, 1, lines, count), STATUS_OK);
}

/* The ledger's line of that attempt of the last turn; NULL: the vendor never saw it. */
struct json *robot_bill(const struct robot *robot, unsigned attempt)
{
    char id[64], uuid[ENCODE_UUID_SIZE];
    struct buffer lines;
    struct json *found = NULL;

    encode_uuid(robot->uuid, uuid);
    snprintf(id, sizeof id, "%s-%u", uuid, attempt);
    buffer_init(&lines, 1 << 20);
    vendor_ask(robot->vendor, "GET", "/admin/ledger", "", &lines);
    struct span rest = buffer_span(&lines);
    while (rest.size) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        struct json *line;
        assert_non_null(end);
        size_t size = (size_t)(end - rest.data);
        assert_int_equal(json_parse(span_of(rest.data, size), &line, NULL), STATUS_OK);
        if (!strcmp(json_text(json_member(line, "request_id"), ""), id)) {
            assert_null(found); /* once */
            found = line;
        } else {
            json_free(line);
        }
        rest = span_of(end + 1, rest.size - size - 1);
    }
    buffer_release(&lines);
    return found;
}

void robot_check_equal(const wire_UsageRecord *record, const struct json *line)
{
    assert_non_null(line);
    assert_int_equal(record->input_uncached + record->input_cached,
                     json_int(json_member(line, "input"), -1));
    assert_int_equal(record->input_cached, json_int(json_member(line, "cached"), -1));
    assert_int_equal(record->output + record->reasoning, json_int(json_member(line, "output"), -1));
    assert_int_equal(record->reasoning, json_int(json_member(line, "reasoning"), -1));
    assert_string_equal(record->vendor_request_id,
                        json_text(json_member(line, "vendor_request_id"), "?"));
}

void robot_check_bill(const struct robot *robot, size_t index)
{
    struct json *line = robot_bill(robot, robot->records[index].attempt);

    robot_check_equal(&robot->records[index], line);
    json_free(line);
}
