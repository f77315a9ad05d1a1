/* Whole turns against the demo vendor, a program of its own: what the robot heard, what its journal
 * holds and what the vendor's ledger says. */
#include "agent/chat/turn.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/chat/http.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"

#define MAX_CLAUSES 64

struct vendor {
    pid_t pid;
    char url[64];
    char folder[32];
};

/* One robot: everything is fresh for each test. */
struct robot {
    const struct vendor *vendor;
    struct http *http; /* for the vendor's admin side */
    struct journal *journal;
    struct speaker *speaker;
    struct turn *turn;
    uint64_t number;
    uint8_t uuid[16];
    wire_Route routes[3];
    struct turn_settings settings;
    struct turn_report report;
    pthread_mutex_t lock;
    char heard[8192]; /* clauses, a line each */
    size_t clauses;
    unsigned denied;          /* TURN_DENIED */
    uint64_t interrupt_after; /* clauses; 0: never */
    int64_t interrupted_ms;
    wire_UsageRecord records[8];
    size_t record_count;
};

static void read_url(int fd, char *url, size_t url_size)
{
    char line[128] = "";
    size_t size = 0;

    while (!memchr(line, '\n', size)) {
        ssize_t got = read(fd, line + size, sizeof line - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    char *start = strstr(line, "http://");
    assert_non_null(start);
    *strchr(start, '\n') = 0;
    snprintf(url, url_size, "%s", start);
}

static int start_vendor(void **state)
{
    static struct vendor vendor;
    int fds[2];
    char ledger[64];

    snprintf(vendor.folder, sizeof vendor.folder, "/tmp/turn_test.XXXXXX");
    assert_non_null(mkdtemp(vendor.folder));
    snprintf(ledger, sizeof ledger, "%s/ledger", vendor.folder);
    assert_int_equal(pipe(fds), 0);
    vendor.pid = fork();
    if (!vendor.pid) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        alarm(120);
        execl(MYNA_VENDORS, "myna-vendors", "--key", "good", "--ledger", ledger, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    read_url(fds[0], vendor.url, sizeof vendor.url);
    close(fds[0]);
    *state = &vendor;
    return 0;
}

static int stop_vendor(void **state)
{
    const struct vendor *vendor = *state;
    char path[64];

    kill(vendor->pid, SIGTERM);
    waitpid(vendor->pid, NULL, 0);
    snprintf(path, sizeof path, "%s/ledger", vendor->folder);
    unlink(path);
    rmdir(vendor->folder);
    return 0;
}

static void behave(const struct robot *robot, const char *conditions)
{
    char url[96];
    struct buffer answer;
    struct http_result result;

    snprintf(url, sizeof url, "%s/admin/faults", robot->vendor->url);
    const struct http_request request = {
        .method = "PUT", .url = url, .body = span_text(conditions)};
    buffer_init(&answer, 4096);
    assert_int_equal(http_fetch(robot->http, &request, &answer, &result), STATUS_OK);
    assert_int_equal(result.http_status, 200);
    buffer_release(&answer);
}

#define FAST                                                                                       \
    "{\"429\":0,\"quota\":0,\"500\":0,\"503\":0,\"cut\":0,\"stall\":0,\"no_usage\":0,"             \
    "\"tokens_per_s\":2000,\"first_token_ms\":5,\"jitter_ms\":0,\"retry_after_s\":0}"

static void add_line(struct robot *robot, struct span text)
{
    size_t used = strlen(robot->heard);

    assert_true(used + text.size + 2 < sizeof robot->heard);
    memcpy(robot->heard + used, text.data, text.size);
    memcpy(robot->heard + used + text.size, "\n", 2);
    robot->clauses++;
}

static void on_event(void *context, const struct turn_event *event)
{
    struct robot *robot = context;

    assert_int_equal(event->number, robot->number);
    robot->denied += event->kind == TURN_DENIED;
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

static void set_route(struct robot *robot, size_t index, const char *base_url, const char *key)
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

static const char *base_url(const struct robot *robot)
{
    static char url[96];

    snprintf(url, sizeof url, "%s/v1", robot->vendor->url);
    return url;
}

enum mouth { SILENT, SPEAKING };

static void build(struct robot *robot, const struct vendor *vendor, enum mouth mouth)
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

    *robot = (struct robot){.vendor = vendor};
    pthread_mutex_init(&robot->lock, NULL);
    snprintf(path, sizeof path, "%s/journal", vendor->folder);
    unlink(path);
    assert_int_equal(http_create(&robot->http), STATUS_OK);
    assert_int_equal(journal_open(&robot->journal, &journal), STATUS_OK);
    if (mouth == SPEAKING)
        assert_int_equal(speaker_create(&robot->speaker, &speaker), STATUS_OK);
    const struct turn_options turn = {robot->journal, robot->speaker, on_event, robot};
    assert_int_equal(turn_create(&robot->turn, &turn), STATUS_OK);
    robot->settings = (struct turn_settings){
        .routes = robot->routes, .history_turns = 4, .max_output_tokens = 200, .generation = 7};
    set_route(robot, 0, base_url(robot), "good");
    behave(robot, FAST);
}

static void dismantle(struct robot *robot)
{
    char path[64];

    speaker_free(robot->speaker);
    turn_free(robot->turn);
    journal_close(robot->journal);
    http_free(robot->http);
    pthread_mutex_destroy(&robot->lock);
    snprintf(path, sizeof path, "%s/journal", robot->vendor->folder);
    unlink(path);
}

static void read_records(struct robot *robot)
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

static enum status ask(struct robot *robot, const char *question)
{
    robot->heard[0] = 0;
    robot->clauses = 0;
    robot->denied = 0;
    robot->number++;
    crypto_uuid(robot->uuid);
    enum status status = turn_run(robot->turn, robot->number, robot->uuid, span_text(question),
                                  &robot->settings, &robot->report);
    read_records(robot);
    return status;
}

/* The ledger's line of that attempt of the last turn; NULL: the vendor never saw it. */
static struct json *bill(const struct robot *robot, unsigned attempt)
{
    char url[96], id[64], uuid[ENCODE_UUID_SIZE];
    struct buffer lines;
    struct http_result result;
    struct json *found = NULL;

    encode_uuid(robot->uuid, uuid);
    snprintf(id, sizeof id, "%s-%u", uuid, attempt);
    snprintf(url, sizeof url, "%s/admin/ledger", robot->vendor->url);
    const struct http_request request = {.url = url};
    buffer_init(&lines, 1 << 20);
    assert_int_equal(http_fetch(robot->http, &request, &lines, &result), STATUS_OK);
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

static void check_equal(const wire_UsageRecord *record, const struct json *line)
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

static void check_bill(const struct robot *robot, size_t index)
{
    struct json *line = bill(robot, robot->records[index].attempt);

    check_equal(&robot->records[index], line);
    json_free(line);
}

static void an_answer_is_counted_as_the_vendor_counts_it(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    assert_int_equal(ask(&robot, "Tell me something about birds."), STATUS_OK);
    assert_true(robot.clauses > 0);
    assert_int_equal(robot.report.excuse, EXCUSE_NONE);
    assert_int_equal(robot.record_count, 1);
    const wire_UsageRecord *record = &robot.records[0];
    assert_int_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(record->requests, 1);
    assert_int_equal(record->generation, 7);
    assert_string_equal(record->model_served, "dahan-chat");
    assert_true(record->reserved_input >= record->input_uncached + record->input_cached);
    assert_true(record->reserved_output >= record->output);
    assert_int_equal(robot.report.input, record->input_uncached + record->input_cached);
    assert_int_equal(robot.report.output, record->output);
    check_bill(&robot, 0);
    dismantle(&robot);
}

static void thoughts_are_counted_and_not_spoken(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    snprintf(robot.routes[0].model, sizeof robot.routes[0].model, "dahan-chat-think");
    assert_int_equal(ask(&robot, "你今天好吗？"), STATUS_OK);
    assert_true(robot.records[0].reasoning > 0);
    check_bill(&robot, 0);
    dismantle(&robot);
}

static void the_history_goes_along_and_is_cached(void **state)
{
    struct robot robot;
    uint64_t first;

    build(&robot, *state, SILENT);
    ask(&robot, "What is the oldest saying you know? Tell it in many words.");
    first = robot.report.input;
    assert_int_equal(ask(&robot, "And what does it mean?"), STATUS_OK);
    assert_true(robot.report.input > first + 4);
    assert_int_equal(robot.record_count, 2);
    check_bill(&robot, 1);
    turn_forget(robot.turn);
    ask(&robot, "And what does it mean?");
    assert_true(robot.report.input < first + 4);
    dismantle(&robot);
}

static void a_route_that_is_refused_costs_nothing_and_the_next_one_answers(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    set_route(&robot, 0, base_url(&robot), "bad");
    set_route(&robot, 1, base_url(&robot), "good");
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_int_equal(robot.record_count, 2);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_AUTH);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(robot.records[0].input_uncached + robot.records[0].output, 0);
    assert_int_equal(robot.records[0].requests, 1);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_int_equal(robot.records[1].attempt, 2);
    check_bill(&robot, 1);
    dismantle(&robot);
}

static void a_busy_hour_is_met_with_one_short_retry_and_an_excuse(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    behave(&robot, "{\"429\":1}");
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.report.excuse, EXCUSE_BUSY);
    assert_int_equal(robot.record_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(robot.records[i].error_class, wire_ErrorClass_RATE);
        assert_int_equal(robot.records[i].attempt, i + 1);
        check_bill(&robot, i);
    }
    assert_string_equal(robot.heard,
                        "Everyone I could ask is busy. Please try again in a moment.\n");
    dismantle(&robot);
}

static void an_empty_account_is_not_asked_twice(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    behave(&robot, "{\"quota\":1}");
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_QUOTA);
    check_bill(&robot, 0);
    dismantle(&robot);
}

static void without_a_network_nothing_counts_as_sent(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    set_route(&robot, 0, "http://127.0.0.1:1/v1", "good");
    assert_int_equal(ask(&robot, "你好吗？"), STATUS_UNREACHABLE);
    assert_int_equal(robot.report.excuse, EXCUSE_OFFLINE);
    assert_int_equal(robot.record_count, 2);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_NOT_SENT);
    assert_int_equal(robot.records[0].requests, 0);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_NET);
    assert_string_equal(robot.heard, "我现在连不上网络。请稍后再试。\n");
    dismantle(&robot);
}

static void a_broken_answer_is_estimated_and_excused(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    behave(&robot, "{\"cut\":1}");
    for (int i = 0; i < 8 && robot.report.excuse != EXCUSE_CUT; i++)
        ask(&robot, "Tell me a long story about the sea and the moon.");
    assert_int_equal(robot.report.excuse, EXCUSE_CUT);
    const wire_UsageRecord *record = &robot.records[robot.record_count - 1];
    assert_int_equal(record->provenance, wire_Provenance_ESTIMATED);
    assert_int_equal(record->outcome, wire_Outcome_FAILED);
    assert_int_equal(record->error_class, wire_ErrorClass_NET);
    assert_true(record->output > 0);
    /* what was begun aloud is not begun again */
    for (size_t i = 0; i + 1 < robot.record_count; i++)
        if (!memcmp(robot.records[i].turn, record->turn, sizeof record->turn))
            assert_int_equal(robot.records[i].output, 0);
    assert_non_null(strstr(robot.heard, "Sorry, I lost the thread.\n"));
    dismantle(&robot);
}

static void an_answer_without_usage_is_estimated(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    behave(&robot, "{\"no_usage\":1}");
    assert_int_equal(ask(&robot, "Tell me something about birds."), STATUS_OK);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_ESTIMATED);
    assert_int_equal(robot.records[0].outcome, wire_Outcome_ANSWERED);
    dismantle(&robot);
}

/* Gives the route a line of its own that counts output tokens alone. */
static void grant_output(struct robot *robot, size_t route, uint64_t granted)
{
    wire_CreditLine lines[2] = {0};

    for (size_t i = 0; i <= route; i++) {
        lines[i].measures_count = 1;
        lines[i].measures[0] =
            (wire_CreditMeasure){.weights_count = 6, .weights = {[4] = 1, [5] = 1}, .divisor = 1};
        snprintf(lines[i].line_id, sizeof lines[i].line_id, "line-%zu", i);
        snprintf(robot->routes[i].line_id, sizeof robot->routes[i].line_id, "line-%zu", i);
    }
    lines[route].measures[0].granted = granted;
    assert_int_equal(journal_grant(robot->journal, 1, lines, route + 1), STATUS_OK);
}

static void without_credit_nothing_is_sent(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    grant_output(&robot, 0, 10);
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_LIMIT);
    assert_int_equal(robot.denied, 1);
    assert_int_equal(robot.record_count, 0);
    struct json *seen = bill(&robot, 1);
    assert_null(seen);
    dismantle(&robot);
}

static void i2_with_little_credit_a_shorter_answer_is_asked_for(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    grant_output(&robot, 0, 40);
    assert_int_equal(ask(&robot, "Tell me a long story about the sea and its birds."), STATUS_OK);
    assert_int_equal(robot.records[0].reserved_output, 40);
    const uint64_t used = robot.records[0].output + robot.records[0].reasoning;
    assert_true(used > 40 - JOURNAL_LEAST_OUTPUT && used <= 40);
    check_bill(&robot, 0);
    assert_int_equal(ask(&robot, "Go on."), STATUS_DENIED);
    assert_int_equal(robot.record_count, 1);
    dismantle(&robot);
}

/* Nobody is asked for credit: the second route holds its own. */
static void i11_when_the_first_routes_credit_is_used_up_the_next_one_answers(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    set_route(&robot, 1, base_url(&robot), "good");
    grant_output(&robot, 0, 10);
    grant_output(&robot, 1, 200);
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_int_equal(robot.report.attempts, 1);
    assert_int_equal(robot.denied, 1);
    check_bill(&robot, 0);
    dismantle(&robot);
}

static void at_a_limit_the_companys_words_are_said_instead_of_the_standard_ones(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    robot.settings.limit_text = span_text("Please top up in the shop.");
    grant_output(&robot, 0, 10);
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_string_equal(robot.heard, "Please top up in the shop.\n");
    dismantle(&robot);
}

static void a_blocked_robot_asks_no_vendor_and_says_so(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    robot.settings.limit_mode = LIMIT_MODE_BLOCKED;
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_BLOCKED);
    assert_int_equal(robot.record_count, 0);
    struct json *seen = bill(&robot, 1);
    assert_null(seen);
    robot.settings.limit_mode = LIMIT_MODE_CANNED; /* and nothing to answer */
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_BLOCKED);
    dismantle(&robot);
}

static void a_canned_answer_is_given_without_a_vendor(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    robot.settings.limit_mode = LIMIT_MODE_CANNED;
    robot.settings.canned = span_text("I am a bird. I sing later.");
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.report.canned);
    assert_int_equal(robot.report.excuse, EXCUSE_NONE);
    assert_non_null(strstr(robot.heard, "I am a bird."));
    assert_non_null(strstr(robot.heard, "I sing later."));
    assert_int_equal(robot.record_count, 0);
    robot.settings.limit_mode = LIMIT_MODE_NONE;
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_false(robot.report.canned);
    assert_int_equal(robot.record_count, 1);
    dismantle(&robot);
}

static void a_turn_waits_for_its_time_or_asks_for_a_rest(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    const int64_t now_ms = clock_mono_ms();
    robot.settings.start_at_ms = now_ms + 700;
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(clock_mono_ms() >= now_ms + 700);
    robot.settings.start_at_ms = clock_mono_ms() + TURN_MAX_SPACING_MS + 1000;
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_REST);
    assert_int_equal(robot.record_count, 1);
    assert_true(clock_mono_ms() < now_ms + 8000); /* it did not wait */
    dismantle(&robot);
}

static void what_is_no_question_is_refused(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    assert_int_equal(ask(&robot, ""), STATUS_INVALID);
    assert_int_equal(ask(&robot, "\xff"), STATUS_INVALID);
    assert_int_equal(robot.record_count, 0);
    dismantle(&robot);
}

/* Interrupts as soon as something is heard. */
static void *interrupt_when_heard(void *context)
{
    struct robot *robot = context;

    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&robot->lock);
        bool heard = robot->clauses > 0;
        pthread_mutex_unlock(&robot->lock);
        if (heard)
            break;
        clock_sleep_ms(5);
    }
    turn_interrupt(robot->turn, robot->number);
    pthread_mutex_lock(&robot->lock);
    robot->interrupted_ms = clock_mono_ms();
    pthread_mutex_unlock(&robot->lock);
    return NULL;
}

static void interrupt_an_answer(struct robot *robot, const char *question)
{
    pthread_t thread;

    /* ask() raises the number first */
    robot->number++;
    crypto_uuid(robot->uuid);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_when_heard, robot), 0);
    assert_int_equal(turn_run(robot->turn, robot->number, robot->uuid, span_text(question),
                              &robot->settings, &robot->report),
                     STATUS_OK);
    int64_t ended_ms = clock_mono_ms();
    pthread_join(thread, NULL);
    assert_true(robot->report.interrupted);
    assert_true(ended_ms - robot->interrupted_ms < 300);
    read_records(robot);
}

static void an_interruption_ends_the_stream_at_once(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    behave(&robot, "{\"tokens_per_s\":20}");
    interrupt_an_answer(&robot, "Tell me a long story about the sea and the moon.");
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].outcome, wire_Outcome_INTERRUPTED);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_ESTIMATED);
    assert_true(robot.records[0].interrupted);
    behave(&robot, FAST);
    robot.interrupted_ms = 0;
    assert_int_equal(ask(&robot, "And now?"), STATUS_OK);
    assert_int_equal(robot.record_count, 2);
    check_bill(&robot, 1);
    dismantle(&robot);
}

static void a_turn_interrupted_before_it_begins_asks_nobody(void **state)
{
    struct robot robot;

    build(&robot, *state, SILENT);
    turn_interrupt(robot.turn, 1);
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.report.interrupted);
    assert_int_equal(robot.record_count, 0);
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_int_equal(robot.record_count, 1);
    dismantle(&robot);
}

static void the_voice_says_each_clause_and_the_record_knows_when(void **state)
{
    struct robot robot;

    build(&robot, *state, SPEAKING);
    robot.settings.max_output_tokens = 16;
    assert_int_equal(ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.clauses > 0);
    assert_true(robot.report.first_audio_ms > 0);
    assert_true(robot.records[0].first_audio_ms >= robot.records[0].first_token_ms);
    assert_false(robot.records[0].interrupted);
    check_bill(&robot, 0);
    dismantle(&robot);
}

static void an_interruption_of_the_voice_is_in_the_record_of_a_finished_answer(void **state)
{
    struct robot robot;

    build(&robot, *state, SPEAKING);
    interrupt_an_answer(&robot, "Tell me a long story about the sea and the moon.");
    assert_int_equal(robot.record_count, 1);
    assert_true(robot.records[0].interrupted);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    check_bill(&robot, 0);
    dismantle(&robot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_counted_as_the_vendor_counts_it),
        cmocka_unit_test(thoughts_are_counted_and_not_spoken),
        cmocka_unit_test(the_history_goes_along_and_is_cached),
        cmocka_unit_test(a_route_that_is_refused_costs_nothing_and_the_next_one_answers),
        cmocka_unit_test(a_busy_hour_is_met_with_one_short_retry_and_an_excuse),
        cmocka_unit_test(an_empty_account_is_not_asked_twice),
        cmocka_unit_test(without_a_network_nothing_counts_as_sent),
        cmocka_unit_test(a_broken_answer_is_estimated_and_excused),
        cmocka_unit_test(an_answer_without_usage_is_estimated),
        cmocka_unit_test(without_credit_nothing_is_sent),
        cmocka_unit_test(i2_with_little_credit_a_shorter_answer_is_asked_for),
        cmocka_unit_test(i11_when_the_first_routes_credit_is_used_up_the_next_one_answers),
        cmocka_unit_test(at_a_limit_the_companys_words_are_said_instead_of_the_standard_ones),
        cmocka_unit_test(a_blocked_robot_asks_no_vendor_and_says_so),
        cmocka_unit_test(a_canned_answer_is_given_without_a_vendor),
        cmocka_unit_test(a_turn_waits_for_its_time_or_asks_for_a_rest),
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(an_interruption_ends_the_stream_at_once),
        cmocka_unit_test(a_turn_interrupted_before_it_begins_asks_nobody),
        cmocka_unit_test(the_voice_says_each_clause_and_the_record_knows_when),
        cmocka_unit_test(an_interruption_of_the_voice_is_in_the_record_of_a_finished_answer),
    };

    return cmocka_run_group_tests(tests, start_vendor, stop_vendor);
}
