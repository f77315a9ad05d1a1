#include "agent/chat/dialect.h"

#include "agent/chat/dialect_anthropic.h"
#include "agent/chat/dialect_dashscope.h"
#include "agent/chat/dialect_minimax.h"
#include "agent/chat/dialect_ollama.h"
#include "agent/chat/dialect_openai.h"
#include "agent/chat/dialect_spark.h"

struct family {
    const struct dialect *rows;
    size_t count;
};

static const struct family families[] = {
    {dialect_openai, DIALECT_OPENAI_ROWS},
    {dialect_anthropic, 1},
    {dialect_ollama, 1},
    {dialect_dashscope, DIALECT_DASHSCOPE_ROWS},
    {dialect_minimax, 1},
    {dialect_spark, DIALECT_SPARK_ROWS},
};

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (size_t j = 0; j < families[i].count; j++)
            if (!strcmp(families[i].rows[j].name, name))
                return &families[i].rows[j];
    return NULL;
}

void dialect_usage_init(struct dialect_usage *usage)
{
    for (size_t i = 0; i < DIALECT_COUNTS; i++)
        usage->counts[i] = -1;
}

static uint64_t known(const struct dialect_usage *usage, enum dialect_count count)
{
    return usage->counts[count] > 0 ? (uint64_t)usage->counts[count] : 0;
}

/* Takes up to count off what is left. */
static uint64_t take(uint64_t *left, uint64_t count)
{
    uint64_t taken = count < *left ? count : *left;

    *left -= taken;
    return taken;
}

/* What was written for an hour costs more: only what is told to be so counts as such. */
static void classify_writes(const struct dialect_usage *usage, struct dialect_classes *out)
{
    uint64_t all = known(usage, DIALECT_CACHE_WRITE);
    uint64_t long_lived = known(usage, DIALECT_CACHE_WRITE_1H);
    uint64_t told = known(usage, DIALECT_CACHE_WRITE_5M) + long_lived;

    out->cache_write_1h = long_lived;
    out->cache_write_5m = (all > told ? all : told) - long_lived;
}

/* Where a vendor tells more reasoning than output it counts the two apart. */
static void classify_output(const struct dialect_usage *usage, struct dialect_classes *out)
{
    uint64_t output = known(usage, DIALECT_OUTPUT);

    out->reasoning = known(usage, DIALECT_REASONING);
    out->output = out->reasoning > output ? output : output - out->reasoning;
}

void dialect_classify_gross(const struct dialect_usage *usage, struct dialect_classes *out)
{
    uint64_t left = known(usage, DIALECT_INPUT);

    classify_writes(usage, out);
    out->input_cached = take(&left, known(usage, DIALECT_INPUT_CACHED));
    out->cache_write_1h = take(&left, out->cache_write_1h);
    out->cache_write_5m = take(&left, out->cache_write_5m);
    out->input_uncached = left;
    classify_output(usage, out);
}

void dialect_classify_net(const struct dialect_usage *usage, struct dialect_classes *out)
{
    classify_writes(usage, out);
    out->input_uncached = known(usage, DIALECT_INPUT);
    out->input_cached = known(usage, DIALECT_INPUT_CACHED);
    classify_output(usage, out);
}

void dialect_url(const struct dialect *dialect, const char *base_url, struct buffer *out)
{
    struct span base = span_text(base_url);

    while (base.size && base.data[base.size - 1] == '/')
        base.size--;
    buffer_add(out, base);
    buffer_text(out, dialect->path);
}

void dialect_write(const struct dialect *dialect, const struct dialect_question *question,
                   struct buffer *out)
{
    dialect->write(dialect, question, out);
}

void dialect_write_text(struct json_writer *writer, const char *name, const char *value)
{
    json_key(writer, name);
    json_write_text(writer, span_text(value));
}

void dialect_write_extras(struct json_writer *writer, const struct dialect *dialect)
{
    for (size_t i = 0; i < DIALECT_EXTRAS && dialect->extras[i].name; i++) {
        json_key(writer, dialect->extras[i].name);
        json_write_raw(writer, span_text(dialect->extras[i].json));
    }
}

void dialect_write_messages(struct json_writer *writer, const struct dialect_question *question)
{
    static const char *const roles[] = {"system", "user", "assistant"};
    _Static_assert(sizeof roles / sizeof *roles == DIALECT_ASSISTANT + 1, "a name per role");

    json_begin_array(writer);
    for (size_t i = 0; i < question->count; i++) {
        json_begin_object(writer);
        dialect_write_text(writer, "role", roles[question->messages[i].role]);
        json_key(writer, "content");
        json_write_text(writer, question->messages[i].text);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void add_header(struct dialect_headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct http_header){name, value};
}

enum status dialect_headers(const struct dialect *dialect, const char *api_key,
                            const char *request_id, struct dialect_headers *out)
{
    bool streams = dialect->framing == DIALECT_SSE;
    int key_size = snprintf(out->key, sizeof out->key, "%s%s", dialect->key_prefix, api_key);
    int id_size = snprintf(out->request_id, sizeof out->request_id, "%s", request_id);

    if (key_size >= (int)sizeof out->key || id_size >= (int)sizeof out->request_id)
        return STATUS_INVALID;
    out->count = 0;
    add_header(out, "Content-Type", "application/json");
    add_header(out, "Accept", streams ? "text/event-stream" : "application/x-ndjson");
    add_header(out, "X-Client-Request-Id", out->request_id);
    if (api_key[0])
        add_header(out, dialect->key_header, out->key);
    if (dialect->header.name)
        add_header(out, dialect->header.name, dialect->header.value);
    return STATUS_OK;
}

static uint32_t overhead(const struct dialect *dialect, const struct dialect_question *question)
{
    return dialect->question_overhead + dialect->message_overhead * (uint32_t)question->count;
}

struct reservation dialect_worst_case(const struct dialect *dialect,
                                      const struct dialect_question *question)
{
    size_t bytes = 0;

    for (size_t i = 0; i < question->count; i++)
        bytes += question->messages[i].text.size;
    return reservation_worst_case(bytes, overhead(dialect, question),
                                  (uint32_t)question->max_output_tokens);
}

uint64_t dialect_estimate_input(const struct dialect *dialect,
                                const struct dialect_question *question)
{
    struct reservation_estimate estimate = {0};

    for (size_t i = 0; i < question->count; i++)
        reservation_estimate_add(&estimate, question->messages[i].text);
    /* Real framing takes about half of what is reserved for it. */
    return reservation_estimate_tokens(&estimate) + overhead(dialect, question) / 2;
}
