/* encode.h - bytes as text and back: hex, base64 (RFC 4648 section 4), base32 (Crockford, lower
 * case, no padding: what people read aloud and type), UUIDs */
#ifndef SCHEMA_BASE_ENCODE_H
#define SCHEMA_BASE_ENCODE_H

#include "schema/base/span.h"

/* Each writes NUL-terminated text; STATUS_FULL when out_size is too small for it. */
MUST_CHECK enum status encode_hex(struct span bytes, char *out, size_t out_size);
MUST_CHECK enum status encode_base64(struct span bytes, char *out, size_t out_size);
MUST_CHECK enum status encode_base32(struct span bytes, char *out, size_t out_size);

/* Each sets *size to the bytes written. STATUS_INVALID: not of that alphabet. Base32 takes either
 * case and reads o as 0, i and l as 1. */
MUST_CHECK enum status encode_from_hex(struct span text, uint8_t *out, size_t out_size,
                                       size_t *size);
MUST_CHECK enum status encode_from_base64(struct span text, uint8_t *out, size_t out_size,
                                          size_t *size);
MUST_CHECK enum status encode_from_base32(struct span text, uint8_t *out, size_t out_size,
                                          size_t *size);

#define ENCODE_UUID_BYTES 16
#define ENCODE_UUID_SIZE  37

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", lower case. */
void encode_uuid(const uint8_t uuid[ENCODE_UUID_BYTES], char out[ENCODE_UUID_SIZE]);
MUST_CHECK enum status encode_from_uuid(struct span text, uint8_t uuid[ENCODE_UUID_BYTES]);

#endif
