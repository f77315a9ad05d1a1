#include "agent/membership.h"

#include "agent/server_ca.h"
#include "schema/base/encode.h"

enum status membership_url(const char *base, const char *path, char out[MEMBERSHIP_URL_SIZE])
{
    size_t size = strlen(base);

    while (size > 0 && base[size - 1] == '/')
        size--;
    return snprintf(out, MEMBERSHIP_URL_SIZE, "%.*s%s", (int)size, base, path) < MEMBERSHIP_URL_SIZE
               ? STATUS_OK
               : STATUS_INVALID;
}

/* "myna enrol 1" | device_id | 0 | sealing_public */
static enum status sign_keys(const struct identity *identity, const char *device_id,
                             const char *key_pem, char *out, size_t out_size)
{
    static const char purpose[] = "myna enrol 1";
    uint8_t message[sizeof purpose - 1 + LIMIT_SLUG + 1 + PKI_X25519_SIZE];
    uint8_t signature[PKI_SIGNATURE_MAX];
    uint8_t *at = message;
    size_t size;

    memcpy(at, purpose, sizeof purpose - 1);
    at += sizeof purpose - 1;
    memcpy(at, device_id, strlen(device_id) + 1);
    at += strlen(device_id) + 1;
    memcpy(at, identity->sealing_public, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    enum status status =
        pki_sign(key_pem, span_of(message, (size_t)(at - message)), signature, &size);
    return status == STATUS_OK ? encode_base64(span_of(signature, size), out, out_size) : status;
}

enum status membership_write_keys(const struct identity *identity, const char *device_id,
                                  const char *key_pem, struct json_writer *writer)
{
    char csr[PKI_PEM_SIZE], sealing[64], signature[128];
    enum status status = pki_make_csr(key_pem, device_id, csr);

    if (status == STATUS_OK)
        status = encode_base64(span_of(identity->sealing_public, PKI_X25519_SIZE), sealing,
                               sizeof sealing);
    if (status == STATUS_OK)
        status = sign_keys(identity, device_id, key_pem, signature, sizeof signature);
    if (status != STATUS_OK)
        return status;
    json_write_member(writer, "csr", csr);
    json_write_member(writer, "sealing_public", sealing);
    json_write_member(writer, "signature", signature);
    return STATUS_OK;
}

static enum status verify(const struct identity *identity, const char *device_id,
                          const char *chain_pem, struct span root_pem)
{
    struct pki_facts facts;
    enum status status = pki_read(span_text(chain_pem), &facts);

    if (status == STATUS_OK)
        status = pki_verify(span_text(chain_pem), root_pem, PKI_IGNORE_TIME);
    if (status == STATUS_OK)
        status = server_ca_check(identity->server_ca_pem, root_pem);
    if (status == STATUS_OK)
        status = identity_check_key(identity, &identity->server_key);
    if (status == STATUS_OK &&
        (strcmp(facts.name, device_id) != 0 || strcmp(identity->device_id, device_id) != 0))
        status = STATUS_FORGED;
    return status;
}

enum status membership_take(struct identity *identity, const char *device_id,
                            const struct json *answer, struct span root_pem, const char **chain_pem,
                            char problem[256])
{
    const char *chain = json_text(json_member(answer, "certificate"), "");
    enum status status = identity_take_facts(identity, answer);

    if (status == STATUS_OK)
        status = span_to_text(span_text(json_text(json_member(answer, "server_ca"), "")),
                              identity->server_ca_pem, sizeof identity->server_ca_pem);
    if (status != STATUS_OK) {
        snprintf(problem, 256, "the server's answer is not one to an enrolment");
        return status;
    }
    if (verify(identity, device_id, chain, root_pem) != STATUS_OK) {
        snprintf(problem, 256, "the server's answer does not verify under its own root");
        return STATUS_FORGED;
    }
    *chain_pem = chain;
    return STATUS_OK;
}

void membership_tell_refusal(struct span answer, int http_status, char problem[256])
{
    struct json *json = NULL;
    const char *detail = "";

    if (json_parse(answer, &json, NULL) == STATUS_OK) {
        detail = json_text(json_member(json, "detail"), "");
        if (detail[0] == 0)
            detail = json_text(json_member(json, "title"), "");
    }
    snprintf(problem, 256, "the server refused (%d): %.180s", http_status, detail);
    json_free(json);
}
