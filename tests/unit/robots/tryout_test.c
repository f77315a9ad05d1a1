/* A simulated robot's trial with a real myna-vendors. */
#include "tests/robots/tryout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define KEY     "sk-of-the-tryout-test"
#define WAIT_MS 60000

struct fixture {
    char folder[64], path[96];
    char base_url[96];
    pid_t vendor;
    struct loop *loop;
    struct asker *asker;
    struct plans *plans;
    struct journal *journal;
    struct tryout *tryout;
    unsigned settled, closed;
    bool is_passed;
};

static void start_vendor(struct fixture *fixture)
{
    char line[128] = "";
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fixture->vendor = fork();
    if (fixture->vendor == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl(MYNA_VENDORS, MYNA_VENDORS, "--key", KEY, "--models", "m", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    assert_non_null(fgets(line, sizeof line, output));
    fclose(output);
    line[strcspn(line, "\n")] = '\0';
    snprintf(fixture->base_url, sizeof fixture->base_url, "%.80s/v1",
             line + strlen("listening on "));
}

static void on_closed(void *context)
{
    ((struct fixture *)context)->closed++;
}

static bool is_online(void *context)
{
    (void)context;
    return true;
}

static void on_settled(void *context, bool is_passed)
{
    struct fixture *fixture = context;

    fixture->settled++;
    fixture->is_passed = is_passed;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const wire_CreditLine line = {.line_id = "t", .unlimited = true, .purpose = wire_Purpose_TEST};

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-tryout-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/journal", fixture->folder);
    assert_int_equal(loop_create(&fixture->loop), STATUS_OK);
    assert_int_equal(asker_create(&fixture->asker, fixture->loop), STATUS_OK);
    assert_int_equal(plans_create(&fixture->plans), STATUS_OK);
    const struct journal_options journal = {.path = fixture->path,
                                            .device_id = "robot",
                                            .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
                                            .now_ms = clock_wall_ms()};
    assert_int_equal(journal_open(&fixture->journal, &journal), STATUS_OK);
    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    struct tryout_options options = {.loop = fixture->loop,
                                     .asker = fixture->asker,
                                     .plans = fixture->plans,
                                     .journal = fixture->journal,
                                     .context = fixture,
                                     .on_closed = on_closed,
                                     .is_online = is_online,
                                     .on_settled = on_settled};
    dice_init(&options.dice, 1, span_text("tryout"));
    assert_int_equal(tryout_create(&fixture->tryout, &options), STATUS_OK);
    start_vendor(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    tryout_free(fixture->tryout);
    kill(fixture->vendor, SIGTERM);
    waitpid(fixture->vendor, NULL, 0);
    journal_close(fixture->journal);
    asker_free(fixture->asker);
    plans_free(fixture->plans);
    loop_free(fixture->loop);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static struct plan *make_plan(struct fixture *fixture, const char *base_url, const char *key)
{
    static uint8_t bytes[LIMIT_CONFIG_BYTES];
    static wire_ConfigContent content;
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct plan *plan = NULL;
    size_t size;

    content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    content.has_trial = content.trial.test = true;
    content.trial.window_s = 2;
    snprintf(content.trial.line_id, sizeof content.trial.line_id, "t");
    content.routes_count = base_url != NULL;
    wire_Route *route = &content.routes[0];
    *route = (wire_Route){.vendor = "dahan", .model = "m", .dialect = "openai", .contract = "c"};
    snprintf(route->line_id, sizeof route->line_id, "owners");
    snprintf(route->base_url, sizeof route->base_url, "%s", base_url != NULL ? base_url : "");
    snprintf(route->api_key, sizeof route->api_key, "%s", key);
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &content, bytes, sizeof bytes, &size),
                     STATUS_OK);
    const struct span encoded = span_of(bytes, size);
    crypto_sha256(&encoded, 1, hash);
    assert_int_equal(plans_take(fixture->plans, encoded, hash, &plan), STATUS_OK);
    assert_true(plan->is_tried);
    return plan;
}

static bool offer(struct fixture *fixture, const char *base_url, const char *key,
                  uint64_t generation)
{
    struct plan *plan = make_plan(fixture, base_url, key);
    const bool is_taken = tryout_offer(fixture->tryout, plan, generation);

    plans_release(fixture->plans, plan);
    return is_taken;
}

static wire_TrialReport settle(struct fixture *fixture)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    const unsigned before = fixture->settled;
    wire_TrialReport report;

    while (fixture->settled == before && clock_mono_ms() < until_ms)
        assert_int_equal(loop_turn(fixture->loop, 100, NULL), STATUS_OK);
    assert_int_equal(fixture->settled, before + 1);
    assert_true(tryout_report(fixture->tryout, &report));
    return report;
}

static void a_route_that_answers_passes_by_the_trials_own_credit(void **state)
{
    struct fixture *fixture = *state;
    static wire_UsageBatch batch;
    wire_UsageRecord record;

    assert_true(offer(fixture, fixture->base_url, KEY, 7));
    assert_false(offer(fixture, fixture->base_url, KEY, 7)); /* sent again meanwhile */
    const wire_TrialReport report = settle(fixture);
    assert_true(fixture->is_passed);
    assert_int_equal(report.generation, 7);
    assert_int_equal(report.verdict, wire_TrialVerdict_TRIAL_PASSED);
    assert_int_equal(report.step, wire_TrialStep_TRIAL_USAGE);
    assert_int_equal(report.step_ms_count, 6);
    assert_int_equal(journal_next_batch(fixture->journal, 40, &batch), STATUS_OK);
    assert_int_equal(batch.records_count, 1);
    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    assert_int_equal(record.purpose, wire_Purpose_TEST);
    assert_string_equal(record.line_id, "t");
    assert_int_equal(record.provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(fixture->closed, 1);
}

static void a_refused_key_fails_at_once_and_is_not_tried_again(void **state)
{
    struct fixture *fixture = *state;

    offer(fixture, fixture->base_url, "another", 7);
    const wire_TrialReport report = settle(fixture);
    assert_false(fixture->is_passed);
    assert_int_equal(report.error_class, wire_ErrorClass_AUTH);
    assert_int_equal(report.step, wire_TrialStep_TRIAL_CONNECTED);
    assert_int_equal(report.tries, 1);
    assert_false(report.retryable);
    assert_false(offer(fixture, fixture->base_url, "another", 7));
    assert_true(offer(fixture, fixture->base_url, KEY, 8));
    settle(fixture);
    assert_true(fixture->is_passed);
}

static void a_vendor_out_of_reach_is_tried_until_the_window_is_over(void **state)
{
    struct fixture *fixture = *state;

    offer(fixture, "http://127.0.0.1:1/v1", KEY, 7);
    const wire_TrialReport report = settle(fixture);
    assert_false(fixture->is_passed);
    assert_int_equal(report.error_class, wire_ErrorClass_NET);
    assert_true(report.retryable);
    assert_true(report.tries >= 2);
}

static void without_a_route_or_when_withdrawn_nobody_is_asked(void **state)
{
    struct fixture *fixture = *state;
    wire_TrialReport report;

    offer(fixture, NULL, KEY, 7);
    report = settle(fixture);
    assert_int_equal(report.step, wire_TrialStep_TRIAL_HELD);
    assert_false(report.retryable);
    offer(fixture, fixture->base_url, KEY, 8);
    assert_int_equal(loop_turn(fixture->loop, 0, NULL), STATUS_OK);
    tryout_withdraw(fixture->tryout);
    assert_false(tryout_report(fixture->tryout, &report));
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_turn(fixture->loop, 10, NULL), STATUS_OK);
    assert_int_equal(fixture->settled, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_route_that_answers_passes_by_the_trials_own_credit),
        TEST(a_refused_key_fails_at_once_and_is_not_tried_again),
        TEST(a_vendor_out_of_reach_is_tried_until_the_window_is_over),
        TEST(without_a_route_or_when_withdrawn_nobody_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
