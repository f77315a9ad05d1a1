/* place.h - where vendors put things in their JSON: members of members, named as data
 *
 * A path is names between dots ("usage.prompt_tokens"); a number names the item of a list. No I/O;
 * thread-safe.
 */
#ifndef AGENT_CHAT_PLACE_H
#define AGENT_CHAT_PLACE_H

#include "agent/chat/dialect.h"

/* NULL: there is nothing. Borrowed from the document. */
const struct json *place_find(const struct json *document, const char *path);

/* NULL: no text, or an empty one. */
const char *place_text(const struct json *document, const char *path);

/* One place of one count. */
struct place_count {
    enum dialect_count count;
    const char *path;
};

/* Takes each count from the first of its places that tells a number of tokens; what none tells
 * stays as it is. */
void place_read_usage(const struct json *document, const struct place_count *places, size_t count,
                      struct dialect_usage *out);

/* What a vendor's word for the end of an answer means. */
struct place_finish {
    const char *word;
    enum dialect_finish finish;
};

/* No text or an empty one: not yet. Words that are not in the list end the answer normally. */
enum dialect_finish place_read_finish(const char *word, const struct place_finish *words,
                                      size_t count);

#endif
