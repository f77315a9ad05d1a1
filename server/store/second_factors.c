#include "server/store/second_factors.h"

enum status second_factors_show(struct store *store, const char *operator_id, struct arena *arena,
                                struct span *json)
{
    STORE_STATEMENT(show,
                    "SELECT jsonb_build_object('since', o.totp_since, 'required', r.second_factor,"
                    "  'recovery_codes', (SELECT count(*) FROM myna.recovery_code c"
                    "                     WHERE c.operator_id = o.operator_id))"
                    " FROM myna.operator o JOIN myna.role r ON r.role_id = o.role"
                    " WHERE o.operator_id = $1");

    return store_json(store, &show, STORE_VALUES(value_text(operator_id)), arena, json);
}

enum status second_factors_get(struct store *store, const char *operator_id,
                               struct second_factors_secret *out)
{
    STORE_STATEMENT(get, "SELECT totp_wrapped, totp_since IS NOT NULL, totp_step"
                         " FROM myna.operator WHERE operator_id = $1 AND totp_wrapped IS NOT NULL");
    struct second_factors_secret found;
    struct result result;
    enum status status = store_query(store, &get, STORE_VALUES(value_text(operator_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = result_bytes(&result, 0, 0, found.wrapped, sizeof found.wrapped);
    if (status == STATUS_OK) {
        found.in_force = result_bool(&result, 0, 1);
        found.step = result_int(&result, 0, 2);
        *out = found;
    }
    result_release(&result);
    return status;
}

enum status second_factors_begin(struct store *store, const struct author *author,
                                 const char *operator_id, struct span wrapped, struct arena *arena)
{
    STORE_STATEMENT(
        begin, "WITH old AS (SELECT * FROM myna.operator WHERE operator_id = $3 FOR UPDATE),"
               " o AS (UPDATE myna.operator o SET totp_wrapped = $4, totp_step = 0 FROM old"
               "       WHERE o.operator_id = old.operator_id AND old.totp_since IS NULL"
               "       RETURNING o.operator_id),"
               " done AS (SELECT min(myna.audit_append($1, $2, 'second_factor.begin',"
               "             'operator/' || o.operator_id, NULL, NULL)) FROM o)"
               "SELECT to_jsonb(o.operator_id), 0 FROM done, old LEFT JOIN o USING (operator_id)");
    struct document ignored;

    return document_change(store, &begin,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_bytes(wrapped)),
                           arena, &ignored);
}

enum status second_factors_confirm(struct store *store, const struct author *author,
                                   const char *operator_id, struct span wrapped, int64_t step,
                                   const struct span *code_hashes, size_t count,
                                   struct arena *arena)
{
    STORE_STATEMENT(
        confirm,
        "WITH old AS (SELECT * FROM myna.operator WHERE operator_id = $3 FOR UPDATE),"
        " o AS (UPDATE myna.operator o SET totp_since = now(), totp_step = $5,"
        "         version = o.version + 1 FROM old"
        "       WHERE o.operator_id = old.operator_id AND old.totp_since IS NULL"
        "       AND old.totp_wrapped = $4 RETURNING o.operator_id),"
        " codes AS (INSERT INTO myna.recovery_code (operator_id, code_hash)"
        "           SELECT o.operator_id, h FROM o, unnest($6::bytea[]) h),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'second_factor.on',"
        "             'operator/' || o.operator_id, NULL, NULL)),"
        "           min(myna.tell('operator', o.operator_id)::text) FROM o)"
        "SELECT to_jsonb(o.operator_id), 0 FROM done, old LEFT JOIN o USING (operator_id)");
    struct document ignored;

    return document_change(store, &confirm,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_bytes(wrapped),
                                        value_int(step), value_bytes_array(code_hashes, count)),
                           arena, &ignored);
}

enum status second_factors_use_step(struct store *store, const char *operator_id, int64_t step)
{
    STORE_STATEMENT(use, "UPDATE myna.operator SET totp_step = $2"
                         " WHERE operator_id = $1 AND totp_step < $2 AND totp_since IS NOT NULL");
    struct result result;
    enum status status =
        store_query(store, &use, STORE_VALUES(value_text(operator_id), value_int(step)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_affected(&result) > 0 ? STATUS_OK : STATUS_DENIED;
    result_release(&result);
    return status;
}

enum status second_factors_use_code(struct store *store, const struct author *author,
                                    const char *operator_id, struct span code_hash,
                                    struct arena *arena)
{
    STORE_STATEMENT(use, "WITH c AS (DELETE FROM myna.recovery_code WHERE operator_id = $3"
                         "           AND code_hash = $4 RETURNING operator_id),"
                         " done AS (SELECT myna.audit_append($1, $2, 'second_factor.recover',"
                         "             'operator/' || c.operator_id, NULL, NULL) FROM c)"
                         "SELECT to_jsonb(c.operator_id), 0 FROM c, done");
    struct document ignored;
    enum status status =
        document_change(store, &use,
                        STORE_VALUES(value_text(author->actor), value_text(author->source),
                                     value_text(operator_id), value_bytes(code_hash)),
                        arena, &ignored);

    return status == STATUS_NOT_FOUND ? STATUS_DENIED : status;
}

enum status second_factors_replace_codes(struct store *store, const struct author *author,
                                         const char *operator_id, const struct span *code_hashes,
                                         size_t count, struct arena *arena)
{
    STORE_STATEMENT(replace,
                    "WITH o AS (SELECT operator_id FROM myna.operator WHERE operator_id = $3"
                    "           AND totp_since IS NOT NULL FOR UPDATE),"
                    " gone AS (DELETE FROM myna.recovery_code c USING o"
                    "          WHERE c.operator_id = o.operator_id),"
                    " codes AS (INSERT INTO myna.recovery_code (operator_id, code_hash)"
                    "           SELECT o.operator_id, h FROM o, unnest($4::bytea[]) h),"
                    " done AS (SELECT myna.audit_append($1, $2, 'second_factor.codes',"
                    "             'operator/' || o.operator_id, NULL, NULL) FROM o)"
                    "SELECT to_jsonb(o.operator_id), 0 FROM o, done");
    struct document ignored;

    return document_change(store, &replace,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id),
                                        value_bytes_array(code_hashes, count)),
                           arena, &ignored);
}

enum status second_factors_remove(struct store *store, const struct author *author,
                                  const char *operator_id, bool by_force, struct arena *arena)
{
    STORE_STATEMENT(
        remove_all,
        "WITH old AS (SELECT o.operator_id, o.totp_since IS NOT NULL AS was_on, r.second_factor"
        "             FROM myna.operator o JOIN myna.role r ON r.role_id = o.role"
        "             WHERE o.operator_id = $3 AND o.totp_wrapped IS NOT NULL FOR UPDATE OF o),"
        " o AS (UPDATE myna.operator o SET totp_wrapped = NULL, totp_since = NULL, totp_step = 0,"
        "         version = o.version + 1 FROM old WHERE o.operator_id = old.operator_id"
        "       AND ($4 OR NOT old.second_factor) RETURNING o.operator_id),"
        " codes AS (DELETE FROM myna.recovery_code c USING o"
        "           WHERE c.operator_id = o.operator_id),"
        " gone AS (DELETE FROM myna.login_session s USING o"
        "          WHERE $4 AND s.operator_id = o.operator_id),"
        " done AS (SELECT min(myna.audit_append($1, $2, CASE WHEN $4 THEN 'second_factor.reset'"
        "             ELSE 'second_factor.off' END, 'operator/' || o.operator_id, NULL, NULL)),"
        "           min(myna.tell('operator', o.operator_id)::text) FROM o)"
        "SELECT to_jsonb(o.operator_id), 0 FROM done, old LEFT JOIN o USING (operator_id)");
    struct document ignored;

    return document_change(store, &remove_all,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_bool(by_force)),
                           arena, &ignored);
}
