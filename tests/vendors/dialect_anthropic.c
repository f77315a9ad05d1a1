#include "tests/vendors/dialect_anthropic.h"

static const struct dialect_refusal refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, "authentication_error", NULL, "invalid x-api-key"},
    [DIALECT_BAD_REQUEST] = {400, "invalid_request_error", NULL, "The request is wrong."},
    [DIALECT_NO_MODEL] = {404, "not_found_error", NULL, "model not found"},
    [DIALECT_RATE] = {429, "rate_limit_error", NULL,
                      "This request would exceed your organization's rate limit."},
    [DIALECT_QUOTA] = {400, "invalid_request_error", NULL,
                       "Your credit balance is too low to access the API."},
    [DIALECT_BROKEN] = {500, "api_error", NULL, "Internal server error"},
    [DIALECT_OVERLOADED] = {529, "overloaded_error", NULL, "Overloaded"},
};

static void begin(struct json_writer *writer, struct buffer *out, const char *type)
{
    buffer_text(out, "event: ");
    buffer_text(out, type);
    buffer_text(out, "\ndata: ");
    json_writer_init(writer, out);
    json_begin_object(writer);
    dialect_member_text(writer, "type", type);
}

static void end(struct json_writer *writer, struct buffer *out)
{
    json_end_object(writer);
    buffer_text(out, "\n\n");
}

static const char *stop_reason(const struct dialect_answer *answer)
{
    if (answer->is_filtered)
        return answer->finish_reason;
    return strcmp(answer->finish_reason, "length") == 0 ? "max_tokens" : "end_turn";
}

/* The input is what the cache did not hold. */
static void write_counts(struct json_writer *writer, const struct dialect_usage *usage)
{
    json_key(writer, "usage");
    json_begin_object(writer);
    dialect_member_int(writer, "input_tokens", usage->prompt - usage->cached);
    dialect_member_int(writer, "cache_creation_input_tokens", 0);
    dialect_member_int(writer, "cache_read_input_tokens", usage->cached);
    dialect_member_int(writer, "output_tokens", usage->completion);
    json_end_object(writer);
}

static void write_message(struct json_writer *writer, const struct dialect_head *head)
{
    dialect_member_text(writer, "id", head->id);
    dialect_member_text(writer, "type", "message");
    dialect_member_text(writer, "role", "assistant");
    dialect_member_text(writer, "model", head->model);
}

/* The output that it tells is a placeholder. */
static void write_start(const struct dialect_head *head, const struct dialect_usage *usage,
                        struct buffer *out)
{
    struct json_writer writer;

    begin(&writer, out, "message_start");
    json_key(&writer, "message");
    json_begin_object(&writer);
    write_message(&writer, head);
    json_key(&writer, "content");
    json_begin_array(&writer);
    json_end_array(&writer);
    dialect_member_text(&writer, "stop_reason", NULL);
    if (usage != NULL) {
        struct dialect_usage first = *usage;
        first.completion = 1;
        write_counts(&writer, &first);
    }
    json_end_object(&writer);
    end(&writer, out);
}

/* The block of the text stands behind that of the thought. */
static int64_t index_of(const struct dialect_event *event)
{
    return event->part == DIALECT_TEXT && event->answer->thought.size > 0;
}

static void write_block_start(const struct dialect_event *event, struct buffer *out)
{
    const char *kind = event->part == DIALECT_THOUGHT ? "thinking" : "text";
    struct json_writer writer;

    begin(&writer, out, "content_block_start");
    dialect_member_int(&writer, "index", index_of(event));
    json_key(&writer, "content_block");
    json_begin_object(&writer);
    dialect_member_text(&writer, "type", kind);
    dialect_member_text(&writer, kind, "");
    json_end_object(&writer);
    end(&writer, out);
}

static void write_block_stop(int64_t index, struct buffer *out)
{
    struct json_writer writer;

    begin(&writer, out, "content_block_stop");
    dialect_member_int(&writer, "index", index);
    end(&writer, out);
}

static void write_delta(const struct dialect_event *event, struct buffer *out)
{
    const bool thinks = event->part == DIALECT_THOUGHT;
    struct json_writer writer;

    if (event->is_first && index_of(event) == 1)
        write_block_stop(0, out);
    if (event->is_first)
        write_block_start(event, out);
    begin(&writer, out, "content_block_delta");
    dialect_member_int(&writer, "index", index_of(event));
    json_key(&writer, "delta");
    json_begin_object(&writer);
    dialect_member_text(&writer, "type", thinks ? "thinking_delta" : "text_delta");
    json_key(&writer, thinks ? "thinking" : "text");
    json_write_text(&writer, event->text);
    json_end_object(&writer);
    end(&writer, out);
}

static void write_finish(const struct dialect_event *event, struct buffer *out)
{
    const struct dialect_answer *answer = event->answer;
    struct json_writer writer;

    if (answer->thought.size + answer->text.size > 0)
        write_block_stop(answer->thought.size > 0 && answer->text.size > 0, out);
    begin(&writer, out, "message_delta");
    json_key(&writer, "delta");
    json_begin_object(&writer);
    dialect_member_text(&writer, "stop_reason", stop_reason(answer));
    dialect_member_text(&writer, "stop_sequence", NULL);
    json_end_object(&writer);
    if (event->usage != NULL)
        write_counts(&writer, event->usage);
    end(&writer, out);
}

static void write_event(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_event *event, struct buffer *out)
{
    struct json_writer writer;

    (void)dialect;
    switch (event->part) {
    case DIALECT_START:
        write_start(head, event->usage, out);
        break;
    case DIALECT_THOUGHT:
    case DIALECT_TEXT:
        write_delta(event, out);
        break;
    case DIALECT_FINISH:
        write_finish(event, out);
        break;
    case DIALECT_USAGE:
        break;
    case DIALECT_DONE:
        begin(&writer, out, "message_stop");
        end(&writer, out);
        break;
    }
}

static void write_block(struct json_writer *writer, const char *kind, struct span text)
{
    json_begin_object(writer);
    dialect_member_text(writer, "type", kind);
    json_key(writer, kind);
    json_write_text(writer, text);
    json_end_object(writer);
}

static void write_whole(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_answer *answer, const struct dialect_usage *usage,
                        struct buffer *out)
{
    struct json_writer writer;

    (void)dialect;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    write_message(&writer, head);
    json_key(&writer, "content");
    json_begin_array(&writer);
    if (answer->thought.size > 0)
        write_block(&writer, "thinking", answer->thought);
    write_block(&writer, "text", answer->text);
    json_end_array(&writer);
    dialect_member_text(&writer, "stop_reason", stop_reason(answer));
    dialect_member_text(&writer, "stop_sequence", NULL);
    if (usage != NULL)
        write_counts(&writer, usage);
    json_end_object(&writer);
}

static void write_refusal(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out)
{
    struct json_writer writer;

    (void)param;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_member_text(&writer, "type", "error");
    json_key(&writer, "error");
    json_begin_object(&writer);
    dialect_member_text(&writer, "type", refusal->type);
    dialect_member_text(&writer, "message", refusal->message);
    json_end_object(&writer);
    json_end_object(&writer);
}

const struct dialect dialect_anthropic = {
    .path = "/v1/messages",
    .key = DIALECT_KEY_X_API,
    .stream_type = "text/event-stream",
    .id_header = "request-id",
    .question = {.messages = "messages",
                 .system = "system",
                 .limits = {"max_tokens"},
                 .needs_limit = true,
                 .stream = "stream"},
    .refusals = refusals,
    .filter_word = "refusal",
    .error_before = "event: error\ndata: ",
    .error_after = "\n\n",
    .write = write_event,
    .write_whole = write_whole,
    .write_refusal = write_refusal,
};
