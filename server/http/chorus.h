/* chorus.h - one answer for all who ask the same at the same time
 *
 * When something changes, each open dashboard asks for the same page. Who asks while that very
 * question is being answered is put aside, and no thread waits for him; then it is asked once more
 * for all who were put aside. Nobody gets an answer that was begun before he asked: none is older
 * than its question, and nothing is kept. Thread-safe.
 */
#ifndef SERVER_HTTP_CHORUS_H
#define SERVER_HTTP_CHORUS_H

#include <stdbool.h>

#include "schema/base/status.h"

struct chorus;

/* Who asks, a part of what the caller keeps about him. Fields are private. */
struct chorus_one {
    const char *question;
    struct chorus_one *along; /* who is answered together with him */
    struct chorus_one *later; /* who asked since his question is being answered */
    struct chorus_one *other; /* whose other question is being answered */
};

MUST_CHECK enum status chorus_create(struct chorus **out);
/* Nobody is asking any more. NULL is allowed. */
void chorus_free(struct chorus *chorus);

/* question names all that the answer depends on; borrowed until he is answered. True: the caller is
 * to answer him now, and then those whom chorus_next() gives; false: another thread will. */
bool chorus_join(struct chorus *chorus, struct chorus_one *one, const char *question);

/* The same for a thread that may not answer. True: another thread will; false: nobody asks that,
 * and nothing has been done. */
bool chorus_follow(struct chorus *chorus, struct chorus_one *one, const char *question);

/* The question of first, whom chorus_join() or this one gave, has an answer. Gives one of those who
 * asked it meanwhile, for whom the caller is to ask it again; NULL: nobody did. */
struct chorus_one *chorus_next(struct chorus *chorus, struct chorus_one *first);

/* Whom first's answer is for, too, one after the other; NULL: nobody else. */
struct chorus_one *chorus_along(const struct chorus_one *one);

#endif
