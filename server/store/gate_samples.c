#include "server/store/gate_samples.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/message.h"

/* One row's numbers: sums and counts now, the same before, failures by class. */
#define NUMBERS (4 * GATE_SAMPLED + GATE_CLASSES)

static_assert(GATE_CLASS_RATE == (int)wire_ErrorClass_RATE &&
                  GATE_CLASS_NET == (int)wire_ErrorClass_NET &&
                  GATE_CLASS_FILTERED == (int)_wire_ErrorClass_MAX + 1,
              "classes are numbered as the errors of schema/wire");

static void read_numbers(const char *text, struct gate_sample *out)
{
    double numbers[NUMBERS] = {0};
    char *rest = NULL;

    for (size_t i = 0; i < NUMBERS; i++, text = rest)
        numbers[i] = strtod(text, &rest);
    for (size_t i = 0; i < GATE_SAMPLED; i++) {
        out->now[i] = (struct gate_amount){numbers[2 * i], numbers[2 * i + 1]};
        out->before[i] = (struct gate_amount){numbers[2 * GATE_SAMPLED + 2 * i],
                                              numbers[2 * GATE_SAMPLED + 2 * i + 1]};
    }
    memcpy(out->failed, numbers + 4 * GATE_SAMPLED, sizeof out->failed);
}

static void read_currency(const char *least, const char *most, struct gate_group *group)
{
    if (least[0] == 0)
        return;
    if (group->currency[0] == 0)
        snprintf(group->currency, sizeof group->currency, "%.3s", least);
    if (strcmp(least, group->currency) != 0 || strcmp(most, group->currency) != 0)
        group->has_one_currency = false;
}

static enum status read_group(const struct result *result, bool is_control, struct arena *arena,
                              struct gate_group *out)
{
    struct gate_group group = {.has_one_currency = true};
    struct gate_sample *samples = arena_take(arena, (result_count(result) + 1) * sizeof *samples);

    if (!samples)
        return STATUS_MEMORY;
    for (size_t row = 0; row < result_count(result); row++) {
        if (result_is_null(result, row, 1) || result_bool(result, row, 0) != is_control)
            continue;
        read_numbers(result_text(result, row, 1), &samples[group.count++]);
        read_currency(result_text(result, row, 2), result_text(result, row, 3), &group);
    }
    group.samples = samples;
    *out = group;
    return STATUS_OK;
}

enum status gate_samples_read(struct store_conn *conn, const char *rollout_id, unsigned wave,
                              int64_t from_ms, int64_t to_ms, struct arena *arena,
                              struct gate_group *treated, struct gate_group *control)
{
    /* Of talk alone (purpose 0), and of what was sent (provenance 5: not sent, 6: the server's own
     * word; attempt 0 stands for many, whose times nobody knows). An answer is a record that is of
     * no sound. Each window's records are looked for among what arrived until a day after it. */
    STORE_STATEMENT(
        read,
        "WITH r AS (SELECT r.started_at, w.opened_at"
        "   FROM myna.rollout r JOIN myna.rollout_wave w USING (rollout_id)"
        "   WHERE r.rollout_id = $1 AND w.wave = $2::int),"
        " members AS ((SELECT m.device_id, false AS is_control, m.state = 'confirmed' AS "
        "is_running,"
        "     greatest(m.settled_at, $3::timestamptz) AS since, m.wave, m.place"
        "   FROM myna.rollout_device m WHERE m.rollout_id = $1 AND m.is_open AND NOT m.is_control"
        "   AND m.wave <= $2::int ORDER BY m.wave DESC, m.place, m.device_id LIMIT $5::bigint)"
        "  UNION ALL"
        "  (SELECT m.device_id, true, true, $3::timestamptz, m.wave, m.place FROM "
        "myna.rollout_device m"
        "   WHERE m.rollout_id = $1 AND (m.is_control OR m.state = 'waiting') AND NOT m.is_open"
        "   ORDER BY m.is_control DESC, m.place, m.device_id LIMIT $5::bigint)),"
        " sums AS (SELECT m.device_id, m.is_control, m.is_running, m.wave, m.place,"
        "   coalesce(l.last_seen >= r.opened_at - interval '10 minutes', false) AS was_there,"
        "   l.last_seen < $4::timestamptz - interval '15 minutes' AS is_silent, n.*, b.*, h.*"
        "   FROM r CROSS JOIN members m JOIN myna.device_link l USING (device_id)"
        "   CROSS JOIN LATERAL (SELECT count(*) AS finished,"
        "     count(*) FILTER (WHERE outcome IN (3, 5, 6)) AS failed,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 0) AS failed_0,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 1) AS failed_1,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 2) AS failed_2,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 3) AS failed_3,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 4) AS failed_4,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 5) AS failed_5,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 6) AS failed_6,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 7) AS failed_7,"
        "     count(*) FILTER (WHERE outcome = 5 AND error_class = 8) AS failed_8,"
        "     count(*) FILTER (WHERE outcome = 3) AS failed_9,"
        "     count(*) FILTER (WHERE outcome = 6) AS failed_10,"
        "     sum(ln(first_token_ms)) FILTER (WHERE is_answer AND first_token_ms > 0) AS token_sum,"
        "     count(*) FILTER (WHERE is_answer AND first_token_ms > 0) AS token_count,"
        "     sum(ln(first_audio_ms)) FILTER (WHERE is_answer AND first_audio_ms > 0) AS audio_sum,"
        "     count(*) FILTER (WHERE is_answer AND first_audio_ms > 0) AS audio_count,"
        "     count(*) FILTER (WHERE is_answer AND outcome IN (1, 2, 4) AND interrupted)"
        "       AS interrupted,"
        "     count(*) FILTER (WHERE is_answer AND outcome IN (1, 2, 4)) AS begun,"
        "     sum(price) AS price, count(DISTINCT turn) AS turns,"
        "     min(currency) FILTER (WHERE price <> 0) AS currency_least,"
        "     max(currency) FILTER (WHERE price <> 0) AS currency_most"
        "     FROM (SELECT u.outcome, u.error_class, u.first_token_ms::float8 AS first_token_ms,"
        "         u.first_audio_ms::float8 AS first_audio_ms, u.interrupted, u.price, u.turn,"
        "         u.currency, u.audio_out_chars = 0 AND u.audio_in_ms = 0 AS is_answer"
        "       FROM myna.usage u WHERE m.is_running AND u.device_id = m.device_id"
        "       AND u.arrived_at >= $3 AND u.arrived_at < $4::timestamptz + interval '1 day'"
        "       AND u.at >= m.since AND u.at < $4"
        "       AND u.purpose = 0 AND u.attempt > 0 AND u.provenance < 5) u) n"
        "   CROSS JOIN LATERAL (SELECT"
        "     sum(ln(first_token_ms)) FILTER (WHERE first_token_ms > 0) AS b_token_sum,"
        "     count(*) FILTER (WHERE first_token_ms > 0) AS b_token_count,"
        "     sum(ln(first_audio_ms)) FILTER (WHERE first_audio_ms > 0) AS b_audio_sum,"
        "     count(*) FILTER (WHERE first_audio_ms > 0) AS b_audio_count"
        "     FROM (SELECT u.first_token_ms::float8 AS first_token_ms,"
        "         u.first_audio_ms::float8 AS first_audio_ms"
        "       FROM myna.usage u WHERE m.is_running AND u.device_id = m.device_id"
        "       AND u.arrived_at >= r.started_at - interval '1 day'"
        "       AND u.arrived_at < r.started_at + interval '1 day'"
        "       AND u.at >= r.started_at - interval '1 day' AND u.at < r.started_at"
        "       AND u.purpose = 0 AND u.attempt > 0 AND u.provenance < 5"
        "       AND u.audio_out_chars = 0 AND u.audio_in_ms = 0) u) b"
        "   CROSS JOIN LATERAL (SELECT coalesce(sum(h.attempts), 0) AS b_attempts,"
        "     coalesce(sum(h.failed), 0) AS b_failed, coalesce(sum(h.interrupted), 0)"
        "       AS b_interrupted, coalesce(sum(h.price), 0) AS b_price"
        "     FROM myna.usage_hour h WHERE m.is_running AND h.device_id = m.device_id"
        "     AND h.hour >= r.started_at - interval '7 days'"
        "     AND h.hour < date_trunc('hour', r.started_at)) h)"
        "SELECT s.is_control, array_to_string(ARRAY[failed, finished,"
        "  (was_there AND is_silent)::int, was_there::int, coalesce(token_sum, 0), token_count,"
        "  coalesce(audio_sum, 0), audio_count, interrupted, begun, coalesce(price, 0), turns,"
        "  b_failed, b_attempts, 0, 0, coalesce(b_token_sum, 0), b_token_count,"
        "  coalesce(b_audio_sum, 0), b_audio_count, b_interrupted, b_attempts, b_price, b_attempts,"
        "  failed_0, failed_1, failed_2, failed_3, failed_4, failed_5, failed_6, failed_7,"
        "  failed_8, failed_9, failed_10]::float8[], ' '), currency_least, currency_most"
        " FROM r LEFT JOIN sums s ON true ORDER BY s.wave DESC, s.place, s.device_id");
    struct result result = {0};
    enum status status =
        store_exec(conn, &read,
                   STORE_VALUES(value_text(rollout_id), value_int(wave), value_time(from_ms),
                                value_time(to_ms), value_int(GATE_SAMPLES_MOST)),
                   &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = read_group(&result, false, arena, treated);
    if (status == STATUS_OK)
        status = read_group(&result, true, arena, control);
    result_release(&result);
    return status;
}
