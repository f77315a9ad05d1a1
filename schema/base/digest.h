/* digest.h - SHA-256 of a file of any size */
#ifndef SCHEMA_BASE_DIGEST_H
#define SCHEMA_BASE_DIGEST_H

#include "schema/base/crypto.h"

/* Reads the whole file and sets *size_bytes to what was read. STATUS_NOT_FOUND; STATUS_IO. */
MUST_CHECK enum status digest_file(const char *path, uint8_t out[CRYPTO_HASH_SIZE],
                                   int64_t *size_bytes);

#endif
