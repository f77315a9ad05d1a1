/* contract_parts.h - the readers of a contract document's parts; for contract*.c alone
 *
 * Each reads one member of the document into the terms of a draft and latches what is wrong in the
 * reading. Later parts name earlier ones: charges come first, thresholds after caps and
 * commitments.
 */
#ifndef SERVER_MONEY_CONTRACT_PARTS_H
#define SERVER_MONEY_CONTRACT_PARTS_H

#include "server/money/contract.h"
#include "server/money/reading.h"

/* What one version of the terms says. */
#define CONTRACT_TERMS_MEMBERS                                                                     \
    "charges|discounts|third_party_models|commitments|credits|caps|thresholds|tax|service_levels|" \
    "interim"

/* What is being read: one version of a contract whose outer members are there. */
struct contract_draft {
    const struct contract *contract;
    struct contract_terms *terms;
    struct contract_charge *charges; /* those of terms */
};

/* Members of the document, or of an amendment of it. */
typedef void (*contract_part)(struct reading *reading, const struct json *holder,
                              struct contract_draft *draft);
void contract_charge_read(struct reading *reading, const struct json *holder,
                          struct contract_draft *draft);
void contract_discount_read(struct reading *reading, const struct json *holder,
                            struct contract_draft *draft);
void contract_third_party_read(struct reading *reading, const struct json *holder,
                               struct contract_draft *draft);
void contract_commitment_read(struct reading *reading, const struct json *holder,
                              struct contract_draft *draft);
void contract_credit_read(struct reading *reading, const struct json *holder,
                          struct contract_draft *draft);
void contract_cap_read(struct reading *reading, const struct json *holder,
                       struct contract_draft *draft);
void contract_threshold_read(struct reading *reading, const struct json *holder,
                             struct contract_draft *draft);
void contract_tax_read(struct reading *reading, const struct json *holder,
                       struct contract_draft *draft);
void contract_service_level_read(struct reading *reading, const struct json *holder,
                                 struct contract_draft *draft);
void contract_interim_read(struct reading *reading, const struct json *holder,
                           struct contract_draft *draft);

/* Outer members. The amendments make versions, each of them whole. */
void contract_termination_read(struct reading *reading, const struct json *document,
                               struct contract *contract);
void contract_versions_read(struct reading *reading, const struct json *document,
                            struct contract *contract);

/* A list of 1 to max named parts, each a struct of size bytes that begins with its name: the given
 * one, or its place ("caps/0"). Names are told once. NULL with *count 0: absent or refused. */
typedef void (*contract_item)(struct reading *reading, const struct json *json,
                              struct contract_draft *draft, void *out);
void *contract_list_read(struct reading *reading, const struct json *holder, const char *member,
                         size_t max, size_t size, contract_item read, struct contract_draft *draft,
                         size_t *count);

/* "per" with "anchor". Absent: the term, or the month in a contract without one. once and term need
 * the contract to have a term. */
void contract_rule_read(struct reading *reading, const struct json *object,
                        const struct contract *contract, struct period_rule *out);

/* "models", which may be ["*"] for all; "service_tiers"; "hours". Those absent stay open. */
void contract_filter_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter);

/* "from" and "to" of a window of the day, and "decided_by". */
void contract_window_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter);
bool contract_decided_by_end(struct reading *reading, const struct json *object);

/* "metric": a word, a list of words, or {gauge: name}; of one of the sources (bits). */
#define CONTRACT_SOURCE(source) (1u << (source))
void contract_quantity_read(struct reading *reading, const struct json *object, unsigned sources,
                            struct contract_quantity *out);
/* One word as such, which stands in member. */
void contract_word_read(struct reading *reading, const char *member, const char *word,
                        unsigned sources, struct contract_quantity *out);
/* A recorded word alone: "output", "tokens". 0: it is none. */
unsigned contract_metrics_of(const char *word);
/* "input_uncached+output". */
const char *contract_metrics_text(struct reading *reading, unsigned metrics);
void contract_measured_read(struct reading *reading, const struct json *object,
                            const struct contract_quantity *quantity, enum contract_measured *out);

/* "price" over "unit", and the unit. */
void contract_price_read(struct reading *reading, const struct json *object, struct fraction *out,
                         int64_t *unit);
int64_t contract_unit_read(struct reading *reading, const struct json *object);
/* Divides a price by its unit. */
struct fraction contract_price_of(struct reading *reading, struct fraction price, int64_t unit);

/* The rates of the linear kinds. */
void contract_rate_read_unit(struct reading *reading, const struct json *json,
                             struct contract_charge *charge);
void contract_rate_read_matrix(struct reading *reading, const struct json *json,
                               struct contract_charge *charge);
void contract_rate_read_length(struct reading *reading, const struct json *json,
                               struct contract_charge *charge);
void contract_rate_read_hours(struct reading *reading, const struct json *json,
                              struct contract_charge *charge);
void contract_rate_read_service_tier(struct reading *reading, const struct json *json,
                                     struct contract_charge *charge);

/* "weights" of points (C17). */
void contract_rate_read_weights(struct reading *reading, const struct json *json,
                                struct contract_charge *charge);

/* "tiers" of a charge; "rebate" of a discount, whose prices are shares. */
const struct contract_tier *contract_tiers_read(struct reading *reading, const struct json *object,
                                                size_t *count);
const struct contract_tier *contract_rebate_read(struct reading *reading, const struct json *object,
                                                 size_t *count);

/* "charges": names of charges of the draft. NULL: absent or refused. */
const char *const *contract_named_charges_read(struct reading *reading, const struct json *object,
                                               const struct contract_draft *draft, size_t *count);

/* The place of the part called name, or SIZE_MAX. parts is a list as contract_list_read() makes. */
size_t contract_place_of(const void *parts, size_t count, size_t size, const char *name);

#endif
