#include "server/envelope.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "server/store/data_keys.h"

#define PURPOSE     "data-key"
#define ARENA_BYTES ((size_t)8 << 20)

/* One opening, which a transaction may run again. */
struct opening {
    const struct master_keys *keys;
    uint8_t *data_key;
    bool turned;
    size_t lost; /* secrets that none of the keys opens */
    struct arena *arena;
    struct data_keys_row row;
};

static enum status wrap(struct opening *opening)
{
    const uint8_t *master = opening->keys->keys[0];

    master_id(master, opening->row.master_id);
    return crypto_wrap(master, PURPOSE, span_of(opening->data_key, CRYPTO_KEY_SIZE),
                       opening->row.wrapped);
}

/* ---- what an earlier version wrote ---- */

/* Left as it is when no key opens it: nothing did before either. */
static enum status rewrap_one(struct opening *opening, const char *prefix,
                              struct data_keys_secret *secret)
{
    const bool has_id = prefix[strlen(prefix) - 1] == ':';
    const char *purpose = arena_format(opening->arena, "%s%s", prefix, has_id ? secret->id : "");
    uint8_t *plain = arena_take(opening->arena, secret->wrapped.size + 1);
    uint8_t *wrapped = arena_take(opening->arena, secret->wrapped.size + 1);
    enum status status = STATUS_FORGED;

    if (purpose == NULL || plain == NULL || wrapped == NULL)
        return STATUS_MEMORY;
    if (secret->wrapped.size < CRYPTO_WRAP_OVERHEAD)
        return STATUS_OK;
    for (size_t i = 0; i < opening->keys->count && status == STATUS_FORGED; i++)
        status = crypto_unwrap(opening->keys->keys[i], purpose, secret->wrapped, plain);
    if (status == STATUS_FORGED) {
        opening->lost++;
        return STATUS_OK;
    }
    const size_t size = secret->wrapped.size - CRYPTO_WRAP_OVERHEAD;
    if (status == STATUS_OK)
        status = crypto_wrap(opening->data_key, purpose, span_of(plain, size), wrapped);
    crypto_wipe(plain, size);
    if (status == STATUS_OK)
        secret->wrapped = span_of(wrapped, size + CRYPTO_WRAP_OVERHEAD);
    return status;
}

static enum status rewrap_kind(struct store_conn *conn, struct opening *opening, size_t kind)
{
    char after[64] = "";
    struct data_keys_secret *secrets;
    size_t count;

    for (;;) {
        arena_reset(opening->arena);
        enum status status = data_keys_read(conn, kind, after, opening->arena, &secrets, &count);
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            status = rewrap_one(opening, data_keys_kind(kind), &secrets[i]);
        if (status == STATUS_OK && count > 0)
            status = data_keys_write(conn, kind, opening->arena, secrets, count);
        if (status != STATUS_OK || count == 0)
            return status;
        snprintf(after, sizeof after, "%s", secrets[count - 1].id);
    }
}

static enum status make(struct store_conn *conn, struct opening *opening)
{
    crypto_random(opening->data_key, CRYPTO_KEY_SIZE);
    enum status status = wrap(opening);
    if (status == STATUS_OK)
        status = data_keys_add(conn, &opening->row);
    for (size_t kind = 0; data_keys_kind(kind) && status == STATUS_OK; kind++)
        status = rewrap_kind(conn, opening, kind);
    return status == STATUS_OK ? data_keys_forget_answers(conn) : status;
}

/* ---- opening ---- */

static enum status run(struct store_conn *conn, void *context)
{
    struct opening *opening = context;
    enum status status = data_keys_lock(conn, &opening->row);

    opening->turned = false;
    opening->lost = 0;
    if (status == STATUS_NOT_FOUND)
        return make(conn, opening);
    for (size_t i = 0; i < opening->keys->count && status == STATUS_OK; i++) {
        status = crypto_unwrap(opening->keys->keys[i], PURPOSE,
                               span_of(opening->row.wrapped, sizeof opening->row.wrapped),
                               opening->data_key);
        if (status == STATUS_OK) {
            opening->turned = i > 0;
            break;
        }
        if (status == STATUS_FORGED && i + 1 < opening->keys->count)
            status = STATUS_OK;
    }
    if (status != STATUS_OK || !opening->turned)
        return status;
    status = wrap(opening);
    return status == STATUS_OK ? data_keys_replace(conn, &opening->row) : status;
}

static void explain(const struct opening *opening, enum status status, char problem[256])
{
    char needed[2 * MASTER_ID_SIZE + 1] = "", has[2 * MASTER_ID_SIZE + 1] = "";
    uint8_t id[MASTER_ID_SIZE];

    master_id(opening->keys->keys[0], id);
    if (status == STATUS_FORGED &&
        encode_hex(span_of(opening->row.master_id, MASTER_ID_SIZE), needed, sizeof needed) ==
            STATUS_OK &&
        encode_hex(span_of(id, sizeof id), has, sizeof has) == STATUS_OK)
        snprintf(problem, 256,
                 "the database's secrets are under master key %s, and %s has %s: bring the key "
                 "that goes with this database, behind the present one if that is newer",
                 needed, master_source_text(opening->keys->source), has);
    else
        snprintf(problem, 256, "the data key cannot be opened: %s", status_text(status));
}

enum status envelope_open(struct store *store, const struct master_keys *keys,
                          uint8_t data_key[CRYPTO_KEY_SIZE], bool *turned, char problem[256])
{
    struct opening opening = {.keys = keys, .data_key = data_key};
    enum status status = arena_create(&opening.arena, ARENA_BYTES);

    if (status == STATUS_OK)
        status = store_transaction(store, run, &opening);
    if (status != STATUS_OK)
        explain(&opening, status, problem);
    if (status == STATUS_OK && opening.lost > 0)
        log_warning("mynad",
                    "%zu secrets in the database are under a master key that is not here: they "
                    "stay unreadable until they are given again",
                    opening.lost);
    if (status == STATUS_OK && turned)
        *turned = opening.turned;
    arena_free(opening.arena);
    return status;
}

enum status envelope_enter(struct store *store, struct authority *authority, const char *state_dir,
                           const struct master_keys *given, char problem[256])
{
    struct master_keys keys = {0};
    uint8_t data_key[CRYPTO_KEY_SIZE];
    bool turned = false;
    enum status status = master_load(state_dir, given, &keys, problem);

    if (status == STATUS_OK)
        status = envelope_open(store, &keys, data_key, &turned, problem);
    if (status == STATUS_OK) {
        authority_adopt(authority, data_key);
        log_info("mynad", "the master key comes from %s%s", master_source_text(keys.source),
                 turned ? "; it is a new one, and the data key is wrapped by it now" : "");
    }
    crypto_wipe(&keys, sizeof keys);
    crypto_wipe(data_key, sizeof data_key);
    return status;
}
