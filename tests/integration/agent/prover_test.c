/* A held configuration, tried against the demo vendor by the prover's own thread. */
#include "agent/prover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/trial_turn.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "tests/integration/agent/robot.h"

#define WAIT_MS 60000
#define TRICKLE "{\"tokens_per_s\":1,\"first_token_ms\":60000}"

struct proof {
    struct robot robot;
    char folder[40], path[64];
    struct settings *settings;
    struct prover *prover;
    wire_ConfigContent content;
    uint8_t bytes[LIMIT_CONFIG_BYTES];
    atomic_uint settled, used;
    atomic_bool is_online;
};

static void on_settled(void *context)
{
    atomic_fetch_add(&((struct proof *)context)->settled, 1);
}

static void on_used(void *context)
{
    atomic_fetch_add(&((struct proof *)context)->used, 1);
}

static bool is_online(void *context)
{
    return atomic_load(&((struct proof *)context)->is_online);
}

static void start(struct proof *proof)
{
    const struct settings_options options = {.path = proof->path, .regions = ""};
    const struct prover_options prover = {
        .settings = NULL,
        .journal = proof->robot.journal,
        .voice_program = MYNA_VOICE,
        .speech_program = MYNA_VOICE_HTTP,
        .host = {proof, on_settled, on_used, is_online},
    };
    struct prover_options filled = prover;

    assert_int_equal(settings_open(&proof->settings, &options), STATUS_OK);
    filled.settings = proof->settings;
    assert_int_equal(prover_start(&proof->prover, &filled), STATUS_OK);
}

static void stop(struct proof *proof)
{
    prover_stop(proof->prover);
    prover_free(proof->prover);
    settings_close(proof->settings);
}

static struct proof *build(void **state)
{
    struct proof *proof = calloc(1, sizeof *proof);

    assert_non_null(proof);
    robot_build(&proof->robot, *state, SILENT);
    snprintf(proof->folder, sizeof proof->folder, "/tmp/prover_test.XXXXXX");
    assert_non_null(mkdtemp(proof->folder));
    snprintf(proof->path, sizeof proof->path, "%s/config", proof->folder);
    atomic_store(&proof->is_online, true);
    start(proof);
    return proof;
}

static void dismantle(struct proof *proof)
{
    char trial[PATH_MAX];

    stop(proof);
    snprintf(trial, sizeof trial, "%s.trial", proof->path);
    unlink(trial);
    unlink(proof->path);
    rmdir(proof->folder);
    robot_dismantle(&proof->robot);
    free(proof);
}

static void configure(struct proof *proof, uint64_t generation)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t size;

    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &proof->content, proof->bytes,
                                    sizeof proof->bytes, &size),
                     STATUS_OK);
    const struct span content = span_of(proof->bytes, size);
    crypto_sha256(&content, 1, hash);
    settings_configure(proof->settings, generation, content, hash);
    prover_look(proof->prover, generation);
}

static void run_at_once(struct proof *proof, uint64_t generation)
{
    proof->content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    proof->content.routes_count = 1;
    proof->content.routes[0] = proof->robot.routes[0];
    snprintf(proof->content.routes[0].vendor, LIMIT_SLUG, "old");
    configure(proof, generation);
}

static void try_first(struct proof *proof, uint64_t generation)
{
    proof->content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    proof->content.routes_count = 1;
    proof->content.routes[0] = proof->robot.routes[0];
    proof->content.has_trial = proof->content.trial.test = true;
    configure(proof, generation);
}

static struct peer_running wait_for(struct proof *proof, wire_TrialVerdict verdict)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    struct peer_running running;

    do {
        clock_sleep_ms(10);
        settings_running(proof->settings, &running);
    } while (running.trial.verdict != verdict && clock_mono_ms() < until_ms);
    assert_int_equal(running.trial.verdict, verdict);
    return running;
}

static void a_route_that_answers_is_run_when_its_test_is_over(void **state)
{
    struct proof *proof = build(state);

    run_at_once(proof, 9);
    try_first(proof, 10);
    const struct peer_running running = wait_for(proof, wire_TrialVerdict_TRIAL_PASSED);
    assert_int_equal(running.generation_running, 10);
    assert_int_equal(running.trial.step, wire_TrialStep_TRIAL_USAGE);
    assert_int_equal(running.trial.step_ms_count, 6);
    assert_int_equal(running.trial.tries, 1);
    robot_read_records(&proof->robot);
    assert_int_equal(proof->robot.record_count, 1);
    assert_int_equal(proof->robot.records[0].purpose, wire_Purpose_TEST);
    stop(proof);
    assert_int_equal(atomic_load(&proof->settled), 1);
    assert_int_equal(atomic_load(&proof->used), 1);
    start(proof);
    dismantle(proof);
}

/* Chat and a voice; key: of the vendor's voice. */
static void try_with_voice(struct proof *proof, uint64_t generation, const char *key)
{
    wire_ConfigContent *content = &proof->content;

    *content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    content->routes_count = 2;
    content->routes[0] = content->routes[1] = proof->robot.routes[0];
    wire_Route *speech = &content->routes[1];
    speech->use = wire_RouteUse_SPEECH;
    snprintf(speech->model, sizeof speech->model, "dahan-voice");
    snprintf(speech->api_key, sizeof speech->api_key, "%s", key);
    content->has_trial = content->trial.test = true;
    snprintf(content->trial.speech_line_id, sizeof content->trial.speech_line_id, "line-s");
    configure(proof, generation);
}

static void a_vendors_voice_that_is_moved_to_is_tried_too(void **state)
{
    const wire_CreditLine line = {.line_id = "line-s", .unlimited = true};
    struct proof *proof = build(state);

    assert_int_equal(journal_grant(proof->robot.journal, 1, &line, 1), STATUS_OK);
    run_at_once(proof, 9);
    try_with_voice(proof, 10, "bad");
    struct peer_running running = wait_for(proof, wire_TrialVerdict_TRIAL_FAILED);
    assert_int_equal(running.generation_running, 9);
    assert_int_equal(running.trial.step, wire_TrialStep_TRIAL_USAGE);
    assert_int_equal(running.trial.error_class, wire_ErrorClass_AUTH);
    assert_non_null(strstr(running.trial.reason, "/dahan-voice: it does not speak"));
    try_with_voice(proof, 11, "good");
    running = wait_for(proof, wire_TrialVerdict_TRIAL_PASSED);
    assert_int_equal(running.generation_running, 11);
    assert_int_equal(running.trial.step, wire_TrialStep_TRIAL_SPEECH);
    assert_int_equal(running.trial.step_ms_count, TRIAL_TURN_STEPS);
    dismantle(proof);
}

static void a_refused_key_goes_back_at_once_with_the_step_and_the_class(void **state)
{
    struct proof *proof = build(state);

    run_at_once(proof, 9);
    robot_set_route(&proof->robot, 0, robot_base_url(&proof->robot), "bad");
    try_first(proof, 10);
    const struct peer_running running = wait_for(proof, wire_TrialVerdict_TRIAL_FAILED);
    assert_int_equal(running.generation_running, 9);
    assert_int_equal(running.generation_held, 10);
    assert_int_equal(running.trial.step, wire_TrialStep_TRIAL_CONNECTED);
    assert_int_equal(running.trial.error_class, wire_ErrorClass_AUTH);
    assert_false(running.trial.retryable);
    assert_int_equal(running.trial.tries, 1);
    assert_non_null(strstr(running.trial.reason, "class=auth"));
    dismantle(proof);
}

static void a_vendor_that_is_busy_is_asked_again(void **state)
{
    struct proof *proof = build(state);

    run_at_once(proof, 9);
    robot_behave(&proof->robot, "{\"503\":1}");
    try_first(proof, 10);
    struct peer_running running;
    do {
        clock_sleep_ms(10);
        settings_running(proof->settings, &running);
    } while (running.trial.error_class == wire_ErrorClass_ERROR_NONE);
    assert_int_equal(running.trial.verdict, wire_TrialVerdict_TRIAL_RUNNING);
    assert_int_equal(running.trial.error_class, wire_ErrorClass_BUSY);
    assert_int_equal(running.generation_running, 9);
    robot_behave(&proof->robot, ROBOT_FAST);
    running = wait_for(proof, wire_TrialVerdict_TRIAL_PASSED);
    assert_true(running.trial.tries >= 2);
    dismantle(proof);
}

static void i11_a_robot_that_is_cut_off_holds_on_and_runs_what_comes_instead(void **state)
{
    struct proof *proof = build(state);
    struct peer_running running;

    atomic_store(&proof->is_online, false);
    run_at_once(proof, 9);
    robot_set_route(&proof->robot, 0, "http://127.0.0.1:1/v1", "good");
    try_first(proof, 10);
    do {
        clock_sleep_ms(10);
        settings_running(proof->settings, &running);
    } while (running.trial.error_class == wire_ErrorClass_ERROR_NONE);
    assert_int_equal(running.trial.error_class, wire_ErrorClass_NET);
    assert_int_equal(running.trial.verdict, wire_TrialVerdict_TRIAL_RUNNING);
    robot_set_route(&proof->robot, 0, robot_base_url(&proof->robot), "good");
    try_first(proof, 11);
    running = wait_for(proof, wire_TrialVerdict_TRIAL_PASSED);
    assert_int_equal(running.generation_running, 11);
    dismantle(proof);
}

static void a_robot_that_stops_in_the_middle_of_a_test_begins_it_anew(void **state)
{
    struct proof *proof = build(state);

    run_at_once(proof, 9);
    robot_behave(&proof->robot, TRICKLE);
    try_first(proof, 10);
    wire_JournalHead head;
    do {
        clock_sleep_ms(10);
        journal_head(proof->robot.journal, &head);
    } while (head.open_attempts == 0);
    const int64_t asked_ms = clock_mono_ms();
    stop(proof);
    assert_true(clock_mono_ms() - asked_ms < 30000); /* not the vendor's minute */
    robot_behave(&proof->robot, ROBOT_FAST);
    start(proof);
    const struct peer_running running = wait_for(proof, wire_TrialVerdict_TRIAL_PASSED);
    assert_int_equal(running.generation_running, 10);
    dismantle(proof);
}

static void a_configuration_without_a_route_to_ask_is_not_run(void **state)
{
    struct proof *proof = build(state);

    run_at_once(proof, 9);
    snprintf(proof->robot.routes[0].dialect, sizeof proof->robot.routes[0].dialect, "unheard-of");
    try_first(proof, 10);
    const struct peer_running running = wait_for(proof, wire_TrialVerdict_TRIAL_FAILED);
    assert_int_equal(running.generation_running, 9);
    assert_non_null(strstr(running.trial.reason, "does not speak its dialect"));
    dismantle(proof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_that_answers_is_run_when_its_test_is_over),
        cmocka_unit_test(a_vendors_voice_that_is_moved_to_is_tried_too),
        cmocka_unit_test(a_refused_key_goes_back_at_once_with_the_step_and_the_class),
        cmocka_unit_test(a_vendor_that_is_busy_is_asked_again),
        cmocka_unit_test(i11_a_robot_that_is_cut_off_holds_on_and_runs_what_comes_instead),
        cmocka_unit_test(a_robot_that_stops_in_the_middle_of_a_test_begins_it_anew),
        cmocka_unit_test(a_configuration_without_a_route_to_ask_is_not_run),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}
