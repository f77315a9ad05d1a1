#include "agent/chat/dialect_openai.h"

#include "agent/chat/completions.h"

#define TRAILING_USAGE                                                                             \
    {                                                                                              \
        "stream_options", "{\"include_usage\":true}"                                               \
    }

const struct dialect dialect_openai[DIALECT_OPENAI_ROWS] = {
    /* Whoever speaks like it: most know max_tokens alone, and none takes both limits. */
    {.name = "openai", COMPLETIONS_ROW, .limit = "max_tokens", .extras = {TRAILING_USAGE}},
    /* OpenAI's own models that think refuse max_tokens. */
    {.name = "chatgpt",
     COMPLETIONS_ROW,
     .limit = "max_completion_tokens",
     .extras = {TRAILING_USAGE}},
    {.name = "deepseek", COMPLETIONS_ROW, .limit = "max_tokens", .extras = {TRAILING_USAGE}},
    /* max_tokens does not bound the reasoning: who wants a hard cap does without it. */
    {.name = "qwen",
     COMPLETIONS_ROW,
     .limit = "max_tokens",
     .extras = {TRAILING_USAGE, {"enable_thinking", "false"}}},
    {.name = "qwen-think",
     COMPLETIONS_ROW,
     .limit = "max_tokens",
     .extras = {TRAILING_USAGE, {"enable_thinking", "true"}}},
    /* Usage comes in the last chunk without being asked for. */
    {.name = "glm", COMPLETIONS_ROW, .limit = "max_tokens"},
    /* Usage on every chunk: a cut answer is counted exactly. max_tokens would bound the text alone.
     */
    {.name = "ark",
     COMPLETIONS_ROW,
     .limit = "max_completion_tokens",
     .extras = {{"stream_options", "{\"include_usage\":true,\"chunk_include_usage\":true}"}}},
    {.name = "qianfan",
     COMPLETIONS_ROW,
     .limit = "max_completion_tokens",
     .extras = {TRAILING_USAGE}},
    {.name = "hunyuan", COMPLETIONS_ROW, .limit = "max_tokens", .extras = {TRAILING_USAGE}},
    {.name = "minimax",
     COMPLETIONS_ROW,
     .limit = "max_completion_tokens",
     .extras = {TRAILING_USAGE}},
    {.name = "llama-cpp",
     COMPLETIONS_ROW,
     .limit = "max_tokens",
     .extras = {TRAILING_USAGE, {"cache_prompt", "true"}}},
    {.name = "vllm",
     COMPLETIONS_ROW,
     .limit = "max_tokens",
     .extras = {{"stream_options", "{\"include_usage\":true,\"continuous_usage_stats\":true}"}}},
};
