#include "agent/chat/completions.h"

#include "agent/chat/place.h"

static const struct place_finish finish_words[] = {
    {"null", DIALECT_FINISH_NONE}, /* DashScope, until the end */
    {"length", DIALECT_FINISH_LENGTH},
    {"max_tokens", DIALECT_FINISH_LENGTH},
    {"content_filter", DIALECT_FINISH_FILTERED},
    {"sensitive", DIALECT_FINISH_FILTERED},
    {"network_error", DIALECT_FINISH_BROKEN},
    {"insufficient_system_resource", DIALECT_FINISH_BROKEN},
};

/* Of one count, the first place that tells wins. */
static const struct place_count places[] = {
    {DIALECT_INPUT, "usage.prompt_tokens"},
    {DIALECT_INPUT, "choices.0.usage.prompt_tokens"}, /* Moonshot */
    {DIALECT_INPUT_CACHED, "usage.prompt_tokens_details.cached_tokens"},
    {DIALECT_INPUT_CACHED, "usage.prompt_cache_hit_tokens"}, /* DeepSeek */
    {DIALECT_INPUT_CACHED, "usage.cached_tokens"},
    {DIALECT_CACHE_WRITE, "usage.prompt_tokens_details.cache_write_tokens"}, /* OpenRouter */
    {DIALECT_CACHE_WRITE, "usage.prompt_tokens_details.cached_creation_tokens"},
    {DIALECT_OUTPUT, "usage.completion_tokens"},
    {DIALECT_OUTPUT, "choices.0.usage.completion_tokens"},
    {DIALECT_REASONING, "usage.completion_tokens_details.reasoning_tokens"},
    {DIALECT_REASONING, "usage.reasoning_tokens"},
};

void completions_write(const struct dialect *dialect, const struct dialect_question *question,
                       struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_write_text(&writer, "model", question->model);
    json_key(&writer, "messages");
    dialect_write_messages(&writer, question);
    json_key(&writer, dialect->limit);
    json_write_int(&writer, question->max_output_tokens);
    json_key(&writer, "stream");
    json_write_bool(&writer, true);
    dialect_write_extras(&writer, dialect);
    json_end_object(&writer);
}

static void read_choice(const struct json *choice, struct dialect_event *out)
{
    out->finish = place_read_finish(place_text(choice, "finish_reason"), finish_words,
                                    sizeof finish_words / sizeof *finish_words);
    out->text = place_text(choice, "delta.content");
    if (!out->text)
        out->text = place_text(choice, "delta.refusal");
    out->reasoning = place_text(choice, "delta.reasoning_content");
    if (!out->reasoning) /* OpenRouter, newer vLLM */
        out->reasoning = place_text(choice, "delta.reasoning");
    out->whole = place_text(choice, "message.content");
}

void completions_read(const struct json *document, struct dialect_event *out)
{
    place_read_usage(document, places, sizeof places / sizeof *places, &out->usage);
    /* One answer is asked for; the list is empty or null in the event that carries the usage. */
    read_choice(place_find(document, "choices.0"), out);
    out->model = place_text(document, "model");
    out->id = place_text(document, "id");
    if (!out->id) /* Spark */
        out->id = place_text(document, "sid");
    out->service_tier = place_text(document, "service_tier");
}
