/* course.h - how what a cap, a commitment or a threshold counts went, day by day
 *
 * "spend" is what usage cost plus flat fees as their periods go by, day by day: a yearly fee is not
 * spent on the first of January. It is not the bill (schema/CONTRACT.md says what that has more).
 * No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_COURSE_H
#define SERVER_MONEY_COURSE_H

#include "server/money/contract.h"
#include "server/money/forecast.h"
#include "server/money/zone.h"

/* Usage of one model under one contract. Texts are borrowed. Plain data. */
struct course_usage {
    int64_t day; /* local, since 1970; 0 where there is none */
    const char *model;
    int64_t quantities[CONTRACT_METRICS]; /* of active devices by day: the first, without a model */
    struct decimal price;                 /* to 12 places */
    int64_t duration_ms;                  /* of the attempts, where a level is asked for */
};

/* What is counted, whoever says it: a cap, a commitment, or a threshold of its own. Plain data,
 * borrowed from the terms. */
struct course_subject {
    const struct contract_quantity *quantity;
    const struct contract_filter *filter;
    const struct period_rule *rule;
    bool has_limit;
    struct fraction limit;
    bool is_floor;
    int64_t share_permille; /* of all vendors' usage, which is the limit then; 0: no */
    enum contract_measured measured;
};
struct course_subject course_of_cap(const struct contract_cap *cap);
struct course_subject course_of_commitment(const struct contract_commitment *commitment);
/* Of what the threshold is of, if that. */
struct course_subject course_of_threshold(const struct contract_threshold *threshold);

/* The step of a ramp that holds on the period's first day. */
struct fraction course_floor(const struct contract_commitment *commitment, int64_t first);

/* The period around a day, which is moved into the contract's term. */
struct period course_period(const struct contract *contract, const struct period_rule *rule,
                            int64_t day);

/* What the days are told by. Plain data, borrowed. */
struct course {
    const struct contract *contract;
    const struct contract_third_party *third_party; /* of the terms at hand */
    const struct course_usage *usage;               /* by day */
    size_t count;
};

/* What one row adds: nothing when it is of a model that does not count. Fees are not in it. */
struct fraction course_amount(const struct course *course, const struct course_subject *subject,
                              const struct course_usage *usage);

/* Fills in so many days' amounts from that one on, with fees where money is counted. STATUS_FULL: a
 * number does not fit. */
MUST_CHECK enum status course_days(const struct course *course,
                                   const struct course_subject *subject, int64_t first,
                                   struct fraction *days, size_t count);

/* The days' counts of active devices as the contract measures them; distinct ones over several days
 * (CONTRACT_EVER) cannot be told by days: then the highest. */
struct fraction course_devices(const struct course_usage *days, size_t count,
                               enum contract_measured measured);

/* A level over the last minute, of whose usage the rows are; requests under way on average, by
 * Little's law. */
struct fraction course_level(const struct course_subject *subject,
                             const struct course_usage *minute, size_t count);

/* The limit of a share of all vendors' usage: of the days in basis so far, or, ahead, as all of it
 * goes on (nothing when that cannot be told yet). basis->days are not read. Besides
 * forecast_make()'s: STATUS_MEMORY. */
MUST_CHECK enum status course_share_limit(const struct course_subject *subject,
                                          const struct course_usage *all, size_t count,
                                          const struct forecast_basis *basis, bool ahead,
                                          struct arena *arena, struct fraction *limit);

/* Of the local day at hand that have gone by, in FORECAST_MINUTES of it. */
int64_t course_minutes(const struct zone *zone, int64_t now_ms);

#endif
