/* The conversations of simulated robots with a real myna-vendors: what stands in the journal is
 * compared with the vendor's ledger (invariant I1, up to the server). */
#include "tests/robots/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/json.h"

#define KEY       "sk-of-the-talk-test"
#define TALKS     12
#define MAX_LINES 4000

struct fixture {
    char folder[64];
    char base_url[96];
    pid_t vendor;
    struct loop *loop;
    struct asker *asker;
    struct plans *plans;
    struct journal *journals[TALKS];
    struct talk *talks[TALKS];
};

/* What both sides say of one request. */
struct pair {
    char id[64];
    bool in_ledger, in_journal;
    int64_t status, input, output;
    wire_UsageRecord record;
};

static void start_vendor(struct fixture *fixture, const char *faults)
{
    char ledger[96], line[128] = "";
    int ends[2];

    snprintf(ledger, sizeof ledger, "%s/ledger", fixture->folder);
    assert_int_equal(pipe(ends), 0);
    fixture->vendor = fork();
    if (fixture->vendor == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl(MYNA_VENDORS, MYNA_VENDORS, "--key", KEY, "--ledger", ledger, "--models", "m",
              "--fault", faults, (char *)NULL);
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

static void stop_vendor(struct fixture *fixture)
{
    int status = -1;

    kill(fixture->vendor, SIGTERM);
    assert_int_equal(waitpid(fixture->vendor, &status, 0), fixture->vendor);
    fixture->vendor = 0;
    assert_int_equal(status, 0);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-talk-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL || loop_create(&fixture->loop) != STATUS_OK ||
        asker_create(&fixture->asker, fixture->loop) != STATUS_OK ||
        plans_create(&fixture->plans) != STATUS_OK)
        return -1;
    *state = fixture;
    return 0;
}

static void journal_path(const struct fixture *fixture, int index, char out[96])
{
    snprintf(out, 96, "%s/journal-%d", fixture->folder, index);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char path[96];

    for (int i = 0; i < TALKS; i++) {
        talk_free(fixture->talks[i]);
        journal_close(fixture->journals[i]);
        journal_path(fixture, i, path);
        unlink(path);
    }
    if (fixture->vendor > 0)
        kill(fixture->vendor, SIGKILL);
    asker_free(fixture->asker);
    plans_free(fixture->plans);
    loop_free(fixture->loop);
    snprintf(path, sizeof path, "%s/ledger", fixture->folder);
    unlink(path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void on_closed(void *context)
{
    (void)context;
}

static bool is_online(void *context)
{
    (void)context;
    return false;
}

static void fill_route(wire_Route *route, const char *base_url, const char *key)
{
    snprintf(route->vendor, sizeof route->vendor, "dahan");
    snprintf(route->model, sizeof route->model, "m");
    snprintf(route->dialect, sizeof route->dialect, "openai");
    snprintf(route->contract, sizeof route->contract, "c");
    snprintf(route->line_id, sizeof route->line_id, "l");
    snprintf(route->base_url, sizeof route->base_url, "%s", base_url);
    snprintf(route->api_key, sizeof route->api_key, "%s", key);
}

static struct plan *make_plan(struct fixture *fixture, size_t routes)
{
    static uint8_t bytes[LIMIT_CONFIG_BYTES];
    wire_ConfigContent *content = calloc(1, sizeof *content);
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct plan *plan = NULL;
    size_t size;

    /* the first of two is a vendor that nobody can reach */
    content->routes_count = (pb_size_t)routes;
    if (routes == 2)
        fill_route(&content->routes[0], "http://127.0.0.1:1/v1", KEY);
    fill_route(&content->routes[routes - 1], fixture->base_url, KEY);
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, content, bytes, sizeof bytes, &size),
                     STATUS_OK);
    free(content);
    const struct span encoded = span_of(bytes, size);
    crypto_sha256(&encoded, 1, hash);
    assert_int_equal(plans_take(fixture->plans, encoded, hash, &plan), STATUS_OK);
    return plan;
}

static void open_journal(struct fixture *fixture, int index)
{
    const wire_CreditLine line = {.line_id = "l", .unlimited = true};
    char path[96];
    const struct journal_options options = {.path = path,
                                            .device_id = "robot",
                                            .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
                                            .now_ms = clock_wall_ms()};

    journal_path(fixture, index, path);
    assert_int_equal(journal_open(&fixture->journals[index], &options), STATUS_OK);
    assert_int_equal(journal_grant(fixture->journals[index], 1, &line, 1), STATUS_OK);
}

/* With an owner who interrupts so often, the vendors of patience so often. */
static void start_talk_with(struct fixture *fixture, int index, struct plan *plan,
                            unsigned interrupt_percent, const struct settings_patience *patience,
                            size_t patience_count)
{
    char name[16];
    struct talk_options talk = {
        .loop = fixture->loop,
        .asker = fixture->asker,
        .plans = fixture->plans,
        .turns_per_minute = 300,
        .think_ms = 5,
        .interrupt_percent = interrupt_percent,
        .patience = patience,
        .patience_count = patience_count,
        .on_closed = on_closed,
        .is_online = is_online,
    };

    open_journal(fixture, index);
    talk.journal = fixture->journals[index];
    snprintf(name, sizeof name, "talk %d", index);
    dice_init(&talk.dice, 1, span_text(name));
    assert_int_equal(talk_create(&fixture->talks[index], &talk), STATUS_OK);
    talk_set_plan(fixture->talks[index], plan, 3);
}

static void start_talk(struct fixture *fixture, int index, struct plan *plan,
                       unsigned interrupt_percent)
{
    start_talk_with(fixture, index, plan, interrupt_percent, NULL, 0);
}

static void run_for(struct fixture *fixture, int64_t duration_ms)
{
    int64_t end_ms = clock_mono_ms() + duration_ms;

    while (clock_mono_ms() < end_ms)
        assert_int_equal(loop_turn(fixture->loop, 100, NULL), STATUS_OK);
}

static struct pair *find_pair(struct pair *pairs, size_t *count, const char *id)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(pairs[i].id, id) == 0)
            return &pairs[i];
    assert_true(*count < MAX_LINES);
    snprintf(pairs[*count].id, sizeof pairs[*count].id, "%s", id);
    return &pairs[(*count)++];
}

static void read_ledger(const struct fixture *fixture, struct pair *pairs, size_t *count)
{
    char path[96], problem[160];
    uint8_t *data = NULL;
    size_t size;

    snprintf(path, sizeof path, "%s/ledger", fixture->folder);
    assert_int_equal(file_read(path, 8u << 20, &data, &size), STATUS_OK);
    for (uint8_t *line = data, *end; line < data + size; line = end + 1) {
        struct json *json = NULL;

        end = memchr(line, '\n', (size_t)(data + size - line));
        assert_non_null(end);
        assert_int_equal(json_parse(span_of(line, (size_t)(end - line)), &json, problem),
                         STATUS_OK);
        struct pair *pair = find_pair(pairs, count, json_text(json_member(json, "request_id"), ""));
        assert_false(pair->in_ledger);
        pair->in_ledger = true;
        pair->status = json_int(json_member(json, "status"), 0);
        pair->input = json_int(json_member(json, "input"), 0);
        pair->output = json_int(json_member(json, "output"), 0);
        json_free(json);
    }
    free(data);
}

static void take_record(struct span bytes, struct pair *pairs, size_t *count)
{
    char turn[ENCODE_UUID_SIZE], id[64];
    wire_UsageRecord record;

    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD, bytes, &record), STATUS_OK);
    encode_uuid(record.turn, turn);
    snprintf(id, sizeof id, "%s-%u", turn, (unsigned)record.attempt);
    struct pair *pair = find_pair(pairs, count, id);
    assert_false(pair->in_journal);
    pair->in_journal = true;
    pair->record = record;
}

static void read_journal(struct journal *journal, struct pair *pairs, size_t *count)
{
    wire_UsageBatch *batch = calloc(1, sizeof *batch);

    while (journal_next_batch(journal, LIMIT_BATCH_RECORDS, batch) == STATUS_OK) {
        uint8_t hash[CRYPTO_HASH_SIZE];

        memcpy(hash, batch->previous_hash, sizeof hash);
        for (size_t i = 0; i < batch->records_count; i++) {
            const struct span record = span_of(batch->records[i].bytes, batch->records[i].size);

            chain_next(hash, record);
            take_record(record, pairs, count);
        }
        assert_int_equal(journal_acknowledge(journal, batch->journal_id,
                                             batch->first_seq + batch->records_count - 1, hash),
                         STATUS_OK);
        batch->records_count = 0;
    }
    free(batch);
}

/* Every request is in both books or was never sent, and they agree as far as its provenance says.
 */
static void compare(const struct pair *pair, size_t seen[8])
{
    const wire_UsageRecord *record = &pair->record;
    int64_t input = (int64_t)(record->input_uncached + record->input_cached);
    int64_t output = (int64_t)(record->output + record->reasoning);

    assert_true(pair->in_journal);
    seen[record->provenance]++;
    assert_int_equal(pair->in_ledger, record->requests == 1);
    switch (record->provenance) {
    case wire_Provenance_VENDOR_FINAL:
        assert_int_equal(input, pair->input);
        assert_int_equal(output, pair->output);
        break;
    case wire_Provenance_NOT_SENT:
        assert_int_equal(input + output, 0);
        break;
    default:
        assert_true((int64_t)record->reserved_input >= pair->input);
        assert_true((int64_t)record->reserved_output >= pair->output);
        break;
    }
}

/* Stops the talks and compares; seen counts the records by provenance. */
static size_t settle(struct fixture *fixture, size_t seen[8])
{
    struct pair *pairs = calloc(MAX_LINES, sizeof *pairs);
    size_t count = 0;

    for (int i = 0; i < TALKS; i++) {
        talk_free(fixture->talks[i]);
        fixture->talks[i] = NULL;
    }
    stop_vendor(fixture);
    read_ledger(fixture, pairs, &count);
    for (int i = 0; i < TALKS; i++)
        if (fixture->journals[i] != NULL)
            read_journal(fixture->journals[i], pairs, &count);
    for (size_t i = 0; i < count; i++)
        compare(&pairs[i], seen);
    free(pairs);
    return count;
}

static void every_attempt_is_in_the_journal_once_as_the_ledger_has_it(void **state)
{
    struct fixture *fixture = *state;
    size_t seen[8] = {0};

    start_vendor(fixture, "tokens_per_s=400,first_token_ms=5,jitter_ms=10,429=0.1,500=0.05,"
                          "503=0.05,quota=0.02,cut=0.15,no_usage=0.1,retry_after_s=0");
    struct plan *plan = make_plan(fixture, 1);
    for (int i = 0; i < TALKS; i++)
        start_talk(fixture, i, plan, 20);
    plans_release(fixture->plans, plan);
    run_for(fixture, 6000);
    assert_true(settle(fixture, seen) > 100);
    assert_true(seen[wire_Provenance_VENDOR_FINAL] > 50);
    assert_true(seen[wire_Provenance_ESTIMATED] > 10);
}

static void run_until_turns(struct fixture *fixture, uint64_t turns)
{
    const int64_t until_ms = clock_mono_ms() + 60000;

    while (talk_counts(fixture->talks[0])->turns < turns && clock_mono_ms() < until_ms)
        run_for(fixture, 100);
    assert_true(talk_counts(fixture->talks[0])->turns >= turns);
}

static void run_until_denied(struct fixture *fixture, uint64_t turns)
{
    const int64_t until_ms = clock_mono_ms() + 90000;

    while (talk_counts(fixture->talks[0])->denied < turns && clock_mono_ms() < until_ms)
        run_for(fixture, 100);
}

/* An owner who lets everybody finish but one vendor, and one who cuts short everybody but it. */
static void owners_have_another_patience_with_some_vendors(void **state)
{
    static const struct settings_patience never = {"dahan", 0}, always = {"dahan", 100};
    struct fixture *fixture = *state;
    struct settings_patience others[2] = {{"erxian", 50}, always};
    size_t seen[8] = {0};

    start_vendor(fixture, "tokens_per_s=5,first_token_ms=5,jitter_ms=5");
    struct plan *plan = make_plan(fixture, 1);
    plan->max_output_tokens = 20; /* four seconds: none is over before its owner has had enough */
    start_talk_with(fixture, 0, plan, 0, others, 2);
    start_talk_with(fixture, 1, plan, 100, &never, 1);
    plans_release(fixture->plans, plan);
    run_until_turns(fixture, 2);
    while (talk_counts(fixture->talks[1])->turns < 1)
        run_for(fixture, 100);
    assert_true(talk_counts(fixture->talks[0])->interrupted >= 2);
    assert_int_equal(talk_counts(fixture->talks[1])->interrupted, 0);
    settle(fixture, seen);
}

/* Three failures in a row, retries among them, and it is left out for 7.5 s and more. */
static void a_route_that_is_down_is_left_out_while_the_next_one_answers(void **state)
{
    struct fixture *fixture = *state;
    size_t seen[8] = {0};

    start_vendor(fixture, "tokens_per_s=2000,first_token_ms=5,jitter_ms=5");
    struct plan *plan = make_plan(fixture, 2);
    const int64_t started_ms = clock_mono_ms();
    start_talk(fixture, 0, plan, 0);
    plans_release(fixture->plans, plan);
    run_until_turns(fixture, 6);
    const struct talk_counts counts = *talk_counts(fixture->talks[0]);
    const int64_t trials = (clock_mono_ms() - started_ms) / 7500;
    wire_Health health = {0};
    talk_tell_circuits(fixture->talks[0], &health);
    settle(fixture, seen);
    assert_int_equal(counts.failed, 0);
    assert_true(seen[wire_Provenance_VENDOR_FINAL] >= 6);
    assert_in_range(seen[wire_Provenance_NOT_SENT], 3, 3 + trials);
    assert_int_equal(health.circuits_count, 1);
    assert_int_equal(health.circuits[0].error_class, wire_ErrorClass_NET);
    assert_in_range(health.circuits[0].failures, 3, 3 + trials);
}

static void a_robot_whose_only_route_is_left_out_asks_it_all_the_same_and_once(void **state)
{
    struct fixture *fixture = *state;
    size_t seen[8] = {0};

    start_vendor(fixture, "quota=1");
    struct plan *plan = make_plan(fixture, 1);
    start_talk(fixture, 0, plan, 0);
    plans_release(fixture->plans, plan);
    run_until_turns(fixture, 4);
    const struct talk_counts counts = *talk_counts(fixture->talks[0]);
    settle(fixture, seen);
    assert_int_equal(counts.failed, counts.turns);
    assert_in_range(counts.attempts, counts.turns, counts.turns + 1);
}

static void without_a_route_turns_fail_and_nothing_is_opened(void **state)
{
    struct fixture *fixture = *state;
    struct plan *plan = plans_default(fixture->plans);

    start_talk(fixture, 0, plan, 0);
    plans_release(fixture->plans, plan);
    run_for(fixture, 1500);
    const struct talk_counts *counts = talk_counts(fixture->talks[0]);
    assert_true(counts->turns > 0);
    assert_int_equal(counts->failed, counts->turns);
    assert_int_equal(counts->attempts, 0);
    assert_int_equal(journal_pending(fixture->journals[0]), 0);
}

/* The line counts output tokens: what the vendor's ledger adds up to stays within what was granted,
 * the last attempts are cut to what is left, and those after them are refused. */
static void i2_robots_keep_within_the_credit_of_their_line(void **state)
{
    enum { GRANTED = 2000 };
    struct fixture *fixture = *state;
    const wire_CreditLine line = {
        .line_id = "bound",
        .measures_count = 1,
        .measures = {
            {.weights_count = 6, .weights = {[4] = 1, [5] = 1}, .divisor = 1, .granted = GRANTED}}};
    struct pair *pairs = calloc(MAX_LINES, sizeof *pairs);
    size_t count = 0;
    int64_t output = 0;

    start_vendor(fixture, "tokens_per_s=4000,first_token_ms=5,jitter_ms=5");
    struct plan *plan = make_plan(fixture, 1);
    snprintf(plan->routes[0].line_id, sizeof plan->routes[0].line_id, "bound");
    start_talk(fixture, 0, plan, 0);
    assert_int_equal(journal_grant(fixture->journals[0], 1, &line, 1), STATUS_OK);
    plans_release(fixture->plans, plan);
    run_until_denied(fixture, 5);
    const struct talk_counts counts = *talk_counts(fixture->talks[0]);
    talk_free(fixture->talks[0]);
    fixture->talks[0] = NULL;
    stop_vendor(fixture);
    read_ledger(fixture, pairs, &count);
    for (size_t i = 0; i < count; i++)
        output += pairs[i].output;
    free(pairs);
    assert_true(output <= GRANTED && output > GRANTED - 400);
    assert_true(counts.attempts > 3 && counts.clipped > 0);
    assert_true(counts.denied > 3);
    assert_int_equal(counts.refused, counts.denied);
}

static void a_robot_whose_configuration_blocks_it_asks_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct plan *plan = make_plan(fixture, 1);

    plan->asks_nobody = true;
    start_talk(fixture, 0, plan, 0);
    plans_release(fixture->plans, plan);
    run_for(fixture, 1500);
    const struct talk_counts *counts = talk_counts(fixture->talks[0]);
    assert_true(counts->limited > 0);
    assert_int_equal(counts->limited, counts->failed);
    assert_int_equal(counts->attempts + counts->refused, 0);
    assert_int_equal(talk_probe(fixture->talks[0], "dahan/m", NULL), STATUS_DENIED);
}

static void questions_are_spaced_by_turns_per_minute(void **state)
{
    struct fixture *fixture = *state;

    start_vendor(fixture, "tokens_per_s=4000,first_token_ms=5,jitter_ms=5");
    struct plan *plan = make_plan(fixture, 1);
    plan->turns_per_minute = 60;
    start_talk(fixture, 0, plan, 0); /* its owner asks five times a second */
    plans_release(fixture->plans, plan);
    run_for(fixture, 3500);
    const uint64_t attempts = talk_counts(fixture->talks[0])->attempts;
    assert_true(attempts >= 2 && attempts <= 4);
}

struct probed {
    int calls;
    char reason[64];
};

static void note_probe(void *context, const char *reason)
{
    struct probed *probed = context;

    probed->calls++;
    snprintf(probed->reason, sizeof probed->reason, "%s", reason);
}

static void a_probe_asks_its_route_alone(void **state)
{
    struct fixture *fixture = *state;
    struct probed probed = {0};
    struct talk_options talk = {.loop = fixture->loop,
                                .asker = fixture->asker,
                                .plans = fixture->plans,
                                .context = &probed,
                                .on_closed = on_closed,
                                .is_online = is_online};

    start_vendor(fixture, "tokens_per_s=2000,first_token_ms=5,jitter_ms=5");
    open_journal(fixture, 0);
    talk.journal = fixture->journals[0];
    assert_int_equal(talk_create(&fixture->talks[0], &talk), STATUS_OK);
    struct plan *plan = make_plan(fixture, 1);
    talk_set_plan(fixture->talks[0], plan, 1);
    plans_release(fixture->plans, plan);
    assert_int_equal(talk_probe(fixture->talks[0], "dahan/other", note_probe), STATUS_NOT_FOUND);
    assert_int_equal(talk_probe(fixture->talks[0], "dahan/m", note_probe), STATUS_OK);
    assert_int_equal(talk_probe(fixture->talks[0], "dahan/m", note_probe), STATUS_AGAIN);
    run_for(fixture, 1500);
    assert_int_equal(probed.calls, 1);
    assert_string_equal(probed.reason, "");
    assert_int_equal(journal_pending(fixture->journals[0]), 1);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(every_attempt_is_in_the_journal_once_as_the_ledger_has_it),
        WITH_LOOP(owners_have_another_patience_with_some_vendors),
        WITH_LOOP(a_route_that_is_down_is_left_out_while_the_next_one_answers),
        WITH_LOOP(a_robot_whose_only_route_is_left_out_asks_it_all_the_same_and_once),
        WITH_LOOP(without_a_route_turns_fail_and_nothing_is_opened),
        WITH_LOOP(a_probe_asks_its_route_alone),
        WITH_LOOP(i2_robots_keep_within_the_credit_of_their_line),
        WITH_LOOP(a_robot_whose_configuration_blocks_it_asks_nobody),
        WITH_LOOP(questions_are_spaced_by_turns_per_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
