/* reading.h - takes a contract's document apart and keeps the first thing that is wrong with it
 *
 * Latches: after the first refusal everything else is a fast no, so that readers read on and ask
 * once at the end. A refusal names its place as a JSON pointer and says what would be right.
 * Members that a reader does not name are refused, with the nearest word that it does know.
 *
 * Or it collects: after a refusal the form of what follows is still looked at (words, types,
 * numbers), and its meaning only from the next part on, as far as it does not hang on what could
 * not be read. Fields are private. No I/O; one thread.
 */
#ifndef SERVER_MONEY_READING_H
#define SERVER_MONEY_READING_H

#include "schema/base/arena.h"
#include "schema/base/json.h"
#include "server/money/fraction.h"

enum reading_doubt {
    READING_SURE,
    READING_UNRELATED, /* what parts say of each other is no longer judged */
    READING_FORM,      /* only the form is: what everything stands on is not known */
};

struct reading {
    struct arena *arena;
    struct json_problem *problem; /* the newest */
    enum status status;
    char pointer[80]; /* of the part that is being read */
    /* collecting */
    struct json_problem *problems; /* NULL: it does not */
    size_t count, room;
    bool was_refused;
    enum reading_doubt doubt;
    struct json_problem untold;
};

/* Both are borrowed; *problem is written to when something is refused. */
void reading_init(struct reading *reading, struct arena *arena, struct json_problem *problem);

/* Collects up to room problems, one for each place; reading->count of them are told. */
void reading_collect(struct reading *reading, struct arena *arena, struct json_problem *problems,
                     size_t room);

/* Where one part ends: whether the next is to be read. Collecting, what was refused is forgiven
 * (reading_status() does not), and from now on there is at least so much doubt. */
bool reading_next(struct reading *reading, enum reading_doubt doubt);

/* STATUS_OK, STATUS_INVALID (problem tells what) or STATUS_MEMORY; of the whole. */
MUST_CHECK enum status reading_status(const struct reading *reading);
/* Of the present part. */
bool reading_failed(const struct reading *reading);

/* Goes into a part; the mark leads out again. */
size_t reading_enter(struct reading *reading, const char *member);
size_t reading_enter_item(struct reading *reading, size_t index);
void reading_leave(struct reading *reading, size_t mark);

/* Refuses a member of the present part; "" is the part itself. */
void reading_refuse(struct reading *reading, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses its form: whatever else the document says, this cannot stand. */
void reading_refuse_form(struct reading *reading, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses it for what another part says. */
void reading_refuse_related(struct reading *reading, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds to what the refusal says. */
void reading_explain(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether json is an object that has all of required and nothing but members: "price|unit". Both
 * are checked before any value, so that a misspelt word is told as such. */
bool reading_object(struct reading *reading, const struct json *json, const char *members,
                    const char *required);

/* Values of a member of object. Absent: the fallback, NULL or false, and out stays untouched, as it
 * does when the value is refused. Texts are copied into the arena. */
const char *reading_text(struct reading *reading, const struct json *object, const char *member,
                         size_t max_bytes);
const char *reading_slug(struct reading *reading, const struct json *object, const char *member);
bool reading_bool(struct reading *reading, const struct json *object, const char *member,
                  bool fallback);
int64_t reading_int(struct reading *reading, const struct json *object, const char *member,
                    int64_t min, int64_t max, int64_t fallback);

/* The place of the text in words ("month|year"). */
int reading_choice(struct reading *reading, const struct json *object, const char *member,
                   const char *words, int fallback);

/* A decimal of up to 12 places as text, or a whole number, from 0 to 10^15. */
bool reading_number(struct reading *reading, const struct json *object, const char *member,
                    struct fraction *out);

/* "1.3%" as 0.013, from 0 to max_percent. */
bool reading_share(struct reading *reading, const struct json *object, const char *member,
                   int64_t max_percent, struct fraction *out);

/* YYYY-MM-DD as the civil day of zone.h. */
bool reading_day(struct reading *reading, const struct json *object, const char *member,
                 int64_t *out);

/* A list of 1 to max texts, each once. NULL: absent or refused. */
const char *const *reading_texts(struct reading *reading, const struct json *object,
                                 const char *member, size_t max, size_t *count);

/* A list of 1 to max parts of any kind; its length, 0 when absent or refused. */
size_t reading_list(struct reading *reading, const struct json *object, const char *member,
                    size_t max, const struct json **list);

/* One text of such a list or value as a number or share, for readers of values that may be either.
 */
bool reading_number_of(struct reading *reading, const struct json *value, const char *member,
                       struct fraction *out);
bool reading_share_of(struct reading *reading, const struct json *value, const char *member,
                      int64_t max_percent, struct fraction *out);

/* The one of words that text was perhaps meant to be; false: none is near. */
#define READING_WORD_SIZE 40
bool reading_nearest(const char *text, const char *words, char nearest[READING_WORD_SIZE]);

/* Zeroed memory of the arena; NULL latches STATUS_MEMORY. */
void *reading_take(struct reading *reading, size_t count, size_t size);
const char *reading_keep(struct reading *reading, const char *text);

/* "charges/0": what a part without a name is called. */
const char *reading_place(struct reading *reading, const char *list, size_t index);

#endif
