#include "tests/vendors/speech.h"

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "schema/base/log.h"
#include "tests/vendors/sound.h"

#define MAX_SOUND_BYTES (32u << 20)
#define PIECE_MS        20

/* What was asked for. The texts live in the document. */
struct order {
    const char *model;
    const char *input;
    double speed;
    int64_t chars;
};

/* An answer on its way. */
struct reply {
    struct buffer sound; /* not yet handed over */
    size_t given;
    size_t breaks_at; /* bytes before a cut or stall; SIZE_MAX: never */
    bool is_broken;
    int64_t start_ms;
    int64_t due_ms;
    double stall_s;
    struct ledger *ledger;
    struct ledger_entry entry;
};

static void bill(struct ledger *ledger, const struct ledger_entry *entry)
{
    if (ledger_append(ledger, entry) != STATUS_OK)
        log_error("ledger", "cannot write the line of a request request_id=%s", entry->request_id);
}

static void refuse(const struct speech *speech, struct service_call *call,
                   struct ledger_entry *entry, unsigned status, const char *code,
                   const char *message)
{
    struct json_writer writer;
    struct buffer body;

    entry->status = status;
    bill(speech->ledger, entry);
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "error");
    json_begin_object(&writer);
    json_key(&writer, "message");
    json_write_text(&writer, span_text(message));
    json_key(&writer, "type");
    json_write_text(&writer, span_text(status >= 500 ? "server_error" : "invalid_request_error"));
    json_key(&writer, "code");
    json_write_text(&writer, span_text(code));
    json_end_object(&writer);
    json_end_object(&writer);
    service_reply(call, status, "application/json", buffer_span(&body));
    buffer_release(&body);
}

static int64_t count_chars(struct span text)
{
    int64_t chars = 0;

    for (size_t i = 0; i < text.size; i++)
        chars += (text.data[i] & 0xC0) != 0x80;
    return chars;
}

static bool has_model(const char *models, const char *model)
{
    while (*models != '\0') {
        const size_t size = strcspn(models, ",");

        if (span_equal_text(span_of(models, size), model))
            return true;
        models += models[size] == ',' ? size + 1 : size;
    }
    return false;
}

/* NULL: it can be said. */
static const char *read_order(const struct json *body, struct order *out)
{
    out->model = json_text(json_member(body, "model"), NULL);
    out->input = json_text(json_member(body, "input"), NULL);
    out->speed = json_double(json_member(body, "speed"), 1);
    if (out->model == NULL || json_text(json_member(body, "voice"), NULL) == NULL)
        return "'model' and 'voice' must be given.";
    if (out->input == NULL || out->input[0] == '\0')
        return "'input' must be a text that is not empty.";
    out->chars = count_chars(span_text(out->input));
    if (out->chars > SPEECH_MAX_CHARS)
        return "'input' must have at most 4096 characters.";
    if (strcmp(json_text(json_member(body, "response_format"), "mp3"), "pcm") != 0)
        return "'response_format' must be pcm: this vendor speaks no other.";
    return out->speed >= 0.25 && out->speed <= 4 ? NULL : "'speed' must be from 0.25 to 4.";
}

/* --- the answer --- */

static void free_reply(void *context)
{
    struct reply *reply = context;

    bill(reply->ledger, &reply->entry);
    buffer_release(&reply->sound);
    free(reply);
}

/* Bytes that may have gone out by now. */
static size_t allowed(const struct reply *reply, int64_t now_ms)
{
    const int64_t elapsed_ms = now_ms - reply->start_ms + PIECE_MS;

    return (size_t)elapsed_ms * SPEECH_PACE * SOUND_HZ / 1000 * 2;
}

static enum stream_step next(void *context, int64_t now_ms, uint8_t *out, size_t room, size_t *size,
                             int64_t *wake_ms)
{
    struct reply *reply = context;

    if (now_ms < reply->due_ms) {
        *wake_ms = reply->due_ms;
        return STREAM_WAIT;
    }
    if (reply->is_broken)
        return STREAM_CUT;
    if (reply->sound.size == 0) {
        reply->entry.finished = true;
        return STREAM_END;
    }
    size_t part = allowed(reply, now_ms) - reply->given;
    part = part < reply->sound.size ? part : reply->sound.size;
    part = part < room ? part : room;
    if (reply->given + part >= reply->breaks_at) {
        part = reply->breaks_at - reply->given;
        reply->is_broken = true;
    }
    memcpy(out, reply->sound.data, part);
    buffer_consume(&reply->sound, part);
    reply->given += part;
    *size = part;
    reply->due_ms = now_ms + PIECE_MS;
    if (reply->is_broken && reply->entry.fault == FAULT_STALL)
        reply->due_ms = now_ms + (int64_t)(reply->stall_s * 1000);
    return part > 0 ? STREAM_GIVE : next(reply, now_ms, out, room, size, wake_ms);
}

static void answer(const struct speech *speech, struct service_call *call,
                   const struct order *order, struct ledger_entry *entry, struct dice *dice)
{
    struct reply *reply = calloc(1, sizeof *reply);
    const int rate_wpm = (int)(SPEECH_USUAL_WPM * order->speed);
    enum status status = STATUS_MEMORY;

    if (reply != NULL) {
        buffer_init(&reply->sound, MAX_SOUND_BYTES);
        status = sound_make(speech->program, span_text(order->input), rate_wpm, &reply->sound);
    }
    if (status != STATUS_OK) {
        log_error("speech", "cannot speak by \"%s\": %s (hint: --voice PROGRAM)", speech->program,
                  status_text(status));
        if (reply != NULL)
            buffer_release(&reply->sound);
        free(reply);
        refuse(speech, call, entry, 500, "server_error", "The server had an error.");
        return;
    }
    entry->status = 200;
    entry->chars = order->chars;
    reply->entry = *entry;
    reply->ledger = speech->ledger;
    reply->stall_s = speech->conditions->stall_s;
    reply->breaks_at = entry->fault == FAULT_CUT || entry->fault == FAULT_STALL
                           ? (size_t)dice_below(dice, reply->sound.size + 1)
                           : SIZE_MAX;
    reply->start_ms =
        clock_mono_ms() + (int64_t)(speech->conditions->first_token_ms +
                                    dice_fraction(dice) * speech->conditions->jitter_ms);
    reply->due_ms = reply->start_ms;
    service_reply_source(call, "audio/pcm", (struct service_source){reply, next, free_reply});
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

static void begin_entry(const struct service_call *call, struct ledger_entry *entry)
{
    const char *id = service_header(call, "X-Client-Request-Id");
    const struct span secret = bearer(call);

    *entry = (struct ledger_entry){.at_ms = clock_wall_ms(), .key = "-"};
    snprintf(entry->vendor_request_id, sizeof entry->vendor_request_id, "speech-%016llx",
             (unsigned long long)crypto_random_u64());
    snprintf(entry->request_id, sizeof entry->request_id, "%.80s",
             id != NULL ? id : entry->vendor_request_id);
    if (secret.size > 0)
        keys_name(secret, entry->key);
}

/* Refuses by the fault of its throw; false: it is answered. */
static bool is_refused(const struct speech *speech, struct service_call *call,
                       struct ledger_entry *entry, struct dice *dice)
{
    static const struct {
        enum fault fault;
        unsigned status;
        const char *code;
    } refusals[] = {{FAULT_RATE_LIMIT, 429, "rate_limit_exceeded"},
                    {FAULT_QUOTA, 429, "insufficient_quota"},
                    {FAULT_ERROR, 500, "server_error"},
                    {FAULT_OVERLOADED, 503, "overloaded"}};

    entry->fault = conditions_draw(speech->conditions, dice);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].fault != entry->fault)
            continue;
        refuse(speech, call, entry, refusals[i].status, refusals[i].code, "Try again later.");
        return true;
    }
    return false;
}

void speech_handle(const struct speech *speech, struct service_call *call)
{
    struct ledger_entry entry;
    struct json *body = NULL;
    struct order order;
    struct dice dice;
    char problem[160];

    begin_entry(call, &entry);
    service_add_header(call, "x-request-id", entry.vendor_request_id);
    dice_init(&dice, speech->seed, span_text(entry.request_id));
    if (bearer(call).size == 0 || keys_find(speech->keys, bearer(call)) == NULL) {
        refuse(speech, call, &entry, 401, "invalid_api_key", "Incorrect API key provided.");
        return;
    }
    if (json_parse(service_body(call), &body, problem) != STATUS_OK) {
        refuse(speech, call, &entry, 400, "invalid_json", problem);
        return;
    }
    const char *flaw = read_order(body, &order);
    if (flaw == NULL)
        snprintf(entry.model, sizeof entry.model, "%s", order.model);
    if (flaw != NULL)
        refuse(speech, call, &entry, 400, "invalid_value", flaw);
    else if (!has_model(speech->models, order.model))
        refuse(speech, call, &entry, 404, "model_not_found", "The model does not exist.");
    else if (!is_refused(speech, call, &entry, &dice))
        answer(speech, call, &order, &entry, &dice);
    json_free(body);
}
