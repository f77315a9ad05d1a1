/* question.h - the body of a question: read by the shape that its dialect gives it, checked,
 * counted
 *
 * What this vendor does not know among the members is ignored, as vendors do; what it knows must be
 * right.
 */
#ifndef TESTS_VENDORS_QUESTION_H
#define TESTS_VENDORS_QUESTION_H

#include "schema/base/arena.h"
#include "tests/vendors/keys.h"

#define QUESTION_MESSAGE_OVERHEAD 4 /* tokens that each message costs beside its text */

/* Texts live in the arena. */
struct question {
    const char *model;
    struct span asked; /* the text of the last message of role user */
    bool stream;
    bool include_usage;
    bool every_usage;   /* on every event */
    bool thinks;        /* the model's name ends in -think */
    int64_t max_tokens; /* of thought and answer together; 0: none given */
    int64_t prompt_tokens;
    struct keys_prefix prefix;
};

/* Where a dialect's questions have what: paths of names between dots. NULL: there is no such thing.
 */
struct question_shape {
    const char *messages;
    const char *system; /* a text that stands beside the messages */
    const char *limits[2];
    bool needs_limit;
    const char *stream;  /* a flag */
    bool streams_untold; /* what it is when it is not given */
    const char *usage;   /* a flag; NULL: usage is always told */
    const char *every_usage;
    const char *thinking; /* a flag: false keeps a model that thinks from it */
    const char *must_be_true;
};

/* As the answer's error names it. */
struct question_problem {
    const char *param; /* static; NULL: the whole body */
    char message[200];
};

/* STATUS_INVALID: *problem says why. */
MUST_CHECK enum status question_decode(struct span body, const struct question_shape *shape,
                                       struct arena *arena, struct question *out,
                                       struct question_problem *problem);

#endif
