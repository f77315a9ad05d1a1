#include "server/ctl/complete.h"

#include <stdio.h>
#include <string.h>

#include "server/ctl/noun.h"
#include "server/ctl/object.h"

#define WORDS      64
#define WORD_BYTES 256

struct line {
    char words[WORDS][WORD_BYTES]; /* whole ones, after the program's name */
    size_t count;
    char last[WORD_BYTES]; /* what is being typed */
};

/* What a word of a verb's help stands for. */
static const struct {
    const char *word;
    const char *address;
} places[] = {
    {"ROBOT", "/api/v1/devices"},        {"GROUP", "/api/v1/groups"},
    {"VENDOR", "/api/v1/vendors"},       {"CONTRACT", "/api/v1/contracts"},
    {"REGION", "/api/v1/regions"},       {"BUDGET", "/api/v1/budgets"},
    {"LAYER", "/api/v1/layers"},         {"ROLLOUT", "/api/v1/rollouts"},
    {"CHANNEL", "/api/v1/channels"},     {"CLAIM", "/api/v1/claims"},
    {"THRESHOLD", "/api/v1/thresholds"}, {"JOB", "/api/v1/jobs"},
    {"PAIRING", "/api/v1/pairings"},
};

/* Blanks part words; quoted ones are none that we would know. */
static void split(const char *text, struct line *line)
{
    bool is_program = true;

    *line = (struct line){0};
    for (;;) {
        text += strspn(text, " \t");
        const size_t size = strcspn(text, " \t");

        if (text[size] == '\0') {
            snprintf(line->last, sizeof line->last, "%s", text);
            return;
        }
        if (!is_program && line->count < WORDS && !(size == 6 && strncmp(text, "--json", 6) == 0))
            snprintf(line->words[line->count++], WORD_BYTES, "%.*s", (int)size, text);
        is_program = false;
        text += size;
    }
}

static void offer(struct buffer *out, const char *last, const char *head, struct span word)
{
    char whole[WORD_BYTES];

    snprintf(whole, sizeof whole, "%s%.*s", head, (int)word.size, (const char *)word.data);
    if (strncmp(whole, last, strlen(last)) == 0)
        buffer_format(out, "%s\n", whole);
}

/* Nouns, and verbs that stand alone; each once, though tables share nouns. */
static void offer_first(const struct line *line, struct buffer *out)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++) {
            const char *word = verb->noun ? verb->noun : verb->verb;
            bool is_told = false;

            for (size_t u = 0; u <= t && !is_told; u++)
                for (const struct ctl_verb *v = tables[u]; v->verb && v != verb; v++)
                    is_told = is_told || strcmp(v->noun ? v->noun : v->verb, word) == 0;
            if (!is_told)
                offer(out, line->last, "", span_text(word));
        }
}

static void offer_verbs(const struct line *line, struct buffer *out)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (verb->noun && strcmp(verb->noun, line->words[0]) == 0)
                offer(out, line->last, "", span_text(verb->verb));
}

static bool is_typed(const struct line *line, const struct ctl_verb *verb)
{
    if (line->count < (verb->noun ? 2 : 1))
        return false;
    return strcmp(verb->noun ? verb->noun : verb->verb, line->words[0]) == 0 &&
           (!verb->noun || strcmp(verb->verb, line->words[1]) == 0);
}

/* *used: how many words it took; as many as there are verbs of. */
static const struct ctl_verb *find_verb(const struct line *line, size_t *used)
{
    const struct ctl_verb *found = NULL;
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (is_typed(line, verb) && (found == NULL || verb->noun))
                found = verb;
    *used = found == NULL ? 0 : found->noun ? 2 : 1;
    return found;
}

static void offer_options(const struct line *line, const struct ctl_verb *verb, struct buffer *out)
{
    const char *at = verb->options;
    struct args_allowed option;

    while (args_next(&at, &option))
        offer(out, line->last, "--", option.name);
    offer(out, line->last, "--", span_text("help"));
    offer(out, line->last, "--", span_text("json"));
}

/* Whether the word before is an option that still wants its value. */
static bool wants_value(const struct line *line, const struct ctl_verb *verb,
                        struct args_allowed *option)
{
    const char *at = verb->options;
    const char *before = line->count > 0 ? line->words[line->count - 1] : "";
    const char *name = strcmp(before, "-f") == 0 ? "file" : before + strspn(before, "-");

    if (before[0] != '-' || strchr(before, '='))
        return false;
    while (args_next(&at, option))
        if (span_equal_text(option->name, name))
            return !option->is_flag;
    return false;
}

static size_t count_words(const struct line *line, const struct ctl_verb *verb, size_t used)
{
    size_t count = 0;

    for (size_t i = used; i < line->count; i++) {
        struct line before = {.count = i};
        struct args_allowed option;

        if (line->words[i][0] == '-')
            continue;
        memcpy(before.words, line->words, sizeof before.words);
        if (i == used || !wants_value(&before, verb, &option))
            count++;
    }
    return count;
}

/* The verb's word at that place, "ROBOT" of "GROUP ROBOT..."; the last again where it says so. */
static struct span word_at(const char *words, size_t place)
{
    struct span found = span_of(words, 0);

    for (size_t i = 0; *words != '\0'; i++) {
        words += *words == '['; /* it may be left out */
        const size_t size = strcspn(words, " ");
        const size_t bare = strspn(words, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (i == place)
            return span_of(words, bare);
        found = size > 3 && strncmp(words + size - 3, "...", 3) == 0 ? span_of(words, bare)
                                                                     : span_of(words, 0);
        words += size + strspn(words + size, " ");
    }
    return found;
}

static void offer_ids(const struct line *line, struct span word, complete_ids ids, void *context,
                      struct buffer *out)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (span_equal_text(word, places[i].word))
            ids(context, places[i].address, line->last, out);
}

static void offer_words(const struct line *line, const struct ctl_verb *verb, size_t used,
                        complete_ids ids, void *context, struct buffer *out)
{
    const size_t place = count_words(line, verb, used);
    const struct span word = word_at(verb->words, place);
    const struct object_kind *of =
        span_equal_text(word, "ID") ? object_kind_find(line->words[used]) : NULL;
    size_t kinds;
    const struct object_kind *kind = object_kinds(&kinds);

    if (span_equal_text(word, "KIND"))
        for (size_t i = 0; i < kinds; i++)
            offer(out, line->last, "", span_text(kind[i].name));
    else if (of != NULL && of->key == NULL) /* names with blanks would have to be quoted */
        ids(context, of->path, line->last, out);
    else
        offer_ids(line, word, ids, context, out);
}

/* What an option takes: "day|week" is one of these, "ROBOT" an id. */
static void offer_values(const struct line *line, struct span value, complete_ids ids,
                         void *context, struct buffer *out)
{
    const char *at = (const char *)value.data;
    const char *end = at + value.size;

    offer_ids(line, value, ids, context, out);
    for (const char *bar = memchr(at, '|', value.size); bar;
         bar = memchr(at, '|', (size_t)(end - at))) {
        offer(out, line->last, "", span_of(at, (size_t)(bar - at)));
        at = bar + 1;
    }
    if (at != (const char *)value.data)
        offer(out, line->last, "", span_of(at, (size_t)(end - at)));
}

void complete_line(const char *text, complete_ids ids, void *context, struct buffer *out)
{
    const struct ctl_verb *verb;
    struct args_allowed option;
    struct line line;
    size_t used;

    split(text, &line);
    verb = find_verb(&line, &used);
    if (line.count == 0) {
        offer_first(&line, out);
    } else if (!verb) {
        if (line.count == 1)
            offer_verbs(&line, out);
    } else if (wants_value(&line, verb, &option)) {
        offer_values(&line, option.value, ids, context, out);
    } else if (line.last[0] == '-') {
        offer_options(&line, verb, out);
    } else {
        if (line.count == 1 && !verb->noun) /* "contract" alone is a noun, too */
            offer_verbs(&line, out);
        offer_words(&line, verb, used, ids, context, out);
    }
}
