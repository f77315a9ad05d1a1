/* pairing_check.h - what the server expects of a robot that pairs, by schema/wire/pairing.h
 *
 * The server's own root goes in, never what a robot says that it saw. Thread-safe.
 */
#ifndef SERVER_API_PAIRING_CHECK_H
#define SERVER_API_PAIRING_CHECK_H

#include "server/authority.h"
#include "server/store/pairings.h"

/* Whether the robot committed to this number, having seen what the server saw. */
bool pairing_check_revealed(const struct authority *authority, const struct pairings_row *row,
                            const uint8_t nonce[PAIRING_NONCE_SIZE]);

/* Whether typed, six digits with spaces or dashes between them, are those that the robot speaks.
 * STATUS_INVALID: they are not six digits; STATUS_FORGED: they are others; STATUS_IO. */
MUST_CHECK enum status pairing_check_typed(const struct authority *authority,
                                           const struct pairings_row *row, const char *typed);

#endif
