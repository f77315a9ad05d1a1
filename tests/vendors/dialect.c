#include "tests/vendors/dialect.h"

#include "tests/vendors/dialect_anthropic.h"
#include "tests/vendors/dialect_dashscope.h"
#include "tests/vendors/dialect_minimax.h"
#include "tests/vendors/dialect_ollama.h"
#include "tests/vendors/dialect_openai.h"
#include "tests/vendors/dialect_spark.h"

static const struct dialect *const dialects[] = {
    &dialect_openai,      &dialect_openai_deepseek, &dialect_openai_glm, &dialect_openai_ark,
    &dialect_openai_vllm, &dialect_anthropic,       &dialect_ollama,     &dialect_dashscope,
    &dialect_minimax,     &dialect_spark,
};

const struct dialect *const *dialect_table(size_t *count)
{
    *count = sizeof dialects / sizeof *dialects;
    return dialects;
}

const struct dialect *dialect_at(const char *path)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i]->path, path) == 0)
            return dialects[i];
    return NULL;
}

void dialect_member_text(struct json_writer *writer, const char *name, const char *value)
{
    json_key(writer, name);
    if (value != NULL)
        json_write_text(writer, span_text(value));
    else
        json_write_null(writer);
}

void dialect_member_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_write_int(writer, value);
}
