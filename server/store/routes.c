#include "server/store/routes.h"

static const char *text_of(const struct result *result, size_t i, int column, struct arena *arena)
{
    return arena_text(arena, result_span(result, i, column));
}

static void row_from_row(const struct result *result, size_t i, struct arena *arena,
                         struct routes_row *row)
{
    row->device_id = text_of(result, i, 0, arena);
    row->vendor_id = text_of(result, i, 1, arena);
    row->model = text_of(result, i, 2, arena);
    row->contract_id = text_of(result, i, 3, arena);
    row->contract_version = result_int(result, i, 4);
    row->is_complete = result_bool(result, i, 5);
    row->dialect = text_of(result, i, 6, arena);
    row->base_url = text_of(result, i, 7, arena);
    row->vendor_region = text_of(result, i, 8, arena);
    row->key_wrapped = result_copy(result, i, 9, arena);
    row->device_region = text_of(result, i, 10, arena);
    row->is_minted = result_bool(result, i, 11);
    row->since_ms = result_time(result, i, 12);
    row->use = text_of(result, i, 13, arena);
    row->voice = text_of(result, i, 14, arena);
    row->pair_is_open = result_bool(result, i, 15);
    row->filing_is_due = result_bool(result, i, 16);
    row->filing = text_of(result, i, 17, arena);
    row->rollout_id = text_of(result, i, 18, arena);
    row->window_s = result_int(result, i, 19);
    row->is_under_way = result_bool(result, i, 20);
    row->is_test = result_bool(result, i, 21);
    row->is_install = result_bool(result, i, 22);
    row->open_regions = text_of(result, i, 23, arena);
}

/* The version in force when the generation was made, not now: a generation's content must be the
 * same whenever it is built. Robots are many and their lists few: each list is looked up once for
 * all who have it since the same moment in the same region, led away from the same vendors. That is
 * why drains are applied here, as effective_setting does it for one robot after the other; a test
 * compares the two. Only while there is a drill must each robot be asked. */
#define LISTS                                                                                      \
    "WITH own AS MATERIALIZED ("                                                                   \
    "   SELECT e.device_id, e.value, d.region, l.desired_since AS since, CASE"                     \
    "     WHEN (SELECT EXISTS (SELECT FROM myna.vendor_drain"                                      \
    "           WHERE state = 'active' AND kind = 'drill'))"                                       \
    "     THEN coalesce(myna.drained_vendors(e.device_id), '{}')"                                  \
    "     ELSE (SELECT coalesce(array_agg(DISTINCT vendor_id::text ORDER BY vendor_id::text),"     \
    "             '{}') FROM myna.vendor_drain WHERE state = 'active') END AS drained"             \
    "   FROM myna.standing_setting e JOIN myna.device d ON d.device_id = e.device_id"              \
    "   JOIN myna.device_link l ON l.device_id = e.device_id"                                      \
    "   WHERE e.name = 'routes' AND jsonb_typeof(e.value) = 'array'"                               \
    "     AND e.device_id = ANY ($1::text[])),"                                                    \
    " list AS MATERIALIZED ("                                                                      \
    "   SELECT o.*, CASE WHEN o.drained = '{}' THEN o.value"                                       \
    "     ELSE coalesce(myna.routes_left(o.value, o.drained, o.region), o.value) END AS routes"    \
    "   FROM (SELECT DISTINCT value, region, since, drained FROM own) o),"                         \
    " item AS MATERIALIZED ("                                                                      \
    "   SELECT h.value, h.region, h.since, h.drained, r.place,"                                    \
    "     r.item ->> 'vendor' AS vendor_id,"                                                       \
    "     r.item ->> 'model' AS model, r.item ->> 'contract' AS contract_id,"                      \
    "     coalesce((SELECT cv.version FROM myna.contract_version cv"                               \
    "       WHERE cv.contract_id = c.contract_id AND cv.effective_from <= h.since"                 \
    "       ORDER BY cv.effective_from DESC, cv.version DESC LIMIT 1), 0) AS version,"             \
    "     c.contract_id IS NOT NULL AS is_complete, v.dialect, v.base_url,"                        \
    "     v.region AS vendor_region, v AS vendor, v.key_wrapped, v.next_key_wrapped,"              \
    "     coalesce(v.credential = 'minted', false) AS is_minted,"                                  \
    "     coalesce(r.item ->> 'use', 'chat') AS use, coalesce(r.item ->> 'voice', '') AS voice,"   \
    "     EXISTS (SELECT FROM myna.region_pair p WHERE p.device_region = h.region"                 \
    "       AND p.vendor_region = v.region) AS pair_is_open,"                                      \
    "     coalesce((SELECT string_agg(p.vendor_region::text, ',' ORDER BY p.vendor_region::text)"  \
    "       FROM myna.region_pair p WHERE p.device_region = h.region), '') AS open_regions,"       \
    "     EXISTS (SELECT FROM myna.region n WHERE n.region_id = h.region AND n.needs_filing)"      \
    "       AS filing_is_due,"                                                                     \
    "     coalesce(myna.filing_of(v.filings, r.item ->> 'model', h.region), '') AS filing"         \
    "   FROM list h"                                                                               \
    "   CROSS JOIN LATERAL jsonb_array_elements(h.routes) WITH ORDINALITY AS r(item, place)"       \
    "   LEFT JOIN myna.vendor v ON v.vendor_id = r.item ->> 'vendor'"                              \
    "   LEFT JOIN myna.contract c ON c.contract_id = r.item ->> 'contract'"                        \
    "     AND c.vendor_id = v.vendor_id)"

/* A device has time to go back before the rollout gives it up. */
#define TRIALS                                                                                     \
    "SELECT o.device_id, coalesce(r.key_vendor, ''), '', '', 0, false, '', '', '', NULL, '', "     \
    "false,"                                                                                       \
    " l.desired_since, '', '', false, false, '', o.rollout_id,"                                    \
    " (r.plan -> 'confirm' ->> 'deadline_s')::bigint * 3 / 4,"                                     \
    " l.reported_generation < l.desired_generation,"                                               \
    " (r.plan -> 'confirm' ->> 'test')::boolean, r.software_kind IS NOT NULL, '', 1e9"             \
    " FROM myna.rollout_device o JOIN myna.rollout r USING (rollout_id)"                           \
    " JOIN myna.device_link l USING (device_id)"                                                   \
    " WHERE o.is_open AND o.device_id = ANY ($1::text[])"                                          \
    " AND ((r.plan -> 'confirm' ->> 'test')::boolean OR r.software_kind IS NOT NULL)"              \
    " AND (r.software_kind IS NULL OR r.reverses IS NULL)"                                         \
    " AND (o.state IN ('opened', 'unreachable') OR o.generation = l.desired_generation)"

static enum status select_rows(struct store_conn *conn, const char *const *ids, size_t id_count,
                               struct result *result)
{
    STORE_STATEMENT(
        read, LISTS
        " SELECT device_id, vendor_id, model, contract_id, version, is_complete, dialect, base_url,"
        " vendor_region, key_wrapped, region, is_minted, since, use, voice, pair_is_open,"
        " filing_is_due, filing, rollout_id, window_s, is_under_way, is_test, is_install, "
        "open_regions"
        " FROM (SELECT h.device_id, i.vendor_id, i.model, i.contract_id, i.version, i.is_complete,"
        " i.dialect, i.base_url, i.vendor_region,"
        " CASE WHEN i.next_key_wrapped IS NOT NULL AND myna.key_is_next(i.vendor, h.device_id)"
        "   THEN i.next_key_wrapped ELSE i.key_wrapped END AS key_wrapped,"
        " h.region, i.is_minted, h.since, i.use, i.voice, i.pair_is_open, i.filing_is_due,"
        " i.filing, '' AS rollout_id, 0::bigint AS window_s, false AS is_under_way,"
        " false AS is_test, false AS is_install, i.open_regions, i.place"
        " FROM own h JOIN item i USING (value, region, since, drained)"
        " UNION ALL " TRIALS ") rows ORDER BY device_id COLLATE \"C\", place");

    return store_exec(conn, &read, STORE_VALUES(value_text_array(ids, id_count)), result);
}

enum status routes_read(struct store_conn *conn, struct arena *arena, const char *const *ids,
                        size_t id_count, struct routes_row **rows, size_t *count)
{
    struct result result = {0};
    enum status status = select_rows(conn, ids, id_count, &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    struct routes_row *out = arena_take(arena, (found + 1) * sizeof *out);
    for (size_t i = 0; out && i < found; i++)
        row_from_row(&result, i, arena, &out[i]);
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *rows = out;
    *count = found;
    return STATUS_OK;
}
