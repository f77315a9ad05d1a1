/* conversation.h - what was said lately, so that the next question has a context
 *
 * Bounded in turns and bytes, oldest forgotten first; a turn goes along whole or not at all. It
 * leaves the robot only towards the vendor that is asked (invariant I8); conversation_file.h keeps
 * it over a restart. No I/O. Not thread-safe: the chat thread's own.
 */
#ifndef AGENT_CHAT_CONVERSATION_H
#define AGENT_CHAT_CONVERSATION_H

#include "agent/chat/dialect.h"
#include "schema/base/buffer.h"

#define CONVERSATION_MAX_TURNS      20
#define CONVERSATION_MAX_TEXT_BYTES 4096  /* kept of a question or an answer */
#define CONVERSATION_MAX_BYTES      24576 /* of all that is sent along */
#define CONVERSATION_MAX_MESSAGES   (2 * CONVERSATION_MAX_TURNS + 2)
#define CONVERSATION_PACKED_BYTES   (CONVERSATION_MAX_TURNS * (2 * CONVERSATION_MAX_TEXT_BYTES + 12))

struct conversation;

MUST_CHECK enum status conversation_create(struct conversation **out);
void conversation_free(struct conversation *conversation);

/* How much of it goes along; tokens are estimated (agent/meter/reservation.h) with those that
 * frame a message, and the persona and the question are not counted. */
struct conversation_budget {
    size_t turns;
    uint64_t tokens;
};

/* Fills messages[CONVERSATION_MAX_MESSAGES]: persona (when not empty), the newest former turns
 * that fit the budget, the question; returns how many. They borrow from their arguments and from
 * the conversation until its next change. */
size_t conversation_messages(const struct conversation *conversation, struct span persona,
                             struct conversation_budget budget, struct span question,
                             struct dialect_message *messages);

/* Remembers a turn of that moment (wall clock): the answer as far as it was heard. An empty answer
 * is not remembered; texts are cut at a character. */
void conversation_add(struct conversation *conversation, struct span question, struct span answer,
                      int64_t at_ms);

/* Forgets everything. */
void conversation_forget(struct conversation *conversation);

/* Appends all turns, at most CONVERSATION_PACKED_BYTES. */
void conversation_pack(const struct conversation *conversation, struct buffer *out);

/* Takes turns that conversation_pack() wrote, those not older than since_ms. STATUS_CORRUPT: it
 * did not write these bytes; the conversation is empty then. */
MUST_CHECK enum status conversation_unpack(struct conversation *conversation, struct span packed,
                                           int64_t since_ms);

#endif
