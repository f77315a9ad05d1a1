#include "schema/wire/dialects.h"

#include <string.h>

#define ALL  DIALECTS_BOUND_ALL
#define TEXT DIALECTS_BOUND_TEXT
#define NONE DIALECTS_BOUND_NONE

static const struct dialects_row rows[] = {
    {"openai", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated"},
    {"chatgpt", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning"},
    {"deepseek", ALL, DIALECTS_MINT_NONE, "max_tokens bounds text and reasoning"},
    {"qwen", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, thinking is switched off"},
    {"qwen-think", TEXT, DIALECTS_MINT_NONE, "max_tokens bounds the text but not the reasoning"},
    {"glm", ALL, DIALECTS_MINT_GLM, "max_tokens bounds text and reasoning"},
    {"ark", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning"},
    {"qianfan", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning"},
    {"hunyuan", NONE, DIALECTS_MINT_NONE, "no limit is documented"},
    {"minimax", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning"},
    {"llama-cpp", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated"},
    {"vllm", ALL, DIALECTS_MINT_NONE, "max_tokens bounds what is generated"},
    {"anthropic", ALL, DIALECTS_MINT_NONE, "max_tokens bounds text and thinking"},
    {"ollama", ALL, DIALECTS_MINT_NONE, "num_predict bounds what is generated"},
    {"dashscope", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, thinking is switched off"},
    {"dashscope-think", TEXT, DIALECTS_MINT_NONE,
     "max_tokens bounds the text but not the reasoning"},
    {"minimax-v2", ALL, DIALECTS_MINT_NONE, "max_completion_tokens bounds text and reasoning"},
    {"spark", ALL, DIALECTS_MINT_NONE, "max_tokens bounds the text, these models do not think"},
    {"spark-x1", TEXT, DIALECTS_MINT_NONE, "max_tokens bounds the text but not the reasoning"},
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
