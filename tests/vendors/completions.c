#include "tests/vendors/completions.h"

const struct dialect_refusal completions_refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, "invalid_request_error", "invalid_api_key",
                        "Incorrect API key provided: send one that was given out."},
    [DIALECT_BAD_REQUEST] = {400, "invalid_request_error", NULL, "The request is wrong."},
    [DIALECT_NO_MODEL] = {404, "invalid_request_error", "model_not_found",
                          "The model does not exist or you do not have access to it."},
    [DIALECT_RATE] = {429, "requests", "rate_limit_exceeded",
                      "Rate limit reached for requests. Please try again later."},
    [DIALECT_QUOTA] = {429, "insufficient_quota", "insufficient_quota",
                       "You exceeded your current quota, please check your plan and billing "
                       "details."},
    [DIALECT_BROKEN] = {500, "server_error", NULL,
                        "The server had an error while processing your request. Sorry about that!"},
    [DIALECT_OVERLOADED] = {503, "server_error", "overloaded",
                            "The engine is currently overloaded, please try again later."},
};

static bool has(const struct dialect *dialect, unsigned habit)
{
    return (dialect->habits & habit) != 0;
}

static void begin_body(const struct dialect *dialect, struct json_writer *writer,
                       struct buffer *out, const struct dialect_head *head, const char *object)
{
    json_writer_init(writer, out);
    json_begin_object(writer);
    if (has(dialect, COMPLETIONS_SID)) {
        dialect_member_int(writer, "code", 0);
        dialect_member_text(writer, "message", "Success");
        dialect_member_text(writer, "sid", head->id);
    } else {
        dialect_member_text(writer, "id", head->id);
    }
    dialect_member_text(writer, "object", object);
    dialect_member_int(writer, "created", head->created_s);
    dialect_member_text(writer, "model", head->model);
    json_key(writer, "choices");
}

static void begin_chunk(const struct dialect *dialect, struct json_writer *writer,
                        struct buffer *out, const struct dialect_head *head)
{
    buffer_text(out, has(dialect, COMPLETIONS_SID) ? "data:" : "data: ");
    begin_body(dialect, writer, out, head, "chat.completion.chunk");
}

static void begin_choice(struct json_writer *writer, const char *part)
{
    json_begin_array(writer);
    json_begin_object(writer);
    dialect_member_int(writer, "index", 0);
    json_key(writer, part);
    json_begin_object(writer);
}

/* finish_reason NULL: null; empty: there is no such member. */
static void end_choice(struct json_writer *writer, const char *finish_reason)
{
    json_end_object(writer);
    if (finish_reason == NULL || finish_reason[0] != '\0')
        dialect_member_text(writer, "finish_reason", finish_reason);
    json_end_object(writer);
    json_end_array(writer);
}

static void write_cached(const struct dialect *dialect, struct json_writer *writer,
                         const struct dialect_usage *usage)
{
    if (has(dialect, COMPLETIONS_HIT_FIELDS)) {
        dialect_member_int(writer, "prompt_cache_hit_tokens", usage->cached);
        dialect_member_int(writer, "prompt_cache_miss_tokens", usage->prompt - usage->cached);
        return;
    }
    json_key(writer, "prompt_tokens_details");
    json_begin_object(writer);
    dialect_member_int(writer, "cached_tokens", usage->cached);
    json_end_object(writer);
}

static void write_usage(const struct dialect *dialect, struct json_writer *writer,
                        const struct dialect_usage *usage)
{
    json_key(writer, "usage");
    json_begin_object(writer);
    dialect_member_int(writer, "prompt_tokens", usage->prompt);
    dialect_member_int(writer, "completion_tokens", usage->completion);
    dialect_member_int(writer, "total_tokens", usage->prompt + usage->completion);
    write_cached(dialect, writer, usage);
    json_key(writer, "completion_tokens_details");
    json_begin_object(writer);
    dialect_member_int(writer, "reasoning_tokens", usage->reasoning);
    json_end_object(writer);
    json_end_object(writer);
}

/* usage: what this chunk tells; NULL: null where usage was asked for, else nothing. */
static void end_chunk(const struct dialect *dialect, struct json_writer *writer, struct buffer *out,
                      const struct dialect_head *head, const struct dialect_usage *usage)
{
    if (usage != NULL)
        write_usage(dialect, writer, usage);
    else if (head->shows_usage && dialect->question.usage != NULL)
        dialect_member_text(writer, "usage", NULL);
    json_end_object(writer);
    buffer_text(out, "\n\n");
}

static void write_text(const struct dialect *dialect, const struct dialect_head *head,
                       const struct dialect_event *event, struct buffer *out)
{
    struct json_writer writer;

    begin_chunk(dialect, &writer, out, head);
    begin_choice(&writer, "delta");
    if (event->part == DIALECT_START)
        dialect_member_text(&writer, "role", "assistant");
    json_key(&writer, event->part == DIALECT_THOUGHT ? "reasoning_content" : "content");
    json_write_text(&writer, event->text);
    end_choice(&writer, has(dialect, COMPLETIONS_SID) ? "" : NULL);
    end_chunk(dialect, &writer, out, head, head->every_usage ? event->usage : NULL);
}

static void write_finish(const struct dialect *dialect, const struct dialect_head *head,
                         const struct dialect_event *event, struct buffer *out)
{
    bool tells = has(dialect, COMPLETIONS_FINISH_USAGE) || head->every_usage;
    struct json_writer writer;

    begin_chunk(dialect, &writer, out, head);
    begin_choice(&writer, "delta");
    end_choice(&writer, has(dialect, COMPLETIONS_SID) ? "" : event->answer->finish_reason);
    end_chunk(dialect, &writer, out, head, tells ? event->usage : NULL);
}

static void write_last(const struct dialect *dialect, const struct dialect_head *head,
                       const struct dialect_event *event, struct buffer *out)
{
    struct json_writer writer;

    if (event->usage == NULL || !head->shows_usage || has(dialect, COMPLETIONS_FINISH_USAGE))
        return;
    begin_chunk(dialect, &writer, out, head);
    if (has(dialect, COMPLETIONS_NULL_CHOICES)) {
        json_write_null(&writer);
    } else {
        json_begin_array(&writer);
        json_end_array(&writer);
    }
    end_chunk(dialect, &writer, out, head, event->usage);
}

static void write_body(const struct dialect *dialect, const struct dialect_head *head,
                       const struct dialect_answer *answer, const struct dialect_usage *usage,
                       struct buffer *out)
{
    struct json_writer writer;

    begin_body(dialect, &writer, out, head, "chat.completion");
    begin_choice(&writer, "message");
    dialect_member_text(&writer, "role", "assistant");
    if (answer->thought.size > 0) {
        json_key(&writer, "reasoning_content");
        json_write_text(&writer, answer->thought);
    }
    json_key(&writer, "content");
    json_write_text(&writer, answer->text);
    end_choice(&writer, answer->finish_reason);
    if (usage != NULL)
        write_usage(dialect, &writer, usage);
    if (has(dialect, COMPLETIONS_LAST_WHOLE)) {
        json_key(&writer, "output_sensitive");
        json_write_bool(&writer, answer->is_filtered);
        json_key(&writer, "base_resp");
        json_begin_object(&writer);
        dialect_member_int(&writer, "status_code", 0);
        dialect_member_text(&writer, "status_msg", "");
        json_end_object(&writer);
    }
    json_end_object(&writer);
}

void completions_write(const struct dialect *dialect, const struct dialect_head *head,
                       const struct dialect_event *event, struct buffer *out)
{
    switch (event->part) {
    case DIALECT_START:
        if (!has(dialect, COMPLETIONS_LAST_WHOLE))
            write_text(dialect, head, event, out);
        break;
    case DIALECT_THOUGHT:
    case DIALECT_TEXT:
        write_text(dialect, head, event, out);
        break;
    case DIALECT_FINISH:
        if (!has(dialect, COMPLETIONS_LAST_WHOLE)) {
            write_finish(dialect, head, event, out);
            break;
        }
        buffer_text(out, "data: ");
        write_body(dialect, head, event->answer, event->usage, out);
        buffer_text(out, "\n\n");
        break;
    case DIALECT_USAGE:
        if (!has(dialect, COMPLETIONS_LAST_WHOLE))
            write_last(dialect, head, event, out);
        break;
    case DIALECT_DONE:
        if (!has(dialect, COMPLETIONS_LAST_WHOLE))
            buffer_text(out, "data: [DONE]\n\n");
        break;
    }
}

void completions_write_whole(const struct dialect *dialect, const struct dialect_head *head,
                             const struct dialect_answer *answer, const struct dialect_usage *usage,
                             struct buffer *out)
{
    write_body(dialect, head, answer, usage, out);
}

void completions_write_refusal(const struct dialect_refusal *refusal, const char *param,
                               struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "error");
    json_begin_object(&writer);
    dialect_member_text(&writer, "message", refusal->message);
    dialect_member_text(&writer, "type", refusal->type);
    dialect_member_text(&writer, "param", param);
    dialect_member_text(&writer, "code", refusal->code);
    json_end_object(&writer);
    json_end_object(&writer);
}

void completions_write_models(struct buffer *out, const char *models, int64_t created_s)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_member_text(&writer, "object", "list");
    json_key(&writer, "data");
    json_begin_array(&writer);
    while (*models != '\0') {
        size_t size = strcspn(models, ",");

        json_begin_object(&writer);
        json_key(&writer, "id");
        json_write_text(&writer, span_of(models, size));
        dialect_member_text(&writer, "object", "model");
        dialect_member_int(&writer, "created", created_s);
        dialect_member_text(&writer, "owned_by", "myna-vendors");
        json_end_object(&writer);
        models += models[size] == ',' ? size + 1 : size;
    }
    json_end_array(&writer);
    json_end_object(&writer);
}
