/* preflight_parts.h - what the files of preflight.h share */
#ifndef SERVER_STORE_PREFLIGHT_PARTS_H
#define SERVER_STORE_PREFLIGHT_PARTS_H

#include "schema/base/json.h"
#include "server/fleet/rollout_wave.h"
#include "server/money/projection.h"
#include "server/store/preflight.h"
#include "server/store/terms.h"

#define PREFLIGHT_DAYS      30
#define PREFLIGHT_HOURS     (24 * PREFLIGHT_DAYS)
#define PREFLIGHT_USES      3 /* chat, speech, transcription */
#define PREFLIGHT_TO        24
#define PREFLIGHT_RATES     32
#define PREFLIGHT_METERED   256
#define PREFLIGHT_CONTRACTS 16
#define PREFLIGHT_FINDINGS  64
#define PREFLIGHT_STATES    (ROLLOUT_WAVE_MAX + 1) /* nobody, then after each wave */

/* Where robots move. */
struct preflight_route {
    const char *use, *vendor_id, *model, *contract_id; /* contract_id "": none */
    int64_t group;                                     /* of robots whose lists are alike */
    int64_t robots;                                    /* in it; of a drain alone */
};

/* What robots did under one contract with one model. */
struct preflight_metered {
    const char *contract_id, *vendor_id, *model;
    int64_t group;                                  /* of those that would move; 0: of the others */
    int64_t days[PREFLIGHT_DAYS][CONTRACT_METRICS]; /* each of 24 hours, the last one is newest */
    struct fraction price;                          /* of all days, under its own contract */
    const struct preflight_route *to;               /* where it moves; NULL: it stays */
};

/* What robots asked of one contract in each hour. */
struct preflight_load {
    const char *contract_id;
    int64_t group;
    int64_t requests[PREFLIGHT_HOURS], tokens[PREFLIGHT_HOURS];
    int64_t robots; /* most on one day */
};

enum preflight_severity { PREFLIGHT_INFO, PREFLIGHT_WARN, PREFLIGHT_REFUSE };

struct preflight_finding {
    const char *code;
    enum preflight_severity severity;
    int64_t wave; /* from which on; 0: whatever the wave */
    const char *text;
};

/* One contract's whole term, in each state. */
struct preflight_cost {
    const struct terms_contract *terms;
    bool is_left, is_joined;
    enum projection_trust trust;
    const char *why; /* not exact */
    bool is_known;   /* the amounts below are there */
    struct decimal totals[PREFLIGHT_STATES];
    struct decimal usage[PREFLIGHT_STATES]; /* of it, for usage alone */
    struct decimal shortfall[PREFLIGHT_STATES];
    const struct preflight_promise *promises;
    size_t promise_count;
};

/* A commitment, as it is kept when nobody moves and when all have. */
struct preflight_promise {
    const char *name, *metric;
    struct decimal stay, end; /* what it costs */
    struct fraction stay_missing, end_missing;
};

/* A cap or budget that the robots' new routes are bound by. */
struct preflight_room {
    const char *source, *unit;
    bool is_hard, is_money;
    unsigned places;
    struct fraction limit, spent; /* now */
    struct fraction stay, end;    /* at the end of a period, or its busiest day */
    int64_t carries;              /* percent of what would come */
};

/* A gauge of a joined contract. */
struct preflight_rate {
    const char *contract_id, *metric;
    bool is_hard;
    double limit, stay, end;
    int64_t carries;
};

struct preflight_work {
    struct store_conn *conn;
    struct arena *arena;
    const struct preflight_ask *ask;
    struct terms *terms;
    /* the rollout */
    const char *group_id;
    struct preflight_route to[PREFLIGHT_TO];
    size_t to_count;
    const char *leaves; /* the vendor that is drained; NULL: of a rollout */
    struct rollout_plan *plan;
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];
    size_t wave_count;
    /* its robots */
    const char **ids; /* that would move */
    int64_t *groups;  /* of each */
    size_t members, overridden;
    /* what was metered */
    int64_t until_ms; /* a full hour */
    int64_t hours;    /* that there is anything of: 1 to PREFLIGHT_HOURS */
    struct preflight_metered metered[PREFLIGHT_METERED];
    size_t metered_count;
    struct preflight_load loads[2 * PREFLIGHT_CONTRACTS];
    size_t load_count;
    int64_t duration_ms; /* of an attempt, on average; 0: not known */
    /* what comes of it */
    struct preflight_cost costs[PREFLIGHT_CONTRACTS];
    size_t cost_count;
    int64_t horizon; /* day up to which robots are followed */
    struct preflight_room *rooms;
    size_t room_count;
    struct preflight_rate rates[PREFLIGHT_RATES]; /* of a drain */
    size_t rate_count;
    struct preflight_finding findings[PREFLIGHT_FINDINGS];
    size_t finding_count;
};

/* Adds a finding; beyond PREFLIGHT_FINDINGS a refusal takes the place of the last one. */
void preflight_find(struct preflight_work *work, const char *code, enum preflight_severity severity,
                    int64_t wave, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The share of the robots that moved in that state: 0 when nobody did. */
struct fraction preflight_share(const struct preflight_work *work, size_t state);

/* Whether some of that load moves to the contract. */
bool preflight_moves(const struct preflight_work *work, const struct preflight_load *load,
                     const char *contract_id);

/* A day's mean of a row's metrics. */
MUST_CHECK enum status preflight_mean(const struct preflight_work *work,
                                      const struct preflight_metered *row, size_t metric,
                                      struct fraction *out);

MUST_CHECK enum status preflight_read_rollout(struct preflight_work *work);
MUST_CHECK enum status preflight_read_robots(struct preflight_work *work);
MUST_CHECK enum status preflight_read_metered(struct preflight_work *work);
MUST_CHECK enum status preflight_check_routes(struct preflight_work *work);
/* Of a rollout of software; nothing is found for any other. */
MUST_CHECK enum status preflight_check_software(struct preflight_work *work, bool *is_software);
/* Of a rollout of a vendor's next key, likewise. */
MUST_CHECK enum status preflight_check_key(struct preflight_work *work, bool *is_key);

/* Robots that are not tried for a drain's sake, of each vendor that is drained. */
MUST_CHECK enum status preflight_check_drained(struct preflight_work *work);
MUST_CHECK enum status preflight_price(struct preflight_work *work);
/* What the prices say of the approval's limit, the plan's and ask's: out's approval, more and
 * unknown. */
MUST_CHECK enum status preflight_weigh_cost(struct preflight_work *work, struct preflight *out);
MUST_CHECK enum status preflight_measure_rooms(struct preflight_work *work);
MUST_CHECK enum status preflight_check_rates(struct preflight_work *work);
MUST_CHECK enum status preflight_write(const struct preflight_work *work, struct span *json);
void preflight_write_headroom(struct json_writer *writer, const struct preflight_work *work);
void preflight_write_findings(struct json_writer *writer, const struct preflight_work *work);

#endif
