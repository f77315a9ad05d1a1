#include "server/envelope.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "server/store/data_keys.h"

#define PURPOSE     "data-key"
#define STAMP       "stamp-key"
#define ARENA_BYTES ((size_t)8 << 20)

/* One opening, which a transaction may run again. */
struct opening {
    const struct master_keys *keys;
    struct envelope_keys *out;
    bool turned;
    size_t lost;    /* secrets that none of the keys opens */
    size_t secrets; /* that were wrapped anew */
    int64_t servers;
    struct arena *arena;
    struct data_keys_row row;
};

static enum status wrap(struct opening *opening)
{
    const uint8_t *master = opening->keys->keys[0];
    struct data_keys_row *row = &opening->row;
    enum status status =
        crypto_wrap(master, PURPOSE, span_of(opening->out->data, CRYPTO_KEY_SIZE), row->wrapped);

    master_id(master, row->master_id);
    if (status == STATUS_OK)
        status = crypto_wrap(opening->out->data, STAMP,
                             span_of(opening->out->stamp, CRYPTO_KEY_SIZE), row->stamp);
    row->has_stamp = status == STATUS_OK;
    return status;
}

/* ---- wrapping anew ---- */

/* By the data key that is to be, what one of these opens: the present one, or master keys where an
 * earlier version wrapped by them. */
struct from {
    const uint8_t (*keys)[CRYPTO_KEY_SIZE];
    size_t count;
};

/* Left as it is when no key opens it: nothing did before either. */
static enum status rewrap_one(struct opening *opening, const struct from *from, const char *prefix,
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
    for (size_t i = 0; i < from->count && status == STATUS_FORGED; i++)
        status = crypto_unwrap(from->keys[i], purpose, secret->wrapped, plain);
    if (status == STATUS_FORGED) {
        opening->lost++;
        return STATUS_OK;
    }
    const size_t size = secret->wrapped.size - CRYPTO_WRAP_OVERHEAD;
    if (status == STATUS_OK)
        status = crypto_wrap(opening->out->data, purpose, span_of(plain, size), wrapped);
    crypto_wipe(plain, size);
    if (status == STATUS_OK)
        secret->wrapped = span_of(wrapped, size + CRYPTO_WRAP_OVERHEAD);
    opening->secrets += status == STATUS_OK;
    return status;
}

static enum status rewrap_kind(struct store_conn *conn, struct opening *opening,
                               const struct from *from, size_t kind)
{
    char after[64] = "";
    struct data_keys_secret *secrets;
    size_t count;

    for (;;) {
        arena_reset(opening->arena);
        enum status status = data_keys_read(conn, kind, after, opening->arena, &secrets, &count);
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            status = rewrap_one(opening, from, data_keys_kind(kind), &secrets[i]);
        if (status == STATUS_OK && count > 0)
            status = data_keys_write(conn, kind, opening->arena, secrets, count);
        if (status != STATUS_OK || count == 0)
            return status;
        snprintf(after, sizeof after, "%s", secrets[count - 1].id);
    }
}

static enum status rewrap_all(struct store_conn *conn, struct opening *opening,
                              const struct from *from)
{
    enum status status = STATUS_OK;

    for (size_t kind = 0; data_keys_kind(kind) && status == STATUS_OK; kind++)
        status = rewrap_kind(conn, opening, from, kind);
    return status == STATUS_OK ? data_keys_forget_answers(conn) : status;
}

static enum status make(struct store_conn *conn, struct opening *opening)
{
    const struct from from = {opening->keys->keys, opening->keys->count};

    crypto_random(opening->out->data, CRYPTO_KEY_SIZE);
    crypto_random(opening->out->stamp, CRYPTO_KEY_SIZE);
    enum status status = wrap(opening);
    if (status == STATUS_OK)
        status = data_keys_add(conn, &opening->row);
    return status == STATUS_OK ? rewrap_all(conn, opening, &from) : status;
}

/* ---- opening ---- */

/* With the first of the master keys that fits. */
static enum status unwrap(struct opening *opening)
{
    const struct data_keys_row *row = &opening->row;
    enum status status = STATUS_FORGED;

    for (size_t i = 0; i < opening->keys->count && status == STATUS_FORGED; i++) {
        status = crypto_unwrap(opening->keys->keys[i], PURPOSE,
                               span_of(row->wrapped, sizeof row->wrapped), opening->out->data);
        opening->turned = status == STATUS_OK && i > 0;
    }
    if (status == STATUS_OK && row->has_stamp)
        return crypto_unwrap(opening->out->data, STAMP, span_of(row->stamp, sizeof row->stamp),
                             opening->out->stamp);
    if (status == STATUS_OK)
        memcpy(opening->out->stamp, opening->out->data, CRYPTO_KEY_SIZE);
    return status;
}

static enum status run(struct store_conn *conn, void *context)
{
    struct opening *opening = context;
    enum status status = data_keys_lock(conn, &opening->row);

    opening->turned = false;
    opening->lost = opening->secrets = 0;
    if (status == STATUS_NOT_FOUND)
        return make(conn, opening);
    if (status == STATUS_OK)
        status = unwrap(opening);
    if (status != STATUS_OK || !opening->turned)
        return status;
    status = wrap(opening);
    return status == STATUS_OK ? data_keys_replace(conn, &opening->row) : status;
}

/* A server that starts waits for the lock, and has the new key; one that runs has the old one. */
static enum status replace(struct store_conn *conn, void *context)
{
    struct opening *opening = context;
    uint8_t present[1][CRYPTO_KEY_SIZE];
    enum status status = run(conn, opening);

    if (status == STATUS_OK)
        status = data_keys_servers(conn, &opening->servers);
    if (status == STATUS_OK && opening->servers > 0)
        status = STATUS_CONFLICT;
    if (status != STATUS_OK)
        return status;
    opening->lost = opening->secrets = 0;
    memcpy(present[0], opening->out->data, CRYPTO_KEY_SIZE);
    crypto_random(opening->out->data, CRYPTO_KEY_SIZE);
    status = wrap(opening);
    if (status == STATUS_OK)
        status = rewrap_all(conn, opening,
                            &(struct from){(const uint8_t(*)[CRYPTO_KEY_SIZE])present, 1});
    crypto_wipe(present, sizeof present);
    return status == STATUS_OK ? data_keys_turn(conn, &opening->row, (int64_t)opening->secrets)
                               : status;
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
    else if (status == STATUS_CONFLICT)
        snprintf(problem, 256,
                 "mynad runs on this database (%lld connections), and would go on with the present "
                 "data key: stop it on every server; robots talk on meanwhile",
                 (long long)opening->servers);
    else
        snprintf(problem, 256, "the data key cannot be opened: %s", status_text(status));
}

enum status envelope_check(struct store_conn *conn, const struct authority *authority)
{
    uint8_t stamp[CRYPTO_KEY_SIZE];
    struct data_keys_row row = {0};
    enum status status = data_keys_look(conn, &row);

    /* without one this is the first data key still, or there is none at all */
    if (status == STATUS_OK && row.has_stamp)
        status = crypto_unwrap(authority_data_key(authority), STAMP,
                               span_of(row.stamp, sizeof row.stamp), stamp);
    crypto_wipe(stamp, sizeof stamp);
    return status == STATUS_FORGED || status == STATUS_NOT_FOUND ? STATUS_STALE : status;
}

static enum status transact(struct store *store, store_work task, struct opening *opening,
                            char problem[256])
{
    enum status status = arena_create(&opening->arena, ARENA_BYTES);

    if (status == STATUS_OK)
        status = store_transaction(store, task, opening);
    if (status != STATUS_OK)
        explain(opening, status, problem);
    if (status == STATUS_OK && opening->lost > 0)
        log_warning("mynad",
                    "%zu secrets in the database are under a key that is not here: they stay "
                    "unreadable until they are given again",
                    opening->lost);
    arena_free(opening->arena);
    return status;
}

enum status envelope_open(struct store *store, const struct master_keys *keys,
                          struct envelope_keys *out, bool *turned, char problem[256])
{
    struct opening opening = {.keys = keys, .out = out};
    enum status status = transact(store, run, &opening, problem);

    if (status == STATUS_OK && turned)
        *turned = opening.turned;
    return status;
}

/* The database notices a moment late that a server is gone. */
enum status envelope_replace(struct store *store, const struct master_keys *keys,
                             int64_t patience_ms, size_t *secrets, char problem[256])
{
    struct envelope_keys fresh;
    struct opening opening = {.keys = keys, .out = &fresh};
    struct backoff backoff;
    const int64_t until_ms = clock_mono_ms() + patience_ms;
    enum status status = transact(store, replace, &opening, problem);

    backoff_init(&backoff, 50, 500, 10);
    while (status == STATUS_CONFLICT && clock_mono_ms() < until_ms) {
        clock_sleep_ms(backoff_next(&backoff, crypto_random_u64()));
        status = transact(store, replace, &opening, problem);
    }
    crypto_wipe(&fresh, sizeof fresh);
    *secrets = opening.secrets;
    return status;
}

enum status envelope_enter(struct store *store, struct authority *authority, const char *state_dir,
                           const struct master_keys *given, char problem[256])
{
    struct master_keys keys = {0};
    struct envelope_keys own;
    bool turned = false;
    enum status status = master_load(state_dir, given, &keys, problem);

    if (status == STATUS_OK)
        status = envelope_open(store, &keys, &own, &turned, problem);
    if (status == STATUS_OK) {
        authority_adopt(authority, own.data, own.stamp);
        log_info("mynad", "the master key comes from %s%s", master_source_text(keys.source),
                 turned ? "; it is a new one, and the data key is wrapped by it now" : "");
    }
    crypto_wipe(&keys, sizeof keys);
    crypto_wipe(&own, sizeof own);
    return status;
}
