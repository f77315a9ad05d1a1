/* saturation.h - how many different robots a period is going to see
 *
 * Distinct robots grow by saturation, not by a line: those that come every day were all seen on the
 * first ones, and what is new later are the rare ones, until nobody is left. How many are left is
 * told by those seen on one day alone and on two (Chao's lower bound), and how soon they come by
 * the same (Chao and others, 2014, sampling by days). Robots that join the fleet later are not in
 * it: they are in the band, whose upper end lets newcomers go on as they came. Its lower end is
 * that nobody new comes at all. In parts of 10^-6 robots; no I/O.
 */
#ifndef SERVER_MONEY_SATURATION_H
#define SERVER_MONEY_SATURATION_H

#include "server/money/fraction.h"

#define SATURATION_DAYS   2  /* that must have been seen, today with them */
#define SATURATION_RECENT 14 /* days that newcomers are told by */

/* What a period's days so far have seen. Plain data. */
struct saturation {
    int64_t days;           /* gone by, with today */
    int64_t seen;           /* different robots */
    int64_t once, twice;    /* of them, on one day alone, on two */
    int64_t newcomers;      /* seen first on one of the recent days */
    int64_t newcomer_days;  /* so many of those; without the period's first, on which all are new */
    struct fraction hidden; /* that are still to come; saturation_open()'s */
    struct fraction rate;   /* of whom this share comes each day; likewise */
};

/* Fills in what is derived. STATUS_AGAIN: too few days; STATUS_FULL: a number does not fit. */
MUST_CHECK enum status saturation_open(struct saturation *saturation);

/* What the robots seen are going to be after each further day: begins as seen and hidden, and
 * left moves one day on. */
struct saturation_course {
    struct fraction robots;
    struct fraction left;
};
struct saturation_course saturation_begin(const struct saturation *saturation);
MUST_CHECK enum status saturation_step(const struct saturation *saturation,
                                       struct saturation_course *course);

/* If newcomers go on as they came, after so many days. */
MUST_CHECK enum status saturation_most(const struct saturation *saturation, int64_t days,
                                       struct fraction *robots);

#endif
