/* A robot whose voice is a vendor's: what is heard, what the journal holds and what the vendor
 * bills, when all goes well and when it does not. It is never mute. */
#include "agent/vendor_voice.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/voice/speaker.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "schema/wire/message.h"
#include "tests/integration/agent/robot.h"

#define WAIT_MS 30000

static const char first[] = "Here is the first one.";
static const char second[] = "And here another.";

struct talking {
    struct robot robot; /* its journal and its vendor */
    struct settings *settings;
    struct attempts attempts;
    struct vendor_voice *voice;
    struct speaker *speaker;
    char path[64];
    pthread_mutex_t lock;
    unsigned started, finished, failed, turns_finished;
    unsigned used;
};

static void on_event(void *context, const struct speaker_event *event)
{
    struct talking *talking = context;

    pthread_mutex_lock(&talking->lock);
    talking->started += event->kind == SPEAKER_CLAUSE_STARTED;
    talking->finished += event->kind == SPEAKER_CLAUSE_FINISHED;
    talking->failed += event->kind == SPEAKER_CLAUSE_FAILED;
    talking->turns_finished += event->kind == SPEAKER_TURN_FINISHED;
    pthread_mutex_unlock(&talking->lock);
}

static void on_used(void *context)
{
    struct talking *talking = context;

    pthread_mutex_lock(&talking->lock);
    talking->used++;
    pthread_mutex_unlock(&talking->lock);
}

/* One speech route, with this line of credit ("": no line). */
static void configure(struct talking *talking, uint64_t generation, const char *line_id)
{
    wire_ConfigContent *content = calloc(1, sizeof *content);
    uint8_t *bytes = malloc(LIMIT_MESSAGE_BYTES), hash[CRYPTO_HASH_SIZE];
    size_t size;

    assert_non_null(content);
    assert_non_null(bytes);
    content->routes_count = 1;
    wire_Route *route = &content->routes[0];
    *route = (wire_Route){.use = wire_RouteUse_SPEECH,
                          .vendor = "dahan",
                          .model = "dahan-voice",
                          .contract = "c",
                          .contract_version = 1,
                          .dialect = "openai",
                          .api_key = "good"};
    snprintf(route->base_url, sizeof route->base_url, "%s", robot_base_url(&talking->robot));
    snprintf(route->line_id, sizeof route->line_id, "%s", line_id);
    assert_int_equal(
        message_encode(MESSAGE_CONFIG_CONTENT, content, bytes, LIMIT_MESSAGE_BYTES, &size),
        STATUS_OK);
    const struct span span = span_of(bytes, size);
    crypto_sha256(&span, 1, hash);
    settings_configure(talking->settings, generation, span, hash);
    free(bytes);
    free(content);
}

static struct talking *build(void **state, const char *line_id)
{
    struct talking *talking = calloc(1, sizeof *talking);

    assert_non_null(talking);
    robot_build(&talking->robot, *state, SILENT);
    pthread_mutex_init(&talking->lock, NULL);
    snprintf(talking->path, sizeof talking->path, "%s/config", talking->robot.vendor->folder);
    unlink(talking->path);
    const struct settings_options settings = {.path = talking->path, .regions = ""};
    assert_int_equal(settings_open(&talking->settings, &settings), STATUS_OK);
    configure(talking, 1, line_id);
    attempts_init(&talking->attempts);
    const struct vendor_voice_options options = {.journal = talking->robot.journal,
                                                 .settings = talking->settings,
                                                 .attempts = &talking->attempts,
                                                 .on_used = on_used,
                                                 .context = talking};
    assert_int_equal(vendor_voice_create(&talking->voice, &options), STATUS_OK);
    const struct speaker_vendor vendor = vendor_voice_for_speaker(talking->voice, MYNA_VOICE_HTTP);
    const struct speaker_options speaker = {.voice_program = MYNA_VOICE,
                                            .vendor = &vendor,
                                            .audio = {.sink = AUDIO_SINK_SILENT, .volume = 50},
                                            .rate_wpm = 440,
                                            .pitch = -1,
                                            .volume = 50,
                                            .on_event = on_event,
                                            .context = talking};
    assert_int_equal(speaker_create(&talking->speaker, &speaker), STATUS_OK);
    return talking;
}

static void dismantle(struct talking *talking)
{
    speaker_free(talking->speaker);
    vendor_voice_free(talking->voice);
    attempts_release(&talking->attempts);
    settings_close(talking->settings);
    unlink(talking->path);
    pthread_mutex_destroy(&talking->lock);
    robot_dismantle(&talking->robot);
    free(talking);
}

static void begin(struct talking *talking)
{
    talking->robot.number++;
    crypto_uuid(talking->robot.uuid);
    attempts_begin(&talking->attempts, talking->robot.number, talking->robot.uuid);
    assert_int_equal(speaker_begin_turn(talking->speaker, talking->robot.number), STATUS_OK);
}

static void say(struct talking *talking, const char *text)
{
    assert_int_equal(speaker_say(talking->speaker, talking->robot.number, span_text(text), NULL),
                     STATUS_OK);
}

static unsigned count_of(struct talking *talking, const unsigned *counter)
{
    pthread_mutex_lock(&talking->lock);
    const unsigned count = *counter;
    pthread_mutex_unlock(&talking->lock);
    return count;
}

static void wait_for(struct talking *talking, const unsigned *counter, unsigned wanted)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (count_of(talking, counter) < wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_true(count_of(talking, counter) >= wanted);
}

static unsigned open_attempts(struct talking *talking)
{
    wire_JournalHead head;

    journal_head(talking->robot.journal, &head);
    return head.open_attempts;
}

static void wait_closed(struct talking *talking)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (open_attempts(talking) > 0 && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_int_equal(open_attempts(talking), 0);
    robot_read_records(&talking->robot);
}

/* Says both sentences to their end. */
static void say_both(struct talking *talking)
{
    const unsigned turns = count_of(talking, &talking->turns_finished);

    begin(talking);
    say(talking, first);
    say(talking, second);
    speaker_end_turn(talking->speaker, talking->robot.number);
    wait_for(talking, &talking->turns_finished, turns + 1);
    wait_closed(talking);
}

static void assert_heard(struct talking *talking, const char *text)
{
    struct buffer heard;

    buffer_init(&heard, 4096);
    assert_int_equal(speaker_heard(talking->speaker, talking->robot.number, &heard), STATUS_OK);
    assert_string_equal(buffer_cstring(&heard), text);
    buffer_release(&heard);
}

static int64_t billed(const struct talking *talking, unsigned attempt)
{
    struct json *line = robot_bill(&talking->robot, attempt);
    const int64_t chars = json_int(json_member(line, "chars"), -1);

    json_free(line);
    return chars;
}

static void i1_each_clause_is_an_attempt_that_the_vendor_bills_the_same(void **state)
{
    struct talking *talking = build(state, "");

    say_both(talking);
    assert_int_equal(talking->failed, 0);
    assert_int_equal(talking->finished, 2);
    assert_int_equal(talking->robot.record_count, 2);
    assert_true(talking->robot.records[0].attempt != talking->robot.records[1].attempt);
    for (size_t i = 0; i < 2; i++) {
        const wire_UsageRecord *record = &talking->robot.records[i];

        /* both were under way at once: either may have ended first */
        assert_in_range(record->attempt, 1, 2);
        assert_int_equal(record->provenance, wire_Provenance_ESTIMATED);
        assert_int_equal(record->outcome, wire_Outcome_ANSWERED);
        assert_int_equal(record->requests, 1);
        assert_true(record->first_audio_ms > 0);
        assert_string_equal(record->model, "dahan-voice");
        assert_int_equal(record->audio_out_chars, strlen(record->attempt == 1 ? first : second));
        assert_int_equal(billed(talking, record->attempt), record->audio_out_chars);
    }
    dismantle(talking);
}

static void what_a_vendor_refuses_is_said_offline_and_it_is_left_alone(void **state)
{
    struct talking *talking = build(state, "");
    char both[128];

    robot_behave(&talking->robot, "{\"500\":1}");
    say_both(talking);
    robot_behave(&talking->robot, ROBOT_FAST);
    snprintf(both, sizeof both, "%s%s", first, second);
    assert_heard(talking, both);
    assert_int_equal(talking->failed, 0);
    assert_in_range(talking->robot.record_count, 1, 2); /* the second may have been sent ahead */
    for (size_t i = 0; i < talking->robot.record_count; i++) {
        assert_int_equal(talking->robot.records[i].provenance, wire_Provenance_VENDOR_FINAL);
        assert_int_equal(talking->robot.records[i].outcome, wire_Outcome_FAILED);
        assert_int_equal(talking->robot.records[i].error_class, wire_ErrorClass_BUSY);
        assert_int_equal(talking->robot.records[i].audio_out_chars, 0);
        assert_int_equal(billed(talking, talking->robot.records[i].attempt), 0);
    }
    const size_t asked = talking->robot.record_count;
    say_both(talking);
    assert_int_equal(talking->robot.record_count, asked);
    dismantle(talking);
}

static void what_breaks_off_is_said_to_its_end_by_the_offline_voice(void **state)
{
    struct talking *talking = build(state, "");
    char both[128];

    robot_behave(&talking->robot, "{\"cut\":1}");
    say_both(talking);
    robot_behave(&talking->robot, ROBOT_FAST);
    snprintf(both, sizeof both, "%s%s", first, second);
    assert_heard(talking, both);
    assert_int_equal(talking->failed, 0);
    for (size_t i = 0; i < talking->robot.record_count; i++) {
        const wire_UsageRecord *record = &talking->robot.records[i];

        assert_int_equal(record->outcome, wire_Outcome_FAILED);
        assert_true(billed(talking, record->attempt) <= (int64_t)record->audio_out_chars);
    }
    dismantle(talking);
}

/* The children of this process whose program has this name. */
static unsigned kill_children(const char *name)
{
    unsigned killed = 0;
    DIR *folder = opendir("/proc");
    struct dirent *entry;

    assert_non_null(folder);
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    while ((entry = readdir(folder)) != NULL) {
        char path[300], line[300] = "", program[64];
        int pid, parent;

        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        if (fgets(line, sizeof line, file) &&
            sscanf(line, "%d (%63[^)]) %*c %d", &pid, program, &parent) == 3 &&
            parent == getpid() && strcmp(program, name) == 0) {
            kill(pid, SIGKILL);
            killed++;
        }
        fclose(file);
    }
    closedir(folder);
    return killed;
}

static void a_voice_that_dies_loses_no_word_and_no_attempt(void **state)
{
    struct talking *talking = build(state, "");
    char both[128];

    begin(talking);
    say(talking, first);
    say(talking, second);
    speaker_end_turn(talking->speaker, talking->robot.number);
    wait_for(talking, &talking->started, 1);
    assert_int_equal(kill_children("myna-voice-http"), 1);
    wait_for(talking, &talking->turns_finished, 1);
    wait_closed(talking);
    snprintf(both, sizeof both, "%s%s", first, second);
    assert_heard(talking, both);
    assert_int_equal(talking->failed, 0);
    dismantle(talking);
}

static void an_offline_voice_that_dies_says_its_clause_again(void **state)
{
    struct talking *talking = build(state, "");

    configure(talking, 2, "");
    robot_behave(&talking->robot, "{\"503\":1}");
    say_both(talking); /* from now on the vendor is left alone */
    robot_behave(&talking->robot, ROBOT_FAST);
    assert_int_equal(kill_children("myna-voice"), 1);
    say_both(talking);
    assert_int_equal(talking->failed, 0);
    assert_int_equal(talking->finished, 4);
    dismantle(talking);
}

static void an_interruption_ends_the_requests_and_the_journal_knows(void **state)
{
    struct talking *talking = build(state, "");

    robot_behave(&talking->robot, "{\"first_token_ms\":400}");
    begin(talking);
    say(talking, first);
    say(talking, second);
    wait_for(talking, &talking->started, 1);
    speaker_interrupt(talking->speaker, talking->robot.number);
    wait_closed(talking);
    robot_behave(&talking->robot, ROBOT_FAST);
    assert_int_equal(talking->robot.record_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const wire_UsageRecord *record = &talking->robot.records[i];

        /* what had come in full before is an answer, only nobody hears it */
        assert_true(record->outcome == wire_Outcome_INTERRUPTED ||
                    record->outcome == wire_Outcome_ANSWERED);
        assert_true(record->error_class == wire_ErrorClass_ERROR_NONE);
        assert_true(billed(talking, record->attempt) <= (int64_t)record->audio_out_chars);
    }
    dismantle(talking);
}

static void grant_chars(struct talking *talking, uint64_t granted)
{
    wire_CreditLine line = {.line_id = "line-0", .measures_count = 1};

    line.measures[0] = (wire_CreditMeasure){
        .weights_count = LIMIT_WEIGHTS, .weights = {[7] = 1}, .divisor = 1, .granted = granted};
    assert_int_equal(journal_grant(talking->robot.journal, 1, &line, 1), STATUS_OK);
}

static void i2_without_credit_no_vendor_speaks_and_the_robot_does(void **state)
{
    struct talking *talking = build(state, "line-0");

    grant_chars(talking, strlen(first) - 1);
    say_both(talking);
    /* the second sentence fits what is granted and the first did not; a refused route rests */
    assert_int_equal(talking->robot.record_count, 0);
    assert_int_equal(talking->finished, 2);
    assert_true(talking->used > 0); /* the server hears that credit is wanted */
    wire_CreditUse use[LIMIT_CREDIT_LINES];
    pb_size_t count;
    journal_credit(talking->robot.journal, use, &count);
    assert_true(use[0].amounts[0].wanted >= strlen(first));

    grant_chars(talking, 1000);
    configure(talking, 2, "line-0");
    vendor_voice_settings_changed(talking->voice);
    say_both(talking);
    assert_int_equal(talking->robot.record_count, 2);
    journal_credit(talking->robot.journal, use, &count);
    assert_int_equal(use[0].amounts[0].used, strlen(first) + strlen(second));
    assert_int_equal(use[0].amounts[0].open, 0);
    dismantle(talking);
}

static void a_refusal_gives_its_reservation_back(void **state)
{
    struct talking *talking = build(state, "line-0");
    wire_CreditUse use[LIMIT_CREDIT_LINES];
    pb_size_t count;

    grant_chars(talking, 1000);
    robot_behave(&talking->robot, "{\"429\":1}");
    say_both(talking);
    robot_behave(&talking->robot, ROBOT_FAST);
    journal_credit(talking->robot.journal, use, &count);
    assert_int_equal(use[0].amounts[0].used, 0);
    assert_int_equal(use[0].amounts[0].open, 0);
    dismantle(talking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i1_each_clause_is_an_attempt_that_the_vendor_bills_the_same),
        cmocka_unit_test(what_a_vendor_refuses_is_said_offline_and_it_is_left_alone),
        cmocka_unit_test(what_breaks_off_is_said_to_its_end_by_the_offline_voice),
        cmocka_unit_test(a_voice_that_dies_loses_no_word_and_no_attempt),
        cmocka_unit_test(an_offline_voice_that_dies_says_its_clause_again),
        cmocka_unit_test(an_interruption_ends_the_requests_and_the_journal_knows),
        cmocka_unit_test(i2_without_credit_no_vendor_speaks_and_the_robot_does),
        cmocka_unit_test(a_refusal_gives_its_reservation_back),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}
