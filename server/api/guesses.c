#include "server/api/guesses.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/api/throttle.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS   (60 * MINUTE_MS)

enum { PAIR, PLACE, ACCOUNT, ALL, KNOWN, TABLES };

/* The tries of an account at a stranger's pace: 20 and then 360 an hour. NIST SP 800-63B section
 * 5.2.2 would lock it at 100, which is what an attacker may want. */
static const struct throttle_limits limits[TABLES] = {
    [PAIR] = {.max_keys = 4096, .tries = 10, .window_ms = 5 * MINUTE_MS},
    [PLACE] = {.max_keys = 4096, .tries = 50, .window_ms = 5 * MINUTE_MS},
    [ACCOUNT] = {.max_keys = 4096, .tries = 20, .window_ms = HOUR_MS, .pace_ms = 10000},
    [ALL] = {.max_keys = 1, .tries = 500, .window_ms = 5 * MINUTE_MS, .pace_ms = 1000},
    /* a login that succeeded counts as a try: its window is how long it is remembered */
    [KNOWN] = {.max_keys = 4096, .tries = 1, .window_ms = 30 * 24 * HOUR_MS},
};

struct guesses {
    struct throttle *tables[TABLES];
    atomic_uint_least64_t wrong, slowed;
};

enum status guesses_create(struct guesses **out)
{
    struct guesses *guesses = calloc(1, sizeof *guesses);
    enum status status = guesses != NULL ? STATUS_OK : STATUS_MEMORY;

    for (int i = 0; status == STATUS_OK && i < TABLES; i++)
        status = throttle_create(&guesses->tables[i], &limits[i]);
    if (status == STATUS_OK)
        *out = guesses;
    else
        guesses_free(guesses);
    return status;
}

void guesses_free(struct guesses *guesses)
{
    if (guesses == NULL)
        return;
    for (int i = 0; i < TABLES; i++)
        throttle_free(guesses->tables[i]);
    free(guesses);
}

static const char *key_of(const struct guess *guess, int table)
{
    switch (table) {
    case PLACE:
        return guess->place;
    case ACCOUNT:
        return guess->account;
    case ALL:
        return "";
    default:
        return guess->pair;
    }
}

/* An address that the account's owner came from is bound by the pair alone. */
static int last_table(const struct guess *guess)
{
    return guess->is_known ? PAIR : ALL;
}

int64_t guesses_try(struct guesses *guesses, struct guess *guess, const char *name,
                    const char *address, int64_t now_ms)
{
    snprintf(guess->account, sizeof guess->account, "%s", name);
    guests_network(address, guess->place);
    snprintf(guess->pair, sizeof guess->pair, "%s %s", guess->account, guess->place);
    guess->is_known = throttle_is_used_up(guesses->tables[KNOWN], guess->pair, now_ms);
    for (int i = PAIR; i <= last_table(guess); i++) {
        const int64_t wait_ms = throttle_try(guesses->tables[i], key_of(guess, i), now_ms);

        if (wait_ms == 0)
            continue;
        while (--i >= PAIR)
            throttle_forgive(guesses->tables[i], key_of(guess, i));
        atomic_fetch_add(&guesses->slowed, 1);
        return wait_ms;
    }
    return 0;
}

void guesses_untried(struct guesses *guesses, const struct guess *guess)
{
    for (int i = PAIR; i <= last_table(guess); i++)
        throttle_forgive(guesses->tables[i], key_of(guess, i));
}

void guesses_right(struct guesses *guesses, const struct guess *guess, int64_t now_ms)
{
    guesses_untried(guesses, guess);
    throttle_clear(guesses->tables[PAIR], guess->pair);
    throttle_fail(guesses->tables[KNOWN], guess->pair, now_ms);
}

enum guesses_extent guesses_wrong(struct guesses *guesses, const struct guess *guess,
                                  int64_t now_ms)
{
    static const struct {
        int table;
        enum guesses_extent extent;
    } widest_first[] = {
        {ALL, GUESSES_FROM_MANY},
        {PLACE, GUESSES_FROM_ONE},
        {ACCOUNT, GUESSES_AT_ONE},
        {PAIR, GUESSES_AT_ONE},
    };

    atomic_fetch_add(&guesses->wrong, 1);
    for (size_t i = 0; i < sizeof widest_first / sizeof *widest_first; i++) {
        const int table = widest_first[i].table;

        if (throttle_is_used_up(guesses->tables[table], key_of(guess, table), now_ms))
            return widest_first[i].extent;
    }
    return GUESSES_FEW;
}

const char *guesses_problem(enum guesses_extent extent)
{
    switch (extent) {
    case GUESSES_AT_ONE:
        return "somebody guesses at one password";
    case GUESSES_FROM_ONE:
        return "one address tries many passwords";
    case GUESSES_FROM_MANY:
        return "many addresses try passwords";
    case GUESSES_OF_CODE:
        return "somebody has the password and guesses at codes";
    case GUESSES_FEW:
        break;
    }
    return NULL;
}

void guesses_count(struct guesses *guesses, struct guesses_counts *out)
{
    *out = (struct guesses_counts){.wrong = atomic_load(&guesses->wrong),
                                   .slowed = atomic_load(&guesses->slowed)};
}
