/* rollout_plan.h - how a rollout goes about it: its waves, its speed, its patience
 *
 * A plan is a JSON object (schema/ROLLOUT.md); what it leaves out has a default, and it is kept
 * with the defaults written out, so that a later version of the program changes none that exists.
 * No I/O.
 */
#ifndef SERVER_FLEET_ROLLOUT_PLAN_H
#define SERVER_FLEET_ROLLOUT_PLAN_H

#include "schema/base/json.h"
#include "schema/wire/local_time.h"
#include "server/fleet/gate.h"

#define ROLLOUT_PLAN_WAVES     16
#define ROLLOUT_PLAN_WINDOWS   8
#define ROLLOUT_PLAN_BLACKOUTS 32
#define ROLLOUT_PLAN_CALENDAR  64    /* blackouts of the installation, besides */
#define ROLLOUT_PLAN_ALL       10000 /* a share of 100 % */
#define ROLLOUT_PLAN_AMOUNT    24    /* bytes of an amount of money, with its NUL */

struct rollout_plan_wave {
    int64_t share;    /* of all members, with the waves before; in 1/10,000 */
    int64_t at_least; /* members of the first waves; 0: as the share says */
    int64_t at_most;
};

struct rollout_plan_blackout {
    int64_t from_ms, to_ms;
};

/* Plain data. */
struct rollout_plan {
    struct rollout_plan_wave waves[ROLLOUT_PLAN_WAVES]; /* shares grow, the last is all */
    size_t wave_count;
    int64_t control_share; /* held back to the end, to compare with */
    int64_t control_at_least;
    int64_t rate_per_minute; /* devices opened; 0: no limit */
    int64_t ramp_from;       /* per minute at first; 0: the full rate from the start */
    int64_t ramp_percent;    /* 200: doubled each minute */
    bool test;               /* each device tries it before it is confirmed */
    int64_t deadline_s;      /* for a device that is online to confirm */
    int64_t retries;         /* of a failure that may pass */
    int64_t max_failed;      /* share of devices that may fail to confirm, in 1/10,000 */
    int64_t unreachable_after_s;
    int64_t soak_s;
    struct local_time_hours windows[ROLLOUT_PLAN_WINDOWS]; /* none: always */
    size_t window_count;
    int zone_min; /* of devices without a setting "zone" that do not say how far they are from UTC
                   */
    struct rollout_plan_blackout blackouts[ROLLOUT_PLAN_BLACKOUTS + ROLLOUT_PLAN_CALENDAR];
    size_t blackout_count;
    bool is_judged; /* by what usage says, beside the control */
    struct gate_plan gates;
    bool back_on_red;
    bool is_by_hand; /* each wave after the first is started by an operator */
    bool queues;     /* waits for other rollouts instead of being refused */
    /* another operator must agree to it when it costs more than that, "1200.50"; "": as the
     * server's own limit says */
    char above_cost[ROLLOUT_PLAN_AMOUNT];
};

/* is_switch: it changes who answers, which soaks for a day and is tried on each device; other
 * settings half an hour, untried. json may be NULL. STATUS_INVALID: problem names the member, below
 * "/plan", and *out is undefined. */
MUST_CHECK enum status rollout_plan_read(const struct json *json, bool is_switch,
                                         struct arena *arena, struct rollout_plan *out,
                                         struct json_problem *problem);

/* Those of the calendar, a list like the plan's own, hold for it as well; the ones beyond
 * ROLLOUT_PLAN_CALENDAR are left out. STATUS_INVALID: it is no such list. */
MUST_CHECK enum status rollout_plan_add_calendar(const struct json *list, struct arena *arena,
                                                 struct rollout_plan *plan);

/* In full, as rollout_plan_read() takes it. Not for a plan with a calendar. */
void rollout_plan_write(struct json_writer *writer, const struct rollout_plan *plan);

/* Digits, and up to 12 of them behind a point, in less than ROLLOUT_PLAN_AMOUNT bytes. */
bool rollout_plan_is_amount(const char *text);

/* "12.5%" as 1,250. STATUS_INVALID: no share from 0 to 100 %, or finer than 0.01 %. */
MUST_CHECK enum status rollout_plan_share(struct span text, int64_t *out);
#define ROLLOUT_PLAN_SHARE_SIZE 16
void rollout_plan_format_share(int64_t share, char out[ROLLOUT_PLAN_SHARE_SIZE]);

#endif
