/* dialect_openai.h - OpenAI's chat completions, and the many that speak like it with a few
 * differences */
#ifndef AGENT_CHAT_DIALECT_OPENAI_H
#define AGENT_CHAT_DIALECT_OPENAI_H

#include "agent/chat/dialect.h"

#define DIALECT_OPENAI_ROWS 12

extern const struct dialect dialect_openai[DIALECT_OPENAI_ROWS];

#endif
