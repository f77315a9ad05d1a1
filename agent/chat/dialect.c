#include "agent/chat/dialect.h"

#include "agent/chat/dialect_openai.h"

static const struct dialect *const dialects[] = {
    &dialect_openai,
};

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (!strcmp(dialects[i]->name, name))
            return dialects[i];
    return NULL;
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
    dialect->write(question, out);
}

enum status dialect_headers(const struct dialect *dialect, const char *api_key,
                            const char *request_id, struct dialect_headers *out)
{
    const struct http_header list[DIALECT_HEADERS] = {
        {"Content-Type", "application/json"},
        {"Accept", "text/event-stream"},
        {dialect->key_header, out->key},
        {"X-Client-Request-Id", out->request_id},
    };
    int key_size = snprintf(out->key, sizeof out->key, "%s%s", dialect->key_prefix, api_key);
    int id_size = snprintf(out->request_id, sizeof out->request_id, "%s", request_id);

    if (key_size >= (int)sizeof out->key || id_size >= (int)sizeof out->request_id)
        return STATUS_INVALID;
    memcpy(out->list, list, sizeof list);
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
