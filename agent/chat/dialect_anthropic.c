#include "agent/chat/dialect_anthropic.h"

#include "agent/chat/place.h"

static const struct place_finish finish_words[] = {
    {"max_tokens", DIALECT_FINISH_LENGTH},
    {"model_context_window_exceeded", DIALECT_FINISH_LENGTH},
    {"refusal", DIALECT_FINISH_FILTERED},
};

#define USAGE_PLACES(at)                                                                           \
    {DIALECT_INPUT, at "usage.input_tokens"},                                                      \
        {DIALECT_INPUT_CACHED, at "usage.cache_read_input_tokens"},                                \
        {DIALECT_CACHE_WRITE, at "usage.cache_creation_input_tokens"},                             \
        {DIALECT_CACHE_WRITE_5M, at "usage.cache_creation.ephemeral_5m_input_tokens"},             \
    {                                                                                              \
        DIALECT_CACHE_WRITE_1H, at "usage.cache_creation.ephemeral_1h_input_tokens"                \
    }

/* The output count of the first event is a placeholder. */
static const struct place_count start_places[] = {USAGE_PLACES("message.")};
static const struct place_count end_places[] = {
    USAGE_PLACES(""),
    {DIALECT_OUTPUT, "usage.output_tokens"},
    {DIALECT_REASONING, "usage.output_tokens_details.thinking_tokens"},
};

static void write_message(struct json_writer *writer, const struct dialect_message *message)
{
    json_begin_object(writer);
    dialect_write_text(writer, "role", message->role == DIALECT_ASSISTANT ? "assistant" : "user");
    json_key(writer, "content");
    json_write_text(writer, message->text);
    json_end_object(writer);
}

/* The persona is no message here but stands beside them, and an empty text is refused. */
static void write_question(const struct dialect *dialect, const struct dialect_question *question,
                           struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_write_text(&writer, "model", question->model);
    if (question->count && question->messages[0].role == DIALECT_SYSTEM) {
        json_key(&writer, "system");
        json_write_text(&writer, question->messages[0].text);
    }
    json_key(&writer, "messages");
    json_begin_array(&writer);
    for (size_t i = 0; i < question->count; i++)
        if (question->messages[i].role != DIALECT_SYSTEM && question->messages[i].text.size)
            write_message(&writer, &question->messages[i]);
    json_end_array(&writer);
    json_key(&writer, dialect->limit);
    json_write_int(&writer, question->max_output_tokens);
    json_key(&writer, "stream");
    json_write_bool(&writer, true);
    dialect_write_extras(&writer, dialect);
    json_end_object(&writer);
}

static void read_start(const struct json *document, struct dialect_event *out)
{
    place_read_usage(document, start_places, sizeof start_places / sizeof *start_places,
                     &out->usage);
    out->model = place_text(document, "message.model");
    out->id = place_text(document, "message.id");
    out->service_tier = place_text(document, "message.usage.service_tier");
}

static void read_block_start(const struct json *document, struct dialect_event *out)
{
    out->text = place_text(document, "content_block.text");
    out->reasoning = place_text(document, "content_block.thinking");
}

static void read_block_delta(const struct json *document, struct dialect_event *out)
{
    out->text = place_text(document, "delta.text");
    out->reasoning = place_text(document, "delta.thinking");
}

static void read_end(const struct json *document, struct dialect_event *out)
{
    place_read_usage(document, end_places, sizeof end_places / sizeof *end_places, &out->usage);
    out->finish = place_read_finish(place_text(document, "delta.stop_reason"), finish_words,
                                    sizeof finish_words / sizeof *finish_words);
}

static void read_stop(const struct json *document, struct dialect_event *out)
{
    (void)document;
    out->is_last = true;
}

/* An answer that was not streamed after all: its first text, behind whatever was thought. */
static void read_message(const struct json *document, struct dialect_event *out)
{
    const struct json *content = place_find(document, "content");

    read_end(document, out);
    out->finish = place_read_finish(place_text(document, "stop_reason"), finish_words,
                                    sizeof finish_words / sizeof *finish_words);
    out->model = place_text(document, "model");
    out->id = place_text(document, "id");
    out->service_tier = place_text(document, "usage.service_tier");
    for (size_t i = 0; i < json_count(content) && !out->whole; i++)
        out->whole = place_text(json_item(content, i), "text");
}

struct kind {
    const char *type;
    void (*read)(const struct json *document, struct dialect_event *out);
};

/* Types that are not here say nothing: more will be invented. */
static const struct kind kinds[] = {
    {"message_start", read_start},
    {"content_block_start", read_block_start},
    {"content_block_delta", read_block_delta},
    {"message_delta", read_end},
    {"message_stop", read_stop},
    {"message", read_message},
};

static void read_event(const struct json *document, struct dialect_event *out)
{
    const char *type = json_text(place_find(document, "type"), "");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, type))
            kinds[i].read(document, out);
}

const struct dialect dialect_anthropic[1] = {
    {.name = "anthropic",
     .path = "/v1/messages",
     .key_header = "x-api-key",
     .key_prefix = "",
     .header = {"anthropic-version", "2023-06-01"},
     .limit = "max_tokens",
     .question_overhead = 32,
     .message_overhead = 8,
     .write = write_question,
     .read = read_event,
     .classify = dialect_classify_net},
};
