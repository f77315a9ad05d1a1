/* manifest.h - the signed statement of what a piece of software is: schema/MANIFEST.md
 *
 * A manifest is a JSON document and a signature over its very bytes, which are carried and kept as
 * they were signed; nothing is ever written anew from what was read. In files and over HTTP both
 * stand in an envelope, {"document": "{...}", "signature": "BASE64"}.
 *
 * No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_MANIFEST_H
#define SCHEMA_WIRE_MANIFEST_H

#include "schema/base/json.h"
#include "schema/base/pki.h"
#include "schema/wire/limits.h"

#define MANIFEST_FROM_MAX       16
#define MANIFEST_SIZE_MAX       (INT64_C(4) << 30) /* bytes of the file it is about */
#define MANIFEST_ENVELOPE_BYTES 4096
#define MANIFEST_NONE           "none" /* among from: it is not installed yet */

/* What a document says. Plain data. */
struct manifest {
    char kind[LIMIT_KIND + 1]; /* "agent", "voice", "avatar", or one of the maker's own */
    char name[LIMIT_SLUG + 1];
    char version[LIMIT_VERSION + 1];
    int64_t counter;      /* grows with each version of a kind and name */
    bool allow_downgrade; /* it may follow a higher counter */
    char url[LIMIT_URL + 1];
    uint8_t sha256[32];
    int64_t size_bytes;
    size_t from_count; /* 0: whatever runs may be followed by it */
    char from[MANIFEST_FROM_MAX][LIMIT_VERSION + 1];
    char installer[LIMIT_KIND + 1]; /* the program in update.d; the kind unless it is named */
};

/* Document and signature, borrowed from whoever holds the envelope. */
struct manifest_envelope {
    struct span document;
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t signature_size;
};

/* STATUS_INVALID: problem points below the document. */
MUST_CHECK enum status manifest_read(struct span document, struct manifest *out,
                                     struct json_problem *problem);

/* The envelope's parts; what they say is not looked at. STATUS_INVALID: problem. */
MUST_CHECK enum status manifest_open(const struct json *envelope, struct manifest_envelope *out,
                                     struct json_problem *problem);

/* The reverse, as JSON text. */
void manifest_write(struct json_writer *writer, const struct manifest_envelope *envelope);

/* signature over the document by a P-256 private key (PEM). */
MUST_CHECK enum status manifest_sign(struct span document, const char *key_pem,
                                     struct manifest_envelope *out);

/* By one of the public keys in keys_pem, each a "BEGIN PUBLIC KEY" block. STATUS_FORGED: by none of
 * them; STATUS_INVALID: there is no key in it, or a block that is none. */
MUST_CHECK enum status manifest_verify(struct span keys_pem,
                                       const struct manifest_envelope *envelope);

/* Whether a device that has version (MANIFEST_NONE: none) may install it. */
bool manifest_follows(const struct manifest *manifest, const char *version);

#endif
