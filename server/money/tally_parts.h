/* tally_parts.h - what the files of tally share; for them alone */
#ifndef SERVER_MONEY_TALLY_PARTS_H
#define SERVER_MONEY_TALLY_PARTS_H

#include "server/money/tally.h"

#define TALLY_CHANGES                                                                              \
    ((CONTRACT_CHARGES + 1) * CONTRACT_METRICS + CONTRACT_COMMITMENTS + CONTRACT_CAPS + 1)

/* How a charge, commitment or cap counts. */
enum tally_mode {
    TALLY_MODE_NONE, /* fees, spend, gauges of the requests under way */
    TALLY_MODE_SUM,
    TALLY_MODE_SHARE,
    TALLY_MODE_DEVICES,
    TALLY_MODE_LICENCES,
    TALLY_MODE_GAUGE,
    TALLY_MODE_EVENTS,
    TALLY_MODE_EVENTS_IN_ORDER,
    TALLY_MODE_DAYS_USED,
};

struct tally_counter {
    enum tally_mode mode;
    const struct contract_charge *charge; /* NULL: a commitment or cap */
    const struct contract_filter *filter;
    const struct contract_quantity *quantity;
    struct period_rule rule;
    bool per_device;
    bool daily;
    struct period_range last; /* found most recently, clipped */
    struct tally_book *groups;
};

struct tally_version {
    const struct contract_terms *terms;
    int64_t start_ms;
    struct period_range days;
    struct tally_counter *counters;
    size_t counter_count;
    unsigned priced_kinds; /* metrics that are priced for some model, and what is like them */
    const struct contract_credit *packs[TALLY_PACKS];
    size_t pack_count;
};

/* The counts of one counter in one period. */
struct tally_book {
    uint64_t hash;
    size_t version, counter;
    struct tally_group seen; /* its cells are those that were committed */
};

struct tally_entry {
    uint64_t hash;
    struct tally_cell cell;
    struct tally_book *group;
    struct decimal added; /* since the mark */
    bool is_live, is_changed;
    struct tally_entry *next_changed;
};

struct tally_device {
    uint64_t hash;
    const char *name;
};

/* Pointers to structs that begin with their hash, by open addressing. */
struct tally_table {
    void **slots;
    size_t room; /* a power of two */
    size_t count;
};

struct tally {
    const struct contract *contract;
    const struct zone *zone;
    int64_t times;
    struct arena *arena;
    struct tally_version *versions;
    struct tally_table groups, entries, devices;
    struct tally_entry *changed;
    int64_t used_first, used_last; /* without a term */
    bool is_used;
    struct tally_count changes[TALLY_CHANGES];
    struct tally_entry *pending[TALLY_CHANGES];
    size_t change_count;
};

/* ---- tally_count.c ---- */
/* Whether a pack of units pays what such a charge counts of these metrics: points pay points. */
bool tally_may_pay(const struct contract_credit *pack, const struct contract_charge *charge,
                   unsigned metrics);

/* ---- tally_store.c ---- */
/* The tally's own copy of the name: the same name is the same pointer. */
MUST_CHECK enum status tally_intern(struct tally *tally, const char *name, const char **out);

/* NULL: there is none. */
struct tally_book *tally_find_book(const struct tally *tally, size_t version, size_t counter,
                                   int64_t first);
MUST_CHECK enum status tally_take_book(struct tally *tally, size_t version, size_t counter,
                                       int64_t first, struct tally_book **out);

/* Known or made; a new one is not seen before it is live. */
MUST_CHECK enum status tally_take_entry(struct tally *tally, struct tally_book *book,
                                        const struct tally_count *count, struct tally_entry **out);

#endif
