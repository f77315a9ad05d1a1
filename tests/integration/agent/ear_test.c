/* An owner who speaks to the robot: what a vendor hears, what the journal holds, what is billed,
 * and what never leaves the robot. The voice is myna-voice's, so the vendor really listens. */
#include "agent/ear/ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "tests/integration/agent/robot.h"

#define WAIT_MS   30000
#define SPEECH_HZ 24000 /* what the vendor speaks at */

struct listening {
    struct robot robot; /* its journal and its vendor */
    struct ear *ear;
    struct attempts attempts;
    struct transcriber_settings settings;
    char wav[64], mute_path[64];
    pthread_mutex_t lock;
    unsigned heard, called, used;
    char text[256], problem[256];
    uint8_t uuid[16];
};

/* --- the host --- */

static void on_state(void *context, enum attention_state state)
{
    (void)context, (void)state;
}

static void on_called(void *context)
{
    struct listening *listening = context;

    listening->called++;
}

static void on_heard(void *context, const struct transcriber_heard *heard)
{
    struct listening *listening = context;

    pthread_mutex_lock(&listening->lock);
    listening->heard++;
    snprintf(listening->text, sizeof listening->text, "%s", heard->text);
    snprintf(listening->problem, sizeof listening->problem, "%s",
             heard->problem ? heard->problem : "");
    memcpy(listening->uuid, heard->uuid, sizeof listening->uuid);
    pthread_mutex_unlock(&listening->lock);
}

static void on_used(void *context)
{
    struct listening *listening = context;

    pthread_mutex_lock(&listening->lock);
    listening->used++;
    pthread_mutex_unlock(&listening->lock);
}

static void read_settings(void *context, struct transcriber_settings *out)
{
    *out = ((struct listening *)context)->settings;
}

/* --- set-up --- */

static void set_route(struct listening *listening, size_t index, const char *key)
{
    wire_Route *route = &listening->settings.routes[index];

    *route = (wire_Route){.use = wire_RouteUse_TRANSCRIPTION, .contract_version = 1};
    snprintf(route->vendor, sizeof route->vendor, "ear-%zu", index);
    snprintf(route->model, sizeof route->model, "dahan-ear");
    snprintf(route->contract, sizeof route->contract, "contract-%zu", index);
    snprintf(route->base_url, sizeof route->base_url, "%s", robot_base_url(&listening->robot));
    snprintf(route->api_key, sizeof route->api_key, "%s", key);
    listening->settings.route_count = index + 1;
}

static void open_ear(struct listening *listening)
{
    const struct ear_options options = {
        .device = "file:/nowhere/at/all.wav",
        .mute_path = listening->mute_path,
        .journal = listening->robot.journal,
        .attempts = &listening->attempts,
        .host = {listening, on_state, on_called, on_heard, read_settings, on_used, NULL},
    };

    assert_int_equal(ear_start(&listening->ear, &options), STATUS_OK);
}

static struct listening *build(void **state)
{
    struct listening *listening = calloc(1, sizeof *listening);

    assert_non_null(listening);
    robot_build(&listening->robot, *state, SILENT);
    pthread_mutex_init(&listening->lock, NULL);
    attempts_init(&listening->attempts);
    listening->settings =
        (struct transcriber_settings){.generation = 3, .language = "auto", .may_ask = true};
    set_route(listening, 0, "good");
    snprintf(listening->wav, sizeof listening->wav, "%s/spoken.wav",
             listening->robot.vendor->folder);
    snprintf(listening->mute_path, sizeof listening->mute_path, "%s/muted",
             listening->robot.vendor->folder);
    open_ear(listening);
    return listening;
}

static void dismantle(struct listening *listening)
{
    ear_stop(listening->ear);
    ear_free(listening->ear);
    attempts_release(&listening->attempts);
    unlink(listening->wav);
    unlink(listening->mute_path);
    pthread_mutex_destroy(&listening->lock);
    robot_dismantle(&listening->robot);
    free(listening);
}

/* --- sounds --- */

static void put(uint8_t *at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void write_wav(const struct listening *listening, struct span pcm)
{
    uint8_t header[44] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0........\x02\0\x10\0data....";
    struct buffer file;

    put(header + 4, (uint32_t)pcm.size + 36, 4);
    put(header + 24, SPEECH_HZ, 4);
    put(header + 28, 2 * SPEECH_HZ, 4);
    put(header + 40, (uint32_t)pcm.size, 4);
    buffer_init(&file, 8u << 20);
    buffer_add(&file, span_of(header, sizeof header));
    buffer_add(&file, pcm);
    assert_int_equal(file_replace(listening->wav, buffer_span(&file), 0600), STATUS_OK);
    buffer_release(&file);
}

static void add_silence(struct buffer *pcm, unsigned ms)
{
    for (size_t i = 0; i < (size_t)ms * SPEECH_HZ / 1000; i++) {
        /* a quiet room, not digital zeros */
        const uint16_t value = (uint16_t)(int16_t)((int)(i * 7919 % 41) - 20);
        buffer_byte(pcm, (uint8_t)(value & 0xff));
        buffer_byte(pcm, (uint8_t)(value >> 8));
    }
}

/* Somebody says text, by the vendor's own voice, between two silences. */
static void prepare_speech(const struct listening *listening, const char *text)
{
    char url[96], body[256];
    const struct http_header headers[] = {{"Content-Type", "application/json"},
                                          {"Authorization", "Bearer good"}};
    struct http_request post = {.url = url, .headers = headers, .header_count = 2};
    struct http_result result;
    struct buffer pcm;

    snprintf(url, sizeof url, "%s/audio/speech", robot_base_url(&listening->robot));
    post.body = span_of(body, (size_t)snprintf(body, sizeof body,
                                               "{\"model\":\"dahan-voice\",\"voice\":\"a\","
                                               "\"response_format\":\"pcm\",\"input\":\"%s\"}",
                                               text));
    buffer_init(&pcm, 8u << 20);
    add_silence(&pcm, 300);
    assert_int_equal(http_fetch(listening->robot.vendor->http, &post, &pcm, &result), STATUS_OK);
    assert_int_equal(result.http_status, 200);
    add_silence(&pcm, 800);
    write_wav(listening, buffer_span(&pcm));
    buffer_release(&pcm);
}

static void prepare_silence(const struct listening *listening)
{
    struct buffer pcm;

    buffer_init(&pcm, 8u << 20);
    add_silence(&pcm, 1500);
    write_wav(listening, buffer_span(&pcm));
    buffer_release(&pcm);
}

/* --- looking --- */

static unsigned count_heard(struct listening *listening)
{
    pthread_mutex_lock(&listening->lock);
    const unsigned heard = listening->heard;
    pthread_mutex_unlock(&listening->lock);
    return heard;
}

static void wait_heard(struct listening *listening, unsigned wanted)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (count_heard(listening) < wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_int_equal(count_heard(listening), wanted);
    robot_read_records(&listening->robot);
}

static void wait_state(struct listening *listening, enum attention_state wanted)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (ear_state(listening->ear) != wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    assert_int_equal(ear_state(listening->ear), wanted);
}

static void hear(struct listening *listening)
{
    const unsigned heard = count_heard(listening);

    assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_OK);
    wait_heard(listening, heard + 1);
}

/* Of the request that this record is of; -1: the vendor never saw it. */
static int64_t billed_ms(struct listening *listening, const wire_UsageRecord *record)
{
    memcpy(listening->robot.uuid, record->turn, sizeof listening->robot.uuid);
    struct json *line = robot_bill(&listening->robot, record->attempt);
    const int64_t ms = line ? json_int(json_member(line, "audio_ms"), -2) : -1;

    json_free(line);
    return ms;
}

/* All that the vendor ever listened to. */
static int64_t heard_by_vendor_ms(struct listening *listening)
{
    char url[96];
    struct buffer answer;
    struct http_result result;
    struct json *summary = NULL;

    snprintf(url, sizeof url, "%s/admin/ledger?summary=1", listening->robot.vendor->url);
    const struct http_request request = {.url = url};
    buffer_init(&answer, 65536);
    assert_int_equal(http_fetch(listening->robot.vendor->http, &request, &answer, &result),
                     STATUS_OK);
    assert_int_equal(json_parse(buffer_span(&answer), &summary, NULL), STATUS_OK);
    const int64_t ms = json_int(json_member(json_member(summary, "total"), "audio_ms"), -1);
    json_free(summary);
    buffer_release(&answer);
    return ms;
}

/* --- tests --- */

static void i1_a_spoken_question_is_heard_and_counted_as_the_vendor_bills_it(void **state)
{
    struct listening *listening = build(state);
    const struct robot *robot = &listening->robot;

    prepare_speech(listening, "How are you today?");
    hear(listening);
    assert_string_equal(listening->problem, "");
    assert_string_equal(listening->text, "how are you today");
    assert_int_equal(listening->called, 1); /* whatever the robot says must stop */
    assert_int_equal(robot->record_count, 1);
    const wire_UsageRecord *record = &robot->records[0];
    assert_memory_equal(record->turn, listening->uuid, 16);
    assert_int_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(record->outcome, wire_Outcome_ANSWERED);
    assert_int_equal(record->requests, 1);
    assert_in_range(record->audio_in_ms, 500,
                    3500); /* its silences but 500 and 600 ms are left out */
    assert_int_equal(billed_ms(listening, record), record->audio_in_ms);
    assert_false(ear_is_open(listening->ear));
    dismantle(listening);
}

static void the_chat_counts_its_attempts_behind_the_ears(void **state)
{
    struct listening *listening = build(state);
    uint8_t uuid[16];
    uint32_t number = 0;

    prepare_speech(listening, "Good morning.");
    hear(listening);
    attempts_begin(&listening->attempts, 77, listening->uuid);
    assert_int_equal(attempts_next(&listening->attempts, 77, uuid, &number), STATUS_OK);
    assert_int_equal(number, 2);
    dismantle(listening);
}

static void i8_nothing_leaves_when_nobody_speaks(void **state)
{
    struct listening *listening = build(state);
    const int64_t before = heard_by_vendor_ms(listening);

    prepare_silence(listening);
    hear(listening);
    assert_string_equal(listening->text, "");
    assert_string_not_equal(listening->problem, "");
    assert_int_equal(listening->robot.record_count, 0);
    assert_int_equal(heard_by_vendor_ms(listening), before);
    dismantle(listening);
}

static void i8_a_muted_ear_opens_nothing_until_its_owner_unmutes_it(void **state)
{
    struct listening *listening = build(state);
    const int64_t before = heard_by_vendor_ms(listening);

    prepare_speech(listening, "Good night.");
    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(ear_state(listening->ear), ATTENTION_MUTED);
        assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_DENIED);
        assert_int_equal(ear_call(listening->ear, 9), STATUS_DENIED);
        ear_let_go(listening->ear);
        assert_false(ear_is_open(listening->ear));
        ear_stop(listening->ear);
        ear_free(listening->ear);
        open_ear(listening);
    }
    assert_int_equal(heard_by_vendor_ms(listening), before);
    assert_int_equal(ear_mute(listening->ear, false), STATUS_OK);
    hear(listening);
    assert_string_equal(listening->text, "good night");
    dismantle(listening);
}

static void i8_muting_closes_the_microphone_and_drops_what_was_being_said(void **state)
{
    struct listening *listening = build(state);
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    prepare_speech(listening, "Tell me a story about the moon. Tell me a story about the sea.");
    assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_OK);
    wait_state(listening, ATTENTION_HEARING);
    assert_true(ear_is_open(listening->ear));
    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    wait_heard(listening, 1);
    assert_string_equal(listening->text, "");
    while (ear_is_open(listening->ear) && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    assert_false(ear_is_open(listening->ear));
    for (size_t i = 0; i < listening->robot.record_count; i++) {
        assert_int_equal(listening->robot.records[i].outcome, wire_Outcome_INTERRUPTED);
        assert_true(billed_ms(listening, &listening->robot.records[i]) <=
                    (int64_t)listening->robot.records[i].audio_in_ms);
    }
    dismantle(listening);
}

static void i1_a_vendor_that_refuses_bills_nothing_and_the_next_one_hears_all(void **state)
{
    struct listening *listening = build(state);
    const struct robot *robot = &listening->robot;

    set_route(listening, 0, "wrong");
    set_route(listening, 1, "good");
    prepare_speech(listening, "Tell me a joke.");
    hear(listening);
    assert_string_equal(listening->text, "tell me a joke");
    assert_int_equal(robot->record_count, 2);
    assert_int_equal(robot->records[0].outcome, wire_Outcome_FAILED);
    assert_int_equal(robot->records[0].error_class, wire_ErrorClass_AUTH);
    assert_int_equal(robot->records[0].audio_in_ms, 0);
    assert_int_equal(robot->records[1].attempt, 2);
    assert_int_equal(billed_ms(listening, &robot->records[1]), robot->records[1].audio_in_ms);
    dismantle(listening);
}

static void i1_an_answer_that_breaks_off_counts_no_less_than_is_billed(void **state)
{
    struct listening *listening = build(state);
    const struct robot *robot = &listening->robot;

    prepare_speech(listening, "Who are you?");
    robot_behave(robot, "{\"cut\":1}");
    hear(listening);
    robot_behave(robot, ROBOT_FAST);
    assert_string_not_equal(listening->problem, "");
    assert_int_equal(robot->record_count, 1);
    assert_int_equal(robot->records[0].provenance, wire_Provenance_WORST_CASE);
    assert_true(billed_ms(listening, &robot->records[0]) > 0);
    assert_true((int64_t)robot->records[0].audio_in_ms >= billed_ms(listening, &robot->records[0]));
    dismantle(listening);
}

static void i2_without_credit_nothing_is_uploaded(void **state)
{
    struct listening *listening = build(state);
    const int64_t before = heard_by_vendor_ms(listening);

    snprintf(listening->settings.routes[0].line_id, sizeof listening->settings.routes[0].line_id,
             "a-line-that-nothing-is-granted-on");
    prepare_speech(listening, "Good morning.");
    hear(listening);
    assert_string_equal(listening->problem, "the allowance is used up");
    assert_true(listening->used > 0); /* the server hears that credit lacks */
    assert_int_equal(listening->robot.record_count, 0);
    assert_int_equal(heard_by_vendor_ms(listening), before);
    dismantle(listening);
}

static void a_robot_without_a_microphone_says_so(void **state)
{
    struct listening *listening = build(state);

    assert_int_equal(ear_call(listening->ear, 9), STATUS_OK);
    wait_heard(listening, 1);
    assert_non_null(strstr(listening->problem, "microphone"));
    assert_int_equal(ear_state(listening->ear), ATTENTION_RESTING);
    dismantle(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i1_a_spoken_question_is_heard_and_counted_as_the_vendor_bills_it),
        cmocka_unit_test(the_chat_counts_its_attempts_behind_the_ears),
        cmocka_unit_test(i8_nothing_leaves_when_nobody_speaks),
        cmocka_unit_test(i8_a_muted_ear_opens_nothing_until_its_owner_unmutes_it),
        cmocka_unit_test(i8_muting_closes_the_microphone_and_drops_what_was_being_said),
        cmocka_unit_test(i1_a_vendor_that_refuses_bills_nothing_and_the_next_one_hears_all),
        cmocka_unit_test(i1_an_answer_that_breaks_off_counts_no_less_than_is_billed),
        cmocka_unit_test(i2_without_credit_nothing_is_uploaded),
        cmocka_unit_test(a_robot_without_a_microphone_says_so),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}
