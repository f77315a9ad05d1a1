#include "server/store/sealing_keys.h"

#include <stddef.h>

#include "server/store/alarm.h"
#include "server/store/columns.h"
#include "server/store/keys.h"

static enum status from_row(const struct result *result, size_t i, struct sealing_keys_row *out)
{
    struct sealing_keys_row row;
    struct span signature = result_span(result, i, 3);

    if (result_bytes(result, i, 0, row.key_id, sizeof row.key_id) != STATUS_OK ||
        result_bytes(result, i, 1, row.public_key, sizeof row.public_key) != STATUS_OK ||
        result_bytes(result, i, 2, row.private_wrapped, sizeof row.private_wrapped) != STATUS_OK ||
        signature.size > sizeof row.signature)
        return STATUS_CORRUPT;
    memcpy(row.signature, signature.data, signature.size);
    row.signature_size = signature.size;
    row.valid_from_ms = result_time(result, i, 4);
    *out = row;
    return STATUS_OK;
}

enum status sealing_keys_live(struct store *store, struct sealing_keys_row out[SEALING_KEYS_LIVE],
                              size_t *count)
{
    STORE_STATEMENT(live, "SELECT key_id, public_key, private_wrapped, signature, valid_from"
                          " FROM myna.sealing_key WHERE retired_at IS NULL"
                          " ORDER BY valid_from DESC LIMIT $1");
    struct result result;
    enum status status =
        store_query(store, &live, STORE_VALUES(value_int(SEALING_KEYS_LIVE)), &result);

    if (status != STATUS_OK)
        return status;
    const size_t rows = result_count(&result);
    for (size_t i = 0; i < rows && status == STATUS_OK; i++)
        status = from_row(&result, i, &out[i]);
    result_release(&result);
    if (status == STATUS_OK)
        *count = rows;
    return status;
}

enum status sealing_keys_current(struct store *store, struct sealing_keys_row *out)
{
    struct sealing_keys_row rows[SEALING_KEYS_LIVE];
    size_t count = 0;
    enum status status = sealing_keys_live(store, rows, &count);

    if (status == STATUS_OK && count == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        *out = rows[0];
    return status;
}

static enum status add(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(lock, "LOCK TABLE myna.sealing_key IN SHARE ROW EXCLUSIVE MODE");
    STORE_STATEMENT(
        insert,
        "WITH k AS (INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature,"
        "             valid_from) SELECT $1, $2, $3, $4, $5"
        "           WHERE NOT EXISTS (SELECT FROM myna.sealing_key) RETURNING key_id)"
        "SELECT myna.audit_append('mynad', '', 'sealing_key.create',"
        "         'sealing-key/' || encode(k.key_id, 'hex'), NULL, NULL) FROM k");
    const struct sealing_keys_row *row = context;
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    if (status != STATUS_OK)
        return status;
    return store_exec(
        conn, &insert,
        STORE_VALUES(value_bytes(span_of(row->key_id, sizeof row->key_id)),
                     value_bytes(span_of(row->public_key, sizeof row->public_key)),
                     value_bytes(span_of(row->private_wrapped, sizeof row->private_wrapped)),
                     value_bytes(span_of(row->signature, row->signature_size)),
                     value_time(row->valid_from_ms)),
        NULL);
}

enum status sealing_keys_add_first(struct store *store, const struct sealing_keys_row *row)
{
    struct sealing_keys_row copy = *row;

    return store_transaction(store, add, &copy);
}

/* ---- the next one ---- */

struct following {
    const struct author *author;
    const struct sealing_keys_row *row;
    int64_t per_minute;
    struct arena *arena;
    struct document *out;
};

static const char *id_of(const uint8_t key_id[4], struct arena *arena)
{
    return arena_format(arena, "sealing-%02x%02x%02x%02x", key_id[0], key_id[1], key_id[2],
                        key_id[3]);
}

/* Another list of keys: whoever else changes it waits. */
static enum status begin_list(struct store_conn *conn, int64_t per_minute)
{
    STORE_STATEMENT(turn, "UPDATE myna.key_list SET number = number + 1, since = now(),"
                          " per_minute = coalesce(nullif($1::integer, 0), per_minute),"
                          " stepped_at = now(), is_settled = false");

    return store_exec(conn, &turn, STORE_VALUES(value_int(per_minute)), NULL);
}

/* A clock that went back would make the key older than the one that it follows. */
static enum status follow(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        insert,
        "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature, valid_from,"
        "  told_from) SELECT $1, $2, $3, $4, $5, l.number FROM myna.key_list l"
        " WHERE NOT EXISTS (SELECT FROM myna.sealing_key k WHERE k.retired_at IS NULL"
        "   AND k.valid_from >= $5)"
        " AND (SELECT count(*) FROM myna.sealing_key k WHERE k.retired_at IS NULL) = 1");
    STORE_STATEMENT(
        audit,
        "SELECT myna.audit_append($1, $2, 'sealing_key.rotate', 'key/' || $3::text,"
        "  (SELECT jsonb_build_object('id', 'sealing-' || encode(k.key_id, 'hex'))"
        "   FROM myna.sealing_key k WHERE k.retired_at IS NULL ORDER BY k.valid_from LIMIT 1),"
        "  jsonb_build_object('id', $3::text, 'per_minute', l.per_minute)),"
        " myna.tell('key', $3::text) FROM myna.key_list l");
    struct following *following = context;
    const struct sealing_keys_row *row = following->row;
    const char *id = id_of(row->key_id, following->arena);
    struct result result;

    if (id == NULL)
        return STATUS_MEMORY;
    enum status status = begin_list(conn, following->per_minute);
    if (status == STATUS_OK)
        status = store_exec(
            conn, &insert,
            STORE_VALUES(value_bytes(span_of(row->key_id, sizeof row->key_id)),
                         value_bytes(span_of(row->public_key, sizeof row->public_key)),
                         value_bytes(span_of(row->private_wrapped, sizeof row->private_wrapped)),
                         value_bytes(span_of(row->signature, row->signature_size)),
                         value_time(row->valid_from_ms)),
            &result);
    if (status != STATUS_OK)
        return status;
    const bool added = result_affected(&result) > 0;
    result_release(&result);
    if (!added)
        return STATUS_EXISTS;
    status = store_exec(conn, &audit,
                        STORE_VALUES(value_text(following->author->actor),
                                     value_text(following->author->source), value_text(id)),
                        NULL);
    return status == STATUS_OK ? keys_get_in(conn, id, following->arena, following->out) : status;
}

enum status sealing_keys_follow(struct store *store, const struct author *author,
                                const struct sealing_keys_row *row, int64_t per_minute,
                                struct arena *arena, struct document *out)
{
    struct following following = {author, row, per_minute, arena, out};

    return store_transaction(store, follow, &following);
}

/* ---- the end of one ---- */

struct retiring {
    const struct author *author;
    const struct sealing_keys_order *order;
    struct arena *arena;
    struct document *out;
    int64_t robots;
};

static enum status judge(struct store_conn *conn, struct retiring *retiring)
{
    STORE_STATEMENT(find, "SELECT item ->> 'state', (item ->> 'robots')::bigint"
                          " FROM myna.key_item WHERE id = $1 AND item ->> 'purpose' = 'sealing'");
    struct result result;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(retiring->order->id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        result_release(&result);
        return STATUS_NOT_FOUND;
    }
    const struct span state = result_span(&result, 0, 0);
    retiring->robots = result_int(&result, 0, 1);
    if (span_is_choice(state, "retired"))
        status = STATUS_EXISTS;
    else if (span_is_choice(state, "current"))
        status = STATUS_DENIED;
    else if (retiring->robots > 0 && !retiring->order->force)
        status = STATUS_CONFLICT;
    result_release(&result);
    return status;
}

static enum status retire(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(end, "UPDATE myna.sealing_key SET retired_at = now(), private_wrapped = '',"
                         " told_until = (SELECT number FROM myna.key_list)"
                         " WHERE 'sealing-' || encode(key_id, 'hex') = $1");
    STORE_STATEMENT(wipe,
                    "WITH mine AS (SELECT d.device_id FROM myna.device d JOIN myna.sealing_key k"
                    "   ON k.key_id = d.server_key_id"
                    "   WHERE 'sealing-' || encode(k.key_id, 'hex') = $1"
                    "   ORDER BY d.device_id FOR NO KEY UPDATE OF d)"
                    "UPDATE myna.device d SET secret_wrapped = '' FROM mine"
                    " WHERE d.device_id = mine.device_id");
    STORE_STATEMENT(audit,
                    "SELECT myna.audit_append($1, $2, 'sealing_key.retire', 'key/' || $3::text,"
                    "  NULL, jsonb_build_object('robots', $4::bigint, 'forced', $5::boolean,"
                    "  'reason', $6::text)), myna.tell('key', $3::text)");
    struct retiring *retiring = context;
    const struct sealing_keys_order *order = retiring->order;
    const struct value id = value_text(order->id);
    enum status status = begin_list(conn, 0);

    if (status == STATUS_OK)
        status = judge(conn, retiring);
    if (status == STATUS_OK)
        status = store_exec(conn, &end, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &wipe, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &audit,
                            STORE_VALUES(value_text(retiring->author->actor),
                                         value_text(retiring->author->source), id,
                                         value_int(retiring->robots),
                                         value_bool(order->force && retiring->robots > 0),
                                         value_text(order->reason)),
                            NULL);
    return status == STATUS_OK ? keys_get_in(conn, order->id, retiring->arena, retiring->out)
                               : status;
}

enum status sealing_keys_retire(struct store *store, const struct author *author,
                                const struct sealing_keys_order *order, struct arena *arena,
                                struct document *out, int64_t *robots)
{
    struct retiring retiring = {author, order, arena, out, 0};
    enum status status = store_transaction(store, retire, &retiring);

    *robots = retiring.robots;
    return status;
}

/* ---- steps ---- */

#define TELL_AT_ONCE 500
#define MOVE_AT_ONCE 200

struct stepping {
    const uint8_t *data_key;
    struct arena *arena;
    bool is_settled; /* as far as this step saw */
};

/* True in *due when there is something to do and nobody else does it. */
static enum status take_list(struct store_conn *conn, bool *due)
{
    STORE_STATEMENT(take, "SELECT FROM myna.key_list WHERE NOT is_settled FOR UPDATE SKIP LOCKED");
    struct result result;
    enum status status = store_exec(conn, &take, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *due = result_count(&result) > 0;
    result_release(&result);
    return STATUS_OK;
}

/* Whose turn it is: as many as the time since the last step allows. A robot that tries a rollout's
 * change is told when it has ended: a new generation would begin the trial anew. */
static enum status choose(struct store_conn *conn, struct stepping *stepping, const char ***ids,
                          size_t *count)
{
    STORE_STATEMENT(
        read, "WITH room AS (SELECT number, least($1, floor(extract(epoch FROM now() - stepped_at)"
              "     * per_minute / 60)::bigint) AS n FROM myna.key_list)"
              "SELECT l.device_id FROM myna.device_link l"
              " WHERE l.keys_told < (SELECT number FROM room)"
              " AND NOT EXISTS (SELECT FROM myna.rollout_device o WHERE o.device_id = l.device_id"
              "   AND o.is_open AND o.state = 'opened')"
              " ORDER BY l.device_id LIMIT (SELECT n FROM room)");
    struct result rows;
    enum status status = store_exec(conn, &read, STORE_VALUES(value_int(TELL_AT_ONCE)), &rows);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&rows);
    *ids = arena_take(stepping->arena, (*count + 1) * sizeof **ids);
    for (size_t i = 0; *ids != NULL && i < *count; i++)
        (*ids)[i] = arena_text(stepping->arena, result_span(&rows, i, 0));
    result_release(&rows);
    return arena_failed(stepping->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status look_for_more(struct store_conn *conn, struct stepping *stepping)
{
    STORE_STATEMENT(left, "SELECT EXISTS (SELECT FROM myna.device_link"
                          " WHERE keys_told < (SELECT number FROM myna.key_list))");
    struct result result;
    enum status status = store_exec(conn, &left, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    stepping->is_settled &= !result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static enum status tell(struct store_conn *conn, struct stepping *stepping)
{
    STORE_STATEMENT(touch, "SELECT myna.touch_devices($1::text[])");
    STORE_STATEMENT(note,
                    "UPDATE myna.device_link SET keys_told = (SELECT number FROM myna.key_list)"
                    " WHERE device_id = ANY ($1::text[])");
    STORE_STATEMENT(pace, "UPDATE myna.key_list SET stepped_at = now()");
    const char **ids;
    size_t count;
    enum status status = choose(conn, stepping, &ids, &count);

    if (status != STATUS_OK || count == 0)
        return status == STATUS_OK ? look_for_more(conn, stepping) : status;
    stepping->is_settled = false;
    status = store_exec(conn, &touch, STORE_VALUES(value_text_array(ids, count)), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &note, STORE_VALUES(value_text_array(ids, count)), NULL);
    return status == STATUS_OK ? store_exec(conn, &pace, STORE_NO_VALUES, NULL) : status;
}

/* A robot that uses another key than the one its secret is kept for. Plain data, in the arena. */
struct mover {
    const char *device_id;
    struct span key_id;
    struct span secret_wrapped;
};

/* Columns: device, its public key, key, the key's private half. */
static enum status agree(const struct stepping *stepping, const struct result *rows, size_t i,
                         struct mover *out)
{
    uint8_t private_key[PKI_X25519_SIZE], public_key[PKI_X25519_SIZE], secret[PKI_X25519_SIZE];
    uint8_t *wrapped = arena_take(stepping->arena, PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD);
    const char *device_id = arena_text(stepping->arena, result_span(rows, i, 0));
    const char *purpose = arena_format(stepping->arena, "pair:%s", device_id ? device_id : "");
    const struct span private_wrapped = result_span(rows, i, 3);

    if (wrapped == NULL || device_id == NULL || purpose == NULL)
        return STATUS_MEMORY;
    if (private_wrapped.size != sizeof private_key + CRYPTO_WRAP_OVERHEAD)
        return STATUS_CORRUPT;
    enum status status = result_bytes(rows, i, 1, public_key, sizeof public_key);
    if (status == STATUS_OK)
        status = crypto_unwrap(stepping->data_key, "sealing-key", private_wrapped, private_key);
    if (status == STATUS_OK)
        status = pki_agree(private_key, public_key, secret);
    if (status == STATUS_OK)
        status = crypto_wrap(stepping->data_key, purpose, span_of(secret, sizeof secret), wrapped);
    crypto_wipe(private_key, sizeof private_key);
    crypto_wipe(secret, sizeof secret);
    *out = (struct mover){device_id, result_copy(rows, i, 2, stepping->arena),
                          span_of(wrapped, PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD)};
    return status;
}

static enum status move(struct store_conn *conn, struct stepping *stepping)
{
    STORE_STATEMENT(find, "SELECT d.device_id, d.sealing_public, k.key_id, k.private_wrapped"
                          " FROM myna.device_link l JOIN myna.device d USING (device_id)"
                          " JOIN myna.sealing_key k ON k.key_id = l.sealed_key_id"
                          " WHERE k.retired_at IS NULL AND d.server_key_id <> k.key_id"
                          " AND d.status IN ('active', 'quarantined')"
                          " ORDER BY d.device_id LIMIT $1 FOR NO KEY UPDATE OF d");
    STORE_STATEMENT(set, "UPDATE myna.device d SET server_key_id = v.key_id,"
                         " secret_wrapped = v.wrapped"
                         " FROM unnest($1::text[], $2::bytea[], $3::bytea[])"
                         "   AS v(device_id, key_id, wrapped) WHERE d.device_id = v.device_id");
    struct result rows;
    enum status status = store_exec(conn, &find, STORE_VALUES(value_int(MOVE_AT_ONCE)), &rows);

    if (status != STATUS_OK)
        return status;
    const size_t count = result_count(&rows);
    struct mover *movers = arena_take(stepping->arena, (count + 1) * sizeof *movers);
    for (size_t i = 0; movers != NULL && i < count && status == STATUS_OK; i++)
        status = agree(stepping, &rows, i, &movers[i]);
    result_release(&rows);
    if (status != STATUS_OK || arena_failed(stepping->arena))
        return status == STATUS_OK ? STATUS_MEMORY : status;
    if (count == 0)
        return STATUS_OK;
    stepping->is_settled = false;
    const struct columns columns = {stepping->arena, movers, count, sizeof *movers};
    const struct value ids = columns_text(&columns, offsetof(struct mover, device_id));
    const struct value key_ids = columns_bytes(&columns, offsetof(struct mover, key_id));
    const struct value wrapped = columns_bytes(&columns, offsetof(struct mover, secret_wrapped));
    return arena_failed(stepping->arena)
               ? STATUS_MEMORY
               : store_exec(conn, &set, STORE_VALUES(ids, key_ids, wrapped), NULL);
}

/* While a key is retiring robots may come to the new one at any time. */
static enum status settle(struct store_conn *conn, const struct stepping *stepping)
{
    STORE_STATEMENT(end,
                    "UPDATE myna.key_list SET is_settled = true"
                    " WHERE (SELECT count(*) FROM myna.sealing_key WHERE retired_at IS NULL) = 1");

    return stepping->is_settled ? store_exec(conn, &end, STORE_NO_VALUES, NULL) : STATUS_OK;
}

static enum status step(struct store_conn *conn, void *context)
{
    struct stepping *stepping = context;
    bool due = false;
    enum status status = take_list(conn, &due);

    stepping->is_settled = true;
    if (status != STATUS_OK || !due)
        return status;
    arena_reset(stepping->arena);
    status = move(conn, stepping);
    if (status == STATUS_OK)
        status = tell(conn, stepping);
    return status == STATUS_OK ? settle(conn, stepping) : status;
}

enum status sealing_keys_step(struct store *store, const uint8_t data_key[CRYPTO_KEY_SIZE],
                              struct arena *arena)
{
    struct stepping stepping = {.data_key = data_key, .arena = arena};

    return store_transaction(store, step, &stepping);
}

/* ---- who was left behind and came back ---- */

static enum status welcome(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(find, "SELECT a.subject FROM myna.alert a"
                          " WHERE a.kind = 'key_left_behind' AND a.state <> 'cleared'"
                          " AND NOT EXISTS (SELECT FROM myna.device d"
                          "   JOIN myna.device_link l USING (device_id)"
                          "   LEFT JOIN myna.sealing_key k ON k.key_id = l.sealed_key_id"
                          "   WHERE 'device/' || d.device_id = a.subject"
                          "   AND d.status IN ('active', 'quarantined')"
                          "   AND (k.key_id IS NULL OR k.retired_at IS NOT NULL))"
                          " ORDER BY a.subject LIMIT 100");
    struct arena *arena = context;
    struct result rows;
    enum status status = store_exec(conn, &find, STORE_NO_VALUES, &rows);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < result_count(&rows) && status == STATUS_OK; i++) {
        const char *subject = arena_text(arena, result_span(&rows, i, 0));

        status = subject != NULL ? alarm_end(conn, "key_left_behind", subject) : STATUS_MEMORY;
    }
    result_release(&rows);
    return status;
}

enum status sealing_keys_welcome(struct store *store, struct arena *arena)
{
    bool some = false;
    enum status status = alarm_is_current(store, "key_left_behind", &some);

    return status == STATUS_OK && some ? store_transaction(store, welcome, arena) : status;
}
