#include "server/store/audit.h"

enum status audit_list(struct store *store, int64_t after, int64_t limit, const char *subject,
                       struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list,
                    "WITH page AS (SELECT a.seq, jsonb_build_object('seq', a.seq, 'at', a.at,"
                    "    'actor', a.actor, 'source', a.source, 'action', a.action,"
                    "    'subject', a.subject, 'before', a.before, 'after', a.after,"
                    "    'hash', encode(a.hash, 'hex')) AS item,"
                    "    row_number() OVER (ORDER BY a.seq DESC) AS n"
                    "  FROM myna.audit a WHERE ($1 = 0 OR a.seq < $1)"
                    "  AND ($3::text IS NULL OR a.subject = $3) ORDER BY a.seq DESC LIMIT $2 + 1)"
                    "SELECT jsonb_build_object("
                    "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
                    "  'next', CASE WHEN count(*) > $2 THEN min(seq) FILTER (WHERE n <= $2) END)"
                    "FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_int(after), value_int(limit), value_text(subject)), arena,
                      json);
}

enum status audit_verify(struct store *store, struct arena *arena, struct span *json)
{
    /* a row may be missing in the middle (numbers), changed (its hash) or cut off (the head) */
    STORE_STATEMENT(
        verify, "WITH chain AS (SELECT a.seq, a.hash, row_number() OVER w AS n, myna.audit_hash("
                "    lag(a.hash, 1, decode(repeat('00', 32), 'hex')) OVER w, a.seq, a.at, a.actor,"
                "    a.source, a.action, a.subject, a.before, a.after) AS computed"
                "  FROM myna.audit a WINDOW w AS (ORDER BY a.seq)),"
                " bad AS (SELECT min(seq) AS seq FROM chain WHERE hash <> computed OR seq <> n),"
                " head AS (SELECT h.seq, EXISTS (SELECT FROM myna.audit a WHERE a.seq = h.seq"
                "            AND a.hash = h.hash) OR h.seq = 0 AS ok FROM myna.audit_head h)"
                "SELECT jsonb_build_object('ok', bad.seq IS NULL AND head.ok,"
                "  'rows', (SELECT count(*) FROM chain),"
                "  'first_bad', CASE WHEN bad.seq IS NOT NULL THEN bad.seq"
                "               WHEN NOT head.ok THEN head.seq END) FROM bad, head");

    return store_json(store, &verify, STORE_NO_VALUES, arena, json);
}
