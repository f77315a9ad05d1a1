#include "agent/chat/markup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct range {
    uint32_t first, last;
};

static const struct range wide[] = {
    {0x3007, 0x3007}, {0x3040, 0x30ff}, {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xac00, 0xd7af}, {0xf900, 0xfaff}, {0x20000, 0x3134f},
};

static const struct range emoji[] = {
    {0x2600, 0x27bf},
    {0x2b00, 0x2bff},
    {0x1f000, 0x1fbff},
};

/* Parts of emoji and other characters without a look of their own. */
static const struct range silent[] = {
    {0x0000, 0x0009},   {0x000b, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad}, {0x200b, 0x200f},
    {0x20e3, 0x20e3},   {0x2022, 0x2022},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xfffd, 0xfffd},
    {0x1f1e6, 0x1f1ff}, {0x1f3fb, 0x1f3ff}, {0xe0020, 0xe007f},
};

/* Where an address ends besides at spaces and wide characters. */
static const struct range wide_signs[] = {{0x2010, 0x2027}, {0x3000, 0x303f}, {0xff00, 0xffef}};

static const char *const address_starts[] = {"http://", "https://", "www."};

static const char *const hiding_tags[] = {
    "think",     "thinking",      "thought",       "reasoning",       "tool",
    "tool_call", "tool_response", "function_call", "function_result",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool in_ranges(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool markup_is_wide(uint32_t c)
{
    return in_ranges(wide, COUNT(wide), c);
}

static bool is_word(uint32_t c)
{
    return c < 0x80 && isalnum((int)c);
}

static void emit(struct markup *markup, uint32_t c)
{
    if (markup_is_wide(c))
        markup->chinese = true;
    markup->line_start = c == '\n';
    markup->previous = c;
    markup->listener.on_char(markup->listener.context, c);
}

static void emit_text(struct markup *markup, const char *english, const uint32_t *chinese)
{
    if (markup->chinese)
        for (; *chinese; chinese++)
            emit(markup, *chinese);
    else
        for (; *english; english++)
            emit(markup, (unsigned char)*english);
}

static void name_code(struct markup *markup)
{
    static const uint32_t chinese[] = {U'\n', U'代', U'码', U'见', U'屏', U'幕', U'\n', 0};

    if (!markup->code_named)
        emit_text(markup, "\nCode on screen.\n", chinese);
    markup->code_named = true;
}

static void name_address(struct markup *markup)
{
    static const uint32_t chinese[] = {U'链', U'接', 0};

    emit_text(markup, "link", chinese);
}

static void plain(struct markup *markup, uint32_t c);

/* What was held turned out to be ordinary text. */
static void release_held(struct markup *markup)
{
    size_t size = markup->held_size;

    markup->held_size = 0;
    for (size_t i = 0; i < size; i++)
        plain(markup, (unsigned char)markup->held[i]);
}

static void take_emoji(struct markup *markup, uint32_t c)
{
    if (!markup->joined && markup->listener.on_emoji)
        markup->listener.on_emoji(markup->listener.context, c);
    markup->joined = false;
    if (!markup->line_start)
        emit(markup, ' ');
}

/* A character of ordinary text that begins nothing. */
static void plain(struct markup *markup, uint32_t c)
{
    if (c == 0x200d)
        markup->joined = true;
    if (in_ranges(silent, COUNT(silent), c) && c != '\t')
        return;
    if (in_ranges(emoji, COUNT(emoji), c)) {
        take_emoji(markup, c);
        return;
    }
    markup->joined = false;

    if (c < 0x80 && c && strchr("*~\\", (int)c)) {
        /* "2*3" must not become 23. */
        if (markup->previous < 0x80 && isdigit((int)markup->previous))
            emit(markup, ' ');
        return;
    }
    if (c == '|') {
        emit(markup, ' ');
        markup->line_start = true;
        return;
    }
    if (c == '\t' || c == '_')
        c = ' ';
    if (c == ' ' && markup->line_start)
        return;
    emit(markup, c);
}

/* Whether what is held and c begin an address, or are all of such a beginning. */
static bool begins_address(const struct markup *markup, uint32_t c, bool *whole)
{
    size_t size = markup->held_size;

    *whole = false;
    if (c >= 0x80)
        return false;
    for (size_t i = 0; i < COUNT(address_starts); i++) {
        const char *start = address_starts[i];
        if (strlen(start) > size && !strncasecmp(start, markup->held, size) &&
            start[size] == tolower((int)c)) {
            *whole = !start[size + 1];
            return true;
        }
    }
    return false;
}

/* Whether c was taken as part of what may become an address. */
static bool take_address_start(struct markup *markup, uint32_t c)
{
    bool whole;

    if (!markup->held_size && is_word(markup->previous))
        return false;
    if (!begins_address(markup, c, &whole)) {
        release_held(markup);
        return false;
    }
    markup->held[markup->held_size++] = (char)c;
    if (whole) {
        markup->held_size = 0;
        markup->state = MARKUP_ADDRESS;
        name_address(markup);
    }
    return true;
}

/* List signs, headings and quotes: a sign, then a space or the same sign again. */
static bool take_marker(struct markup *markup, uint32_t c)
{
    if (markup->marker) {
        uint32_t marker = markup->marker;
        if (c == marker)
            return true;
        markup->marker = 0;
        if (c == ' ' || c == '\n' || c == '|')
            return false;
        plain(markup, marker);
        return false;
    }
    if (!markup->line_start || markup->held_size || c >= 0x80 || !c || !strchr("#>-+", (int)c))
        return false;
    markup->marker = c;
    return true;
}

static void in_text(struct markup *markup, uint32_t c)
{
    if (c == '`') {
        release_held(markup);
        markup->ticks++;
        return;
    }
    if (markup->ticks >= 3) {
        markup->ticks = 0;
        markup->state = MARKUP_CODE;
        name_code(markup);
        return;
    }
    markup->ticks = 0;

    if (take_marker(markup, c) || take_address_start(markup, c))
        return;
    if (c == '<')
        markup->state = MARKUP_TAG;
    else if (c == ']')
        markup->state = MARKUP_BRACKET;
    else if (c != '[')
        plain(markup, c);
}

static void in_code(struct markup *markup, uint32_t c)
{
    if (c == '`') {
        markup->ticks++;
        return;
    }
    if (markup->ticks >= 3) {
        markup->state = MARKUP_TEXT;
        markup->ticks = 0;
        in_text(markup, c);
    }
    markup->ticks = 0;
}

static void end_tag(struct markup *markup)
{
    const char *name = markup->held;
    size_t size = 0;

    while (size < markup->held_size && (is_word((unsigned char)name[size]) || name[size] == '_'))
        size++;
    markup->state = MARKUP_TEXT;
    for (size_t i = 0; i < COUNT(hiding_tags); i++) {
        if (strlen(hiding_tags[i]) == size && !memcmp(hiding_tags[i], name, size)) {
            markup->hiding = hiding_tags[i];
            markup->matched = 0;
            markup->state = MARKUP_HIDDEN;
        }
    }
    markup->held_size = 0;
}

static void in_tag(struct markup *markup, uint32_t c)
{
    if (c == '>' && markup->held_size) {
        end_tag(markup);
        return;
    }
    bool begins = c == '/' || (c < 0x80 && isalpha((int)c));
    bool goes_on = c >= ' ' && c < 0x7f && c != '<' && markup->held_size < sizeof markup->held;
    if (markup->held_size ? goes_on : begins) {
        markup->held[markup->held_size++] = (char)c;
        return;
    }
    /* "3 < 5", or something longer than any tag. */
    markup->state = MARKUP_TEXT;
    plain(markup, '<');
    release_held(markup);
    markup_feed(markup, c);
}

/* The end tag's n-th character; 0 behind it. */
static uint32_t end_tag_char(const char *name, size_t n)
{
    size_t size = strlen(name);

    if (n < 2)
        return (unsigned char)"</"[n];
    if (n < size + 2)
        return (unsigned char)name[n - 2];
    return n == size + 2 ? '>' : 0;
}

static void in_hidden(struct markup *markup, uint32_t c)
{
    if (c == end_tag_char(markup->hiding, markup->matched))
        markup->matched++;
    else
        markup->matched = c == '<';
    if (!end_tag_char(markup->hiding, markup->matched))
        markup->state = MARKUP_TEXT;
}

static bool ends_address(uint32_t c)
{
    return c <= ' ' || (c < 0x80 && strchr("<>\"'()[]{}|\\^`*", (int)c)) || markup_is_wide(c) ||
           in_ranges(wide_signs, COUNT(wide_signs), c) || in_ranges(emoji, COUNT(emoji), c);
}

static void in_address(struct markup *markup, uint32_t c)
{
    if (ends_address(c)) {
        markup->state = MARKUP_TEXT;
        release_held(markup);
        markup_feed(markup, c);
        return;
    }
    /* Signs at the end belong to the sentence, within the address to the address. */
    bool sign = c < 0x80 && strchr(".,!?;:", (int)c);
    if (!sign)
        markup->held_size = 0;
    else if (markup->held_size < MARKUP_WORD_SIZE)
        markup->held[markup->held_size++] = (char)c;
}

static void in_bracket(struct markup *markup, uint32_t c)
{
    markup->state = MARKUP_TEXT;
    if (c == '(') {
        markup->state = MARKUP_TARGET;
        markup->depth = 1;
    } else {
        markup_feed(markup, c);
    }
}

static void in_target(struct markup *markup, uint32_t c)
{
    if (c == '(')
        markup->depth++;
    else if (c == ')')
        markup->depth--;
    if (!markup->depth || c == '\n')
        markup->state = MARKUP_TEXT;
    if (c == '\n')
        markup_feed(markup, c);
}

void markup_init(struct markup *markup, const struct markup_listener *listener, bool chinese)
{
    *markup = (struct markup){.listener = *listener, .chinese = chinese, .line_start = true};
}

void markup_feed(struct markup *markup, uint32_t c)
{
    static void (*const states[])(struct markup *, uint32_t) = {
        [MARKUP_TEXT] = in_text,     [MARKUP_CODE] = in_code,       [MARKUP_TAG] = in_tag,
        [MARKUP_HIDDEN] = in_hidden, [MARKUP_ADDRESS] = in_address, [MARKUP_BRACKET] = in_bracket,
        [MARKUP_TARGET] = in_target,
    };

    if (c != '\r')
        states[markup->state](markup, c);
}

void markup_end(struct markup *markup)
{
    if (markup->state == MARKUP_TAG)
        plain(markup, '<');
    if (markup->state == MARKUP_TEXT || markup->state == MARKUP_TAG ||
        markup->state == MARKUP_ADDRESS)
        release_held(markup);
    markup->state = MARKUP_TEXT;
}
