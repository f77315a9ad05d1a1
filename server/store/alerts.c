#include "server/store/alerts.h"

#define ALERT_JSON                                                                                 \
    "jsonb_build_object('id', a.alert_id, 'kind', a.kind, 'severity', a.severity, 'subject', "     \
    "a.subject, 'detail', a.detail, 'count', a.count, 'first_at', a.first_at, 'last_at', "         \
    "a.last_at, 'acknowledged_at', a.acknowledged_at, 'acknowledged_by', a.acknowledged_by)"

enum status alerts_list(struct store *store, enum alerts_which which, int64_t after, int64_t limit,
                        struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT " ALERT_JSON " AS item, a.alert_id,"
              "    row_number() OVER (ORDER BY a.alert_id DESC) AS n"
              "  FROM myna.alert a WHERE ($1 = 0 OR a.alert_id < $1)"
              "  AND ($3 = 0 OR a.acknowledged_at IS NULL)"
              "  ORDER BY a.alert_id DESC LIMIT $2 + 1)"
              "SELECT jsonb_build_object("
              "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
              "  'next', CASE WHEN count(*) > $2 THEN min(alert_id) FILTER (WHERE n <= $2) END)"
              "FROM page");

    return store_json(
        store, &list,
        STORE_VALUES(value_int(after), value_int(limit), value_int(which == ALERTS_OPEN)), arena,
        json);
}

enum status alerts_acknowledge(struct store *store, const struct author *author, int64_t alert_id,
                               struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        acknowledge,
        "WITH old AS (SELECT * FROM myna.alert WHERE alert_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.alert n SET acknowledged_at = now(), acknowledged_by = $1 FROM old"
        "         WHERE n.alert_id = old.alert_id AND old.acknowledged_at IS NULL RETURNING n.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'alert.acknowledge',"
        "             'alert/' || a.alert_id, NULL, " ALERT_JSON ")),"
        "           min(myna.tell('alert', a.alert_id::text)::text) FROM new a),"
        " a AS (SELECT * FROM new UNION ALL SELECT * FROM old"
        "       WHERE NOT EXISTS (SELECT FROM new))"
        "SELECT " ALERT_JSON ", a.alert_id FROM a, done");

    return document_change(
        store, &acknowledge,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(alert_id)),
        arena, out);
}
