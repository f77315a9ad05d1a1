#include "server/store/audit.h"

static struct value time_or_none(int64_t wall_ms)
{
    return wall_ms == 0 ? value_no_time() : value_time(wall_ms);
}

enum status audit_list(struct store *store, int64_t after, int64_t limit,
                       const struct audit_filter *filter, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list,
                    "WITH page AS (SELECT a.seq, jsonb_build_object('seq', a.seq, 'at', a.at,"
                    "    'actor', a.actor, 'source', a.source, 'action', a.action,"
                    "    'subject', a.subject, 'before', a.before, 'after', a.after,"
                    "    'hash', encode(a.hash, 'hex'), 'erased_by', a.erased_by) AS item,"
                    "    row_number() OVER (ORDER BY a.seq DESC) AS n"
                    "  FROM myna.audit a WHERE ($1 = 0 OR a.seq < $1)"
                    "  AND ($3::text IS NULL OR a.subject = $3)"
                    "  AND ($4::text IS NULL OR a.actor = $4)"
                    "  AND ($5::text IS NULL OR a.action = $5 OR starts_with(a.action, $5 || '.'))"
                    "  AND ($6::timestamptz IS NULL OR a.at >= $6)"
                    "  AND ($7::timestamptz IS NULL OR a.at < $7) ORDER BY a.seq DESC LIMIT $2 + 1)"
                    "SELECT jsonb_build_object("
                    "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
                    "  'next', CASE WHEN count(*) > $2 THEN min(seq) FILTER (WHERE n <= $2) END)"
                    "FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_int(after), value_int(limit), value_text(filter->subject),
                                   value_text(filter->actor), value_text(filter->action),
                                   time_or_none(filter->from_ms), time_or_none(filter->until_ms)),
                      arena, json);
}

enum status audit_verify(struct store *store, int64_t after, int64_t limit, struct arena *arena,
                         struct span *json)
{
    /* a row may be missing in the middle (numbers), changed (its hash, or what stands for it since
     * it was blanked) or cut off (the head) */
    STORE_STATEMENT(
        verify,
        "WITH part AS (SELECT * FROM myna.audit WHERE seq >= $1 ORDER BY seq"
        "    LIMIT CASE WHEN $2 > 0 THEN $2 + ($1 > 0)::int END),"
        " chain AS (SELECT p.seq, $1 + row_number() OVER w - ($1 > 0)::int AS n,"
        "    CASE WHEN p.erased_by IS NULL AND p.action <> 'device.erase'"
        "      THEN p.hash = myna.audit_hash(p.previous || coalesce(p.salt, ''), p.seq, p.at,"
        "        p.actor, p.source, p.action, p.subject, p.before, p.after)"
        "      ELSE (SELECT myna.audit_row_stands(a, p.previous) FROM myna.audit a"
        "        WHERE a.seq = p.seq) END AS stands FROM (SELECT part.*, lag(hash, 1,"
        "    decode(repeat('00', 32), 'hex')) OVER (ORDER BY seq) AS previous FROM part) p"
        "  WINDOW w AS (ORDER BY p.seq)),"
        " bad AS (SELECT min(seq) FILTER (WHERE seq <> n OR seq > $1 AND NOT stands)"
        "            AS seq, count(*) FILTER (WHERE seq > $1) AS rows, max(seq) AS last"
        "          FROM chain),"
        " head AS (SELECT h.seq, h.seq > bad.last AS is_ahead, EXISTS (SELECT FROM"
        "            myna.audit a WHERE a.seq = h.seq AND a.hash = h.hash)"
        "            OR h.seq = 0 AS ok FROM myna.audit_head h, bad)"
        "SELECT jsonb_build_object('rows', bad.rows, 'head', head.seq,"
        "  'ok', bad.seq IS NULL AND head.ok,"
        "  'first_bad', CASE WHEN bad.seq IS NOT NULL THEN bad.seq"
        "               WHEN NOT head.ok THEN head.seq END,"
        "  'next', CASE WHEN head.is_ahead AND bad.rows > 0 AND $2 > 0 THEN bad.last END)"
        " FROM bad, head");

    return store_json(store, &verify, STORE_VALUES(value_int(after), value_int(limit)), arena,
                      json);
}

enum status audit_head(struct store *store, int64_t *seq, uint8_t hash[CRYPTO_HASH_SIZE])
{
    STORE_STATEMENT(find, "SELECT seq, hash FROM myna.audit_head");
    struct result result;
    enum status status = store_query(store, &find, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? result_bytes(&result, 0, 1, hash, CRYPTO_HASH_SIZE)
                                       : STATUS_CORRUPT;
    if (status == STATUS_OK)
        *seq = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

enum status audit_stands(struct store *store, int64_t seq, struct span hash, bool *stands)
{
    STORE_STATEMENT(find, "SELECT $1 = 0 OR EXISTS (SELECT FROM myna.audit"
                          " WHERE seq = $1 AND hash = $2)");
    struct result result;
    enum status status =
        store_query(store, &find, STORE_VALUES(value_int(seq), value_bytes(hash)), &result);

    if (status != STATUS_OK)
        return status;
    *stands = result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}
