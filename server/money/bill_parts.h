/* bill_parts.h - what the files of bill share; for them alone */
#ifndef SERVER_MONEY_BILL_PARTS_H
#define SERVER_MONEY_BILL_PARTS_H

#include "server/money/bill.h"

/* What of one charge, commitment or cap lies in one version. */
struct bill_part {
    const struct contract_terms *terms;
    size_t counter;
    struct period period;
};

/* The parts of a whole period whose counters go on, oldest first; the last is the one asked for. */
struct bill_run {
    struct bill_part parts[CONTRACT_VERSIONS];
    size_t count;
    bool has_until; /* only what was counted up to and including that day */
    int64_t until;
    const struct fraction *raised_by; /* units beside what was counted in all of it; NULL: none */
    struct bill_steps *steps;         /* told what the last part adds; NULL: nobody asks */
};

/* What a charge's part of a period is asked for. */
enum bill_basis {
    BILL_OF_USAGE,  /* no minimum in any part */
    BILL_OF_OPEN,   /* the part goes on: minimums of those before it */
    BILL_OF_OVER,   /* the part is over: its minimum, too */
    BILL_OF_LISTED, /* likewise, without discounts, tiers at their first price */
};

/* How many units packs paid of what one charge's rate counted on one day of a period. */
struct bill_cover {
    size_t version, charge;
    int64_t first, day;
    int32_t rate;
    struct fraction covered;
};

/* Bought packs at work, by version, charge and period; see bill_packs.c. */
struct bill_packs {
    struct bill_cover *covers;
    size_t count;
};

/* A quantity on its way to a price. */
struct bill_measure {
    struct fraction counted;               /* for the line */
    struct fraction rates[CONTRACT_RATES]; /* PRICED: to be paid at each rate */
    struct fraction whole;                 /* to be paid; picks tiers */
    struct fraction present;               /* the same by the days it was there; else equal */
    struct fraction events[4];             /* by enum tally_event, free ones gone */
    struct fraction freed[2];              /* of the first two of them */
};

/* The steps of the line in the making; latches the first failure. */
struct bill_steps {
    struct bill_step *list;
    size_t count, room;
    struct decimal sum;
    enum status status;
};

/* A bill in the making. */
struct bill_draft {
    const struct tally *tally;
    const struct contract *contract;
    struct arena *arena;
    int64_t as_of_ms;
    int64_t used_first, used_end; /* without a term */
    bool is_used;
    struct bill_packs packs;
    struct bill_line *lines;
    size_t count, room;
    bool is_explained;
    struct bill_steps steps;
};

/* ---- bill_run.c ---- */
const struct contract_charge *bill_charge_of(const struct bill_part *part);
void bill_run_of(const struct tally *tally, const struct contract_terms *terms, size_t charge,
                 const struct period *period, struct bill_run *out);
/* Whether a later charge goes on from what an earlier one counted: the same quantity, in cells that
 * mean the same. */
bool bill_counts_alike(const struct contract_charge *earlier, const struct contract_charge *later);
/* The place in terms of what goes on from a charge of later terms; SIZE_MAX: nothing does. */
size_t bill_same_charge(const struct contract_terms *terms, const struct contract_charge *charge,
                        size_t place);

/* ---- bill_measure.c ---- */
/* Of the first count parts. packs may be NULL. */
MUST_CHECK enum status bill_measure_run(const struct tally *tally, const struct bill_run *run,
                                        size_t count, const struct bill_packs *packs,
                                        struct bill_measure *out);

/* What one part of the run counted, rate by rate, times the robots that it stands for. */
MUST_CHECK enum status bill_sum_part(const struct tally *tally, const struct bill_run *run,
                                     size_t place, struct fraction sums[CONTRACT_RATES]);

/* ---- bill_levels.c: devices and gauges ---- */
MUST_CHECK enum status bill_devices(const struct tally *tally, const struct bill_run *run,
                                    size_t count, enum contract_measured measured,
                                    struct fraction *out);
MUST_CHECK enum status bill_gauge(const struct tally *tally, const struct bill_run *run,
                                  size_t count, enum contract_measured measured,
                                  struct fraction *out);

/* ---- bill_licence.c ---- */
/* Licences that began in the part's period. */
MUST_CHECK enum status bill_licences(const struct tally *tally, const struct bill_part *part,
                                     const struct contract_licence *licence, struct fraction *out);

/* ---- bill_step.c: all of them do nothing for steps NULL ---- */
/* Begins the steps of the next line; NULL where the bill is not explained. */
struct bill_steps *bill_steps_begin(struct bill_draft *draft);
/* Its price is that of one, and becomes that of its unit. */
void bill_step_add(struct bill_steps *steps, struct bill_step step, struct fraction amount);
void bill_step_take(struct bill_steps *steps, struct bill_step step, struct fraction amount);
/* A number that a commitment is judged by; it is money that is owed when it counts. */
void bill_step_judged(struct bill_steps *steps, enum bill_step_kind kind, struct fraction number,
                      struct fraction counts);
/* A product named after what it is of. */
struct bill_step bill_step_product(enum bill_step_kind kind, const char *name,
                                   struct fraction quantity, struct fraction price);
/* A share of money that comes off. */
struct bill_step bill_step_discount(struct fraction money, struct fraction share);
/* So many units that cost nothing, if there are any. */
void bill_step_quantity(struct bill_steps *steps, enum bill_step_kind kind, struct fraction units);
/* What changed an amount, if anything did. */
void bill_step_difference(struct bill_steps *steps, struct bill_step step, struct fraction is,
                          struct fraction was);
/* What of a run's counts is not to be paid, and what makes points. */
void bill_steps_measured(struct bill_steps *steps, const struct tally *tally,
                         const struct bill_run *run, const struct bill_packs *packs,
                         const struct bill_measure *measure);
/* Gives them to the line, whose amount is rounded, with the last step. */
MUST_CHECK enum status bill_steps_end(struct bill_draft *draft, struct bill_line *line);

/* ---- bill_price.c ---- */
/* Base price and discount; as_listed: without the discount, tiers at their first price. */
MUST_CHECK enum status bill_price(const struct contract_charge *charge,
                                  const struct bill_measure *measure, bool as_listed,
                                  struct bill_steps *steps, struct fraction *out);

/* ---- bill_charge.c ---- */
/* The last part of the run: each part's own terms price what they add, the sum is cut to the
 * maximum and lifted to the minimums, and what the parts before were charged is taken off. */
MUST_CHECK enum status bill_charge_exact(const struct tally *tally, const struct bill_run *run,
                                         const struct bill_packs *packs, enum bill_basis basis,
                                         struct fraction *quantity, struct fraction *out);
MUST_CHECK enum status bill_charge_line(struct bill_draft *draft,
                                        const struct contract_terms *terms, size_t charge,
                                        const struct period *period, struct bill_line *out);
struct fraction bill_share(const struct period *period);

/* ---- bill_add.c ---- */
/* What is recorded, or tells an amount: its cost grows from day to day. */
bool bill_is_of_usage(const struct contract_charge *charge);

/* ---- bill_packs.c ---- */
/* Burns the packs of all versions; a contract without packs costs nothing. Release with
 * bill_packs_release(). */
MUST_CHECK enum status bill_packs_burn(const struct tally *tally, struct bill_packs *out);
void bill_packs_release(struct bill_packs *packs);
/* Those of the part's period: count of them from the one given on; NULL: none. */
const struct bill_cover *bill_packs_of(const struct bill_packs *packs, const struct bill_part *part,
                                       size_t *count);

/* ---- bill.c ---- */
/* Rounds exact (or rounded_from, where lines that are rounded already decide) and appends. */
MUST_CHECK enum status bill_append(struct bill_draft *draft, struct bill_line line,
                                   struct fraction rounded_from);
/* A flat fee that an amendment leaves as it is stays one line: the version in which its period
 * began bills it, and the later ones do not. True: this period is an earlier version's; else its
 * end is moved to where the same fee ends. */
bool bill_fee_is_billed(const struct bill_draft *draft, const struct contract_terms *terms,
                        size_t charge, struct period *period);

bool bill_began(const struct bill_draft *draft, const struct period *period);
bool bill_is_over(const struct bill_draft *draft, const struct period *period);
/* Periods of a rule within what a version bills (and, without a term, what was used): false when
 * there are none. */
bool bill_first_period(const struct bill_draft *draft, const struct contract_terms *terms,
                       const struct period_rule *rule, struct period *out);
bool bill_next_period(const struct bill_draft *draft, const struct contract_terms *terms,
                      const struct period_rule *rule, struct period *period);

/* The period through the versions (places first to last) that share what it is of. */
struct period bill_stretch(const struct bill_draft *draft, size_t first, size_t last,
                           struct period period);
/* A part of a month is no week's for having been parted there by an amendment. */
bool bill_lies_within(const struct contract *contract, const struct period *inner,
                      const struct period *outer);

/* Whether a commitment that was missed withdrew the discounts of this line of a charge. */
bool bill_is_repriced(const struct bill_draft *draft, const struct bill_line *line);

/* ---- the clauses: bill_commitment.c, bill_clause.c, bill_credit.c, bill_tax.c ---- */
MUST_CHECK enum status bill_commitments(struct bill_draft *draft);
MUST_CHECK enum status bill_termination(struct bill_draft *draft);
MUST_CHECK enum status bill_discounts(struct bill_draft *draft);
MUST_CHECK enum status bill_service_levels(struct bill_draft *draft);
MUST_CHECK enum status bill_purchases(struct bill_draft *draft);
/* What money paid of the lines: bill_wallet.c. */
MUST_CHECK enum status bill_credits(struct bill_draft *draft);
/* Whether a version before that place in the contract knows a credit of that name. */
bool bill_credit_was_known(const struct contract *contract, size_t version,
                           const struct contract_credit *credit);
MUST_CHECK enum status bill_interims(struct bill_draft *draft);
MUST_CHECK enum status bill_taxes(struct bill_draft *draft, struct decimal *included);

#endif
