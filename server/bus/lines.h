/* lines.h - the credit lines of a device's routes: what binds each, and by which weights
 *
 * A line's id covers its route, contract version and measures: whatever changes them makes another
 * line, and whoever changes them gives the devices a new generation, so that configuration and
 * state name the same lines. Not thread-safe: money's weights are remembered.
 */
#ifndef SERVER_BUS_LINES_H
#define SERVER_BUS_LINES_H

#include "server/fleet/route.h"
#include "server/store/credits.h"
#include "server/store/routes.h"
#include "server/store/terms.h"

/* What a first question reserves; the agent's own beginning (agent/meter/credit.h). */
#define LINES_TYPICAL_INPUT  2000
#define LINES_TYPICAL_OUTPUT 400
#define LINES_TYPICAL_CHARS  120   /* of a clause to be spoken */
#define LINES_TYPICAL_MS     15000 /* of an owner's question */

/* The shortest attempt that is of use: a short persona and question, an answer of some words
 * (CREDIT_LEAST_OUTPUT of the same header). */
#define LINES_LEAST_INPUT  200
#define LINES_LEAST_OUTPUT 32

/* What a trial's test reserves at most (CREDIT_TEST_INPUT and so on of the same header). */
#define LINES_TEST_INPUT  600
#define LINES_TEST_OUTPUT 256
#define LINES_TEST_CHARS  40

/* One measure and the pools that bind it now. Plain data. */
struct lines_measure {
    wire_CreditMeasure terms;    /* granted and return_to are 0 */
    uint64_t attempt;            /* a typical worst case, above 0 */
    uint64_t least;              /* the same of the shortest attempt that is of use */
    uint64_t answer;             /* what the typical answer takes beyond the shortest one's */
    size_t pools[CREDITS_POOLS]; /* places in credits_pools() */
    size_t pool_count;
    bool is_stalled; /* a cap's period has ended and its next is not there yet: no grants */
};

struct lines_line {
    const struct routes_row *route;
    char line_id[ROUTE_LINE_ID_SIZE];
    struct lines_measure measures[LIMIT_MEASURES];
    size_t measure_count; /* 0: nothing binds the route */
    size_t first;         /* place of the first line of its use; its own: it is that one */
    bool is_standby;      /* an attempt's worth lies ready, though it is not the first */
    bool is_spare;        /* the same, while the pools that it shares with the first are wide */
    bool is_test;         /* a trial's, beside the line of the same route */
};

struct lines;

/* credits and terms outlive the lines; whoever makes lines has refreshed both. */
MUST_CHECK enum status lines_create(struct lines **out, const struct credits *credits,
                                    struct terms *terms);
void lines_free(struct lines *lines);

/* Forgets what the terms weighed: to be called when they were refreshed. */
void lines_begin(struct lines *lines);

/* Of one device: its routes that may be used, in order, and the groups it is in. Routes whose terms
 * have no upper bound under a limit of money, or that too many units bind, are left out: they were
 * refused when they were written, and no robot may use them without a bound. Sets *count.
 *
 * The route after the first one of its use answers without a server when the first one's vendor is
 * down or its credit is used up. It is standby when it shares no pool with the first, else spare:
 * near the end of a pool that both draw from, what lies on the second would be taken from the first
 * for nothing.
 *
 * Where the routes come with a trial, the last lines are for tests: of the first chat route, of the
 * first one of the vendor whose key is new where that is another, and of the first speech route. No
 * budget of fleet, groups or devices binds them (spending_pays_tests()). */
void lines_make(struct lines *lines, const struct routes_row *routes, size_t route_count,
                const struct credits_member *groups, size_t group_count, int64_t now_ms,
                struct lines_line out[LIMIT_CREDIT_LINES], size_t *count);

/* The trial is over, or was never begun: its lines are told and granted no more. */
void lines_drop_tests(const struct lines_line *lines, size_t *count);

/* Names what a state says of the lines beside their amounts, as it is said with this generation:
 * the lines, their order, their uses, and which lie ready. */
#define LINES_MARK_SIZE 16
void lines_mark(const struct lines_line *lines, size_t count, int64_t epoch, int64_t generation,
                uint8_t out[LINES_MARK_SIZE]);

/* pool: a place in credits_pools(). */
bool lines_draws_from(const struct lines_line *line, size_t pool);

#endif
