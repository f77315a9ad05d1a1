/* mbedtls3.h - lets code that is written for mbedTLS 3 (Debian 13) use 2.28 (Debian 12), too
 *
 * Included behind the headers of mbedTLS by the files of schema/base/ that call what changed. Each
 * name is called as 3 has it; what 2.28 does not take is left out here. With 3 this is empty.
 */
#ifndef SCHEMA_BASE_MBEDTLS3_H
#define SCHEMA_BASE_MBEDTLS3_H

#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR < 3

/* Fields that have no function to read them. */
#define MBEDTLS_PRIVATE(field) field

#define mbedtls_sha256_starts mbedtls_sha256_starts_ret
#define mbedtls_sha256_update mbedtls_sha256_update_ret
#define mbedtls_sha256_finish mbedtls_sha256_finish_ret

#define mbedtls_pk_parse_key(key, text, size, password, password_size, random, context)            \
    (mbedtls_pk_parse_key)(key, text, size, password, password_size)
#define mbedtls_pk_check_pair(public_key, key, random, context)                                    \
    (mbedtls_pk_check_pair)(public_key, key)
#define mbedtls_pk_sign(key, kind, hash, hash_size, out, max, size, random, context)               \
    (mbedtls_pk_sign)(key, kind, hash, hash_size, out, size, random, context)

#define mbedtls_rsa_init(rsa) (mbedtls_rsa_init)(rsa, MBEDTLS_RSA_PKCS_V15, 0)
#define mbedtls_rsa_pkcs1_verify(rsa, kind, hash_size, hash, signature)                            \
    (mbedtls_rsa_pkcs1_verify)(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, kind, hash_size, hash,         \
                               signature)

#define mbedtls_x509write_crt_set_serial_raw(cert, bytes, size)                                    \
    mbedtls_mpi_read_binary(&(cert)->serial, bytes, size)

#endif

#endif
