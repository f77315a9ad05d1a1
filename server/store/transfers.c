#include "server/store/transfers.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/base/pki.h"
#include "schema/wire/transfer.h"
#include "server/store/alarm.h"

#define WORK_BYTES ((size_t)1 << 20)
#define TRANSFER_JSON                                                                              \
    "jsonb_build_object('id', t.transfer_id, 'device', t.device_id, 'state', t.state,"             \
    " 'reason', t.reason, 'name', t.name, 'labels', t.labels, 'group', t.group_id,"                \
    " 'asked_by', t.asked_by, 'asked_at', t.asked_at, 'expires_at', t.expires_at,"                 \
    " 'ended_at', t.ended_at)"

struct asking {
    const struct author *author;
    const struct transfers_order *order;
    struct arena *arena;
    struct span *json;
};

static enum status check(struct store_conn *conn, const char *device_id)
{
    STORE_STATEMENT(look, "SELECT d.status, EXISTS (SELECT FROM myna.transfer t"
                          " WHERE t.device_id = d.device_id AND t.state = 'waiting')"
                          " FROM myna.device d WHERE d.device_id = $1 FOR UPDATE");
    struct result result;
    enum status status = store_exec(conn, &look, STORE_VALUES(value_text(device_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else if (strcmp(result_text(&result, 0, 0), "active") != 0)
        status = STATUS_DENIED;
    else if (result_bool(&result, 0, 1))
        status = STATUS_EXISTS;
    result_release(&result);
    return status;
}

static enum status ask(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        insert,
        "WITH t AS (INSERT INTO myna.transfer (transfer_id, device_id, name, labels, group_id,"
        "             asked_by, expires_at)"
        "           VALUES ($3, $4, $5, $6, $7::text, $1, now() + make_interval(secs => $8))"
        "           RETURNING *),"
        " c AS (INSERT INTO myna.command (command_id, device_id, kind, created_by, expires_at,"
        "         send_due)"
        "       SELECT t.transfer_id, t.device_id, 'transfer', t.asked_by, t.expires_at, now()"
        "       FROM t RETURNING device_id),"
        " done AS (SELECT myna.audit_append($1, $2, 'device.transfer_ask',"
        "             'device/' || t.device_id, NULL, jsonb_build_object('transfer',"
        "               t.transfer_id, 'name', t.name, 'labels', t.labels, 'group', t.group_id)),"
        "           myna.tell('device', t.device_id), myna.tell('command', c.device_id),"
        "           pg_notify('myna_outbox', '') FROM t CROSS JOIN c)"
        "SELECT " TRANSFER_JSON " FROM t, done");
    const struct asking *asking = context;
    const struct transfers_order *order = asking->order;
    uint8_t id[TRANSFER_ID_SIZE];

    enum status status = check(conn, order->device_id);
    if (status != STATUS_OK)
        return status;
    crypto_uuid(id);
    return store_exec_json(conn, &insert,
                           STORE_VALUES(value_text(asking->author->actor),
                                        value_text(asking->author->source), value_uuid(id),
                                        value_text(order->device_id), value_text(order->name),
                                        value_json(order->labels), value_text(order->group),
                                        value_int(order->expires_in_s)),
                           asking->arena, asking->json);
}

enum status transfers_ask(struct store *store, const struct author *author,
                          const struct transfers_order *order, struct arena *arena,
                          struct span *json)
{
    struct asking asking = {author, order, arena, json};

    return store_transaction(store, ask, &asking);
}

enum status transfers_list(struct store *store, const char *device_id, struct arena *arena,
                           struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg("
                          "    " TRANSFER_JSON " ORDER BY t.asked_at DESC), '[]')) "
                          "FROM (SELECT * FROM myna.transfer WHERE device_id = $1"
                          "      ORDER BY asked_at DESC LIMIT 50) t");

    return store_json(store, &list, STORE_VALUES(value_text(device_id)), arena, json);
}

struct withdrawal {
    const struct author *author;
    const char *device_id;
};

static enum status withdraw(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(end, "SELECT coalesce(bool_or(myna.transfer_end($1, $2, t.transfer_id,"
                         "  'withdrawn', '')), false)"
                         " FROM myna.transfer t WHERE t.device_id = $3 AND t.state = 'waiting'");
    const struct withdrawal *withdrawal = context;
    struct result result;
    enum status status = store_exec(conn, &end,
                                    STORE_VALUES(value_text(withdrawal->author->actor),
                                                 value_text(withdrawal->author->source),
                                                 value_text(withdrawal->device_id)),
                                    &result);

    if (status != STATUS_OK)
        return status;
    status = result_bool(&result, 0, 0) ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

enum status transfers_withdraw(struct store *store, const struct author *author,
                               const char *device_id)
{
    struct withdrawal withdrawal = {author, device_id};

    return store_transaction(store, withdraw, &withdrawal);
}

/* What the robots answered */

/* A transfer that is to end; texts are in the arena. */
struct ending {
    uint8_t id[TRANSFER_ID_SIZE];
    const char *device_id;
    const char *answered; /* the command's status */
    const char *reason;
    bool by_robot; /* the robot said so, and not the clock */
    bool is_served;
    struct span key_hash; /* of the certificate that it was issued last */
    struct span proof;
};

static enum status find(struct store_conn *conn, struct arena *arena, struct ending *out)
{
    STORE_STATEMENT(next, "SELECT t.transfer_id, t.device_id, coalesce(c.status, 'expired'),"
                          "  coalesce(c.reason, ''), c.replied_at IS NOT NULL, d.status = 'active',"
                          "  d.certificate_key_hash, coalesce(t.answer, '') FROM myna.transfer t"
                          " JOIN myna.device d USING (device_id)"
                          " LEFT JOIN myna.command c ON c.command_id = t.transfer_id"
                          " WHERE t.state = 'waiting' AND (d.status IN ('revoked', 'retired')"
                          "   OR coalesce(c.status, 'expired') NOT IN ('waiting', 'sent'))"
                          " ORDER BY t.asked_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED");
    struct result result;
    enum status status = store_exec(conn, &next, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        result_release(&result);
        return STATUS_NOT_FOUND;
    }
    *out = (struct ending){
        .device_id = arena_text(arena, result_span(&result, 0, 1)),
        .answered = arena_text(arena, result_span(&result, 0, 2)),
        .reason = arena_text(arena, result_span(&result, 0, 3)),
        .by_robot = result_bool(&result, 0, 4),
        .is_served = result_bool(&result, 0, 5),
        .key_hash = result_copy(&result, 0, 6, arena),
        .proof = result_copy(&result, 0, 7, arena),
    };
    status = result_bytes(&result, 0, 0, out->id, sizeof out->id);
    result_release(&result);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

/* The certificate is one that this robot has, and its key signed this very transfer. */
static bool is_proven(const struct ending *ending)
{
    uint8_t statement[TRANSFER_STATEMENT_MAX], signature[PKI_SIGNATURE_MAX];
    uint8_t key_hash[CRYPTO_HASH_SIZE];
    struct json *json = NULL;
    size_t size = 0;

    if (ending->proof.size == 0 || json_parse(ending->proof, &json, NULL) != STATUS_OK)
        return false;
    const struct span certificate = span_text(json_text(json_member(json, "certificate"), ""));
    const struct span text = span_text(json_text(json_member(json, "signature"), ""));
    const bool is_proven =
        encode_from_base64(text, signature, sizeof signature, &size) == STATUS_OK &&
        pki_cert_key_hash(certificate, key_hash) == STATUS_OK &&
        span_equal(span_of(key_hash, sizeof key_hash), ending->key_hash) &&
        pki_verify_signature(certificate,
                             transfer_statement(ending->device_id, ending->id, statement),
                             span_of(signature, size)) == STATUS_OK;
    json_free(json);
    return is_proven;
}

struct outcome {
    const char *state, *reason;
};

static struct outcome end_as(const char *state, const char *reason)
{
    return (struct outcome){state, reason};
}

static struct outcome judge(const struct ending *ending)
{
    if (!ending->is_served)
        return end_as("withdrawn", "the robot is not in use any more");
    if (strcmp(ending->answered, "done") == 0 && !is_proven(ending))
        return end_as("failed", "its proof does not fit the key of its certificate");
    if (strcmp(ending->answered, "done") == 0)
        return end_as("done", "");
    if (strcmp(ending->answered, "refused") == 0)
        return end_as("declined", ending->reason);
    if (strcmp(ending->answered, "failed") == 0)
        return end_as("failed", ending->reason);
    if (ending->by_robot)
        return end_as("unanswered", ending->reason);
    return end_as("expired", "the robot did not connect in time");
}

static enum status tell(struct store_conn *conn, struct arena *arena, const struct ending *ending,
                        const struct outcome *outcome)
{
    char id[ENCODE_UUID_SIZE];
    const char *subject = arena_format(arena, "device/%s", ending->device_id);
    struct json_writer writer;
    struct buffer detail;

    if (strcmp(outcome->state, "done") == 0)
        return alarm_end(conn, "transfer_ended", subject);
    encode_uuid(ending->id, id);
    buffer_init(&detail, 4096);
    json_writer_init(&writer, &detail);
    json_begin_object(&writer);
    json_write_member(&writer, "transfer", id);
    json_write_member(&writer, "state", outcome->state);
    json_write_member(&writer, "problem", outcome->reason);
    json_end_object(&writer);
    const struct alarm alarm = {
        .kind = "transfer_ended",
        .severity = "warning",
        .subject = subject,
        .detail = arena_text(arena, buffer_span(&detail)),
    };
    enum status status = arena_failed(arena) ? STATUS_MEMORY : buffer_status(&detail);
    buffer_release(&detail);
    return status == STATUS_OK ? alarm_raise(conn, arena, &alarm, 1) : status;
}

static enum status settle_one(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(end, "SELECT myna.transfer_end('device:' || $2::text, 'mynad', $1, $3, $4)");
    struct arena *arena = context;
    struct ending ending;
    enum status status = find(conn, arena, &ending);

    if (status != STATUS_OK)
        return status;
    const struct outcome outcome = judge(&ending);
    status = store_exec(conn, &end,
                        STORE_VALUES(value_uuid(ending.id), value_text(ending.device_id),
                                     value_text(outcome.state), value_text(outcome.reason)),
                        NULL);
    return status == STATUS_OK ? tell(conn, arena, &ending, &outcome) : status;
}

enum status transfers_settle(struct store *store)
{
    struct arena *arena;
    enum status status = arena_create(&arena, WORK_BYTES);

    while (status == STATUS_OK) {
        arena_reset(arena);
        status = store_transaction(store, settle_one, arena);
    }
    arena_free(arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
