#include "tests/vendors/dialect_dashscope.h"

static const struct dialect_refusal refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, NULL, "InvalidApiKey", "Invalid API-key provided."},
    [DIALECT_BAD_REQUEST] = {400, NULL, "InvalidParameter", "A parameter is wrong."},
    [DIALECT_NO_MODEL] = {404, NULL, "InvalidParameter.Model", "The model does not exist."},
    [DIALECT_RATE] = {429, NULL, "Throttling.RateQuota", "Requests rate limit exceeded."},
    [DIALECT_QUOTA] = {400, NULL, "Arrearage", "The account is overdue."},
    [DIALECT_BROKEN] = {500, NULL, "InternalError", "An internal error has occurred."},
    [DIALECT_OVERLOADED] = {503, NULL, "ModelServingError", "The model is busy."},
    [DIALECT_OBJECTION] = {400, NULL, "DataInspectionFailed",
                           "Output data may contain inappropriate content."},
};

static void write_counts(struct json_writer *writer, const struct dialect_usage *usage)
{
    json_key(writer, "usage");
    json_begin_object(writer);
    dialect_member_int(writer, "input_tokens", usage->prompt);
    dialect_member_int(writer, "output_tokens", usage->completion);
    dialect_member_int(writer, "total_tokens", usage->prompt + usage->completion);
    json_key(writer, "prompt_tokens_details");
    json_begin_object(writer);
    dialect_member_int(writer, "cached_tokens", usage->cached);
    json_end_object(writer);
    json_key(writer, "output_tokens_details");
    json_begin_object(writer);
    dialect_member_int(writer, "reasoning_tokens", usage->reasoning);
    json_end_object(writer);
    json_end_object(writer);
}

static void write_body(const struct dialect_head *head, const struct dialect_answer *answer,
                       const struct dialect_usage *usage, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "output");
    json_begin_object(&writer);
    json_key(&writer, "choices");
    json_begin_array(&writer);
    json_begin_object(&writer);
    json_key(&writer, "message");
    json_begin_object(&writer);
    dialect_member_text(&writer, "role", "assistant");
    json_key(&writer, "content");
    json_write_text(&writer, answer->text);
    if (answer->thought.size > 0) {
        json_key(&writer, "reasoning_content");
        json_write_text(&writer, answer->thought);
    }
    json_end_object(&writer);
    dialect_member_text(&writer, "finish_reason", answer->finish_reason);
    json_end_object(&writer);
    json_end_array(&writer);
    json_end_object(&writer);
    if (usage != NULL)
        write_counts(&writer, usage);
    dialect_member_text(&writer, "request_id", head->id);
    json_end_object(&writer);
}

/* The usage of all so far is in every event, and so is a reason for the end: the text "null". */
static void write_event(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_event *event, struct buffer *out)
{
    struct dialect_answer piece = {.finish_reason = "null"};

    (void)dialect;
    switch (event->part) {
    case DIALECT_THOUGHT:
        piece.thought = event->text;
        break;
    case DIALECT_TEXT:
        piece.text = event->text;
        break;
    case DIALECT_FINISH:
        piece.finish_reason = event->answer->finish_reason;
        break;
    default:
        return;
    }
    buffer_text(out, "id:1\nevent:result\n:HTTP_STATUS/200\ndata:");
    write_body(head, &piece, event->usage, out);
    buffer_text(out, "\n\n");
}

static void write_whole(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_answer *answer, const struct dialect_usage *usage,
                        struct buffer *out)
{
    (void)dialect;
    write_body(head, answer, usage, out);
}

static void write_refusal(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out)
{
    struct json_writer writer;

    (void)param;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_member_text(&writer, "code", refusal->code);
    dialect_member_text(&writer, "message", refusal->message);
    dialect_member_text(&writer, "request_id", "r0");
    json_end_object(&writer);
}

const struct dialect dialect_dashscope = {
    .path = "/api/v1/services/aigc/text-generation/generation",
    .stream_type = "text/event-stream",
    .id_header = "x-request-id",
    .question = {.messages = "input.messages",
                 .limits = {"parameters.max_tokens"},
                 .streams_untold = true,
                 .thinking = "parameters.enable_thinking",
                 .must_be_true = "parameters.incremental_output"},
    .refusals = refusals,
    .error_before = "id:1\nevent:error\n:HTTP_STATUS/500\ndata:",
    .error_after = "\n\n",
    .write = write_event,
    .write_whole = write_whole,
    .write_refusal = write_refusal,
};
