#include "server/notify/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"

#define BASE64_SIZE 45 /* of a hash, with its NUL */
#define TEXT_SIZE   24

static struct span number_line(int64_t number, char text[TEXT_SIZE])
{
    return span_of(text, (size_t)snprintf(text, TEXT_SIZE, "%" PRId64 "\n", number));
}

enum status sign_webhook(const char *secret, const char *timestamp, struct span body, char *out,
                         size_t out_size)
{
    static const char scheme[] = "sha256=";
    const struct span parts[] = {span_text(timestamp), span_text("."), body};
    uint8_t mac[CRYPTO_HASH_SIZE];

    if (out_size < sizeof scheme)
        return STATUS_FULL;
    crypto_hmac(span_text(secret), parts, 3, mac);
    memcpy(out, scheme, sizeof scheme);
    return encode_hex(span_of(mac, sizeof mac), out + sizeof scheme - 1,
                      out_size - (sizeof scheme - 1));
}

/* What base64 has and a query cannot hold as it is. */
static enum status escape(const char *base64, char *out, size_t out_size)
{
    size_t size = 0;

    for (; *base64 != '\0'; base64++) {
        const char *escaped = *base64 == '+'   ? "%2B"
                              : *base64 == '/' ? "%2F"
                              : *base64 == '=' ? "%3D"
                                               : NULL;
        size_t width = escaped != NULL ? 3 : 1;

        if (size + width >= out_size)
            return STATUS_FULL;
        memcpy(out + size, escaped != NULL ? escaped : base64, width);
        size += width;
    }
    out[size] = '\0';
    return STATUS_OK;
}

enum status sign_dingtalk(const char *secret, int64_t timestamp_ms, char *out, size_t out_size)
{
    char text[TEXT_SIZE];
    char base64[BASE64_SIZE];
    uint8_t mac[CRYPTO_HASH_SIZE];
    const struct span parts[] = {number_line(timestamp_ms, text), span_text(secret)};

    crypto_hmac(span_text(secret), parts, 2, mac);
    enum status status = encode_base64(span_of(mac, sizeof mac), base64, sizeof base64);
    return status == STATUS_OK ? escape(base64, out, out_size) : status;
}

enum status sign_feishu(const char *secret, int64_t timestamp_s, char *out, size_t out_size)
{
    char key[TEXT_SIZE + 256];
    uint8_t mac[CRYPTO_HASH_SIZE];
    int size = snprintf(key, sizeof key, "%" PRId64 "\n%s", timestamp_s, secret);

    if (size < 0 || size >= (int)sizeof key)
        return STATUS_FULL;
    crypto_hmac(span_of(key, (size_t)size), NULL, 0, mac);
    crypto_wipe(key, sizeof key);
    return encode_base64(span_of(mac, sizeof mac), out, out_size);
}
