#include "server/store/burndowns.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/money/amount.h"
#include "server/store/bills.h"
#include "server/store/burndown_facts.h"

#define WORK_BYTES (256u << 20)
#define TEXT_BYTES (16u << 20)

/* ---- as JSON ---- */

static void write_amount(struct json_writer *writer, const char *name, struct fraction amount)
{
    char text[AMOUNT_SIZE];

    amount_decimal(amount, text);
    json_write_member(writer, name, text);
}

static void write_day(struct json_writer *writer, const char *name, int64_t day)
{
    char date[ZONE_DATE_SIZE];

    zone_format_date(day, date);
    json_write_member(writer, name, date);
}

static void write_null(struct json_writer *writer, const char *name)
{
    json_key(writer, name);
    json_write_null(writer);
}

static void write_number(struct json_writer *writer, const char *name, int64_t number)
{
    json_key(writer, name);
    json_write_int(writer, number);
}

static const char *measured_name(enum contract_measured measured)
{
    static const char *const names[] = {
        [CONTRACT_SUM] = "sum",   [CONTRACT_PEAK] = "peak", [CONTRACT_AVERAGE] = "average",
        [CONTRACT_LAST] = "last", [CONTRACT_EVER] = "ever",
    };

    return names[measured];
}

static const char *trigger_name(enum contract_trigger trigger)
{
    static const char *const names[] = {
        [CONTRACT_AT_SHARE] = "share",
        [CONTRACT_AT_AMOUNT] = "amount",
        [CONTRACT_AT_FORECAST] = "forecast",
        [CONTRACT_AT_RATE] = "rate",
    };

    return names[trigger];
}

static const char *shortfall_name(enum contract_shortfall shortfall)
{
    static const char *const names[] = {
        [CONTRACT_TRUE_UP] = "true_up", [CONTRACT_FEE_PER_UNIT] = "fee_per_unit",
        [CONTRACT_PENALTY] = "penalty", [CONTRACT_CARRY_FORWARD] = "carry_forward",
        [CONTRACT_REPRICE] = "reprice", [CONTRACT_WATCHED] = "watched",
    };

    return names[shortfall];
}

static const char *action_name(enum contract_action_kind kind)
{
    static const char *const names[] = {
        [CONTRACT_ALERT] = "alert",
        [CONTRACT_THROTTLE] = "throttle",
        [CONTRACT_FALL_BACK] = "fall_back_to",
        [CONTRACT_CANNED] = "canned",
        [CONTRACT_BLOCK] = "block",
    };

    return names[kind];
}

/* The point on the line's own scale; of a rate there is none. */
static void write_point(struct json_writer *writer, const struct burndown_line *line,
                        const struct contract_threshold *mark)
{
    struct fraction point = mark->at;

    if (mark->trigger == CONTRACT_AT_RATE ||
        (mark->trigger != CONTRACT_AT_AMOUNT &&
         (!line->has_limit || fraction_multiply(line->limit, mark->at, &point) != STATUS_OK)))
        write_null(writer, "point");
    else
        write_amount(writer, "point", point);
}

static void write_marks(struct json_writer *writer, const struct burndown_line *line)
{
    json_key(writer, "thresholds");
    json_begin_array(writer);
    for (size_t i = 0; i < line->mark_count; i++) {
        const struct contract_threshold *mark = line->marks[i];

        json_begin_object(writer);
        json_write_member(writer, "name", mark->name);
        json_write_member(writer, "trigger", trigger_name(mark->trigger));
        write_amount(writer, "at", mark->at);
        write_point(writer, line, mark);
        json_key(writer, "shadow");
        json_write_bool(writer, mark->shadow);
        json_key(writer, "do");
        json_begin_array(writer);
        for (size_t k = 0; k < mark->action_count; k++)
            json_write_text(writer, span_text(action_name(mark->actions[k].kind)));
        json_end_array(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_days(struct json_writer *writer, const struct burndown_line *line)
{
    char text[AMOUNT_SIZE];

    json_key(writer, "days");
    if (line->day_count == 0) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    write_day(writer, "from", line->first_day);
    json_key(writer, "amounts");
    json_begin_array(writer);
    for (size_t i = 0; i < line->day_count; i++) {
        amount_decimal(line->days[i], text);
        json_write_text(writer, span_text(text));
    }
    json_end_array(writer);
    json_key(writer, "add_up");
    json_write_bool(writer, burndown_adds_up(line));
    json_key(writer, "interpolated");
    json_write_bool(writer, burndown_is_sampled(line) && !line->is_whole);
    json_end_object(writer);
}

/* Periods in which nothing was used stand only between others: the contract may be younger. */
static void write_earlier(struct json_writer *writer, const struct burndown_line *line)
{
    const size_t most = line->subject.rule->per == PERIOD_DAY ? BURNDOWN_EARLIER : BURNDOWN_PERIODS;
    size_t count = line->earlier_count < most ? line->earlier_count : most;

    while (count > 0 && fraction_sign(line->earlier[count - 1].amount) == 0)
        count--;
    json_key(writer, "earlier");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(writer);
        write_day(writer, "from", line->earlier[i].period.first);
        write_day(writer, "to", line->earlier[i].period.end);
        write_amount(writer, "amount", line->earlier[i].amount);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_forecast(struct json_writer *writer, const struct burndown_line *line)
{
    json_key(writer, "forecast");
    if (!line->has_forecast) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    json_write_member(writer, "formula", burndown_formula_name(line->formula));
    write_number(writer, "days", (int64_t)line->trend_days);
    write_amount(writer, "per_day", line->forecast.per_day);
    write_amount(writer, "at_end", line->forecast.at_end);
    write_amount(writer, "low", line->forecast.low);
    write_amount(writer, "high", line->forecast.high);
    if (line->runs_out == FORECAST_NEVER)
        write_null(writer, "runs_out");
    else
        write_day(writer, "runs_out", line->runs_out);
    json_end_object(writer);
}

static void write_shortfall(struct json_writer *writer, const struct burndown_line *line)
{
    json_key(writer, "shortfall");
    if (!line->has_missing) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    json_write_member(writer, "rule", shortfall_name(line->commitment->shortfall));
    write_amount(writer, "missing", line->missing);
    if (line->has_cost)
        write_amount(writer, "cost", line->cost);
    else
        write_null(writer, "cost");
    json_end_object(writer);
}

static void write_models(struct json_writer *writer, const struct contract_filter *filter)
{
    json_key(writer, "models");
    json_begin_array(writer);
    for (size_t i = 0; i < filter->model_count; i++)
        json_write_text(writer, span_text(filter->models[i]));
    json_end_array(writer);
}

static void write_period(struct json_writer *writer, const struct burndown_facts_read *read,
                         const struct burndown_line *line)
{
    const int64_t today = zone_day(read->found->zone, read->now_ms);
    const bool has_begun = !line->endless || read->found->contract.term_first != CONTRACT_NO_DAY;

    json_write_member(writer, "per", period_name(line->subject.rule->per));
    json_key(writer, "period");
    json_begin_object(writer);
    write_day(writer, "from", has_begun ? line->period.first : line->first_day);
    if (line->endless)
        write_null(writer, "to");
    else
        write_day(writer, "to", line->period.end);
    json_end_object(writer);
    if (line->endless || line->told == BURNDOWN_BY_MINUTE)
        write_null(writer, "days_left");
    else
        write_number(writer, "days_left",
                     today < line->period.end
                         ? line->period.end -
                               (today > line->period.first ? today : line->period.first)
                         : 0);
}

static void write_line(struct json_writer *writer, const struct burndown_facts_read *read,
                       const struct burndown_line *line)
{
    const struct course_subject *subject = &line->subject;
    struct fraction share;

    json_begin_object(writer);
    json_write_member(writer, "kind", burndown_kind_name(line->kind));
    json_write_member(writer, "name", line->name);
    json_write_member(writer, "state", burndown_state_name(line->state));
    json_write_member(writer, "told_by", burndown_told_name(line->told));
    json_key(writer, "hard");
    json_write_bool(writer, line->hard);
    json_write_member(writer, "metric", subject->quantity->text);
    json_key(writer, "is_money");
    json_write_bool(writer, subject->quantity->source == CONTRACT_SPEND);
    json_write_member(writer, "measured", measured_name(subject->measured));
    write_models(writer, subject->filter);
    write_period(writer, read, line);
    if (line->has_limit)
        write_amount(writer, "limit", line->limit);
    else
        write_null(writer, "limit");
    write_amount(writer, "so_far", line->so_far);
    if (line->has_limit && fraction_sign(line->limit) > 0 &&
        fraction_divide(line->so_far, line->limit, &share) == STATUS_OK)
        write_amount(writer, "share", share);
    else
        write_null(writer, "share");
    write_amount(writer, "base", line->base);
    if (line->commitment != NULL && line->commitment->cumulative)
        write_amount(writer, "carried", line->carried);
    else
        write_null(writer, "carried");
    if (line->told == BURNDOWN_BY_MINUTE)
        write_amount(writer, "busiest", line->busiest);
    else
        write_null(writer, "busiest");
    write_days(writer, line);
    write_earlier(writer, line);
    write_forecast(writer, line);
    write_shortfall(writer, line);
    write_marks(writer, line);
    json_end_object(writer);
}

static void write_term(struct json_writer *writer, const struct contract *contract)
{
    json_key(writer, "term");
    if (contract->term_first == CONTRACT_NO_DAY || contract->term_end == CONTRACT_NO_DAY) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    write_day(writer, "from", contract->term_first);
    write_day(writer, "to", contract->term_end);
    json_end_object(writer);
}

static void write_contract(struct json_writer *writer, const struct burndown_facts_read *read)
{
    const struct contract *contract = &read->found->contract;
    char as_of[CLOCK_TEXT_SIZE];

    clock_format(read->now_ms, as_of);
    json_begin_object(writer);
    json_write_member(writer, "contract", contract->contract_id);
    json_write_member(writer, "vendor", contract->vendor_id);
    json_write_member(writer, "currency", contract->currency);
    json_write_member(writer, "zone", contract->zone);
    json_write_member(writer, "as_of", as_of);
    write_day(writer, "today", zone_day(read->found->zone, read->now_ms));
    write_term(writer, contract);
    json_key(writer, "lines");
    json_begin_array(writer);
    for (size_t i = 0; i < read->count; i++)
        write_line(writer, read, &read->lines[i]);
    json_end_array(writer);
    json_end_object(writer);
}

static enum status write_one(struct store_conn *conn, const struct terms *terms,
                             const char *contract_id, int64_t now_ms, struct json_writer *writer)
{
    const struct terms_contract *found = terms_find(terms, contract_id);
    struct arena *arena = NULL;
    struct burndown_facts_read read;

    if (found == NULL)
        return STATUS_NOT_FOUND;
    enum status status = arena_create(&arena, WORK_BYTES);
    if (status == STATUS_OK)
        status = burndown_facts_lines(conn, found, now_ms, arena, &read);
    if (status == STATUS_OK)
        write_contract(writer, &read);
    arena_free(arena);
    return status;
}

/* ---- one contract ---- */

struct getting {
    const char *contract_id;
    int64_t now_ms;
    struct arena *arena;
    struct span json;
};

static enum status get(struct store_conn *conn, void *context)
{
    struct getting *getting = context;
    struct terms *terms = NULL;
    struct json_writer writer;
    struct buffer text;
    enum status status = terms_create(&terms);

    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    if (status == STATUS_OK)
        status = terms_refresh(terms, conn);
    if (status == STATUS_OK)
        status = write_one(conn, terms, getting->contract_id, getting->now_ms, &writer);
    terms_free(terms);
    if (status != STATUS_OK) {
        buffer_release(&text);
        return status;
    }
    return bills_keep_text(&text, getting->arena, &getting->json);
}

enum status burndowns_get(struct store *store, const char *contract_id, int64_t now_ms,
                          struct arena *arena, struct span *json)
{
    struct getting getting = {.contract_id = contract_id, .now_ms = now_ms, .arena = arena};
    enum status status = store_transaction(store, get, &getting);

    if (status == STATUS_OK)
        *json = getting.json;
    return status;
}

/* ---- the robots of a day ---- */

static enum status read_day(struct store *store, bool is_asked, const struct burndowns_day *asked,
                            const char *const *counters, size_t count, struct period_range days,
                            struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read, "WITH counter AS (SELECT split_part(p, ':', 1)::integer AS version,"
              "    split_part(p, ':', 2)::integer AS charge FROM unnest($2::text[]) AS p),"
              " chosen AS (SELECT coalesce(nullif($3, -1), (SELECT t.at_day FROM myna.tally t"
              "    JOIN counter USING (version, charge) WHERE t.contract_id = $1 AND t.at_day >= $4"
              "    AND t.at_day < $5 AND t.cell = 0 AND t.quantity > 0 AND $3 = -1"
              "    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1), $4) AS day),"
              " active AS MATERIALIZED (SELECT DISTINCT t.device_id FROM myna.tally t"
              "    JOIN counter USING (version, charge) WHERE t.contract_id = $1"
              "    AND t.at_day = (SELECT day FROM chosen) AND t.cell = 0 AND t.quantity > 0),"
              " more AS (SELECT device_id FROM active WHERE device_id > $6 ORDER BY device_id"
              "    LIMIT $7 + 1),"
              " page AS (SELECT device_id FROM more ORDER BY device_id LIMIT $7)"
              "SELECT jsonb_build_object('as_of', now(), 'contract', $1, 'kind', $8::text, 'name', "
              "$9::text,"
              "  'day', (SELECT date '1970-01-01' + day::integer FROM chosen),"
              "  'devices', (SELECT count(*) FROM active), 'items', (SELECT coalesce(jsonb_agg("
              "    jsonb_build_object('id', p.device_id, 'name', coalesce(d.name, ''), 'status',"
              "    d.status) ORDER BY p.device_id), '[]') FROM page p"
              "    LEFT JOIN myna.device d ON d.device_id = p.device_id), 'next', CASE WHEN"
              "    (SELECT count(*) FROM more) > $7 THEN CASE WHEN NOT $10::boolean THEN (SELECT "
              "day FROM chosen)"
              "    || '.' ELSE '' END || (SELECT max(device_id) FROM page) END)");

    return store_json(
        store, &read,
        STORE_VALUES(value_text(asked->contract_id), value_text_array(counters, count),
                     value_int(asked->day), value_int(days.first), value_int(days.end),
                     value_text(asked->after != NULL ? asked->after : ""), value_int(asked->limit),
                     value_text(asked->kind), value_text(asked->name), value_bool(is_asked)),
        arena, json);
}

/* Who gave a line no name calls it by what it counts. */
static bool is_called(const struct burndown_line *line, const char *name)
{
    return strcmp(line->name, name) == 0 ||
           (strchr(line->name, '/') != NULL && strcmp(line->subject.quantity->text, name) == 0);
}

static const struct burndown_line *line_named(const struct burndown_line *lines, size_t count,
                                              const struct burndowns_day *asked)
{
    for (size_t i = 0; i < count; i++)
        if (is_called(&lines[i], asked->name) &&
            strcmp(burndown_kind_name(lines[i].kind), asked->kind) == 0)
            return &lines[i];
    return NULL;
}

#define DAYS_MAX 2932896 /* since 1970: the end of 9999 */

/* "20780.r3": the day that was found to be the busiest, which is looked for once and not for each
 * page, and the last robot that was told. */
static struct burndowns_day go_on(const struct burndowns_day *asked)
{
    struct burndowns_day day = *asked;
    char *end;

    if (asked->day >= 0 || asked->after == NULL || strchr(asked->after, '.') == NULL)
        return day;
    const long long number = strtoll(asked->after, &end, 10);
    if (number < 0 || number > DAYS_MAX || *end != '.')
        return day;
    day.day = number;
    day.after = end + 1;
    return day;
}

enum status burndowns_devices(struct store *store, const struct burndowns_day *asked,
                              struct arena *arena, struct span *json)
{
    const struct burndowns_day day = go_on(asked);
    const char *counters[CONTRACT_VERSIONS];
    const struct burndown_line *line = NULL;
    const struct terms_contract *found;
    struct burndown_line *lines = NULL;
    struct terms *terms = NULL;
    size_t count = 0;
    enum status status = terms_read(store, &terms);

    if (status == STATUS_OK && (found = terms_find(terms, asked->contract_id)) == NULL)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = burndown_lines(&found->contract, burndown_facts_terms(found, asked->now_ms),
                                zone_day(found->zone, asked->now_ms), arena, &lines, &count);
    if (status == STATUS_OK) {
        line = line_named(lines, count, asked);
        status = line != NULL && line->told == BURNDOWN_BY_DEVICES ? STATUS_OK : STATUS_INVALID;
    }
    if (status == STATUS_OK) {
        count = burndown_facts_counters(&found->contract, line, arena, counters);
        status = arena_failed(arena) ? STATUS_MEMORY
                                     : read_day(store, asked->day >= 0, &day, counters, count,
                                                line->period, arena, json);
    }
    terms_free(terms);
    return status;
}

/* ---- all of a vendor ---- */

enum status burndowns_write_vendor(struct store_conn *conn, const char *vendor_id, int64_t now_ms,
                                   struct json_writer *writer)
{
    STORE_STATEMENT(read, "SELECT contract_id FROM myna.contract WHERE vendor_id = $1"
                          " ORDER BY contract_id");
    struct result result = {0};
    struct terms *terms = NULL;
    enum status status = terms_create(&terms);

    if (status == STATUS_OK)
        status = terms_refresh(terms, conn);
    if (status == STATUS_OK)
        status = store_exec(conn, &read, STORE_VALUES(value_text(vendor_id)), &result);
    json_begin_array(writer);
    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++)
        status = write_one(conn, terms, result_text(&result, i, 0), now_ms, writer);
    json_end_array(writer);
    result_release(&result);
    terms_free(terms);
    return status;
}
