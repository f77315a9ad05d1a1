#include "server/identity.h"

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

static enum status ensure_device_ca(struct store *store, const struct authority *authority)
{
    enum authorities_standing standing;
    enum status status =
        authorities_ensure(store, AUTHORITIES_DEVICES, authority_id(authority), &standing);

    if (status == STATUS_OK && standing == AUTHORITIES_FOLLOWS)
        log_info("mynad", "robots' certificates come from another device CA from now on: robots "
                          "are told to renew theirs");
    if (status == STATUS_OK && standing == AUTHORITIES_REPLACED)
        log_warning("mynad", "the device CA of this server's state_dir was replaced: copy the "
                             "device-ca files from the server that has the present one, and "
                             "restart");
    return status;
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

static enum status ensure_server_ca(struct store *store, const struct authority *authority)
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
        log_warning("mynad", "the server CA of this server's state_dir was replaced: copy the "
                             "state_dir from the server that has the present one, and restart");
    return standing == AUTHORITIES_REPLACED || authority_is_turning(authority)
               ? STATUS_OK
               : settle(store, authority);
}

enum status identity_ensure(struct store *store, const struct authority *authority)
{
    struct sealing_keys_row row;
    enum status status = sealing_keys_current(store, &row);

    if (status == STATUS_NOT_FOUND) {
        status = make(authority, &row);
        if (status == STATUS_OK)
            status = sealing_keys_add_first(store, &row);
    }
    if (status == STATUS_OK)
        status = ensure_device_ca(store, authority);
    return status == STATUS_OK ? ensure_server_ca(store, authority) : status;
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
