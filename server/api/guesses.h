/* guesses.h - slows down who guesses at passwords: one account from one address, one address at
 * many accounts, many addresses at one account, and all of them together
 *
 * An address is a whole IPv4 address or the first 64 bits of an IPv6 one. An account that strangers
 * guess at is not locked: they get one try now and then, and addresses that its owner came from
 * before have a count of their own. In memory, per instance. Thread-safe; the time is an argument.
 */
#ifndef SERVER_API_GUESSES_H
#define SERVER_API_GUESSES_H

#include <stdbool.h>

#include "server/http/guests.h"

struct guesses;

MUST_CHECK enum status guesses_create(struct guesses **out);
/* NULL is allowed. */
void guesses_free(struct guesses *guesses);

/* One try. Fields are private. */
struct guess {
    char account[64];
    char place[GUESTS_NETWORK];
    char pair[64 + GUESTS_NETWORK];
    bool is_known;
};

/* name and address are copied. 0: the password may be looked at, and exactly one of
 * guesses_right(), guesses_wrong() and guesses_untried() follows. Else the milliseconds to wait. */
int64_t guesses_try(struct guesses *guesses, struct guess *guess, const char *name,
                    const char *address, int64_t now_ms);

/* Password and code were right. */
void guesses_right(struct guesses *guesses, const struct guess *guess, int64_t now_ms);

/* Nobody looked, or the password was right and a code is missing. */
void guesses_untried(struct guesses *guesses, const struct guess *guess);

enum guesses_extent {
    GUESSES_FEW,       /* somebody mistyped */
    GUESSES_AT_ONE,    /* an account's tries are used up */
    GUESSES_FROM_ONE,  /* an address's */
    GUESSES_FROM_MANY, /* everybody's */
    GUESSES_OF_CODE,   /* an account's tries at second factors: guesses_wrong() knows none */
};

/* What is worth an alert, as a sentence; NULL: nothing. */
const char *guesses_problem(enum guesses_extent extent);

/* The widest that is used up. */
enum guesses_extent guesses_wrong(struct guesses *guesses, const struct guess *guess,
                                  int64_t now_ms);

/* Since the start. */
struct guesses_counts {
    uint64_t wrong;
    uint64_t slowed; /* had to wait */
};
void guesses_count(struct guesses *guesses, struct guesses_counts *out);

#endif
