/* burndown.h - how each cap and commitment of a contract is used up, and where that is going
 *
 * A line for each cap, each commitment, each limit that only thresholds have, and, when none of
 * them is of money, one for what is spent. Its days are course.h's and its forecast is
 * forecast.h's, so that a page shows what thresholds are judged by. A hard cap on spend begins with
 * the fees of its whole period, as credit does. No I/O; not thread-safe on one arena.
 */
#ifndef SERVER_MONEY_BURNDOWN_H
#define SERVER_MONEY_BURNDOWN_H

#include "server/money/course.h"
#include "server/money/sampled.h"
#include "server/money/saturation.h"

#define BURNDOWN_PERIODS  12  /* earlier ones that are told */
#define BURNDOWN_EARLIER  30  /* of a day each */
#define BURNDOWN_CARRIED  400 /* of what counts what earlier ones had too much: all of a term */
#define BURNDOWN_SURE     3   /* whole days before a commitment is said to fall short */
#define BURNDOWN_BEHIND   30  /* days of a level that are told, today's among them */
#define BURNDOWN_AHEAD    14  /* and how many after today */
#define BURNDOWN_NO_TALLY SIZE_MAX

enum burndown_kind { BURNDOWN_CAP, BURNDOWN_COMMITMENT, BURNDOWN_THRESHOLD, BURNDOWN_SPEND };
const char *burndown_kind_name(enum burndown_kind kind);

/* How it stands, the worst first. */
enum burndown_state {
    BURNDOWN_OVER,     /* the limit is reached */
    BURNDOWN_SHORT,    /* as things go the commitment will be missed */
    BURNDOWN_RUNS_OUT, /* as things go the limit will be reached before the period's end */
    BURNDOWN_NEAR,     /* four fifths of the limit, or a threshold's point, is reached */
    BURNDOWN_BELOW,    /* a commitment that is not met, and nobody can tell whether it will */
    BURNDOWN_ON_COURSE,
    BURNDOWN_MET,
};
const char *burndown_state_name(enum burndown_state state);

/* How its amounts are told. */
enum burndown_told {
    BURNDOWN_BY_DAYS,    /* they add up over the days */
    BURNDOWN_BY_DEVICES, /* each day has its own number of active devices */
    BURNDOWN_BY_MINUTE,  /* a level of the last minute; its days are their busiest minutes */
    BURNDOWN_BY_BILL,    /* as the bill counts it; its days are told by a look at each one's end */
};
const char *burndown_told_name(enum burndown_told told);

/* What a forecast is told by. */
enum burndown_formula {
    BURNDOWN_MEAN_OF_DAYS,      /* the mean of the last whole days goes on */
    BURNDOWN_PART_OF_FIRST_DAY, /* what of the first day has gone by does */
    BURNDOWN_SATURATION,        /* robots that are still to be seen, as saturation.h has it */
    BURNDOWN_TREND_OF_PEAKS,    /* the straight line through the last days' busiest minutes does */
    BURNDOWN_LEVEL_STAYS,       /* as it was on the last whole days */
};
const char *burndown_formula_name(enum burndown_formula formula);

/* An earlier period and what it came to. */
struct burndown_earlier {
    struct period_range period;
    struct fraction amount;
};

/* Plain data; all is in the arena or borrowed from the terms. */
struct burndown_line {
    enum burndown_kind kind;
    enum burndown_told told;
    const char *name; /* of the cap, the commitment, or what a threshold is of */
    bool hard;
    struct course_subject subject;
    const struct contract_commitment *commitment; /* NULL unless it is one */
    const struct contract_threshold **marks;      /* thresholds on it */
    size_t mark_count;
    size_t counter; /* its number in struct tally_count; BURNDOWN_NO_TALLY: none */
    struct period_range period;
    bool endless; /* without a term, a period that never ends: no forecast */
    struct period_range *earlier_periods; /* the newest first */
    size_t earlier_count;

    /* from here on burndown_fill()'s */
    int64_t first_day;     /* the period's, or without a term that of the first usage */
    struct fraction *days; /* from it to today */
    size_t day_count;
    bool is_whole;        /* BY_MINUTE, BY_BILL: no day of them lies between two looks */
    struct fraction base; /* owed from the period's first moment on */
    struct fraction so_far;
    struct fraction carried; /* what earlier periods had too much, which helps this one */
    struct fraction busiest; /* BY_MINUTE: today's busiest minute so far */
    bool has_limit;
    struct fraction limit;
    struct burndown_earlier *earlier;
    bool has_forecast;
    enum burndown_formula formula;
    size_t trend_days; /* that it is told by; 0: what of today has gone by */
    struct forecast forecast;
    int64_t runs_out; /* day, or FORECAST_NEVER */
    bool has_missing; /* a commitment that is going to be missed, by so much */
    struct fraction missing;
    bool has_cost; /* and what that costs, where the terms tell it by that alone */
    struct fraction cost;
    enum burndown_state state;
};

/* The lines of the terms in force on a day, in the document's order, with their periods. */
MUST_CHECK enum status burndown_lines(const struct contract *contract,
                                      const struct contract_terms *terms, int64_t today,
                                      struct arena *arena, struct burndown_line **lines,
                                      size_t *count);

/* The first day that a line's days and earlier periods ask for. */
int64_t burndown_first_day(const struct burndown_line *line);

/* What a line is filled in from. Plain data, borrowed. */
struct burndown_facts {
    struct course course; /* days from burndown_first_day() on */
    const struct zone *zone;
    int64_t now_ms;
    const struct course_usage *devices; /* BY_DEVICES: by day, in order */
    size_t device_days;
    struct saturation arrivals;        /* likewise, where burndown_by_saturation(): seen and when */
    const struct course_usage *minute; /* BY_MINUTE */
    size_t minute_count;
    const struct course_usage *all; /* of a share: all contracts' */
    size_t all_count;
    struct fraction billed; /* BY_BILL, and distinct devices: the quantity of the period so far */
    const struct fraction *billed_earlier; /* BY_BILL: of each of earlier_periods */
    const struct sampled_day *samples;     /* BY_MINUTE, BY_BILL: in order, from first_day on */
    size_t sample_count;
};

/* Whether it is looked at from time to time, for what nothing tells afterwards. */
bool burndown_is_sampled(const struct burndown_line *line);

/* Whether its days add up to what it came to; else each has an amount of its own. */
bool burndown_adds_up(const struct burndown_line *line);

/* Whether what earlier periods had too much counts for this one. */
bool burndown_is_cumulative(const struct burndown_line *line);

/* Whether the robots seen so far tell where it is going: the distinct ones of a period, and the
 * busiest day, which grows as they do. */
bool burndown_by_saturation(const struct burndown_line *line);

/* STATUS_FULL: a number does not fit. */
MUST_CHECK enum status burndown_fill(const struct burndown_facts *facts, struct arena *arena,
                                     struct burndown_line *line);

/* What is wrong or near first, else as they were. */
void burndown_sort(struct burndown_line *lines, size_t count);

#endif
