#include "server/store/rollout_history.h"

enum status rollout_history_list(struct store *store, const char *rollout_id, int64_t after,
                                 int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT a.*, row_number() OVER (ORDER BY a.seq DESC) AS n"
        "  FROM myna.audit a JOIN myna.rollout r ON a.subject = 'rollout/' || r.rollout_id"
        "  WHERE r.rollout_id = $1 AND a.at >= r.created_at AND ($2 = 0 OR a.seq < $2)"
        "  ORDER BY a.seq DESC LIMIT $3 + 1),"
        " told AS (SELECT p.n, p.seq, jsonb_build_object('seq', p.seq, 'at', p.at,"
        "    'actor', p.actor, 'event', substr(p.action, 9),"
        "    'from', CASE WHEN p.before ? 'state' THEN jsonb_build_object('state',"
        "      p.before -> 'state', 'step', p.before -> 'step', 'cause', p.before -> 'cause') END,"
        "    'to', CASE WHEN p.after ? 'state' THEN jsonb_build_object('state',"
        "      p.after -> 'state', 'step', p.after -> 'step', 'cause', p.after -> 'cause') END,"
        /* a verdict is about the wave that it ends, whatever follows it */
        "    'wave', CASE WHEN p.action IN ('rollout.green', 'rollout.force')"
        "      THEN p.before -> 'wave' ELSE p.after -> 'wave' END, 'robots', CASE "
        "jsonb_typeof(p.after -> 'robots')"
        "      WHEN 'array' THEN to_jsonb(jsonb_array_length(p.after -> 'robots'))"
        "      ELSE p.after -> 'members' END,"
        "    'reason', coalesce(p.after ->> 'reason', '')) AS item FROM page p)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $3), '[]'),"
        "  'next', CASE WHEN count(*) > $3 THEN min(seq) FILTER (WHERE n <= $3) END)"
        " FROM told HAVING EXISTS (SELECT FROM myna.rollout WHERE rollout_id = $1)");

    return store_json(store, &list,
                      STORE_VALUES(value_text(rollout_id), value_int(after), value_int(limit)),
                      arena, json);
}
