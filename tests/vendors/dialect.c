#include "tests/vendors/dialect.h"

#include "schema/base/json.h"

static void member_text(struct json_writer *writer, const char *name, const char *value)
{
    json_key(writer, name);
    if (value != NULL)
        json_write_text(writer, span_text(value));
    else
        json_write_null(writer);
}

static void member_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_write_int(writer, value);
}

static void begin_body(struct json_writer *writer, struct buffer *out,
                       const struct dialect_head *head, const char *object)
{
    json_writer_init(writer, out);
    json_begin_object(writer);
    member_text(writer, "id", head->id);
    member_text(writer, "object", object);
    member_int(writer, "created", head->created_s);
    member_text(writer, "model", head->model);
    json_key(writer, "choices");
    json_begin_array(writer);
}

static void begin_chunk(struct json_writer *writer, struct buffer *out,
                        const struct dialect_head *head)
{
    buffer_text(out, "data: ");
    begin_body(writer, out, head, "chat.completion.chunk");
}

static void begin_choice(struct json_writer *writer, const char *part)
{
    json_begin_object(writer);
    member_int(writer, "index", 0);
    json_key(writer, part);
    json_begin_object(writer);
}

static void end_choice(struct json_writer *writer, const char *finish_reason)
{
    json_end_object(writer);
    member_text(writer, "finish_reason", finish_reason);
    json_end_object(writer);
    json_end_array(writer);
}

static void end_chunk(struct json_writer *writer, struct buffer *out,
                      const struct dialect_head *head)
{
    if (head->shows_usage)
        member_text(writer, "usage", NULL);
    json_end_object(writer);
    buffer_text(out, "\n\n");
}

void dialect_write_start(struct buffer *out, const struct dialect_head *head)
{
    struct json_writer writer;

    begin_chunk(&writer, out, head);
    begin_choice(&writer, "delta");
    member_text(&writer, "role", "assistant");
    member_text(&writer, "content", "");
    end_choice(&writer, NULL);
    end_chunk(&writer, out, head);
}

void dialect_write_text(struct buffer *out, const struct dialect_head *head, const char *field,
                        struct span text)
{
    struct json_writer writer;

    begin_chunk(&writer, out, head);
    begin_choice(&writer, "delta");
    json_key(&writer, field);
    json_write_text(&writer, text);
    end_choice(&writer, NULL);
    end_chunk(&writer, out, head);
}

void dialect_write_finish(struct buffer *out, const struct dialect_head *head, const char *reason)
{
    struct json_writer writer;

    begin_chunk(&writer, out, head);
    begin_choice(&writer, "delta");
    end_choice(&writer, reason);
    end_chunk(&writer, out, head);
}

static void write_usage(struct json_writer *writer, const struct dialect_usage *usage)
{
    json_key(writer, "usage");
    json_begin_object(writer);
    member_int(writer, "prompt_tokens", usage->prompt);
    member_int(writer, "completion_tokens", usage->completion);
    member_int(writer, "total_tokens", usage->prompt + usage->completion);
    json_key(writer, "prompt_tokens_details");
    json_begin_object(writer);
    member_int(writer, "cached_tokens", usage->cached);
    json_end_object(writer);
    json_key(writer, "completion_tokens_details");
    json_begin_object(writer);
    member_int(writer, "reasoning_tokens", usage->reasoning);
    json_end_object(writer);
    json_end_object(writer);
}

void dialect_write_usage(struct buffer *out, const struct dialect_head *head,
                         const struct dialect_usage *usage)
{
    struct json_writer writer;

    begin_chunk(&writer, out, head);
    json_end_array(&writer);
    write_usage(&writer, usage);
    json_end_object(&writer);
    buffer_text(out, "\n\n");
}

void dialect_write_done(struct buffer *out)
{
    buffer_text(out, "data: [DONE]\n\n");
}

void dialect_write_whole(struct buffer *out, const struct dialect_head *head,
                         const struct dialect_answer *answer, const struct dialect_usage *usage)
{
    struct json_writer writer;

    begin_body(&writer, out, head, "chat.completion");
    begin_choice(&writer, "message");
    member_text(&writer, "role", "assistant");
    if (answer->thought.size > 0) {
        json_key(&writer, "reasoning_content");
        json_write_text(&writer, answer->thought);
    }
    json_key(&writer, "content");
    json_write_text(&writer, answer->text);
    end_choice(&writer, answer->finish_reason);
    if (usage != NULL)
        write_usage(&writer, usage);
    json_end_object(&writer);
}

void dialect_write_error(struct buffer *out, const char *type, const char *code, const char *param,
                         const char *message)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "error");
    json_begin_object(&writer);
    member_text(&writer, "message", message);
    member_text(&writer, "type", type);
    member_text(&writer, "param", param);
    member_text(&writer, "code", code);
    json_end_object(&writer);
    json_end_object(&writer);
}

void dialect_write_models(struct buffer *out, const char *models, int64_t created_s)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    member_text(&writer, "object", "list");
    json_key(&writer, "data");
    json_begin_array(&writer);
    while (*models != '\0') {
        size_t size = strcspn(models, ",");

        json_begin_object(&writer);
        json_key(&writer, "id");
        json_write_text(&writer, span_of(models, size));
        member_text(&writer, "object", "model");
        member_int(&writer, "created", created_s);
        member_text(&writer, "owned_by", "myna-vendors");
        json_end_object(&writer);
        models += models[size] == ',' ? size + 1 : size;
    }
    json_end_array(&writer);
    json_end_object(&writer);
}
