#include "server/store/burndown_facts.h"

#include <string.h>

#include "server/money/amount.h"
#include "server/money/bill.h"
#include "server/money/contract_clause.h"
#include "server/store/elsewhere.h"
#include "server/store/tallies.h"
#include "server/store/thresholds.h"

#define MINUTE_S 60

static bool wants_bill(const struct burndown_line *line)
{
    return line->told == BURNDOWN_BY_BILL ||
           (line->told == BURNDOWN_BY_DEVICES && line->subject.measured == CONTRACT_EVER);
}

/* The number of the cap or commitment of that name in other terms. */
static size_t counter_in(const struct contract_terms *terms, const struct burndown_line *line)
{
    if (line->kind == BURNDOWN_COMMITMENT)
        for (size_t i = 0; i < terms->commitment_count; i++)
            if (strcmp(terms->commitments[i].name, line->name) == 0)
                return terms->charge_count + i;
    if (line->kind == BURNDOWN_CAP)
        for (size_t i = 0; i < terms->cap_count; i++)
            if (strcmp(terms->caps[i].name, line->name) == 0)
                return terms->charge_count + terms->commitment_count + i;
    return BURNDOWN_NO_TALLY;
}

/* ---- robots ---- */

/* Active devices are counted by version; an amendment goes on with the days that it owns. */
static enum status read_devices(struct store_conn *conn, struct burndown_facts_read *read,
                                const struct burndown_line *line)
{
    const struct contract *contract = &read->found->contract;
    const int64_t first = burndown_first_day(line);
    struct course_usage *all = NULL;
    size_t count = 0;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count && status == STATUS_OK; v++) {
        const size_t counter = counter_in(&contract->versions[v], line);
        struct course_usage *rows, *joined;
        size_t found;

        if (counter == BURNDOWN_NO_TALLY)
            continue;
        status = thresholds_read_devices(conn, read->arena, contract->contract_id,
                                         contract->versions[v].version, (int64_t)counter, first,
                                         &rows, &found);
        if (status != STATUS_OK || found == 0)
            continue;
        joined = arena_take(read->arena, (count + found) * sizeof *joined);
        if (joined == NULL)
            return STATUS_MEMORY;
        for (size_t i = 0; i < count; i++)
            joined[i] = all[i];
        for (size_t i = 0; i < found; i++)
            joined[count + i] = rows[i];
        all = joined;
        count += found;
    }
    read->facts.devices = all;
    read->facts.device_days = count;
    return status;
}

size_t burndown_facts_counters(const struct contract *contract, const struct burndown_line *line,
                               struct arena *arena, const char *counters[CONTRACT_VERSIONS])
{
    size_t count = 0;

    for (size_t v = 0; v < contract->version_count; v++) {
        const size_t counter = counter_in(&contract->versions[v], line);

        if (counter != BURNDOWN_NO_TALLY)
            counters[count++] =
                arena_format(arena, "%lld:%zu", (long long)contract->versions[v].version, counter);
    }
    return count;
}

/* When which robots were seen in the period: those of all versions that own days of it, as one. */
static enum status read_arrivals(struct store_conn *conn, struct burndown_facts_read *read,
                                 const struct burndown_line *line)
{
    const struct contract *contract = &read->found->contract;
    const int64_t today = zone_day(read->found->zone, read->now_ms);
    const int64_t from = line->period.first;
    const char *counters[CONTRACT_VERSIONS];
    const size_t count = burndown_facts_counters(contract, line, read->arena, counters);

    if (arena_failed(read->arena))
        return STATUS_MEMORY;
    return thresholds_read_arrivals(conn, contract->contract_id, counters, count,
                                    &(struct period_range){from, line->period.end},
                                    today - SATURATION_RECENT + 1, &read->facts.arrivals);
}

/* ---- what only the bill's counts tell ---- */

static bool is_money(const struct burndown_line *line)
{
    return line->subject.quantity->source == CONTRACT_SPEND;
}

/* The counts that a line is told by: its own, or those of the charges whose money it counts. */
static enum status load_counts(struct store_conn *conn, const struct burndown_facts_read *read,
                               const struct burndown_line *line, struct tally *tally)
{
    const struct contract *contract = &read->found->contract;
    struct tallies_charge *pairs;
    size_t most = contract->version_count, count = 0;

    for (size_t v = 0; v < contract->version_count; v++)
        most += contract->versions[v].charge_count;
    pairs = arena_take(read->arena, most * sizeof *pairs);
    if (pairs == NULL)
        return STATUS_MEMORY;
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        const size_t counter = counter_in(terms, line);

        if (!is_money(line) && counter != BURNDOWN_NO_TALLY)
            pairs[count++] = (struct tallies_charge){terms->version, (int64_t)counter};
        for (size_t c = 0; is_money(line) && c < terms->charge_count; c++)
            if (contract_is_named(terms->charges[c].name, line->commitment->charges,
                                  line->commitment->charge_count))
                pairs[count++] = (struct tallies_charge){terms->version, (int64_t)c};
    }
    if (count == 0)
        return STATUS_OK;
    enum status status =
        tallies_load(conn, read->arena, contract->contract_id, pairs, count, tally);
    return status == STATUS_OK && line->subject.share_permille > 0
               ? elsewhere_add(conn, tally, CONTRACT_FOREVER)
               : status;
}

/* What of a period each version counted: sums go on, of a level the last version's stands. */
static enum status count_period(const struct burndown_facts_read *read,
                                const struct burndown_line *line, const struct tally *tally,
                                struct period_range range, struct fraction *out)
{
    const struct contract *contract = &read->found->contract;
    enum status status = STATUS_OK;

    *out = FRACTION_ZERO;
    for (size_t v = 0; v < contract->version_count && status == STATUS_OK; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        const struct period_range days = tally_days(tally, terms);
        const size_t counter = counter_in(terms, line);
        const int64_t first = days.first > range.first ? days.first : range.first;
        struct fraction part;

        if (counter == BURNDOWN_NO_TALLY || first >= days.end || first >= range.end)
            continue;
        const struct period period = tally_period(tally, terms, line->subject.rule, first);
        status = bill_quantity(tally, terms, counter, &period, &part);
        if (status == STATUS_OK && burndown_adds_up(line))
            status = fraction_add(*out, part, out);
        else if (status == STATUS_OK)
            *out = part;
    }
    return status;
}

static enum status bill_period(const struct burndown_facts_read *read,
                               const struct burndown_line *line, const struct tally *tally,
                               const struct bill *bill, struct period_range range,
                               struct fraction *out)
{
    const struct contract *contract = &read->found->contract;
    const struct period period = course_period(contract, line->subject.rule, range.first);

    return is_money(line) ? bill_spent(bill, contract, line->commitment, &period, out)
                          : count_period(read, line, tally, range, out);
}

static enum status read_billed(struct store_conn *conn, struct burndown_facts_read *read,
                               const struct burndown_line *line)
{
    struct fraction *earlier = arena_take(read->arena, (line->earlier_count + 1) * sizeof *earlier);
    struct tally *tally = NULL;
    struct bill bill = {0};
    enum status status = earlier != NULL ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = tally_create(&tally, &read->found->contract, read->found->zone);
    if (status == STATUS_OK)
        status = load_counts(conn, read, line, tally);
    if (status == STATUS_OK && is_money(line))
        status = bill_make(tally, read->now_ms, read->arena, &bill);
    if (status == STATUS_OK)
        status = bill_period(read, line, tally, &bill, line->period, &read->facts.billed);
    for (size_t i = 0; i < line->earlier_count && status == STATUS_OK; i++)
        status = bill_period(read, line, tally, &bill, line->earlier_periods[i], &earlier[i]);
    read->facts.billed_earlier = earlier;
    tally_free(tally);
    return status;
}

/* ---- what was noted from time to time ---- */

static enum status read_samples(struct store_conn *conn, struct burndown_facts_read *read,
                                const struct burndown_line *line)
{
    STORE_STATEMENT(samples,
                    "SELECT (day - date '1970-01-01')::bigint, trim_scale(amount)::text"
                    " FROM myna.course_day WHERE contract_id = $1 AND kind = $2 AND name = $3"
                    " AND metric = $4 AND day >= date '1970-01-01' + $5::integer"
                    " AND day < date '1970-01-01' + $6::integer ORDER BY day");
    const int64_t today = zone_day(read->found->zone, read->now_ms);
    /* without a term the period began in 1970 and ends in the far future */
    const int64_t end = line->period.end < today + 1 ? line->period.end : today + 1;
    struct sampled_day *days;
    struct result result = {0};
    enum status status =
        store_exec(conn, &samples,
                   STORE_VALUES(value_text(read->found->contract.contract_id),
                                value_text(burndown_kind_name(line->kind)), value_text(line->name),
                                value_text(line->subject.quantity->text),
                                value_int(line->period.first), value_int(end)),
                   &result);

    if (status != STATUS_OK)
        return status;
    days = arena_take(read->arena, (result_count(&result) + 1) * sizeof *days);
    if (days == NULL)
        status = STATUS_MEMORY;
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++) {
        days[i].day = result_int(&result, i, 0);
        status = fraction_parse(result_span(&result, i, 1), &days[i].amount);
    }
    read->facts.samples = days;
    read->facts.sample_count = result_count(&result);
    result_release(&result);
    return status;
}

static enum status note(struct store_conn *conn, const struct burndown_facts_read *read,
                        const struct burndown_line *line, struct fraction amount)
{
    STORE_STATEMENT(put, "INSERT INTO myna.course_day AS d (contract_id, kind, name, metric, day,"
                         " amount) VALUES ($1, $2, $3, $4, date '1970-01-01' + $5::integer,"
                         " $6::text::numeric)"
                         " ON CONFLICT (contract_id, kind, name, metric, day) DO UPDATE SET"
                         " amount = excluded.amount"
                         " WHERE CASE WHEN $7::boolean THEN excluded.amount > d.amount"
                         " ELSE excluded.amount <> d.amount END");
    const int64_t today = zone_day(read->found->zone, read->now_ms);
    char text[AMOUNT_SIZE];

    if (today < line->period.first || today >= line->period.end)
        return STATUS_OK;
    amount_decimal(amount, text);
    return store_exec(conn, &put,
                      STORE_VALUES(value_text(read->found->contract.contract_id),
                                   value_text(burndown_kind_name(line->kind)),
                                   value_text(line->name), value_text(line->subject.quantity->text),
                                   value_int(today), value_text(text),
                                   value_bool(line->told == BURNDOWN_BY_MINUTE)),
                      NULL);
}

/* ---- all lines ---- */

static enum status read_minute(struct store_conn *conn, struct burndown_facts_read *read)
{
    bool has_level = false;
    struct course_usage *rows;

    for (size_t i = 0; i < read->count; i++)
        has_level |= read->lines[i].told == BURNDOWN_BY_MINUTE;
    if (!has_level)
        return STATUS_OK;
    enum status status =
        thresholds_read_recent(conn, read->arena, read->found->contract.contract_id, MINUTE_S,
                               &rows, &read->facts.minute_count);
    if (status == STATUS_OK)
        read->facts.minute = rows;
    return status;
}

static enum status read_shared(struct store_conn *conn, struct burndown_facts_read *read)
{
    int64_t first = INT64_MAX;
    bool has_share = false;
    struct course_usage *rows;

    for (size_t i = 0; i < read->count; i++) {
        const int64_t own = burndown_first_day(&read->lines[i]);

        first = own < first ? own : first;
        has_share |= read->lines[i].subject.share_permille > 0;
    }
    enum status status = thresholds_read_days(conn, read->arena, read->found->contract.contract_id,
                                              first, &rows, &read->facts.course.count);
    if (status == STATUS_OK)
        read->facts.course.usage = rows;
    if (status == STATUS_OK && has_share)
        status = thresholds_read_all_days(conn, read->arena, first, &rows, &read->facts.all_count);
    if (status == STATUS_OK && has_share)
        read->facts.all = rows;
    return status == STATUS_OK ? read_minute(conn, read) : status;
}

static enum status fill(struct store_conn *conn, struct burndown_facts_read *read,
                        struct burndown_line *line)
{
    enum status status = STATUS_OK;

    if (line->told == BURNDOWN_BY_DEVICES)
        status = read_devices(conn, read, line);
    if (status == STATUS_OK && burndown_by_saturation(line))
        status = read_arrivals(conn, read, line);
    if (status == STATUS_OK && wants_bill(line))
        status = read_billed(conn, read, line);
    if (status == STATUS_OK && burndown_is_sampled(line))
        status = read_samples(conn, read, line);
    return status == STATUS_OK ? burndown_fill(&read->facts, read->arena, line) : status;
}

const struct contract_terms *burndown_facts_terms(const struct terms_contract *found,
                                                  int64_t now_ms)
{
    const struct contract *contract = &found->contract;
    const struct contract_terms *first = &contract->versions[0];
    int64_t version;
    const struct contract_terms *terms = terms_in_force(found, now_ms, &version);

    if (terms != NULL)
        return terms;
    return first->first != CONTRACT_NO_DAY && now_ms < zone_midnight(found->zone, first->first)
               ? first
               : &contract->versions[contract->version_count - 1];
}

static enum status open_lines(const struct terms_contract *found, int64_t now_ms,
                              struct arena *arena, struct burndown_facts_read *out)
{
    *out = (struct burndown_facts_read){.arena = arena,
                                        .found = found,
                                        .terms = burndown_facts_terms(found, now_ms),
                                        .now_ms = now_ms};
    out->facts = (struct burndown_facts){
        .course = {.contract = &found->contract, .third_party = &out->terms->third_party},
        .zone = found->zone,
        .now_ms = now_ms};
    return burndown_lines(&found->contract, out->terms, zone_day(found->zone, now_ms), arena,
                          &out->lines, &out->count);
}

enum status burndown_facts_lines(struct store_conn *conn, const struct terms_contract *found,
                                 int64_t now_ms, struct arena *arena,
                                 struct burndown_facts_read *out)
{
    enum status status = open_lines(found, now_ms, arena, out);

    if (status == STATUS_OK)
        status = read_shared(conn, out);
    for (size_t i = 0; i < out->count && status == STATUS_OK; i++)
        status = fill(conn, out, &out->lines[i]);
    if (status == STATUS_OK)
        burndown_sort(out->lines, out->count);
    return status;
}

static enum status note_line(struct store_conn *conn, struct burndown_facts_read *read,
                             struct burndown_line *line, bool with_bill)
{
    enum status status;

    if (line->told == BURNDOWN_BY_MINUTE)
        return note(conn, read, line,
                    course_level(&line->subject, read->facts.minute, read->facts.minute_count));
    if (line->told != BURNDOWN_BY_BILL || !with_bill)
        return STATUS_OK;
    line->earlier_count = 0;
    status = read_billed(conn, read, line);
    if (status == STATUS_FULL)
        return STATUS_OK; /* the page says so to whoever asks */
    return status == STATUS_OK ? note(conn, read, line, read->facts.billed) : status;
}

enum status burndown_facts_note(struct store_conn *conn, const struct terms_contract *found,
                                int64_t now_ms, bool with_bill, struct arena *arena)
{
    struct burndown_facts_read read;
    enum status status = open_lines(found, now_ms, arena, &read);

    if (status == STATUS_OK)
        status = read_minute(conn, &read);
    for (size_t i = 0; i < read.count && status == STATUS_OK; i++)
        status = note_line(conn, &read, &read.lines[i], with_bill);
    return status;
}
