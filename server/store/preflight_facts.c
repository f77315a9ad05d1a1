/* What pre-flight reads: the rollout, its robots, what they were metered to use. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/store/preflight_parts.h"
#include "server/store/rollout_draft.h"

#define HOUR_MS    INT64_C(3600000)
#define SLICE_DAYS 6 /* read at once */

static_assert(PREFLIGHT_DAYS % SLICE_DAYS == 0, "slices are whole");

/* ---- the rollout ---- */

static const char *text_of(const struct preflight_work *work, const struct json *json)
{
    return arena_text(work->arena, span_text(json_text(json, "")));
}

/* The first route of each use: the one that serves while nothing fails. */
static void take_routes(struct preflight_work *work, const struct json *routes)
{
    for (size_t i = 0; i < json_count(routes) && work->to_count < PREFLIGHT_USES; i++) {
        const struct json *item = json_item(routes, i);
        const char *use = json_text(json_member(item, "use"), "chat");
        bool is_first = true;

        for (size_t k = 0; k < work->to_count; k++)
            is_first &= strcmp(work->to[k].use, use) != 0;
        if (is_first)
            work->to[work->to_count++] = (struct preflight_route){
                .use = arena_text(work->arena, span_text(use)),
                .vendor_id = text_of(work, json_member(item, "vendor")),
                .model = text_of(work, json_member(item, "model")),
                .contract_id = text_of(work, json_member(item, "contract")),
                .group = 1,
            };
    }
}

static enum status take_plan(struct preflight_work *work, struct span text)
{
    struct json_problem problem;
    struct json *json;
    enum status status = json_parse(text, &json, NULL);

    if (status != STATUS_OK)
        return status;
    status = rollout_plan_read(json, work->to_count > 0, work->arena, work->plan, &problem);
    json_free(json);
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

static enum status take_rollout(struct preflight_work *work, const struct result *result)
{
    struct json *patch = NULL;
    enum status status = STATUS_OK;

    if (!result_is_null(result, 0, 0))
        work->group_id = arena_text(work->arena, result_span(result, 0, 0));
    if (!result_is_null(result, 0, 1))
        status = json_parse(result_span(result, 0, 1), &patch, NULL);
    if (status != STATUS_OK)
        return status;
    take_routes(work, json_member(patch, "routes"));
    json_free(patch);
    return take_plan(work, result_span(result, 0, 2));
}

static enum status take_draft(struct preflight_work *work, const struct rollout_draft *draft)
{
    struct json *patch;
    enum status status = json_parse(draft->patch, &patch, NULL);

    if (status != STATUS_OK)
        return status;
    work->group_id = draft->group;
    take_routes(work, json_member(patch, "routes"));
    json_free(patch);
    *work->plan = *draft->plan;
    return STATUS_OK;
}

enum status preflight_read_rollout(struct preflight_work *work)
{
    STORE_STATEMENT(read, "SELECT group_id, patch, plan FROM myna.rollout WHERE rollout_id = $1");
    struct result result = {0};
    enum status status;

    work->plan = arena_take(work->arena, sizeof *work->plan);
    if (!work->plan)
        return STATUS_MEMORY;
    if (work->ask->draft)
        return take_draft(work, work->ask->draft);
    status =
        store_exec(work->conn, &read, STORE_VALUES(value_text(work->ask->rollout_id)), &result);
    if (status == STATUS_OK)
        status = result_count(&result) > 0 ? take_rollout(work, &result) : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

/* ---- its robots ---- */

static void take_robots(struct preflight_work *work, const struct result *result)
{
    const size_t count = result_count(result);

    work->ids = arena_take(work->arena, (count + 1) * sizeof *work->ids);
    work->groups = arena_take(work->arena, (count + 1) * sizeof *work->groups);
    for (size_t row = 0; work->ids && work->groups && row < count; row++) {
        if (work->to_count > 0 && result_bool(result, row, 1)) {
            work->overridden++;
            continue;
        }
        work->groups[work->members] = 1;
        work->ids[work->members++] = arena_text(work->arena, result_span(result, row, 0));
    }
}

/* Members once it began, else whom its layer reaches or its filter will. Routes of a layer above
 * its own win. */
enum status preflight_read_robots(struct preflight_work *work)
{
    STORE_STATEMENT(
        read,
        "WITH reach AS (SELECT m.device_id FROM myna.rollout_device m"
        "   WHERE m.rollout_id = $1 AND m.state <> 'left'"
        "   UNION ALL"
        "   SELECT d.device_id FROM myna.device d WHERE d.status = 'active'"
        "   AND NOT EXISTS (SELECT FROM myna.rollout_device m WHERE m.rollout_id = $1)"
        "   AND ($2::text IS NULL OR EXISTS (SELECT FROM myna.group_member g"
        "     WHERE g.group_id = $2 AND g.device_id = d.device_id))"
        "   AND ($3::jsonb IS NULL OR d.device_id IN"
        "     (SELECT f FROM myna.filter_matches($3::jsonb, NULL, true) f)))"
        "SELECT r.device_id, e.layer_id IS NOT NULL AND (e.layer_id LIKE 'device:%'"
        "   OR $2::text IS NULL AND $3::jsonb IS NULL AND e.layer_id LIKE 'group:%'"
        "   OR $3::jsonb IS NOT NULL AND EXISTS (SELECT FROM myna.device_group a"
        "     WHERE 'group:' || a.group_id = e.layer_id AND a.priority > $4)"
        "   OR e.layer_id LIKE 'group:%' AND EXISTS (SELECT FROM myna.device_group a,"
        "     myna.device_group b WHERE 'group:' || a.group_id = e.layer_id AND b.group_id = $2"
        "     AND (a.priority, a.created_at) > (b.priority, b.created_at)))"
        " FROM reach r LEFT JOIN myna.layered_setting e"
        "   ON e.device_id = r.device_id AND e.name = 'routes' ORDER BY 1");
    struct result result = {0};
    const struct rollout_draft *draft = work->ask->draft;
    enum status status = store_exec(
        work->conn, &read,
        STORE_VALUES(value_text(draft ? "" : work->ask->rollout_id), value_text(work->group_id),
                     draft && draft->program.size > 0 ? value_json(draft->program)
                                                      : value_no_json(),
                     value_int(ROLLOUT_DRAFT_PRIORITY)),
        &result);

    if (status != STATUS_OK)
        return status;
    take_robots(work, &result);
    result_release(&result);
    work->wave_count = rollout_wave_sizes(work->plan, (int64_t)work->members, work->waves);
    if (work->overridden > 0)
        preflight_find(work, "overridden", PREFLIGHT_WARN, 0,
                       "%zu robots have routes of their own, or of a group above, and stay",
                       work->overridden);
    if (work->members == 0)
        preflight_find(work, "nobody", PREFLIGHT_REFUSE, 0, "it reaches no robot");
    return arena_failed(work->arena) ? STATUS_MEMORY : STATUS_OK;
}

/* ---- what was metered ---- */

static struct preflight_metered *metered_of(struct preflight_work *work,
                                            const struct preflight_metered *key)
{
    for (size_t i = 0; i < work->metered_count; i++) {
        struct preflight_metered *row = &work->metered[i];

        if (row->group == key->group && strcmp(row->contract_id, key->contract_id) == 0 &&
            strcmp(row->vendor_id, key->vendor_id) == 0 && strcmp(row->model, key->model) == 0)
            return row;
    }
    if (work->metered_count == PREFLIGHT_METERED)
        return NULL;
    struct preflight_metered *row = &work->metered[work->metered_count++];

    *row = (struct preflight_metered){
        .contract_id = arena_text(work->arena, span_text(key->contract_id)),
        .vendor_id = arena_text(work->arena, span_text(key->vendor_id)),
        .model = arena_text(work->arena, span_text(key->model)),
        .group = key->group,
        .price = FRACTION_ZERO,
    };
    return row;
}

static struct preflight_load *load_of(struct preflight_work *work, const char *contract_id,
                                      int64_t group)
{
    for (size_t i = 0; i < work->load_count; i++)
        if (work->loads[i].group == group && strcmp(work->loads[i].contract_id, contract_id) == 0)
            return &work->loads[i];
    if (work->load_count == 2 * PREFLIGHT_CONTRACTS)
        return NULL;
    work->loads[work->load_count] = (struct preflight_load){
        .contract_id = arena_text(work->arena, span_text(contract_id)), .group = group};
    return &work->loads[work->load_count++];
}

/* Columns of a row: is it robots, contract, vendor, model, hour, group, robots, price, metrics. */
enum { COLUMN_PRICE = 7, COLUMN_METRICS };

static enum status take_hour(struct preflight_load *load, struct preflight_metered *row,
                             const struct result *result, size_t i, size_t first_day)
{
    const size_t hour = first_day * 24 + (size_t)result_int(result, i, 4);
    struct fraction price;

    for (int m = 0; m < CONTRACT_METRICS; m++)
        row->days[hour / 24][m] += result_int(result, i, COLUMN_METRICS + m);
    load->requests[hour] += result_int(result, i, COLUMN_METRICS + CONTRACT_REQUESTS);
    for (int m = CONTRACT_INPUT_UNCACHED; m <= CONTRACT_REASONING; m++)
        load->tokens[hour] += result_int(result, i, COLUMN_METRICS + m);
    if (fraction_parse(result_span(result, i, COLUMN_PRICE), &price) != STATUS_OK)
        return STATUS_CORRUPT;
    return fraction_add(row->price, price, &row->price);
}

static enum status take_row(struct preflight_work *work, const struct result *result, size_t i,
                            size_t first_day)
{
    const struct preflight_metered key = {
        .contract_id = result_text(result, i, 1),
        .vendor_id = result_text(result, i, 2),
        .model = result_text(result, i, 3),
        .group = result_int(result, i, 5),
    };
    struct preflight_load *load = load_of(work, key.contract_id, key.group);

    if (!load)
        return STATUS_FULL;
    if (!result_bool(result, i, 0)) {
        struct preflight_metered *row = metered_of(work, &key);

        return row ? take_hour(load, row, result, i, first_day) : STATUS_FULL;
    }
    if (result_int(result, i, 6) > load->robots)
        load->robots = result_int(result, i, 6);
    return STATUS_OK;
}

/* The hours of some days before until_ms, and how many robots there were on one of them. Sums and
 * robots are each found by hash in one pass: sets of groupings and a count of distinct robots would
 * sort all rows for each set. */
static enum status read_slice(struct preflight_work *work, size_t first_day)
{
    STORE_STATEMENT(
        read,
        "WITH m AS (SELECT id, part FROM unnest($1::text[], $3::bigint[]) u(id, part)) "
        "SELECT false, h.contract_id, h.vendor_id, h.model,"
        " (extract(epoch FROM h.hour - $2::timestamptz) / 3600)::bigint, coalesce(m.part, 0),"
        " 0::bigint, sum(h.price)::text,"
        " sum(h.input_uncached)::bigint, sum(h.input_cached)::bigint,"
        " sum(h.cache_write_5m)::bigint, sum(h.cache_write_1h)::bigint, sum(h.output)::bigint,"
        " sum(h.reasoning)::bigint, sum(h.audio_in_ms)::bigint, sum(h.audio_out_chars)::bigint,"
        " sum(h.images)::bigint, sum(h.video_ms)::bigint, sum(h.requests)::bigint"
        " FROM myna.usage_hour h LEFT JOIN m ON m.id = h.device_id"
        " WHERE h.hour >= $2::timestamptz AND h.hour < $4::timestamptz AND h.device_id <> ''"
        " GROUP BY h.contract_id, h.vendor_id, h.model, h.hour, coalesce(m.part, 0)"
        " UNION ALL "
        "SELECT true, n.contract_id, '', '', 0, n.part, max(n.robots), NULL,"
        " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
        " FROM (SELECT d.contract_id, coalesce(m.part, 0) AS part, d.day, count(*) AS robots"
        "   FROM (SELECT DISTINCT h.contract_id, h.device_id,"
        "       date_bin('1 day', h.hour, $2::timestamptz) AS day FROM myna.usage_hour h"
        "     WHERE h.hour >= $2::timestamptz AND h.hour < $4::timestamptz"
        "     AND h.device_id <> '' AND h.requests > 0) d LEFT JOIN m ON m.id = d.device_id"
        "   GROUP BY d.contract_id, coalesce(m.part, 0), d.day) n GROUP BY n.contract_id, n.part"
        " ORDER BY 1, 2, 3, 4, 5, 6");
    const int64_t from_ms = work->until_ms - (int64_t)(PREFLIGHT_DAYS - first_day) * 24 * HOUR_MS;
    struct result result = {0};
    enum status status =
        store_exec(work->conn, &read,
                   STORE_VALUES(value_text_array(work->ids, work->members), value_time(from_ms),
                                value_int_array(work->groups, work->members),
                                value_time(from_ms + (int64_t)SLICE_DAYS * 24 * HOUR_MS)),
                   &result);

    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++)
        status = take_row(work, &result, i, first_day);
    result_release(&result);
    return status;
}

/* A slice at a time is short enough for any time limit, and the fewer there are, the less of what
 * lies between their rows is read again. Robots' days fit into this memory; with the usual 4 MB
 * they would be sorted on disk. A plan made for these very robots would look at their ten thousand
 * ids first, and then sort by them. */
static enum status read_days(struct preflight_work *work)
{
    STORE_STATEMENT(widen, "SELECT set_config('work_mem', '64MB', true),"
                           " set_config('plan_cache_mode', 'force_generic_plan', true)");
    enum status status = store_exec(work->conn, &widen, STORE_NO_VALUES, NULL);

    for (size_t day = 0; day < PREFLIGHT_DAYS && status == STATUS_OK; day += SLICE_DAYS)
        status = read_slice(work, day);
    return status;
}

/* Which use a model had says what it was metered for. */
static const char *use_of(const struct preflight_metered *row)
{
    int64_t speech = 0, transcription = 0, tokens = 0;

    for (size_t day = 0; day < PREFLIGHT_DAYS; day++) {
        speech += row->days[day][CONTRACT_AUDIO_OUT_CHARS];
        transcription += row->days[day][CONTRACT_AUDIO_IN_MS];
        tokens += row->days[day][CONTRACT_OUTPUT];
    }
    return speech > 0 && tokens == 0          ? "speech"
           : transcription > 0 && tokens == 0 ? "transcription"
                                              : "chat";
}

/* The first route of a use; NULL: there is none. */
static const struct preflight_route *first_route(const struct preflight_work *work, int64_t group,
                                                 const char *use)
{
    for (size_t i = 0; i < work->to_count; i++)
        if (work->to[i].group == group && strcmp(work->to[i].use, use) == 0)
            return &work->to[i];
    return NULL;
}

/* Where the robots' use of a model goes: to the first route of the same use. */
static const struct preflight_route *route_for(const struct preflight_work *work,
                                               const struct preflight_metered *row)
{
    if (work->leaves && strcmp(work->leaves, row->vendor_id) != 0)
        return NULL;
    const struct preflight_route *route = first_route(work, row->group, use_of(row));
    const bool stays = route && strcmp(route->contract_id, row->contract_id) == 0 &&
                       strcmp(route->model, row->model) == 0;

    return stays ? NULL : route;
}

/* A list of routes is taken whole: what it does not name is given up. */
static void check_uses(struct preflight_work *work)
{
    static const char *const uses[] = {"speech", "transcription"}; /* no list is without chat */

    for (size_t u = 0; u < sizeof uses / sizeof *uses && !work->leaves; u++)
        for (size_t i = 0; i < work->metered_count; i++) {
            const struct preflight_metered *row = &work->metered[i];

            if (row->group == 0 || strcmp(use_of(row), uses[u]) != 0 ||
                first_route(work, row->group, uses[u]))
                continue;
            preflight_find(work, "use_lost", PREFLIGHT_WARN, 0,
                           "the new routes have none for %s, for which these robots used \"%s\"",
                           uses[u], row->model);
            break;
        }
}

/* From the first hour with any of it on, so that a young fleet's day is not shared out over a
 * month.
 */
static int64_t hours_of(const struct preflight_work *work)
{
    size_t first = PREFLIGHT_HOURS;

    for (size_t i = 0; i < work->load_count; i++)
        for (size_t hour = 0; hour < first; hour++)
            if (work->loads[i].requests[hour] + work->loads[i].tokens[hour] > 0)
                first = hour;
    return PREFLIGHT_HOURS - (int64_t)first;
}

static enum status read_duration(struct preflight_work *work)
{
    STORE_STATEMENT(read, "SELECT coalesce(avg(duration_ms), 0)::bigint FROM myna.usage"
                          " WHERE arrived_at >= $1::timestamptz - interval '1 hour'"
                          " AND arrived_at < $1::timestamptz AND provenance < 5");
    struct result result = {0};
    enum status status =
        store_exec(work->conn, &read, STORE_VALUES(value_time(work->ask->now_ms)), &result);

    if (status == STATUS_OK)
        work->duration_ms = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

enum status preflight_read_metered(struct preflight_work *work)
{
    work->until_ms = work->ask->now_ms - work->ask->now_ms % HOUR_MS;
    enum status status = read_days(work);
    if (status == STATUS_OK)
        status = read_duration(work);
    work->hours = hours_of(work);
    for (size_t i = 0; i < work->metered_count; i++)
        if (work->metered[i].group > 0)
            work->metered[i].to = route_for(work, &work->metered[i]);
    check_uses(work);
    if (work->hours == 0) {
        work->hours = 24;
        preflight_find(
            work, "not_metered", PREFLIGHT_WARN, 0,
            "no whole hour of the last %d days has any usage: no figure says anything yet",
            PREFLIGHT_DAYS);
    }
    return status;
}

/* ---- borders and dates ---- */

static enum status check_border(struct preflight_work *work, const struct preflight_route *route)
{
    STORE_STATEMENT(
        read,
        "SELECT coalesce(sum(d.robots), 0)::bigint, min(flaw) FROM (SELECT region, count(*) AS"
        "   robots FROM myna.device WHERE device_id = ANY ($1::text[]) GROUP BY region) d"
        " JOIN myna.vendor v ON v.vendor_id = $2"
        " CROSS JOIN LATERAL myna.border_flaw(d.region, v, $3) flaw WHERE flaw IS NOT NULL");
    struct result result = {0};
    enum status status =
        store_exec(work->conn, &read,
                   STORE_VALUES(value_text_array(work->ids, work->members),
                                value_text(route->vendor_id), value_text(route->model)),
                   &result);

    if (status != STATUS_OK)
        return status;
    const int64_t robots = result_int(&result, 0, 0);

    if (robots > 0)
        preflight_find(work, "border",
                       robots == (int64_t)work->members ? PREFLIGHT_REFUSE : PREFLIGHT_WARN, 0,
                       "%lld of %zu robots may not use it: %s", (long long)robots, work->members,
                       result_text(&result, 0, 1));
    result_release(&result);
    return STATUS_OK;
}

static int64_t soaks_ms(const struct preflight_work *work)
{
    return work->plan->soak_s * 1000 * (int64_t)work->wave_count;
}

static void check_dates(struct preflight_work *work, const struct preflight_route *route)
{
    const struct terms_contract *found = terms_find(work->terms, route->contract_id);
    char date[ZONE_DATE_SIZE];
    int64_t version;

    if (!found) {
        if (route->contract_id[0])
            preflight_find(work, "no_contract", PREFLIGHT_REFUSE, 0, "there is no contract \"%s\"",
                           route->contract_id);
        return;
    }
    if (!terms_in_force(found, work->ask->now_ms, &version)) {
        zone_format_date(found->contract.versions[0].first, date);
        preflight_find(work, "not_in_force", PREFLIGHT_REFUSE, 0,
                       "contract \"%s\" is not in force today: its first day is %s",
                       route->contract_id, date);
        return;
    }
    if (found->contract.term_end == CONTRACT_NO_DAY)
        return;
    zone_format_date(found->contract.term_end, date);
    if (zone_midnight(found->zone, found->contract.term_end) < work->ask->now_ms + soaks_ms(work))
        preflight_find(work, "ends_before", PREFLIGHT_REFUSE, 0,
                       "contract \"%s\" ends on %s, before the last wave could have soaked",
                       route->contract_id, date);
}

/* M18: a model of somebody else within the contract. */
static void check_third_party(struct preflight_work *work, const struct preflight_route *route)
{
    const struct terms_contract *found = terms_find(work->terms, route->contract_id);
    int64_t version;
    const struct contract_terms *terms =
        found ? terms_in_force(found, work->ask->now_ms, &version) : NULL;
    bool is_named = false;

    if (!terms || !terms->third_party.is_given)
        return;
    for (size_t i = 0; i < terms->charge_count; i++) {
        const struct contract_filter *filter = &terms->charges[i].filter;

        is_named |= filter->model_count > 0 && !terms->charges[i].pass_through &&
                    contract_is_named(route->model, filter->models, filter->model_count);
        for (size_t r = 0; r < terms->charges[i].rate_count; r++) {
            filter = &terms->charges[i].rates[r].filter;
            is_named |= filter->model_count > 0 &&
                        contract_is_named(route->model, filter->models, filter->model_count);
        }
    }
    if (is_named)
        return;
    if (!terms->third_party.allowed && work->metered_count > 0) {
        bool names_any = false;

        for (size_t i = 0; i < terms->charge_count; i++)
            names_any |= terms->charges[i].filter.model_count > 0;
        if (names_any)
            preflight_find(work, "third_party", PREFLIGHT_REFUSE, 0,
                           "contract \"%s\" allows no models of others, and does not price \"%s\"",
                           route->contract_id, route->model);
    } else if (terms->third_party.model_count > 0 &&
               !contract_is_named(route->model, terms->third_party.models,
                                  terms->third_party.model_count)) {
        preflight_find(work, "third_party", PREFLIGHT_REFUSE, 0,
                       "contract \"%s\" names other models of others than \"%s\"",
                       route->contract_id, route->model);
    }
}

static enum status check_drain(struct preflight_work *work, const struct preflight_route *route)
{
    STORE_STATEMENT(read, "SELECT min(started_at) FROM myna.vendor_drain"
                          " WHERE vendor_id = $1 AND state = 'active' AND kind <> 'drill'");
    struct result result = {0};
    char since[CLOCK_TEXT_SIZE];
    enum status status =
        store_exec(work->conn, &read, STORE_VALUES(value_text(route->vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (!result_is_null(&result, 0, 0)) {
        clock_format(result_time(&result, 0, 0), since);
        preflight_find(work, "drained", PREFLIGHT_REFUSE, 0,
                       "vendor \"%s\" is drained since %s: give it back first", route->vendor_id,
                       since);
    }
    result_release(&result);
    return STATUS_OK;
}

/* As rollout_drained has it, which knows rollouts alone. */
enum status preflight_check_drained(struct preflight_work *work)
{
    STORE_STATEMENT(read,
                    "SELECT d.vendor_id, count(DISTINCT m.device_id) FROM myna.vendor_drain d"
                    " JOIN myna.vendor_drain_device m USING (drain_id) WHERE d.state = 'active'"
                    "  AND m.is_led AND m.device_id = ANY ($1::text[]) AND (m.moved_at IS NULL"
                    "   OR d.vendor_id = (SELECT r.key_vendor FROM myna.rollout r"
                    "    WHERE r.rollout_id = $2))"
                    " GROUP BY 1 ORDER BY 1");
    struct result rows;

    if (!work->plan->test || work->members == 0)
        return STATUS_OK;
    enum status status =
        store_exec(work->conn, &read,
                   STORE_VALUES(value_text_array(work->ids, work->members),
                                value_text(work->ask->draft ? "" : work->ask->rollout_id)),
                   &rows);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < result_count(&rows); i++)
        preflight_find(work, "drain_waits", PREFLIGHT_WARN, 0,
                       "%lld of the robots are opened when they have left vendor \"%s\", which is "
                       "drained, or when it is back",
                       (long long)result_int(&rows, i, 1), result_text(&rows, i, 0));
    result_release(&rows);
    return STATUS_OK;
}

/* A vendor of one's own may do without; any other would refuse. */
static enum status check_key(struct preflight_work *work, const struct preflight_route *route)
{
    STORE_STATEMENT(read, "SELECT FROM myna.vendor WHERE vendor_id = $1 AND key_wrapped IS NULL");
    struct result result = {0};
    enum status status =
        store_exec(work->conn, &read, STORE_VALUES(value_text(route->vendor_id)), &result);

    if (status == STATUS_OK && result_count(&result) > 0)
        preflight_find(work, "no_key", PREFLIGHT_WARN, 0,
                       "vendor \"%s\" has no key here, and robots would show it none",
                       route->vendor_id);
    result_release(&result);
    return status;
}

enum status preflight_check_routes(struct preflight_work *work)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < work->to_count && status == STATUS_OK; i++) {
        check_dates(work, &work->to[i]);
        check_third_party(work, &work->to[i]);
        status = check_border(work, &work->to[i]);
        if (status == STATUS_OK)
            status = check_drain(work, &work->to[i]);
        if (status == STATUS_OK)
            status = check_key(work, &work->to[i]);
    }
    return status;
}
