#include "agent/chat/clause.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Syllables are spoken at 4.5 to 5.5 a second: the less sound is queued, the shorter a piece may
 * be. Beyond the last row only a full stop ends one. */
struct need {
    int64_t queued_ms;
    unsigned weight;
};
static const struct need needs[] = {{600, 6}, {1500, 14}};
#define FIRST_NEED      4
#define PATIENT_NEED    40
#define MAX_WEIGHT      48
#define HOLD_MS         150  /* a sign waits this long for its next character */
#define NUMBER_HOLD_MS  1500 /* ... behind a digit longer: "3." may go on as 3.5 */
#define STALL_MS        400  /* a piece without a boundary waits this long for more */
#define STALL_QUEUED_MS 200

static const char *const abbreviations[] = {
    "mr",  "mrs", "ms",  "dr", "prof", "st", "vs",     "etc", "e.g", "i.e", "no",
    "fig", "inc", "ltd", "co", "jr",   "sr", "approx", "u.s", "a.m", "p.m",
};

static bool is_one_of(const uint32_t *set, uint32_t c)
{
    for (; *set; set++)
        if (*set == c)
            return true;
    return false;
}

static bool is_full_stop(uint32_t c)
{
    return is_one_of((const uint32_t[]){U'。', U'！', U'？', U'；', U'…', U'｡', 0}, c);
}

static bool is_pause(uint32_t c)
{
    return is_one_of((const uint32_t[]){U'，', U'、', U'：', U'—', U'–', 0}, c);
}

static bool is_closer(uint32_t c)
{
    return is_one_of((const uint32_t[]){U'”', U'’', U'」', U'』', U'）', U'》', U'】', U')', U']',
                                        U'}', U'"', U'\'', 0},
                     c);
}

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == 0x3000 || c == 0xa0;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_latin(uint32_t c)
{
    return (c < 0x80 && isalpha((int)c)) || (c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7);
}

/* Signs that a piece cannot begin with. A quote closes only right behind the last piece. */
static bool is_leading_junk(const struct clause *clause, uint32_t c)
{
    if (is_full_stop(c) || is_pause(c) || is_one_of((const uint32_t[]){U',', U';', U':', 0}, c))
        return true;
    if (c == '"' || c == '\'')
        return clause->fresh && !clause->blank && clause->count;
    return is_closer(c);
}

static void weigh(struct clause *clause, uint32_t c)
{
    bool vowel = (c < 0x80 && c && strchr("aeiouyAEIOUY", (int)c)) || (is_latin(c) && c >= 0xc0);
    bool single = markup_is_wide(c) || is_digit(c);

    if (single || (vowel && !clause->in_vowels))
        clause->weight++;
    else if (c >= 0x370 && c < 0x2000 && ++clause->foreign % 2 == 0)
        clause->weight++;
    clause->in_vowels = vowel;
    if (single || is_latin(c) || (c >= 0x370 && c < 0x2000))
        clause->sayable = true;
}

static void append_raw(struct clause *clause, uint32_t c)
{
    char *out = clause->text + clause->size;

    if (c < 0x80) {
        out[0] = (char)c;
        clause->size += 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        clause->size += 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        clause->size += 3;
    } else {
        out[0] = (char)(0xf0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
        out[2] = (char)(0x80 | (c >> 6 & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        clause->size += 4;
    }
}

static void append(struct clause *clause, uint32_t c)
{
    bool swallows = is_full_stop(c) || is_pause(c) || (c < 0x80 && c && strchr(".,!?;:", (int)c));

    if (clause->blank && clause->size && !swallows)
        append_raw(clause, ' ');
    clause->blank = false;
    append_raw(clause, c);
    clause->last = c;
    clause->fresh = false;
    weigh(clause, c);
}

static void emit(struct clause *clause)
{
    size_t size = clause->size;
    bool sayable = clause->sayable;

    clause->size = 0;
    clause->weight = 0;
    clause->foreign = 0;
    clause->in_vowels = clause->sayable = clause->blank = false;
    clause->hold = CLAUSE_HOLD_NONE;
    clause->fresh = true;
    if (!sayable)
        return;
    clause->count++;
    clause->listener.on_clause(clause->listener.context, span_of(clause->text, size));
}

static unsigned need(const struct clause *clause)
{
    if (!clause->count)
        return FIRST_NEED;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (clause->moment.queued_ms < needs[i].queued_ms)
            return needs[i].weight;
    return PATIENT_NEED;
}

/* The word before the full stop that text ends with. */
static struct span last_word(const struct clause *clause)
{
    size_t end = clause->size - 1, start = end;

    while (start &&
           (isalnum((unsigned char)clause->text[start - 1]) || clause->text[start - 1] == '.'))
        start--;
    return span_of(clause->text + start, end - start);
}

/* "don't": the letter behind the apostrophe, straight or curved, is no initial. */
static bool ends_contraction(const struct clause *clause, struct span word)
{
    static const char curved[] = "\xe2\x80\x99";
    const size_t start = clause->size - 1 - word.size;

    return (start >= 1 && clause->text[start - 1] == '\'') ||
           (start >= 3 && memcmp(clause->text + start - 3, curved, 3) == 0);
}

/* "J", "U.S", "a.b.c" */
static bool is_initials(struct span word)
{
    for (size_t i = 0; i < word.size; i++)
        if (i % 2 ? word.data[i] != '.' : !isalpha(word.data[i]))
            return false;
    return word.size % 2;
}

static bool is_number(struct span word)
{
    for (size_t i = 0; i < word.size; i++)
        if (!isdigit(word.data[i]))
            return false;
    return word.size;
}

static bool is_abbreviation(struct span word)
{
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (strlen(abbreviations[i]) == word.size &&
            !strncasecmp(abbreviations[i], (const char *)word.data, word.size))
            return true;
    return false;
}

/* Whether the '.' at the end of text ends a sentence when c is next. */
static bool stop_ends(const struct clause *clause, uint32_t c)
{
    struct span word = last_word(clause);
    bool alone = word.size + 1 == clause->size;

    if (!is_blank(c) && !markup_is_wide(c) && !is_closer(c))
        return false;
    if (alone && is_number(word)) /* "1. First of all" */
        return false;
    if (alone && word.size == 2 && !strncasecmp((const char *)word.data, "no", 2))
        return true; /* an answer, not a number's sign */
    if (ends_contraction(clause, word))
        return true;
    return !is_initials(word) && !is_abbreviation(word);
}

/* c is about to follow the held sign. */
static void resolve(struct clause *clause, uint32_t c)
{
    enum clause_hold hold = clause->hold;

    clause->hold = CLAUSE_HOLD_NONE;
    switch (hold) {
    case CLAUSE_HOLD_STOP:
        if (stop_ends(clause, c))
            emit(clause);
        break;
    case CLAUSE_HOLD_MARK:
        if (!is_one_of((const uint32_t[]){U'!', U'?', U'！', U'？', 0}, c))
            emit(clause);
        break;
    case CLAUSE_HOLD_COMMA:
        if ((is_blank(c) || markup_is_wide(c)) && clause->weight >= need(clause))
            emit(clause);
        break;
    case CLAUSE_HOLD_NONE:
        break;
    }
}

static enum clause_hold hold_of(uint32_t c)
{
    if (c == '.')
        return CLAUSE_HOLD_STOP;
    if (c == '!' || c == '?')
        return CLAUSE_HOLD_MARK;
    return c == ',' || c == ';' || c == ':' ? CLAUSE_HOLD_COMMA : CLAUSE_HOLD_NONE;
}

static void take_blank(struct clause *clause)
{
    if (clause->weight >= MAX_WEIGHT)
        emit(clause);
    clause->blank = true;
    clause->in_vowels = false;
}

static void on_char(void *context, uint32_t c)
{
    struct clause *clause = context;

    if (clause->hold != CLAUSE_HOLD_NONE)
        resolve(clause, c);
    if (c == '\n') {
        emit(clause);
        return;
    }
    if (is_blank(c)) {
        take_blank(clause);
        return;
    }
    if (!clause->size && is_leading_junk(clause, c))
        return;

    append(clause, c);
    clause->hold = hold_of(c);
    bool long_enough = clause->weight >= MAX_WEIGHT && markup_is_wide(c);
    bool pause = is_pause(c) && clause->weight >= need(clause);
    if (is_full_stop(c) || pause || long_enough || clause->size > CLAUSE_MAX_BYTES - 4)
        emit(clause);
}

static void on_emoji(void *context, uint32_t c)
{
    struct clause *clause = context;

    if (clause->listener.on_emoji)
        clause->listener.on_emoji(clause->listener.context, clause->count, c);
}

void clause_init(struct clause *clause, const struct clause_listener *listener, bool chinese)
{
    const struct markup_listener inner = {clause, on_char, on_emoji};

    *clause = (struct clause){.listener = *listener, .fresh = true};
    markup_init(&clause->markup, &inner, chinese);
}

static uint32_t decode(const uint8_t *bytes, size_t size)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = bytes[0] & masks[size];

    for (size_t i = 1; i < size; i++)
        c = c << 6 | (bytes[i] & 0x3f);
    return c;
}

/* How many bytes a character that starts so has; 0: none starts so. */
static size_t expected(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void take_byte(struct clause *clause, uint8_t byte)
{
    /* What is not UTF-8 is skipped up to the next byte that can start a character. */
    if (clause->byte_count && (byte & 0xc0) != 0x80)
        clause->byte_count = 0;
    clause->bytes[clause->byte_count++] = byte;
    if (clause->byte_count < expected(clause->bytes[0]))
        return;

    size_t size = span_utf8_step(span_of(clause->bytes, clause->byte_count));
    if (size)
        markup_feed(&clause->markup, decode(clause->bytes, size));
    clause->byte_count = 0;
}

void clause_feed(struct clause *clause, struct span bytes, struct clause_moment moment)
{
    clause->moment = moment;
    for (size_t i = 0; i < bytes.size; i++)
        take_byte(clause, bytes.data[i]);
}

void clause_tick(struct clause *clause, struct clause_moment moment)
{
    int64_t silent_ms = moment.mono_ms - clause->moment.mono_ms;
    unsigned enough;

    clause->moment.queued_ms = moment.queued_ms;
    if (!clause->size)
        return;
    if (clause->hold != CLAUSE_HOLD_NONE) {
        /* A sign behind a digit may stand inside a number. */
        bool numeric = clause->size > 1 && is_digit((unsigned char)clause->text[clause->size - 2]);
        enum clause_hold hold = clause->hold;
        bool long_held = numeric && hold != CLAUSE_HOLD_MARK;
        if (silent_ms > (long_held ? NUMBER_HOLD_MS : HOLD_MS)) {
            resolve(clause, ' ');
            if (clause->size)
                clause->hold = hold;
        }
        return;
    }
    enough = need(clause);
    if (silent_ms > STALL_MS && moment.queued_ms < STALL_QUEUED_MS && clause->weight >= enough &&
        (clause->blank || markup_is_wide(clause->last)))
        emit(clause);
}

void clause_end(struct clause *clause)
{
    clause->byte_count = 0;
    markup_end(&clause->markup);
    emit(clause);
}
