#include "server/store/logins.h"

#include "schema/base/json.h"
#include "server/store/alarm.h"

struct failing {
    const struct logins_failure *failure;
    const char *address;
    struct arena *arena;
};

/* *subject in the arena: "operator/anna", or "operator" of a name that nobody has. */
static enum status note(struct store_conn *conn, const struct failing *failing,
                        const char **subject)
{
    STORE_STATEMENT(note,
                    "WITH s AS (SELECT coalesce((SELECT 'operator/' || o.operator_id"
                    "   FROM myna.operator o WHERE o.operator_id = $2), 'operator') AS subject)"
                    " SELECT subject, myna.audit_append('nobody', $1, 'login.fail', subject,"
                    "   NULL, jsonb_build_object('wrong', $3::text)) FROM s");
    struct result result;
    enum status status =
        store_exec(conn, &note,
                   STORE_VALUES(value_text(failing->address), value_text(failing->failure->name),
                                value_text(failing->failure->what)),
                   &result);

    if (status != STATUS_OK)
        return status;
    *subject = arena_text(failing->arena, result_span(&result, 0, 0));
    result_release(&result);
    return *subject != NULL ? STATUS_OK : STATUS_MEMORY;
}

static const char *write_detail(const struct failing *failing)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, 1024);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "problem", failing->failure->problem);
    json_write_member(&writer, "address", failing->address);
    json_end_object(&writer);
    const char *detail =
        buffer_status(&out) == STATUS_OK ? arena_text(failing->arena, buffer_span(&out)) : NULL;
    buffer_release(&out);
    return detail;
}

static enum status fail(struct store_conn *conn, void *context)
{
    const struct failing *failing = context;
    const char *subject = NULL;
    enum status status = note(conn, failing, &subject);

    if (status != STATUS_OK || failing->failure->problem == NULL)
        return status;
    const bool is_known = failing->failure->is_about_name && strchr(subject, '/') != NULL;
    const struct alarm alarm = {
        .kind = "login_guessing",
        .severity = "warning",
        .subject = is_known ? subject : "logins",
        .detail = write_detail(failing),
    };
    return alarm.detail != NULL ? alarm_raise(conn, failing->arena, &alarm, 1) : STATUS_MEMORY;
}

enum status logins_fail(struct store *store, const char *address,
                        const struct logins_failure *failure, struct arena *arena)
{
    struct failing failing = {failure, address, arena};

    return store_transaction(store, fail, &failing);
}
