/* gate.h - whether a wave may be followed by the next: robots that changed beside those held back
 *
 * A pure function of samples: sums over one window of time, robot by robot, made from usage
 * records. Judged are differences between two groups of robots that a hash has parted, over the
 * same window; what a robot was like before the rollout began is taken out. Each metric answers
 * red, green or none; schema/GATE.md has the formulas and their sources.
 *
 *   red    the difference is above the margin for certain: its lower bound has passed it. The
 *          chance of a wrong red, false_alarms, is that of a whole rollout, shared out over what is
 *          judged, waves and looks
 *   green  it is below the margin, 9 to 1: its upper bound has not reached it
 *   none   too little is known to tell: look again later, then ask a human
 *
 * Floating point serves comparison alone; no money is booked by it. No I/O; thread-safe.
 */
#ifndef SERVER_FLEET_GATE_H
#define SERVER_FLEET_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

/* How an attempt may fail: error classes of schema/wire by their number, and what is no error there
 * but no answer either. */
enum gate_class {
    GATE_CLASS_OTHER = 0,
    GATE_CLASS_RATE = 1,
    GATE_CLASS_BUSY = 2,
    GATE_CLASS_QUOTA = 3,
    GATE_CLASS_MONEY = 4,
    GATE_CLASS_AUTH = 5,
    GATE_CLASS_CONTENT = 6,
    GATE_CLASS_REQUEST = 7,
    GATE_CLASS_NET = 8,
    GATE_CLASS_FILTERED = 9, /* refused for its content, by an outcome of its own */
    GATE_CLASS_LOST = 10,    /* the robot went down in the middle of it */
};
#define GATE_CLASSES 11

enum gate_metric {
    GATE_FAILURES = 0,    /* failed of finished attempts, of whatever class */
    GATE_UNREACHABLE = 1, /* fell silent of robots that were there when the wave was opened */
    GATE_FIRST_TOKEN = 2, /* logarithms of milliseconds */
    GATE_FIRST_AUDIO = 3,
    GATE_INTERRUPTED = 4, /* by the owner, of answers that began */
    GATE_COST = 5,        /* price, of turns */
    GATE_CLASS = 6,       /* + enum gate_class: failed in that way, of finished attempts */
};
#define GATE_SAMPLED 6 /* metrics that a sample has sums of its own for */
#define GATE_METRICS (GATE_CLASS + GATE_CLASSES)

/* "failures", "first_token", "failures_busy" ... */
const char *gate_metric_name(enum gate_metric metric);
MUST_CHECK enum status gate_metric_find(struct span name, enum gate_metric *out);

/* ---- what is judged ---- */

/* Plain data. */
struct gate_rule {
    bool is_on;
    bool is_waited_for; /* false: it can stop a wave, but none of it holds none up */
    double margin;      /* allowed: points of a share (0.02), or a part of the control's (0.20) */
    double expected; /* of GATE_COST: what a turn should cost, in place of the control's; 0: none */
};

/* Plain data. */
struct gate_plan {
    struct gate_rule rules[GATE_METRICS];
    double false_alarms; /* of one rollout */
    unsigned looks;      /* at each wave: GATE_LOOKS_LEAST to GATE_LOOKS_MOST */
    unsigned at_least;   /* counted in each group before a metric is judged */
};
#define GATE_LOOKS_LEAST 2
#define GATE_LOOKS_MOST  12
#define GATE_ROBOTS      3 /* fewer on one side say nothing about the others */

/* 1 % false alarms, 3 looks, at least 20; failures +2 points; unreachable +5 points, not waited
 * for: a handful of robots can never prove it, and each was heard when it confirmed; first token,
 * first audio and cost per turn +20 %, interrupted +50 % (or one point); no class of failures
 * apart. */
struct gate_plan gate_plan_default(void);

/* After how much of the soak that look (from 1) is taken: the next to last at its end, those before
 * in equal parts, the last as long again after it. A wave whose soak is over is not looked at again
 * unless the verdict was none. */
int64_t gate_look_after_ms(const struct gate_plan *plan, unsigned look, int64_t soak_ms);

/* Of which look of which wave the verdict is; all count from 1. Plain data. */
struct gate_look {
    unsigned wave, waves;
    unsigned look; /* 1 to gate_plan.looks */
};

/* ---- what is known ---- */

struct gate_amount {
    double sum, count;
};

/* One robot. Plain data. */
struct gate_sample {
    struct gate_amount now[GATE_SAMPLED];    /* in the window */
    struct gate_amount before[GATE_SAMPLED]; /* before the rollout began; counts 0: not known */
    double failed[GATE_CLASSES];             /* of now[GATE_FAILURES].sum */
};

/* Plain data. */
struct gate_group {
    const struct gate_sample *samples;
    size_t count;
    bool has_one_currency; /* all prices are in it: see gate_judge() */
    char currency[4];      /* "" while nothing was priced */
};

/* ---- what comes of it ---- */

enum gate_colour {
    GATE_OFF = 0, /* not judged, or neither group has any of it */
    GATE_NONE = 1,
    GATE_GREEN = 2,
    GATE_RED = 3,
};
const char *gate_colour_name(enum gate_colour colour);

enum gate_reason {
    GATE_REASON_NONE = 0,       /* there is a bound that says it */
    GATE_REASON_FEW_ROBOTS = 1, /* fewer than GATE_ROBOTS have any of it in one group */
    GATE_REASON_FEW = 2,        /* fewer than gate_plan.at_least */
    GATE_REASON_UNSURE = 3,     /* the bounds are on both sides of the margin */
    GATE_REASON_CURRENCY = 4,   /* the groups' prices are in several currencies */
    GATE_REASON_FREE = 5,       /* the control costs nothing, so nothing is a part of it */
};
const char *gate_reason_name(enum gate_reason reason);

/* One metric's verdict. Plain data. treated and control are shares, milliseconds (geometric means),
 * or money per turn; effect and its bounds are differences in points, or ratios. What cannot be
 * told is NAN. */
struct gate_finding {
    enum gate_colour colour;
    enum gate_reason reason;
    double treated, control;
    double effect, lower, upper;
    double margin; /* that the bounds are compared with: 0.02, or 1.20 */
    double treated_count, control_count;
    size_t treated_robots, control_robots; /* that have any of it */
};

/* Plain data. */
struct gate_verdict {
    enum gate_colour colour;  /* red when any metric is; else none when one that is waited for is */
    enum gate_metric because; /* the first metric of that colour; of green: GATE_FAILURES */
    double alpha;             /* chance of a wrong red in each finding */
    struct gate_look look;
    char currency[4]; /* of what turns cost, on both sides; "": several, or nothing was priced */
    struct gate_finding findings[GATE_METRICS];
};

/* Judges the treated robots beside the control. Cost is compared when all prices of both groups are
 * in one currency, or against what was expected when the treated group's are. The order of samples
 * does not matter beyond the last bits of a double. */
void gate_judge(const struct gate_plan *plan, const struct gate_group *treated,
                const struct gate_group *control, const struct gate_look *look,
                struct gate_verdict *out);

#endif
