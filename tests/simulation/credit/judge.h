/* judge.h - who knows what really happened, and finds what the others got wrong (I1, I2)
 *
 * Keeps a list of every attempt as the vendor saw it, and sums of its own. Nothing here asks the
 * modules under test for more than what they say themselves. After every event:
 *
 *   - I2: what robots really used and the server has not booked yet is covered, in every pool, by
 *     what is outstanding or charged, but for what vendors gave beyond the limit asked for, and
 *     what a copied disk may use a second time;
 *   - I2: the robot that acted used, reserved and returned no more than it was granted, and was
 *     granted no more than the database says.
 *
 * At every commit:
 *
 *   - I2: a pool's outstanding is that of its accounts, its spent that of its records and charges,
 *     and where something was granted both together are within the limit;
 *   - I1: a record is that of an attempt which was made, counted for the first time, with the
 *     vendor's own numbers where it says so, and never below them where it was not overrun;
 *   - settled is never above what the robot used.
 *
 * At the end, in quiet: every attempt sent is counted exactly once, every account's outstanding is
 * what its robot can still use.
 */
#ifndef TESTS_SIMULATION_CREDIT_JUDGE_H
#define TESTS_SIMULATION_CREDIT_JUDGE_H

#include "tests/simulation/credit/base.h"

#define JUDGE_ATTEMPTS 1024
#define JUDGE_ROBOTS   10
#define JUDGE_SEEN     1024

struct robot;
struct world;

struct judge_attempt {
    unsigned robot, device, line;
    bool is_open; /* on the disk, or perhaps: power failed in writing it */
    bool is_sent; /* the vendor counted it */
    bool overran;
    bool excused; /* its disk was copied, set back or belongs to a quarantined robot */
    int64_t began_ms;
    int64_t nominal_ms; /* when it is going to be booked, by the times in its record */
    uint64_t reserved_input, reserved_output;
    uint64_t truth[LIMIT_WEIGHTS];
    int64_t amounts[MARKET_UNITS]; /* the most that it can be booked with */
    unsigned booked;
};

/* What is known of one measure of a line on one disk. */
struct judge_watch {
    uint64_t granted; /* when it was last looked at */
    uint64_t allowed; /* used beyond it, explained */
    uint64_t busy;    /* used, open and returned, likewise */
    uint64_t left; /* granted, neither used nor returned: attempts under way may leave some; or so
                      much of an older disk that took its place and was not looked at yet */
};

/* The most that any disk was seen to be granted in an account. */
struct judge_seen {
    uint8_t journal[16];
    unsigned line, measure;
    uint32_t epoch;
    uint64_t granted;
};

struct judge {
    size_t attempt_count;
    struct judge_attempt attempts[JUDGE_ATTEMPTS];
    size_t pending_count; /* attempts not booked yet */
    unsigned pending[JUDGE_ATTEMPTS];
    int64_t booked[BASE_POOLS];  /* of each pool, from the rows */
    int64_t excess[MARKET_CAPS]; /* explained: overruns and copied credit */
    struct judge_watch watched[JUDGE_ROBOTS][MARKET_LINES][LIMIT_MEASURES];
    size_t seen_count;
    struct judge_seen seen[JUDGE_SEEN];
    bool copied[BASE_DEVICES]; /* a device's disk was copied or set back */
};

void judge_open(struct world *world);

/* ---- robots tell ---- */

unsigned judge_next_attempt(struct world *world);
void judge_turn(unsigned attempt, uint8_t turn[16]);
unsigned judge_attempt_of(const uint8_t turn[16]);

/* journal_begin() answered. */
void judge_began(struct world *world, const struct robot *robot, unsigned attempt,
                 const wire_UsageRecord *record, enum status status);
/* The vendor is asked, or the request never leaves. */
void judge_ask(struct world *world, unsigned attempt, bool not_sent);
/* The vendor's answer ends: fills what the record says of it. */
void judge_answer(struct world *world, unsigned attempt, wire_UsageRecord *record);
/* The close is on the disk. */
void judge_closed(struct world *world, unsigned attempt, const wire_UsageRecord *record);

void judge_started(struct world *world, struct robot *robot);
void judge_forked(struct world *world, struct robot *robot);
void judge_epoch(struct world *world, struct robot *robot);
void judge_cloned(struct world *world, const struct robot *original, struct robot *clone);
void judge_set_back(struct world *world, struct robot *robot);

/* ---- servers tell ---- */

void judge_record(struct world *world, const wire_UsageRecord *record);
void judge_forged(struct world *world, const struct base_account *account,
                  const struct grant_report *report);
void judge_granted(struct world *world, const struct base_tables *tables,
                   const struct base_account *account);
void judge_charged(struct world *world, const struct base_account *account, uint64_t amount);
void judge_gap(struct world *world, unsigned device);
void judge_commit(struct world *world, const struct base_tables *before,
                  const struct base_tables *after);
void judge_restore(struct world *world, const struct base_tables *lost,
                   const struct base_tables *backup);
void judge_restored(struct world *world);

/* ---- the world tells ---- */

void judge_cap_added(struct world *world, unsigned cap);

/* After every event; NULL: no robot acted. */
void judge_step(struct world *world, struct robot *robot);

/* True when all is settled; says why not otherwise. */
bool judge_is_settled(struct world *world, const char **why);
void judge_end(struct world *world);

#endif
