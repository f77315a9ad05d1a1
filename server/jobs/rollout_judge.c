#include "server/jobs/rollout_judge.h"

#include "server/fleet/gate_json.h"
#include "server/store/gate_samples.h"
#include "server/store/preflight.h"
#include "server/store/rollout_turn.h"

#define VERDICT_BYTES ((size_t)256 << 10)

static unsigned judged_waves(struct rollout_steps_row *row)
{
    const int64_t control = rollout_wave_control(&row->plan, row->members) > 0 ? 1 : 0;

    return (unsigned)(row->wave_count - control);
}

/* What the verdict's own words say, for the state's reason and the alert. */
static enum status keep(struct store_conn *conn, struct arena *arena,
                        const struct rollout_steps_row *row, const struct gate_verdict *verdict,
                        const char **words)
{
    struct json_writer writer;
    struct json *json = NULL;
    struct buffer text;

    buffer_init(&text, VERDICT_BYTES);
    json_writer_init(&writer, &text);
    gate_json_write_verdict(&writer, &row->plan.gates, verdict);
    const struct span document = span_of(text.data, text.size);
    enum status status = text.status;
    if (status == STATUS_OK)
        status = rollout_steps_note_verdict(conn, row, document);
    if (status == STATUS_OK)
        status = json_parse(document, &json, NULL);
    if (status == STATUS_OK)
        *words = arena_text(arena, span_text(json_text(json_member(json, "words"), "")));
    json_free(json);
    buffer_release(&text);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

/* Green counts from the soak's end on; red at every look. */
static enum rollout_event weigh(const struct rollout_steps_row *row, enum gate_colour colour,
                                int64_t look)
{
    const int64_t looks = row->plan.gates.looks;

    if (colour == GATE_RED)
        return row->plan.back_on_red ? ROLLOUT_RED_BACK : ROLLOUT_TURN_RED;
    if (look < looks - 1)
        return ROLLOUT_SOAK_ON;
    if (colour == GATE_GREEN)
        return rollout_turn_green(row);
    return look < looks ? ROLLOUT_SOAK_ON : ROLLOUT_NO_VERDICT;
}

static struct preflight_ask ask_of(const struct rollout_steps_row *row, const char *above_cost,
                                   int64_t now_ms)
{
    return (struct preflight_ask){
        .above_cost = above_cost,
        .rollout_id = row->rollout_id,
        .wave = row->place == ROLLOUT_PREFLIGHT ? 0 : row->wave,
        .now_ms = now_ms,
    };
}

enum status rollout_judge_read(struct store_conn *conn, struct arena *arena,
                               const struct rollout_steps_row *row, const char *above_cost,
                               int64_t now_ms, struct rollout_reading *out)
{
    const struct preflight_ask ask = ask_of(row, above_cost, now_ms);
    enum status status = STATUS_OK;

    *out = (struct rollout_reading){.version = 0};
    /* from when the wave was confirmed on, robots run what is judged */
    if (row->place == ROLLOUT_JUDGING && row->plan.is_judged)
        status = gate_samples_read(conn, row->rollout_id, (unsigned)row->wave, row->confirmed_ms,
                                   now_ms, arena, &out->treated, &out->control);
    else if (row->place != ROLLOUT_JUDGING)
        status = preflight_run(conn, &ask, arena, &out->preflight);
    if (status == STATUS_OK)
        out->version = row->version;
    return status;
}

bool rollout_judge_has_read(const struct rollout_reading *reading,
                            const struct rollout_steps_row *row)
{
    return reading->version == row->version;
}

enum status rollout_judge(struct store_conn *conn, struct arena *arena,
                          struct rollout_steps_row *row, const struct rollout_reading *reading,
                          enum rollout_event *event, const char **reason)
{
    struct rollout_steps_times times = {0};
    struct gate_verdict verdict;

    *reason = "";
    if (!row->plan.is_judged) {
        *event = rollout_turn_green(row);
        return STATUS_OK;
    }
    /* after a human asked for one more, the last look is taken again */
    times.looks = row->looks < row->plan.gates.looks ? row->looks + 1 : row->plan.gates.looks;
    const struct gate_look which = {
        .wave = (unsigned)row->wave, .waves = judged_waves(row), .look = (unsigned)times.looks};
    gate_judge(&row->plan.gates, &reading->treated, &reading->control, &which, &verdict);
    enum status status = keep(conn, arena, row, &verdict, reason);
    if (status != STATUS_OK)
        return status;
    *event = weigh(row, verdict.colour, times.looks);
    if (*event == ROLLOUT_SOAK_ON)
        times.look_ms = rollout_turn_look_ms(row, row->confirmed_ms, times.looks);
    row->looks = times.looks;
    return rollout_steps_note(conn, row, &times);
}

/* What is taken back must not be kept from it by what it would cost. */
static bool may_be_refused(const struct rollout_steps_row *row)
{
    return (row->is_switch || row->is_software || row->is_key) && !row->is_reverse;
}

enum status rollout_judge_preflight(struct store_conn *conn, const struct rollout_steps_row *row,
                                    const struct rollout_reading *reading, int64_t now_ms,
                                    const char **refusal)
{
    const struct preflight_ask ask = ask_of(row, NULL, now_ms);

    *refusal = NULL;
    if (may_be_refused(row))
        *refusal = reading->preflight.refusal;
    return preflight_keep(conn, &ask, &reading->preflight);
}
