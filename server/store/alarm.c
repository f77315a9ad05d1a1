#include "server/store/alarm.h"

#include <stddef.h>

#include "server/store/columns.h"
#include "server/store/events.h"

enum status alarm_raise(struct store_conn *conn, struct arena *arena, const struct alarm *alarms,
                        size_t count)
{
    /* inserted in the order of the key, so that two instances cannot wait for each other */
    STORE_STATEMENT(
        raise,
        "WITH v AS (SELECT i.*, s.silenced_until, s.silenced_by"
        " FROM (SELECT kind, subject, count(*),"
        "         (array_agg(severity ORDER BY myna.severity_rank(severity) DESC))[1] AS severity,"
        "         (array_agg(detail ORDER BY place DESC))[1]::jsonb AS detail"
        "       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
        "         WITH ORDINALITY AS i(kind, severity, subject, detail, place)"
        "       GROUP BY kind, subject) i"
        " LEFT JOIN LATERAL (SELECT o.silenced_until, o.silenced_by FROM myna.alert o"
        "   WHERE o.kind = i.kind AND o.subject = i.subject AND o.silenced_until > now()"
        "   ORDER BY o.silenced_until DESC LIMIT 1) s ON true),"
        " back AS (UPDATE myna.alert a SET count = a.count + v.count, last_at = now(),"
        "   detail = v.detail, cleared_at = NULL, cleared_by = NULL, settles_until = NULL,"
        "   severity = CASE WHEN myna.severity_rank(v.severity) > myna.severity_rank(a.severity)"
        "     THEN v.severity ELSE a.severity END,"
        "   state = CASE WHEN v.silenced_until IS NOT NULL THEN 'silenced'"
        "     WHEN a.acknowledged_at IS NOT NULL"
        "      AND myna.severity_rank(v.severity) <= myna.severity_rank(a.severity)"
        "     THEN 'acknowledged' ELSE 'open' END"
        "   FROM v WHERE a.kind = v.kind AND a.subject = v.subject AND a.state = 'cleared'"
        "   AND a.settles_until > now() RETURNING a.kind, a.subject)"
        "INSERT INTO myna.alert AS a (kind, severity, subject, detail, count, state,"
        "   silenced_until, silenced_by)"
        " SELECT v.kind, v.severity, v.subject, v.detail, v.count,"
        "   CASE WHEN v.silenced_until IS NULL THEN 'open' ELSE 'silenced' END,"
        "   v.silenced_until, v.silenced_by"
        " FROM v WHERE NOT EXISTS (SELECT FROM back"
        "   WHERE back.kind = v.kind AND back.subject = v.subject)"
        " ORDER BY v.kind, v.subject"
        " ON CONFLICT (kind, subject) WHERE state <> 'cleared' DO UPDATE SET"
        "   count = a.count + excluded.count, last_at = now(), detail = excluded.detail,"
        "   severity = CASE WHEN myna.severity_rank(excluded.severity)"
        "     > myna.severity_rank(a.severity) THEN excluded.severity ELSE a.severity END,"
        "   state = CASE WHEN a.state = 'acknowledged' AND myna.severity_rank(excluded.severity)"
        "     > myna.severity_rank(a.severity) THEN 'open' ELSE a.state END");
    const struct columns columns = {arena, alarms, count, sizeof *alarms};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct alarm, kind)),
        columns_text(&columns, offsetof(struct alarm, severity)),
        columns_text(&columns, offsetof(struct alarm, subject)),
        columns_text(&columns, offsetof(struct alarm, detail)),
    };

    if (count == 0)
        return STATUS_OK;
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &raise, values, 4, NULL);
    if (status != STATUS_OK)
        return status;
    return events_tell(conn, "alert", &alarms->subject, 1);
}

static enum status clear(struct store_conn *conn, const char *kind, const char *const *subjects,
                         size_t count, int64_t settle_s)
{
    /* locked in the order of the key, as alarm_raise() does */
    STORE_STATEMENT(clear,
                    "WITH over AS (SELECT alert_id FROM myna.alert WHERE kind = $1"
                    "   AND subject = ANY ($2::text[]) AND state <> 'cleared'"
                    "   ORDER BY subject FOR UPDATE),"
                    " gone AS (UPDATE myna.alert a SET state = 'cleared', cleared_at = now(),"
                    "   cleared_by = 'mynad',"
                    "   settles_until = CASE WHEN $3 > 0 THEN now() + $3 * interval '1 second' END"
                    "   FROM over WHERE a.alert_id = over.alert_id RETURNING a.subject)"
                    " SELECT count(myna.tell('alert', subject)) FROM gone");

    return store_exec(
        conn, &clear,
        STORE_VALUES(value_text(kind), value_text_array(subjects, count), value_int(settle_s)),
        NULL);
}

enum status alarm_clear_all(struct store_conn *conn, const char *kind, const char *const *subjects,
                            size_t count)
{
    return clear(conn, kind, subjects, count, ALARM_SETTLE_S);
}

enum status alarm_clear(struct store_conn *conn, const char *kind, const char *subject)
{
    return clear(conn, kind, &subject, 1, ALARM_SETTLE_S);
}

enum status alarm_end(struct store_conn *conn, const char *kind, const char *subject)
{
    return clear(conn, kind, &subject, 1, 0);
}

enum status alarm_is_current(struct store *store, const char *kind, bool *out)
{
    STORE_STATEMENT(look, "SELECT EXISTS (SELECT FROM myna.alert WHERE kind = $1"
                          " AND state <> 'cleared')");
    struct result result;
    enum status status = store_query(store, &look, STORE_VALUES(value_text(kind)), &result);

    if (status != STATUS_OK)
        return status;
    *out = result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

enum status alarm_end_silences(struct store *store)
{
    STORE_STATEMENT(end, "WITH ended AS (UPDATE myna.alert SET state = 'open'"
                         "   WHERE state = 'silenced' AND silenced_until <= now()"
                         "   RETURNING subject)"
                         " SELECT count(myna.tell('alert', subject)) FROM ended");

    return store_query(store, &end, STORE_NO_VALUES, NULL);
}
