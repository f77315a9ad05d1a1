#include "tests/integration/agent/listening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/json.h"

/* --- the host --- */

static void on_state(void *context, enum attention_state state)
{
    (void)context, (void)state;
}

static void on_called(void *context)
{
    struct listening *listening = context;

    pthread_mutex_lock(&listening->lock);
    listening->called++;
    pthread_mutex_unlock(&listening->lock);
    if (listening->robot.speaker) {
        turn_interrupt(listening->robot.turn, listening->robot.number);
        speaker_interrupt(listening->robot.speaker, listening->robot.number);
    }
}

static enum overhear_mouth mouth_of(void *context)
{
    struct listening *listening = context;
    const int mouth = listening->mouth;

    if (mouth >= 0)
        return (enum overhear_mouth)mouth;
    return speaker_queued_ms(listening->robot.speaker) > 0 ? OVERHEAR_ANSWERS : OVERHEAR_SILENT;
}

static void on_duck(void *context, bool is_ducked)
{
    struct listening *listening = context;

    pthread_mutex_lock(&listening->lock);
    listening->ducked += is_ducked;
    listening->restored += !is_ducked;
    pthread_mutex_unlock(&listening->lock);
    if (listening->robot.speaker)
        speaker_duck(listening->robot.speaker, is_ducked);
}

static int64_t sample_at(void *context, int64_t mono_ns)
{
    return speaker_sample_at(((struct listening *)context)->robot.speaker, mono_ns);
}

static void played(void *context, int64_t sample, int16_t *out, size_t count)
{
    speaker_played(((struct listening *)context)->robot.speaker, sample, out, count);
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

void listening_set_route(struct listening *listening, size_t index, const char *key)
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

void listening_open_ear(struct listening *listening)
{
    const struct echo_source source = {listening, sample_at, played};
    const struct ear_options options = {
        .device = listening->device,
        .mute_path = listening->mute_path,
        .journal = listening->robot.journal,
        .attempts = &listening->attempts,
        .mode = listening->mode,
        .played = listening->robot.speaker ? &source : NULL,
        .wake_program = MYNA_WAKE,
        .host = {listening, on_state, on_called, mouth_of, on_duck, on_heard, read_settings,
                 on_used, NULL},
    };

    assert_int_equal(ear_start(&listening->ear, &options), STATUS_OK);
}

struct listening *listening_build(void **state, enum mouth mouth)
{
    struct listening *listening = calloc(1, sizeof *listening);

    assert_non_null(listening);
    robot_build(&listening->robot, *state, mouth);
    pthread_mutex_init(&listening->lock, NULL);
    attempts_init(&listening->attempts);
    listening->settings =
        (struct transcriber_settings){.generation = 3, .language = "auto", .may_ask = true};
    listening_set_route(listening, 0, "good");
    snprintf(listening->wav, sizeof listening->wav, "%s/spoken.wav",
             listening->robot.vendor->folder);
    snprintf(listening->mute_path, sizeof listening->mute_path, "%s/muted",
             listening->robot.vendor->folder);
    snprintf(listening->device, sizeof listening->device, "file:/nowhere/at/all.wav");
    listening->mode = EAR_BUTTON;
    listening_open_ear(listening);
    return listening;
}

void listening_close_ear(struct listening *listening)
{
    ear_stop(listening->ear);
    ear_free(listening->ear);
    listening->ear = NULL;
}

void listening_dismantle(struct listening *listening)
{
    listening_close_ear(listening);
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

void listening_add_room(struct buffer *pcm)
{
    uint32_t seed = 11;

    for (size_t i = 0; i + 1 < pcm->size; i += 2) {
        int value = (int16_t)(pcm->data[i] | pcm->data[i + 1] << 8);

        seed = seed * 1664525u + 1013904223u;
        value += (int)(seed >> 24) - 128; /* some 50 dB below full scale */
        value = value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
        pcm->data[i] = (uint8_t)((uint16_t)value & 0xff);
        pcm->data[i + 1] = (uint8_t)((uint16_t)value >> 8);
    }
}

void listening_write_wav(const struct listening *listening, struct span pcm)
{
    uint8_t header[44] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0........\x02\0\x10\0data....";
    struct buffer file;

    put(header + 4, (uint32_t)pcm.size + 36, 4);
    put(header + 24, LISTENING_HZ, 4);
    put(header + 28, 2 * LISTENING_HZ, 4);
    put(header + 40, (uint32_t)pcm.size, 4);
    buffer_init(&file, 8u << 20);
    buffer_add(&file, span_of(header, sizeof header));
    buffer_add(&file, pcm);
    assert_int_equal(file_replace(listening->wav, buffer_span(&file), 0600), STATUS_OK);
    buffer_release(&file);
}

void listening_add_silence(struct buffer *pcm, unsigned ms)
{
    for (size_t i = 0; i < (size_t)ms * LISTENING_HZ / 1000; i++) {
        /* a quiet room, not digital zeros */
        const uint16_t value = (uint16_t)(int16_t)((int)(i * 7919 % 41) - 20);
        buffer_byte(pcm, (uint8_t)(value & 0xff));
        buffer_byte(pcm, (uint8_t)(value >> 8));
    }
}

/* Somebody says text, by the vendor's own voice, between two silences. */
void listening_add_speech(const struct listening *listening, const char *text, struct buffer *pcm)
{
    char url[96], body[256];
    const struct http_header headers[] = {{"Content-Type", "application/json"},
                                          {"Authorization", "Bearer good"}};
    struct http_request post = {.url = url, .headers = headers, .header_count = 2};
    struct http_result result;

    snprintf(url, sizeof url, "%s/audio/speech", robot_base_url(&listening->robot));
    post.body = span_of(body, (size_t)snprintf(body, sizeof body,
                                               "{\"model\":\"dahan-voice\",\"voice\":\"a\","
                                               "\"response_format\":\"pcm\",\"input\":\"%s\"}",
                                               text));
    assert_int_equal(http_fetch(listening->robot.vendor->http, &post, pcm, &result), STATUS_OK);
    assert_int_equal(result.http_status, 200);
}

void listening_prepare_speech(const struct listening *listening, const char *text)
{
    struct buffer pcm;

    buffer_init(&pcm, 8u << 20);
    listening_add_silence(&pcm, 300);
    listening_add_speech(listening, text, &pcm);
    listening_add_silence(&pcm, 800);
    listening_write_wav(listening, buffer_span(&pcm));
    buffer_release(&pcm);
}

void listening_prepare_silence(const struct listening *listening)
{
    struct buffer pcm;

    buffer_init(&pcm, 8u << 20);
    listening_add_silence(&pcm, 1500);
    listening_write_wav(listening, buffer_span(&pcm));
    buffer_release(&pcm);
}

/* --- looking --- */

unsigned listening_count_heard(struct listening *listening)
{
    pthread_mutex_lock(&listening->lock);
    const unsigned heard = listening->heard;
    pthread_mutex_unlock(&listening->lock);
    return heard;
}

void listening_wait_heard(struct listening *listening, unsigned wanted)
{
    const int64_t until_ms = clock_mono_ms() + LISTENING_WAIT_MS;

    while (listening_count_heard(listening) < wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_int_equal(listening_count_heard(listening), wanted);
    robot_read_records(&listening->robot);
}

void listening_wait_state(struct listening *listening, enum attention_state wanted)
{
    const int64_t until_ms = clock_mono_ms() + LISTENING_WAIT_MS;

    while (ear_state(listening->ear) != wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    assert_int_equal(ear_state(listening->ear), wanted);
}

void listening_hear(struct listening *listening)
{
    const unsigned heard = listening_count_heard(listening);

    assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_OK);
    listening_wait_heard(listening, heard + 1);
}

/* Of the request that this record is of; -1: the vendor never saw it. */
int64_t listening_billed_ms(struct listening *listening, const wire_UsageRecord *record)
{
    memcpy(listening->robot.uuid, record->turn, sizeof listening->robot.uuid);
    struct json *line = robot_bill(&listening->robot, record->attempt);
    const int64_t ms = line ? json_int(json_member(line, "audio_ms"), -2) : -1;

    json_free(line);
    return ms;
}

/* All that the vendor ever listened to. */
int64_t listening_vendor_heard_ms(struct listening *listening)
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
