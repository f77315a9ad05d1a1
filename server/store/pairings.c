#include "server/store/pairings.h"

#include "schema/base/json.h"
#include "server/store/alarm.h"

#define ENDS      "p.state IN ('begun', 'waiting', 'heard', 'confirmed')" /* when its time is over */
#define LIVES     ENDS " AND p.expires_at > now()"
#define UNDECIDED "p.state IN ('begun', 'waiting', 'heard') AND p.expires_at > now()"
/* The janitor may not have come by yet. */
#define STATE "CASE WHEN " ENDS " AND p.expires_at <= now() THEN 'expired' ELSE p.state END"

#define PAIRING_JSON                                                                               \
    "jsonb_build_object('id', p.pairing_id, 'state', " STATE ", 'device_id', p.device_id,"         \
    " 'serial', p.serial, 'software', p.software, 'address', p.source,"                            \
    " 'attempts_left', " TRIES " - p.attempts, 'group', p.group_id,"                               \
    " 'taken', p.state IN ('begun', 'waiting', 'heard') AND EXISTS (SELECT FROM myna.device d"     \
    "    WHERE d.device_id = p.device_id),"                                                        \
    " 'created_at', p.created_at, 'expires_at', p.expires_at, 'decided_at', p.decided_at,"         \
    " 'decided_by', p.decided_by, 'heard_by', p.heard_by)"

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number
#define TRIES            TEXT_OF(PAIRING_TRIES)
#define LIFE             "make_interval(secs => " TEXT_OF(PAIRING_LIFE_S) ")"

#define WINDOW_JSON                                                                                \
    "jsonb_build_object('open_until', CASE WHEN w.open_until > now() THEN w.open_until END,"       \
    " 'opened_by', CASE WHEN w.open_until > now() THEN w.opened_by END)"

/* The window */

enum status pairings_open(struct store *store, const struct author *author, int64_t for_s,
                          struct arena *arena, struct document *out)
{
    STORE_STATEMENT(open,
                    "WITH old AS (SELECT " WINDOW_JSON " AS was FROM myna.pairing_window w"
                    "             FOR UPDATE),"
                    " w AS (UPDATE myna.pairing_window w SET opened_by = $1::text,"
                    "         open_until = now() + make_interval(secs => $3) FROM old RETURNING"
                    "         w.*),"
                    " done AS (SELECT myna.audit_append($1, $2, 'pairing.open', 'pairing',"
                    "             old.was, " WINDOW_JSON "), myna.tell('pairing', 'window')"
                    "           FROM old, w)"
                    "SELECT " WINDOW_JSON ", 0 FROM w, done");

    return document_change(
        store, &open,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(for_s)),
        arena, out);
}

enum status pairings_close(struct store *store, const struct author *author, struct arena *arena)
{
    STORE_STATEMENT(close,
                    "WITH old AS (SELECT open_until, " WINDOW_JSON " AS was"
                    "             FROM myna.pairing_window w FOR UPDATE),"
                    " w AS (UPDATE myna.pairing_window w SET open_until = NULL, opened_by = NULL"
                    "       FROM old WHERE old.open_until > now() RETURNING w.*),"
                    " done AS (SELECT min(myna.audit_append($1, $2, 'pairing.close', 'pairing',"
                    "             old.was, " WINDOW_JSON ")),"
                    "           min(myna.tell('pairing', 'window')::text) FROM old, w)"
                    "SELECT to_jsonb(true), 0 FROM old, done");
    struct document ignored;

    return document_change(store, &close,
                           STORE_VALUES(value_text(author->actor), value_text(author->source)),
                           arena, &ignored);
}

enum status pairings_check_open(struct store *store)
{
    STORE_STATEMENT(check, "SELECT 1 FROM myna.pairing_window WHERE open_until > now()");
    struct result result;
    enum status status = store_query(store, &check, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_DENIED;
    result_release(&result);
    return status;
}

/* The inbox */

enum status pairings_list(struct store *store, int64_t after, int64_t limit, struct arena *arena,
                          struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT " PAIRING_JSON " AS item, p.pairing_id,"
        "    row_number() OVER (ORDER BY p.pairing_id DESC) AS n"
        "  FROM myna.pairing p WHERE ($1 = 0 OR p.pairing_id < $1) AND p.robot_nonce IS NOT NULL"
        "  ORDER BY p.pairing_id DESC LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'window', (SELECT " WINDOW_JSON " FROM myna.pairing_window w),"
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN min(pairing_id) FILTER (WHERE n <= $2) END)"
        "FROM page");

    return store_json(store, &list, STORE_VALUES(value_int(after), value_int(limit)), arena, json);
}

static const char *const state_names[] = {
    [PAIRINGS_BEGUN] = "begun",   [PAIRINGS_WAITING] = "waiting",
    [PAIRINGS_HEARD] = "heard",   [PAIRINGS_CONFIRMED] = "confirmed",
    [PAIRINGS_PAIRED] = "paired", [PAIRINGS_REFUSED] = "refused",
    [PAIRINGS_FAILED] = "failed", [PAIRINGS_EXPIRED] = "expired",
};

static enum status read_state(const char *name, enum pairings_state *state)
{
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum pairings_state)i;
            return STATUS_OK;
        }
    return STATUS_CORRUPT;
}

static const char *keep_text(const struct result *result, int column, struct arena *arena)
{
    return arena_format(arena, "%s", result_text(result, 0, column));
}

static enum status row_from_result(const struct result *result, struct arena *arena,
                                   struct pairings_row *row)
{
    struct pairings_row found = {
        .id = result_int(result, 0, 0),
        .device_id = keep_text(result, 2, arena),
        .serial = keep_text(result, 3, arena),
        .csr = keep_text(result, 4, arena),
        .left_s = result_int(result, 0, 10),
        .is_taken = result_bool(result, 0, 11),
    };
    enum status status = read_state(result_text(result, 0, 1), &found.state);

    if (status == STATUS_OK && (!found.device_id || !found.serial || !found.csr))
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        status = result_bytes(result, 0, 5, found.key_hash, sizeof found.key_hash);
    if (status == STATUS_OK)
        status = result_bytes(result, 0, 6, found.sealing_public, sizeof found.sealing_public);
    if (status == STATUS_OK)
        status = result_bytes(result, 0, 7, found.commitment, sizeof found.commitment);
    if (status == STATUS_OK)
        status = result_bytes(result, 0, 8, found.server_nonce, sizeof found.server_nonce);
    if (status == STATUS_OK && !result_is_null(result, 0, 9))
        status = result_bytes(result, 0, 9, found.robot_nonce, sizeof found.robot_nonce);
    if (status == STATUS_OK)
        *row = found;
    return status;
}

#define ROW                                                                                        \
    "SELECT p.pairing_id, " STATE ", p.device_id::text, p.serial, p.csr, p.key_hash,"              \
    " p.sealing_public, p.commitment, p.server_nonce, p.robot_nonce,"                              \
    " extract(epoch FROM p.expires_at - now())::bigint, EXISTS (SELECT FROM myna.device d"         \
    "   WHERE d.device_id = p.device_id AND d.certificate_key_hash <> p.key_hash)"                 \
    " FROM myna.pairing p WHERE "

static enum status find(struct store *store, const struct store_statement *statement,
                        struct value by, struct arena *arena, struct pairings_row *row)
{
    struct result result;
    enum status status = store_query(store, statement, &by, 1, &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? row_from_result(&result, arena, row) : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

enum status pairings_find(struct store *store, struct span token_hash, struct arena *arena,
                          struct pairings_row *row)
{
    STORE_STATEMENT(by_token, ROW "p.token_hash = $1");

    return find(store, &by_token, value_bytes(token_hash), arena, row);
}

enum status pairings_get(struct store *store, int64_t id, struct arena *arena,
                         struct pairings_row *row)
{
    STORE_STATEMENT(by_id, ROW "p.pairing_id = $1");

    return find(store, &by_id, value_int(id), arena, row);
}

/* A robot asks */

struct beginning {
    const struct pairings_request *request;
    enum pairings_beginning *reached;
};

/* The window's row is locked to the transaction's end: robots are counted one after another. */
static enum status look(struct store_conn *conn, const struct pairings_request *request,
                        enum pairings_beginning *reached)
{
    STORE_STATEMENT(
        count, "WITH w AS MATERIALIZED (SELECT open_until > now() AS open FROM myna.pairing_window"
               "                        FOR UPDATE)"
               "SELECT coalesce((SELECT open FROM w), false)");
    STORE_STATEMENT(
        room, "SELECT count(*) FILTER (WHERE " UNDECIDED " AND p.key_hash <> $1),"
              " count(*) FILTER (WHERE " UNDECIDED " AND p.key_hash <> $1 AND p.network = $2),"
              " count(*) FILTER (WHERE p.key_hash = $1 AND p.state IN ('refused', 'failed'))"
              " FROM myna.pairing p");
    struct result result;
    enum status status = store_exec(conn, &count, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    const bool is_open = result_bool(&result, 0, 0);
    result_release(&result);
    *reached = PAIRINGS_CLOSED;
    if (!is_open)
        return STATUS_DENIED;
    status = store_exec(conn, &room,
                        STORE_VALUES(value_bytes(request->key_hash), value_text(request->network)),
                        &result);
    if (status != STATUS_OK)
        return status;
    *reached = result_int(&result, 0, 2) > 0                       ? PAIRINGS_DEAD_KEY
               : result_int(&result, 0, 1) >= PAIRINGS_PER_ADDRESS ? PAIRINGS_TOO_MANY
               : result_int(&result, 0, 0) >= PAIRINGS_MAX         ? PAIRINGS_CROWDED
                                                                   : PAIRINGS_BEGINS;
    result_release(&result);
    return *reached == PAIRINGS_BEGINS ? STATUS_OK : STATUS_DENIED;
}

/* The same robot anew, its answer lost or its program restarted. */
static enum status supersede(struct store_conn *conn, const struct pairings_request *request)
{
    STORE_STATEMENT(supersede,
                    "WITH p AS (UPDATE myna.pairing p SET state = 'expired', decided_at = now()"
                    "           WHERE p.key_hash = $1 AND " LIVES " RETURNING p.*)"
                    "SELECT myna.audit_append('pairing:' || p.pairing_id, $2, 'pairing.supersede',"
                    "         'pairing/' || p.pairing_id, NULL, NULL),"
                    "       myna.tell('pairing', p.pairing_id::text) FROM p");

    return store_exec(conn, &supersede,
                      STORE_VALUES(value_bytes(request->key_hash), value_text(request->source)),
                      NULL);
}

static enum status begin(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        begin,
        "WITH p AS (INSERT INTO myna.pairing (token_hash, device_id, serial, software, source, csr,"
        "             key_hash, sealing_public, commitment, server_nonce, network, expires_at)"
        "           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + " LIFE ")"
        "           RETURNING *)"
        "SELECT myna.audit_append('pairing:' || p.pairing_id, p.source, 'pairing.begin',"
        "         'pairing/' || p.pairing_id, NULL, " PAIRING_JSON ") FROM p");
    const struct beginning *beginning = context;
    const struct pairings_request *request = beginning->request;
    enum status status = look(conn, request, beginning->reached);

    if (status == STATUS_OK)
        status = supersede(conn, request);
    if (status != STATUS_OK)
        return status;
    return store_exec(
        conn, &begin,
        STORE_VALUES(value_bytes(request->token_hash), value_text(request->device_id),
                     value_text(request->serial), value_text(request->software),
                     value_text(request->source), value_text(request->csr),
                     value_bytes(request->key_hash), value_bytes(request->sealing_public),
                     value_bytes(request->commitment), value_bytes(request->server_nonce),
                     value_text(request->network)),
        NULL);
}

enum status pairings_begin(struct store *store, const struct pairings_request *request,
                           enum pairings_beginning *beginning)
{
    enum pairings_beginning reached = PAIRINGS_BEGINS;
    struct beginning context = {request, &reached};
    enum status status = store_transaction(store, begin, &context);

    /* a refusal undid nothing: nothing had been written */
    if (status == STATUS_DENIED)
        status = STATUS_OK;
    if (status == STATUS_OK)
        *beginning = reached;
    return status;
}

enum status pairings_reveal(struct store *store, int64_t id, struct span robot_nonce,
                            const char *source, struct arena *arena)
{
    STORE_STATEMENT(
        reveal,
        "WITH old AS (SELECT * FROM myna.pairing WHERE pairing_id = $1 FOR UPDATE),"
        " p AS (UPDATE myna.pairing p SET robot_nonce = $2::bytea,"
        "         state = CASE WHEN $2::bytea IS NULL THEN 'failed' ELSE 'waiting' END,"
        "         decided_at = CASE WHEN $2::bytea IS NULL THEN now() END"
        "       FROM old WHERE p.pairing_id = old.pairing_id AND old.state = 'begun'"
        "       AND old.expires_at > now() RETURNING p.*),"
        " done AS (SELECT min(myna.audit_append('pairing:' || p.pairing_id, $3,"
        "             CASE p.state WHEN 'failed' THEN 'pairing.misfit' ELSE 'pairing.reveal' END,"
        "             'pairing/' || p.pairing_id, NULL, NULL)),"
        "           min(myna.tell('pairing', p.pairing_id::text)::text) FROM p)"
        "SELECT to_jsonb(p.pairing_id), 0 FROM done, old LEFT JOIN p USING (pairing_id)");
    struct document ignored;

    return document_change(
        store, &reveal,
        STORE_VALUES(value_int(id),
                     robot_nonce.size > 0 ? value_bytes(robot_nonce) : value_no_bytes(),
                     value_text(source)),
        arena, &ignored);
}

/* An operator decides */

/* Somebody may be guessing, or sits between the robot and this server: people should know. */
static enum status tell_failed(struct store_conn *conn, struct arena *arena, int64_t id,
                               struct span judged)
{
    struct json *json;
    struct json_writer writer;
    struct buffer detail;
    enum status status = json_parse(judged, &json, NULL);

    if (status != STATUS_OK)
        return status;
    const bool is_over = strcmp(json_text(json_member(json, "state"), ""), "failed") == 0;
    buffer_init(&detail, 4096);
    json_writer_init(&writer, &detail);
    json_begin_object(&writer);
    json_write_member(&writer, "robot", json_text(json_member(json, "device_id"), ""));
    json_write_member(&writer, "address", json_text(json_member(json, "address"), ""));
    json_end_object(&writer);
    const struct alarm alarm = {
        .kind = "pairing_failed",
        .severity = "warning",
        .subject = arena_format(arena, "pairing/%lld", (long long)id),
        .detail = arena_text(arena, buffer_span(&detail)),
    };
    status = arena_failed(arena) ? STATUS_MEMORY : buffer_status(&detail);
    buffer_release(&detail);
    json_free(json);
    return status == STATUS_OK && is_over ? alarm_raise(conn, arena, &alarm, 1) : status;
}

struct judging {
    const struct author *author;
    const struct pairings_typing *typing;
    int64_t id;
    struct arena *arena;
    struct document *out;
};

static enum status judge(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        judge,
        "WITH old AS (SELECT *, attempts + 1 >= " TRIES " AND NOT $4::boolean AS fails"
        "             FROM myna.pairing WHERE pairing_id = $3 FOR UPDATE),"
        " p AS (UPDATE myna.pairing p SET"
        "         state = CASE WHEN $4::boolean AND $6::boolean THEN 'heard'"
        "           WHEN $4::boolean THEN 'confirmed' WHEN old.fails THEN 'failed'"
        "           ELSE 'waiting' END,"
        "         attempts = old.attempts + CASE WHEN $4::boolean THEN 0 ELSE 1 END,"
        "         group_id = $5::text,"
        "         expires_at = CASE WHEN $4::boolean THEN now() + " LIFE " ELSE old.expires_at END,"
        "         heard_by = CASE WHEN $4::boolean THEN $1::text END,"
        "         decided_at = CASE WHEN old.fails OR ($4::boolean AND NOT $6::boolean)"
        "           THEN now() END,"
        "         decided_by = CASE WHEN old.fails OR ($4::boolean AND NOT $6::boolean)"
        "           THEN $1::text END"
        "       FROM old WHERE p.pairing_id = old.pairing_id AND old.state = 'waiting'"
        "       AND old.expires_at > now() RETURNING p.*),"
        " done AS (SELECT min(myna.audit_append($1, $2,"
        "             CASE WHEN NOT $4::boolean THEN 'pairing.wrong'"
        "               WHEN $6::boolean THEN 'pairing.hear' ELSE 'pairing.confirm' END,"
        "             'pairing/' || p.pairing_id, NULL, " PAIRING_JSON ")),"
        "           min(myna.tell('pairing', p.pairing_id::text)::text) FROM p)"
        "SELECT CASE WHEN p.pairing_id IS NOT NULL THEN " PAIRING_JSON " END, 0"
        " FROM done, old LEFT JOIN p ON true");
    const struct judging *judging = context;
    const struct author *author = judging->author;
    const struct pairings_typing *typing = judging->typing;
    enum status status =
        document_exec(conn, &judge,
                      STORE_VALUES(value_text(author->actor), value_text(author->source),
                                   value_int(judging->id), value_bool(typing->is_right),
                                   value_text(typing->group), value_bool(typing->needs_second)),
                      judging->arena, judging->out);

    if (status != STATUS_OK || typing->is_right)
        return status;
    return tell_failed(conn, judging->arena, judging->id, judging->out->json);
}

enum status pairings_judge(struct store *store, const struct author *author, int64_t id,
                           const struct pairings_typing *typing, struct arena *arena,
                           struct document *out)
{
    struct judging judging = {author, typing, id, arena, out};

    return store_transaction(store, judge, &judging);
}

enum status pairings_agree(struct store *store, const struct author *author, int64_t id,
                           struct arena *arena, struct document *out)
{
    STORE_STATEMENT(agree,
                    "WITH old AS (SELECT * FROM myna.pairing WHERE pairing_id = $3 FOR UPDATE),"
                    " p AS (UPDATE myna.pairing p SET state = 'confirmed', decided_at = now(),"
                    "         decided_by = $1::text, expires_at = now() + " LIFE
                    "       FROM old WHERE p.pairing_id = old.pairing_id AND old.state = 'heard'"
                    "       AND old.expires_at > now() AND myna.are_two(old.heard_by, $1::text)"
                    "       RETURNING p.*),"
                    " done AS (SELECT min(myna.audit_append($1, $2, 'pairing.agree',"
                    "             'pairing/' || p.pairing_id, NULL, " PAIRING_JSON ")),"
                    "           min(myna.tell('pairing', p.pairing_id::text)::text) FROM p)"
                    "SELECT CASE WHEN p.pairing_id IS NOT NULL THEN " PAIRING_JSON " END, 0"
                    " FROM done, old LEFT JOIN p ON true");

    return document_change(
        store, &agree,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(id)), arena,
        out);
}

enum status pairings_refuse(struct store *store, const struct author *author, int64_t id,
                            struct arena *arena)
{
    STORE_STATEMENT(
        refuse, "WITH old AS (SELECT * FROM myna.pairing WHERE pairing_id = $3 FOR UPDATE),"
                " p AS (UPDATE myna.pairing p SET state = 'refused', decided_at = now(),"
                "         decided_by = $1::text"
                "       FROM old WHERE p.pairing_id = old.pairing_id AND old.expires_at > now()"
                "       AND old.state IN ('waiting', 'heard', 'confirmed') RETURNING p.*),"
                " done AS (SELECT min(myna.audit_append($1, $2, 'pairing.refuse',"
                "             'pairing/' || p.pairing_id, NULL, " PAIRING_JSON ")),"
                "           min(myna.tell('pairing', p.pairing_id::text)::text) FROM p)"
                "SELECT to_jsonb(p.pairing_id), 0 FROM done, old LEFT JOIN p USING (pairing_id)");
    struct document ignored;

    return document_change(
        store, &refuse,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(id)), arena,
        &ignored);
}

/* The robot comes for its certificate */

struct enrolling {
    struct span token_hash;
    const struct newcomer *newcomer;
    enum pairings_verdict *reached;
};

/* The one conditional update that decides. STATUS_NOT_FOUND: it is not confirmed. */
static enum status use(struct store_conn *conn, struct span token_hash, struct newcomers_way *way)
{
    STORE_STATEMENT(use, "UPDATE myna.pairing SET state = 'paired' WHERE token_hash = $1"
                         " AND state = 'confirmed' AND expires_at > now()"
                         " RETURNING pairing_id, group_id::text,"
                         "   myna.tell('pairing', pairing_id::text)");
    struct result result;
    enum status status = store_exec(conn, &use, STORE_VALUES(value_bytes(token_hash)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) == 0
                 ? STATUS_NOT_FOUND
                 : newcomers_way_by(way, "pairing", result_int(&result, 0, 0),
                                    result_text(&result, 0, 1));
    result_release(&result);
    return status;
}

/* A robot that repeats itself, its answer lost. STATUS_DENIED: it is none. */
static enum status repeat(struct store_conn *conn, const struct enrolling *enrolling)
{
    STORE_STATEMENT(
        again,
        "WITH d AS (UPDATE myna.device d SET certificate_serial = $2, certificate_until = $3,"
        "             server_key_id = $4, secret_wrapped = $5, authority = $7,"
        "             server_authority = $8"
        "           FROM myna.pairing p WHERE p.token_hash = $1 AND p.state = 'paired'"
        "           AND p.expires_at > now() AND d.device_id = p.device_id"
        "           AND d.certificate_key_hash = p.key_hash AND d.status = 'active'"
        "           RETURNING d.*, p.pairing_id)"
        "SELECT myna.audit_append('pairing:' || d.pairing_id, $6, 'device.enrol_again',"
        "         'device/' || d.device_id, NULL,"
        "         jsonb_build_object('certificate', d.certificate_serial)) FROM d");
    const struct newcomer *newcomer = enrolling->newcomer;
    struct result result;
    enum status status = store_exec(
        conn, &again,
        STORE_VALUES(value_bytes(enrolling->token_hash), value_text(newcomer->certificate_serial),
                     value_time(newcomer->certificate_until_ms),
                     value_bytes(newcomer->server_key_id), value_bytes(newcomer->secret_wrapped),
                     value_text(newcomer->source), value_bytes(newcomer->authority),
                     value_bytes(newcomer->server_authority)),
        &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_DENIED;
    result_release(&result);
    return status;
}

static enum status enrol(struct store_conn *conn, void *context)
{
    const struct enrolling *enrolling = context;
    struct newcomers_way way;
    enum status status = use(conn, enrolling->token_hash, &way);

    *enrolling->reached = PAIRINGS_ENROLLED;
    if (status == STATUS_OK)
        return newcomers_add(conn, enrolling->newcomer, &way);
    if (status != STATUS_NOT_FOUND)
        return status;
    *enrolling->reached = PAIRINGS_REPEATED;
    return repeat(conn, enrolling);
}

enum status pairings_enrol(struct store *store, struct span token_hash,
                           const struct newcomer *newcomer, enum pairings_verdict *verdict,
                           int64_t *epoch)
{
    enum pairings_verdict reached;
    struct enrolling enrolling = {token_hash, newcomer, &reached};
    enum status status = newcomers_epoch(store, epoch);

    if (status == STATUS_OK)
        status = store_transaction(store, enrol, &enrolling);
    if (status == STATUS_DENIED)
        reached = PAIRINGS_UNFIT;
    else if (status == STATUS_EXISTS)
        reached = PAIRINGS_TAKEN;
    else if (status != STATUS_OK)
        return status;
    *verdict = reached;
    return STATUS_OK;
}

/* The janitor */

enum status pairings_expire(struct store *store)
{
    STORE_STATEMENT(expire,
                    "WITH p AS (UPDATE myna.pairing p SET state = 'expired', decided_at = now()"
                    "           WHERE " ENDS " AND p.expires_at <= now()"
                    "           RETURNING p.pairing_id)"
                    "SELECT count(myna.audit_append('mynad', 'janitor', 'pairing.expire',"
                    "         'pairing/' || p.pairing_id, NULL, NULL)),"
                    "       count(myna.tell('pairing', p.pairing_id::text)::text) FROM p");

    return store_query(store, &expire, STORE_NO_VALUES, NULL);
}

enum status pairings_forget(struct store *store)
{
    STORE_STATEMENT(forget, "DELETE FROM myna.pairing WHERE decided_at < now() - interval '1 day'"
                            " AND state IN ('paired', 'refused', 'failed', 'expired')");

    return store_query(store, &forget, STORE_NO_VALUES, NULL);
}
