#include "agent/chat/answer.h"

#include <strings.h>

#define MAX_BODY_BYTES (256 * 1024)
#define MAX_RETRY_S    86400

static void on_event(void *context, const struct sse_event *event);
static void on_line(void *context, struct span line);

void answer_init(struct answer *answer, const struct dialect *dialect, answer_text_fn on_text,
                 void *context)
{
    *answer = (struct answer){
        .dialect = dialect,
        .on_text = on_text,
        .context = context,
        .retry_after_ms = -1,
    };
    dialect_usage_init(&answer->usage);
    ndjson_init(&answer->ndjson, on_line, answer);
    sse_init(&answer->sse, on_event, answer);
    buffer_init(&answer->body, MAX_BODY_BYTES);
}

void answer_release(struct answer *answer)
{
    sse_release(&answer->sse);
    ndjson_release(&answer->ndjson);
    buffer_release(&answer->body);
}

/* Copies as much as fits, without cutting a character. */
static void keep(char *out, size_t out_size, struct span text)
{
    size_t size = 0, step;

    while ((step = span_utf8_step(span_of(text.data + size, text.size - size))) > 0 &&
           size + step < out_size && text.data[size] >= ' ')
        size += step;
    if (size)
        memcpy(out, text.data, size);
    out[size] = 0;
}

static void keep_text(char *out, size_t out_size, const char *text)
{
    if (text)
        keep(out, out_size, span_text(text));
}

static void take_text(struct answer *answer, const char *text)
{
    struct span span = span_text(text);

    if (!span.size)
        return;
    answer->text_bytes += span.size;
    reservation_estimate_add(&answer->written, span);
    answer->on_text(answer->context, span);
}

static void take_usage(struct answer *answer, const struct dialect_usage *told)
{
    for (size_t i = 0; i < DIALECT_COUNTS; i++) {
        if (told->counts[i] < 0)
            continue;
        answer->usage.counts[i] = told->counts[i];
        answer->has_usage = true;
    }
}

static void take_document(struct answer *answer, const struct json *document)
{
    struct dialect_event event = {0};

    dialect_usage_init(&event.usage);
    if (failure_read(document, answer->http_status, &answer->failure))
        answer->has_failure = true;
    answer->dialect->read(document, &event);
    take_usage(answer, &event.usage);
    if (event.finish != DIALECT_FINISH_NONE)
        answer->finish = event.finish;
    keep_text(answer->model, sizeof answer->model, event.model);
    keep_text(answer->id, sizeof answer->id, event.id);
    keep_text(answer->service_tier, sizeof answer->service_tier, event.service_tier);
    if (event.reasoning)
        reservation_estimate_add(&answer->thought, span_text(event.reasoning));
    if (event.text)
        take_text(answer, event.text);
    /* MiniMax repeats the whole answer in the last event: only for those who saw nothing yet. */
    if (event.whole && !answer->text_bytes)
        take_text(answer, event.whole);
    answer->terminated |= event.is_last;
}

/* A document that does not parse is what a cut left of an event: it says nothing. */
static void take_bytes(struct answer *answer, struct span bytes)
{
    struct json *document;

    if (json_parse(bytes, &document, NULL) != STATUS_OK)
        return;
    take_document(answer, document);
    json_free(document);
}

static void on_event(void *context, const struct sse_event *event)
{
    struct answer *answer = context;

    if (answer->terminated)
        return;
    if (answer->dialect->terminator && span_equal_text(event->data, answer->dialect->terminator))
        answer->terminated = true;
    else
        take_bytes(answer, event->data);
}

static void on_line(void *context, struct span line)
{
    struct answer *answer = context;

    if (!answer->terminated)
        take_bytes(answer, line);
}

void answer_on_status(void *context, int http_status)
{
    struct answer *answer = context;

    answer->http_status = http_status;
}

static bool is_named(struct span name, const char *text)
{
    return name.size == strlen(text) && !strncasecmp((const char *)name.data, text, name.size);
}

/* OpenAI and most others; Anthropic; MiniMax */
static bool is_request_id(struct span name)
{
    return is_named(name, "x-request-id") || is_named(name, "request-id") ||
           is_named(name, "trace-id");
}

void answer_on_header(void *context, struct span name, struct span value)
{
    struct answer *answer = context;
    uint64_t number;

    if (is_request_id(name)) {
        keep(answer->header_id, sizeof answer->header_id, value);
    } else if (is_named(name, "retry-after-ms")) {
        if (span_to_uint64(value, &number) == STATUS_OK && number <= MAX_RETRY_S * 1000)
            answer->retry_after_ms = (int64_t)number;
    } else if (is_named(name, "retry-after") && answer->retry_after_ms < 0) {
        if (span_to_uint64(value, &number) == STATUS_OK && number <= MAX_RETRY_S)
            answer->retry_after_ms = (int64_t)number * 1000;
    }
}

/* An event stream never begins with a brace and a JSON answer always does; what begins with "<" is
 * some gateway's page. The Content-Type lies too often to be asked. Lines of JSON begin like one
 * document: there the status must tell. */
static enum answer_kind kind_of(const struct answer *answer, uint8_t first)
{
    bool has_lines = answer->dialect->framing == DIALECT_NDJSON && answer->http_status < 300;

    if (first == '{' && !has_lines)
        return ANSWER_KIND_JSON;
    return first == '<' ? ANSWER_KIND_ALIEN : ANSWER_KIND_STREAM;
}

static enum status feed_stream(struct answer *answer, struct span bytes)
{
    return answer->dialect->framing == DIALECT_NDJSON ? ndjson_feed(&answer->ndjson, bytes)
                                                      : sse_feed(&answer->sse, bytes);
}

enum status answer_on_body(void *context, struct span bytes)
{
    struct answer *answer = context;

    while (answer->kind == ANSWER_KIND_UNKNOWN && bytes.size) {
        if (strchr(" \t\r\n", bytes.data[0]) && bytes.data[0])
            bytes = span_of(bytes.data + 1, bytes.size - 1);
        else
            answer->kind = kind_of(answer, bytes.data[0]);
    }
    switch (answer->kind) {
    case ANSWER_KIND_STREAM:
        return feed_stream(answer, bytes);
    case ANSWER_KIND_JSON:
        buffer_add(&answer->body, bytes);
        return buffer_status(&answer->body);
    default:
        return STATUS_OK;
    }
}

/* How the answer ended, from the vendor's side. */
static bool ended_properly(const struct answer *answer, enum answer_end end)
{
    return answer->terminated || (end == ANSWER_COMPLETE && answer->finish != DIALECT_FINISH_NONE);
}

/* A refusal that came as a whole and before anything was written: nothing is billed. */
static bool is_refusal(const struct answer *answer, enum answer_end end)
{
    bool whole = answer->http_status >= 300 || answer->kind == ANSWER_KIND_JSON;

    return end == ANSWER_COMPLETE && whole && !answer->has_usage &&
           !reservation_estimate_tokens(&answer->written) &&
           !reservation_estimate_tokens(&answer->thought) &&
           (answer->has_failure || answer->http_status >= 300);
}

static wire_ErrorClass error_class_of(const struct answer *answer, enum answer_end end)
{
    if (answer->has_failure)
        return answer->failure.error_class;
    wire_ErrorClass by_status = failure_of_status(answer->http_status);
    if (by_status != wire_ErrorClass_ERROR_NONE)
        return by_status;
    if (answer->finish == DIALECT_FINISH_BROKEN)
        return wire_ErrorClass_BUSY;
    return ended_properly(answer, end) ? wire_ErrorClass_ERROR_NONE : wire_ErrorClass_NET;
}

static wire_Outcome outcome_of(const struct answer *answer, wire_ErrorClass error_class)
{
    if (error_class == wire_ErrorClass_CONTENT || answer->finish == DIALECT_FINISH_FILTERED)
        return wire_Outcome_FILTERED;
    if (error_class != wire_ErrorClass_ERROR_NONE)
        return wire_Outcome_FAILED;
    return answer->finish == DIALECT_FINISH_LENGTH ? wire_Outcome_TRUNCATED : wire_Outcome_ANSWERED;
}

static wire_Provenance provenance_of(const struct answer *answer, enum answer_end end)
{
    if (end == ANSWER_NOT_SENT)
        return wire_Provenance_NOT_SENT;
    if (is_refusal(answer, end))
        return wire_Provenance_VENDOR_FINAL;
    if (answer->usage.counts[DIALECT_INPUT] < 0 || answer->usage.counts[DIALECT_OUTPUT] < 0)
        return wire_Provenance_ESTIMATED;
    return ended_properly(answer, end) && !answer->has_failure ? wire_Provenance_VENDOR_FINAL
                                                               : wire_Provenance_VENDOR_CUMULATIVE;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What the vendor did not tell, by the texts. */
static void estimate(const struct answer *answer, uint64_t input_estimate,
                     const wire_UsageRecord *record, struct dialect_classes *classes)
{
    if (answer->usage.counts[DIALECT_INPUT] < 0)
        classes->input_uncached = smaller(input_estimate, record->reserved_input);
    if (answer->usage.counts[DIALECT_OUTPUT] >= 0)
        return;
    classes->output =
        smaller(reservation_estimate_tokens(&answer->written), record->reserved_output);
    classes->reasoning = smaller(reservation_estimate_tokens(&answer->thought),
                                 record->reserved_output - classes->output);
}

static void fill_tokens(const struct answer *answer, uint64_t input_estimate,
                        wire_UsageRecord *record)
{
    struct dialect_classes classes = {0};

    if (answer->has_usage && record->provenance != wire_Provenance_NOT_SENT)
        answer->dialect->classify(&answer->usage, &classes);
    if (record->provenance == wire_Provenance_ESTIMATED)
        estimate(answer, input_estimate, record, &classes);
    record->input_uncached = classes.input_uncached;
    record->input_cached = classes.input_cached;
    record->cache_write_5m = classes.cache_write_5m;
    record->cache_write_1h = classes.cache_write_1h;
    record->output = classes.output;
    record->reasoning = classes.reasoning;
}

static void fill_names(const struct answer *answer, wire_UsageRecord *record)
{
    const char *id = answer->header_id[0] ? answer->header_id : answer->id;

    snprintf(record->model_served, sizeof record->model_served, "%s", answer->model);
    snprintf(record->vendor_request_id, sizeof record->vendor_request_id, "%s", id);
    snprintf(record->service_tier, sizeof record->service_tier, "%s", answer->service_tier);
}

void answer_close(struct answer *answer, enum answer_end end, uint64_t input_estimate,
                  wire_UsageRecord *record)
{
    sse_end(&answer->sse);
    ndjson_end(&answer->ndjson);
    if (answer->kind == ANSWER_KIND_JSON)
        take_bytes(answer, buffer_span(&answer->body));

    record->provenance = provenance_of(answer, end);
    record->requests = end == ANSWER_NOT_SENT ? 0 : 1;
    record->interrupted = end == ANSWER_INTERRUPTED;
    record->error_class = error_class_of(answer, end);
    record->outcome = outcome_of(answer, record->error_class);
    if (end == ANSWER_INTERRUPTED) {
        record->error_class = wire_ErrorClass_ERROR_NONE;
        record->outcome = wire_Outcome_INTERRUPTED;
    }
    fill_tokens(answer, input_estimate, record);
    fill_names(answer, record);
}

int64_t answer_retry_after_ms(const struct answer *answer)
{
    return answer->retry_after_ms;
}

uint64_t answer_text_bytes(const struct answer *answer)
{
    return answer->text_bytes;
}

const char *answer_error_code(const struct answer *answer)
{
    return answer->has_failure ? answer->failure.code : "";
}
