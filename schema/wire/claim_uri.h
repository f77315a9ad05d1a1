/* claim_uri.h - a claim code with where to show it, as a robot's label holds it in its QR code
 *
 *     myna:enrol?claim=<code>&url=https://host:port
 *
 * Both values are percent-encoded as in any query (RFC 3986). Pure.
 */
#ifndef SCHEMA_WIRE_CLAIM_URI_H
#define SCHEMA_WIRE_CLAIM_URI_H

#include "schema/base/buffer.h"

#define CLAIM_URI_PREFIX "myna:enrol?"
#define CLAIM_URI_CODE   101 /* room for a code with its NUL */
#define CLAIM_URI_URL    512 /* of the enrolment listener, likewise */

/* Appends it; a failure latches in out. */
void claim_uri_write(struct buffer *out, const char *code, const char *url);

/* Takes one apart; members that it does not know are not looked at. STATUS_NOT_FOUND: text is no
 * such URI but, it may be, a bare code. STATUS_INVALID: it is one that lacks a member, has it twice
 * or too long, or is encoded badly. */
MUST_CHECK enum status claim_uri_read(struct span text, char code[CLAIM_URI_CODE],
                                      char url[CLAIM_URI_URL]);

#endif
