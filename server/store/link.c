#include "server/store/link.h"

#include <stddef.h>
#include <string.h>

#include "server/store/columns.h"

static enum status keys_from_row(const struct result *result, struct link_keys *keys)
{
    if (result_is_null(result, 0, 1))
        return STATUS_DENIED;
    if (result_bool(result, 0, 4))
        return STATUS_STALE;
    enum status status =
        result_bytes(result, 0, 0, keys->device_public, sizeof keys->device_public);
    if (status == STATUS_OK)
        status = result_bytes(result, 0, 1, keys->server_public, sizeof keys->server_public);
    keys->has_secret = !result_is_null(result, 0, 2);
    if (status == STATUS_OK && keys->has_secret)
        status = result_bytes(result, 0, 2, keys->secret_wrapped, sizeof keys->secret_wrapped);
    if (status == STATUS_OK && !keys->has_secret)
        status = result_bytes(result, 0, 3, keys->private_wrapped, sizeof keys->private_wrapped);
    return status;
}

enum status link_find_keys(struct store *store, const char *device_id,
                           const uint8_t server_key_id[LINK_KEY_ID_SIZE], struct link_keys *out)
{
    STORE_STATEMENT(find,
                    "SELECT d.sealing_public, k.public_key,"
                    " CASE WHEN k.key_id = d.server_key_id THEN nullif(d.secret_wrapped, '') END,"
                    " k.private_wrapped, k.retired_at IS NOT NULL"
                    " FROM myna.device d LEFT JOIN myna.device_link l USING (device_id)"
                    " LEFT JOIN myna.sealing_key k ON k.key_id = coalesce(nullif($2::bytea, ''),"
                    "   myna.pair_key(l.sealed_key_id, d.server_key_id))"
                    " WHERE d.device_id = $1");
    const struct span key_id =
        server_key_id ? span_of(server_key_id, LINK_KEY_ID_SIZE) : span_of(NULL, 0);
    struct result result = {0};
    struct link_keys keys = {0};
    enum status status = store_query(
        store, &find, STORE_VALUES(value_text(device_id), value_bytes(key_id)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? keys_from_row(&result, &keys) : STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        *out = keys;
    result_release(&result);
    return status;
}

static void session_from_row(const struct result *result, size_t i, struct session *session)
{
    session->number = (uint64_t)result_int(result, i, 3);
    if (!result_is_null(result, i, 4) && result_span(result, i, 4).size == sizeof session->id)
        memcpy(session->id, result_span(result, i, 4).data, sizeof session->id);
    session->has_hello = result_bool(result, i, 5);
    session->counter_top = (uint64_t)result_int(result, i, 6);
    session->counter_window = (uint64_t)result_int(result, i, 7);
    session->ended = (uint64_t)result_int(result, i, 8);
    session->ended_at_ms = result_time(result, i, 9);
    session->broker = (uint8_t)result_int(result, i, 22);
}

static void row_from_row(const struct result *result, size_t i, struct arena *arena,
                         struct link_row *row)
{
    struct span journal_id = result_span(result, i, 16);

    *row = (struct link_row){0};
    if (span_to_text(result_span(result, i, 0), row->device_id, sizeof row->device_id) != STATUS_OK)
        row->device_id[0] = 0;
    row->is_active = result_bool(result, i, 1);
    row->last_seen_ms = result_time(result, i, 2);
    session_from_row(result, i, &row->session);
    row->desired_generation = result_int(result, i, 10);
    row->desired_hash = result_copy(result, i, 11, arena);
    row->held_generation = result_int(result, i, 12);
    row->reported_generation = result_int(result, i, 13);
    row->reported_hash = result_copy(result, i, 14, arena);
    row->reported_at_ms = result_time(result, i, 15);
    if (journal_id.size == sizeof row->journal_id)
        memcpy(row->journal_id, journal_id.data, sizeof row->journal_id);
    row->clock_offset_ms = result_int(result, i, 17);
    row->stale_messages = result_int(result, i, 18);
    row->forged_messages = result_int(result, i, 19);
    row->epoch = result_int(result, i, 20);
    row->is_quarantined = result_bool(result, i, 21);
    row->sealed_key_id = result_copy(result, i, 23, arena);
    row->live_keys = result_copy(result, i, 24, arena);
}

enum status link_lock(struct store_conn *conn, struct arena *arena, const char *const *ids,
                      size_t count, struct link_row *rows, size_t *found)
{
    STORE_STATEMENT(
        lock, "SELECT l.device_id, d.status IN ('active', 'quarantined'), l.last_seen,"
              " l.session_number, l.session_id, l.session_hello, l.counter_top, l.counter_window,"
              " l.ended_session, l.ended_at, l.desired_generation, l.desired_hash,"
              " l.held_generation, l.reported_generation, l.reported_hash, l.reported_at,"
              " l.journal_id, l.clock_offset_ms, l.stale_messages, l.forged_messages,"
              " (SELECT epoch FROM myna.installation), d.status = 'quarantined',"
              " l.session_broker, l.sealed_key_id,"
              " (SELECT string_agg(key_id, '') FROM myna.sealing_key WHERE retired_at IS NULL)"
              " FROM myna.device_link l JOIN myna.device d USING (device_id)"
              " WHERE l.device_id = ANY ($1::text[])"
              " ORDER BY l.device_id FOR UPDATE OF l");
    struct result result = {0};
    enum status status =
        store_exec(conn, &lock, STORE_VALUES(value_text_array(ids, count)), &result);

    if (status != STATUS_OK)
        return status;
    *found = result_count(&result);
    for (size_t i = 0; i < *found && i < count; i++)
        row_from_row(&result, i, arena, &rows[i]);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* A row as its columns are sent. A time of 0 stands for NULL. */
struct flat {
    const char *device_id;
    int64_t last_seen_ms;
    int64_t session_number, session_hello, session_broker, counter_top, counter_window, ended;
    int64_t ended_at_ms;
    struct span session_id;
    int64_t desired_generation, held_generation, reported_generation, reported_at_ms;
    struct span reported_hash, sealed_key_id;
    uint8_t journal_id[16];
    int64_t clock_offset_ms, stale_messages, forged_messages, send_now;
    const char *software, *hardware, *capabilities, *health, *credit, *settings;
    const char *changed_settings;
    const char *trial, *packages, *utc_offset;
};

static struct flat flatten(const struct link_row *row)
{
    struct flat flat = {
        .device_id = row->device_id,
        .last_seen_ms = row->last_seen_ms,
        .session_number = (int64_t)row->session.number,
        .session_hello = row->session.has_hello,
        .session_broker = row->session.broker,
        .counter_top = (int64_t)row->session.counter_top,
        .counter_window = (int64_t)row->session.counter_window,
        .ended = (int64_t)row->session.ended,
        .ended_at_ms = row->session.ended_at_ms,
        .session_id = span_of(row->session.id, sizeof row->session.id),
        .desired_generation = row->desired_generation,
        .held_generation = row->held_generation,
        .reported_generation = row->reported_generation,
        .reported_at_ms = row->reported_at_ms,
        .reported_hash = row->reported_hash,
        .sealed_key_id = row->sealed_key_id,
        .clock_offset_ms = row->clock_offset_ms,
        .stale_messages = row->stale_messages,
        .forged_messages = row->forged_messages,
        .send_now = row->send_now,
        .software = row->software,
        .hardware = row->hardware,
        .capabilities = row->capabilities,
        .health = row->health,
        .credit = row->credit,
        .settings = row->settings,
        .changed_settings = row->changed_settings,
        .trial = row->trial,
        .packages = row->packages,
        .utc_offset = row->utc_offset,
    };

    memcpy(flat.journal_id, row->journal_id, sizeof flat.journal_id);
    return flat;
}

static void fill_numbers(const struct columns *columns, struct value values[21])
{
    size_t n = 0;

    values[n++] = columns_text(columns, offsetof(struct flat, device_id));
    values[n++] = columns_time(columns, offsetof(struct flat, last_seen_ms));
    values[n++] = columns_int(columns, offsetof(struct flat, session_number));
    values[n++] = columns_bytes(columns, offsetof(struct flat, session_id));
    values[n++] = columns_int(columns, offsetof(struct flat, session_hello));
    values[n++] = columns_int(columns, offsetof(struct flat, counter_top));
    values[n++] = columns_int(columns, offsetof(struct flat, counter_window));
    values[n++] = columns_int(columns, offsetof(struct flat, ended));
    values[n++] = columns_time(columns, offsetof(struct flat, ended_at_ms));
    values[n++] = columns_int(columns, offsetof(struct flat, desired_generation));
    values[n++] = columns_int(columns, offsetof(struct flat, held_generation));
    values[n++] = columns_int(columns, offsetof(struct flat, reported_generation));
    values[n++] = columns_time(columns, offsetof(struct flat, reported_at_ms));
    values[n++] = columns_bytes(columns, offsetof(struct flat, reported_hash));
    values[n++] = columns_uuid(columns, offsetof(struct flat, journal_id));
    values[n++] = columns_int(columns, offsetof(struct flat, clock_offset_ms));
    values[n++] = columns_int(columns, offsetof(struct flat, stale_messages));
    values[n++] = columns_int(columns, offsetof(struct flat, forged_messages));
    values[n++] = columns_int(columns, offsetof(struct flat, send_now));
    values[n++] = columns_int(columns, offsetof(struct flat, session_broker));
    values[n++] = columns_bytes(columns, offsetof(struct flat, sealed_key_id));
}

static void fill_facts(const struct columns *columns, struct value values[10])
{
    size_t n = 0;

    values[n++] = columns_text(columns, offsetof(struct flat, software));
    values[n++] = columns_text(columns, offsetof(struct flat, hardware));
    values[n++] = columns_text(columns, offsetof(struct flat, capabilities));
    values[n++] = columns_text(columns, offsetof(struct flat, health));
    values[n++] = columns_text(columns, offsetof(struct flat, credit));
    values[n++] = columns_text(columns, offsetof(struct flat, settings));
    values[n++] = columns_text(columns, offsetof(struct flat, changed_settings));
    values[n++] = columns_text(columns, offsetof(struct flat, trial));
    values[n++] = columns_text(columns, offsetof(struct flat, packages));
    values[n++] = columns_text(columns, offsetof(struct flat, utc_offset));
}

enum status link_save(struct store_conn *conn, struct arena *arena, const struct link_row *rows,
                      size_t count)
{
    STORE_STATEMENT(
        save,
        "UPDATE myna.device_link l SET"
        " last_seen = nullif(v.last_seen, 'epoch'), session_number = v.session_number,"
        " session_id = CASE WHEN v.session_number > 0 THEN v.session_id END,"
        " session_hello = v.session_hello <> 0, session_broker = v.broker,"
        " counter_top = v.counter_top, counter_window = v.counter_window,"
        " ended_session = v.ended, ended_at = nullif(v.ended_at, 'epoch'),"
        " desired_since = CASE WHEN l.desired_generation = v.desired THEN l.desired_since"
        "                      ELSE now() END,"
        " desired_hash = CASE WHEN l.desired_generation = v.desired THEN l.desired_hash END,"
        " desired_generation = v.desired, held_generation = v.held,"
        " reported_generation = v.reported, reported_at = nullif(v.reported_at, 'epoch'),"
        " reported_hash = nullif(v.reported_hash, ''),"
        " journal_id = nullif(v.journal_id, '00000000-0000-0000-0000-000000000000'),"
        " clock_offset_ms = v.clock_offset, stale_messages = v.stale,"
        " forged_messages = v.forged, sealed_key_id = nullif(v.sealed, ''),"
        " config_due = CASE WHEN v.send_now <> 0 THEN now() ELSE l.config_due END,"
        " config_sends = CASE WHEN v.send_now <> 0 THEN 0 ELSE l.config_sends END,"
        " software = coalesce(v.software, l.software),"
        " hardware = coalesce(v.hardware, l.hardware),"
        " capabilities = coalesce(v.capabilities::jsonb, l.capabilities),"
        " health = coalesce(v.health::jsonb, l.health),"
        " credit = coalesce(v.credit::jsonb, l.credit),"
        " trial = coalesce(v.trial::jsonb, l.trial),"
        " packages = coalesce(v.packages::jsonb, l.packages),"
        " utc_offset = nullif(coalesce(v.utc_offset, l.utc_offset), ''),"
        " setting_status = CASE WHEN v.changed IS NULL"
        "   THEN coalesce(v.settings::jsonb, l.setting_status)"
        "   ELSE coalesce((SELECT jsonb_agg(kept) FROM jsonb_array_elements("
        "       coalesce(v.settings::jsonb, l.setting_status)) kept"
        "     WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(v.changed::jsonb) told"
        "                       WHERE told ->> 'name' = kept ->> 'name')), '[]')"
        "     || v.changed::jsonb END"
        " FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bytea[], $5::bigint[],"
        " $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[], $10::bigint[],"
        " $11::bigint[], $12::bigint[], $13::timestamptz[], $14::bytea[], $15::uuid[],"
        " $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bytea[],"
        " $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[],"
        " $28::text[], $29::text[], $30::text[], $31::text[])"
        " AS v(device_id, last_seen, session_number, session_id, session_hello, counter_top,"
        " counter_window, ended, ended_at, desired, held, reported, reported_at, reported_hash,"
        " journal_id, clock_offset, stale, forged, send_now, broker, sealed, software, hardware,"
        " capabilities, health, credit, settings, changed, trial, packages, utc_offset)"
        " WHERE l.device_id = v.device_id");
    struct flat *flat = arena_take(arena, count * sizeof *flat);
    struct value values[31];

    if (!flat)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++)
        flat[i] = flatten(&rows[i]);
    const struct columns columns = {arena, flat, count, sizeof *flat};
    fill_numbers(&columns, values);
    fill_facts(&columns, values + 21);
    return arena_failed(arena) ? STATUS_MEMORY : store_exec(conn, &save, values, 31, NULL);
}

enum status link_quarantine(struct store_conn *conn, const char *device_id, const char *reason)
{
    STORE_STATEMENT(
        quarantine,
        "WITH d AS (UPDATE myna.device SET status = 'quarantined', version = version + 1"
        "           WHERE device_id = $1 AND status = 'active' RETURNING device_id),"
        " left_by AS (SELECT myna.group_refresh(NULL, ARRAY[d.device_id::text]) FROM d)"
        "SELECT myna.audit_append('mynad', '', 'device.quarantine', 'device/' || d.device_id,"
        "         jsonb_build_object('status', 'active'),"
        "         jsonb_build_object('status', 'quarantined', 'reason', $2::text)),"
        "       myna.tell('device', d.device_id)"
        " FROM d CROSS JOIN (SELECT count(*) FROM left_by) l");

    return store_exec(conn, &quarantine, STORE_VALUES(value_text(device_id), value_text(reason)),
                      NULL);
}
