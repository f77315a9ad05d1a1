/* question.h - the body of POST /v1/chat/completions: read, checked and counted
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
    bool thinks;        /* the model's name ends in -think */
    int64_t max_tokens; /* of thought and answer together; 0: none given */
    int64_t prompt_tokens;
    struct keys_prefix prefix;
};

/* As the answer's error names it. */
struct question_problem {
    const char *param; /* static; NULL: the whole body */
    char message[200];
};

/* STATUS_INVALID: *problem says why. */
MUST_CHECK enum status question_decode(struct span body, struct arena *arena, struct question *out,
                                       struct question_problem *problem);

#endif
