/* contract_parts.h - the readers of a contract document's parts; for contract*.c alone
 *
 * Each reads one member of the document into *terms or *contract and latches what is wrong in the
 * reading. They are called in this order, since later parts name earlier ones.
 */
#ifndef SERVER_MONEY_CONTRACT_PARTS_H
#define SERVER_MONEY_CONTRACT_PARTS_H

#include "server/money/contract.h"
#include "server/money/reading.h"

void contract_charges_read(struct reading *reading, const struct json *document,
                           const struct contract *contract, struct contract_terms *terms);

/* "per" with "anchor". Absent: fallback. once and term need the contract to have a term. */
void contract_rule_read(struct reading *reading, const struct json *object,
                        const struct contract *contract, enum period_per fallback,
                        struct period_rule *out);

/* "models", which may be ["*"] for all. */
void contract_models_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter);

#endif
