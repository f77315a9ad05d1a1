/* currency.h - the currencies in use, and how finely each is paid
 *
 * ISO 4217, list one: codes of money that bills are written in. Codes of funds, metals and tests
 * (XDR, XAU, XTS) are none. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_CURRENCY_H
#define SERVER_MONEY_CURRENCY_H

#include <stdbool.h>

/* Decimal places of the currency's minor unit: CNY 2, JPY 0. false: no such code, *places stays. */
bool currency_find(const char *code, unsigned *places);

#endif
