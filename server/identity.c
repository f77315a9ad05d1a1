#include "server/identity.h"

#include <stdio.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/store/authorities.h"
#include "server/store/sealing_keys.h"

static enum status make(const struct authority *authority, struct sealing_keys_row *row)
{
    uint8_t private_key[PKI_X25519_SIZE];
    enum status status = pki_make_x25519(private_key, row->public_key);

    row->valid_from_ms = clock_wall_ms();
    if (status == STATUS_OK)
        status = crypto_wrap(authority_data_key(authority), "sealing-key",
                             span_of(private_key, sizeof private_key), row->private_wrapped);
    crypto_wipe(private_key, sizeof private_key);
    if (status == STATUS_OK)
        status = authority_sign_key(authority, row->public_key, row->valid_from_ms, row->signature,
                                    &row->signature_size);
    if (status == STATUS_OK)
        box_key_id(row->public_key, row->key_id);
    return status;
}

/* The root outlives all that it issued. */
static enum status ensure_root(struct store *store, const struct authority *authority,
                               char *problem)
{
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    bool is_ours = false;

    authority_fingerprint(authority, fingerprint);
    enum status status = authorities_ensure_root(store, fingerprint, &is_ours);
    if (status != STATUS_OK || is_ours)
        return status;
    snprintf(problem, 256,
             "the keys in state_dir are not of this database's installation: root.pem is another "
             "one. Give the option database its own database, or bring the state_dir that goes "
             "with this one, from another of its servers or a backup");
    return STATUS_STALE;
}

static enum status replaced(const char *line, const char *files, char *problem)
{
    snprintf(problem, 256,
             "the %s in state_dir was replaced, and robots will not take what it signs: copy %s "
             "from the server that has the present one, or from its backup, and start mynad again",
             line, files);
    return STATUS_STALE;
}

static enum status ensure_device_ca(struct store *store, const struct authority *authority,
                                    char *problem)
{
    enum authorities_standing standing;
    enum status status =
        authorities_ensure(store, AUTHORITIES_DEVICES, authority_id(authority), &standing);

    if (status == STATUS_OK && standing == AUTHORITIES_FOLLOWS)
        log_info("mynad", "robots' certificates come from another device CA from now on: robots "
                          "are told to renew theirs");
    return status == STATUS_OK && standing == AUTHORITIES_REPLACED
               ? replaced("device CA", "the device-ca and device-anchor files", problem)
               : status;
}

/* Sealing keys that the server CA before stated are stated by this one, and robots told. */
static enum status settle(struct store *store, const struct authority *authority)
{
    struct sealing_keys_row rows[SEALING_KEYS_LIVE];
    struct authorities_statement statements[SEALING_KEYS_LIVE];
    size_t rows_count = 0, count = 0;
    bool changed = false;
    enum status status = sealing_keys_live(store, rows, &rows_count);

    for (size_t i = 0; i < rows_count && status == STATUS_OK; i++) {
        const struct sealing_keys_row *row = &rows[i];
        struct authorities_statement *statement = &statements[count];

        if (authority_signed_key(authority, row->public_key, row->valid_from_ms,
                                 span_of(row->signature, row->signature_size)))
            continue;
        memcpy(statement->key_id, row->key_id, sizeof statement->key_id);
        statement->before = span_of(row->signature, row->signature_size);
        status = authority_sign_key(authority, row->public_key, row->valid_from_ms,
                                    statement->signature, &statement->signature_size);
        count++;
    }
    if (status == STATUS_OK)
        status =
            authorities_settle(store, authority_server_id(authority), statements, count, &changed);
    if (status == STATUS_OK && changed)
        log_info("mynad", "the server CA before counts no more: robots are told to take nothing by "
                          "it");
    return status;
}

static enum status ensure_server_ca(struct store *store, const struct authority *authority,
                                    char *problem)
{
    enum authorities_standing standing;
    enum status status =
        authorities_ensure(store, AUTHORITIES_SERVERS, authority_server_id(authority), &standing);

    if (status != STATUS_OK)
        return status;
    if (standing == AUTHORITIES_FOLLOWS)
        log_info("mynad", "another server CA is to follow: robots are told to renew themselves, to "
                          "know it");
    if (standing == AUTHORITIES_REPLACED)
        return replaced("server CA", "the whole folder", problem);
    return authority_is_turning(authority) ? STATUS_OK : settle(store, authority);
}

static enum status ensure_sealing_key(struct store *store, const struct authority *authority)
{
    struct sealing_keys_row row;
    enum status status = sealing_keys_current(store, &row);

    if (status != STATUS_NOT_FOUND)
        return status;
    status = make(authority, &row);
    return status == STATUS_OK ? sealing_keys_add_first(store, &row) : status;
}

enum status identity_ensure(struct store *store, const struct authority *authority,
                            char problem[256])
{
    enum status status = ensure_root(store, authority, problem);

    if (status == STATUS_OK)
        status = ensure_sealing_key(store, authority);
    if (status == STATUS_OK)
        status = ensure_device_ca(store, authority, problem);
    if (status == STATUS_OK)
        status = ensure_server_ca(store, authority, problem);
    if (status != STATUS_OK && status != STATUS_STALE)
        snprintf(problem, 256, "the server's keys cannot be made known: %s", status_text(status));
    return status;
}

enum status identity_follow(struct store *store, const struct authority *authority,
                            const struct author *author, int64_t per_minute, struct arena *arena,
                            struct document *out)
{
    struct sealing_keys_row row;
    enum status status = make(authority, &row);

    return status == STATUS_OK ? sealing_keys_follow(store, author, &row, per_minute, arena, out)
                               : status;
}
