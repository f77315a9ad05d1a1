#include "agent/speech/request.h"

#include <stdlib.h>

#include "agent/chat/failure.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"

#define VENDOR_HZ          24000
#define CONNECT_TIMEOUT_MS 3000
#define STALL_TIMEOUT_MS   4000 /* the robot is silent meanwhile */
#define TOTAL_TIMEOUT_MS   90000
#define MAX_URL_BYTES      512
#define MAX_BODY_BYTES     16384
#define MAX_ERROR_BYTES    8192
#define MAX_KEY_HEADER     300
#define HEADERS            3

struct exchange {
    const struct request *request;
    struct request_result *result;
    int64_t asked_ms;
    int http_status;
    unsigned sound_hz;
    bool is_sound; /* the answer's type says so */
    bool is_ready; /* the resampler is */
    struct resample resample;
    uint8_t odd; /* the first half of a sample whose second has not come */
    bool has_odd;
    struct buffer error; /* the body of an answer that is no sound */
};

static void on_status(void *context, int http_status)
{
    ((struct exchange *)context)->http_status = http_status;
}

static bool has_name(struct span name, const char *wanted)
{
    if (name.size != strlen(wanted))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if ((name.data[i] | 32) != (uint8_t)wanted[i])
            return false;
    }
    return true;
}

/* "audio/pcm", "audio/L16; rate=16000", "application/octet-stream" */
static void on_header(void *context, struct span name, struct span value)
{
    struct exchange *exchange = context;
    char type[128];

    if (!has_name(name, "content-type") || span_to_text(value, type, sizeof type) != STATUS_OK)
        return;
    exchange->is_sound =
        strncmp(type, "audio/", 6) == 0 || strncmp(type, "application/octet-stream", 24) == 0;
    const char *rate = strstr(type, "rate=");
    if (rate)
        exchange->sound_hz = (unsigned)strtoul(rate + 5, NULL, 10);
}

static void take_samples(struct exchange *exchange, struct span bytes)
{
    int16_t pcm[1024];
    size_t count = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        if (!exchange->has_odd) {
            exchange->odd = bytes.data[i];
        } else {
            pcm[count++] = (int16_t)(exchange->odd | bytes.data[i] << 8);
            if (count == sizeof pcm / sizeof pcm[0]) {
                resample_feed(&exchange->resample, pcm, count, exchange->request->on_sound,
                              exchange->request->context);
                count = 0;
            }
        }
        exchange->has_odd = !exchange->has_odd;
    }
    resample_feed(&exchange->resample, pcm, count, exchange->request->on_sound,
                  exchange->request->context);
}

static enum status on_body(void *context, struct span bytes)
{
    struct exchange *exchange = context;
    struct voice_used *used = &exchange->result->used;

    if (exchange->http_status != 200 || !exchange->is_sound) {
        if (exchange->error.size + bytes.size <= MAX_ERROR_BYTES)
            buffer_add(&exchange->error, bytes);
        return STATUS_OK;
    }
    if (!exchange->is_ready) {
        enum status status =
            resample_init(&exchange->resample, exchange->sound_hz, REQUEST_SOUND_HZ);

        if (status != STATUS_OK)
            return status;
        exchange->is_ready = true;
        used->first_ms = (uint32_t)(clock_mono_ms() - exchange->asked_ms) + 1;
    }
    take_samples(exchange, bytes);
    return STATUS_OK;
}

static void write_text(struct json_writer *writer, const char *name, struct span value)
{
    json_key(writer, name);
    json_write_text(writer, value);
}

static void write_body(const struct request *request, struct buffer *out)
{
    const char *speaker = request->order.speaker[0] ? request->order.speaker : "alloy";
    const int percent = request->rate_wpm * 100 / REQUEST_USUAL_WPM;
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    write_text(&writer, "model", span_text(request->order.model));
    write_text(&writer, "voice", span_text(speaker));
    write_text(&writer, "input", request->text);
    write_text(&writer, "response_format", span_text("pcm"));
    if (request->rate_wpm > 0 && percent != 100) {
        json_key(&writer, "speed");
        json_write_real(&writer, percent / 100.0);
    }
    json_end_object(&writer);
}

static void write_url(const char *base_url, struct buffer *out)
{
    struct span base = span_text(base_url);

    while (base.size && base.data[base.size - 1] == '/')
        base.size--;
    buffer_add(out, base);
    buffer_text(out, "/audio/speech");
}

/* What the answer says about itself when it is no sound, or none that can be played. */
static void judge_refusal(struct exchange *exchange)
{
    struct voice_used *used = &exchange->result->used;
    struct failure failure = {.error_class = failure_of_status(exchange->http_status)};
    struct json *document = NULL;
    char problem[160];

    if (json_parse(buffer_span(&exchange->error), &document, problem) == STATUS_OK)
        (void)failure_read(document, exchange->http_status, &failure);
    json_free(document);
    if (failure.error_class == wire_ErrorClass_ERROR_NONE)
        failure.error_class = wire_ErrorClass_REQUEST;
    used->fate = VOICE_FATE_REFUSED;
    used->error_class = (uint8_t)failure.error_class;
    snprintf(exchange->result->problem, sizeof exchange->result->problem,
             "refused class=%s http=%d%s%.60s", message_error_name(failure.error_class),
             exchange->http_status, failure.code[0] ? " code=" : "", failure.code);
}

static void judge(struct exchange *exchange, enum status status, const struct http_result *sent)
{
    struct request_result *result = exchange->result;
    struct voice_used *used = &result->used;

    used->http_status = exchange->http_status;
    if (status == STATUS_OK && exchange->is_ready) {
        resample_end(&exchange->resample, exchange->request->on_sound, exchange->request->context);
        used->fate = VOICE_FATE_ANSWERED;
        return;
    }
    if (status == STATUS_OK) {
        judge_refusal(exchange);
        return;
    }
    used->fate = !sent->sent          ? VOICE_FATE_NOT_SENT
                 : exchange->is_ready ? VOICE_FATE_CUT
                                      : VOICE_FATE_UNKNOWN;
    if (status != STATUS_CLOSED)
        used->error_class = (uint8_t)wire_ErrorClass_NET;
    snprintf(result->problem, sizeof result->problem, "%.160s http=%d", sent->problem,
             exchange->http_status);
}

void request_run(struct http *http, const struct request *request, struct request_result *result)
{
    struct exchange exchange = {
        .request = request, .result = result, .asked_ms = clock_mono_ms(), .sound_hz = VENDOR_HZ};
    const struct http_listener listener = {&exchange, on_status, on_header, on_body, NULL};
    char key[MAX_KEY_HEADER];
    const struct http_header headers[HEADERS] = {{"Content-Type", "application/json"},
                                                 {"X-Client-Request-Id", request->order.request_id},
                                                 {"Authorization", key}};
    struct buffer url, body;
    struct http_result sent = {0};

    *result = (struct request_result){.used.fate = VOICE_FATE_NOT_SENT};
    buffer_init(&url, MAX_URL_BYTES);
    buffer_init(&body, MAX_BODY_BYTES);
    buffer_init(&exchange.error, MAX_ERROR_BYTES);
    write_url(request->order.url, &url);
    write_body(request, &body);
    snprintf(key, sizeof key, "Bearer %s", request->order.api_key);

    const struct http_request post = {
        .url = buffer_cstring(&url),
        .headers = headers,
        .header_count = request->order.api_key[0] ? HEADERS : HEADERS - 1,
        .body = buffer_span(&body),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .stall_timeout_ms = STALL_TIMEOUT_MS,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .cancel = request->cancel,
    };
    if (buffer_status(&url) == STATUS_OK && buffer_status(&body) == STATUS_OK)
        judge(&exchange, http_send(http, &post, &listener, &sent), &sent);
    else
        snprintf(result->problem, sizeof result->problem, "the request is too long");
    crypto_wipe(key, sizeof key);
    if (exchange.is_ready)
        resample_release(&exchange.resample);
    buffer_release(&exchange.error);
    buffer_release(&body);
    buffer_release(&url);
}
