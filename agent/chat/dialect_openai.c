#include "agent/chat/dialect_openai.h"

/* More than any context; a larger number is no count. */
#define MAX_TOKENS INT64_C(1000000000)

struct finish_word {
    const char *word;
    enum dialect_finish finish;
};

/* DashScope says "null" as a text until the end; words that are not here end the answer normally.
 */
static const struct finish_word finish_words[] = {
    {"", DIALECT_FINISH_NONE},
    {"null", DIALECT_FINISH_NONE},
    {"length", DIALECT_FINISH_LENGTH},
    {"max_tokens", DIALECT_FINISH_LENGTH},
    {"content_filter", DIALECT_FINISH_FILTERED},
    {"sensitive", DIALECT_FINISH_FILTERED},
    {"network_error", DIALECT_FINISH_BROKEN},
    {"insufficient_system_resource", DIALECT_FINISH_BROKEN},
};

static const char *const role_names[] = {"system", "user", "assistant"};
_Static_assert(sizeof role_names / sizeof *role_names == DIALECT_ASSISTANT + 1, "a name per role");

static void write_message(struct json_writer *writer, const struct dialect_message *message)
{
    json_begin_object(writer);
    json_key(writer, "role");
    json_write_text(writer, span_text(role_names[message->role]));
    json_key(writer, "content");
    json_write_text(writer, message->text);
    json_end_object(writer);
}

static void write_question(const struct dialect_question *question, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "model");
    json_write_text(&writer, span_text(question->model));
    json_key(&writer, "messages");
    json_begin_array(&writer);
    for (size_t i = 0; i < question->count; i++)
        write_message(&writer, &question->messages[i]);
    json_end_array(&writer);
    /* Not max_completion_tokens: most others know only this one, and both are refused. */
    json_key(&writer, "max_tokens");
    json_write_int(&writer, question->max_output_tokens);
    json_key(&writer, "stream");
    json_write_bool(&writer, true);
    json_key(&writer, "stream_options");
    json_begin_object(&writer);
    json_key(&writer, "include_usage");
    json_write_bool(&writer, true);
    json_end_object(&writer);
    json_end_object(&writer);
}

static int64_t count_of(const struct json *json)
{
    int64_t count = json_int(json, -1);

    return count > MAX_TOKENS ? -1 : count;
}

static void read_usage(const struct json *usage, struct dialect_usage *out)
{
    const struct json *input = json_member(usage, "prompt_tokens_details");
    const struct json *output = json_member(usage, "completion_tokens_details");

    out->input = count_of(json_member(usage, "prompt_tokens"));
    out->input_cached = count_of(json_member(input, "cached_tokens"));
    if (out->input_cached < 0) /* DeepSeek */
        out->input_cached = count_of(json_member(usage, "prompt_cache_hit_tokens"));
    out->output = count_of(json_member(usage, "completion_tokens"));
    out->reasoning = count_of(json_member(output, "reasoning_tokens"));
}

static enum dialect_finish read_finish(const struct json *word)
{
    const char *text = json_text(word, "");

    for (size_t i = 0; i < sizeof finish_words / sizeof *finish_words; i++)
        if (!strcmp(finish_words[i].word, text))
            return finish_words[i].finish;
    return DIALECT_FINISH_STOP;
}

static const char *text_of(const struct json *object, const char *name)
{
    const char *text = json_text(json_member(object, name), "");

    return text[0] ? text : NULL;
}

static void read_choice(const struct json *choice, struct dialect_event *out)
{
    const struct json *delta = json_member(choice, "delta");

    out->finish = read_finish(json_member(choice, "finish_reason"));
    out->text = text_of(delta, "content");
    if (!out->text)
        out->text = text_of(delta, "refusal");
    out->reasoning = text_of(delta, "reasoning_content");
    if (!out->reasoning) /* OpenRouter */
        out->reasoning = text_of(delta, "reasoning");
    out->whole = text_of(json_member(choice, "message"), "content");
}

static void read_event(const struct json *document, struct dialect_event *out)
{
    read_usage(json_member(document, "usage"), &out->usage);
    /* One answer is asked for; the list is empty or null in the event that carries the usage. */
    read_choice(json_item(json_member(document, "choices"), 0), out);
    out->model = text_of(document, "model");
    out->id = text_of(document, "id");
    out->service_tier = text_of(document, "service_tier");
}

static uint64_t known(int64_t count)
{
    return count > 0 ? (uint64_t)count : 0;
}

/* prompt_tokens include the cached ones, completion_tokens the reasoning; where a vendor tells more
 * reasoning than output it counts them apart. */
static void classify(const struct dialect_usage *usage, struct dialect_classes *out)
{
    uint64_t input = known(usage->input), output = known(usage->output);
    uint64_t cached = known(usage->input_cached);

    out->input_cached = cached < input ? cached : input;
    out->input_uncached = input - out->input_cached;
    out->reasoning = known(usage->reasoning);
    out->output = out->reasoning > output ? output : output - out->reasoning;
}

const struct dialect dialect_openai = {
    .name = "openai",
    .path = "/chat/completions",
    .key_header = "Authorization",
    .key_prefix = "Bearer ",
    .terminator = "[DONE]",
    .question_overhead = 16,
    .message_overhead = 8,
    .write = write_question,
    .read = read_event,
    .classify = classify,
};
