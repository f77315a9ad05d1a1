#include "agent/chat/attempt.h"

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"

#define CONNECT_TIMEOUT_MS 4000
#define STALL_TIMEOUT_MS   15000
#define TOTAL_TIMEOUT_MS   180000
#define MAX_BODY_BYTES     (256 * 1024)
#define MAX_URL_BYTES      512

/* What the listener's functions need. */
struct reading {
    const struct attempt_request *request;
    struct attempt_result *result;
    struct answer answer;
};

struct outgoing {
    struct buffer url;
    struct buffer body;
    struct dialect_headers headers;
};

static void on_text(void *context, struct span text)
{
    struct reading *reading = context;
    wire_UsageRecord *record = &reading->result->record;

    if (!reading->result->text_bytes)
        record->first_token_ms = (uint32_t)(clock_mono_ms() - reading->result->started_mono_ms);
    reading->result->text_bytes += text.size;
    reading->request->on_text(reading->request->context, text);
}

static void on_status(void *context, int http_status)
{
    struct reading *reading = context;

    if (reading->result->answered_ms < 0)
        reading->result->answered_ms = clock_mono_ms() - reading->result->started_mono_ms;
    answer_on_status(&reading->answer, http_status);
}

static void on_header(void *context, struct span name, struct span value)
{
    struct reading *reading = context;

    answer_on_header(&reading->answer, name, value);
}

static enum status on_body(void *context, struct span bytes)
{
    struct reading *reading = context;

    return answer_on_body(&reading->answer, bytes);
}

static void on_idle(void *context)
{
    const struct reading *reading = context;

    if (reading->request->on_idle)
        reading->request->on_idle(reading->request->context);
}

static void prepare_record(const struct attempt_request *request, struct reservation worst_case,
                           wire_UsageRecord *record)
{
    const wire_Route *route = request->route;

    *record = (wire_UsageRecord){
        .attempt = request->number,
        .contract_version = route->contract_version,
        .start_ms = clock_wall_ms(),
        .generation = request->generation,
        .purpose = request->purpose,
        .reserved_input = worst_case.input,
        .reserved_output = worst_case.output,
    };
    memcpy(record->turn, request->turn, sizeof record->turn);
    snprintf(record->vendor, sizeof record->vendor, "%s", route->vendor);
    snprintf(record->model, sizeof record->model, "%s", route->model);
    snprintf(record->contract, sizeof record->contract, "%s", route->contract);
    snprintf(record->line_id, sizeof record->line_id, "%s", route->line_id);
}

static enum status prepare_request(const struct attempt_request *request,
                                   const struct dialect *dialect,
                                   const struct dialect_question *question, struct outgoing *out)
{
    char turn[ENCODE_UUID_SIZE], id[ENCODE_UUID_SIZE + 12];
    enum status status;

    encode_uuid(request->turn, turn);
    snprintf(id, sizeof id, "%s-%u", turn, (unsigned)request->number);
    dialect_url(dialect, request->route->base_url, &out->url);
    dialect_write(dialect, question, &out->body);
    status = buffer_status(&out->url);
    if (status == STATUS_OK)
        status = buffer_status(&out->body);
    if (status == STATUS_OK)
        status = dialect_headers(dialect, request->route->api_key, id, &out->headers);
    return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

static enum answer_end end_of(enum status status, const struct http_result *sent)
{
    if (!sent->sent)
        return ANSWER_NOT_SENT;
    if (status == STATUS_CLOSED)
        return ANSWER_INTERRUPTED;
    return status == STATUS_OK ? ANSWER_COMPLETE : ANSWER_CUT;
}

static void tell_problem(const struct reading *reading, enum status status,
                         const struct http_result *sent)
{
    struct attempt_result *result = reading->result;
    const char *code = answer_error_code(&reading->answer);

    if (result->record.outcome != wire_Outcome_FAILED)
        return;
    snprintf(result->problem, sizeof result->problem, "%s class=%s http=%d%s%s",
             status == STATUS_OK ? "refused" : sent->problem,
             message_error_name(result->record.error_class), sent->http_status,
             code[0] ? " code=" : "", code);
}

/* The attempt is open. */
static void exchange(struct http *http, const struct outgoing *out, struct reading *reading,
                     uint64_t input_estimate)
{
    const struct http_request request = {
        .url = buffer_cstring(&out->url),
        .headers = out->headers.list,
        .header_count = out->headers.count,
        .body = buffer_span(&out->body),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .stall_timeout_ms = STALL_TIMEOUT_MS,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .cancel = reading->request->cancel,
    };
    const struct http_listener listener = {reading, on_status, on_header, on_body, on_idle};
    wire_UsageRecord *record = &reading->result->record;
    struct http_result sent;

    enum status status = http_send(http, &request, &listener, &sent);
    answer_close(&reading->answer, end_of(status, &sent), input_estimate, record);
    record->end_ms = clock_wall_ms();
    if (status == STATUS_CLOSED) {
        record->interrupted = true;
        record->outcome = wire_Outcome_INTERRUPTED;
        record->error_class = wire_ErrorClass_ERROR_NONE;
    }
    reading->result->retry_after_ms = answer_retry_after_ms(&reading->answer);
    tell_problem(reading, status, &sent);
}

enum status attempt_run(struct http *http, struct journal *journal,
                        const struct attempt_request *request, struct attempt_result *result)
{
    const struct dialect *dialect = dialect_find(request->route->dialect);
    struct dialect_question question = {
        .model = request->route->model,
        .messages = request->messages,
        .count = request->count,
        .max_output_tokens = request->max_output_tokens,
    };
    struct reading reading = {.request = request, .result = result};
    struct outgoing out;
    enum status status;

    if (!dialect)
        return STATUS_INVALID;
    *result = (struct attempt_result){
        .answered_ms = -1, .retry_after_ms = -1, .started_mono_ms = clock_mono_ms()};
    buffer_init(&out.url, MAX_URL_BYTES);
    buffer_init(&out.body, MAX_BODY_BYTES);
    answer_init(&reading.answer, dialect, on_text, &reading);

    prepare_record(request, dialect_worst_case(dialect, &question), &result->record);
    journal_clip(journal, &result->record);
    question.max_output_tokens = (int64_t)result->record.reserved_output;
    status = prepare_request(request, dialect, &question, &out);
    if (status != STATUS_OK)
        goto out;
    status = journal_begin(journal, &result->record);
    if (status == STATUS_OK)
        exchange(http, &out, &reading, dialect_estimate_input(dialect, &question));
out:
    answer_release(&reading.answer);
    crypto_wipe(&out.headers, sizeof out.headers);
    buffer_release(&out.body);
    buffer_release(&out.url);
    return status;
}
