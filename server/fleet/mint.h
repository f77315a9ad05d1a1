/* mint.h - credentials for one robot, made from a vendor's own key where its scheme allows
 *
 * The long-lived secret stays on the server (invariant I9): robots get a token that ends by itself.
 * Pure: the same key, device and time give the same credential, so that a generation's content is
 * the same whenever it is built.
 */
#ifndef SERVER_FLEET_MINT_H
#define SERVER_FLEET_MINT_H

#include <stdint.h>

#include "schema/base/span.h"
#include "schema/wire/dialects.h"
#include "schema/wire/limits.h"

/* A robot that does not hear from its server talks on for so long at least (invariant I11), and a
 * stolen credential is of no use after it. */
#define MINT_LIFE_MS INT64_C(86400000)
/* The age at which it is replaced: half its life is left for a server that is away. */
#define MINT_RENEW_MS (MINT_LIFE_MS / 2)
/* Credentials of one moment end within so much of each other, each device's at its own time. */
#define MINT_SPREAD_MS INT64_C(600000)

/* Whether key has the form that the scheme needs; if not, problem says what is wrong. */
bool mint_fits(enum dialects_mint mint, struct span key, char problem[120]);

/* NUL-terminated; made at since_ms by the wall clock. STATUS_INVALID: key has not the scheme's
 * form, or the credential would be too long. Wipe out after use. */
MUST_CHECK enum status mint_credential(enum dialects_mint mint, struct span key,
                                       const char *device_id, int64_t since_ms,
                                       char out[LIMIT_API_KEY + 1]);

#endif
