#include "server/store/cleaning.h"

enum status cleaning_expire_commands(struct store *store)
{
    STORE_STATEMENT(expire, "WITH expired AS (UPDATE myna.command SET status = 'expired',"
                            "   reason = 'no answer in time', send_due = NULL"
                            "   WHERE send_due IS NOT NULL AND expires_at <= now()"
                            "   RETURNING command_id)"
                            " SELECT count(myna.tell('command', command_id::text)) FROM expired");

    return store_query(store, &expire, STORE_NO_VALUES, NULL);
}

enum status cleaning_announce_contracts(struct store *store)
{
    STORE_STATEMENT(
        announce,
        "WITH come AS (UPDATE myna.contract_version SET announced = true"
        "   WHERE NOT announced AND effective_from <= now() RETURNING contract_id, created_at,"
        "   effective_from),"
        " reached AS (SELECT array_agg(DISTINCT e.device_id::text) AS ids"
        "   FROM myna.effective_setting e JOIN come"
        "   ON e.value @> jsonb_build_array(jsonb_build_object('contract', come.contract_id))"
        "   WHERE e.name = 'routes' AND come.effective_from > come.created_at)"
        " SELECT myna.touch_devices(ids) FROM reached WHERE ids IS NOT NULL");

    return store_query(store, &announce, STORE_NO_VALUES, NULL);
}

enum status cleaning_renew_credentials(struct store *store, int64_t age_ms)
{
    /* asked before anything else: nearly always no vendor wants minted ones. A drained vendor's are
     * renewed, too: they are wanted when it returns */
    STORE_STATEMENT(
        renew,
        "WITH due AS (SELECT array_agg(d.device_id) AS ids FROM (SELECT DISTINCT"
        "     l.device_id::text AS device_id FROM myna.vendor v JOIN myna.standing_setting e"
        "     ON e.name = 'routes' AND e.value @>"
        "       jsonb_build_array(jsonb_build_object('vendor', v.vendor_id))"
        "   JOIN myna.device_link l ON l.device_id = e.device_id"
        "   WHERE (SELECT EXISTS (SELECT FROM myna.vendor WHERE credential = 'minted'))"
        "     AND v.credential = 'minted' AND l.last_seen > now() - interval '1 day'"
        "     AND l.desired_since < now() - $1::bigint * interval '1 millisecond' LIMIT 500) d)"
        " SELECT myna.touch_devices(ids) FROM due WHERE ids IS NOT NULL");

    return store_query(store, &renew, STORE_VALUES(value_int(age_ms)), NULL);
}

enum status cleaning_forget_sessions(struct store *store)
{
    STORE_STATEMENT(forget, "DELETE FROM myna.login_session WHERE expires_at <= now()");

    return store_query(store, &forget, STORE_NO_VALUES, NULL);
}

enum status cleaning_forget_answers(struct store *store)
{
    STORE_STATEMENT(forget, "DELETE FROM myna.idempotency"
                            " WHERE created_at <= now() - interval '24 hours'");

    return store_query(store, &forget, STORE_NO_VALUES, NULL);
}

enum status cleaning_forget_use(struct store *store)
{
    STORE_STATEMENT(forget, "DELETE FROM myna.device_use WHERE begins < CASE WHEN is_month"
                            " THEN date_trunc('month', now()) ELSE date_trunc('day', now()) END");

    return store_query(store, &forget, STORE_NO_VALUES, NULL);
}
