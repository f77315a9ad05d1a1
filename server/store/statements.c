#include "server/store/statements.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/store/bills.h"
#include "server/store/events.h"
#include "server/store/open_months.h"

#define TEXT_BYTES (64u << 20)

static void write_lines(struct json_writer *writer, const char *name,
                        const struct statement_line *lines, size_t count, unsigned places,
                        bool with_month)
{
    json_key(writer, name);
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++)
        bills_write_line(writer, &lines[i], places, with_month);
    json_end_array(writer);
}

/* What one group's robots used in the month; the last one is of no listed group. */
struct bearer {
    const char *group; /* NULL: robots of none */
    struct fraction usage, requests, devices;
    struct decimal of_usage, of_rest;
};

struct locking {
    const struct author *author;
    const struct statements_order *order;
    struct arena *result_arena;
    struct span json;
    const char *problem;
    /* made by each try */
    struct bills_ledger ledger;
    struct period_range month;
    struct statement_line *was; /* of all statements so far */
    size_t was_count;
    size_t statement_count;
    struct statement_line *lines, *corrections;
    size_t line_count, correction_count;
    struct bearer bearers[STATEMENTS_GROUPS + 1];
    size_t bearer_count;
};

static enum status refuse(struct locking *locking, const char *problem)
{
    locking->problem = problem;
    return STATUS_STALE;
}

/* Another month comes first: which, and how it is locked. */
static enum status refuse_before(struct locking *locking, const char *why, int64_t month)
{
    const char *contract_id = locking->order->contract_id;
    char date[ZONE_DATE_SIZE];

    zone_format_date(month, date);
    const char *problem =
        arena_format(locking->result_arena,
                     "%s: lock %.7s first, with mynactl statement lock %s %.7s, and the months "
                     "after it in order",
                     why, date, contract_id, date);
    return problem == NULL ? STATUS_MEMORY : refuse(locking, problem);
}

/* Two closes of one contract wait for each other. */
static enum status lock_contract(struct store_conn *conn, const struct locking *locking)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.contract WHERE contract_id = $1 FOR UPDATE");
    struct result result = {0};
    enum status status =
        store_exec(conn, &lock, STORE_VALUES(value_text(locking->order->contract_id)), &result);

    if (status == STATUS_OK && result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static enum status read_period(const char *text, int64_t *first, int64_t *end)
{
    const char *slash = strchr(text, '/');

    if (slash == NULL ||
        zone_parse_date(span_of(text, (size_t)(slash - text)), first) != STATUS_OK ||
        zone_parse_date(span_text(slash + 1), end) != STATUS_OK)
        return STATUS_CORRUPT;
    return STATUS_OK;
}

/* A line as bills_write_line() wrote it; of a statement's own month unless it names another. */
static enum status read_line(const struct json *json, int64_t month, struct arena *arena,
                             struct statement_line *out)
{
    const char *of = json_text(json_member(json, "month"), NULL);
    char date[ZONE_DATE_SIZE];

    *out = (struct statement_line){
        .month = month,
        .source = arena_text(arena, span_text(json_text(json_member(json, "source"), ""))),
        .name = arena_text(arena, span_text(json_text(json_member(json, "charge"), ""))),
        .metric = arena_text(arena, span_text(json_text(json_member(json, "metric"), ""))),
        .quantity = arena_text(arena, span_text(json_text(json_member(json, "quantity"), ""))),
    };
    if (arena_failed(arena))
        return STATUS_MEMORY;
    snprintf(date, sizeof date, "%.7s-01", of ? of : "");
    if ((of != NULL && zone_parse_date(span_text(date), &out->month) != STATUS_OK) ||
        decimal_parse(span_text(json_text(json_member(json, "amount"), "")), &out->amount) !=
            STATUS_OK)
        return STATUS_CORRUPT;
    return read_period(json_text(json_member(json, "period"), ""), &out->first, &out->end);
}

static enum status read_lines(struct locking *locking, const struct json *list, int64_t month)
{
    for (size_t i = 0; i < json_count(list); i++) {
        enum status status = read_line(json_item(list, i), month, locking->ledger.arena,
                                       &locking->was[locking->was_count]);

        if (status != STATUS_OK)
            return status;
        locking->was_count++;
    }
    return STATUS_OK;
}

static enum status read_statement(struct locking *locking, const struct result *result, size_t row)
{
    struct json *document;
    int64_t month;
    enum status status = zone_parse_date(result_span(result, row, 0), &month);

    if (status == STATUS_OK)
        status = json_parse(result_span(result, row, 1), &document, NULL);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    status = read_lines(locking, json_member(document, "lines"), month);
    if (status == STATUS_OK)
        status = read_lines(locking, json_member(document, "corrections"), month);
    json_free(document);
    return status;
}

/* Months follow one another, so that none is forgotten and corrections have one place to go. */
static enum status check_order(struct locking *locking, struct span newest)
{
    int64_t last;

    if (zone_parse_date(newest, &last) != STATUS_OK)
        return STATUS_CORRUPT;
    if (last == locking->month.first)
        return STATUS_EXISTS;
    if (last > locking->month.first)
        return refuse(locking, "a later month is locked already");
    if (statement_month(last).end != locking->month.first)
        return refuse_before(locking, "a month before it is not locked", statement_month(last).end);
    return STATUS_OK;
}

static enum status read_statements(struct store_conn *conn, struct locking *locking)
{
    STORE_STATEMENT(read,
                    "SELECT month::text, document, (SELECT coalesce(sum("
                    " jsonb_array_length(s.document->'lines')"
                    " + jsonb_array_length(s.document->'corrections')), 0)::bigint"
                    " FROM myna.statement s WHERE s.contract_id = t.contract_id),"
                    " EXISTS (SELECT FROM myna.statement s WHERE s.contract_id = t.contract_id"
                    "   AND s.month = $2::text::date)"
                    " FROM myna.statement t WHERE t.contract_id = $1 ORDER BY t.month");
    char month[ZONE_DATE_SIZE];
    struct result result = {0};

    zone_format_date(locking->month.first, month);
    enum status status = store_exec(
        conn, &read, STORE_VALUES(value_text(locking->order->contract_id), value_text(month)),
        &result);
    if (status != STATUS_OK || result_count(&result) == 0)
        goto out;
    if (result_bool(&result, 0, 3)) {
        status = STATUS_EXISTS;
        goto out;
    }
    locking->statement_count = result_count(&result);
    status = check_order(locking, result_span(&result, result_count(&result) - 1, 0));
    locking->was = arena_take(locking->ledger.arena,
                              ((size_t)result_int(&result, 0, 2) + 1) * sizeof *locking->was);
    if (status == STATUS_OK && locking->was == NULL)
        status = STATUS_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++)
        status = read_statement(locking, &result, i);

out:
    result_release(&result);
    return status;
}

/* Late usage counts in its own month as long as the grace runs. */
static enum status check_over(struct locking *locking)
{
    const struct terms_contract *found = locking->ledger.found;
    const int64_t grace_end = locking->month.end + found->contract.grace_days;

    if (locking->order->now_ms < zone_midnight(found->zone, locking->month.end))
        return refuse(locking, "the month has not ended");
    if (locking->order->now_ms < zone_midnight(found->zone, grace_end))
        return refuse(locking, "late usage still counts in it: its days of grace run");
    return STATUS_OK;
}

/* The lines of one locked month, of all statements. */
static size_t of_month(const struct locking *locking, int64_t month, struct statement_line *out)
{
    size_t count = 0;

    for (size_t i = 0; i < locking->was_count; i++)
        if (locking->was[i].month == month)
            out[count++] = locking->was[i];
    return count;
}

static enum status append_corrections(struct locking *locking, const struct bill *bill,
                                      int64_t month)
{
    struct arena *arena = locking->ledger.arena;
    struct statement_line *was = arena_take(arena, (locking->was_count + 1) * sizeof *was);
    struct statement_line *now, *found, *all;
    size_t now_count, found_count = 0;

    if (was == NULL)
        return STATUS_MEMORY;
    enum status status = statement_lines(bill, statement_month(month), arena, &now, &now_count);
    if (status == STATUS_OK)
        status = statement_corrections(was, of_month(locking, month, was), now, now_count, arena,
                                       &found, &found_count);
    if (status != STATUS_OK || found_count == 0)
        return status;
    all = arena_take(arena, (locking->correction_count + found_count) * sizeof *all);
    if (all == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < locking->correction_count; i++)
        all[i] = locking->corrections[i];
    for (size_t i = 0; i < found_count; i++)
        all[locking->correction_count + i] = found[i];
    locking->corrections = all;
    locking->correction_count += found_count;
    return STATUS_OK;
}

static int64_t first_locked(const struct locking *locking)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < locking->was_count; i++)
        if (locking->was[i].month < first)
            first = locking->was[i].month;
    return first;
}

/* The bill as of the month's end: its own lines, and what earlier months now say otherwise. The
 * first statement is of the first month that is billed, so that no fee stands in none; usage that
 * became known only later makes a month before that one too. */
static enum status make_lines(struct locking *locking)
{
    const struct bills_ledger *ledger = &locking->ledger;
    struct bill bill;
    int64_t first_billed;
    enum status status =
        bill_explain(ledger->tally, zone_midnight(ledger->found->zone, locking->month.end),
                     ledger->arena, &bill);

    if (status != STATUS_OK)
        return status;
    first_billed = statement_first_month(&bill);
    if (locking->statement_count == 0 && first_billed < locking->month.first)
        return refuse_before(locking, "fees or usage of earlier months stand in no statement",
                             first_billed);
    status = statement_lines(&bill, locking->month, ledger->arena, &locking->lines,
                             &locking->line_count);
    if (status == STATUS_OK && locking->statement_count == 0 && locking->line_count == 0)
        return refuse(locking, "nothing of the contract is billed in that month or before");
    int64_t month = first_locked(locking);
    if (first_billed < month)
        month = first_billed;
    for (; status == STATUS_OK && month < locking->month.first; month = statement_month(month).end)
        status = append_corrections(locking, &bill, month);
    return status;
}

static enum status read_bearer(const struct result *result, size_t row, struct arena *arena,
                               struct bearer *out)
{
    struct decimal usage;

    if (decimal_parse_exact(result_span(result, row, 1), &usage) != STATUS_OK || usage.units < 0)
        usage = (struct decimal){0};
    *out = (struct bearer){
        .group =
            result_is_null(result, row, 0) ? NULL : arena_text(arena, result_span(result, row, 0)),
        .usage = fraction_of_decimal(usage),
        .requests = fraction_of(result_int(result, row, 2)),
        .devices = fraction_of(result_int(result, row, 3)),
    };
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* A robot belongs to the first of the listed groups that it is in. Prices are shown to 12 places
 * here: weights, not money. */
static enum status read_bearers(struct store_conn *conn, struct locking *locking)
{
    STORE_STATEMENT(
        read,
        "WITH wanted AS (SELECT group_id, place FROM unnest($2::text[]) WITH ORDINALITY"
        "     AS w(group_id, place) WHERE $5"
        "   UNION ALL SELECT group_id, row_number() OVER (ORDER BY group_id)"
        "     FROM myna.device_group WHERE NOT $5),"
        " home AS (SELECT DISTINCT ON (m.device_id) m.device_id::text, w.group_id"
        "   FROM myna.group_member m JOIN wanted w USING (group_id)"
        "   ORDER BY m.device_id, w.place),"
        " used AS (SELECT device_id, sum(price) AS price, sum(requests) AS requests FROM ("
        "     SELECT device_id, price, requests FROM myna.usage WHERE contract_id = $1"
        "       AND at >= $3 AND at < $4"
        "     UNION ALL SELECT device_id, price, 0 FROM myna.usage_correction"
        "       WHERE contract_id = $1 AND at >= $3 AND at < $4) u GROUP BY device_id),"
        " sums AS (SELECT h.group_id, sum(u.price) AS price, sum(u.requests)::bigint AS requests,"
        "   count(*) FILTER (WHERE u.requests > 0 AND u.device_id <> '') AS devices"
        "   FROM used u LEFT JOIN home h USING (device_id) GROUP BY 1)"
        " SELECT w.group_id, round(coalesce(s.price, 0), 12)::text, coalesce(s.requests, 0),"
        "   coalesce(s.devices, 0), w.place FROM wanted w LEFT JOIN sums s USING (group_id)"
        " UNION ALL SELECT NULL, round(s.price, 12)::text, s.requests, s.devices, NULL"
        "   FROM sums s WHERE s.group_id IS NULL ORDER BY 5 NULLS LAST");
    const struct zone *zone = locking->ledger.found->zone;
    struct result result = {0};
    enum status status = store_exec(
        conn, &read,
        STORE_VALUES(value_text(locking->order->contract_id),
                     value_text_array(locking->order->groups, locking->order->group_count),
                     value_time(zone_midnight(zone, locking->month.first)),
                     value_time(zone_midnight(zone, locking->month.end)),
                     value_bool(locking->order->groups != NULL)),
        &result);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++) {
        if (locking->bearer_count > STATEMENTS_GROUPS)
            status = STATUS_FULL;
        else
            status = read_bearer(&result, i, locking->ledger.arena,
                                 &locking->bearers[locking->bearer_count++]);
    }
    result_release(&result);
    return status;
}

static enum status check_groups(struct store_conn *conn, const struct locking *locking)
{
    STORE_STATEMENT(check, "SELECT FROM unnest($1::text[]) AS w(group_id) WHERE NOT EXISTS"
                           " (SELECT FROM myna.device_group g WHERE g.group_id = w.group_id)");
    struct result result = {0};

    if (locking->order->groups == NULL)
        return STATUS_OK;
    enum status status = store_exec(
        conn, &check,
        STORE_VALUES(value_text_array(locking->order->groups, locking->order->group_count)),
        &result);
    if (status == STATUS_OK && result_count(&result) > 0)
        status = STATUS_INVALID;
    result_release(&result);
    return status;
}

static enum status share_out(struct locking *locking)
{
    const unsigned places = locking->ledger.found->contract.minor_places;
    const size_t count = locking->bearer_count;
    struct fraction by_usage[STATEMENTS_GROUPS + 1], by_rule[STATEMENTS_GROUPS + 1];
    struct decimal shares[STATEMENTS_GROUPS + 1], usage = {0}, rest = {0};
    bool is_priced = false;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < locking->line_count + locking->correction_count; i++) {
        const struct statement_line *line = i < locking->line_count
                                                ? &locking->lines[i]
                                                : &locking->corrections[i - locking->line_count];
        struct decimal *sum = line->is_usage ? &usage : &rest;

        status = decimal_add(*sum, line->amount, sum);
        if (status != STATUS_OK)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        is_priced = is_priced || fraction_sign(locking->bearers[i].usage) > 0;
    for (size_t i = 0; i < count; i++) {
        const struct bearer *bearer = &locking->bearers[i];

        by_usage[i] = is_priced ? bearer->usage : bearer->requests;
        by_rule[i] = locking->order->rule == STATEMENTS_BY_USAGE     ? by_usage[i]
                     : locking->order->rule == STATEMENTS_BY_DEVICES ? bearer->devices
                                                                     : fraction_of(1);
    }
    if (count == 0)
        return STATUS_OK;
    status = statement_share(usage, places, by_usage, count, shares);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        locking->bearers[i].of_usage = shares[i];
    if (status == STATUS_OK)
        status = statement_share(rest, places, by_rule, count, shares);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        locking->bearers[i].of_rest = shares[i];
    return status;
}

static void write_allocation(struct json_writer *writer, const struct locking *locking,
                             unsigned places)
{
    json_key(writer, "allocation");
    json_begin_array(writer);
    for (size_t i = 0; i < locking->bearer_count; i++) {
        const struct bearer *bearer = &locking->bearers[i];
        const struct decimal total = {bearer->of_usage.units + bearer->of_rest.units};

        json_begin_object(writer);
        json_key(writer, "group");
        if (bearer->group != NULL)
            json_write_text(writer, span_text(bearer->group));
        else
            json_write_null(writer);
        bills_write_money(writer, "usage", bearer->of_usage, places);
        bills_write_money(writer, "fees", bearer->of_rest, places);
        bills_write_money(writer, "total", total, places);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static enum status write_statement(const struct locking *locking, struct decimal total,
                                   struct span *out)
{
    static const char *const rules[] = {"devices", "usage", "even"};
    const struct contract *contract = &locking->ledger.found->contract;
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    write_lines(&writer, "lines", locking->lines, locking->line_count, contract->minor_places,
                false);
    write_lines(&writer, "corrections", locking->corrections, locking->correction_count,
                contract->minor_places, true);
    bills_write_money(&writer, "total", total, contract->minor_places);
    json_write_member(&writer, "fees_by", rules[locking->order->rule]);
    write_allocation(&writer, locking, contract->minor_places);
    json_end_object(&writer);
    return bills_keep_text(&text, locking->ledger.arena, out);
}

#define STATEMENT_JSON                                                                             \
    "jsonb_build_object('contract', s.contract_id, 'month', to_char(s.month, 'YYYY-MM'),"          \
    " 'locked_at', s.locked_at, 'locked_by', s.locked_by, 'currency', s.currency) || s.document"

/* Nothing is locked: what would be. */
static enum status draft(struct store_conn *conn, struct locking *locking, const char *month,
                         struct span document)
{
    STORE_STATEMENT(show, "SELECT " STATEMENT_JSON
                          " FROM (SELECT $1::text AS contract_id, $2::text::date AS month,"
                          "   NULL::timestamptz AS locked_at, NULL::text AS locked_by,"
                          "   $3::text AS currency, $4::jsonb AS document) s");
    const struct contract *contract = &locking->ledger.found->contract;

    return store_exec_json(conn, &show,
                           STORE_VALUES(value_text(contract->contract_id), value_text(month),
                                        value_text(contract->currency), value_json(document)),
                           locking->result_arena, &locking->json);
}

static enum status insert(struct store_conn *conn, struct locking *locking, const char *month,
                          struct decimal total, struct span document)
{
    STORE_STATEMENT(
        add,
        "WITH s AS (INSERT INTO myna.statement (contract_id, month, locked_by, currency, total,"
        "   document) VALUES ($1, $2::text::date, $3, $4, $5::text::numeric, $6)"
        "   RETURNING *)"
        " SELECT " STATEMENT_JSON " FROM s");
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'statement.lock',"
                           " 'contract/' || $3::text, NULL, $4)");
    const struct contract *contract = &locking->ledger.found->contract;
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(total, text);
    enum status status = store_exec_json(
        conn, &add,
        STORE_VALUES(value_text(contract->contract_id), value_text(month),
                     value_text(locking->author->actor), value_text(contract->currency),
                     value_text(text), value_json(document)),
        locking->result_arena, &locking->json);
    if (status == STATUS_OK)
        status = store_exec(
            conn, &audit,
            STORE_VALUES(value_text(locking->author->actor), value_text(locking->author->source),
                         value_text(contract->contract_id), value_json(locking->json)),
            NULL);
    return status == STATUS_OK ? events_tell(conn, "contract", &contract->contract_id, 1) : status;
}

static enum status conclude(struct store_conn *conn, struct locking *locking)
{
    struct decimal total, corrected;
    char month[ZONE_DATE_SIZE];
    struct span document;
    enum status status = statement_total(locking->lines, locking->line_count, &total);

    if (status == STATUS_OK)
        status = statement_total(locking->corrections, locking->correction_count, &corrected);
    if (status == STATUS_OK)
        status = decimal_add(total, corrected, &total);
    if (status == STATUS_OK)
        status = write_statement(locking, total, &document);
    if (status != STATUS_OK)
        return status;
    zone_format_date(locking->month.first, month);
    return locking->order->dry_run ? draft(conn, locking, month, document)
                                   : insert(conn, locking, month, total, document);
}

static enum status lock_month(struct store_conn *conn, void *context)
{
    struct locking *locking = context;

    locking->ledger = (struct bills_ledger){0};
    locking->was_count = locking->statement_count = 0;
    locking->correction_count = locking->bearer_count = 0;
    enum status status = lock_contract(conn, locking);
    if (status == STATUS_OK)
        status = store_script(conn, "SET LOCAL statement_timeout = '5min'");
    if (status == STATUS_OK)
        status = bills_open(&locking->ledger, conn, locking->order->contract_id, BILLS_NOW);
    if (status == STATUS_OK)
        status = read_statements(conn, locking);
    if (status == STATUS_OK)
        status = check_over(locking);
    if (status == STATUS_OK)
        status = check_groups(conn, locking);
    if (status == STATUS_OK)
        status = make_lines(locking);
    if (status == STATUS_OK)
        status = read_bearers(conn, locking);
    if (status == STATUS_OK)
        status = share_out(locking);
    if (status == STATUS_OK)
        status = conclude(conn, locking);
    bills_close(&locking->ledger);
    return status;
}

enum status statements_lock(struct store *store, const struct author *author,
                            const struct statements_order *order, struct arena *arena,
                            struct span *json, const char **problem)
{
    struct locking *locking = arena_take(arena, sizeof *locking);

    *problem = "";
    if (locking == NULL)
        return STATUS_MEMORY;
    *locking = (struct locking){.author = author,
                                .order = order,
                                .result_arena = arena,
                                .problem = "",
                                .month = statement_month(order->month)};
    enum status status = store_transaction(store, lock_month, locking);
    if (status == STATUS_OK)
        *json = locking->json;
    *problem = locking->problem;
    return status;
}

struct listing {
    const char *contract_id;
    int64_t now_ms;
    struct arena *arena;
    struct span json;
};

static enum status list_months(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(list, "SELECT $2::jsonb || jsonb_build_object('items', coalesce(jsonb_agg("
                          " jsonb_build_object('month', to_char(s.month, 'YYYY-MM'), 'locked_at',"
                          " s.locked_at, 'locked_by', s.locked_by, 'currency', s.currency, 'total',"
                          " s.document->>'total', 'corrections',"
                          " jsonb_array_length(s.document->'corrections')) ORDER BY s.month DESC),"
                          " '[]'), 'next', NULL)"
                          " FROM myna.statement s WHERE s.contract_id = $1");
    struct listing *listing = context;
    struct span open;
    enum status status =
        open_months_read(conn, listing->contract_id, listing->now_ms, listing->arena, &open);

    return status == STATUS_OK
               ? store_exec_json(conn, &list,
                                 STORE_VALUES(value_text(listing->contract_id), value_json(open)),
                                 listing->arena, &listing->json)
               : status;
}

enum status statements_list(struct store *store, const char *contract_id, int64_t now_ms,
                            struct arena *arena, struct span *json)
{
    struct listing listing = {.contract_id = contract_id, .now_ms = now_ms, .arena = arena};
    enum status status = store_transaction(store, list_months, &listing);

    if (status == STATUS_OK)
        *json = listing.json;
    return status;
}

#define OF_MONTH                                                                                   \
    " FROM myna.statement s WHERE s.contract_id = $1 AND to_char(s.month, 'YYYY-MM') = $2"

enum status statements_get(struct store *store, const char *contract_id, const char *month,
                           enum statements_format format, struct arena *arena, struct span *out)
{
    STORE_STATEMENT(as_json, "SELECT " STATEMENT_JSON OF_MONTH);
    STORE_STATEMENT(
        lines,
        "SELECT 'contract,month,of_month,source,charge,period,metric,quantity,amount,currency'"
        " || E'\\r\\n' || coalesce((SELECT string_agg(concat_ws(',', s.contract_id,"
        " to_char(s.month, 'YYYY-MM'), coalesce(l->>'month', to_char(s.month, 'YYYY-MM')),"
        " l->>'source', '\"' || replace(l->>'charge', '\"', '\"\"') || '\"', l->>'period',"
        " '\"' || replace(l->>'metric', '\"', '\"\"') || '\"', l->>'quantity', l->>'amount',"
        " s.currency) || E'\\r\\n', '' ORDER BY n) FROM jsonb_array_elements("
        " s.document->'lines' || (s.document->'corrections')) WITH ORDINALITY AS e(l, n)), "
        "'')" OF_MONTH);
    STORE_STATEMENT(
        allocation,
        "SELECT 'contract,month,group,usage,fees,total,currency' || E'\\r\\n'"
        " || coalesce((SELECT string_agg(concat_ws(',', s.contract_id,"
        " to_char(s.month, 'YYYY-MM'), coalesce(a->>'group', ''), a->>'usage', a->>'fees',"
        " a->>'total', s.currency) || E'\\r\\n', '' ORDER BY n)"
        " FROM jsonb_array_elements(s.document->'allocation') WITH ORDINALITY AS e(a, n)), "
        "'')" OF_MONTH);
    const struct store_statement *const statements[] = {&as_json, &lines, &allocation};

    return store_json(store, statements[format],
                      STORE_VALUES(value_text(contract_id), value_text(month)), arena, out);
}
