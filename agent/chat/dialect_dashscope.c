#include "agent/chat/dialect_dashscope.h"

#include "agent/chat/place.h"

static const struct place_finish finish_words[] = {
    {"null", DIALECT_FINISH_NONE}, /* a text, until the end */
    {"length", DIALECT_FINISH_LENGTH},
};

/* Told in every event, for all of the answer so far. */
static const struct place_count places[] = {
    {DIALECT_INPUT, "usage.input_tokens"},
    {DIALECT_INPUT_CACHED, "usage.prompt_tokens_details.cached_tokens"},
    {DIALECT_CACHE_WRITE, "usage.prompt_tokens_details.cache_creation_input_tokens"},
    {DIALECT_OUTPUT, "usage.output_tokens"},
    {DIALECT_REASONING, "usage.output_tokens_details.reasoning_tokens"},
};

static void write_question(const struct dialect *dialect, const struct dialect_question *question,
                           struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_write_text(&writer, "model", question->model);
    json_key(&writer, "input");
    json_begin_object(&writer);
    json_key(&writer, "messages");
    dialect_write_messages(&writer, question);
    json_end_object(&writer);
    json_key(&writer, "parameters");
    json_begin_object(&writer);
    dialect_write_text(&writer, "result_format", "message");
    /* Else each event would repeat all that was said. */
    json_key(&writer, "incremental_output");
    json_write_bool(&writer, true);
    json_key(&writer, dialect->limit);
    json_write_int(&writer, question->max_output_tokens);
    dialect_write_extras(&writer, dialect);
    json_end_object(&writer);
    json_end_object(&writer);
}

static void read_event(const struct json *document, struct dialect_event *out)
{
    const struct json *choice = place_find(document, "output.choices.0");

    place_read_usage(document, places, sizeof places / sizeof *places, &out->usage);
    out->text = place_text(choice, "message.content");
    out->reasoning = place_text(choice, "message.reasoning_content");
    out->finish = place_read_finish(place_text(choice, "finish_reason"), finish_words,
                                    sizeof finish_words / sizeof *finish_words);
    out->id = place_text(document, "request_id");
}

#define DASHSCOPE_ROW                                                                              \
    .path = "/services/aigc/text-generation/generation", .key_header = "Authorization",            \
    .key_prefix = "Bearer ", .header = {"X-DashScope-SSE", "enable"}, .limit = "max_tokens",       \
    .question_overhead = 16, .message_overhead = 8, .write = write_question, .read = read_event,   \
    .classify = dialect_classify_gross

const struct dialect dialect_dashscope[DIALECT_DASHSCOPE_ROWS] = {
    {.name = "dashscope", DASHSCOPE_ROW, .extras = {{"enable_thinking", "false"}}},
    {.name = "dashscope-think", DASHSCOPE_ROW, .extras = {{"enable_thinking", "true"}}},
};
