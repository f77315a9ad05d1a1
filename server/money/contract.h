/* contract.h - a contract's document as terms that can be rated
 *
 * schema/CONTRACT.md is the document's reference. A term that is written is either here, exactly,
 * or refused with its place and the reason; nothing is silently ignored. Everything is relative to
 * the contract's zone: days are local days (zone.h), clock times local times. No I/O; thread-safe.
 * Plain data: texts and lists live in the arena that contract_read() was given.
 */
#ifndef SERVER_MONEY_CONTRACT_H
#define SERVER_MONEY_CONTRACT_H

#include "schema/base/arena.h"
#include "schema/base/json.h"
#include "server/money/contract_clause.h"

#define CONTRACT_VERSIONS 64
#define CONTRACT_NO_DAY   INT64_MIN
#define CONTRACT_FOREVER  INT64_MAX

/* A version of the terms. It rates the usage from its instant on to the next version's; it owns the
 * local days [first, end): those whose midnight lies within, which flat fees are prorated by. A
 * version that another one replaced before it began owns none. */
struct contract_terms {
    int64_t version;       /* from 1: its place in the contract, plus 1 */
    int64_t document;      /* from 1: which of the joined documents says so */
    int64_t first;         /* CONTRACT_NO_DAY: no beginning (a contract without a term) */
    int64_t end;           /* exclusive; CONTRACT_FOREVER: none */
    int64_t from_ms;       /* CONTRACT_NO_DAY: the midnight of first */
    bool counters_restart; /* tiers and included units begin again; else they go on */
    const struct contract_charge *charges;
    size_t charge_count;
    const struct contract_commitment *commitments;
    size_t commitment_count;
    const struct contract_credit *credits;
    size_t credit_count;
    const struct contract_discount *discounts;
    size_t discount_count;
    const struct contract_cap *caps;
    size_t cap_count;
    const struct contract_threshold *thresholds;
    size_t threshold_count;
    struct contract_third_party third_party;
    struct contract_tax tax;
    const struct contract_service_level *service_levels;
    size_t service_level_count;
    const struct fraction *interim; /* V18: spend at which an interim line is due, ascending */
    size_t interim_count;
};

struct contract {
    const char *contract_id;
    const char *vendor_id;
    const char *currency;  /* ISO 4217 */
    unsigned minor_places; /* of the currency: CNY 2, JPY 0 */
    const char *zone;      /* IANA name; only its form is checked here */
    int64_t term_first;    /* CONTRACT_NO_DAY: not given */
    int64_t term_end;      /* exclusive; CONTRACT_NO_DAY likewise */
    int64_t grace_days;    /* late usage still counts in its own period so long after its end */
    struct contract_termination termination;
    const struct contract_terms *versions; /* by first, at least one; they follow one another */
    size_t version_count;
};

/* STATUS_INVALID: problem names the member and tells the reason and what would be right.
 * STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status contract_read(const struct json *document, struct arena *arena,
                                     struct contract *out, struct json_problem *problem);

/* The same, and goes on after a problem: up to room of them, each with its place; what could be
 * wrong only because of another problem is not told. On STATUS_INVALID there is at least one. */
MUST_CHECK enum status contract_check(const struct json *document, struct arena *arena,
                                      struct contract *out, struct json_problem *problems,
                                      size_t room, size_t *count);

/* The thresholds of a budget: a list of {"at", "do", "shadow", "rearm", "name"} as in a contract,
 * whose limit and period are the budget's. A threshold without a name has its "at" for one. of is
 * left to the caller. contract_id: of a budget of a contract, which cannot fall back to itself,
 * else NULL; has_vendor: it is of one vendor or contract, so that an action may name a model. An
 * empty list has none. Besides contract_read()'s: problem's pointer begins with "/thresholds". */
MUST_CHECK enum status contract_budget_thresholds_read(struct span list, const char *contract_id,
                                                       bool has_vendor, struct arena *arena,
                                                       const struct contract_threshold **out,
                                                       size_t *count, struct json_problem *problem);

/* One later document of the same contract, or the first one when base is NULL: its terms (the
 * document's own amendments included) are in force from the instant from_ms on and end what was
 * there; first is the first day whose midnight is not before it. Versions are numbered on.
 * Contract, vendor, currency and zone must be the same: STATUS_DENIED. STATUS_STALE: not after the
 * beginning of the newest document; STATUS_FULL: more than CONTRACT_VERSIONS. *out borrows from
 * both; it may be *base. */
MUST_CHECK enum status contract_amend(const struct contract *base, const struct contract *next,
                                      int64_t from_ms, int64_t first, struct arena *arena,
                                      struct contract *out);

/* The version that owns that local day; NULL when none does. */
const struct contract_terms *contract_terms_on(const struct contract *contract, int64_t day);

/* The version in force at that instant, which lies in that local day: NULL when none is. */
const struct contract_terms *contract_terms_at(const struct contract *contract, int64_t at_ms,
                                               int64_t day);

#endif
