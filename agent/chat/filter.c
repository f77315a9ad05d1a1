#include "agent/chat/filter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/chat/filter_lists.h"
#include "schema/base/log.h"

#define ROOT         0
#define MIN_SPELLED  3  /* shorter ones are initials */
#define LONG_NUMBER  11 /* digits of a telephone's number; cards and identities have more */
#define BIT(n)       (1u << (n))
#define FOUND_NUMBER BIT(31)

/* Aho and Corasick's automaton over folded characters; a word is " word ", a sentence ends with
 * '|'. What is found is a set of bits, two for each class: for grown-ups only, for nobody. */
struct node {
    uint32_t character;
    uint32_t child;   /* the first; 0: none */
    uint32_t sibling; /* 0: the last */
    uint32_t fail;    /* the longest other phrase's beginning that ends here */
    uint32_t found;
};

struct filter {
    struct node *nodes;
    size_t count;
    size_t room;
};

static const char *const names[] = {
    [FILTER_NONE] = "none",           [FILTER_CRISIS] = "crisis",
    [FILTER_SELF_HARM] = "self_harm", [FILTER_VIOLENCE] = "violence",
    [FILTER_SEXUAL] = "sexual",       [FILTER_HATE] = "hate",
    [FILTER_DRUGS] = "drugs",         [FILTER_PERSONAL] = "personal",
};

static_assert(sizeof names / sizeof names[0] == FILTER_CLASSES, "a name for each");

static uint32_t bit_of(enum filter_class class, bool for_nobody)
{
    return BIT(2 * (unsigned)class + for_nobody);
}

enum status filter_create(struct filter **out)
{
    struct filter *filter = calloc(1, sizeof *filter);

    if (!filter)
        return STATUS_MEMORY;
    filter->room = 1024;
    filter->nodes = calloc(filter->room, sizeof *filter->nodes);
    filter->count = 1;
    if (!filter->nodes) {
        free(filter);
        return STATUS_MEMORY;
    }
    *out = filter;
    return STATUS_OK;
}

void filter_free(struct filter *filter)
{
    if (filter)
        free(filter->nodes);
    free(filter);
}

static uint32_t find_child(const struct filter *filter, uint32_t node, uint32_t character)
{
    uint32_t child = filter->nodes[node].child;

    while (child && filter->nodes[child].character != character)
        child = filter->nodes[child].sibling;
    return child;
}

static enum status grow(struct filter *filter)
{
    if (filter->count < filter->room)
        return STATUS_OK;
    if (filter->room >= FILTER_MAX_NODES)
        return STATUS_FULL;
    struct node *nodes = realloc(filter->nodes, 2 * filter->room * sizeof *nodes);
    if (!nodes)
        return STATUS_MEMORY;
    filter->nodes = nodes;
    filter->room *= 2;
    return STATUS_OK;
}

/* Goes on from *node, by a new one where there is none. */
static enum status extend(struct filter *filter, uint32_t *node, uint32_t character)
{
    uint32_t child = find_child(filter, *node, character);

    if (!child) {
        enum status status = grow(filter);
        if (status != STATUS_OK)
            return status;
        child = (uint32_t)filter->count++;
        filter->nodes[child] =
            (struct node){.character = character, .sibling = filter->nodes[*node].child};
        filter->nodes[*node].child = child;
    }
    *node = child;
    return STATUS_OK;
}

/* Lists. */

/* Adds one phrase the way filter_feed() will read it. */
static enum status add_phrase(struct filter *filter, struct span phrase, uint32_t found)
{
    const bool is_beginning = phrase.data[phrase.size - 1] == '*';
    enum status status = STATUS_OK;
    uint32_t node = ROOT, character, last = 0;
    bool in_word = false;

    phrase.size -= is_beginning;
    while (status == STATUS_OK && fold_next(&phrase, &character)) {
        const struct fold fold = fold_of(character);
        const bool is_word = fold.kind == FOLD_LETTER || fold.kind == FOLD_STAND_IN;

        if (is_word != in_word && last != ' ') {
            status = extend(filter, &node, ' ');
            last = ' ';
        }
        in_word = is_word;
        if (status == STATUS_OK && (is_word || fold.kind == FOLD_WIDE)) {
            status = extend(filter, &node, fold.character);
            last = fold.character;
        }
    }
    if (status == STATUS_OK && in_word && !is_beginning)
        status = extend(filter, &node, ' ');
    if (status == STATUS_OK && node == ROOT)
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        filter->nodes[node].found |= found;
    return status;
}

/* "[violence all]"; 0: not a heading that is known. */
static uint32_t heading(struct span line)
{
    char text[40];

    for (unsigned class = FILTER_CRISIS; class < FILTER_CLASSES; class ++) {
        snprintf(text, sizeof text, "[%s]", names[class]);
        if (class == FILTER_CRISIS && span_equal_text(line, text))
            return bit_of(class, true);
        for (int for_nobody = 0; for_nobody < 2 && class != FILTER_CRISIS; for_nobody++) {
            snprintf(text, sizeof text, "[%s %s]", names[class], for_nobody ? "all" : "child");
            if (span_equal_text(line, text))
                return bit_of(class, for_nobody);
        }
    }
    return 0;
}

static enum status add_line(struct filter *filter, struct span line, uint32_t *found)
{
    while (line.size > 0 && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\r'))
        line.size--;
    if (line.size == 0 || line.data[0] == '#')
        return STATUS_OK;
    if (line.size > FILTER_MAX_LINE || !span_is_utf8(line))
        return STATUS_INVALID;
    if (line.data[0] == '[') {
        *found = heading(line);
        return *found ? STATUS_OK : STATUS_INVALID;
    }
    return *found ? add_phrase(filter, line, *found) : STATUS_INVALID;
}

enum status filter_add(struct filter *filter, struct span list, char problem[160])
{
    uint32_t found = 0;
    unsigned number = 0;

    while (list.size > 0) {
        const uint8_t *end = memchr(list.data, '\n', list.size);
        const size_t size = end ? (size_t)(end - list.data) : list.size;
        enum status status = add_line(filter, span_of(list.data, size), &found);

        number++;
        if (status != STATUS_OK) {
            snprintf(problem, 160,
                     "line %u of the list is no heading like [violence all], no remark, no phrase "
                     "of at most %d bytes under a heading: %s",
                     number, FILTER_MAX_LINE, status_text(status));
            return status;
        }
        list = span_of(list.data + size + (end != NULL), list.size - size - (end != NULL));
    }
    return STATUS_OK;
}

/* Reading. */

static uint32_t step(const struct filter *filter, uint32_t node, uint32_t character)
{
    uint32_t next;

    while ((next = find_child(filter, node, character)) == 0 && node != ROOT)
        node = filter->nodes[node].fail;
    return next;
}

/* Breadth first: where a node fails to is nearer to the root and known already. */
enum status filter_build(struct filter *filter)
{
    uint32_t *queue = calloc(filter->count, sizeof *queue);
    struct node *nodes = filter->nodes;
    size_t head = 0, tail = 0;

    if (!queue)
        return STATUS_MEMORY;
    queue[tail++] = ROOT;
    while (head < tail) {
        const uint32_t parent = queue[head++];

        for (uint32_t child = nodes[parent].child; child; child = nodes[child].sibling) {
            if (parent != ROOT)
                nodes[child].fail = step(filter, nodes[parent].fail, nodes[child].character);
            nodes[child].found |= nodes[nodes[child].fail].found;
            queue[tail++] = child;
        }
    }
    free(queue);
    return STATUS_OK;
}

enum status filter_create_standard(struct filter **out)
{
    struct filter *filter = NULL;
    char problem[160] = "out of memory";
    enum status status = filter_create(&filter);

    if (status == STATUS_OK)
        status = filter_add(filter, span_of(filter_lists, filter_lists_size), problem);
    if (status == STATUS_OK)
        status = filter_build(filter);
    if (status != STATUS_OK) {
        log_error("chat", "the filter's lists cannot be read: %s", problem);
        filter_free(filter);
        return status;
    }
    *out = filter;
    return STATUS_OK;
}

void filter_begin(struct filter_stream *stream, const struct filter *filter)
{
    *stream = (struct filter_stream){.filter = filter};
}

static void take(struct filter_stream *stream, uint32_t character)
{
    if (character == ' ' && stream->last == ' ')
        return;
    stream->node = step(stream->filter, stream->node, character);
    stream->last = character;
    /* "455" is a number, not a word */
    if (stream->word_size == 0 || stream->word_letters > 0)
        stream->found |= stream->filter->nodes[stream->node].found;
}

/* What the letters with gaps between them make, if they end here. */
static void note_spelled(struct filter_stream *stream)
{
    const uint32_t node = step(stream->filter, stream->spelled, ' ');

    if (stream->spelled_size >= MIN_SPELLED)
        stream->found |= stream->filter->nodes[node].found;
}

static void spell(struct filter_stream *stream)
{
    if (stream->spelled_size++ == 0)
        stream->spelled = step(stream->filter, ROOT, ' ');
    stream->spelled = step(stream->filter, stream->spelled, stream->first);
    if (stream->spelled_size >= MIN_SPELLED)
        stream->found |= stream->filter->nodes[stream->spelled].found;
}

static void end_word(struct filter_stream *stream)
{
    if (stream->word_size == 0)
        return;
    take(stream, ' ');
    if (stream->word_size == 1) {
        spell(stream);
        note_spelled(stream);
    }
    stream->word_size = stream->word_letters = 0;
}

static void take_letter(struct filter_stream *stream, const struct fold *fold)
{
    if (stream->word_size == 0)
        take(stream, ' ');
    stream->word_size++;
    stream->word_letters += fold->kind == FOLD_LETTER;
    if (stream->word_size == 1)
        stream->first = fold->character;
    else
        stream->spelled_size = 0;
    take(stream, fold->character);
}

static void count_digits(struct filter_stream *stream, const struct fold *fold)
{
    if (fold->is_digit)
        stream->digits++;
    else if (fold->kind != FOLD_GAP && fold->kind != FOLD_NOTHING)
        stream->digits = 0;
    if (stream->digits >= LONG_NUMBER)
        stream->found |= FOUND_NUMBER;
}

void filter_feed(struct filter_stream *stream, struct span text)
{
    uint32_t character;

    while (fold_next(&text, &character)) {
        const struct fold fold = fold_of(character);

        count_digits(stream, &fold);
        switch (fold.kind) {
        case FOLD_NOTHING:
            break;
        case FOLD_GAP:
            end_word(stream);
            break;
        case FOLD_STOP:
            end_word(stream);
            take(stream, '|');
            break;
        case FOLD_LETTER:
        case FOLD_STAND_IN:
            take_letter(stream, &fold);
            break;
        case FOLD_WIDE:
            end_word(stream);
            take(stream, fold.character);
            break;
        }
    }
    end_word(stream);
}

/* Verdicts. */

static uint32_t held_back(uint32_t found, enum filter_audience audience)
{
    uint32_t bits = 0;

    if (audience == FILTER_OFF)
        return 0;
    for (unsigned class = FILTER_SELF_HARM; class < FILTER_CLASSES; class ++)
        bits |= bit_of(class, true) | (audience == FILTER_CHILD ? bit_of(class, false) : 0);
    return found & bits;
}

static enum filter_class first_class(uint32_t found)
{
    for (unsigned class = FILTER_CRISIS; class < FILTER_CLASSES; class ++)
        if (found & (bit_of(class, false) | bit_of(class, true)))
            return class;
    return FILTER_NONE;
}

enum filter_class filter_of_question(const struct filter_stream *stream,
                                     enum filter_audience audience)
{
    uint32_t found = stream->found;

    if (found & bit_of(FILTER_CRISIS, true))
        return FILTER_CRISIS;
    if (found & FOUND_NUMBER)
        found |= bit_of(FILTER_PERSONAL, false);
    return first_class(held_back(found, audience));
}

/* Whoever tells a story may have somebody say it, but not to a child. */
enum filter_class filter_of_answer(const struct filter_stream *stream,
                                   enum filter_audience audience)
{
    uint32_t found = stream->found;

    if (found & bit_of(FILTER_CRISIS, true))
        found |= bit_of(FILTER_SELF_HARM, false);
    return first_class(held_back(found, audience));
}

const char *filter_class_name(enum filter_class class)
{
    return class < FILTER_CLASSES ? names[class] : names[FILTER_NONE];
}

enum filter_audience filter_audience_from_name(const char *name)
{
    if (strcmp(name, "off") == 0)
        return FILTER_OFF;
    return strcmp(name, "adult") == 0 ? FILTER_ADULT : FILTER_CHILD;
}
