/* markup.h - takes out of an answer what cannot be said
 *
 * Characters go in one by one, as they stream; what is to be spoken comes out. Markdown signs, link
 * targets, tags, thoughts between <think> tags and code blocks are dropped; a code block and a bare
 * address are named instead ("code on screen", "link"). Emoji are dropped and told apart. Line ends
 * come out as '\n'. Fields are private. No I/O; one owner.
 */
#ifndef AGENT_CHAT_MARKUP_H
#define AGENT_CHAT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKUP_TAG_SIZE  64
#define MARKUP_WORD_SIZE 9

struct markup_listener {
    void *context;
    void (*on_char)(void *context, uint32_t character);
    void (*on_emoji)(void *context, uint32_t character);
};

enum markup_state {
    MARKUP_TEXT,
    MARKUP_CODE,    /* between ``` */
    MARKUP_TAG,     /* behind "<" */
    MARKUP_HIDDEN,  /* between tags that hide what they hold */
    MARKUP_ADDRESS, /* in a bare URL */
    MARKUP_BRACKET, /* behind "]" */
    MARKUP_TARGET,  /* behind "](" */
};

struct markup {
    struct markup_listener listener;
    enum markup_state state;
    bool chinese;      /* which language names things that are not read out */
    bool code_named;   /* once per answer is enough */
    bool line_start;   /* nothing of this line was said yet */
    bool joined;       /* a joiner came: the next emoji belongs to the last */
    uint32_t marker;   /* a sign at line start that waits for the next character; 0: none */
    uint32_t previous; /* the last character that came out */
    unsigned ticks;    /* backticks in a row */
    unsigned depth;    /* of parentheses in a link's target */
    char held[MARKUP_TAG_SIZE]; /* a tag, the beginning of an address, or the signs at its end */
    size_t held_size;
    const char *hiding; /* name of the tag whose end is awaited */
    size_t matched;     /* how much of that end was seen */
};

/* chinese: the question's language, until the answer shows another. */
void markup_init(struct markup *markup, const struct markup_listener *listener, bool chinese);

void markup_feed(struct markup *markup, uint32_t character);

/* Lets out what was held back. */
void markup_end(struct markup *markup);

/* Han, kana or hangul: written without spaces and read one by one. */
bool markup_is_wide(uint32_t character);

#endif
