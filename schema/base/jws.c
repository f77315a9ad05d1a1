#include "schema/base/jws.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>

#include "schema/base/crypto.h"
#include "schema/base/mbedtls3.h"

#define RSA_MIN_BYTES 256
#define RSA_MAX_BYTES 1024
#define P256_SIZE     32

static enum status check_rsa(mbedtls_rsa_context *rsa, struct span message, struct span signature)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    const size_t size = mbedtls_rsa_get_len(rsa);

    if (size < RSA_MIN_BYTES || size > RSA_MAX_BYTES || mbedtls_rsa_check_pubkey(rsa) != 0)
        return STATUS_INVALID;
    crypto_sha256(&message, 1, hash);
    /* the library reads as many bytes as the modulus has */
    if (signature.size != size ||
        mbedtls_rsa_pkcs1_verify(rsa, MBEDTLS_MD_SHA256, sizeof hash, hash, signature.data) != 0)
        return STATUS_FORGED;
    return STATUS_OK;
}

enum status jws_verify_rs256(struct span modulus, struct span exponent, struct span message,
                             struct span signature)
{
    mbedtls_rsa_context rsa;
    enum status status = STATUS_INVALID;

    mbedtls_rsa_init(&rsa);
    if (modulus.size <= RSA_MAX_BYTES + 1 && exponent.size <= 8 &&
        mbedtls_rsa_import_raw(&rsa, modulus.data, modulus.size, NULL, 0, NULL, 0, NULL, 0,
                               exponent.data, exponent.size) == 0 &&
        mbedtls_rsa_complete(&rsa) == 0)
        status = check_rsa(&rsa, message, signature);
    mbedtls_rsa_free(&rsa);
    return status;
}

static enum status check_ec(mbedtls_ecp_group *group, const mbedtls_ecp_point *key,
                            struct span message, struct span signature)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    mbedtls_mpi r;
    mbedtls_mpi s;
    enum status status = STATUS_FORGED;

    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    crypto_sha256(&message, 1, hash);
    if (signature.size == 2 * P256_SIZE &&
        mbedtls_mpi_read_binary(&r, signature.data, P256_SIZE) == 0 &&
        mbedtls_mpi_read_binary(&s, signature.data + P256_SIZE, P256_SIZE) == 0 &&
        mbedtls_ecdsa_verify(group, hash, sizeof hash, key, &r, &s) == 0)
        status = STATUS_OK;
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return status;
}

enum status jws_verify_es256(struct span x, struct span y, struct span message,
                             struct span signature)
{
    uint8_t point[1 + 2 * P256_SIZE] = {4}; /* not compressed */
    mbedtls_ecp_group group;
    mbedtls_ecp_point key;
    enum status status = STATUS_INVALID;

    if (x.size != P256_SIZE || y.size != P256_SIZE)
        return STATUS_INVALID;
    memcpy(point + 1, x.data, P256_SIZE);
    memcpy(point + 1 + P256_SIZE, y.data, P256_SIZE);
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&key);
    if (mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
        mbedtls_ecp_point_read_binary(&group, &key, point, sizeof point) == 0 &&
        mbedtls_ecp_check_pubkey(&group, &key) == 0)
        status = check_ec(&group, &key, message, signature);
    mbedtls_ecp_point_free(&key);
    mbedtls_ecp_group_free(&group);
    return status;
}
