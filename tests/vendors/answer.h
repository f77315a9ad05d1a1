/* answer.h - what the demo vendor says to a question: drawn from the sayings, cut at the limit */
#ifndef TESTS_VENDORS_ANSWER_H
#define TESTS_VENDORS_ANSWER_H

#include "tests/vendors/question.h"
#include "tests/vendors/sentences.h"

/* Plain data; the texts live in the arena that made it. */
struct answer {
    struct span thought; /* empty unless the model thinks */
    struct span text;
    int64_t thought_tokens;
    int64_t text_tokens;
    const char *finish_reason; /* "stop", or "length" when the limit cut it */
};

/* The same question, model kind and limit give the same answer. The limit holds for thought and
 * text together; what is over it is left out, thought first. STATUS_FULL: no room in the arena. */
MUST_CHECK enum status answer_make(const struct sentences *sentences,
                                   const struct question *question, struct arena *arena,
                                   struct answer *out);

#endif
