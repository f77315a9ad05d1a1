#include "tests/vendors/transcription.h"

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "schema/base/log.h"
#include "tests/vendors/form.h"
#include "tests/vendors/understanding.h"

#define MAX_ANSWER_BYTES 4096
#define WAV_HEADER_BYTES 44 /* of the plain ones that this vendor takes */
#define BYTES_PER_MS     (UNDERSTANDING_HZ / 1000 * 2)

/* One request. */
struct visit {
    const struct transcription *transcription;
    struct service_call *call;
    struct ledger_entry entry;
};

/* An answer that breaks off. */
struct broken {
    struct buffer body;
    int64_t due_ms; /* of the break */
    bool is_given;
    struct ledger *ledger;
    struct ledger_entry entry;
};

static void bill(struct ledger *ledger, const struct ledger_entry *entry)
{
    if (ledger_append(ledger, entry) != STATUS_OK)
        log_error("ledger", "cannot write the line of a request request_id=%s", entry->request_id);
}

static void refuse(struct visit *visit, unsigned status, const char *code, const char *message)
{
    struct json_writer writer;
    struct buffer body;

    visit->entry.status = status;
    bill(visit->transcription->ledger, &visit->entry);
    buffer_init(&body, MAX_ANSWER_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "error");
    json_begin_object(&writer);
    json_write_member(&writer, "message", message);
    json_write_member(&writer, "type", status >= 500 ? "server_error" : "invalid_request_error");
    json_write_member(&writer, "code", code);
    json_end_object(&writer);
    json_end_object(&writer);
    service_reply(visit->call, status, "application/json", buffer_span(&body));
    buffer_release(&body);
}

/* --- the answer --- */

static void write_answer(const struct visit *visit, const char *text, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_write_member(&writer, "text", text);
    if (visit->entry.fault != FAULT_NO_USAGE) {
        json_key(&writer, "usage");
        json_begin_object(&writer);
        json_write_member(&writer, "type", "duration");
        json_key(&writer, "seconds");
        json_write_real(&writer, (double)visit->entry.audio_ms / 1000);
        json_end_object(&writer);
    }
    json_end_object(&writer);
}

static enum stream_step next(void *context, int64_t now_ms, uint8_t *out, size_t room, size_t *size,
                             int64_t *wake_ms)
{
    struct broken *broken = context;
    const size_t half = broken->body.size / 2;

    if (!broken->is_given) {
        *size = half < room ? half : room;
        memcpy(out, broken->body.data, *size);
        broken->is_given = true;
        return STREAM_GIVE;
    }
    *wake_ms = broken->due_ms;
    return now_ms < broken->due_ms ? STREAM_WAIT : STREAM_CUT;
}

static void free_broken(void *context)
{
    struct broken *broken = context;

    bill(broken->ledger, &broken->entry);
    buffer_release(&broken->body);
    free(broken);
}

/* Takes the body over. False: out of memory. */
static bool reply_broken(struct visit *visit, struct buffer body)
{
    const struct conditions *conditions = visit->transcription->conditions;
    const double stall_s = visit->entry.fault == FAULT_STALL ? conditions->stall_s : 0;
    struct broken *broken = malloc(sizeof *broken);

    if (broken == NULL)
        return false;
    *broken = (struct broken){.body = body,
                              .due_ms = clock_mono_ms() + (int64_t)(stall_s * 1000),
                              .ledger = visit->transcription->ledger,
                              .entry = visit->entry};
    service_reply_source(visit->call, "application/json",
                         (struct service_source){broken, next, free_broken});
    /* cppcheck-suppress memleak ; the source has it, and free_broken() */
    return true;
}

static void answer(struct visit *visit, struct span pcm)
{
    struct buffer text, body;

    buffer_init(&text, MAX_ANSWER_BYTES);
    buffer_init(&body, 2 * MAX_ANSWER_BYTES);
    enum status status = understanding_read(pcm, &text);
    if (status != STATUS_OK) {
        log_error("transcription", "cannot listen: %s (hint: the package pocketsphinx-en-us)",
                  status_text(status));
        refuse(visit, 500, "server_error", "The server had an error.");
        goto out;
    }
    visit->entry.status = 200;
    visit->entry.audio_ms = (int64_t)(pcm.size / BYTES_PER_MS);
    write_answer(visit, buffer_span(&text).size > 0 ? buffer_cstring(&text) : "", &body);
    if ((visit->entry.fault == FAULT_CUT || visit->entry.fault == FAULT_STALL) &&
        reply_broken(visit, body)) {
        buffer_release(&text);
        return;
    }
    visit->entry.finished = true;
    bill(visit->transcription->ledger, &visit->entry);
    service_reply(visit->call, 200, "application/json", buffer_span(&body));
out:
    buffer_release(&body);
    buffer_release(&text);
}

/* --- the request --- */

static struct span bearer(const struct service_call *call)
{
    static const char scheme[] = "Bearer ";
    const struct span value = span_text(service_header(call, "Authorization"));

    if (!span_starts_with(value, scheme))
        return span_of(NULL, 0);
    return span_of(value.data + sizeof scheme - 1, value.size - (sizeof scheme - 1));
}

static void begin_entry(struct visit *visit)
{
    const char *id = service_header(visit->call, "X-Client-Request-Id");
    const struct span secret = bearer(visit->call);
    struct ledger_entry *entry = &visit->entry;

    *entry = (struct ledger_entry){.at_ms = clock_wall_ms(), .key = "-"};
    snprintf(entry->vendor_request_id, sizeof entry->vendor_request_id, "hearing-%016llx",
             (unsigned long long)crypto_random_u64());
    snprintf(entry->request_id, sizeof entry->request_id, "%.80s",
             id != NULL ? id : entry->vendor_request_id);
    if (secret.size > 0)
        keys_name(secret, entry->key);
}

static bool has_model(const char *models, struct span model)
{
    while (*models != '\0') {
        const size_t size = strcspn(models, ",");

        if (span_equal(span_of(models, size), model))
            return true;
        models += models[size] == ',' ? size + 1 : size;
    }
    return false;
}

/* Plain WAV alone: what follows its header is sound. */
static bool is_wav(struct span file)
{
    return file.size >= WAV_HEADER_BYTES && memcmp(file.data, "RIFF", 4) == 0 &&
           memcmp(file.data + 8, "WAVEfmt ", 8) == 0 && memcmp(file.data + 36, "data", 4) == 0 &&
           (file.data[24] | file.data[25] << 8) == UNDERSTANDING_HZ && file.data[22] == 1 &&
           file.data[34] == 16;
}

/* Refuses by the fault of its throw; false: it is answered. */
static bool is_refused(struct visit *visit)
{
    static const struct {
        enum fault fault;
        unsigned status;
        const char *code;
    } refusals[] = {{FAULT_RATE_LIMIT, 429, "rate_limit_exceeded"},
                    {FAULT_QUOTA, 429, "insufficient_quota"},
                    {FAULT_ERROR, 500, "server_error"},
                    {FAULT_OVERLOADED, 503, "overloaded"}};

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].fault != visit->entry.fault)
            continue;
        refuse(visit, refusals[i].status, refusals[i].code, "Try again later.");
        return true;
    }
    return false;
}

void transcription_handle(const struct transcription *transcription, struct service_call *call)
{
    struct visit visit = {.transcription = transcription, .call = call};
    const char *type = service_header(call, "Content-Type");
    const struct span file = form_part(service_body(call), type, "file");
    const struct span model = form_part(service_body(call), type, "model");
    struct dice dice;

    begin_entry(&visit);
    service_add_header(call, "x-request-id", visit.entry.vendor_request_id);
    dice_init(&dice, transcription->seed, span_text(visit.entry.request_id));
    if (bearer(call).size == 0 || keys_find(transcription->keys, bearer(call)) == NULL) {
        refuse(&visit, 401, "invalid_api_key", "Incorrect API key provided.");
        return;
    }
    visit.entry.fault = conditions_draw(transcription->conditions, &dice);
    if (!service_body_is_whole(call))
        refuse(&visit, 413, "too_large", "The request is larger than 1 MiB.");
    else if (!has_model(transcription->models, model))
        refuse(&visit, 404, "model_not_found", "The model does not exist.");
    else if (!is_wav(file))
        refuse(&visit, 400, "invalid_value", "'file' must be a WAV file, 16 kHz, 16 bit, mono.");
    else if (!is_refused(&visit)) {
        snprintf(visit.entry.model, sizeof visit.entry.model, "%.*s", (int)model.size,
                 (const char *)model.data);
        answer(&visit, span_of(file.data + WAV_HEADER_BYTES, file.size - WAV_HEADER_BYTES));
    }
}
