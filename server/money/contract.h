/* contract.h - a contract's document as terms that can be rated
 *
 * Two kinds of charge are rated now: a flat fee and a price per unit. Every other member or kind is
 * refused with its place and the reason; nothing that is written in a contract is ignored. No I/O;
 * thread-safe. Plain data.
 *
 *     {"contract": "dahan-2026", "vendor": "dahan", "currency": "CNY", "zone": "Asia/Shanghai",
 *      "term": {"from": "2026-01-01", "to": "2027-01-01"},
 *      "charges": [
 *        {"kind": "flat", "amount": "3000000.00", "per": "term"},
 *        {"kind": "unit", "metric": "output", "models": ["*"], "price": "2.00", "unit": 1000000}]}
 */
#ifndef SERVER_MONEY_CONTRACT_H
#define SERVER_MONEY_CONTRACT_H

#include "schema/base/arena.h"
#include "schema/base/json.h"
#include "server/money/decimal.h"

#define CONTRACT_CHARGES 64 /* of one contract */
#define CONTRACT_MODELS  64 /* named by one charge */

/* What a vendor counts, in the order of the usage record's token classes. */
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

/* "input_uncached" ... */
const char *contract_metric_name(enum contract_metric metric);

enum contract_kind { CONTRACT_FLAT, CONTRACT_UNIT };

struct contract_charge {
    enum contract_kind kind;
    const char *per;             /* "term", "month" ...; NULL for a unit price that names none */
    struct decimal amount;       /* flat: the fee; unit: the price of one, the unit divided out */
    enum contract_metric metric; /* unit only, like what follows */
    const char *const *models;
    size_t model_count; /* 0: all models */
};

/* Texts live in the arena that contract_read() was given. */
struct contract {
    const char *contract_id;
    const char *vendor_id;
    const char *currency;  /* ISO 4217 */
    const char *zone;      /* IANA name; only its form is checked here */
    const char *term_from; /* YYYY-MM-DD, local; NULL when no term is given */
    const char *term_to;   /* exclusive */
    const struct contract_charge *charges;
    size_t charge_count;
};

/* STATUS_INVALID: problem names the member and tells the reason and what would be right.
 * STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status contract_read(const struct json *document, struct arena *arena,
                                     struct contract *out, struct json_problem *problem);

#endif
