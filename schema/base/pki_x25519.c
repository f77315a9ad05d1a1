#include "schema/base/pki.h"

#include <string.h>

#include <mbedtls/ecp.h>

#include "schema/base/crypto.h"
#include "schema/base/pki_mbedtls.h"

/* RFC 7748 section 5, decodeScalar25519. */
static void clamp(uint8_t scalar[PKI_X25519_SIZE])
{
    scalar[0] &= 248;
    scalar[31] = (uint8_t)((scalar[31] & 127) | 64);
}

/* out = scalar * point, all in the little-endian bytes of RFC 7748; scalar is clamped. */
static int multiply(const uint8_t scalar[PKI_X25519_SIZE], const uint8_t point[PKI_X25519_SIZE],
                    uint8_t out[PKI_X25519_SIZE])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point from, to;
    mbedtls_mpi factor;
    uint8_t u[PKI_X25519_SIZE];
    size_t size;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&from);
    mbedtls_ecp_point_init(&to);
    mbedtls_mpi_init(&factor);

    memcpy(u, point, sizeof u);
    u[31] &= 127; /* RFC 7748 section 5: the top bit is not part of u */

    int error = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519);
    if (error == 0)
        error = mbedtls_mpi_read_binary_le(&factor, scalar, PKI_X25519_SIZE);
    if (error == 0)
        error = mbedtls_ecp_point_read_binary(&group, &from, u, sizeof u);
    if (error == 0)
        error = mbedtls_ecp_mul(&group, &to, &factor, &from, pki_mbedtls_random, NULL);
    if (error == 0)
        error = mbedtls_ecp_point_write_binary(&group, &to, MBEDTLS_ECP_PF_UNCOMPRESSED, &size, out,
                                               PKI_X25519_SIZE);

    mbedtls_mpi_free(&factor);
    mbedtls_ecp_point_free(&to);
    mbedtls_ecp_point_free(&from);
    mbedtls_ecp_group_free(&group);
    return error;
}

enum status pki_make_x25519(uint8_t private_key[PKI_X25519_SIZE],
                            uint8_t public_key[PKI_X25519_SIZE])
{
    static const uint8_t base[PKI_X25519_SIZE] = {9};
    uint8_t scalar[PKI_X25519_SIZE];
    enum status status = STATUS_IO;

    crypto_random(scalar, sizeof scalar);
    clamp(scalar);
    if (multiply(scalar, base, public_key) == 0) {
        memcpy(private_key, scalar, sizeof scalar);
        status = STATUS_OK;
    }
    crypto_wipe(scalar, sizeof scalar);
    return status;
}

enum status pki_agree(const uint8_t private_key[PKI_X25519_SIZE],
                      const uint8_t public_key[PKI_X25519_SIZE], uint8_t secret[PKI_X25519_SIZE])
{
    static const uint8_t zero[PKI_X25519_SIZE];
    uint8_t scalar[PKI_X25519_SIZE], shared[PKI_X25519_SIZE];
    enum status status = STATUS_OK;

    memcpy(scalar, private_key, sizeof scalar);
    clamp(scalar);
    int error = multiply(scalar, public_key, shared);
    if (error == MBEDTLS_ERR_ECP_INVALID_KEY)
        status = STATUS_INVALID;
    else if (error != 0)
        status = STATUS_IO;
    else if (span_equal_secret(span_of(shared, sizeof shared), span_of(zero, sizeof zero)))
        status = STATUS_INVALID;
    else
        memcpy(secret, shared, sizeof shared);
    crypto_wipe(scalar, sizeof scalar);
    crypto_wipe(shared, sizeof shared);
    return status;
}
