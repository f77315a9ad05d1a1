#include "server/store/timeline.h"

#include <stdlib.h>
#include <string.h>

/* Each source gives at most a page, its newest first, as (at, ref, item). A ref names the entry, so
 * that two of one instant have an order. $2, $3: the place before which the page begins. */
#define BEFORE(at, ref)                                                                            \
    "($2::bigint = 0 OR (floor(extract(epoch FROM " at ") * 1000000)::bigint, " ref ")"            \
    " < ($2, $3))"
#define NEWEST(at) " ORDER BY " at " DESC LIMIT $4 + 1)"

#define AUDITED                                                                                    \
    "(SELECT a.at, 'a' || lpad(a.seq::text, 19, '0') AS ref, jsonb_build_object("                  \
    "   'kind', 'audit', 'what', a.action, 'subject', a.subject, 'by', a.actor,"                   \
    "   'before', a.before, 'after', a.after, 'status', c.status, 'reason', c.reason) AS item"     \
    "  FROM rows a LEFT JOIN myna.command c ON a.action = 'command.create'"                        \
    "    AND c.command_id::text = a.after ->> 'id'"                                                \
    "  WHERE " BEFORE("a.at", "'a' || lpad(a.seq::text, 19, '0')") NEWEST("a.at")

#define RAISED                                                                                     \
    "(SELECT n.first_at, 'n' || n.alert_id, jsonb_build_object('kind', 'alert', 'what', n.kind,"   \
    "   'subject', n.subject, 'by', '', 'severity', n.severity, 'status', n.state,"                \
    "   'after', n.detail)"                                                                        \
    "  FROM myna.alert n WHERE n.subject = 'device/' || $1"                                        \
    "  AND " BEFORE("n.first_at", "'n' || n.alert_id") NEWEST("n.first_at")

#define CLEARED                                                                                    \
    "(SELECT n.cleared_at, 'o' || n.alert_id, jsonb_build_object('kind', 'alert_over', 'what',"    \
    "   n.kind, 'subject', n.subject, 'by', n.cleared_by)"                                         \
    "  FROM myna.alert n WHERE n.subject = 'device/' || $1 AND n.state = 'cleared'"                \
    "  AND " BEFORE("n.cleared_at", "'o' || n.alert_id") NEWEST("n.cleared_at")

#define OPENED                                                                                     \
    "(SELECT v.opened_at, 'p' || v.rollout_id, jsonb_build_object('kind', 'rollout',"              \
    "   'what', 'opened', 'subject', 'rollout/' || v.rollout_id, 'by', '',"                        \
    "   'after', jsonb_build_object('wave', v.wave))"                                              \
    "  FROM myna.rollout_device v WHERE v.device_id = $1 AND v.opened_at IS NOT NULL"              \
    "  AND " BEFORE("v.opened_at", "'p' || v.rollout_id") NEWEST("v.opened_at")

#define SETTLED                                                                                    \
    "(SELECT v.settled_at, 'q' || v.rollout_id, jsonb_build_object('kind', 'rollout',"             \
    "   'what', v.state, 'subject', 'rollout/' || v.rollout_id, 'by', '', 'reason', v.reason)"     \
    "  FROM myna.rollout_device v WHERE v.device_id = $1 AND v.settled_at IS NOT NULL"             \
    "  AND " BEFORE("v.settled_at", "'q' || v.rollout_id") NEWEST("v.settled_at")

/* The one that is made and not yet reported; those that ran are past. */
#define GENERATION                                                                                 \
    "(SELECT l.desired_since, 'g', jsonb_build_object('kind', 'generation', 'what', 'made',"       \
    "   'subject', 'device/' || $1, 'by', '',"                                                     \
    "   'after', jsonb_build_object('generation', l.desired_generation))"                          \
    "  FROM myna.device_link l WHERE l.device_id = $1"                                             \
    "  AND l.reported_generation < l.desired_generation AND " BEFORE("l.desired_since", "'g'") ")"

#define RAN                                                                                        \
    "(SELECT p.began_at, 'h' || p.place, jsonb_build_object('kind', 'generation', 'what', 'runs'," \
    "   'subject', 'device/' || $1, 'by', '', 'after', jsonb_build_object('generation',"           \
    "   p.number)) FROM myna.device_past p WHERE p.link_device = $1 AND p.kind = 'generation'"     \
    "  AND p.began_at IS NOT NULL AND " BEFORE("p.began_at", "'h' || p.place")                     \
        NEWEST("p.began_at")

#define BEGAN                                                                                      \
    "(SELECT p.began_at, 's' || p.place, jsonb_build_object('kind', 'session', 'what', 'began',"   \
    "   'subject', 'device/' || $1, 'by', '', 'after', jsonb_build_object('session', p.number))"   \
    "  FROM myna.device_past p WHERE p.link_device = $1 AND p.kind = 'session'"                    \
    "  AND p.began_at IS NOT NULL AND " BEFORE("p.began_at", "'s' || p.place")                     \
        NEWEST("p.began_at")

#define ENDED                                                                                      \
    "(SELECT p.ended_at, 'e' || p.place, jsonb_build_object('kind', 'session', 'what', 'ended',"   \
    "   'subject', 'device/' || $1, 'by', '', 'after', jsonb_build_object('session', p.number))"   \
    "  FROM myna.device_past p WHERE p.link_device = $1 AND p.kind = 'session'"                    \
    "  AND p.ended_at IS NOT NULL AND " BEFORE("p.ended_at", "'e' || p.place")                     \
        NEWEST("p.ended_at")

/* "1763856000000000.a12": microseconds since 1970 and the entry's name. */
static enum status read_key(const char *after, int64_t *at_us, const char **ref)
{
    char *end;

    *at_us = 0;
    *ref = "";
    if (!after)
        return STATUS_OK;
    long long number = strtoll(after, &end, 10);
    if (number <= 0 || *end != '.' || !end[1])
        return STATUS_INVALID;
    *at_us = number;
    *ref = end + 1;
    return STATUS_OK;
}

enum status timeline_read(struct store *store, const char *device_id, const char *after,
                          int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read,
        "WITH rows AS (SELECT * FROM ("
        "    (SELECT * FROM myna.audit WHERE subject = 'device/' || $1 ORDER BY seq DESC)"
        "    UNION ALL (SELECT * FROM myna.audit WHERE subject = 'layer/device:' || $1)"
        "    UNION ALL (SELECT * FROM myna.audit WHERE action IN ('group.add', 'group.remove')"
        "      AND coalesce(after, before) ->> 'device' = $1)"
        "    UNION ALL (SELECT * FROM myna.audit WHERE action = 'group.refresh'"
        "      AND coalesce(after -> 'joined', '[]') || coalesce(before -> 'left', '[]') ? $1)) u),"
        " entries(at, ref, item) AS (" AUDITED " UNION ALL " RAISED " UNION ALL " CLEARED
        " UNION ALL " OPENED " UNION ALL " SETTLED " UNION ALL " GENERATION " UNION ALL " RAN
        " UNION ALL " BEGAN " UNION ALL " ENDED "),"
        " page AS (SELECT e.*, floor(extract(epoch FROM e.at) * 1000000)::bigint || '.' || e.ref"
        "    AS id, row_number() OVER (ORDER BY e.at DESC, e.ref DESC) AS n FROM entries e"
        "  ORDER BY e.at DESC, e.ref DESC LIMIT $4 + 1)"
        "SELECT jsonb_build_object('items', coalesce(jsonb_agg("
        "    jsonb_build_object('id', page.id, 'at', page.at) || jsonb_strip_nulls(page.item)"
        "    ORDER BY page.n) FILTER (WHERE page.n <= $4), '[]'),"
        "  'next', CASE WHEN count(page.n) > $4"
        "          THEN max(page.id) FILTER (WHERE page.n = $4) END) "
        "FROM myna.device d LEFT JOIN page ON true WHERE d.device_id = $1 GROUP BY d.device_id");
    int64_t at_us;
    const char *ref;
    enum status status = read_key(after, &at_us, &ref);

    if (status != STATUS_OK)
        return status;
    return store_json(
        store, &read,
        STORE_VALUES(value_text(device_id), value_int(at_us), value_text(ref), value_int(limit)),
        arena, json);
}
