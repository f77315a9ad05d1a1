/* Whole turns against the demo vendor, a program of its own: what the robot heard, what its journal
 * holds and what the vendor's ledger says. */
#include "tests/integration/agent/robot.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"

static void an_answer_is_counted_as_the_vendor_counts_it(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    assert_int_equal(robot_ask(&robot, "Tell me something about birds."), STATUS_OK);
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
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void thoughts_are_counted_and_not_spoken(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    snprintf(robot.routes[0].model, sizeof robot.routes[0].model, "dahan-chat-think");
    assert_int_equal(robot_ask(&robot, "你今天好吗？"), STATUS_OK);
    assert_true(robot.records[0].reasoning > 0);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void the_history_goes_along_and_is_cached(void **state)
{
    struct robot robot;
    uint64_t first;

    robot_build(&robot, *state, SILENT);
    robot_ask(&robot, "What is the oldest saying you know? Tell it in many words.");
    first = robot.report.input;
    assert_int_equal(robot_ask(&robot, "And what does it mean?"), STATUS_OK);
    assert_true(robot.report.input > first + 4);
    assert_int_equal(robot.record_count, 2);
    robot_check_bill(&robot, 1);
    conversation_forget(robot.conversation);
    robot_ask(&robot, "And what does it mean?");
    assert_true(robot.report.input < first + 4);
    robot_dismantle(&robot);
}

static void a_route_that_is_refused_costs_nothing_and_the_next_one_answers(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 0, robot_base_url(&robot), "bad");
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_int_equal(robot.record_count, 2);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_AUTH);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(robot.records[0].input_uncached + robot.records[0].output, 0);
    assert_int_equal(robot.records[0].requests, 1);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_int_equal(robot.records[1].attempt, 2);
    robot_check_bill(&robot, 1);
    robot_dismantle(&robot);
}

static void a_busy_hour_is_met_with_one_short_retry_and_an_excuse(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"429\":1}");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.report.excuse, EXCUSE_BUSY);
    assert_int_equal(robot.record_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(robot.records[i].error_class, wire_ErrorClass_RATE);
        assert_int_equal(robot.records[i].attempt, i + 1);
        robot_check_bill(&robot, i);
    }
    assert_string_equal(robot.heard,
                        "Everyone I could ask is busy. Please try again in a moment.\n");
    robot_dismantle(&robot);
}

/* The record of the second attempt begins when the vendor said it may. */
static void a_rest_that_a_vendor_asks_for_is_given_up_to_two_seconds(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"429\":1,\"retry_after_s\":2}");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.record_count, 2);
    assert_true(robot.records[1].start_ms - robot.records[0].end_ms >= 1990);
    robot_dismantle(&robot);

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"429\":1,\"retry_after_s\":3}");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.record_count, 1);
    robot_dismantle(&robot);
}

static void an_empty_account_is_not_asked_twice(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"quota\":1}");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_QUOTA);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void without_a_network_nothing_counts_as_sent(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 0, "http://127.0.0.1:1/v1", "good");
    assert_int_equal(robot_ask(&robot, "你好吗？"), STATUS_UNREACHABLE);
    assert_int_equal(robot.report.excuse, EXCUSE_OFFLINE);
    assert_int_equal(robot.record_count, 2);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_NOT_SENT);
    assert_int_equal(robot.records[0].requests, 0);
    assert_int_equal(robot.records[0].error_class, wire_ErrorClass_NET);
    assert_string_equal(robot.heard, "我现在连不上网络。请稍后再试。\n");
    robot_dismantle(&robot);
}

/* As a heartbeat tells them. */
static size_t circuits_told(const struct robot *robot, wire_Health *health)
{
    const struct turn_settings *settings = &robot->settings;
    struct circuit_set circuits;

    *health = (wire_Health)wire_Health_init_zero;
    turn_circuits(robot->turn, settings->generation, settings->route_count, &circuits);
    circuit_tell(&circuits, settings->routes, clock_mono_ms(), health);
    return health->circuits_count;
}

static void a_route_that_keeps_failing_is_left_out_until_something_changes(void **state)
{
    static const unsigned attempts[] = {3, 2, 1, 1};
    struct robot robot;
    wire_Health health;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 0, "http://127.0.0.1:1/v1", "good");
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    robot.settings.max_output_tokens = 16;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
        assert_int_equal(robot.report.attempts, attempts[i]);
    }
    assert_int_equal(circuits_told(&robot, &health), 1);
    assert_string_equal(health.circuits[0].vendor, "vendor-0");
    assert_int_equal(health.circuits[0].error_class, wire_ErrorClass_NET);
    assert_int_equal(health.circuits[0].failures, 3);
    robot.settings.generation++;
    assert_int_equal(circuits_told(&robot, &health), 0);
    robot_set_route(&robot, 0, robot_base_url(&robot), "good");
    robot.settings.route_count = 2;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_int_equal(robot.report.attempts, 1);
    assert_string_equal(robot.report.vendor, "vendor-0");
    robot_dismantle(&robot);
}

static void a_robot_whose_every_route_is_left_out_asks_one_all_the_same(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"quota\":1}");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
        assert_int_equal(robot.report.attempts, 1);
    }
    robot_behave(&robot, ROBOT_FAST);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    robot_dismantle(&robot);
}

static void a_broken_answer_is_estimated_and_excused(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"cut\":1}");
    for (int i = 0; i < 8 && robot.report.excuse != EXCUSE_CUT; i++)
        robot_ask(&robot, "Tell me a long story about the sea and the moon.");
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
    robot_dismantle(&robot);
}

static void an_answer_without_usage_is_estimated(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"no_usage\":1}");
    assert_int_equal(robot_ask(&robot, "Tell me something about birds."), STATUS_OK);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_ESTIMATED);
    assert_int_equal(robot.records[0].outcome, wire_Outcome_ANSWERED);
    robot_dismantle(&robot);
}

/* Gives the route a line of its own that counts output tokens alone. */
static void grant_output(struct robot *robot, size_t route, uint64_t granted)
{
    uint64_t amounts[2] = {0};

    amounts[route] = granted;
    robot_tell_lines(robot, route + 1, amounts, false);
}

static void without_credit_nothing_is_sent(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    grant_output(&robot, 0, 10);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_LIMIT);
    assert_int_equal(robot.denied, 1);
    assert_int_equal(robot.record_count, 0);
    struct json *seen = robot_bill(&robot, 1);
    assert_null(seen);
    robot_dismantle(&robot);
}

static void i2_with_little_credit_a_shorter_answer_is_asked_for(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    grant_output(&robot, 0, 40);
    assert_int_equal(robot_ask(&robot, "Tell me a long story about the sea and its birds."),
                     STATUS_OK);
    assert_int_equal(robot.records[0].reserved_output, 40);
    const uint64_t used = robot.records[0].output + robot.records[0].reasoning;
    assert_true(used > 40 - CREDIT_LEAST_OUTPUT && used <= 40);
    robot_check_bill(&robot, 0);
    assert_int_equal(robot_ask(&robot, "Go on."), STATUS_DENIED);
    assert_int_equal(robot.record_count, 1);
    robot_dismantle(&robot);
}

/* Credit is held on the first route and granted anew while the owner asks the next question. */
static void credit_that_is_on_its_way_keeps_the_first_route(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    grant_output(&robot, 0, 10);
    grant_output(&robot, 1, 200);
    robot.is_online = true;
    robot.promised = 300;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_string_equal(robot.report.vendor, "vendor-0");
    assert_int_equal(robot.report.attempts, 1);
    assert_int_equal(robot.denied, 1);
    robot_dismantle(&robot);
}

static void a_route_that_the_server_calls_used_up_is_not_waited_for(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    grant_output(&robot, 0, 10);
    grant_output(&robot, 1, 200);
    robot.is_online = robot.used_up = true;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_int_equal(robot.denied, 1);
    assert_int_equal(robot.waited, 0);
    robot_dismantle(&robot);
}

/* The wish or its answer was lost. */
static void a_server_that_says_nothing_is_waited_for_a_moment_only(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    grant_output(&robot, 0, 10);
    grant_output(&robot, 1, 200);
    robot.is_online = true;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_in_range(robot.waited, 1, 100); /* steps of a hundredth of a second */
    robot_dismantle(&robot);
}

/* Nobody is asked for credit: the second route holds its own. */
static void i11_when_the_first_routes_credit_is_used_up_the_next_one_answers(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 1, robot_base_url(&robot), "good");
    grant_output(&robot, 0, 10);
    grant_output(&robot, 1, 200);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_string_equal(robot.report.vendor, "vendor-1");
    assert_int_equal(robot.report.attempts, 1);
    assert_int_equal(robot.denied, 1);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void at_a_limit_the_companys_words_are_said_instead_of_the_standard_ones(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot.settings.limit_text = span_text("Please top up in the shop.");
    grant_output(&robot, 0, 10);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_string_equal(robot.heard, "Please top up in the shop.\n");
    robot_dismantle(&robot);
}

static void a_blocked_robot_asks_no_vendor_and_says_so(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot.settings.limit_mode = LIMIT_MODE_BLOCKED;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_BLOCKED);
    assert_int_equal(robot.record_count, 0);
    struct json *seen = robot_bill(&robot, 1);
    assert_null(seen);
    robot.settings.limit_mode = LIMIT_MODE_CANNED; /* and nothing to answer */
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_BLOCKED);
    robot_dismantle(&robot);
}

static void a_canned_answer_is_given_without_a_vendor(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot.settings.limit_mode = LIMIT_MODE_CANNED;
    robot.settings.canned = span_text("I am a bird. I sing later.");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.report.canned);
    assert_int_equal(robot.report.excuse, EXCUSE_NONE);
    assert_non_null(strstr(robot.heard, "I am a bird."));
    assert_non_null(strstr(robot.heard, "I sing later."));
    assert_int_equal(robot.record_count, 0);
    robot.settings.limit_mode = LIMIT_MODE_NONE;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_false(robot.report.canned);
    assert_int_equal(robot.record_count, 1);
    robot_dismantle(&robot);
}

static void a_turn_waits_for_its_time_or_asks_for_a_rest(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    const int64_t now_ms = clock_mono_ms();
    robot.settings.start_at_ms = now_ms + 700;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(clock_mono_ms() >= now_ms + 700);
    robot.settings.start_at_ms = clock_mono_ms() + TURN_MAX_SPACING_MS + 1000;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_REST);
    assert_int_equal(robot.record_count, 1);
    assert_true(clock_mono_ms() < now_ms + 8000); /* it did not wait */
    robot_dismantle(&robot);
}

static void what_is_no_question_is_refused(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    assert_int_equal(robot_ask(&robot, ""), STATUS_INVALID);
    assert_int_equal(robot_ask(&robot, "\xff"), STATUS_INVALID);
    assert_int_equal(robot.record_count, 0);
    robot_dismantle(&robot);
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

    /* robot_ask() raises the number first */
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
    robot_read_records(robot);
}

static void an_interruption_ends_the_stream_at_once(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"tokens_per_s\":20}");
    interrupt_an_answer(&robot, "Tell me a long story about the sea and the moon.");
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].outcome, wire_Outcome_INTERRUPTED);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_ESTIMATED);
    assert_true(robot.records[0].interrupted);
    robot_behave(&robot, ROBOT_FAST);
    robot.interrupted_ms = 0;
    assert_int_equal(robot_ask(&robot, "And now?"), STATUS_OK);
    assert_int_equal(robot.record_count, 2);
    robot_check_bill(&robot, 1);
    robot_dismantle(&robot);
}

static void a_turn_interrupted_before_it_begins_asks_nobody(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    turn_interrupt(robot.turn, 1);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.report.interrupted);
    assert_int_equal(robot.record_count, 0);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_int_equal(robot.record_count, 1);
    robot_dismantle(&robot);
}

static void the_voice_says_each_clause_and_the_record_knows_when(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SPEAKING);
    robot.settings.max_output_tokens = 16;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_true(robot.clauses > 0);
    assert_true(robot.report.first_audio_ms > 0);
    assert_true(robot.records[0].first_audio_ms >= robot.records[0].first_token_ms);
    assert_false(robot.records[0].interrupted);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void an_interruption_of_the_voice_is_in_the_record_of_a_finished_answer(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SPEAKING);
    interrupt_an_answer(&robot, "Tell me a long story about the sea and the moon.");
    assert_int_equal(robot.record_count, 1);
    assert_true(robot.records[0].interrupted);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

/* Three vendors that answer whatever comes; they are told apart by their ports. */
struct doors {
    struct pollfd fds[3];
    char urls[3][64];
    atomic_int opened[3];
    pthread_t thread;
    atomic_bool stop;
};

static void *keep_doors(void *context)
{
    static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    struct doors *doors = context;
    struct pollfd guests[8];
    size_t count = 0;
    char bytes[2048];

    while (!atomic_load(&doors->stop)) {
        if (poll(doors->fds, 3, 10) > 0)
            for (size_t i = 0; i < 3; i++)
                if (doors->fds[i].revents && count < 8) {
                    doors->opened[i]++;
                    guests[count++] = (struct pollfd){.fd = accept(doors->fds[i].fd, NULL, NULL),
                                                      .events = POLLIN};
                }
        if (count > 0 && poll(guests, count, 10) > 0)
            for (size_t i = 0; i < count; i++)
                if (guests[i].revents && read(guests[i].fd, bytes, sizeof bytes) > 0)
                    assert_true(write(guests[i].fd, answer, sizeof answer - 1) > 0);
    }
    for (size_t i = 0; i < count; i++)
        close(guests[i].fd);
    return NULL;
}

static void open_doors(struct doors *doors)
{
    *doors = (struct doors){.stop = false};
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof at;

        doors->fds[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
        assert_int_equal(bind(doors->fds[i].fd, (struct sockaddr *)&at, size), 0);
        assert_int_equal(listen(doors->fds[i].fd, 4), 0);
        assert_int_equal(getsockname(doors->fds[i].fd, (struct sockaddr *)&at, &size), 0);
        snprintf(doors->urls[i], sizeof doors->urls[i], "http://127.0.0.1:%u/v1",
                 ntohs(at.sin_port));
    }
    assert_int_equal(pthread_create(&doors->thread, NULL, keep_doors, doors), 0);
}

static void close_doors(struct doors *doors)
{
    atomic_store(&doors->stop, true);
    pthread_join(doors->thread, NULL);
    for (size_t i = 0; i < 3; i++)
        close(doors->fds[i].fd);
}

/* And the question that comes finds them open. */
static void connections_to_the_first_two_routes_are_kept_warm(void **state)
{
    static struct doors doors; /* its thread outlives a test that fails */
    const atomic_bool cancel = false;
    struct robot robot;

    open_doors(&doors);
    robot_build(&robot, *state, SILENT);
    for (size_t i = 0; i < 3; i++)
        robot_set_route(&robot, i, doors.urls[i], "good");
    for (int i = 0; i < 2; i++)
        turn_warm(robot.turn, robot.routes, 3, &cancel);
    assert_int_equal(doors.opened[0], 1);
    assert_int_equal(doors.opened[1], 1);
    assert_int_equal(doors.opened[2], 0);
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
    assert_int_equal(robot.record_count, 3);
    assert_int_equal(doors.opened[0], 1);
    assert_int_equal(doors.opened[1], 1);
    assert_int_equal(doors.opened[2], 1);
    robot_dismantle(&robot);
    close_doors(&doors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_counted_as_the_vendor_counts_it),
        cmocka_unit_test(thoughts_are_counted_and_not_spoken),
        cmocka_unit_test(the_history_goes_along_and_is_cached),
        cmocka_unit_test(a_route_that_is_refused_costs_nothing_and_the_next_one_answers),
        cmocka_unit_test(a_busy_hour_is_met_with_one_short_retry_and_an_excuse),
        cmocka_unit_test(a_rest_that_a_vendor_asks_for_is_given_up_to_two_seconds),
        cmocka_unit_test(an_empty_account_is_not_asked_twice),
        cmocka_unit_test(without_a_network_nothing_counts_as_sent),
        cmocka_unit_test(connections_to_the_first_two_routes_are_kept_warm),
        cmocka_unit_test(a_route_that_keeps_failing_is_left_out_until_something_changes),
        cmocka_unit_test(a_robot_whose_every_route_is_left_out_asks_one_all_the_same),
        cmocka_unit_test(a_broken_answer_is_estimated_and_excused),
        cmocka_unit_test(an_answer_without_usage_is_estimated),
        cmocka_unit_test(without_credit_nothing_is_sent),
        cmocka_unit_test(i2_with_little_credit_a_shorter_answer_is_asked_for),
        cmocka_unit_test(credit_that_is_on_its_way_keeps_the_first_route),
        cmocka_unit_test(a_route_that_the_server_calls_used_up_is_not_waited_for),
        cmocka_unit_test(a_server_that_says_nothing_is_waited_for_a_moment_only),
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

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}
