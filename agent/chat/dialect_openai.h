/* dialect_openai.h - OpenAI's chat completions, and the many that speak like it */
#ifndef AGENT_CHAT_DIALECT_OPENAI_H
#define AGENT_CHAT_DIALECT_OPENAI_H

#include "agent/chat/dialect.h"

extern const struct dialect dialect_openai;

#endif
