#include "server/store/dispatch.h"

#include <stddef.h>
#include <string.h>

#include "server/store/columns.h"
#include "server/store/events.h"

/* Columns 0 to 5 of all claims. */
static enum status target_from_row(const struct result *result, size_t i, struct arena *arena,
                                   struct dispatch_target *target)
{
    *target = (struct dispatch_target){0};
    target->device_id = arena_text(arena, result_span(result, i, 0));
    target->session_number = (uint64_t)result_int(result, i, 1);
    target->epoch = result_int(result, i, 3);
    target->broker = (uint8_t)result_int(result, i, 6);
    enum status status = result_bytes(result, i, 2, target->session_id, sizeof target->session_id);
    if (status == STATUS_OK)
        status = result_bytes(result, i, 4, target->device_public, sizeof target->device_public);
    if (status == STATUS_OK)
        status = result_bytes(result, i, 5, target->server_key_id, sizeof target->server_key_id);
    return status;
}

enum status dispatch_claim_configs(struct store_conn *conn, struct arena *arena, size_t limit,
                                   struct dispatch_target *out, size_t *count)
{
    STORE_STATEMENT(
        claim, "SELECT l.device_id, l.session_number, l.session_id,"
               " (SELECT epoch FROM myna.installation), d.sealing_public,"
               " myna.pair_key(l.sealed_key_id, d.server_key_id),"
               " l.session_broker, l.desired_generation, CASE WHEN l.config_sends = 0"
               "   AND l.reported_generation = l.desired_generation - 1 THEN l.told_lines END,"
               " j.journal_id, j.watermark_seq, j.watermark_hash, j.status, l.keys_told"
               " FROM myna.device_link l JOIN myna.device d USING (device_id)"
               " LEFT JOIN myna.journal j USING (device_id, journal_id)"
               " WHERE l.reported_generation < l.desired_generation AND l.config_due <= now()"
               " AND l.session_hello AND l.session_number > l.ended_session"
               " AND d.status IN ('active', 'quarantined')"
               " ORDER BY l.config_sends > 0, l.config_due LIMIT $1 FOR UPDATE OF l SKIP LOCKED");
    struct result result = {0};
    enum status status = store_exec(conn, &claim, STORE_VALUES(value_int((int64_t)limit)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = target_from_row(&result, i, arena, &out[i]);
        out[i].generation = result_int(&result, i, 7);
        out[i].told_lines = result_copy(&result, i, 8, arena);
        if (status == STATUS_OK && !result_is_null(&result, i, 9))
            status = journal_from_row(&result, i, 9, &out[i].journal);
        out[i].keys_told = result_int(&result, i, 13);
    }
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status dispatch_claim_states(struct store_conn *conn, struct arena *arena, size_t limit,
                                  struct dispatch_target *out, size_t *count)
{
    STORE_STATEMENT(claim,
                    "WITH due AS (SELECT l.device_id, d.sealing_public,"
                    "   myna.pair_key(l.sealed_key_id, d.server_key_id) AS server_key_id,"
                    "   j.journal_id, j.watermark_seq, j.watermark_hash, j.status"
                    "   FROM myna.device_link l JOIN myna.device d USING (device_id)"
                    "   JOIN myna.journal j USING (device_id, journal_id)"
                    "   WHERE l.state_due <= now()"
                    "   AND l.session_hello AND l.session_number > l.ended_session"
                    "   AND d.status IN ('active', 'quarantined')"
                    "   ORDER BY l.state_due LIMIT $1 FOR UPDATE OF l SKIP LOCKED)"
                    " UPDATE myna.device_link l SET state_sends = l.state_sends + 1,"
                    " state_due = CASE WHEN EXISTS (SELECT"
                    "     FROM myna.credit_account a WHERE a.device_id = l.device_id"
                    "     AND a.return_to > a.returned)"
                    "   THEN now() + make_interval(secs =>"
                    "     least(30, 2 * 2.0 ^ least(l.state_sends, 4))) END"
                    " FROM due WHERE l.device_id = due.device_id"
                    " RETURNING l.device_id, l.session_number, l.session_id,"
                    " (SELECT epoch FROM myna.installation), due.sealing_public, due.server_key_id,"
                    " l.session_broker, l.desired_generation, due.journal_id,"
                    " due.watermark_seq, due.watermark_hash, due.status");
    struct result result = {0};
    enum status status = store_exec(conn, &claim, STORE_VALUES(value_int((int64_t)limit)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = target_from_row(&result, i, arena, &out[i]);
        out[i].generation = result_int(&result, i, 7);
        if (status == STATUS_OK)
            status = journal_from_row(&result, i, 8, &out[i].journal);
    }
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

/* Who looks at their commands hears that these changed; sends_at: of a column that is 1 in the rows
 * to tell of, -1: all are. */
static enum status tell_commands(struct store_conn *conn, struct arena *arena,
                                 const struct result *result, int sends_at)
{
    const char **ids = arena_take(arena, (result_count(result) + 1) * sizeof *ids);
    size_t count = 0;

    if (!ids)
        return STATUS_MEMORY;
    for (size_t i = 0; i < result_count(result); i++)
        if (sends_at < 0 || result_int(result, i, sends_at) == 1)
            ids[count++] = arena_text(arena, result_span(result, i, 0));
    return arena_failed(arena) ? STATUS_MEMORY : events_tell(conn, "command", ids, count);
}

enum status dispatch_claim_commands(struct store_conn *conn, struct arena *arena, size_t limit,
                                    struct dispatch_target *out, size_t *count)
{
    STORE_STATEMENT(
        claim,
        "WITH due AS (SELECT c.command_id, d.sealing_public,"
        "   myna.pair_key(l.sealed_key_id, d.server_key_id) AS server_key_id FROM myna.command c"
        "   JOIN myna.device_link l USING (device_id) JOIN myna.device d USING (device_id)"
        "   WHERE c.send_due <= now() AND c.expires_at > now()"
        "   AND c.status IN ('waiting', 'sent')"
        "   AND l.session_hello AND l.session_number > l.ended_session"
        "   AND d.status IN ('active', 'quarantined')"
        "   ORDER BY c.send_due LIMIT $1 FOR UPDATE OF c SKIP LOCKED)"
        " UPDATE myna.command c SET status = 'sent', sends = c.sends + 1,"
        " send_due = now() + make_interval(secs =>"
        "   greatest(2, random() * least(60, 2 * 2.0 ^ least(c.sends, 10))))"
        " FROM due, myna.device_link l"
        " WHERE c.command_id = due.command_id AND l.device_id = c.device_id"
        " RETURNING l.device_id, l.session_number, l.session_id,"
        " (SELECT epoch FROM myna.installation), due.sealing_public, due.server_key_id,"
        " l.session_broker, c.command_id, c.kind, c.text, c.expires_at, c.sends");
    struct result result = {0};
    enum status status = store_exec(conn, &claim, STORE_VALUES(value_int((int64_t)limit)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = target_from_row(&result, i, arena, &out[i]);
        if (status == STATUS_OK)
            status = result_bytes(&result, i, 7, out[i].command_id, sizeof out[i].command_id);
        out[i].command_kind = arena_text(arena, result_span(&result, i, 8));
        out[i].command_text = arena_text(arena, result_span(&result, i, 9));
        out[i].command_expires_ms = result_time(&result, i, 10);
    }
    if (status == STATUS_OK)
        status = tell_commands(conn, arena, &result, 11);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status dispatch_note_sent(struct store_conn *conn, struct arena *arena,
                               const struct dispatch_sent *sent, size_t count)
{
    /* the pause: 2 s doubling to 5 min with full jitter, never below 2 s */
    STORE_STATEMENT(note,
                    "UPDATE myna.device_link l SET config_sends = l.config_sends + 1,"
                    " config_due = now() + make_interval(secs =>"
                    "   greatest(2, random() * least(300, 2 * 2.0 ^ least(l.config_sends, 10)))),"
                    " desired_hash = coalesce(nullif(v.hash, ''), l.desired_hash),"
                    " told_lines = nullif(v.told_lines, '')"
                    " FROM unnest($1::text[], $2::bytea[], $3::bytea[])"
                    " AS v(device_id, hash, told_lines)"
                    " WHERE l.device_id = v.device_id");
    const struct columns columns = {arena, sent, count, sizeof *sent};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct dispatch_sent, device_id)),
        columns_bytes(&columns, offsetof(struct dispatch_sent, hash)),
        columns_bytes(&columns, offsetof(struct dispatch_sent, told_lines)),
    };

    return arena_failed(arena) ? STATUS_MEMORY : store_exec(conn, &note, values, 3, NULL);
}

enum status dispatch_finish_commands(struct store_conn *conn, struct arena *arena,
                                     const struct dispatch_answer *answers, size_t count)
{
    STORE_STATEMENT(finish, "UPDATE myna.command c SET status = v.status, reason = v.reason,"
                            " replied_at = now(), send_due = NULL"
                            " FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[])"
                            " AS v(device_id, command_id, status, reason)"
                            " WHERE c.command_id = v.command_id AND c.device_id = v.device_id"
                            " AND c.status IN ('waiting', 'sent', 'expired')"
                            " RETURNING c.command_id::text");
    const struct columns columns = {arena, answers, count, sizeof *answers};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct dispatch_answer, device_id)),
        columns_uuid(&columns, offsetof(struct dispatch_answer, command_id)),
        columns_text(&columns, offsetof(struct dispatch_answer, status)),
        columns_text(&columns, offsetof(struct dispatch_answer, reason)),
    };
    struct result result = {0};

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &finish, values, 4, &result);
    if (status == STATUS_OK)
        status = tell_commands(conn, arena, &result, -1);
    result_release(&result);
    return status;
}

enum status dispatch_keep_picture(struct store_conn *conn, const char *device_id, struct span png)
{
    STORE_STATEMENT(keep, "INSERT INTO myna.face_picture (device_id, at, png)"
                          " VALUES ($1, now(), $2)"
                          " ON CONFLICT (device_id) DO UPDATE SET at = now(), png = excluded.png"
                          " RETURNING myna.tell('face', device_id)");

    return store_exec(conn, &keep, STORE_VALUES(value_text(device_id), value_bytes(png)), NULL);
}

enum status dispatch_keep_bundle(struct store_conn *conn, const char *device_id,
                                 const uint8_t command_id[16], struct span document)
{
    STORE_STATEMENT(keep, "INSERT INTO myna.bundle (bundle_id, device_id, asked_by, document)"
                          " SELECT c.command_id, c.device_id, c.created_by, $3 FROM myna.command c"
                          " WHERE c.command_id = $2 AND c.device_id = $1 AND c.kind = 'bundle'"
                          " AND c.status IN ('waiting', 'sent', 'expired')"
                          " ON CONFLICT (bundle_id) DO NOTHING"
                          " RETURNING myna.tell('bundle', device_id)");

    return store_exec(
        conn, &keep,
        STORE_VALUES(value_text(device_id), value_uuid(command_id), value_bytes(document)), NULL);
}

enum status dispatch_keep_proof(struct store_conn *conn, const char *device_id,
                                const uint8_t command_id[16], struct span document)
{
    STORE_STATEMENT(keep, "UPDATE myna.transfer SET answer = $3 WHERE transfer_id = $2"
                          " AND device_id = $1 AND state = 'waiting'");

    return store_exec(
        conn, &keep,
        STORE_VALUES(value_text(device_id), value_uuid(command_id), value_bytes(document)), NULL);
}

enum status dispatch_list_revoked(struct store *store, struct arena *arena, struct span *ids)
{
    STORE_STATEMENT(list,
                    "SELECT coalesce(string_agg(f.device_id, E'\\n' ORDER BY f.device_id), '')"
                    " FROM (SELECT device_id::text FROM myna.device"
                    "       WHERE status IN ('revoked', 'retired')"
                    "       UNION SELECT device_id::text FROM myna.revoked_before) f");

    return store_json(store, &list, STORE_NO_VALUES, arena, ids);
}

enum status dispatch_read_settings(struct store_conn *conn, struct arena *arena,
                                   const char *const *ids, size_t id_count,
                                   struct dispatch_setting **settings, size_t *count)
{
    STORE_STATEMENT(read, "SELECT device_id, name, value::text FROM myna.effective_setting"
                          " WHERE device_id = ANY ($1::text[]) AND name <> 'routes'"
                          " ORDER BY device_id COLLATE \"C\", name COLLATE \"C\"");
    struct result result = {0};
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text_array(ids, id_count)), &result);

    if (status != STATUS_OK)
        return status;
    size_t rows = result_count(&result);
    struct dispatch_setting *found = arena_take(arena, (rows + 1) * sizeof *found);
    for (size_t i = 0; found && i < rows; i++) {
        found[i].device_id = arena_text(arena, result_span(&result, i, 0));
        found[i].name = arena_text(arena, result_span(&result, i, 1));
        found[i].value = arena_text(arena, result_span(&result, i, 2));
    }
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *settings = found;
    *count = rows;
    return STATUS_OK;
}

enum status dispatch_read_sealing_keys(struct store_conn *conn, struct arena *arena,
                                       struct dispatch_sealing_key out[DISPATCH_KEYS],
                                       size_t *count)
{
    STORE_STATEMENT(read, "SELECT public_key, valid_from, signature, told_from,"
                          " coalesce(told_until, 2147483647), signature_before, signed_from"
                          " FROM myna.sealing_key"
                          " ORDER BY valid_from DESC, key_id LIMIT $1");
    struct result result = {0};
    enum status status = store_exec(conn, &read, STORE_VALUES(value_int(DISPATCH_KEYS)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = result_bytes(&result, i, 0, out[i].public_key, sizeof out[i].public_key);
        out[i].valid_from_ms = result_time(&result, i, 1);
        out[i].signature = result_copy(&result, i, 2, arena);
        out[i].told_from = result_int(&result, i, 3);
        out[i].told_until = result_int(&result, i, 4);
        out[i].signature_before = result_copy(&result, i, 5, arena);
        out[i].signed_from = result_int(&result, i, 6);
    }
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status dispatch_read_authorities(struct store_conn *conn,
                                      struct dispatch_authority out[DISPATCH_AUTHORITIES],
                                      size_t *count)
{
    STORE_STATEMENT(read, "SELECT id, told_from, purpose = 'server-ca',"
                          " coalesce(told_until, 2147483647) FROM (SELECT *, row_number() OVER"
                          "   (PARTITION BY purpose ORDER BY number DESC) AS place"
                          "   FROM myna.authority) a WHERE place <= $1 ORDER BY number DESC");
    struct result result = {0};
    enum status status = store_exec(conn, &read, STORE_VALUES(value_int(DISPATCH_KEYS)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = result_bytes(&result, i, 0, out[i].id, sizeof out[i].id);
        out[i].told_from = result_int(&result, i, 1);
        out[i].is_servers = result_bool(&result, i, 2);
        out[i].told_until = result_int(&result, i, 3);
    }
    result_release(&result);
    return status;
}
