/* dialect_minimax.h - MiniMax's own form of chat completions, version 2 */
#ifndef AGENT_CHAT_DIALECT_MINIMAX_H
#define AGENT_CHAT_DIALECT_MINIMAX_H

#include "agent/chat/dialect.h"

extern const struct dialect dialect_minimax[1];

#endif
