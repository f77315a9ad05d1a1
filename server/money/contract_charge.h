/* contract_charge.h - what a contract charges for, and how
 *
 * The kinds of charge and which usage they are about; schema/CONTRACT.md is the document's
 * reference. Plain data: texts and lists live in the arena that contract_read() was given.
 */
#ifndef SERVER_MONEY_CONTRACT_CHARGE_H
#define SERVER_MONEY_CONTRACT_CHARGE_H

#include "server/money/fraction.h"
#include "server/money/period.h"

#define CONTRACT_CHARGES        64 /* of one version */
#define CONTRACT_MODELS         64 /* named by one charge */
#define CONTRACT_RATES          64 /* of one charge */
#define CONTRACT_TIERS          32 /* of one charge */
#define CONTRACT_COMMITMENTS    16
#define CONTRACT_STEPS          32 /* of one ramp */
#define CONTRACT_CREDITS        32
#define CONTRACT_PACKS          24 /* credits of units among them */
#define CONTRACT_DISCOUNTS      32
#define CONTRACT_CAPS           32
#define CONTRACT_THRESHOLDS     32
#define CONTRACT_SERVICE_LEVELS 64

/* What a record holds, in the order of its token classes. */
enum contract_metric {
    CONTRACT_INPUT_UNCACHED,
    CONTRACT_INPUT_CACHED,
    CONTRACT_CACHE_WRITE_5M,
    CONTRACT_CACHE_WRITE_1H,
    CONTRACT_OUTPUT,
    CONTRACT_REASONING,
    CONTRACT_AUDIO_IN_MS,
    CONTRACT_AUDIO_OUT_CHARS,
    CONTRACT_IMAGES,
    CONTRACT_VIDEO_MS,
    CONTRACT_REQUESTS,
    CONTRACT_METRICS,
};
const char *contract_metric_name(enum contract_metric metric); /* "input_uncached" ... */

#define CONTRACT_BIT(metric) (1u << (metric))
#define CONTRACT_ALL_INPUT                                                                         \
    (CONTRACT_BIT(CONTRACT_INPUT_UNCACHED) | CONTRACT_BIT(CONTRACT_INPUT_CACHED) |                 \
     CONTRACT_BIT(CONTRACT_CACHE_WRITE_5M) | CONTRACT_BIT(CONTRACT_CACHE_WRITE_1H))
#define CONTRACT_ALL_TOKENS                                                                        \
    (CONTRACT_ALL_INPUT | CONTRACT_BIT(CONTRACT_OUTPUT) | CONTRACT_BIT(CONTRACT_REASONING))

/* Where a quantity comes from. */
enum contract_source {
    CONTRACT_RECORDED, /* a sum of recorded metrics: "output", "input", "tokens" or a list */
    CONTRACT_AMOUNT,   /* "amount": money that the usage itself tells (C8, C9) */
    CONTRACT_POINTS,   /* "points": recorded metrics, each weighed (C17); charges and packs only */
    CONTRACT_ACTIVE_DEVICES, /* "active_devices": with a record other than not_sent that local day
                              */
    CONTRACT_TERMINALS,      /* "terminals": licences; see struct contract_licence */
    CONTRACT_GAUGE,          /* a level that the usage file samples: gauge_name */
    CONTRACT_SPEND,          /* "spend": bill lines; commitments, caps and thresholds only */
    CONTRACT_CONCURRENCY,    /* "concurrency": requests under way; a gauge, caps only */
    CONTRACT_REQUESTS_PER_MINUTE, /* gauges, caps only */
    CONTRACT_TOKENS_PER_MINUTE,
};

struct contract_quantity {
    const char
        *text; /* as the document has it, for bill lines: "output", "input_uncached+output" */
    enum contract_source source;
    unsigned metrics;       /* RECORDED, and POINTS of a charge: bits */
    const char *gauge_name; /* GAUGE */
};

bool contract_same_quantity(const struct contract_quantity *a, const struct contract_quantity *b);

/* How many samples or days become the quantity of one period. */
enum contract_measured {
    CONTRACT_SUM,     /* of what was recorded */
    CONTRACT_PEAK,    /* the highest day (devices) or sample (gauge) */
    CONTRACT_AVERAGE, /* over the days of the period; gauges weighted by time */
    CONTRACT_LAST,    /* the last day or sample of the period */
    CONTRACT_EVER,    /* distinct devices in the period */
};

/* Which usage a charge or rate is about; all that is given must hold. Zeros: everything. */
struct contract_filter {
    const char *const *models; /* whole names */
    size_t model_count;        /* 0: all */
    const char *const *others; /* but not these, which something else prices */
    size_t other_count;
    const char *const *service_tiers; /* as answered; "" in a record is "default" */
    size_t service_tier_count;
    bool has_hours; /* local clock, by start or end of the attempt; from > to spans midnight */
    int32_t hours_from_ms, hours_to_ms;
    bool hours_by_end;
    bool has_input; /* of this request alone: above over, up to up_to (0: no bound) */
    int64_t input_over, input_up_to; /* over -1: requests without input too */
};

/* Lists may name the same in another order. */
bool contract_same_filter(const struct contract_filter *a, const struct contract_filter *b);

/* A linear price: the first rate whose filter and metrics hold takes the quantity. Of points, the
 * points of one unit. */
struct contract_rate {
    struct contract_filter filter;
    unsigned metrics;
    struct fraction price; /* of one, the unit divided out */
    int64_t unit;          /* that was divided out: arithmetic is told as the document has it */
};

struct contract_tier {
    bool has_up_to; /* inclusive; the last tier has none */
    struct fraction up_to;
    struct fraction price; /* of one; per started package when package_size is above 0 */
    int64_t unit;
    struct fraction flat;
    struct fraction package_size; /* C7; 0: none */
};

enum contract_kind {
    CONTRACT_FLAT,
    CONTRACT_PRICED,     /* unit, matrix, request_length, time_of_day, service_tier: rates */
    CONTRACT_GRADUATED,  /* tiers */
    CONTRACT_VOLUME,     /* tiers */
    CONTRACT_PACKAGE,    /* price of each started size */
    CONTRACT_PERCENTAGE, /* of CONTRACT_AMOUNT, with fixed fees per event (C8, C9) */
    CONTRACT_LICENCE,    /* per terminal (C18) */
    CONTRACT_CAPACITY,   /* lines or extra rate bought (C16): a flat fee times count */
    CONTRACT_WEIGHED,    /* points: rates are their weights, price or tiers what they cost (C17) */
};

enum contract_licence_start { CONTRACT_FROM_ACTIVATION, CONTRACT_FROM_TERM };
struct contract_licence {
    struct fraction price;
    enum contract_licence_start start;
    int months, days; /* of one licence's life from its start; both 0: to the end of the term */
    bool replacement_is_free; /* a device that names the one it replaces takes over its licence */
    bool renews;              /* a device still used after its licence ended takes another */
    bool has_window;          /* activation only within */
    int64_t window_first, window_end;
    int64_t at_least; /* licences paid in each period whatever is activated; 0: none */
};

struct contract_percentage {
    struct fraction rate; /* 0.013 */
    struct fraction fixed;
    struct fraction free_amount;
    struct fraction free_events;
    bool has_free_amount, has_free_events; /* whichever ends first ends both */
    bool has_event_min, has_event_max;     /* of each event's amount */
    struct fraction event_min, event_max;
};

struct contract_charge {
    const char *name;      /* of the document, or "charges/0" */
    const char *kind_text; /* as written: "matrix" */
    enum contract_kind kind;
    struct period_rule rule;
    struct contract_filter filter;
    struct contract_quantity quantity; /* of all kinds but flat, capacity and licence */
    enum contract_measured measured;
    /* A device or level counts by the days it was there; tiers by whole ones (V06). */
    bool prorated;

    struct fraction amount; /* flat, capacity: the fee */
    struct fraction size;   /* package: units; capacity: count */
    struct fraction price;  /* package; of one point, where there are no tiers */
    int64_t unit;           /* of points */
    const struct contract_rate *rates;
    size_t rate_count;
    const struct contract_tier *tiers;
    size_t tier_count;
    struct contract_percentage percentage;
    struct contract_licence licence;

    bool has_included;
    bool included_per_device; /* each device's own, not pooled (M1) */
    struct fraction included;
    bool has_discount;        /* percentage off this charge, before maximum and minimum */
    struct fraction discount; /* 0.10 */
    bool has_maximum, has_minimum;
    struct fraction maximum, minimum;
    bool pass_through; /* a third party's model: see struct contract_third_party */
};

#endif
