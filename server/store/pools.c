#include "server/store/pools.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "server/money/fees.h"
#include "server/money/period.h"
#include "server/money/weight.h"
#include "server/money/zone.h"
#include "server/store/columns.h"

/* Budgets have no term: from 1970 to 9999. */
#define FIRST_DAY 0
#define LAST_DAY  2932897

/* A cap or budget as it is now. */
struct source {
    const char *name; /* "budget:x" */
    const char *scope, *subject;
    const char *unit;
    bool is_money;
    unsigned metrics;
    const char *models; /* joined by line feeds; "": all */
    bool hard;
    const char *limit;
    const char *zone;
    struct period_rule rule;
    struct period_range range;
    const struct contract *charging; /* whose fees count in it; NULL: it counts none */
};

/* A pool that should be there. */
struct wanted {
    const char *source, *scope, *subject, *unit;
    int64_t is_money, metrics;
    const char *models;
    int64_t hard;
    const char *limit;
    int64_t from_ms, to_ms; /* to_ms 0: never */
    int64_t scale;
    const char *fees; /* owed whatever robots ask: part of what is spent */
};

/* ---- periods ---- */

/* A hard cap has no room for any fee of its period; a soft one tells what was spent until today, as
 * burndowns and thresholds tell it. What does not fit leaves no room for anything else either: a
 * hard cap fails closed. */
static const char *fees_in(const struct source *source, struct period_range days, int64_t today,
                           struct arena *arena)
{
    char text[DECIMAL_TEXT_SIZE];
    struct fraction fees;
    struct decimal rounded;

    if (!source->hard && days.end > today + 1)
        days.end = today + 1;
    if (source->charging == NULL || days.first >= days.end)
        return "0";
    if (fees_over(source->charging, days, &fees) != STATUS_OK ||
        fraction_round(fees, DECIMAL_PRICE_PLACES, &rounded) != STATUS_OK)
        return source->limit;
    decimal_format(rounded, text);
    return arena_text(arena, span_text(text));
}

static void put(struct wanted *out, const struct source *source, int64_t from_ms, int64_t to_ms,
                const char *fees)
{
    *out = (struct wanted){
        .source = source->name,
        .scope = source->scope,
        .subject = source->subject,
        .unit = source->unit,
        .is_money = source->is_money,
        .metrics = source->metrics,
        .models = source->models,
        .hard = source->hard,
        .limit = source->limit,
        .from_ms = from_ms,
        .to_ms = to_ms,
        .scale = source->is_money ? WEIGHT_SCALE : 1,
        .fees = fees,
    };
}

/* The period that now lies in, and the one after it. */
static enum status want(struct arena *arena, const struct source *source, int64_t now_ms,
                        struct wanted *out, size_t *count)
{
    struct zone *zone;
    enum status status = zone_open(&zone, source->zone);

    if (status != STATUS_OK)
        return status;
    const int64_t day = zone_day(zone, now_ms);
    if (day >= source->range.first && day < source->range.end) {
        struct period period = period_at(&source->rule, source->range, day);
        size_t made = 0;

        do {
            const bool is_last = period.clipped.end >= LAST_DAY;

            put(&out[(*count)++], source, zone_midnight(zone, period.clipped.first),
                is_last ? 0 : zone_midnight(zone, period.clipped.end),
                fees_in(source, period.clipped, day, arena));
        } while (++made < 2 && period_next(&source->rule, source->range, &period));
    }
    zone_close(zone);
    return STATUS_OK;
}

/* ---- budgets ---- */

static const char *text_of(const struct result *result, size_t i, int column, struct arena *arena)
{
    return arena_text(arena, result_span(result, i, column));
}

static enum status budget_from_row(const struct result *result, size_t i, struct arena *arena,
                                   struct source *source)
{
    *source = (struct source){
        .name = arena_format(arena, "budget:%s", result_text(result, i, 0)),
        .scope = text_of(result, i, 1, arena),
        .subject = text_of(result, i, 2, arena),
        .unit = text_of(result, i, 3, arena),
        .is_money = result_bool(result, i, 4),
        .limit = text_of(result, i, 5, arena),
        .zone = text_of(result, i, 7, arena),
        .models = text_of(result, i, 8, arena),
        .hard = result_bool(result, i, 9),
        .range = {FIRST_DAY, LAST_DAY},
    };
    if (!source->is_money)
        source->metrics = weight_find_metrics(result_span(result, i, 3));
    return period_find(result_text(result, i, 6), &source->rule.per);
}

static enum status read_budgets(struct store_conn *conn, struct arena *arena,
                                struct source **sources, size_t *count)
{
    STORE_STATEMENT(list, "SELECT budget_id, scope, subject, coalesce(currency, metric),"
                          " currency IS NOT NULL, trim_scale(at_most)::text, per, zone,"
                          " coalesce(array_to_string(models, E'\\n'), ''), hard"
                          " FROM myna.budget ORDER BY budget_id");
    struct result result = {0};
    enum status status = store_exec(conn, &list, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *sources = arena_take(arena, (*count + 1) * sizeof **sources);
    for (size_t i = 0; *sources && status == STATUS_OK && i < *count; i++)
        status = budget_from_row(&result, i, arena, &(*sources)[i]);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

/* ---- caps ---- */

static const char *join_models(const struct contract_filter *filter, struct arena *arena)
{
    const char *joined = "";

    for (size_t i = 0; joined && i < filter->model_count; i++) {
        if (strcmp(filter->models[i], "*") == 0)
            return "";
        joined = arena_format(arena, "%s%s%s", joined, i > 0 ? "\n" : "", filter->models[i]);
    }
    return joined;
}

/* False: a gauge or a count of devices, which no credit can keep (design section 4). */
static bool cap_as_source(const struct contract *contract, const struct contract_cap *cap,
                          struct arena *arena, struct source *source)
{
    char limit[DECIMAL_TEXT_SIZE];
    struct decimal at_most;

    if ((cap->quantity.source != CONTRACT_RECORDED && cap->quantity.source != CONTRACT_SPEND) ||
        !fraction_is_decimal(cap->at_most, &at_most))
        return false;
    decimal_format(at_most, limit);
    *source = (struct source){
        .name = arena_format(arena, "cap:%s:%s", contract->contract_id, cap->name),
        .scope = "contract",
        .subject = contract->contract_id,
        .is_money = cap->quantity.source == CONTRACT_SPEND,
        .metrics = cap->quantity.metrics,
        .models = join_models(&cap->filter, arena),
        .hard = cap->hard,
        .limit = arena_text(arena, span_text(limit)),
        .zone = contract->zone,
        .rule = cap->rule,
        .range = {contract->term_first == CONTRACT_NO_DAY ? FIRST_DAY : contract->term_first,
                  contract->term_end == CONTRACT_NO_DAY ? LAST_DAY : contract->term_end},
    };
    source->unit = source->is_money ? contract->currency : cap->quantity.text;
    if (source->is_money && source->models[0] == '\0') /* fees are of no model */
        source->charging = contract;
    return true;
}

static enum status want_caps(struct arena *arena, struct terms *terms, const char *contract_id,
                             int64_t now_ms, struct wanted *out, size_t *count)
{
    const struct terms_contract *found = terms_find(terms, contract_id);
    int64_t ignored;
    const struct contract_terms *in_force = terms_in_force(found, now_ms, &ignored);

    for (size_t i = 0; in_force && i < in_force->cap_count; i++) {
        struct source source;

        if (!cap_as_source(&found->contract, &in_force->caps[i], arena, &source))
            continue;
        enum status status = want(arena, &source, now_ms, out, count);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_contracts(struct store_conn *conn, struct arena *arena, const char ***ids,
                                  size_t *count)
{
    STORE_STATEMENT(list, "SELECT contract_id FROM myna.contract ORDER BY contract_id");
    struct result result = {0};
    enum status status = store_exec(conn, &list, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *ids = arena_take(arena, (*count + 1) * sizeof **ids);
    for (size_t i = 0; *ids && i < *count; i++)
        (*ids)[i] = text_of(&result, i, 0, arena);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status make_wanted(struct store_conn *conn, struct arena *arena, struct terms *terms,
                               int64_t now_ms, struct wanted **out, size_t *count)
{
    struct source *budgets = NULL;
    size_t budget_count = 0;
    const char **contracts = NULL;
    size_t contract_count = 0;
    enum status status = terms_refresh(terms, conn);

    *count = 0;
    if (status == STATUS_OK)
        status = read_budgets(conn, arena, &budgets, &budget_count);
    if (status == STATUS_OK)
        status = read_contracts(conn, arena, &contracts, &contract_count);
    if (status != STATUS_OK)
        return status;
    *out =
        arena_take(arena, (budget_count + contract_count * CONTRACT_CAPS + 1) * 2 * sizeof **out);
    if (!*out)
        return STATUS_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < budget_count; i++)
        status = want(arena, &budgets[i], now_ms, *out, count);
    for (size_t i = 0; status == STATUS_OK && i < contract_count; i++)
        status = want_caps(arena, terms, contracts[i], now_ms, *out, count);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

/* ---- what is there follows what is wanted ---- */

#define WANTED                                                                                     \
    "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],"           \
    " $7::text[], $8::bigint[], $9::text[], $10::timestamptz[], $11::timestamptz[],"               \
    " $12::bigint[], $13::text[]) AS v(source, scope, subject, unit, is_money, metrics, models,"   \
    " hard, limit_amount, period_from, period_to, scale, fees)"

#define WANTED_VALUES 13

static void fill_values(const struct columns *columns, struct value values[WANTED_VALUES])
{
    values[0] = columns_text(columns, offsetof(struct wanted, source));
    values[1] = columns_text(columns, offsetof(struct wanted, scope));
    values[2] = columns_text(columns, offsetof(struct wanted, subject));
    values[3] = columns_text(columns, offsetof(struct wanted, unit));
    values[4] = columns_int(columns, offsetof(struct wanted, is_money));
    values[5] = columns_int(columns, offsetof(struct wanted, metrics));
    values[6] = columns_text(columns, offsetof(struct wanted, models));
    values[7] = columns_int(columns, offsetof(struct wanted, hard));
    values[8] = columns_text(columns, offsetof(struct wanted, limit));
    values[9] = columns_time(columns, offsetof(struct wanted, from_ms));
    values[10] = columns_time(columns, offsetof(struct wanted, to_ms));
    values[11] = columns_int(columns, offsetof(struct wanted, scale));
    values[12] = columns_text(columns, offsetof(struct wanted, fees));
}

/* Any pool that is missing, different, due or too many. */
static enum status look_for_work(struct store_conn *conn, const struct value *values, bool *any)
{
    STORE_STATEMENT(
        look, "WITH v AS MATERIALIZED (SELECT * FROM " WANTED ")"
              " SELECT EXISTS (SELECT FROM v LEFT JOIN myna.pool p ON p.source = v.source"
              "   AND p.unit = v.unit AND p.period_from = v.period_from"
              "   WHERE p.pool_id IS NULL OR p.is_closed OR p.hard <> (v.hard <> 0)"
              "   OR p.limit_amount <> v.limit_amount::numeric OR p.metrics <> v.metrics"
              "   OR p.fees <> v.fees::numeric"
              "   OR coalesce(array_to_string(p.models, E'\\n'), '') <> v.models"
              "   OR (v.scope, v.subject) <> (p.scope, p.subject)"
              "   OR p.period_to <> coalesce(nullif(v.period_to, 'epoch'), 'infinity'))"
              " OR EXISTS (SELECT FROM myna.pool p WHERE NOT p.is_closed AND p.period_to > now()"
              "   AND NOT EXISTS (SELECT FROM v WHERE v.source = p.source AND v.unit = p.unit))"
              " OR EXISTS (SELECT FROM myna.pool WHERE NOT is_active AND period_from <= now())"
              " OR EXISTS (SELECT FROM myna.installation i, myna.credit_revision r"
              "   WHERE i.epoch <> r.epoch)");
    struct result result = {0};
    enum status status = store_exec(conn, &look, values, WANTED_VALUES, &result);

    if (status == STATUS_OK)
        *any = result_bool(&result, 0, 0);
    result_release(&result);
    return status;
}

/* Which measures bind a route is part of its lines' ids, and those are part of the configuration.
 */
static enum status touch_bound(struct store_conn *conn, const struct value *values)
{
    STORE_STATEMENT(
        touch,
        "WITH v AS MATERIALIZED (SELECT * FROM " WANTED " WHERE v.hard <> 0),"
        " moved AS (SELECT v.scope, v.subject FROM v WHERE NOT EXISTS (SELECT FROM myna.pool p"
        "     WHERE p.source = v.source AND p.unit = v.unit AND p.is_active AND p.hard"
        "     AND NOT p.is_closed AND (p.scope, p.subject) = (v.scope, v.subject)"
        "     AND p.metrics = v.metrics AND coalesce(array_to_string(p.models, E'\n'), '') = "
        "v.models)"
        "   UNION SELECT p.scope, p.subject FROM myna.pool p WHERE p.is_active AND p.hard"
        "     AND NOT p.is_closed AND p.period_to > now() AND NOT EXISTS (SELECT FROM v"
        "     WHERE p.source = v.source AND p.unit = v.unit"
        "     AND (p.scope, p.subject) = (v.scope, v.subject) AND p.metrics = v.metrics"
        "     AND coalesce(array_to_string(p.models, E'\n'), '') = v.models))"
        " SELECT myna.touch_devices(CASE WHEN bool_or(scope = 'fleet') THEN NULL"
        "   ELSE ARRAY(SELECT subject FROM moved WHERE scope = 'device'"
        "     UNION SELECT m.device_id FROM moved JOIN myna.group_member m"
        "       ON moved.scope = 'group' AND m.group_id = moved.subject"
        "     UNION SELECT e.device_id FROM moved JOIN myna.effective_setting e"
        "       ON moved.scope IN ('vendor', 'contract') AND e.name = 'routes'"
        "       AND e.value @> jsonb_build_array(jsonb_build_object(moved.scope, moved.subject)))"
        "   END) FROM moved HAVING count(*) > 0");

    return store_exec(conn, &touch, values, WANTED_VALUES, NULL);
}

/* What counts in a pool is never another thing later: a budget that is made anew with the name of a
 * deleted one, or a cap that was amended, begins with pools of its own. */
static enum status retire_pools(struct store_conn *conn, const struct value *values)
{
    STORE_STATEMENT(retire,
                    "WITH v AS MATERIALIZED (SELECT * FROM " WANTED ")"
                    " UPDATE myna.pool p SET source = p.source || '#' || p.pool_id,"
                    " is_closed = true FROM v WHERE p.source = v.source AND p.unit = v.unit"
                    " AND ((v.scope, v.subject, v.metrics) <> (p.scope, p.subject, p.metrics)"
                    "   OR coalesce(array_to_string(p.models, E'\n'), '') <> v.models)");

    return store_exec(conn, &retire, values, WANTED_VALUES, NULL);
}

/* One that binds again, or did not until now, takes over what is out (activate()). */
static enum status put_pools(struct store_conn *conn, const struct value *values)
{
    STORE_STATEMENT(
        put, "INSERT INTO myna.pool AS p (source, scope, subject, unit, is_money, metrics, models,"
             " hard, period_from, period_to, limit_amount, scale, is_active, spent, fees)"
             " SELECT v.source, v.scope, v.subject, v.unit, v.is_money <> 0, v.metrics,"
             " string_to_array(nullif(v.models, ''), E'\\n'), v.hard <> 0, v.period_from,"
             " coalesce(nullif(v.period_to, 'epoch'), 'infinity'), v.limit_amount::numeric,"
             " v.scale, false, v.fees::numeric, v.fees::numeric FROM " WANTED
             " ORDER BY v.source, v.unit, v.period_from"
             " ON CONFLICT (source, unit, period_from) DO UPDATE SET"
             " scope = excluded.scope, subject = excluded.subject, metrics = excluded.metrics,"
             " models = excluded.models, hard = excluded.hard,"
             " spent = p.spent + excluded.fees - p.fees, fees = excluded.fees,"
             " period_to = excluded.period_to, limit_amount = excluded.limit_amount,"
             " is_closed = false, is_active = p.is_active AND NOT p.is_closed"
             "   AND (p.hard OR NOT excluded.hard)");

    return store_exec(conn, &put, values, WANTED_VALUES, NULL);
}

static enum status close_pools(struct store_conn *conn, const struct value *values)
{
    STORE_STATEMENT(close, "WITH v AS (SELECT * FROM " WANTED ")"
                           " UPDATE myna.pool p SET is_closed = true"
                           " WHERE NOT p.is_closed AND p.period_to > now() AND NOT EXISTS"
                           " (SELECT FROM v WHERE v.source = p.source AND v.unit = p.unit)");

    return store_exec(conn, &close, values, WANTED_VALUES, NULL);
}

/* Usage u that counts in a pool p which begins now, and is not the successor of another. */
#define BEGINS                                                                                     \
    " NOT p.is_active AND p.period_from <= now() AND NOT EXISTS (SELECT FROM myna.pool e"          \
    "   WHERE e.source = p.source AND e.unit = p.unit AND e.period_to = p.period_from)"
#define IS_ABOUT(u)                                                                                \
    " " u ".at >= p.period_from AND " u ".at < p.period_to"                                        \
    " AND (NOT p.is_money OR " u ".currency = p.unit)"                                             \
    " AND (p.models IS NULL OR " u ".model = ANY (p.models))"                                      \
    " AND (" u ".purpose = 0 OR p.scope IN ('vendor', 'contract'))"                                \
    " AND CASE p.scope WHEN 'fleet' THEN true WHEN 'device' THEN " u ".device_id = p.subject"      \
    "   WHEN 'vendor' THEN " u ".vendor_id = p.subject"                                            \
    "   WHEN 'contract' THEN " u ".contract_id = p.subject"                                        \
    "   ELSE EXISTS (SELECT FROM myna.group_member m WHERE m.group_id = p.subject"                 \
    "                AND m.device_id = " u ".device_id) END"

/* What it charges for attempts that are uncertain, so that an import can settle them. */
static enum status charge_uncertain(struct store_conn *conn)
{
    STORE_STATEMENT(
        charge,
        "INSERT INTO myna.pool_charge AS c (device_id, journal_id, seq, pool_id, amount)"
        " SELECT u.device_id, u.journal_id, u.seq, p.pool_id, CASE"
        "   WHEN p.is_money THEN u.price + coalesce((SELECT sum(k.price)"
        "     FROM myna.usage_correction k WHERE k.reason = 'rerate'"
        "     AND k.device_id = u.device_id AND k.journal_id = u.journal_id AND k.seq = u.seq), 0)"
        "   ELSE CASE WHEN p.metrics & 15 <> 0 THEN u.reserved_input ELSE 0 END"
        "     + CASE WHEN p.metrics & 48 <> 0 THEN u.reserved_output ELSE 0 END"
        "     + (p.metrics >> 6 & 1) * u.audio_in_ms + (p.metrics >> 7 & 1) * u.audio_out_chars"
        "     + (p.metrics >> 10 & 1) * u.requests END"
        " FROM myna.pool p JOIN myna.usage u ON u.arrived_at >= p.period_from AND" IS_ABOUT(
            "u") " LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"
                 " WHERE" BEGINS " AND u.provenance NOT IN (1, 5) AND s.import_id IS NULL"
                 " ON CONFLICT (device_id, journal_id, seq, pool_id) DO UPDATE SET amount = "
                 "excluded.amount");

    return store_exec(conn, &charge, STORE_NO_VALUES, NULL);
}

/* A pool that begins within its period has spent what was used in it before: as schema/wire/measure
 * counts it, uncertain attempts at what they reserved. Metrics are bits of the token classes. */
static enum status count_spent(struct store_conn *conn)
{
    STORE_STATEMENT(
        count,
        "UPDATE myna.pool p SET spent = p.fees + coalesce((SELECT sum(CASE"
        "   WHEN p.is_money THEN coalesce(s.price, u.price)"
        "   WHEN u.provenance = 5 THEN 0"
        "   ELSE (p.metrics & 1) * coalesce(s.input_uncached, u.input_uncached)"
        "     + (p.metrics >> 1 & 1) * coalesce(s.input_cached, u.input_cached)"
        "     + (p.metrics >> 2 & 1) * u.cache_write_5m + (p.metrics >> 3 & 1) * u.cache_write_1h"
        "     + (p.metrics >> 4 & 1) * coalesce(s.output, u.output)"
        "     + (p.metrics >> 5 & 1) * coalesce(s.reasoning, u.reasoning)"
        "     + (p.metrics >> 6 & 1) * u.audio_in_ms + (p.metrics >> 7 & 1) * u.audio_out_chars"
        "     + (p.metrics >> 8 & 1) * u.images + (p.metrics >> 9 & 1) * u.video_ms"
        "     + (p.metrics >> 10 & 1) * u.requests END)"
        "   FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"
        "   WHERE (u.provenance IN (1, 5) OR s.import_id IS NOT NULL)"
        "   AND u.arrived_at >= p.period_from AND" IS_ABOUT(
            "u") "), 0)"
                 " + coalesce((SELECT sum(k.price) FROM myna.usage_correction k"
                 "   WHERE p.is_money AND k.reason = 'rerate' AND" IS_ABOUT(
                     "k") "   AND NOT EXISTS (SELECT FROM myna.pool_charge c WHERE c.device_id = "
                          "k.device_id"
                          "     AND c.journal_id = k.journal_id AND c.seq = k.seq AND c.pool_id = "
                          "p.pool_id)), 0)"
                          " + coalesce((SELECT sum(c.amount) FROM myna.pool_charge c"
                          "   WHERE c.pool_id = p.pool_id), 0) WHERE" BEGINS);
    enum status status = charge_uncertain(conn);

    return status == STATUS_OK ? store_exec(conn, &count, STORE_NO_VALUES, NULL) : status;
}

/* What is out counts in the new pool from its first moment: in both until a device confirms. */
static enum status hold_accounts(struct store_conn *conn)
{
    STORE_STATEMENT(
        hold,
        "UPDATE myna.credit_account a SET pools = a.pools || added.ids FROM ("
        "  SELECT a.device_id, a.journal_id, a.line_id, a.measure, a.epoch,"
        "    array_agg(p.pool_id ORDER BY p.pool_id) AS ids"
        "  FROM myna.credit_account a JOIN myna.pool p ON p.unit = a.unit AND p.hard"
        "    AND NOT p.is_active AND p.period_from <= now()"
        "    AND (p.models IS NULL OR a.model = ANY (p.models))"
        "    AND (a.purpose = 0 OR p.scope IN ('vendor', 'contract'))"
        "    AND CASE p.scope WHEN 'fleet' THEN true WHEN 'device' THEN a.device_id = p.subject"
        "      WHEN 'vendor' THEN a.vendor_id = p.subject"
        "      WHEN 'contract' THEN a.contract_id = p.subject"
        "      ELSE EXISTS (SELECT FROM myna.group_member m WHERE m.group_id = p.subject"
        "                   AND m.device_id = a.device_id) END"
        "  WHERE " POOLS_OUT
        " > 0 AND NOT a.pools @> ARRAY[p.pool_id] GROUP BY 1, 2, 3, 4, 5) added"
        " WHERE a.device_id = added.device_id AND a.journal_id = added.journal_id"
        " AND a.line_id = added.line_id AND a.measure = added.measure AND a.epoch = added.epoch");

    return store_exec(conn, &hold, STORE_NO_VALUES, NULL);
}

static enum status activate(struct store_conn *conn)
{
    STORE_STATEMENT(begin, "UPDATE myna.pool p SET is_active = true, outstanding = coalesce("
                           " (SELECT sum(" POOLS_OUT ") FROM myna.credit_account a"
                           "  WHERE a.pools @> ARRAY[p.pool_id]), 0)"
                           " WHERE NOT p.is_active AND p.period_from <= now()");
    enum status status = count_spent(conn);

    if (status == STATUS_OK)
        status = hold_accounts(conn);
    return status == STATUS_OK ? store_exec(conn, &begin, STORE_NO_VALUES, NULL) : status;
}

/* In a new epoch every account counts as holding the most it could (grant_renew()): its typical
 * worst case (bus/lines.h: 2000 in, 400 out) times GRANT_ATTEMPTS. Then sums are made anew. */
static enum status renew_accounts(struct store_conn *conn)
{
    STORE_STATEMENT(
        renew,
        "WITH old AS (DELETE FROM myna.credit_account USING myna.credit_revision r,"
        "   myna.installation i WHERE i.epoch <> r.epoch AND NOT is_closed"
        "   RETURNING credit_account.*, i.epoch AS new_epoch)"
        " INSERT INTO myna.credit_account (device_id, journal_id, line_id, measure, epoch,"
        "   vendor_id, model, contract_id, unit, weights, divisor, granted, returned, settled,"
        "   charged, return_to, asked, presumed, used, open, wanted, resting, used_at, is_closed,"
        "   pools, purpose)"
        " SELECT device_id, journal_id, line_id, measure, new_epoch, vendor_id, model,"
        "   contract_id, unit, weights, divisor, 0, 0, 0, 0, 0, 0,"
        "   least(256 * greatest(1, ceil((2000.0 * greatest(weights[1], weights[2], weights[3],"
        "     weights[4]) + 400.0 * greatest(weights[5], weights[6]) + weights[11]) / divisor)),"
        "     9e18)::bigint, 0, 0, 0, -1, now(), false, pools, purpose FROM old");
    STORE_STATEMENT(sum, "UPDATE myna.pool p SET outstanding = coalesce((SELECT sum(" POOLS_OUT ")"
                         " FROM myna.credit_account a WHERE a.pools @> ARRAY[p.pool_id]), 0)"
                         " WHERE EXISTS (SELECT FROM myna.credit_revision r, myna.installation i"
                         "   WHERE i.epoch <> r.epoch)");
    enum status status = store_exec(conn, &renew, STORE_NO_VALUES, NULL);

    return status == STATUS_OK ? store_exec(conn, &sum, STORE_NO_VALUES, NULL) : status;
}

static enum status note_revision(struct store_conn *conn)
{
    STORE_STATEMENT(note, "UPDATE myna.credit_revision SET revision = revision + 1,"
                          " epoch = (SELECT epoch FROM myna.installation)"
                          " RETURNING pg_notify('myna_credit', '')::text,"
                          " myna.tell('pool', '')::text");

    return store_exec(conn, &note, STORE_NO_VALUES, NULL);
}

enum status pools_own(struct store_conn *conn)
{
    STORE_STATEMENT(own, "SELECT FROM myna.credit_revision FOR UPDATE");

    return store_exec(conn, &own, STORE_NO_VALUES, NULL);
}

enum status pools_follow(struct store_conn *conn, struct arena *arena, struct terms *terms,
                         int64_t now_ms, bool *changed)
{
    struct value values[WANTED_VALUES];
    struct wanted *wanted = NULL;
    size_t count = 0;
    enum status status = make_wanted(conn, arena, terms, now_ms, &wanted, &count);

    *changed = false;
    if (status != STATUS_OK)
        return status;
    const struct columns columns = {arena, wanted, count, sizeof *wanted};
    fill_values(&columns, values);
    status = arena_failed(arena) ? STATUS_MEMORY : look_for_work(conn, values, changed);
    if (status != STATUS_OK || !*changed)
        return status;
    status = touch_bound(conn, values);
    if (status == STATUS_OK)
        status = renew_accounts(conn);
    if (status == STATUS_OK)
        status = retire_pools(conn, values);
    if (status == STATUS_OK)
        status = put_pools(conn, values);
    if (status == STATUS_OK)
        status = close_pools(conn, values);
    if (status == STATUS_OK)
        status = activate(conn);
    return status == STATUS_OK ? note_revision(conn) : status;
}

struct refresh {
    struct arena *arena;
    struct terms *terms;
    int64_t now_ms;
    bool owns;
    bool changed;
};

/* First only a look, without the lock that stops all booking. */
static enum status look(struct store_conn *conn, void *context)
{
    struct refresh *refresh = context;
    struct value values[WANTED_VALUES];
    struct wanted *wanted = NULL;
    size_t count = 0;

    arena_reset(refresh->arena);
    enum status status =
        make_wanted(conn, refresh->arena, refresh->terms, refresh->now_ms, &wanted, &count);
    if (status != STATUS_OK)
        return status;
    const struct columns columns = {refresh->arena, wanted, count, sizeof *wanted};
    fill_values(&columns, values);
    return arena_failed(refresh->arena) ? STATUS_MEMORY
                                        : look_for_work(conn, values, &refresh->changed);
}

static enum status follow(struct store_conn *conn, void *context)
{
    struct refresh *refresh = context;

    arena_reset(refresh->arena);
    enum status status = pools_own(conn);
    return status == STATUS_OK ? pools_follow(conn, refresh->arena, refresh->terms, refresh->now_ms,
                                              &refresh->changed)
                               : status;
}

enum status pools_refresh(struct store *store, struct arena *arena, struct terms *terms,
                          int64_t now_ms, bool *changed)
{
    struct refresh refresh = {.arena = arena, .terms = terms, .now_ms = now_ms};
    enum status status = store_transaction(store, look, &refresh);

    if (status == STATUS_OK && refresh.changed)
        status = store_transaction(store, follow, &refresh);
    *changed = refresh.changed;
    return status;
}

/* ---- levelling ---- */

enum status pools_find_starved(struct store *store, struct arena *arena, int64_t **ids,
                               size_t *count)
{
    STORE_STATEMENT(find, "SELECT pool_id FROM myna.pool WHERE is_active AND hard"
                          " AND period_to > now() AND outstanding > 0"
                          " AND (starved_at > now() - interval '15 seconds'"
                          "   OR spent + outstanding::numeric / scale > limit_amount)"
                          " ORDER BY pool_id");
    struct result result = {0};
    enum status status = store_query(store, &find, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *ids = arena_take(arena, (*count + 1) * sizeof **ids);
    for (size_t i = 0; *ids && i < *count; i++)
        (*ids)[i] = result_int(&result, i, 0);
    result_release(&result);
    return *ids ? STATUS_OK : STATUS_MEMORY;
}

enum status pools_find_hopeful(struct store *store, struct arena *arena, size_t limit,
                               const char ***ids, size_t *count)
{
    STORE_STATEMENT(find,
                    "SELECT DISTINCT a.device_id FROM myna.credit_account a"
                    " JOIN myna.device_link l ON l.device_id = a.device_id"
                    "   AND l.journal_id = a.journal_id"
                    " WHERE a.wanted > 0 AND NOT a.is_closed"
                    " AND l.session_hello AND l.session_number > l.ended_session"
                    " AND NOT EXISTS (SELECT FROM myna.pool p WHERE p.pool_id = ANY (a.pools)"
                    "   AND p.is_active AND p.hard AND NOT p.is_closed AND p.period_to > now()"
                    "   AND p.spent + p.outstanding::numeric / p.scale >= p.limit_amount)"
                    " LIMIT $1");
    struct result result = {0};
    enum status status =
        store_query(store, &find, STORE_VALUES(value_int((int64_t)limit)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *ids = arena_take(arena, (*count + 1) * sizeof **ids);
    for (size_t i = 0; *ids && i < *count; i++)
        (*ids)[i] = text_of(&result, i, 0, arena);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status pools_read_revision(struct store *store, int64_t *revision)
{
    STORE_STATEMENT(read, "SELECT revision FROM myna.credit_revision");
    struct result result = {0};
    enum status status = store_query(store, &read, STORE_NO_VALUES, &result);

    if (status == STATUS_OK)
        *revision = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

enum status pools_count_devices(struct store *store)
{
    STORE_STATEMENT(
        count, "WITH n AS (SELECT id, count(DISTINCT device_id) AS devices"
               "   FROM myna.credit_account, unnest(pools) AS id"
               "   WHERE NOT is_closed AND (wanted > 0 OR granted > returned + settled + charged)"
               "   GROUP BY id)"
               " UPDATE myna.pool p SET devices = greatest(1, n.devices) FROM n"
               " WHERE p.pool_id = n.id AND p.period_to > now()"
               " AND abs(p.devices - n.devices) > p.devices / 8");

    return store_query(store, &count, STORE_NO_VALUES, NULL);
}

enum status pools_lock_devices(struct store_conn *conn, struct arena *arena, int64_t pool_id,
                               size_t limit, const char ***ids, size_t *count)
{
    STORE_STATEMENT(
        lock,
        "SELECT l.device_id FROM myna.device_link l WHERE l.device_id IN ("
        "  SELECT a.device_id FROM myna.credit_account a"
        "  JOIN myna.device_link k ON k.device_id = a.device_id"
        "  WHERE a.pools @> ARRAY[$1::bigint] AND NOT a.is_closed"
        "  AND k.session_hello AND k.session_number > k.ended_session"
        "  AND (a.wanted > 0 OR a.granted > a.returned + greatest(a.used, a.settled) + a.open)"
        "  ORDER BY a.used_at LIMIT $2)"
        " ORDER BY l.device_id COLLATE \"C\" FOR UPDATE OF l");
    struct result result = {0};
    enum status status = store_exec(
        conn, &lock, STORE_VALUES(value_int(pool_id), value_int((int64_t)limit)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *ids = arena_take(arena, (*count + 1) * sizeof **ids);
    for (size_t i = 0; *ids && i < *count; i++)
        (*ids)[i] = text_of(&result, i, 0, arena);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status pools_list(struct store *store, const struct pools_filter *filter, struct arena *arena,
                       struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT p.item || jsonb_build_object('zone', " POOLS_ZONE ") AS item,"
        "  p.pool_id, row_number() OVER (ORDER BY p.pool_id) AS n"
        "  FROM myna.pool_item p WHERE ($1::text IS NULL OR p.subject = $1)"
        "  AND ($2::text IS NULL OR p.source = $2)"
        "  AND (NOT $3 OR (p.is_active AND NOT p.is_closed AND p.period_to > now()))"
        "  AND p.pool_id > $4 ORDER BY p.pool_id LIMIT $5 + 1)"
        " SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $5), '[]'),"
        "  'next', CASE WHEN count(*) > $5 THEN (max(pool_id) FILTER (WHERE n <= $5))::text END)"
        " FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_text(filter->subject), value_text(filter->source),
                                   value_bool(filter->open_only), value_int(filter->after),
                                   value_int(filter->limit)),
                      arena, json);
}
