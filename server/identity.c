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

static enum status ensure_authority(struct store *store, const struct authority *authority)
{
    enum authorities_standing standing;
    enum status status = authorities_ensure(store, authority_id(authority), &standing);

    if (status == STATUS_OK && standing == AUTHORITIES_FOLLOWS)
        log_info("mynad", "robots' certificates come from another device CA from now on: robots "
                          "are told to renew theirs");
    if (status == STATUS_OK && standing == AUTHORITIES_REPLACED)
        log_warning("mynad", "the device CA of this server's state_dir was replaced: copy the "
                             "device-ca files from the server that has the present one, and "
                             "restart");
    return status;
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
    return status == STATUS_OK ? ensure_authority(store, authority) : status;
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
