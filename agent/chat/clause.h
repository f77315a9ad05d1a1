/* clause.h - cuts an answer into pieces to be spoken, while it streams
 *
 * The first piece comes at the earliest boundary, later ones the later the more sound is queued.
 * A full stop is a boundary only when what follows shows that it is one: not in numbers,
 * abbreviations, initials. Bytes may be cut anywhere, also inside a character. What cannot be said
 * is taken out before (markup.h). Time comes in by argument. Fields are private. No I/O; one owner.
 */
#ifndef AGENT_CHAT_CLAUSE_H
#define AGENT_CHAT_CLAUSE_H

#include "agent/chat/markup.h"
#include "schema/base/span.h"

#define CLAUSE_MAX_BYTES 900

struct clause_listener {
    void *context;
    /* A piece, UTF-8, at most CLAUSE_MAX_BYTES; borrowed until it returns. */
    void (*on_clause)(void *context, struct span text);
    /* An emoji stood where the piece now being gathered (0, 1, 2 ...) is. May be NULL. */
    void (*on_emoji)(void *context, uint32_t clause, uint32_t character);
};

/* When text is fed and what is heard meanwhile. */
struct clause_moment {
    int64_t mono_ms;
    int64_t queued_ms; /* sound that waits to be heard */
};

enum clause_hold { CLAUSE_HOLD_NONE, CLAUSE_HOLD_STOP, CLAUSE_HOLD_MARK, CLAUSE_HOLD_COMMA };

struct clause {
    struct clause_listener listener;
    struct markup markup;
    struct clause_moment moment;
    uint8_t bytes[4]; /* of a character not yet complete */
    size_t byte_count;
    char text[CLAUSE_MAX_BYTES + 8];
    size_t size;
    uint32_t last;         /* the last character of text */
    enum clause_hold hold; /* text ends with a sign whose meaning the next character tells */
    unsigned weight;       /* syllables, about */
    bool in_vowels;
    bool sayable; /* text has more than signs */
    bool blank;   /* a space waits: signs swallow it */
    bool fresh;   /* nothing since the last boundary */
    uint32_t count;
    unsigned foreign; /* letters of other alphabets: two to a syllable */
};

/* chinese: the question's language. */
void clause_init(struct clause *clause, const struct clause_listener *listener, bool chinese);

void clause_feed(struct clause *clause, struct span bytes, struct clause_moment moment);

/* The stream is silent: lets go what waited too long for its next character. Call it every 50 ms or
 * so. */
void clause_tick(struct clause *clause, struct clause_moment moment);

/* The answer is over: lets go what is left. */
void clause_end(struct clause *clause);

#endif
