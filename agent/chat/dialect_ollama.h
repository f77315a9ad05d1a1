/* dialect_ollama.h - Ollama's own chat: one JSON document per line */
#ifndef AGENT_CHAT_DIALECT_OLLAMA_H
#define AGENT_CHAT_DIALECT_OLLAMA_H

#include "agent/chat/dialect.h"

extern const struct dialect dialect_ollama[1];

#endif
