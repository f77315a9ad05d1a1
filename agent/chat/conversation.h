/* conversation.h - what was said lately, so that the next question has a context
 *
 * Lives in memory and nowhere else (invariant I8); bounded in turns and bytes, oldest forgotten
 * first. Not thread-safe: the chat thread's own.
 */
#ifndef AGENT_CHAT_CONVERSATION_H
#define AGENT_CHAT_CONVERSATION_H

#include "agent/chat/dialect.h"

#define CONVERSATION_MAX_TURNS      20
#define CONVERSATION_MAX_TEXT_BYTES 4096  /* kept of a question or an answer */
#define CONVERSATION_MAX_BYTES      24576 /* of all that is sent along */
#define CONVERSATION_MAX_MESSAGES   (2 * CONVERSATION_MAX_TURNS + 2)

struct conversation;

MUST_CHECK enum status conversation_create(struct conversation **out);
void conversation_free(struct conversation *conversation);

/* Fills messages[CONVERSATION_MAX_MESSAGES]: persona (when not empty), at most max_turns former
 * turns, the question; returns how many. They borrow from their arguments and from the
 * conversation until its next change. */
size_t conversation_messages(const struct conversation *conversation, struct span persona,
                             size_t max_turns, struct span question,
                             struct dialect_message *messages);

/* Remembers a turn: the answer as far as it was heard. An empty answer is not remembered; texts
 * are cut at a character. */
void conversation_add(struct conversation *conversation, struct span question, struct span answer);

/* Forgets everything. */
void conversation_forget(struct conversation *conversation);

#endif
