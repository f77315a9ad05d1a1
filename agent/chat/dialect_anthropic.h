/* dialect_anthropic.h - Anthropic's Messages, also as others offer them */
#ifndef AGENT_CHAT_DIALECT_ANTHROPIC_H
#define AGENT_CHAT_DIALECT_ANTHROPIC_H

#include "agent/chat/dialect.h"

extern const struct dialect dialect_anthropic[1];

#endif
