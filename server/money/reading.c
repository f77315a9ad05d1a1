#include "server/money/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/money/zone.h"

#define MOST_LISTED 100 /* bytes of words: more are hard to look through, and do not fit */
#define NUMBER_MAX  INT64_C(1000000000000000) /* sums and products of it stay within 128 bits */

void reading_init(struct reading *reading, struct arena *arena, struct json_problem *problem)
{
    *reading = (struct reading){.arena = arena, .problem = problem};
}

void reading_collect(struct reading *reading, struct arena *arena, struct json_problem *problems,
                     size_t room)
{
    *reading = (struct reading){.arena = arena, .problems = problems, .room = room};
}

enum status reading_status(const struct reading *reading)
{
    return reading->status == STATUS_OK && reading->was_refused ? STATUS_INVALID : reading->status;
}

bool reading_next(struct reading *reading, enum reading_doubt doubt)
{
    if (reading->problems == NULL)
        return reading->status == STATUS_OK;
    if (doubt > reading->doubt)
        reading->doubt = doubt;
    if (reading->status == STATUS_INVALID) {
        reading->was_refused = true;
        reading->status = STATUS_OK;
    }
    return reading->status == STATUS_OK;
}

bool reading_failed(const struct reading *reading)
{
    return reading->status != STATUS_OK;
}

/* "/" and "~" are written "~1" and "~0" (RFC 6901 section 3). */
static void point_at(char *pointer, size_t size, const char *member)
{
    size_t used = strlen(pointer);

    if (!*member || used + 2 >= size)
        return;
    pointer[used++] = '/';
    for (; *member && used + 3 < size; member++) {
        if (*member == '/' || *member == '~') {
            pointer[used++] = '~';
            pointer[used++] = *member == '/' ? '1' : '0';
        } else {
            pointer[used++] = *member;
        }
    }
    pointer[used] = 0;
}

size_t reading_enter(struct reading *reading, const char *member)
{
    size_t mark = strlen(reading->pointer);

    point_at(reading->pointer, sizeof reading->pointer, member);
    return mark;
}

size_t reading_enter_item(struct reading *reading, size_t index)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", index);
    return reading_enter(reading, text);
}

void reading_leave(struct reading *reading, size_t mark)
{
    reading->pointer[mark] = 0;
}

/* Collecting: where the next problem goes, when its place has none and there is room. */
static void take_problem(struct reading *reading, const struct json_problem *made)
{
    reading->untold = *made;
    reading->problem = &reading->untold;
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->problems[i].pointer, made->pointer) == 0)
            return;
    if (reading->count == reading->room)
        return;
    reading->problem = &reading->problems[reading->count++];
    *reading->problem = *made;
}

__attribute__((format(printf, 3, 0))) static void
refuse(struct reading *reading, const char *member, const char *format, va_list args)
{
    struct json_problem made;

    reading->status = STATUS_INVALID;
    snprintf(made.pointer, sizeof made.pointer, "%s", reading->pointer);
    point_at(made.pointer, sizeof made.pointer, member);
    vsnprintf(made.detail, sizeof made.detail, format, args);
    if (reading->problems != NULL)
        take_problem(reading, &made);
    else
        *reading->problem = made;
}

/* Whether the form of a value is still to be looked at. */
static bool is_over(const struct reading *reading)
{
    return reading->problems != NULL ? reading->status == STATUS_MEMORY : reading_failed(reading);
}

void reading_refuse_form(struct reading *reading, const char *member, const char *format, ...)
{
    va_list args;

    if (is_over(reading))
        return;
    va_start(args, format);
    refuse(reading, member, format, args);
    va_end(args);
}

/* Refuses a meaning, unless there is so much doubt about what it stands on; then it may be right,
 * and what else the part means is not known. */
__attribute__((format(printf, 4, 0))) static void refuse_meaning(struct reading *reading,
                                                                 enum reading_doubt doubt,
                                                                 const char *member,
                                                                 const char *format, va_list args)
{
    if (reading_failed(reading))
        return;
    if (reading->doubt < doubt) {
        refuse(reading, member, format, args);
        return;
    }
    reading->problem = &reading->untold;
    reading->status = STATUS_INVALID;
}

void reading_refuse(struct reading *reading, const char *member, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    refuse_meaning(reading, READING_FORM, member, format, args);
    va_end(args);
}

void reading_refuse_related(struct reading *reading, const char *member, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    refuse_meaning(reading, READING_UNRELATED, member, format, args);
    va_end(args);
}

void reading_explain(struct reading *reading, const char *format, ...)
{
    char *detail = reading->problem->detail;
    va_list args;

    if (reading->status != STATUS_INVALID)
        return;
    size_t used = strlen(detail);
    va_start(args, format);
    vsnprintf(detail + used, sizeof reading->problem->detail - used, format, args);
    va_end(args);
}

/* Cuts the next word off words ("a|b|c"); false at their end. */
static bool next_word(const char **words, char word[READING_WORD_SIZE])
{
    size_t size = strcspn(*words, "|");

    if (!**words)
        return false;
    snprintf(word, READING_WORD_SIZE, "%.*s", (int)size, *words);
    *words += size + ((*words)[size] == '|');
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance. */
static size_t distance(const char *a, const char *b)
{
    size_t row[READING_WORD_SIZE + 1];
    size_t a_size = strlen(a), b_size = strlen(b);

    if (a_size > READING_WORD_SIZE || b_size > READING_WORD_SIZE)
        return READING_WORD_SIZE;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 0; i < a_size; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < b_size; j++) {
            size_t changed = diagonal + (a[i] != b[j]);

            diagonal = row[j + 1];
            row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[b_size];
}

bool reading_nearest(const char *text, const char *words, char nearest[READING_WORD_SIZE])
{
    char word[READING_WORD_SIZE];
    size_t best = strlen(text) / 3 + 2; /* less than that: a third of its letters, and one */

    nearest[0] = 0;
    while (next_word(&words, word)) {
        size_t far = distance(text, word);

        if (far >= best)
            continue;
        best = far;
        snprintf(nearest, READING_WORD_SIZE, "%s", word);
    }
    return nearest[0] != 0;
}

static void refuse_unknown(struct reading *reading, const char *name, const char *words)
{
    char nearest[READING_WORD_SIZE];

    if (reading_nearest(name, words, nearest))
        reading_refuse_form(reading, name, "is not known here: did you mean \"%s\"?", nearest);
    else
        reading_refuse_form(reading, name, "is not known here");
}

/* Whether a member that is not known was told to be perhaps that word: one mistake, told once. */
static bool is_meant(const struct json *json, const char *members, const char *word)
{
    char nearest[READING_WORD_SIZE];
    const char *name;

    for (size_t i = 0; json_member_at(json, i, &name); i++)
        if (!span_is_choice(span_text(name), members) && reading_nearest(name, members, nearest) &&
            strcmp(nearest, word) == 0)
            return true;
    return false;
}

bool reading_object(struct reading *reading, const struct json *json, const char *members,
                    const char *required)
{
    const char *name;
    char word[READING_WORD_SIZE];

    if (is_over(reading))
        return false;
    if (json_type(json) != JSON_OBJECT) {
        reading_refuse_form(reading, "", "must be an object");
        return false;
    }
    for (size_t i = 0; json_member_at(json, i, &name); i++) {
        if (!span_is_choice(span_text(name), members))
            refuse_unknown(reading, name, members);
    }
    while (next_word(&required, word)) {
        if (!json_member(json, word) && !is_meant(json, members, word))
            reading_refuse_form(reading, word, "is missing");
    }
    return !reading_failed(reading);
}

/* NULL when absent or of another type, which is refused. */
static const struct json *find(struct reading *reading, const struct json *object,
                               const char *member, enum json_type type, const char *type_name)
{
    const struct json *value = json_member(object, member);

    if (!value || is_over(reading))
        return NULL;
    if (json_type(value) == type)
        return value;
    reading_refuse_form(reading, member, "must be %s", type_name);
    return NULL;
}

const char *reading_keep(struct reading *reading, const char *text)
{
    const char *kept = arena_text(reading->arena, span_text(text));

    if (!kept && !reading_failed(reading))
        reading->status = STATUS_MEMORY;
    return kept;
}

const char *reading_place(struct reading *reading, const char *list, size_t index)
{
    const char *place = arena_format(reading->arena, "%s/%zu", list, index);

    if (!place && !reading_failed(reading))
        reading->status = STATUS_MEMORY;
    return place;
}

void *reading_take(struct reading *reading, size_t count, size_t size)
{
    void *taken = arena_take(reading->arena, (count + 1) * size);

    if (!taken && !reading_failed(reading))
        reading->status = STATUS_MEMORY;
    return taken;
}

const char *reading_text(struct reading *reading, const struct json *object, const char *member,
                         size_t max_bytes)
{
    const struct json *value = find(reading, object, member, JSON_TEXT, "text");
    const char *text = json_text(value, "");

    if (!value)
        return NULL;
    if (!*text || strlen(text) > max_bytes) {
        reading_refuse_form(reading, member, "must have 1 to %zu bytes", max_bytes);
        return NULL;
    }
    return reading_keep(reading, text);
}

const char *reading_slug(struct reading *reading, const struct json *object, const char *member)
{
    const char *text = reading_text(reading, object, member, 48);

    if (text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text)) {
        reading_refuse_form(reading, member, "must be 1 to 48 of a-z, 0-9 and -");
        return NULL;
    }
    return text;
}

bool reading_bool(struct reading *reading, const struct json *object, const char *member,
                  bool fallback)
{
    return json_bool(find(reading, object, member, JSON_BOOL, "true or false"), fallback);
}

int64_t reading_int(struct reading *reading, const struct json *object, const char *member,
                    int64_t min, int64_t max, int64_t fallback)
{
    const struct json *value = find(reading, object, member, JSON_INT, "a whole number");
    int64_t number = json_int(value, fallback);

    if (!value || (number >= min && number <= max))
        return number;
    reading_refuse_form(reading, member, "must be from %" PRId64 " to %" PRId64, min, max);
    return fallback;
}

int reading_choice(struct reading *reading, const struct json *object, const char *member,
                   const char *words, int fallback)
{
    const struct json *value = find(reading, object, member, JSON_TEXT, "text");
    const char *text = json_text(value, "");
    const char *rest = words;
    char word[READING_WORD_SIZE];

    if (!value)
        return fallback;
    for (int i = 0; next_word(&rest, word); i++) {
        if (strcmp(word, text) == 0)
            return i;
    }
    char list[128], nearest[READING_WORD_SIZE];
    size_t used = 0;

    if (strlen(words) > MOST_LISTED && reading_nearest(text, words, nearest)) {
        reading_refuse_form(reading, member, "\"%.40s\" is not known: did you mean \"%s\"?", text,
                            nearest);
        return fallback;
    }
    for (; words[0] && used + 3 < sizeof list; words++) {
        list[used++] = words[0] == '|' ? ',' : words[0];
        if (words[0] == '|')
            list[used++] = ' ';
    }
    list[used] = 0;
    reading_refuse_form(reading, member, "must be one of %s", list);
    return fallback;
}

/* Of text without a sign: "-0" would be a number that no price needs. */
static enum status parse(struct span text, struct fraction *out)
{
    struct decimal number;

    if (text.size == 0 || text.data[0] == '-')
        return STATUS_INVALID;
    enum status status = decimal_parse(text, &number);
    if (status == STATUS_OK)
        *out = fraction_of_decimal(number);
    return status;
}

bool reading_number_of(struct reading *reading, const struct json *value, const char *member,
                       struct fraction *out)
{
    struct fraction number = FRACTION_ZERO;
    enum status status = STATUS_INVALID;

    if (is_over(reading))
        return false;
    if (json_type(value) == JSON_INT && json_int(value, -1) >= 0) {
        number = fraction_of(json_int(value, 0));
        status = STATUS_OK;
    } else if (json_type(value) == JSON_TEXT) {
        status = parse(span_text(json_text(value, "")), &number);
    }
    if (status == STATUS_OK && fraction_compare(number, fraction_of(NUMBER_MAX)) > 0)
        status = STATUS_FULL;
    if (status == STATUS_OK) {
        *out = number;
        return true;
    }
    reading_refuse_form(
        reading, member, "%s",
        status == STATUS_FULL ? "is too large: at most 1000000000000000"
        : json_type(value) == JSON_REAL
            ? "is a binary fraction, which is not exact: write it as text, \"0.80\""
            : "must be a decimal of up to 12 places, as text, not below 0: \"2.50\"");
    return false;
}

bool reading_number(struct reading *reading, const struct json *object, const char *member,
                    struct fraction *out)
{
    const struct json *value = json_member(object, member);

    return value && reading_number_of(reading, value, member, out);
}

bool reading_share_of(struct reading *reading, const struct json *value, const char *member,
                      int64_t max_percent, struct fraction *out)
{
    struct span text = span_text(json_text(value, ""));
    struct fraction percent;

    if (is_over(reading))
        return false;
    if (text.size < 2 || text.data[text.size - 1] != '%' ||
        parse(span_of(text.data, text.size - 1), &percent) != STATUS_OK) {
        reading_refuse_form(reading, member, "must be a percentage as text: \"12.5%%\"");
        return false;
    }
    if (fraction_compare(percent, fraction_of(max_percent)) > 0 ||
        fraction_divide(percent, fraction_of(100), &percent) != STATUS_OK) {
        reading_refuse_form(reading, member, "must be from 0%% to %" PRId64 "%%", max_percent);
        return false;
    }
    *out = percent;
    return true;
}

bool reading_share(struct reading *reading, const struct json *object, const char *member,
                   int64_t max_percent, struct fraction *out)
{
    const struct json *value = json_member(object, member);

    return value && reading_share_of(reading, value, member, max_percent, out);
}

bool reading_day(struct reading *reading, const struct json *object, const char *member,
                 int64_t *out)
{
    const struct json *value = json_member(object, member);

    if (!value || is_over(reading))
        return false;
    if (zone_parse_date(span_text(json_text(value, "")), out) == STATUS_OK)
        return true;
    reading_refuse_form(reading, member, "must be a date: YYYY-MM-DD");
    return false;
}

size_t reading_list(struct reading *reading, const struct json *object, const char *member,
                    size_t max, const struct json **list)
{
    const struct json *value = find(reading, object, member, JSON_ARRAY, "a list");
    size_t count = json_count(value);

    if (!value)
        return 0;
    if (count == 0 || count > max) {
        reading_refuse_form(reading, member, "must be a list of 1 to %zu", max);
        return 0;
    }
    *list = value;
    return count;
}

static bool is_listed(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], text) == 0)
            return true;
    }
    return false;
}

const char *const *reading_texts(struct reading *reading, const struct json *object,
                                 const char *member, size_t max, size_t *count)
{
    const struct json *list;
    size_t found = reading_list(reading, object, member, max, &list);
    const char **texts = found ? reading_take(reading, found, sizeof *texts) : NULL;

    for (size_t i = 0; texts && i < found; i++) {
        const char *text = json_text(json_item(list, i), "");

        if (!*text || strlen(text) > 64)
            reading_refuse_form(reading, member, "must hold texts of 1 to 64 bytes");
        else if (is_listed(texts, i, text))
            reading_refuse_form(reading, member, "has \"%.64s\" twice", text);
        texts[i] = reading_keep(reading, text);
        if (!texts[i])
            return NULL;
    }
    if (!texts || reading_failed(reading))
        return NULL;
    *count = found;
    return texts;
}
