#include "schema/wire/dialects.h"

#include <string.h>

#define ALL  DIALECTS_BOUND_ALL
#define TEXT DIALECTS_BOUND_TEXT
#define NONE DIALECTS_BOUND_NONE

#define BEARER "a bearer token; the scheme makes none of it for one robot"
#define OWN    "a bearer token, where whoever runs it asks for one"
#define SPARK  "bearer token APIPassword; only WebSocket requests are signed"

static const struct dialects_row rows[] = {
    {"openai", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated", BEARER},
    {"chatgpt", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning", BEARER},
    {"deepseek", ALL, DIALECTS_MINT_NONE, "max_tokens bounds text and reasoning", BEARER},
    {"qwen", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, thinking is switched off",
     BEARER},
    {"qwen-think", TEXT, DIALECTS_MINT_NONE, "max_tokens bounds the text but not the reasoning",
     BEARER},
    {"glm", ALL, DIALECTS_MINT_GLM, "max_tokens bounds text and reasoning",
     "id.secret; minted, a signed token that ends by itself"},
    {"ark", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning", BEARER},
    {"qianfan", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning", BEARER},
    {"hunyuan", NONE, DIALECTS_MINT_NONE, "no limit is documented", BEARER},
    {"minimax", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning", BEARER},
    {"llama-cpp", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated", OWN},
    {"vllm", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated", OWN},
    {"anthropic", ALL, DIALECTS_MINT_NONE, "max_tokens bounds text and thinking",
     "an x-api-key; the scheme makes none of it for one robot"},
    {"ollama", ALL, DIALECTS_MINT_NONE, "num_predict bounds what is generated", OWN},
    {"dashscope", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, thinking is switched off",
     BEARER},
    {"dashscope-think", TEXT, DIALECTS_MINT_NONE,
     "max_tokens bounds the text but not the reasoning", BEARER},
    {"minimax-v2", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning",
     BEARER},
    {"spark", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, these models do not think",
     SPARK},
    {"spark-x1", TEXT, DIALECTS_MINT_NONE, "max_tokens bounds the text but not the reasoning",
     SPARK},
};

const struct dialects_row *dialects_table(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

const struct dialects_row *dialects_find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

bool dialects_bounds_output(const char *name)
{
    const struct dialects_row *row = dialects_find(name);

    return row && row->bound == DIALECTS_BOUND_ALL;
}
