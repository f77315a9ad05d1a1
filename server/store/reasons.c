#include "server/store/reasons.h"

/* The rollout that it is a member of, or, before those are fixed, that would reach it. */
#define ROLLOUT                                                                                    \
    " rollout AS (SELECT r.*, v.wave AS device_wave, v.is_control, v.state AS device_state,"       \
    "    v.reason AS device_reason FROM myna.rollout r LEFT JOIN myna.rollout_device v"            \
    "    ON v.rollout_id = r.rollout_id AND v.device_id = $1 AND v.is_live"                        \
    "   WHERE (NOT v.is_open AND v.state IN ('waiting', 'failed')"                                 \
    "     OR r.state IN ('preflight', 'approval', 'waiting') AND EXISTS (SELECT"                   \
    "      FROM myna.rollout_reach t WHERE t.rollout_id = r.rollout_id AND t.device_id = $1))"     \
    "    AND ($3::text IS NULL OR r.patch ? $3)"                                                   \
    "   ORDER BY v.device_id IS NULL, r.created_at, r.rollout_id LIMIT 1)"

/* Everything that a layer or a rollout's patch says to the device, the one that holds first. The
 * same order as in the view layered_setting, which keeps the first alone. */
#define SAID                                                                                       \
    " said AS MATERIALIZED (SELECT s.key AS name, s.value, y.layer_id, y.revision, y.changed_by,"  \
    "    y.changed_at, row_number() OVER (PARTITION BY s.key ORDER BY y.rank DESC,"                \
    "      y.priority DESC, y.group_created DESC NULLS LAST, y.is_patch DESC) AS place"            \
    "  FROM ("                                                                                     \
    "    SELECT l.layer_id, l.settings, l.revision, l.changed_by, l.changed_at, 0 AS rank,"        \
    "      0 AS priority, NULL::timestamptz AS group_created, false AS is_patch"                   \
    "    FROM myna.layer l WHERE l.layer_id = 'fleet'"                                             \
    "    UNION ALL SELECT l.layer_id, l.settings, l.revision, l.changed_by, l.changed_at, 1,"      \
    "      g.priority, g.created_at, false FROM myna.group_member m"                               \
    "      JOIN myna.device_group g USING (group_id) JOIN myna.layer l ON l.group_id = m.group_id" \
    "      WHERE m.device_id = $1"                                                                 \
    "    UNION ALL SELECT l.layer_id, l.settings, l.revision, l.changed_by, l.changed_at, 2, 0,"   \
    "      NULL, false FROM myna.layer l WHERE l.device_id = $1"                                   \
    "    UNION ALL SELECT 'rollout:' || o.rollout_id, o.patch, 1, r.author, r.started_at,"         \
    "      CASE WHEN g.group_id IS NULL THEN 0 ELSE 1 END, coalesce(g.priority, 0), g.created_at," \
    "      true FROM myna.rollout_sight o JOIN myna.rollout r USING (rollout_id)"                  \
    "      LEFT JOIN myna.device_group g ON g.group_id = o.group_id WHERE o.device_id = $1"        \
    "  ) y CROSS JOIN LATERAL jsonb_each(y.settings) s WHERE $3::text IS NULL OR s.key = $3)"

/* Who gave the value that holds: a layer, a rollout, a fired threshold or a drain. */
#define GIVEN_BY                                                                                   \
    "jsonb_build_object('layer', coalesce(e.layer_id, 'default'), 'revision', e.revision,"         \
    "  'by', coalesce(w.changed_by, n.author, ''),"                                                \
    "  'at', coalesce(w.changed_at, h.fired_at, n.started_at),"                                    \
    "  'why', CASE WHEN h.threshold_id IS NOT NULL THEN concat('reached ', h.rule ->> 'at',"       \
    "         ' of ', h.rule ->> 'of') WHEN n.author IS NOT NULL THEN concat('vendor ',"           \
    "         n.vendor_id, ' is drained', ': ' || nullif(n.reason, '')) ELSE '' END)"

#define SETTINGS                                                                                   \
    " settings AS (SELECT coalesce(jsonb_agg(jsonb_build_object("                                  \
    "    'name', name, 'value', coalesce(e.value, c.value), 'given_by', " GIVEN_BY ","             \
    "    'below', (SELECT coalesce(jsonb_agg(jsonb_build_object('layer', b.layer_id, 'revision',"  \
    "        b.revision, 'value', b.value) ORDER BY b.place), '[]') FROM said b"                   \
    "      WHERE b.name = name_of.name AND b.layer_id IS DISTINCT FROM e.layer_id"                 \
    "        AND b.value <> 'null'),"                                                              \
    "    'coming', CASE WHEN (SELECT r.patch ? name_of.name FROM rollout r)"                       \
    "        THEN (SELECT jsonb_build_object('rollout', r.rollout_id, 'value', r.patch -> "        \
    "name_of.name)"                                                                                \
    "              FROM rollout r) END,"                                                           \
    "    'outcome', s.outcome, 'reason', coalesce(s.reason, '')) ORDER BY name), '[]') AS items"   \
    "  FROM (SELECT e.name FROM effective e UNION SELECT c.name"                                   \
    "        FROM jsonb_to_recordset($2::jsonb) AS c(name text, value jsonb)"                      \
    "        WHERE ($3::text IS NULL OR c.name = $3)) name_of"                                     \
    "  LEFT JOIN jsonb_to_recordset($2::jsonb) AS c(name text, value jsonb) USING (name)"          \
    "  LEFT JOIN effective e USING (name) LEFT JOIN said w USING (name, layer_id)"                 \
    "  LEFT JOIN myna.threshold h ON e.layer_id = 'threshold:' || h.source"                        \
    "  LEFT JOIN LATERAL (SELECT x.vendor_id, x.author, x.started_at, x.reason"                    \
    "    FROM myna.vendor_drain x WHERE e.layer_id = 'drain:' || x.vendor_id"                      \
    "    AND x.state = 'active' ORDER BY x.kind = 'drill', x.drain_id LIMIT 1) n ON true"          \
    "  LEFT JOIN answers s USING (name))"

/* Each route that the list names, and why it cannot serve. */
#define ROUTES                                                                                     \
    " routes AS (SELECT coalesce(jsonb_agg(jsonb_build_object('vendor', i.item ->> 'vendor',"      \
    "    'model', i.item ->> 'model', 'contract', i.item ->> 'contract',"                          \
    "    'use', coalesce(i.item ->> 'use', 'chat'), 'flaw', CASE"                                  \
    "      WHEN v.vendor_id IS NULL THEN 'there is no such vendor'"                                \
    "      WHEN k.contract_id IS NULL THEN 'the vendor has no such contract'"                      \
    "      WHEN NOT EXISTS (SELECT FROM myna.contract_version cv WHERE"                            \
    "          cv.contract_id = k.contract_id AND cv.effective_from <= now())"                     \
    "        THEN 'the contract is not in force yet'"                                              \
    "      ELSE coalesce(myna.border_flaw(dev.region, v, i.item ->> 'model'), '') END,"            \
    "    'starved_by', (SELECT coalesce(jsonb_agg(DISTINCT p.source), '[]')"                       \
    "      FROM myna.credit_account a JOIN myna.pool p ON p.pool_id = ANY (a.pools)"               \
    "      WHERE a.device_id = dev.device_id AND NOT a.is_closed"                                  \
    "        AND a.vendor_id = i.item ->> 'vendor' AND a.contract_id = i.item ->> 'contract'"      \
    "        AND a.model = i.item ->> 'model' AND p.hard AND p.is_active"                          \
    "        AND p.spent + p.outstanding::numeric / p.scale >= p.limit_amount))"                   \
    "    ORDER BY i.place), '[]') AS items"                                                        \
    "  FROM dev JOIN myna.effective_setting e ON e.device_id = dev.device_id AND e.name = "        \
    "'routes'"                                                                                     \
    "  CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array'"            \
    "    THEN e.value ELSE '[]' END) WITH ORDINALITY i(item, place)"                               \
    "  LEFT JOIN myna.vendor v ON v.vendor_id = i.item ->> 'vendor'"                               \
    "  LEFT JOIN myna.contract k ON k.contract_id = i.item ->> 'contract'"                         \
    "    AND k.vendor_id = v.vendor_id)"

/* What came by a manifest: who tells it of that, what it has, how far it came and why not further;
 * and what a rollout would bring. */
#define SOFTWARE                                                                                   \
    " software AS (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', n.kind, 'name', n.name,"   \
    "    'version', CASE WHEN NOT s.withdrawn THEN s.version END, 'layer', CASE"                   \
    "      WHEN s.kind IS NULL THEN NULL ELSE coalesce(y.layer_id, 'rollout:' || s.rollout_id)"    \
    "      END, 'by', coalesce(g.author, ''), 'has', nullif(p.item ->> 'version', ''),"            \
    "    'step', p.item ->> 'step', 'reason', coalesce(p.item ->> 'reason', ''),"                  \
    "    'coming', CASE WHEN r.rollout_id IS NOT NULL THEN jsonb_build_object("                    \
    "      'rollout', r.rollout_id, 'version', CASE WHEN NOT r.is_withdrawal"                      \
    "       THEN r.software_version END) END) ORDER BY n.kind, n.name), '[]') AS items,"           \
    "   string_agg(concat_ws(' ', n.kind, n.name, s.version), ', ' ORDER BY n.kind, n.name)"       \
    "    FILTER (WHERE NOT s.withdrawn AND p.item ->> 'step' = 'refused'"                          \
    "     AND p.item ->> 'wanted' = s.version) AS refused"                                         \
    "  FROM (SELECT x.kind, x.name FROM told x UNION SELECT x.software_kind, x.software_name"      \
    "        FROM rollout x WHERE x.software_kind IS NOT NULL) n"                                  \
    "  LEFT JOIN told s USING (kind, name)"                                                        \
    "  LEFT JOIN myna.layer_software y ON y.rollout_id = s.rollout_id AND y.kind = s.kind"         \
    "    AND y.name = s.name AND NOT s.is_open"                                                    \
    "  LEFT JOIN myna.rollout g ON g.rollout_id = s.rollout_id"                                    \
    "  LEFT JOIN rollout r ON r.software_kind = n.kind AND r.software_name = n.name"               \
    "  LEFT JOIN LATERAL (SELECT i.item FROM dev CROSS JOIN LATERAL"                               \
    "     jsonb_array_elements(dev.packages) i(item) WHERE i.item ->> 'kind' = n.kind"             \
    "      AND i.item ->> 'name' = n.name LIMIT 1) p ON true)"

/* What the API answers; the reasons follow from the columns behind it. */
#define ANSWER                                                                                     \
    "jsonb_build_object('device', dev.device_id, 'as_of', now(), 'status', dev.status,"            \
    "    'online', dev.online, 'last_seen', dev.last_seen, 'generation', jsonb_build_object("      \
    "      'desired', dev.desired_generation, 'since', dev.desired_since,"                         \
    "      'held', dev.held_generation, 'running', dev.reported_generation),"                      \
    "    'settings', settings.items, 'routes', CASE WHEN $3 IS NULL OR $3 = 'routes'"              \
    "      THEN routes.items ELSE '[]' END, 'software', software.items,"                           \
    "    'rollout', CASE WHEN r.rollout_id IS NOT NULL THEN jsonb_build_object("                   \
    "      'id', r.rollout_id, 'state', r.state, 'step', r.step, 'cause', r.cause,"                \
    "      'wave', r.wave, 'device_wave', r.device_wave, 'device_state', r.device_state,"          \
    "      'held_back', r.is_control) END)"

static const char *text_of(const struct result *row, int column, struct arena *arena)
{
    return arena_text(arena, result_span(row, 0, column));
}

static void take(const struct result *row, struct arena *arena, struct reasons *out)
{
    *out = (struct reasons){
        .json = result_copy(row, 0, 0, arena),
        .facts =
            {
                .now_ms = result_time(row, 0, 1),
                .status = text_of(row, 2, arena),
                .is_online = result_bool(row, 0, 3),
                .last_seen_ms = result_is_null(row, 0, 4) ? 0 : result_time(row, 0, 4),
                .desired = result_int(row, 0, 5),
                .reported = result_int(row, 0, 6),
                .desired_since_ms = result_time(row, 0, 7),
                .sends = result_int(row, 0, 8),
                .trial_verdict = text_of(row, 9, arena),
                .trial_reason = text_of(row, 10, arena),
                .refused = text_of(row, 11, arena),
                .for_restart = text_of(row, 12, arena),
                .rollout = text_of(row, 13, arena),
                .rollout_state = text_of(row, 14, arena),
                .rollout_cause = text_of(row, 15, arena),
                .rollout_wave = result_int(row, 0, 16),
                .device_wave = result_int(row, 0, 17),
                .is_control = result_bool(row, 0, 18),
                .device_state = text_of(row, 19, arena),
                .device_reason = text_of(row, 20, arena),
                .rollout_reason = text_of(row, 24, arena),
                .drained_vendor = text_of(row, 25, arena),
                .transfer_asked_ms = result_is_null(row, 0, 26) ? 0 : result_time(row, 0, 26),
                .window_opens = "",
            },
        .plan = result_copy(row, 0, 21, arena),
        .zone = text_of(row, 22, arena),
        .is_switch = result_bool(row, 0, 23),
        .calendar = result_copy(row, 0, 27, arena),
    };
}

enum status reasons_read(struct store *store, const char *device_id, const char *name,
                         struct span defaults, struct arena *arena, struct reasons *out)
{
    STORE_STATEMENT(
        read,
        "WITH dev AS (SELECT d.device_id, d.status, d.region, l.*, o.online,"
        "    CASE WHEN l.trial ->> 'generation' = l.desired_generation::text"
        "         THEN l.trial ELSE '{}' END AS own_trial"
        "  FROM myna.device d JOIN (SELECT device_id AS id, last_seen, desired_generation,"
        "      held_generation, reported_generation, desired_since, config_sends, setting_status,"
        "      packages, trial FROM myna.device_link) l ON l.id = d.device_id"
        "  JOIN myna.device_online o USING (device_id) WHERE d.device_id = $1),"
        " answers AS (SELECT s.* FROM dev, jsonb_to_recordset(dev.setting_status)"
        "    AS s(name text, outcome text, reason text)),"
        " told AS MATERIALIZED (SELECT s.kind, s.name, s.withdrawn, s.rollout_id, s.is_open,"
        "    (s.manifest ->> 'document')::jsonb ->> 'version' AS version"
        "   FROM myna.device_software s WHERE s.device_id = $1 AND $3::text IS NULL),"
        " effective AS (SELECT * FROM myna.effective_setting WHERE device_id = $1"
        "    AND ($3::text IS NULL OR name = $3))," ROLLOUT "," SAID "," SETTINGS "," ROUTES
        "," SOFTWARE "SELECT " ANSWER ","
        "  now(), dev.status, dev.online, dev.last_seen, dev.desired_generation,"
        "  dev.reported_generation, dev.desired_since, dev.config_sends,"
        "  coalesce(dev.own_trial ->> 'verdict', ''), coalesce(dev.own_trial ->> 'reason', ''),"
        "  concat_ws(', ', (SELECT string_agg(a.name, ', ' ORDER BY a.name) FROM answers a"
        "    WHERE a.outcome IN ('refused', 'unknown') AND ($3 IS NULL OR a.name = $3)),"
        "    software.refused),"
        "  coalesce((SELECT string_agg(a.name, ', ' ORDER BY a.name) FROM answers a"
        "    WHERE a.outcome = 'needs_restart' AND ($3 IS NULL OR a.name = $3)), ''),"
        "  coalesce(r.rollout_id, ''), coalesce(r.state, ''), coalesce(r.cause, ''),"
        "  coalesce(r.wave, 0), coalesce(r.device_wave, 0), coalesce(r.is_control, false),"
        "  coalesce(r.device_state, ''), coalesce(r.device_reason, ''), r.plan,"
        "  (SELECT z.zone FROM myna.device_zone z WHERE z.device_id = $1),"
        "  coalesce(r.patch ? 'routes', false) OR r.key_vendor IS NOT NULL,"
        "  coalesce(r.state_reason, ''), coalesce((SELECT min(x.vendor_id::text)"
        "    FROM myna.rollout_drained x WHERE x.rollout_id = r.rollout_id"
        "    AND x.device_id = $1), ''),"
        "  (SELECT t.asked_at FROM myna.transfer t WHERE t.device_id = $1"
        "    AND t.state = 'waiting' AND $3::text IS NULL), myna.calendar() "
        "FROM dev CROSS JOIN settings CROSS JOIN routes CROSS JOIN software"
        " LEFT JOIN rollout r ON true");
    struct result row;
    enum status status = store_query(
        store, &read, STORE_VALUES(value_text(device_id), value_json(defaults), value_text(name)),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        take(&row, arena, out);
    result_release(&row);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}
