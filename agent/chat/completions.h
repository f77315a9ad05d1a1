/* completions.h - the shape of OpenAI's chat completions, which many vendors share: what their rows
 * (dialect_openai, dialect_minimax, dialect_spark) are made of */
#ifndef AGENT_CHAT_COMPLETIONS_H
#define AGENT_CHAT_COMPLETIONS_H

#include "agent/chat/dialect.h"

/* For struct dialect's write and read. A question carries the row's limit and extras. */
void completions_write(const struct dialect *dialect, const struct dialect_question *question,
                       struct buffer *out);
void completions_read(const struct json *document, struct dialect_event *out);

/* What every row begins with. */
#define COMPLETIONS_ROW                                                                            \
    .path = "/chat/completions", .key_header = "Authorization", .key_prefix = "Bearer ",           \
    .terminator = "[DONE]", .question_overhead = 16, .message_overhead = 8,                        \
    .write = completions_write, .read = completions_read, .classify = dialect_classify_gross

#endif
