#include "server/store/diagnosis.h"

/* Each route for talking that its list names, and what is wrong with it. */
#define ROUTES                                                                                     \
    " routes AS (SELECT count(*) AS routes,"                                                       \
    "    count(*) FILTER (WHERE flaw <> '') AS flawed,"                                            \
    "    count(*) FILTER (WHERE flaw = '' AND starved_by IS NOT NULL) AS starved,"                 \
    "    coalesce((array_agg(what || ': ' || flaw ORDER BY place) FILTER (WHERE flaw <> ''))[1],"  \
    "      '') AS flaw, coalesce(string_agg(DISTINCT starved_by, ', '), '') AS starved_by"         \
    "  FROM (SELECT i.place, (i.item ->> 'vendor') || '/' || (i.item ->> 'model') AS what, CASE"   \
    "      WHEN v.vendor_id IS NULL THEN 'there is no such vendor'"                                \
    "      WHEN k.contract_id IS NULL THEN 'the vendor has no such contract'"                      \
    "      WHEN NOT EXISTS (SELECT FROM myna.contract_version cv WHERE"                            \
    "          cv.contract_id = k.contract_id AND cv.effective_from <= now())"                     \
    "        THEN 'the contract is not in force yet'"                                              \
    "      ELSE coalesce(myna.border_flaw(dev.region, v, i.item ->> 'model'), '') END AS flaw,"    \
    "    (SELECT string_agg(DISTINCT p.source, ', ')"                                              \
    "      FROM myna.credit_account a JOIN myna.pool p ON p.pool_id = ANY (a.pools)"               \
    "      WHERE a.device_id = dev.device_id AND NOT a.is_closed"                                  \
    "        AND a.vendor_id = i.item ->> 'vendor' AND a.contract_id = i.item ->> 'contract'"      \
    "        AND a.model = i.item ->> 'model' AND p.hard AND p.is_active"                          \
    "        AND p.spent + p.outstanding::numeric / p.scale >= p.limit_amount) AS starved_by"      \
    "    FROM dev JOIN myna.effective_setting e"                                                   \
    "      ON e.device_id = dev.device_id AND e.name = 'routes'"                                   \
    "    CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array'"          \
    "      THEN e.value ELSE '[]' END) WITH ORDINALITY i(item, place)"                             \
    "    LEFT JOIN myna.vendor v ON v.vendor_id = i.item ->> 'vendor'"                             \
    "    LEFT JOIN myna.contract k ON k.contract_id = i.item ->> 'contract'"                       \
    "      AND k.vendor_id = v.vendor_id"                                                          \
    "    WHERE coalesce(i.item ->> 'use', 'chat') = 'chat') r)"

/* The attempts of the last hour that failed since one went well. Outcome 5: it failed. */
#define ATTEMPTS                                                                                   \
    " attempts AS (SELECT count(*) AS failed, (array_agg(error_class ORDER BY n))[1] AS class,"    \
    "    (array_agg(vendor_id ORDER BY n))[1] AS vendor"                                           \
    "  FROM (SELECT u.*, row_number() OVER newest AS n,"                                           \
    "      count(*) FILTER (WHERE outcome <> 5) OVER newest AS went_well"                          \
    "    FROM (SELECT x.outcome, x.error_class, x.vendor_id, x.arrived_at, x.seq FROM dev"         \
    "      JOIN myna.usage x ON x.device_id = dev.device_id"                                       \
    "      WHERE x.arrived_at > now() - interval '1 hour' AND x.purpose = 0"                       \
    "        AND x.provenance <> 5 ORDER BY x.arrived_at DESC, x.seq DESC LIMIT 50) u"             \
    "    WINDOW newest AS (ORDER BY u.arrived_at DESC, u.seq DESC"                                 \
    "      ROWS UNBOUNDED PRECEDING)) ranked WHERE went_well = 0)"

/* The routes that its last report says it leaves out, and the first of them. */
#define LEFT_OUT                                                                                   \
    " away AS (SELECT count(*) AS routes, (array_agg(c ORDER BY place))[1] AS first FROM dev"      \
    "    CROSS JOIN LATERAL jsonb_array_elements(dev.health -> 'circuits')"                        \
    "      WITH ORDINALITY e(c, place))"

/* Told robots renew themselves within minutes; an hour is for those that are told last. */
#define OLDER_CAS                                                                                  \
    "(SELECT string_agg(g.key, ', ' ORDER BY g.key) FROM myna.authority_lag g"                     \
    "  WHERE g.device_id = dev.device_id AND g.is_told AND g.since < now() - interval '1 hour'"    \
    "  AND dev.reported_generation >= dev.desired_generation)"

static wire_ErrorClass class_of(struct span name)
{
    for (int class = _wire_ErrorClass_MIN; class <= _wire_ErrorClass_MAX; class ++)
        if (span_equal(name, span_text(message_error_name((wire_ErrorClass) class))))
            return (wire_ErrorClass) class;
    return wire_ErrorClass_ERROR_NONE;
}

static void take(const struct result *row, struct arena *arena, struct diagnosis *out)
{
    int c = 0;

#define TEXT arena_text(arena, result_span(row, 0, c++))
#define INT  result_int(row, 0, c++)
#define TIME result_time(row, 0, c++)
    *out = (struct diagnosis){0};
    out->device_id = result_is_null(row, 0, c) ? NULL : arena_text(arena, result_span(row, 0, c));
    c++;
    out->name = TEXT;
    out->serial = TEXT;
    out->as_of = TEXT;
    struct doctor_facts *facts = &out->facts;
    facts->is_enrolled = out->device_id != NULL;
    facts->now_ms = TIME;
    facts->status = TEXT;
    facts->certificate_until_ms = TIME;
    facts->is_online = result_bool(row, 0, c++);
    facts->last_seen_ms = TIME;
    facts->told = (uint32_t)INT;
    facts->disk_free_mib = INT;
    facts->wifi_dbm = INT;
    facts->clock_offset_ms = INT;
    facts->journal_pending = INT;
    facts->routes = INT;
    facts->flawed = INT;
    facts->starved = INT;
    facts->flaw = TEXT;
    facts->starved_by = TEXT;
    facts->limit_mode = TEXT;
    facts->limited_by = TEXT;
    facts->failed = INT;
    facts->failed_class = (wire_ErrorClass)INT;
    facts->failed_vendor = TEXT;
    facts->left_out = INT;
    facts->left_out_route = TEXT;
    facts->left_out_failures = INT;
    facts->left_out_class = class_of(result_span(row, 0, c++));
    facts->desired = INT;
    facts->reported = INT;
    facts->desired_since_ms = TIME;
    facts->sends = INT;
    facts->refused = TEXT;
    facts->trial_verdict = TEXT;
    facts->trial_reason = TEXT;
    facts->older_ca = TEXT;
#undef TEXT
#undef INT
#undef TIME
}

enum status diagnosis_read(struct store *store, const char *key, struct arena *arena,
                           struct diagnosis *out)
{
    STORE_STATEMENT(
        read,
        "WITH chosen AS (SELECT d.device_id FROM myna.device d"
        "    WHERE d.device_id = $1 OR (d.serial = $1 AND $1 <> '')"
        "    ORDER BY d.device_id = $1 DESC, d.status = 'active' DESC, d.created_at DESC LIMIT 1),"
        " claim AS (SELECT c.serial FROM myna.claim c WHERE c.serial = $1"
        "    AND c.uses < c.uses_allowed AND c.withdrawn_at IS NULL AND c.expires_at > now()"
        "    LIMIT 1),"
        " dev AS (SELECT d.device_id, d.name, d.serial, d.status, d.region, d.certificate_until,"
        "    o.online, l.last_seen, l.health, l.trouble, l.clock_offset_ms, l.desired_generation,"
        "    l.reported_generation, l.desired_since, l.config_sends, l.setting_status,"
        "    CASE WHEN l.trial ->> 'generation' = l.desired_generation::text"
        "         THEN l.trial ELSE '{}' END AS trial"
        "  FROM chosen JOIN myna.device d USING (device_id) JOIN myna.device_link l"
        "    USING (device_id) JOIN myna.device_online o USING (device_id))," ROUTES "," ATTEMPTS
        "," LEFT_OUT
        "SELECT dev.device_id, coalesce(dev.name, ''), coalesce(dev.serial, claim.serial),"
        "  to_jsonb(now()) #>> '{}', now(),"
        "  coalesce(dev.status, ''), dev.certificate_until, coalesce(dev.online, false),"
        "  dev.last_seen, coalesce(dev.trouble, 0),"
        "  coalesce((dev.health ->> 'disk_free_mib')::bigint, -1),"
        "  coalesce((dev.health ->> 'wifi_dbm')::bigint, 0), coalesce(dev.clock_offset_ms, 0),"
        "  coalesce((dev.health ->> 'journal_pending')::bigint, 0),"
        "  routes.routes, routes.flawed, routes.starved, routes.flaw, routes.starved_by,"
        "  coalesce(mode.value #>> '{}', 'none'), coalesce(mode.layer_id, ''),"
        "  attempts.failed, coalesce(attempts.class, 0)::bigint, coalesce(attempts.vendor, ''),"
        "  away.routes, coalesce((away.first ->> 'vendor') || '/' || (away.first ->> 'model'), ''),"
        "  coalesce((away.first ->> 'failures')::bigint, 0), coalesce(away.first ->> 'class', ''),"
        "  coalesce(dev.desired_generation, 0), coalesce(dev.reported_generation, 0),"
        "  dev.desired_since, coalesce(dev.config_sends, 0)::bigint,"
        "  coalesce((SELECT string_agg(a.name, ', ' ORDER BY a.name)"
        "    FROM jsonb_to_recordset(dev.setting_status) AS a(name text, outcome text)"
        "    WHERE a.outcome IN ('refused', 'unknown')), ''),"
        "  coalesce(dev.trial ->> 'verdict', ''), coalesce(dev.trial ->> 'reason', ''),"
        "  coalesce(" OLDER_CAS ", '') "
        "FROM (SELECT 1) one LEFT JOIN dev ON true LEFT JOIN claim ON true"
        " CROSS JOIN routes CROSS JOIN attempts CROSS JOIN away"
        " LEFT JOIN myna.effective_setting mode"
        "   ON mode.device_id = dev.device_id AND mode.name = 'limit_mode'"
        " WHERE dev.device_id IS NOT NULL OR claim.serial IS NOT NULL");
    struct result row;
    enum status status = store_query(store, &read, STORE_VALUES(value_text(key)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        take(&row, arena, out);
    result_release(&row);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}
