/* filter.h - finds in a text what a robot should not be asked, or should not say
 *
 * Lists of words and phrases, one per language, are made into one automaton that reads a text once,
 * whatever the number of phrases. A text may come in pieces, cut between words or Han: a phrase is
 * found across the cut. Case, full width, signs and spaces between letters, and digits in
 * place of letters do not hide a word.
 *
 * A list is UTF-8 text, a phrase on a line, under headings that say what it is about and for whom
 * it is held back:
 *
 *     # a remark
 *     [violence all]
 *     how to build a bomb
 *     beheading*
 *
 * The classes are self_harm, violence, sexual, hate, drugs, personal and crisis. "all" is for
 * nobody, "child" for grown-ups only; [crisis] has no such word. A phrase of letters is found as
 * whole words, and with "*" at its end also as the beginning of one. Han is found anywhere.
 *
 * The automaton is made once and only read afterwards: any number of threads may use it, each with
 * a stream of its own. No I/O.
 */
#ifndef AGENT_CHAT_FILTER_H
#define AGENT_CHAT_FILTER_H

#include "agent/chat/fold.h"

#define FILTER_MAX_NODES 65536
#define FILTER_MAX_LINE  200 /* bytes */

enum filter_class {
    FILTER_NONE = 0,
    FILTER_CRISIS = 1, /* somebody may be in danger from themself */
    FILTER_SELF_HARM = 2,
    FILTER_VIOLENCE = 3,
    FILTER_SEXUAL = 4,
    FILTER_HATE = 5,
    FILTER_DRUGS = 6,
    FILTER_PERSONAL = 7, /* what a child should not tell: address, numbers, passwords */
    FILTER_CLASSES = 8,
};

enum filter_audience {
    FILTER_OFF = 0, /* crises are still found */
    FILTER_ADULT = 1,
    FILTER_CHILD = 2,
};

struct filter;

/* An empty filter, which finds long numbers only. The caller owns *out. */
MUST_CHECK enum status filter_create(struct filter **out);
void filter_free(struct filter *filter);

/* Adds a list. STATUS_INVALID: problem names the line and what is wrong with it; STATUS_FULL: too
 * many phrases. The lines before it are in the filter. Call before filter_build(). */
MUST_CHECK enum status filter_add(struct filter *filter, struct span list, char problem[160]);

/* After the last filter_add(), before the first stream. */
MUST_CHECK enum status filter_build(struct filter *filter);

/* A filter with the lists that the program carries, built. */
MUST_CHECK enum status filter_create_standard(struct filter **out);

/* Reads one text. Fields are private. */
struct filter_stream {
    const struct filter *filter;
    uint32_t node;
    uint32_t spelled; /* the same for words spelled with gaps, "k i l l" */
    uint32_t last;    /* character that went into node */
    uint32_t first;   /* character of the word under way */
    unsigned word_size;
    unsigned word_letters;
    unsigned spelled_size;
    unsigned digits; /* in a row */
    uint32_t found;
};

/* filter is borrowed while the stream is used. */
void filter_begin(struct filter_stream *stream, const struct filter *filter);

/* The next piece, whole UTF-8 characters; a piece ends no Chinese phrase, but a word of letters. */
void filter_feed(struct filter_stream *stream, struct span text);

/* What a question with this text is held back for, so far; FILTER_NONE: it may be asked. */
enum filter_class filter_of_question(const struct filter_stream *stream,
                                     enum filter_audience audience);

/* The same for an answer: it is never a crisis. */
enum filter_class filter_of_answer(const struct filter_stream *stream,
                                   enum filter_audience audience);

/* "violence"; "none". Static. */
const char *filter_class_name(enum filter_class class);

/* Of a value of the setting audience; FILTER_CHILD for any other word. */
enum filter_audience filter_audience_from_name(const char *name);

#endif
