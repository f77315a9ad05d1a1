#include "server/store/installation.h"

#include "server/store/alarm.h"

#define ARENA_BYTES 65536

/* ---- raising ---- */

static enum status read_epoch(struct store_conn *conn, int64_t *epoch)
{
    STORE_STATEMENT(read, "SELECT epoch FROM myna.installation");
    struct result result = {0};
    enum status status = store_exec(conn, &read, STORE_NO_VALUES, &result);

    if (status == STATUS_OK)
        *epoch = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

/* Accounts of the old epoch are renewed by whoever hears the notification (store/pools.h). */
static enum status compare_and_set(struct store_conn *conn,
                                   const struct installation_restore *restore, int64_t next,
                                   bool *raised)
{
    STORE_STATEMENT(set,
                    "WITH raised AS (UPDATE myna.installation SET epoch = $2 WHERE epoch = $1"
                    "   RETURNING epoch)"
                    " SELECT myna.audit_append('mynad', '', 'installation.restore', 'installation',"
                    "   jsonb_build_object('epoch', $1::integer),"
                    "   jsonb_strip_nulls(jsonb_build_object('epoch', epoch, 'because', $3::text,"
                    "     'device', nullif($4::text, '')))), pg_notify('myna_credit', '')::text"
                    " FROM raised");
    struct result result = {0};
    enum status status =
        store_exec(conn, &set,
                   STORE_VALUES(value_int(restore->known_epoch), value_int(next),
                                value_text(restore->because), value_text(restore->device_id)),
                   &result);

    if (status == STATUS_OK)
        *raised = result_count(&result) > 0;
    result_release(&result);
    return status;
}

static enum status raise_alarm(struct store_conn *conn, struct arena *arena,
                               const struct installation_restore *restore, int64_t epoch)
{
    const struct alarm alarm = {
        .kind = "database_restored",
        .severity = "critical",
        .subject = "installation",
        .detail =
            arena_format(arena, "{\"epoch\":%lld,\"problem\":\"%s%s%s\"}", (long long)epoch,
                         restore->because, restore->device_id[0] ? ": " : "", restore->device_id),
    };

    return arena_failed(arena) ? STATUS_MEMORY : alarm_raise(conn, arena, &alarm, 1);
}

enum status installation_raise(struct store_conn *conn, struct arena *arena,
                               const struct installation_restore *restore, int64_t *epoch,
                               bool *raised)
{
    const int64_t above =
        restore->least_epoch > restore->known_epoch ? restore->least_epoch : restore->known_epoch;
    bool done = false;
    int64_t now = above + 1;
    enum status status = compare_and_set(conn, restore, now, &done);

    if (status == STATUS_OK)
        status = done ? raise_alarm(conn, arena, restore, now) : read_epoch(conn, &now);
    if (status != STATUS_OK)
        return status;
    *epoch = now;
    *raised = done;
    return STATUS_OK;
}

/* ---- what calls for it ---- */

struct errand {
    struct arena *arena;
    int64_t epoch;
    bool raised;
};

/* The log's file names tell of a promotion at once, the control file only after a checkpoint. */
#define PRESENT                                                                                    \
    "(SELECT system_identifier::text AS system, CASE WHEN NOT pg_is_in_recovery() THEN"            \
    " ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END AS timeline"    \
    " FROM pg_control_system()) present"

static enum status note_present(struct store_conn *conn)
{
    STORE_STATEMENT(note, "UPDATE myna.installation SET system_identifier = present.system,"
                          " timeline = present.timeline FROM " PRESENT);

    return store_exec(conn, &note, STORE_NO_VALUES, NULL);
}

static enum status watch(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(look,
                    "SELECT i.epoch, i.system_identifier IS NULL,"
                    " i.system_identifier <> present.system, i.timeline <> present.timeline"
                    " FROM myna.installation i, " PRESENT " WHERE (i.system_identifier, i.timeline)"
                    "   IS DISTINCT FROM (present.system, present.timeline)"
                    " AND present.timeline IS NOT NULL");
    struct errand *errand = context;
    struct result result = {0};

    arena_reset(errand->arena);
    errand->raised = false;
    enum status status = store_exec(conn, &look, STORE_NO_VALUES, &result);
    if (status != STATUS_OK || result_count(&result) == 0) {
        result_release(&result);
        return status;
    }
    const struct installation_restore restore = {
        .known_epoch = result_int(&result, 0, 0),
        .because = result_bool(&result, 0, 2)
                       ? "the database is in another PostgreSQL cluster than before"
                       : "the database is on another timeline than before",
        .device_id = "",
    };
    const bool is_first = result_bool(&result, 0, 1);
    result_release(&result);
    if (!is_first)
        status = installation_raise(conn, errand->arena, &restore, &errand->epoch, &errand->raised);
    return status == STATUS_OK ? note_present(conn) : status;
}

/* Another call may be quicker, for another reason: the operator's word counts nevertheless. */
static enum status declare(struct store_conn *conn, void *context)
{
    struct errand *errand = context;
    struct installation_restore restore = {
        .because = "an operator said so, by mynad restored",
        .device_id = "",
    };
    enum status status = STATUS_OK;

    arena_reset(errand->arena);
    errand->raised = false;
    while (status == STATUS_OK && !errand->raised) {
        status = read_epoch(conn, &restore.known_epoch);
        if (status == STATUS_OK)
            status =
                installation_raise(conn, errand->arena, &restore, &errand->epoch, &errand->raised);
    }
    return status == STATUS_OK ? note_present(conn) : status;
}

static enum status run(struct store *store, store_work work, struct errand *errand)
{
    enum status status = arena_create(&errand->arena, ARENA_BYTES);

    if (status == STATUS_OK)
        status = store_transaction(store, work, errand);
    arena_free(errand->arena);
    return status;
}

enum status installation_watch(struct store *store, bool *raised)
{
    struct errand errand = {0};
    enum status status = run(store, watch, &errand);

    if (status == STATUS_OK)
        *raised = errand.raised;
    return status;
}

enum status installation_declare(struct store *store, int64_t *epoch)
{
    struct errand errand = {0};
    enum status status = run(store, declare, &errand);

    if (status == STATUS_OK)
        *epoch = errand.epoch;
    return status;
}
