#include "server/jobs/revocation_line.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/wire/topic.h"

#define PURPOSE "myna revocation 1"
#define MAC     ",\"mac\":\""
#define END     "\"}"

static void sign(struct span key, const uint8_t before[CRYPTO_HASH_SIZE], struct span text,
                 uint8_t out[CRYPTO_HASH_SIZE])
{
    const struct span parts[] = {span_text(PURPOSE), span_of(before, CRYPTO_HASH_SIZE), text};

    crypto_hmac(key, parts, 3, out);
}

enum status revocation_line_write(const struct revocation_line *line, int64_t wall_ms,
                                  struct span key, uint8_t mac[CRYPTO_HASH_SIZE], char *out,
                                  size_t out_size)
{
    char at[CLOCK_TEXT_SIZE];
    char hex[2 * CRYPTO_HASH_SIZE + 1];
    uint8_t next[CRYPTO_HASH_SIZE];

    clock_format(wall_ms, at);
    const int size =
        snprintf(out, out_size, "{\"at\":\"%s\",\"device\":\"%s\",\"status\":\"%s\",\"key\":\"%s\"",
                 at, line->device_id, line->status, line->key_hash);
    if (size < 0 || (size_t)size >= out_size)
        return STATUS_FULL;
    sign(key, mac, span_of(out, (size_t)size), next);
    enum status status = encode_hex(span_of(next, sizeof next), hex, sizeof hex);
    if (status != STATUS_OK)
        return status;
    const size_t left = out_size - (size_t)size;
    const int more = snprintf(out + size, left, MAC "%s" END "\n", hex);
    if (more < 0 || (size_t)more >= left)
        return STATUS_FULL;
    memcpy(mac, next, sizeof next);
    return STATUS_OK;
}

/* Taken apart, whoever wrote it. */
static enum status parse(struct span text, struct revocation_line *out,
                         uint8_t said[CRYPTO_HASH_SIZE])
{
    struct json *json;
    size_t size = 0;

    if (json_parse(text, &json, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    const struct span device = span_text(json_text(json_member(json, "device"), ""));
    const struct span how = span_text(json_text(json_member(json, "status"), ""));
    const struct span key = span_text(json_text(json_member(json, "key"), ""));
    const struct span mac = span_text(json_text(json_member(json, "mac"), ""));
    const bool is_line = topic_is_slug(device) && span_is_choice(how, "revoked|retired") &&
                         encode_from_hex(mac, said, CRYPTO_HASH_SIZE, &size) == STATUS_OK &&
                         size == CRYPTO_HASH_SIZE &&
                         span_to_text(device, out->device_id, sizeof out->device_id) == STATUS_OK &&
                         span_to_text(how, out->status, sizeof out->status) == STATUS_OK &&
                         span_to_text(key, out->key_hash, sizeof out->key_hash) == STATUS_OK;
    json_free(json);
    return is_line ? STATUS_OK : STATUS_CORRUPT;
}

enum status revocation_line_read(struct span text, struct span key, uint8_t mac[CRYPTO_HASH_SIZE],
                                 struct revocation_line *out)
{
    const size_t tail = sizeof MAC - 1 + 2 * CRYPTO_HASH_SIZE + sizeof END - 1;
    struct revocation_line line = {0};
    uint8_t said[CRYPTO_HASH_SIZE];
    uint8_t right[CRYPTO_HASH_SIZE];

    if (text.size <= tail || parse(text, &line, said) != STATUS_OK)
        return STATUS_CORRUPT;
    sign(key, mac, span_of(text.data, text.size - tail), right);
    const bool is_ours = memcmp(text.data + text.size - tail, MAC, sizeof MAC - 1) == 0 &&
                         memcmp(said, right, sizeof right) == 0;
    memcpy(mac, said, sizeof said);
    if (!is_ours)
        return STATUS_FORGED;
    *out = line;
    return STATUS_OK;
}
