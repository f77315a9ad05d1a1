#include "server/store/rollout_turn.h"

#include <string.h>

#include "schema/wire/setting.h"
#include "server/store/alarm.h"
#include "server/store/rollout_members.h"

#define DEFAULTS_BYTES ((size_t)64 << 10)
#define DETAIL_BYTES   4096

static bool is_last(const struct rollout_steps_row *row)
{
    return row->wave >= row->wave_count;
}

enum rollout_event rollout_turn_green(const struct rollout_steps_row *row)
{
    if (is_last(row))
        return ROLLOUT_GREEN_LAST;
    return row->plan.is_by_hand ? ROLLOUT_GREEN_BY_HAND : ROLLOUT_GREEN;
}

int64_t rollout_turn_look_ms(const struct rollout_steps_row *row, int64_t confirmed_ms,
                             int64_t looks)
{
    const int64_t soak_ms = row->plan.soak_s * 1000;

    return confirmed_ms + (row->plan.is_judged
                               ? gate_look_after_ms(&row->plan.gates, (unsigned)looks + 1, soak_ms)
                               : soak_ms);
}

/* ---- alerts ---- */

static const struct {
    enum rollout_place place;
    const char *kind;
    const char *severity;
} alerts[] = {
    {ROLLOUT_RED, "rollout_red", "critical"},
    {ROLLOUT_UNDECIDED, "rollout_no_verdict", "warning"},
    {ROLLOUT_REFUSED, "rollout_refused", "warning"},
    {ROLLOUT_STALLED, "rollout_waits", "warning"},
    {ROLLOUT_OUTGROWN, "rollout_waits", "warning"},
};
#define WAITS "rollout_waits"

static const char *alert_of(enum rollout_place place, const char **severity)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        if (alerts[i].place == place) {
            *severity = alerts[i].severity;
            return alerts[i].kind;
        }
    }
    return NULL;
}

static enum status raise_alert(struct store_conn *conn, struct arena *arena,
                               const struct rollout_steps_row *row, const char *kind,
                               const char *severity, const char *reason)
{
    struct json_writer writer;
    struct buffer detail;
    struct alarm alarm = {.kind = kind, .severity = severity};

    buffer_init(&detail, DETAIL_BYTES);
    json_writer_init(&writer, &detail);
    json_begin_object(&writer);
    json_write_member(&writer, "rollout", row->rollout_id);
    json_key(&writer, "wave");
    json_write_int(&writer, row->wave);
    json_write_member(&writer, "problem", reason != NULL ? reason : "");
    json_end_object(&writer);
    alarm.subject = arena_format(arena, "rollout/%s", row->rollout_id);
    alarm.detail = arena_text(arena, span_of(detail.data, detail.size));
    enum status status = detail.status;
    buffer_release(&detail);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    return status == STATUS_OK ? alarm_raise(conn, arena, &alarm, 1) : status;
}

/* Of what led here first, then of where it is. */
static enum status tell_alerts(struct store_conn *conn, struct arena *arena,
                               const struct rollout_steps_row *row, enum rollout_place from,
                               const struct rollout_turn *turn, bool reminds)
{
    const char *subject = arena_format(arena, "rollout/%s", row->rollout_id);
    const char *severity = "warning";
    const char *kind = alert_of(from, &severity);
    enum status status = STATUS_OK;

    if (subject == NULL)
        return STATUS_MEMORY;
    if (from != row->place && kind != NULL)
        status = alarm_end(conn, kind, subject);
    if (status == STATUS_OK && from != row->place && rollout_is_paused(from))
        status = alarm_end(conn, WAITS, subject);
    kind = alert_of(row->place, &severity);
    if (status == STATUS_OK && reminds)
        status = raise_alert(conn, arena, row, WAITS, "warning", turn->reason);
    else if (status == STATUS_OK && kind != NULL)
        status = raise_alert(conn, arena, row, kind, severity, turn->reason);
    return status;
}

/* ---- what an event brings ---- */

/* Of all settings that have one: {"volume":70,...}. */
static enum status write_defaults(struct arena *arena, struct span *out)
{
    size_t count;
    const struct setting_spec *table = setting_table(&count);
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, DEFAULTS_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    for (size_t i = 0; i < count; i++) {
        if (table[i].fallback == NULL)
            continue;
        json_key(&writer, table[i].name);
        json_write_raw(&writer, span_text(table[i].fallback));
    }
    json_end_object(&writer);
    *out = arena_copy(arena, span_of(text.data, text.size));
    enum status status = text.status;
    buffer_release(&text);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

static enum status close_wave(struct store_conn *conn, const struct rollout_steps_row *row,
                              const struct rollout_turn *turn)
{
    const bool is_forced = turn->event == ROLLOUT_FORCE || turn->event == ROLLOUT_FORCE_LAST;
    const char *state = row->plan.is_judged && !row->is_control ? "green" : "passed";

    return rollout_steps_close_wave(conn, row, is_forced ? "forced" : state,
                                    is_forced ? turn->by->actor : NULL,
                                    is_forced ? turn->reason : NULL);
}

static enum status complete(struct store_conn *conn, struct arena *arena,
                            const struct rollout_steps_row *row, const struct rollout_turn *turn)
{
    struct span defaults;
    enum status status = write_defaults(arena, &defaults);

    if (status == STATUS_OK)
        status = close_wave(conn, row, turn);
    return status == STATUS_OK ? rollout_steps_complete(conn, arena, row, defaults) : status;
}

static enum status begin(struct store_conn *conn, struct arena *arena,
                         struct rollout_steps_row *row)
{
    int64_t members = 0;
    enum status status = rollout_steps_begin(conn, arena, row, &members);

    return status == STATUS_OK && members == 0 ? STATUS_NOT_FOUND : status;
}

static enum status retry(struct store_conn *conn, const struct rollout_steps_row *row)
{
    int64_t count = 0;
    enum status status = rollout_members_retry(conn, row, &count);

    return status == STATUS_OK && count == 0 ? STATUS_CONFLICT : status;
}

static enum status act(struct store_conn *conn, struct arena *arena, struct rollout_steps_row *row,
                       enum rollout_action action, const struct rollout_turn *turn)
{
    switch (action) {
    case ROLLOUT_DO_BEGIN:
        return begin(conn, arena, row);
    case ROLLOUT_DO_ADVANCE:
        return close_wave(conn, row, turn);
    case ROLLOUT_DO_COMPLETE:
        return complete(conn, arena, row, turn);
    case ROLLOUT_DO_RETRY:
        return retry(conn, row);
    case ROLLOUT_DO_END:
        return rollout_steps_end(conn, row);
    case ROLLOUT_DO_NOTHING:
    case ROLLOUT_DO_REMIND:
        break;
    }
    return STATUS_OK;
}

/* What the wave's row says of itself after the event. */
static enum status note(struct store_conn *conn, const struct rollout_steps_row *row,
                        const struct rollout_turn *turn)
{
    struct rollout_steps_times times = {.looks = row->looks};

    switch (turn->event) {
    case ROLLOUT_ALL_OPEN:
        times.published_ms = turn->now_ms;
        break;
    case ROLLOUT_ALL_SETTLED:
        times.confirmed_ms = turn->now_ms;
        times.look_ms = rollout_turn_look_ms(row, turn->now_ms, row->looks);
        break;
    case ROLLOUT_RESUME: /* without a verdict: one more soak, and one more look */
        if (row->place != ROLLOUT_UNDECIDED)
            return STATUS_OK;
        times.look_ms = turn->now_ms + row->plan.soak_s * 1000;
        times.looks = row->looks > 0 ? row->looks - 1 : 0;
        break;
    case ROLLOUT_TURN_RED:
    case ROLLOUT_RED_BACK:
        return rollout_steps_close_wave(conn, row, "red", NULL, NULL);
    case ROLLOUT_NO_VERDICT:
        return rollout_steps_close_wave(conn, row, "undecided", NULL, NULL);
    case ROLLOUT_RETRY:
        return rollout_steps_close_wave(conn, row, "open", NULL, NULL);
    default:
        return STATUS_OK;
    }
    return rollout_steps_note(conn, row, &times);
}

static int64_t next_wave(const struct rollout_steps_row *row, enum rollout_action action)
{
    if (action == ROLLOUT_DO_BEGIN)
        return 1;
    return action == ROLLOUT_DO_ADVANCE ? row->wave + 1 : row->wave;
}

enum status rollout_turn(struct store_conn *conn, struct arena *arena,
                         struct rollout_steps_row *row, const struct rollout_turn *turn)
{
    const enum rollout_place from = row->place;
    struct rollout_move move;

    if (!rollout_move(from, turn->event, &move))
        return STATUS_CONFLICT;
    enum status status = act(conn, arena, row, move.action, turn);
    if (status == STATUS_OK)
        status = note(conn, row, turn);
    if (status != STATUS_OK)
        return status;
    const struct rollout_steps_move step = {
        .event = turn->event,
        .to = move.to,
        .wave = next_wave(row, move.action),
        .reason = turn->reason,
        .by = turn->by,
        .asked = turn->asked,
        .now_ms = turn->now_ms,
    };
    status = rollout_steps_move(conn, arena, row, &step);
    if (status == STATUS_OK)
        status = tell_alerts(conn, arena, row, from, turn, move.action == ROLLOUT_DO_REMIND);
    return status == STATUS_OK ? rollout_steps_count(conn, row) : status;
}
