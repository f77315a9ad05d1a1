/* charge_words.h - parts of a contract's document in words: numbers, metrics, prices
 *
 * Each appends to out what the member or charge, as the document has it, says to people. A document
 * that is not a contract's gives nonsense, never a fault. No I/O.
 */
#ifndef SERVER_CTL_CHARGE_WORDS_H
#define SERVER_CTL_CHARGE_WORDS_H

#include "schema/base/buffer.h"
#include "schema/base/json.h"

/* A text or whole number, grouped: "3,000,000.00". */
void charge_words_number(struct buffer *out, const struct json *value);

/* "output", "input + output", "gauge NAME". */
void charge_words_metric(struct buffer *out, const struct json *metric);

/* Every price that a charge names: "2.00 per 1,000,000", "up to 20,000,000,000: 0; above: 2.00 per
 * 1,000,000". */
void charge_words_price(struct buffer *out, const struct json *charge);

#endif
