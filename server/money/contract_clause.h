/* contract_clause.h - what a contract says beside its charges
 *
 * Commitments, prepaid credit, discounts, caps, thresholds, third parties, termination, tax and
 * service levels. Plain data, like contract_charge.h.
 */
#ifndef SERVER_MONEY_CONTRACT_CLAUSE_H
#define SERVER_MONEY_CONTRACT_CLAUSE_H

#include "server/money/contract_charge.h"

struct contract_step {
    int64_t first; /* day from which it holds */
    struct fraction at_least;
};

/* Whether a list of charges' names, of which none means all, is about that one. */
bool contract_is_named(const char *name, const char *const *names, size_t count);

enum contract_shortfall {
    CONTRACT_TRUE_UP,       /* the missing money */
    CONTRACT_FEE_PER_UNIT,  /* a fee for each missing unit */
    CONTRACT_PENALTY,       /* a sum, once for each period that was missed */
    CONTRACT_CARRY_FORWARD, /* the missing money is owed, and credited in the next period */
    CONTRACT_REPRICE,       /* the period's eligible charges at list: discounts withdrawn */
    CONTRACT_WATCHED,       /* nothing: thresholds tell */
};

struct contract_commitment {
    const char *name; /* or "commitments/0" */
    struct contract_quantity quantity;
    enum contract_measured measured;
    struct period_rule rule;
    struct contract_filter filter;
    struct fraction at_least;
    const struct contract_step *steps; /* a ramp; the step that holds at the period's first day */
    size_t step_count;
    bool cumulative; /* what exceeded earlier periods of the term counts */
    enum contract_shortfall shortfall;
    struct fraction fee;        /* of a unit; the penalty */
    const char *const *charges; /* eligible, by name; 0: all */
    size_t charge_count;
    int64_t share_permille; /* M19: of all that was used, here and elsewhere; 0: none */
};

/* Prepaid credit and packs (M7, M8, M11, M12): burn by priority, expiry, creation. */
struct contract_credit {
    const char *name; /* or "credits/0" */
    bool is_money;
    struct fraction amount;            /* money, or units of quantity */
    struct contract_quantity quantity; /* when not money */
    struct contract_filter filter;
    struct fraction price; /* what it costs, at first; 0: free */
    int64_t first, end;    /* days it may be used in */
    int64_t priority;      /* lower first */
    bool recurs;           /* granted anew in each period of rule */
    struct period_rule rule;
    bool rolls_over; /* at most roll_most (when given), for roll_periods */
    bool has_roll_most;
    struct fraction roll_most;
    int64_t roll_periods;
    bool overage_recurs; /* what exceeded it burns from the next period's grant (V19) */
};

enum contract_discount_kind { CONTRACT_PERCENT_OFF, CONTRACT_AMOUNT_OFF, CONTRACT_VOLUME_REBATE };
struct contract_discount {
    const char *name; /* or "discounts/0" */
    enum contract_discount_kind kind;
    struct fraction value;      /* 0.10, or money per period */
    const char *const *charges; /* by name; 0: all */
    size_t charge_count;
    struct period_rule rule;
    int64_t periods;                   /* so many, then no more; 0: forever */
    const struct contract_tier *tiers; /* rebate: spend of the period to the share given back */
    size_t tier_count;
};

struct contract_cap {
    const char *name; /* or "caps/0" */
    struct contract_quantity quantity;
    enum contract_measured measured;
    struct period_rule rule;
    struct contract_filter filter;
    struct fraction at_most;
    bool hard;
};

enum contract_action_kind {
    CONTRACT_ALERT,
    CONTRACT_THROTTLE,  /* any of the three values below that is above 0 or set */
    CONTRACT_FALL_BACK, /* to another contract's routes */
    CONTRACT_CANNED,    /* answers from the canned persona */
    CONTRACT_BLOCK,
};
struct contract_action {
    enum contract_action_kind kind;
    int32_t turns_per_minute;
    int32_t max_output_tokens;
    const char *model;    /* cheaper model of the same vendor */
    const char *contract; /* fall back */
};
#define CONTRACT_ACTIONS 4

enum contract_trigger {
    CONTRACT_AT_SHARE,    /* "80%" of the limit */
    CONTRACT_AT_AMOUNT,   /* a quantity or sum */
    CONTRACT_AT_FORECAST, /* the forecast of the period's end reaches that share */
    CONTRACT_AT_RATE,     /* an hour's growth, as a multiple of the period's usual hour */
};
struct contract_threshold {
    const char *name; /* or "thresholds/0" */
    const char *of;   /* "spend", "cap:requests", "commitment:active_devices", a metric */
    const struct contract_cap *cap;               /* what "of" names, if that */
    const struct contract_commitment *commitment; /* likewise */
    struct contract_quantity quantity;            /* otherwise, with rule and limit */
    struct period_rule rule;
    bool has_limit;
    struct fraction limit;
    enum contract_trigger trigger;
    struct fraction at; /* 0.8; an amount; a multiple */
    bool shadow;        /* alerts only, and says what it would have done */
    struct fraction
        rearm; /* hysteresis: share below which it arms again; 0: next period or raise */
    struct contract_action actions[CONTRACT_ACTIONS];
    size_t action_count;
};

/* M18: models of others within this contract. */
struct contract_third_party {
    bool is_given;
    bool allowed;
    const char *const *models; /* 0: any not priced otherwise */
    size_t model_count;
    bool counts_toward_commitments;
    bool has_markup; /* cost times (1 + markup), of CONTRACT_AMOUNT; else the charges' own prices */
    struct fraction markup;
};

/* M20. */
struct contract_termination {
    bool is_terminated;
    int64_t end; /* day: nothing is billed from it on but the fee */
    int64_t notice_days;
    struct fraction fee_share; /* of the commitments (or flat fees) that remain */
};

enum contract_tax_rounding { CONTRACT_TAX_PER_LINE, CONTRACT_TAX_PER_INVOICE };
struct contract_tax {
    bool is_given;
    struct fraction rate; /* 0.06 */
    bool inclusive;       /* prices hold it already */
    enum contract_tax_rounding rounding;
};

/* M14: what the vendor owes when availability fell; the operator enters the measured share. */
struct contract_service_level {
    const char *name;
    int64_t first, end;                      /* days */
    struct fraction credit_share, cap_share; /* of that period's lines */
};

#endif
