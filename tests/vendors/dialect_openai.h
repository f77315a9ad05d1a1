/* dialect_openai.h - OpenAI's chat completions, and those of others with other habits */
#ifndef TESTS_VENDORS_DIALECT_OPENAI_H
#define TESTS_VENDORS_DIALECT_OPENAI_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_openai;
extern const struct dialect dialect_openai_deepseek;
extern const struct dialect dialect_openai_glm;
extern const struct dialect dialect_openai_ark;
extern const struct dialect dialect_openai_vllm;

#endif
