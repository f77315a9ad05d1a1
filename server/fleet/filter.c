#include "server/fleet/filter.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct filter_field fields[] = {
    {"id", FILTER_TYPE_TEXT, NULL, false, "the robot's id"},
    {"name", FILTER_TYPE_TEXT, NULL, false, "its name for people"},
    {"serial", FILTER_TYPE_TEXT, NULL, false, "its serial number"},
    {"region", FILTER_TYPE_TEXT, NULL, false, "where it lives"},
    {"labels", FILTER_TYPE_LABEL, NULL, false, "a label, as labels.floor or labels.\"my key\""},
    {"group", FILTER_TYPE_TEXT, NULL, false, "any group that it is in, by id"},
    {"claim", FILTER_TYPE_COUNT, NULL, false, "the number of the claim that it enrolled by"},
    {"status", FILTER_TYPE_CHOICE, "active|revoked|retired|quarantined", false,
     "whether it may take part"},
    {"online", FILTER_TYPE_FLAG, NULL, false, "it was heard lately"},
    {"behind", FILTER_TYPE_FLAG, NULL, true, "it does not run its newest configuration yet"},
    {"silent", FILTER_TYPE_FLAG, NULL, true, "it is online and cannot answer, as its screen shows"},
    {"trouble", FILTER_TYPE_CHOICE,
     "M21|M22|M25|M31|M32|M33|M34|M41|M42|M43|M44|M45|M46|M51|M52|M53", true,
     "the code that its screen shows while it is online"},
    {"left_out", FILTER_TYPE_TEXT, NULL, true,
     "a vendor that it leaves out for now, as it said within ten minutes; or vendor:class, for "
     "that "
     "reason, as dahan:auth"},
    {"threshold", FILTER_TYPE_TEXT, NULL, true,
     "a threshold whose actions hold it now, as budget:night:80%"},
    {"last_seen", FILTER_TYPE_AGE, NULL, false,
     "how long ago it was heard; endless when it never was"},
    {"enrolled", FILTER_TYPE_AGE, NULL, false, "how long ago it enrolled"},
    {"software", FILTER_TYPE_VERSION, NULL, false, "what it runs, compared as a version"},
    {"hardware", FILTER_TYPE_TEXT, NULL, false, "what it says it is"},
    {"vendor", FILTER_TYPE_TEXT, NULL, false, "the vendor of its first chat route"},
    {"model", FILTER_TYPE_TEXT, NULL, false, "the model of its first chat route"},
    {"contract", FILTER_TYPE_TEXT, NULL, false, "the contract of its first chat route"},
    {"any_vendor", FILTER_TYPE_TEXT, NULL, false, "the vendor of any of its routes"},
    {"any_contract", FILTER_TYPE_TEXT, NULL, false, "the contract of any of its routes"},
    {"attempts_today", FILTER_TYPE_COUNT, NULL, false, "requests to vendors since midnight UTC"},
    {"failed_today", FILTER_TYPE_COUNT, NULL, false, "those of today that failed"},
    {"input_today", FILTER_TYPE_COUNT, NULL, false, "input tokens of today, cached ones too"},
    {"output_today", FILTER_TYPE_COUNT, NULL, false, "output tokens of today"},
    {"cost_today", FILTER_TYPE_MONEY, NULL, false, "price of today's use in one currency"},
    {"attempts_month", FILTER_TYPE_COUNT, NULL, false, "requests since the month began, UTC"},
    {"failed_month", FILTER_TYPE_COUNT, NULL, false, "those of the month that failed"},
    {"input_month", FILTER_TYPE_COUNT, NULL, false, "input tokens of the month, cached ones too"},
    {"output_month", FILTER_TYPE_COUNT, NULL, false, "output tokens of the month"},
    {"cost_month", FILTER_TYPE_MONEY, NULL, false, "price of the month's use in one currency"},
};

static const char *const compare_words[] = {"=", "<", "<=", ">", ">=", "contains", "starts"};

const struct filter_field *filter_fields(size_t *count)
{
    *count = sizeof fields / sizeof *fields;
    return fields;
}

/* Tokens. */

enum token { TOKEN_WORD, TOKEN_STRING, TOKEN_SIGN, TOKEN_END };

struct parser {
    struct span text;
    size_t at;    /* behind the token */
    size_t start; /* of the token */
    enum token token;
    const char *word; /* of words, strings and signs: NUL-terminated, in the arena */
    unsigned depth;
    struct arena *arena;
    struct filter_term *terms;
    size_t term_count;
    struct filter_node *nodes;
    size_t node_count;
    enum status status;
    struct filter_problem *problem;
};

/* The first problem is the one that is told; everything after it is silent. */
__attribute__((format(printf, 3, 4))) static void fail(struct parser *parser, size_t at,
                                                       const char *format, ...)
{
    va_list args;
    size_t position = 1;

    if (parser->status != STATUS_OK)
        return;
    parser->status = STATUS_INVALID;
    for (size_t i = 0; i < at && i < parser->text.size; i++)
        position += (parser->text.data[i] & 0xc0) != 0x80;
    parser->problem->position = position;
    va_start(args, format);
    vsnprintf(parser->problem->detail, sizeof parser->problem->detail, format, args);
    va_end(args);
}

/* In place of what follows comes the end, so that no loop goes on after a failure. */
static void end_here(struct parser *parser)
{
    parser->token = TOKEN_END;
    parser->word = "";
    parser->at = parser->text.size;
}

static bool is_bare(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte >= 0x80 || (byte && strchr("_.-:/+@%", byte));
}

static void read_string(struct parser *parser, uint8_t quote)
{
    char *out = arena_take(parser->arena, parser->text.size - parser->at + 1);
    size_t size = 0;

    for (parser->at++; out && parser->at < parser->text.size; parser->at++) {
        uint8_t byte = parser->text.data[parser->at];

        if (byte == quote) {
            parser->at++;
            parser->token = TOKEN_STRING;
            parser->word = out;
            return;
        }
        if (byte == '\\' && parser->at + 1 < parser->text.size)
            byte = parser->text.data[++parser->at];
        out[size++] = (char)byte;
    }
    fail(parser, parser->start, "a quoted text begins here and does not end; expected %c", quote);
    end_here(parser);
}

static void read_bare(struct parser *parser)
{
    size_t end = parser->at;

    while (end < parser->text.size && is_bare(parser->text.data[end]))
        end++;
    parser->token = TOKEN_WORD;
    parser->word =
        arena_text(parser->arena, span_of(parser->text.data + parser->at, end - parser->at));
    parser->at = end;
    if (!parser->word)
        end_here(parser);
}

static void read_sign(struct parser *parser)
{
    static const char *const signs[] = {"!=", "<=", ">=", "=", "<", ">", "(", ")", ","};
    const struct span rest =
        span_of(parser->text.data + parser->at, parser->text.size - parser->at);

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (span_starts_with(rest, signs[i])) {
            parser->token = TOKEN_SIGN;
            parser->word = signs[i];
            parser->at += strlen(signs[i]);
            return;
        }
    fail(parser, parser->at, "expected a field, an operator or a value; put others into quotes");
    end_here(parser);
}

static void next(struct parser *parser)
{
    while (parser->at < parser->text.size && strchr(" \t\n\r", parser->text.data[parser->at]) &&
           parser->text.data[parser->at])
        parser->at++;
    parser->start = parser->at;
    if (parser->status != STATUS_OK || parser->at == parser->text.size) {
        end_here(parser);
        return;
    }
    uint8_t byte = parser->text.data[parser->at];
    if (byte == '"' || byte == '\'')
        read_string(parser, byte);
    else if (is_bare(byte))
        read_bare(parser);
    else
        read_sign(parser);
}

static bool is_sign(const struct parser *parser, const char *sign)
{
    return parser->token == TOKEN_SIGN && strcmp(parser->word, sign) == 0;
}

/* Keywords are words in lower or upper case: "and", "AND". */
static bool is_keyword(const struct parser *parser, const char *keyword)
{
    char upper[16];
    size_t size = strlen(keyword);

    if (parser->token != TOKEN_WORD)
        return false;
    for (size_t i = 0; i <= size; i++)
        upper[i] = keyword[i] >= 'a' ? (char)(keyword[i] - 'a' + 'A') : keyword[i];
    return strcmp(parser->word, keyword) == 0 || strcmp(parser->word, upper) == 0;
}

static bool take_keyword(struct parser *parser, const char *keyword)
{
    bool is_it = is_keyword(parser, keyword);

    if (is_it)
        next(parser);
    return is_it;
}

/* Operands. */

/* Digits with at most one point: "12", "0.5". Whole: without a point. */
static bool is_decimal(const char *word, bool is_whole)
{
    size_t before = strspn(word, "0123456789");
    size_t after = word[before] == '.' ? strspn(word + before + 1, "0123456789") : 0;

    if (before == 0 || before > 15 || after > 12 || (word[before] == '.' && after == 0))
        return false;
    return word[before + (word[before] == '.') + after] == '\0' &&
           !(is_whole && word[before] == '.');
}

/* "1.2.0": up to four parts of up to nine digits. */
static bool is_version(const char *word)
{
    unsigned parts = 0;

    for (const char *at = word;; at++) {
        size_t digits = strspn(at, "0123456789");

        if (digits == 0 || digits > 9 || ++parts > 4)
            return false;
        at += digits;
        if (*at == '\0')
            return true;
        if (*at != '.')
            return false;
    }
}

/* Seconds of "15m". */
static const char *age_of(struct parser *parser, const char *word)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t digits = strspn(word, "0123456789");
    int64_t number = 0;

    if (digits == 0 || digits > 6 || !word[digits] || word[digits + 1] ||
        span_to_int64(span_of(word, digits), &number) != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == word[digits])
            return arena_format(parser->arena, "%lld", (long long)(number * units[i].seconds));
    return NULL;
}

static bool is_currency(const char *word)
{
    return strlen(word) == 3 && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool by_size(enum filter_compare compare)
{
    return compare >= FILTER_LESS && compare <= FILTER_AT_LEAST;
}

/* What is wrong with a value of this term, in words; NULL: it fits, and *out is what it means. */
static const char *value_flaw(struct parser *parser, const struct filter_term *term,
                              const char **out)
{
    const char *word = parser->word;

    *out = word;
    if (parser->token == TOKEN_SIGN || parser->token == TOKEN_END)
        return "a value";
    switch (term->field->type) {
    case FILTER_TYPE_COUNT:
        return is_decimal(word, true) ? NULL : "a whole number";
    case FILTER_TYPE_AGE:
        *out = age_of(parser, word);
        return *out ? NULL : "a time like 90s, 15m, 2h, 3d or 1w";
    case FILTER_TYPE_MONEY:
        return is_decimal(word, false) ? NULL : "an amount and its currency, like 1.50 CNY";
    case FILTER_TYPE_CHOICE:
        return span_is_choice(span_text(word), term->field->choices) ? NULL : term->field->choices;
    case FILTER_TYPE_VERSION:
        return !by_size(term->compare) || is_version(word) ? NULL : "a version like 1.2.0";
    case FILTER_TYPE_LABEL:
        return !by_size(term->compare) || is_decimal(word, false) ? NULL : "a number";
    case FILTER_TYPE_TEXT:
    case FILTER_TYPE_FLAG:
        break;
    }
    return NULL;
}

static const char *read_value(struct parser *parser, struct filter_term *term)
{
    const char *value = NULL;
    const char *flaw = value_flaw(parser, term, &value);

    if (flaw)
        fail(parser, parser->start, "expected %s", flaw);
    else if (value && strlen(value) > FILTER_MAX_VALUE)
        fail(parser, parser->start, "expected a value of at most %d bytes", FILTER_MAX_VALUE);
    next(parser);
    if (term->field->type != FILTER_TYPE_MONEY || parser->status != STATUS_OK)
        return value;
    if (parser->token != TOKEN_WORD || !is_currency(parser->word))
        fail(parser, parser->start, "expected the amount's currency, like CNY");
    else if (term->currency && strcmp(term->currency, parser->word) != 0)
        fail(parser, parser->start, "expected %s, as before in this list", term->currency);
    term->currency = parser->word;
    next(parser);
    return value;
}

static void read_list(struct parser *parser, struct filter_term *term, const char **values)
{
    if (!is_sign(parser, "("))
        fail(parser, parser->start, "expected ( and the values");
    do {
        next(parser);
        if (term->value_count == FILTER_MAX_VALUES) {
            fail(parser, parser->start, "expected at most %d values", FILTER_MAX_VALUES);
            return;
        }
        values[term->value_count++] = read_value(parser, term);
    } while (parser->status == STATUS_OK && is_sign(parser, ","));
    if (!is_sign(parser, ")"))
        fail(parser, parser->start, "expected , or )");
    next(parser);
}

/* Terms. */

static size_t add_node(struct parser *parser, struct filter_node node)
{
    if (parser->status == STATUS_OK)
        parser->nodes[parser->node_count++] = node;
    return parser->node_count - (parser->status == STATUS_OK);
}

static size_t negate(struct parser *parser, size_t node)
{
    return add_node(parser, (struct filter_node){FILTER_NOT, node, 0});
}

static const struct filter_field *find_field(const char *word)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].name, word) == 0)
            return &fields[i];
    return NULL;
}

/* "labels.floor" is one word; labels."my key" is a word and a string. */
static bool read_label(struct parser *parser, struct filter_term *term)
{
    static const char prefix[] = "labels.";

    if (strncmp(parser->word, prefix, sizeof prefix - 1) != 0)
        return false;
    term->field = find_field("labels");
    term->key = parser->word + sizeof prefix - 1;
    if (*term->key == '\0' && parser->at < parser->text.size &&
        (parser->text.data[parser->at] == '"' || parser->text.data[parser->at] == '\'')) {
        next(parser);
        term->key = parser->word;
    }
    if (*term->key == '\0' || strlen(term->key) > FILTER_MAX_VALUE)
        fail(parser, parser->start, "expected a label's name, as labels.floor");
    return true;
}

static void read_field(struct parser *parser, struct filter_term *term)
{
    if (parser->token != TOKEN_WORD)
        fail(parser, parser->start, "expected a field, \"not\" or (");
    else if (!read_label(parser, term)) {
        term->field = find_field(parser->word);
        if (!term->field || term->field->type == FILTER_TYPE_LABEL)
            fail(parser, parser->start,
                 "expected a field such as labels.floor, online, region, software or last_seen; "
                 "\"%.40s\" is none",
                 parser->word);
    }
    next(parser);
}

/* Which comparisons a type knows, by their place in compare_words. */
static bool knows(enum filter_type type, enum filter_compare compare)
{
    switch (type) {
    case FILTER_TYPE_TEXT:
        return !by_size(compare);
    case FILTER_TYPE_CHOICE:
        return compare == FILTER_EQUAL;
    case FILTER_TYPE_COUNT:
    case FILTER_TYPE_MONEY:
        return compare <= FILTER_AT_LEAST;
    case FILTER_TYPE_AGE:
        return by_size(compare);
    case FILTER_TYPE_LABEL:
    case FILTER_TYPE_VERSION:
        return true;
    case FILTER_TYPE_FLAG:
        break;
    }
    return false;
}

static const char *known_words(enum filter_type type)
{
    switch (type) {
    case FILTER_TYPE_TEXT:
        return "=, !=, in, contains or starts";
    case FILTER_TYPE_CHOICE:
        return "=, != or in";
    case FILTER_TYPE_COUNT:
    case FILTER_TYPE_MONEY:
        return "=, !=, in, <, <=, > or >=";
    case FILTER_TYPE_AGE:
        return "<, <=, > or >=";
    default:
        return "=, !=, in, <, <=, >, >=, contains or starts";
    }
}

struct operation {
    enum filter_compare compare;
    bool is_list, is_negated;
};

static struct operation read_operation(struct parser *parser, enum filter_type type)
{
    struct operation operation = {.compare = FILTER_EQUAL};
    const size_t start = parser->start;
    bool is_known = true;

    if (take_keyword(parser, "not"))
        operation.is_negated = operation.is_list = true;
    if (is_keyword(parser, "in"))
        operation.is_list = true;
    else if (is_sign(parser, "!="))
        operation.is_negated = true;
    else {
        is_known = false;
        for (size_t i = 0; i < sizeof compare_words / sizeof *compare_words; i++)
            if (is_sign(parser, compare_words[i]) || is_keyword(parser, compare_words[i])) {
                operation.compare = (enum filter_compare)i;
                is_known = !operation.is_list;
            }
    }
    if (!is_known || !knows(type, operation.compare))
        fail(parser, start, "expected %s", known_words(type));
    next(parser);
    return operation;
}

static bool all_versions(const struct filter_term *term)
{
    for (size_t i = 0; i < term->value_count; i++)
        if (!is_version(term->values[i]))
            return false;
    return true;
}

/* Whether values are compared by size, or equal as numbers are. */
static bool is_number(const struct filter_term *term)
{
    switch (term->field->type) {
    case FILTER_TYPE_COUNT:
    case FILTER_TYPE_MONEY:
    case FILTER_TYPE_AGE:
        return true;
    case FILTER_TYPE_VERSION:
        return term->compare <= FILTER_AT_LEAST && all_versions(term);
    default:
        return by_size(term->compare);
    }
}

static void read_values(struct parser *parser, struct filter_term *term, bool is_list)
{
    const char **values =
        arena_take(parser->arena, (is_list ? FILTER_MAX_VALUES : 1) * sizeof *values);

    if (!values)
        return;
    if (is_list) {
        read_list(parser, term, values);
    } else {
        values[0] = read_value(parser, term);
        term->value_count = 1;
    }
    term->values = values;
    if (parser->status == STATUS_OK)
        term->is_number = is_number(term);
}

static size_t read_term(struct parser *parser)
{
    struct filter_term term = {0};
    struct operation operation = {0};
    const size_t start = parser->start;

    read_field(parser, &term);
    if (parser->status != STATUS_OK)
        return 0;
    if (term.field->type != FILTER_TYPE_FLAG) {
        operation = read_operation(parser, term.field->type);
        term.compare = operation.compare;
        read_values(parser, &term, operation.is_list);
    }
    if (parser->term_count == FILTER_MAX_TERMS)
        fail(parser, start, "expected at most %d terms", FILTER_MAX_TERMS);
    if (parser->status != STATUS_OK || arena_failed(parser->arena))
        return 0;
    parser->terms[parser->term_count] = term;
    size_t node = add_node(parser, (struct filter_node){FILTER_TERM, parser->term_count++, 0});
    return operation.is_negated ? negate(parser, node) : node;
}

/* Expressions. */

static size_t read_or(struct parser *parser);

static size_t read_unary(struct parser *parser)
{
    size_t node;

    if (parser->depth == FILTER_MAX_DEPTH) {
        fail(parser, parser->start, "expected at most %d parentheses and nots inside each other",
             FILTER_MAX_DEPTH);
        return 0;
    }
    parser->depth++;
    if (take_keyword(parser, "not")) {
        node = negate(parser, read_unary(parser));
    } else if (is_sign(parser, "(")) {
        next(parser);
        node = read_or(parser);
        if (!is_sign(parser, ")"))
            fail(parser, parser->start, "expected \"and\", \"or\" or )");
        next(parser);
    } else {
        node = read_term(parser);
    }
    parser->depth--;
    return node;
}

static size_t read_and(struct parser *parser)
{
    size_t node = read_unary(parser);

    while (take_keyword(parser, "and")) {
        size_t right = read_unary(parser);
        node = add_node(parser, (struct filter_node){FILTER_AND, node, right});
    }
    return node;
}

static size_t read_or(struct parser *parser)
{
    size_t node = read_and(parser);

    while (take_keyword(parser, "or")) {
        size_t right = read_and(parser);
        node = add_node(parser, (struct filter_node){FILTER_OR, node, right});
    }
    return node;
}

enum status filter_parse(struct span text, struct arena *arena, struct filter *out,
                         struct filter_problem *problem)
{
    /* a node takes at least one byte of text, and "!=" makes two of three bytes */
    struct parser parser = {
        .text = text,
        .arena = arena,
        .word = "",
        .terms = arena_take(arena, FILTER_MAX_TERMS * sizeof *parser.terms),
        .nodes = arena_take(arena, (FILTER_MAX_BYTES + 1) * sizeof *parser.nodes),
        .problem = problem,
    };

    if (!parser.terms || !parser.nodes)
        return STATUS_MEMORY;
    if (text.size > FILTER_MAX_BYTES)
        fail(&parser, FILTER_MAX_BYTES, "expected at most %d bytes", FILTER_MAX_BYTES);
    else if (!span_is_utf8(text) || (text.size > 0 && memchr(text.data, 0, text.size)))
        fail(&parser, 0, "expected UTF-8 text");
    next(&parser);
    size_t root = read_or(&parser);
    if (parser.token != TOKEN_END)
        fail(&parser, parser.start, "expected \"and\", \"or\" or the end");
    if (arena_failed(arena))
        return STATUS_MEMORY;
    if (parser.status == STATUS_OK)
        *out = (struct filter){parser.terms, parser.term_count, parser.nodes, root};
    return parser.status;
}

enum status filter_check_group(const struct filter *filter, struct filter_problem *problem)
{
    for (size_t i = 0; i < filter->term_count; i++)
        if (filter->terms[i].field->not_in_groups) {
            problem->position = 1;
            snprintf(problem->detail, sizeof problem->detail,
                     "a group cannot be of \"%s\": to join it or leave it changes that",
                     filter->terms[i].field->name);
            return STATUS_INVALID;
        }
    return STATUS_OK;
}
