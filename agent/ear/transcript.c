#include "agent/ear/transcript.h"

#include <math.h>

#include "agent/chat/failure.h"
#include "agent/ear/wav.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/base/log.h"

#define CONNECT_TIMEOUT_MS 4000
#define STALL_TIMEOUT_MS   10000
#define TOTAL_TIMEOUT_MS   (RECORDING_MAX_MS + 30000)
#define MAX_URL_BYTES      512
#define MAX_FORM_BYTES     2048
#define MAX_ANSWER_BYTES   (64 * 1024)
#define MAX_KEY_HEADER     300
#define BOUNDARY           "myna-3f9c1f0a5e6d4b7b" /* sound that holds it is less likely than a meteor */
#define PIECE_SAMPLES      2048
#define SAMPLES_PER_MS     (VAD_HZ / 1000)

/* The body: the form's fields and the file's header, then the sound, then the form's end. */
struct upload {
    struct recording *recording;
    struct buffer head; /* what of it was not handed over yet */
    size_t samples;     /* handed over */
    struct span tail;
    bool is_sound_over;
};

struct exchange {
    const struct transcript_request *request;
    struct transcript_result *result;
    struct upload upload;
    int http_status;
    struct buffer answer;
    char url[MAX_URL_BYTES];
    char key[MAX_KEY_HEADER];
    char request_id[ENCODE_UUID_SIZE + 12];
};

/* --- what goes out --- */

static void add_field(struct buffer *out, const char *name, const char *value)
{
    buffer_text(out, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"");
    buffer_text(out, name);
    buffer_text(out, "\"\r\n\r\n");
    buffer_text(out, value);
    buffer_text(out, "\r\n");
}

static void write_head(const struct transcript_request *request, struct buffer *out)
{
    uint8_t header[WAV_HEADER_BYTES];

    add_field(out, "model", request->route->model);
    add_field(out, "response_format", "json");
    if (request->language[0])
        add_field(out, "language", request->language);
    buffer_text(out, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; "
                     "filename=\"question.wav\"\r\nContent-Type: audio/wav\r\n\r\n");
    wav_write_header(header);
    buffer_add(out, span_of(header, sizeof header));
}

static enum status give(struct buffer *from, uint8_t *out, size_t room, size_t *size)
{
    const struct span left = buffer_span(from);

    *size = left.size < room ? left.size : room;
    memcpy(out, left.data, *size);
    buffer_consume(from, *size);
    return STATUS_OK;
}

static enum status give_sound(struct upload *upload, uint8_t *out, size_t room, size_t *size)
{
    int16_t pcm[PIECE_SAMPLES];
    size_t count = 0;
    enum status status =
        recording_read(upload->recording, upload->samples, pcm,
                       room / 2 < PIECE_SAMPLES ? room / 2 : PIECE_SAMPLES, &count);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (uint8_t)((uint16_t)pcm[i] & 0xff);
        out[2 * i + 1] = (uint8_t)((uint16_t)pcm[i] >> 8);
    }
    crypto_wipe(pcm, sizeof pcm);
    upload->samples += count;
    *size = 2 * count;
    return STATUS_OK;
}

static enum status read_body(void *context, uint8_t *out, size_t room, size_t *size)
{
    struct upload *upload = context;
    enum status status = STATUS_CLOSED;

    if (buffer_span(&upload->head).size > 0)
        return give(&upload->head, out, room, size);
    if (!upload->is_sound_over)
        status = give_sound(upload, out, room, size);
    if (status != STATUS_CLOSED)
        return status;
    upload->is_sound_over = true;
    if (upload->tail.size == 0)
        return STATUS_CLOSED;
    *size = upload->tail.size < room ? upload->tail.size : room;
    memcpy(out, upload->tail.data, *size);
    upload->tail = span_of(upload->tail.data + *size, upload->tail.size - *size);
    return STATUS_OK;
}

static uint64_t sent_ms(const struct exchange *exchange)
{
    return exchange->upload.samples / SAMPLES_PER_MS;
}

/* --- what comes back --- */

static void on_status(void *context, int http_status)
{
    ((struct exchange *)context)->http_status = http_status;
}

static enum status on_body(void *context, struct span bytes)
{
    struct exchange *exchange = context;

    buffer_add(&exchange->answer, bytes);
    return buffer_status(&exchange->answer);
}

static void refuse(struct exchange *exchange, wire_ErrorClass error_class, const char *code)
{
    wire_UsageRecord *record = &exchange->result->record;

    record->provenance = wire_Provenance_VENDOR_FINAL;
    record->outcome = wire_Outcome_FAILED;
    record->error_class =
        error_class == wire_ErrorClass_ERROR_NONE ? wire_ErrorClass_REQUEST : error_class;
    record->audio_in_ms = 0;
    snprintf(exchange->result->problem, sizeof exchange->result->problem,
             "refused class=%s http=%d%s%.60s", message_error_name(record->error_class),
             exchange->http_status, code[0] ? " code=" : "", code);
}

static void accept_text(struct exchange *exchange, const struct json *document)
{
    wire_UsageRecord *record = &exchange->result->record;
    const double seconds = json_double(json_member(json_member(document, "usage"), "seconds"), -1);
    struct span text = span_text(json_text(json_member(document, "text"), ""));

    while (text.size > 0 && text.data[0] <= ' ')
        text = span_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] <= ' ')
        text.size--;
    record->outcome = wire_Outcome_ANSWERED;
    record->provenance = wire_Provenance_ESTIMATED;
    record->audio_in_ms = sent_ms(exchange);
    if (seconds >= 0 && seconds < 1e6) {
        record->provenance = wire_Provenance_VENDOR_FINAL;
        record->audio_in_ms = (uint64_t)llround(seconds * 1000);
    }
    if (span_to_text(text, exchange->result->text, sizeof exchange->result->text) != STATUS_OK)
        snprintf(exchange->result->problem, sizeof exchange->result->problem,
                 "the text is longer than a question may be");
}

/* A whole answer came. */
static void read_answer(struct exchange *exchange)
{
    struct failure failure = {.error_class = failure_of_status(exchange->http_status)};
    struct json *document = NULL;
    char problem[160];

    enum status status = json_parse(buffer_span(&exchange->answer), &document, problem);
    if (status == STATUS_OK && !failure_read(document, exchange->http_status, &failure) &&
        exchange->http_status == 200 && json_text(json_member(document, "text"), NULL))
        accept_text(exchange, document);
    else
        refuse(exchange, failure.error_class, failure.code);
    json_free(document);
}

/* It broke off or was cancelled: what was handed over is the most that can have been heard. */
static void note_break(struct exchange *exchange, enum status status,
                       const struct http_result *sent)
{
    wire_UsageRecord *record = &exchange->result->record;
    const bool is_cancelled = status == STATUS_CLOSED;

    record->outcome = is_cancelled ? wire_Outcome_INTERRUPTED : wire_Outcome_FAILED;
    record->error_class = is_cancelled ? wire_ErrorClass_ERROR_NONE : wire_ErrorClass_NET;
    record->interrupted = is_cancelled;
    record->provenance = sent->sent ? wire_Provenance_WORST_CASE : wire_Provenance_NOT_SENT;
    record->audio_in_ms = sent->sent ? sent_ms(exchange) : 0;
    record->requests = sent->sent;
    if (!is_cancelled)
        snprintf(exchange->result->problem, sizeof exchange->result->problem, "%.160s http=%d",
                 sent->problem, exchange->http_status);
}

/* --- the request --- */

static void prepare_record(const struct transcript_request *request, wire_UsageRecord *record)
{
    const wire_Route *route = request->route;

    *record = (wire_UsageRecord){
        .attempt = request->number,
        .contract_version = route->contract_version,
        .start_ms = clock_wall_ms(),
        .generation = request->generation,
        .audio_in_ms = RECORDING_MAX_MS, /* nobody knows yet how long the owner will speak */
    };
    memcpy(record->turn, request->turn, sizeof record->turn);
    snprintf(record->vendor, sizeof record->vendor, "%s", route->vendor);
    snprintf(record->model, sizeof record->model, "%s", route->model);
    snprintf(record->contract, sizeof record->contract, "%s", route->contract);
    snprintf(record->line_id, sizeof record->line_id, "%s", route->line_id);
}

static enum status prepare(struct exchange *exchange)
{
    const struct transcript_request *request = exchange->request;
    char turn[ENCODE_UUID_SIZE];
    size_t base = strlen(request->route->base_url);

    while (base > 0 && request->route->base_url[base - 1] == '/')
        base--;
    encode_uuid(request->turn, turn);
    snprintf(exchange->request_id, sizeof exchange->request_id, "%s-%u", turn,
             (unsigned)request->number);
    const int key =
        snprintf(exchange->key, sizeof exchange->key, "Bearer %s", request->route->api_key);
    const int url = snprintf(exchange->url, sizeof exchange->url, "%.*s/audio/transcriptions",
                             (int)base, request->route->base_url);
    write_head(request, &exchange->upload.head);
    return url < MAX_URL_BYTES && key < MAX_KEY_HEADER ? buffer_status(&exchange->upload.head)
                                                       : STATUS_INVALID;
}

/* The attempt is open. */
static void run(struct http *http, struct exchange *exchange)
{
    const struct http_source source = {&exchange->upload, read_body};
    const struct http_header headers[] = {
        {"Content-Type", "multipart/form-data; boundary=" BOUNDARY},
        {"X-Client-Request-Id", exchange->request_id},
        {"Authorization", exchange->key}};
    const size_t header_count = sizeof headers / sizeof headers[0];
    const struct http_request post = {
        .url = exchange->url,
        .headers = headers,
        .header_count = exchange->request->route->api_key[0] ? header_count : header_count - 1,
        .source = &source,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .stall_timeout_ms = STALL_TIMEOUT_MS,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .cancel = exchange->request->cancel,
    };
    const struct http_listener listener = {
        .context = exchange, .on_status = on_status, .on_body = on_body};
    struct http_result sent;

    enum status status = http_send(http, &post, &listener, &sent);
    exchange->result->record.requests = 1;
    exchange->result->record.end_ms = clock_wall_ms();
    if (status == STATUS_OK)
        read_answer(exchange);
    else
        note_break(exchange, status, &sent);
}

enum status transcript_run(struct http *http, struct journal *journal,
                           const struct transcript_request *request,
                           struct transcript_result *result)
{
    struct exchange exchange = {
        .request = request,
        .result = result,
        .upload = {.recording = request->recording, .tail = span_text("\r\n--" BOUNDARY "--\r\n")}};

    *result = (struct transcript_result){.text = ""};
    buffer_init(&exchange.upload.head, MAX_FORM_BYTES);
    buffer_init(&exchange.answer, MAX_ANSWER_BYTES);
    prepare_record(request, &result->record);
    enum status status = prepare(&exchange);
    if (status == STATUS_OK)
        status = journal_begin(journal, &result->record);
    if (status == STATUS_OK) {
        run(http, &exchange);
        enum status closed = journal_close_attempt(journal, &result->record);
        if (closed != STATUS_OK)
            log_error("ear",
                      "cannot close attempt %u in the journal: %s (hint: it counts as lost at the "
                      "next start)",
                      (unsigned)request->number, status_text(closed));
    }
    crypto_wipe(exchange.answer.data, exchange.answer.size);
    crypto_wipe(exchange.key, sizeof exchange.key);
    buffer_release(&exchange.answer);
    buffer_release(&exchange.upload.head);
    return status;
}
