/* steps.h - the arithmetic behind a line of a bill, as JSON that people and programs read
 *
 * No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_STEPS_H
#define SERVER_MONEY_STEPS_H

#include "schema/base/json.h"
#include "server/money/bill.h"

/* The member "steps": [{"kind", "name", "metric", "of", "above", "up_to", "quantity", "price",
 * "per", "amount"}], each with what of it there is. Money taken off is below zero; where the line
 * itself is told the other way round (what a vendor owes), so are its steps. */
void steps_write(struct json_writer *writer, const struct bill_step *steps, size_t count,
                 bool is_owed);

#endif
