#include "tests/vendors/dialect_ollama.h"

#include "schema/base/clock.h"

static const struct dialect_refusal refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, NULL, NULL, "unauthorized"},
    [DIALECT_BAD_REQUEST] = {400, NULL, NULL, "the request is wrong"},
    [DIALECT_NO_MODEL] = {404, NULL, NULL, "model not found, try pulling it first"},
    [DIALECT_RATE] = {429, NULL, NULL, "too many requests"},
    [DIALECT_QUOTA] = {402, NULL, NULL, "this account has no more usage"},
    [DIALECT_BROKEN] = {500, NULL, NULL, "an error was encountered while running the model"},
    [DIALECT_OVERLOADED] = {503, NULL, NULL,
                            "server busy, please try again.  maximum pending requests exceeded"},
};

static void begin(struct json_writer *writer, const struct dialect_head *head, struct buffer *out)
{
    char at[32];

    snprintf(at, sizeof at, "2026-10-01T00:%02d:%02dZ", (int)(head->created_s / 60 % 60),
             (int)(head->created_s % 60));
    json_writer_init(writer, out);
    json_begin_object(writer);
    dialect_member_text(writer, "model", head->model);
    dialect_member_text(writer, "created_at", at);
    json_key(writer, "message");
    json_begin_object(writer);
    dialect_member_text(writer, "role", "assistant");
}

static void write_text(const struct dialect_head *head, const struct dialect_event *event,
                       struct buffer *out)
{
    const bool thinks = event->part == DIALECT_THOUGHT;
    struct json_writer writer;

    begin(&writer, head, out);
    json_key(&writer, "content");
    json_write_text(&writer, thinks ? span_text("") : event->text);
    if (thinks) {
        json_key(&writer, "thinking");
        json_write_text(&writer, event->text);
    }
    json_end_object(&writer);
    json_key(&writer, "done");
    json_write_bool(&writer, false);
    json_end_object(&writer);
    buffer_text(out, "\n");
}

/* Behind the message: how it ended and what it took, durations in nanoseconds. */
static void write_end(struct json_writer *writer, const char *finish_reason,
                      const struct dialect_usage *usage)
{
    json_key(writer, "done");
    json_write_bool(writer, true);
    dialect_member_text(writer, "done_reason", finish_reason);
    dialect_member_int(writer, "total_duration", 883583458);
    dialect_member_int(writer, "load_duration", 1334875);
    if (usage == NULL)
        return;
    dialect_member_int(writer, "prompt_eval_count", usage->prompt);
    dialect_member_int(writer, "prompt_eval_duration", 342546000);
    dialect_member_int(writer, "eval_count", usage->completion);
    dialect_member_int(writer, "eval_duration", 535599000);
}

static void write_event(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_event *event, struct buffer *out)
{
    struct json_writer writer;

    (void)dialect;
    if (event->part == DIALECT_THOUGHT || event->part == DIALECT_TEXT)
        write_text(head, event, out);
    if (event->part != DIALECT_FINISH)
        return;
    begin(&writer, head, out);
    dialect_member_text(&writer, "content", "");
    json_end_object(&writer);
    write_end(&writer, event->answer->finish_reason, event->usage);
    json_end_object(&writer);
    buffer_text(out, "\n");
}

static void write_whole(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_answer *answer, const struct dialect_usage *usage,
                        struct buffer *out)
{
    struct json_writer writer;

    (void)dialect;
    begin(&writer, head, out);
    json_key(&writer, "content");
    json_write_text(&writer, answer->text);
    if (answer->thought.size > 0) {
        json_key(&writer, "thinking");
        json_write_text(&writer, answer->thought);
    }
    json_end_object(&writer);
    write_end(&writer, answer->finish_reason, usage);
    json_end_object(&writer);
}

static void write_refusal(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out)
{
    struct json_writer writer;

    (void)param;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_member_text(&writer, "error", refusal->message);
    json_end_object(&writer);
}

const struct dialect dialect_ollama = {
    .path = "/api/chat",
    .key = DIALECT_KEY_BEARER,
    .stream_type = "application/x-ndjson",
    .id_header = "x-request-id",
    .question = {.messages = "messages",
                 .limits = {"options.num_predict"},
                 .stream = "stream",
                 .streams_untold = true,
                 .thinking = "think"},
    .refusals = refusals,
    .error_before = "",
    .error_after = "\n",
    .write = write_event,
    .write_whole = write_whole,
    .write_refusal = write_refusal,
};
