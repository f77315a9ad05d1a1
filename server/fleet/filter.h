/* filter.h - which robots are meant: a filter as people write it, parsed to a tree
 *
 *     labels.floor = 7 and not (online or last_seen < 15m)
 *
 * schema/FILTER.md has the grammar, the fields and what each comparison means. Nothing here knows a
 * robot: a filter that was read is written as a program of typed terms, which the database answers
 * (myna.filter_matches). Pure: no I/O; thread-safe.
 */
#ifndef SERVER_FLEET_FILTER_H
#define SERVER_FLEET_FILTER_H

#include "schema/base/arena.h"
#include "schema/base/buffer.h"

#define FILTER_MAX_BYTES  1000
#define FILTER_MAX_TERMS  32  /* one bit each of a number */
#define FILTER_MAX_DEPTH  16  /* of parentheses and nots */
#define FILTER_MAX_VALUES 100 /* of one list */
#define FILTER_MAX_VALUE  200 /* bytes */

enum filter_type {
    FILTER_TYPE_TEXT,
    FILTER_TYPE_LABEL, /* text, or a number where it is compared by size */
    FILTER_TYPE_CHOICE,
    FILTER_TYPE_FLAG, /* stands alone */
    FILTER_TYPE_COUNT,
    FILTER_TYPE_AGE,     /* "15m": seconds */
    FILTER_TYPE_MONEY,   /* "1.50 CNY" */
    FILTER_TYPE_VERSION, /* "1.2.0", or text */
};

enum filter_compare {
    FILTER_EQUAL, /* to one of the values */
    FILTER_LESS,
    FILTER_AT_MOST,
    FILTER_MORE,
    FILTER_AT_LEAST,
    FILTER_CONTAINS,
    FILTER_STARTS,
};

struct filter_field {
    const char *name;
    enum filter_type type;
    const char *choices; /* of a choice: "active|revoked" */
    bool not_in_groups;  /* membership would change the answer */
    const char *help;    /* one line */
};

/* The table; *count rows. */
const struct filter_field *filter_fields(size_t *count);

struct filter_term {
    const struct filter_field *field;
    const char *key; /* of a label; else NULL */
    enum filter_compare compare;
    const char *const *values; /* as texts: of counts, ages and money a decimal number */
    size_t value_count;
    bool is_number;       /* compared by size, as a number or a version */
    const char *currency; /* of money; else NULL */
};

enum filter_kind { FILTER_TERM, FILTER_NOT, FILTER_AND, FILTER_OR };

/* left and right are places in nodes; of a term, left is its place in terms. */
struct filter_node {
    enum filter_kind kind;
    size_t left, right;
};

/* Everything is in the arena that it was read with. Plain data. */
struct filter {
    const struct filter_term *terms;
    size_t term_count;
    const struct filter_node *nodes;
    size_t root;
};

struct filter_problem {
    size_t position;  /* of the character that is wrong, from 1; one past the end at the end */
    char detail[160]; /* what was expected there */
};

/* STATUS_INVALID: *problem tells where and why. STATUS_MEMORY. */
MUST_CHECK enum status filter_parse(struct span text, struct arena *arena, struct filter *out,
                                    struct filter_problem *problem);

/* Whether a group may be of it. STATUS_INVALID: it asks what membership itself would change. */
MUST_CHECK enum status filter_check_group(const struct filter *filter,
                                          struct filter_problem *problem);

/* The same filter in its one canonical form: equal texts are equal filters. */
void filter_print(const struct filter *filter, struct buffer *out);

/* What myna.filter_matches takes: {"terms": [..], "steps": [..], "every_s": 60}. Steps are in
 * postfix order: a term's place, -1 not, -2 and, -3 or. every_s is how often it is worth asking
 * again. */
void filter_write_program(const struct filter *filter, struct buffer *out);

#endif
