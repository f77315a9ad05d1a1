/* dialect_dashscope.h - DashScope's own text generation */
#ifndef AGENT_CHAT_DIALECT_DASHSCOPE_H
#define AGENT_CHAT_DIALECT_DASHSCOPE_H

#include "agent/chat/dialect.h"

#define DIALECT_DASHSCOPE_ROWS 2

extern const struct dialect dialect_dashscope[DIALECT_DASHSCOPE_ROWS];

#endif
