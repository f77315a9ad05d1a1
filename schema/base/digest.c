#include "schema/base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <mbedtls/sha256.h>

#include "schema/base/mbedtls3.h"

#define PIECE_BYTES 16384

static enum status hash_all(int fd, uint8_t out[CRYPTO_HASH_SIZE], int64_t *size_bytes)
{
    mbedtls_sha256_context context;
    uint8_t piece[PIECE_BYTES];
    int64_t total = 0;
    ssize_t got;
    int error;

    mbedtls_sha256_init(&context);
    error = mbedtls_sha256_starts(&context, 0);
    while (error == 0 && ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0) {
            error = mbedtls_sha256_update(&context, piece, (size_t)got);
            total += got;
        }
    if (error == 0 && got == 0)
        error = mbedtls_sha256_finish(&context, out);
    else
        error = -1;
    mbedtls_sha256_free(&context);
    if (error != 0)
        return STATUS_IO;
    *size_bytes = total;
    return STATUS_OK;
}

enum status digest_file(const char *path, uint8_t out[CRYPTO_HASH_SIZE], int64_t *size_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status = hash_all(fd, out, size_bytes);
    close(fd);
    return status;
}
