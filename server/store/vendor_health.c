#include "server/store/vendor_health.h"

#include "schema/wire/message.h"

#define CLASSES (_wire_ErrorClass_MAX + 1)

enum status vendor_health_add(struct store_conn *conn, int64_t from, int64_t until)
{
    STORE_STATEMENT(
        add, "INSERT INTO myna.vendor_hour AS h (vendor_id, hour, model, error_class, attempts,"
             " first_token_ms, first_tokens)"
             " SELECT vendor_id, date_trunc('hour', at, 'UTC'), model,"
             "   CASE WHEN outcome = 5 THEN error_class ELSE -1 END, count(*),"
             "   coalesce(sum(first_token_ms), 0), count(*) FILTER (WHERE first_token_ms > 0)"
             " FROM myna.usage WHERE stamp >= $1 AND stamp < $2 AND attempt > 0"
             " AND (provenance <> 5 OR outcome = 5) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
             " ON CONFLICT (vendor_id, hour, model, error_class) DO UPDATE SET"
             " attempts = h.attempts + excluded.attempts,"
             " first_token_ms = h.first_token_ms + excluded.first_token_ms,"
             " first_tokens = h.first_tokens + excluded.first_tokens");

    return store_exec(conn, &add, STORE_VALUES(value_int(from), value_int(until)), NULL);
}

static struct value class_names(const char *names[CLASSES])
{
    for (int i = 0; i < CLASSES; i++)
        names[i] = message_error_name((wire_ErrorClass)i);
    return value_text_array(names, CLASSES);
}

/* Robots of which one was heard within ten minutes tell it in each report. */
#define HEARD "l.last_seen > now() - interval '10 minutes'"

enum status vendor_health_read(struct store *store, const char *vendor_id, int64_t hours,
                               struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read,
        "WITH shown AS (SELECT hour, CASE WHEN error_class >= 0 THEN"
        "     ($3::text[])[error_class + 1] END AS class, sum(attempts) AS attempts,"
        "     sum(first_token_ms) AS first_token_ms, sum(first_tokens) AS first_tokens"
        "   FROM myna.vendor_hour WHERE vendor_id = $1"
        "   AND hour > now() - make_interval(hours => $2::int) GROUP BY 1, 2),"
        " hours AS (SELECT hour, jsonb_build_object('at', hour, 'attempts', sum(attempts),"
        "     'failed', coalesce(sum(attempts) FILTER (WHERE class IS NOT NULL), 0), 'classes',"
        "     coalesce(jsonb_object_agg(class, attempts) FILTER (WHERE class IS NOT NULL), '{}'),"
        "     'first_token_ms', round(sum(first_token_ms) / nullif(sum(first_tokens), 0))) AS item"
        "   FROM (SELECT hour, class, attempts, first_token_ms, first_tokens FROM shown) s"
        "   GROUP BY hour),"
        " away AS (SELECT l.device_id, l.health -> 'circuits' AS circuits"
        "   FROM myna.device_link l WHERE " HEARD " AND l.health -> 'left_out' ? $1),"
        " named AS (SELECT * FROM away ORDER BY device_id LIMIT 50),"
        " open AS (SELECT device_id, place, c FROM away, jsonb_array_elements(circuits)"
        "   WITH ORDINALITY e(c, place) WHERE c ->> 'vendor' = $1)"
        "SELECT jsonb_build_object('as_of', now(), 'vendor', v.vendor_id,"
        "  'hours', (SELECT coalesce(jsonb_agg(item ORDER BY hour), '[]') FROM hours),"
        "  'heard', (SELECT count(*) FROM myna.device_link l WHERE " HEARD "),"
        "  'left_out', jsonb_build_object('robots', (SELECT count(*) FROM away), 'first',"
        "    (SELECT coalesce(jsonb_agg(device_id ORDER BY device_id), '[]') FROM named),"
        "    'classes', (SELECT coalesce(jsonb_object_agg(class, robots), '{}') FROM ("
        "      SELECT c ->> 'class' AS class, count(DISTINCT device_id) AS robots FROM open"
        "      GROUP BY 1) k),"
        "    'circuits', (SELECT coalesce(jsonb_agg(jsonb_build_object('device', device_id,"
        "      'next', NULL) || c ORDER BY device_id, place), '[]')"
        "      FROM open WHERE device_id IN (SELECT device_id FROM named))))"
        " FROM myna.vendor v WHERE v.vendor_id = $1");
    const char *names[CLASSES];

    return store_json(store, &read,
                      STORE_VALUES(value_text(vendor_id), value_int(hours), class_names(names)),
                      arena, json);
}

enum status vendor_health_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH recent AS (SELECT vendor_id, sum(attempts) AS attempts,"
        "     coalesce(sum(attempts) FILTER (WHERE error_class >= 0), 0) AS failed,"
        "     round(sum(first_token_ms) / nullif(sum(first_tokens), 0)) AS first_token_ms"
        "   FROM myna.vendor_hour WHERE hour > now() - interval '2 hours' GROUP BY 1),"
        " away AS (SELECT vendor_id, count(*) AS robots FROM myna.device_link l,"
        "   jsonb_array_elements_text(l.health -> 'left_out') AS o(vendor_id)"
        "   WHERE " HEARD " AND l.health ? 'left_out' GROUP BY 1)"
        "SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg(jsonb_build_object("
        "  'id', v.vendor_id, 'attempts', coalesce(r.attempts, 0), 'failed',"
        "  coalesce(r.failed, 0), 'first_token_ms', r.first_token_ms, 'left_out',"
        "  coalesce(a.robots, 0)) ORDER BY v.vendor_id), '[]'))"
        " FROM myna.vendor v LEFT JOIN recent r USING (vendor_id) LEFT JOIN away a USING"
        " (vendor_id)");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}
