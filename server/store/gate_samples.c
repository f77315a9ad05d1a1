#include "server/store/gate_samples.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/message.h"

/* A slice is what the whole fleet sent in that time: read from end to end, which is many times
 * faster than looking for some robots' records one by one, and short enough for any time limit. */
#define SLICE_MS     INT64_C(10800000)
#define DAY_MS       INT64_C(86400000)
#define WEEK_MS      (7 * DAY_MS)
#define LATE_MS      DAY_MS /* after the window a record may still arrive */
#define A_BIT_MS     INT64_C(3600000)
#define MEMBERS_MOST (2 * GATE_SAMPLES_MOST)

/* One row's numbers: sums and counts, failures by class. */
#define NUMBERS (2 * GATE_SAMPLED + GATE_CLASSES)

static_assert(GATE_CLASS_RATE == (int)wire_ErrorClass_RATE &&
                  GATE_CLASS_NET == (int)wire_ErrorClass_NET &&
                  GATE_CLASS_FILTERED == (int)_wire_ErrorClass_MAX + 1,
              "classes are numbered as the errors of schema/wire");

struct member {
    const char *device_id;
    bool is_control;
    bool is_running; /* what it should: the change, or what was before */
    struct gate_sample sample;
};

/* One reading. */
struct reading {
    struct store_conn *conn;
    struct arena *arena;
    const char *rollout_id;
    int64_t from_ms, to_ms, started_ms;
    struct member *members; /* by device_id */
    size_t count;
    struct gate_group *groups[2]; /* treated, control */
};

/* ---- who is looked at ---- */

static enum status take_members(struct reading *reading, const struct result *result)
{
    reading->started_ms = result_time(result, 0, 0);
    reading->members = arena_take(reading->arena, MEMBERS_MOST * sizeof *reading->members);
    for (size_t row = 0; row < result_count(result) && reading->members; row++) {
        struct member *member = &reading->members[reading->count];
        const double was_there = result_bool(result, row, 4),
                     is_silent = result_bool(result, row, 5);

        if (result_is_null(result, row, 1))
            continue;
        member->device_id = arena_text(reading->arena, result_span(result, row, 1));
        member->is_control = result_bool(result, row, 2);
        member->is_running = result_bool(result, row, 3);
        member->sample.now[GATE_UNREACHABLE] =
            (struct gate_amount){was_there * is_silent, was_there};
        reading->count++;
    }
    return arena_failed(reading->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status find_members(struct reading *reading, unsigned wave)
{
    STORE_STATEMENT(
        find,
        "WITH r AS (SELECT r.started_at, w.opened_at"
        "   FROM myna.rollout r JOIN myna.rollout_wave w USING (rollout_id)"
        "   WHERE r.rollout_id = $1 AND w.wave = $2::int),"
        " members AS ((SELECT m.device_id, false AS is_control,"
        "     m.state = 'confirmed' AND m.settled_at <= $3::timestamptz AS is_running"
        "   FROM myna.rollout_device m WHERE m.rollout_id = $1 AND m.is_open AND NOT m.is_control"
        "   AND m.wave <= $2::int ORDER BY m.wave DESC, m.place, m.device_id LIMIT $5::bigint)"
        "  UNION ALL"
        "  (SELECT m.device_id, true, true FROM myna.rollout_device m"
        "   WHERE m.rollout_id = $1 AND (m.is_control OR m.state = 'waiting') AND NOT m.is_open"
        "   ORDER BY m.is_control DESC, m.place, m.device_id LIMIT $5::bigint))"
        "SELECT r.started_at, m.device_id, m.is_control, m.is_running,"
        "  coalesce(l.last_seen >= r.opened_at - interval '10 minutes', false),"
        "  coalesce(l.last_seen < $4::timestamptz - interval '15 minutes', false)"
        " FROM r LEFT JOIN (members m JOIN myna.device_link l USING (device_id)) ON true"
        " ORDER BY m.device_id COLLATE \"C\"");
    struct result result = {0};
    enum status status = store_exec(
        reading->conn, &find,
        STORE_VALUES(value_text(reading->rollout_id), value_int(wave), value_time(reading->from_ms),
                     value_time(reading->to_ms), value_int(GATE_SAMPLES_MOST)),
        &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? take_members(reading, &result) : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static int by_id(const void *id, const void *member)
{
    return strcmp(id, ((const struct member *)member)->device_id);
}

/* NULL: the robot is not looked at, or does not run what it should. */
static struct member *member_of(const struct reading *reading, const char *device_id)
{
    struct member *member = reading->count > 0 ? bsearch(device_id, reading->members,
                                                         reading->count, sizeof *member, by_id)
                                               : NULL;

    return member && member->is_running ? member : NULL;
}

/* ---- what they did ---- */

static void read_numbers(const char *text, double numbers[NUMBERS])
{
    char *rest = NULL;

    for (size_t i = 0; i < NUMBERS; i++, text = rest)
        numbers[i] = strtod(text, &rest);
}

static void add_amount(struct gate_amount *amount, const double numbers[2])
{
    amount->sum += numbers[0];
    amount->count += numbers[1];
}

static void note_currency(struct gate_group *group, const char *least, const char *most)
{
    if (least[0] == 0)
        return;
    if (group->currency[0] == 0)
        snprintf(group->currency, sizeof group->currency, "%.3s", least);
    if (strcmp(least, group->currency) != 0 || strcmp(most, group->currency) != 0)
        group->has_one_currency = false;
}

static void add_now(struct reading *reading, struct member *member, const struct result *result,
                    size_t row)
{
    double numbers[NUMBERS];

    read_numbers(result_text(result, row, 1), numbers);
    for (size_t i = 0; i < GATE_SAMPLED; i++)
        if (i != GATE_UNREACHABLE)
            add_amount(&member->sample.now[i], &numbers[2 * i]);
    for (size_t i = 0; i < GATE_CLASSES; i++)
        member->sample.failed[i] += numbers[2 * GATE_SAMPLED + i];
    note_currency(reading->groups[member->is_control], result_text(result, row, 2),
                  result_text(result, row, 3));
}

/* Of earlier days only times are taken from records: the rest is in the sums by the hour. */
static void add_before(struct reading *reading, struct member *member, const struct result *result,
                       size_t row)
{
    double numbers[NUMBERS];

    (void)reading;
    read_numbers(result_text(result, row, 1), numbers);
    add_amount(&member->sample.before[GATE_FIRST_TOKEN], &numbers[2 * GATE_FIRST_TOKEN]);
    add_amount(&member->sample.before[GATE_FIRST_AUDIO], &numbers[2 * GATE_FIRST_AUDIO]);
}

static void add_hours(struct reading *reading, struct member *member, const struct result *result,
                      size_t row)
{
    double numbers[NUMBERS];

    (void)reading;
    read_numbers(result_text(result, row, 1), numbers);
    add_amount(&member->sample.before[GATE_FAILURES], &numbers[0]);
    add_amount(&member->sample.before[GATE_INTERRUPTED], &numbers[2]);
    add_amount(&member->sample.before[GATE_COST], &numbers[4]);
}

typedef void (*adder)(struct reading *reading, struct member *member, const struct result *result,
                      size_t row);

static enum status add_rows(struct reading *reading, const struct store_statement *statement,
                            const struct value *values, size_t count, adder add)
{
    struct result result = {0};
    enum status status = store_exec(reading->conn, statement, values, count, &result);

    for (size_t row = 0; status == STATUS_OK && row < result_count(&result); row++) {
        struct member *member = member_of(reading, result_text(&result, row, 0));

        if (member)
            add(reading, member, &result, row);
    }
    result_release(&result);
    return status;
}

/* Records that arrived in a slice, of attempts that began in the window. Of talk alone (purpose 0);
 * not the server's own word (provenance 6), nor what stands for many whose times nobody knows
 * (attempt 0). What failed before anything was sent has failed all the same. An answer is a record
 * that is of no sound; each turn has one first attempt. */
static enum status add_slice(struct reading *reading, int64_t arrived_ms, int64_t until_ms,
                             int64_t from_ms, int64_t to_ms, adder add)
{
    STORE_STATEMENT(
        read,
        "SELECT u.device_id, array_to_string(ARRAY["
        "  count(*) FILTER (WHERE outcome IN (3, 5, 6)), count(*), 0, 0,"
        "  coalesce(sum(ln(first_token_ms::float8)) FILTER (WHERE is_answer AND first_token_ms > "
        "0),"
        "    0), count(*) FILTER (WHERE is_answer AND first_token_ms > 0),"
        "  coalesce(sum(ln(first_audio_ms::float8)) FILTER (WHERE is_answer AND first_audio_ms > "
        "0),"
        "    0), count(*) FILTER (WHERE is_answer AND first_audio_ms > 0),"
        "  count(*) FILTER (WHERE is_answer AND outcome IN (1, 2, 4) AND interrupted),"
        "  count(*) FILTER (WHERE is_answer AND outcome IN (1, 2, 4)),"
        "  sum(price), count(*) FILTER (WHERE attempt = 1),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 0),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 1),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 2),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 3),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 4),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 5),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 6),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 7),"
        "  count(*) FILTER (WHERE outcome = 5 AND error_class = 8),"
        "  count(*) FILTER (WHERE outcome = 3), count(*) FILTER (WHERE outcome = 6)]::float8[], ' "
        "'),"
        "  min(currency) FILTER (WHERE price <> 0), max(currency) FILTER (WHERE price <> 0)"
        " FROM (SELECT *, audio_out_chars = 0 AND audio_in_ms = 0 AS is_answer FROM myna.usage"
        "  WHERE arrived_at >= $1 AND arrived_at < $2 AND at >= $3 AND at < $4"
        "  AND purpose = 0 AND attempt > 0 AND provenance < 6) u"
        " WHERE u.device_id <> '' GROUP BY u.device_id");

    return add_rows(reading, &read,
                    STORE_VALUES(value_time(arrived_ms), value_time(until_ms), value_time(from_ms),
                                 value_time(to_ms)),
                    add);
}

/* Attempts of from_ms to to_ms that arrived before until_ms. */
static enum status add_window(struct reading *reading, int64_t from_ms, int64_t to_ms,
                              int64_t until_ms, adder add)
{
    enum status status = STATUS_OK;

    for (int64_t at_ms = from_ms; status == STATUS_OK && at_ms < until_ms; at_ms += SLICE_MS) {
        const int64_t end_ms = at_ms + SLICE_MS < until_ms ? at_ms + SLICE_MS : until_ms;

        status = add_slice(reading, at_ms, end_ms, from_ms, to_ms, add);
    }
    return status;
}

/* The week before the rollout, a day at a time. */
static enum status add_week(struct reading *reading)
{
    STORE_STATEMENT(
        read,
        "SELECT device_id, array_to_string(ARRAY[sum(failed), sum(attempts),"
        "  sum(interrupted), sum(attempts), sum(price), sum(attempts)]::float8[], ' ')"
        " FROM myna.usage_hour WHERE hour >= $1::timestamptz"
        " AND hour < least($1::timestamptz + interval '1 day', date_trunc('hour', $2::timestamptz))"
        " AND device_id <> '' GROUP BY device_id");
    enum status status = STATUS_OK;

    for (int64_t at_ms = reading->started_ms - WEEK_MS;
         status == STATUS_OK && at_ms < reading->started_ms; at_ms += DAY_MS)
        status =
            add_rows(reading, &read,
                     STORE_VALUES(value_time(at_ms), value_time(reading->started_ms)), add_hours);
    return status;
}

/* ---- the groups ---- */

static enum status split(struct reading *reading)
{
    struct gate_sample *samples =
        arena_take(reading->arena, (reading->count + 1) * sizeof *samples);
    size_t used = 0;

    if (!samples)
        return STATUS_MEMORY;
    for (size_t side = 0; side < 2; side++) {
        struct gate_group *group = reading->groups[side];

        group->samples = samples + used;
        for (size_t i = 0; i < reading->count; i++)
            if (reading->members[i].is_control == (side == 1))
                samples[used++] = reading->members[i].sample;
        group->count = (size_t)(samples + used - group->samples);
    }
    return STATUS_OK;
}

enum status gate_samples_read(struct store_conn *conn, const char *rollout_id, unsigned wave,
                              int64_t from_ms, int64_t to_ms, struct arena *arena,
                              struct gate_group *treated, struct gate_group *control)
{
    struct gate_group groups[2] = {{.has_one_currency = true}, {.has_one_currency = true}};
    struct reading reading = {.conn = conn,
                              .arena = arena,
                              .rollout_id = rollout_id,
                              .from_ms = from_ms,
                              .to_ms = to_ms,
                              .groups = {&groups[0], &groups[1]}};
    enum status status = find_members(&reading, wave);

    if (status == STATUS_OK)
        status = add_window(&reading, from_ms, to_ms, to_ms + LATE_MS, add_now);
    if (status == STATUS_OK)
        status = add_window(&reading, reading.started_ms - DAY_MS, reading.started_ms,
                            reading.started_ms + A_BIT_MS, add_before);
    if (status == STATUS_OK)
        status = add_week(&reading);
    if (status == STATUS_OK)
        status = split(&reading);
    if (status != STATUS_OK)
        return status;
    *treated = groups[0];
    *control = groups[1];
    return STATUS_OK;
}
