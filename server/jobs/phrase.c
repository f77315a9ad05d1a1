#include "server/jobs/phrase.h"

#include "schema/base/clock.h"

#define TEXT_BYTES   ((size_t)64 << 10)
#define SHOWN_PLACES 6

static void write_fraction(struct json_writer *writer, const char *name, struct fraction number)
{
    char text[DECIMAL_TEXT_SIZE] = "too large to tell";
    struct decimal rounded;

    if (fraction_round(number, SHOWN_PLACES, &rounded) == STATUS_OK)
        decimal_format(rounded, text);
    json_key(writer, name);
    json_write_text(writer, span_text(text));
}

static void write_time(struct json_writer *writer, const char *name, int64_t at_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at_ms, text);
    json_write_member(writer, name, text);
}

static void write_period(struct json_writer *writer, int64_t from_ms, int64_t to_ms)
{
    json_key(writer, "period");
    json_begin_object(writer);
    write_time(writer, "from", from_ms);
    write_time(writer, "to", to_ms);
    json_end_object(writer);
}

/* "throttle to 2 turns a minute and to model m". */
static const char *throttle_words(const struct contract_action *action, struct arena *arena)
{
    const char *words = "throttle";
    const char *and = "";

    if (action->turns_per_minute > 0) {
        words = arena_format(arena, "throttle to %d turns a minute", (int)action->turns_per_minute);
        and = " and";
    }
    if (action->max_output_tokens > 0) {
        words = arena_format(arena, "%s%s to answers of %d tokens", words, and,
                             (int)action->max_output_tokens);
        and = " and";
    }
    return action->model != NULL
               ? arena_format(arena, "%s%s to model %s", words, and, action->model)
               : words;
}

/* What an action does, in the words of an alert. */
static const char *action_words(const struct contract_action *action, struct arena *arena)
{
    switch (action->kind) {
    case CONTRACT_THROTTLE:
        return throttle_words(action, arena);
    case CONTRACT_FALL_BACK:
        return arena_format(arena, "fall back to %s", action->contract);
    case CONTRACT_CANNED:
        return "answer from the canned persona";
    case CONTRACT_BLOCK:
        return "block";
    case CONTRACT_ALERT:
        break;
    }
    return "alert";
}

static void write_actions(struct json_writer *writer, const char *name,
                          const struct contract_threshold *rule, struct arena *arena)
{
    json_key(writer, name);
    json_begin_array(writer);
    for (size_t i = 0; i < rule->action_count; i++)
        json_write_text(writer, span_text(action_words(&rule->actions[i], arena)));
    json_end_array(writer);
}

/* "80%", "forecast 100%", "5 times the usual hour", "2000". */
static const char *point_words(const struct contract_threshold *rule, struct arena *arena)
{
    const bool is_share =
        rule->trigger == CONTRACT_AT_SHARE || rule->trigger == CONTRACT_AT_FORECAST;
    char text[DECIMAL_TEXT_SIZE] = "?";
    struct fraction shown = rule->at;
    struct decimal rounded;

    if (is_share && fraction_multiply(shown, fraction_of(100), &shown) != STATUS_OK)
        return "?";
    if (fraction_round(shown, SHOWN_PLACES, &rounded) == STATUS_OK)
        decimal_format(rounded, text);
    return arena_format(arena, "%s%s%s", rule->trigger == CONTRACT_AT_FORECAST ? "forecast " : "",
                        text,
                        is_share                            ? "%"
                        : rule->trigger == CONTRACT_AT_RATE ? " times the usual hour"
                                                            : "");
}

static struct span finish(struct buffer *out, struct arena *arena)
{
    struct span json = {0};

    if (buffer_status(out) == STATUS_OK)
        json = arena_copy(arena, buffer_span(out));
    buffer_release(out);
    return json;
}

struct span phrase_rule(const struct contract_threshold *rule, struct arena *arena)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "of", rule->of);
    json_write_member(&writer, "at", point_words(rule, arena));
    write_actions(&writer, "do", rule, arena);
    json_key(&writer, "shadow");
    json_write_bool(&writer, rule->shadow);
    json_end_object(&writer);
    return finish(&out, arena);
}

static void write_share(struct json_writer *writer, struct fraction value, struct fraction limit)
{
    struct fraction share;

    if (fraction_sign(limit) > 0 && fraction_divide(value, limit, &share) == STATUS_OK)
        write_fraction(writer, "share", share);
}

static void write_forecast(struct json_writer *writer, const struct judge_sight *sight)
{
    char date[ZONE_DATE_SIZE];

    json_key(writer, "forecast");
    json_begin_object(writer);
    write_fraction(writer, "at_end", sight->forecast.at_end);
    write_fraction(writer, "low", sight->forecast.low);
    write_fraction(writer, "high", sight->forecast.high);
    if (sight->runs_out != FORECAST_NEVER) {
        zone_format_date(sight->runs_out, date);
        json_write_member(writer, "runs_out", date);
    }
    json_end_object(writer);
}

struct span phrase_sight(const struct judge_sight *sight, struct arena *arena)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_period(&writer, sight->period_from_ms, sight->period_to_ms);
    write_fraction(&writer, "value", sight->value);
    if (sight->has_limit) {
        write_fraction(&writer, "limit", sight->limit);
        write_share(&writer, sight->value, sight->limit);
    }
    if (sight->unit != NULL)
        json_write_member(&writer, "unit", sight->unit);
    if (sight->has_forecast)
        write_forecast(&writer, sight);
    json_end_object(&writer);
    return finish(&out, arena);
}

struct span phrase_alert(const struct phrase_event *event, struct arena *arena)
{
    const struct contract_threshold *rule = event->rule;
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "threshold", event->source);
    json_key(&writer, "rule");
    json_write_raw(&writer, event->rule_json);
    json_key(&writer, "seen");
    json_write_raw(&writer, event->seen_json);
    write_actions(&writer, rule->shadow ? "would" : "did", rule, arena);
    json_key(&writer, "robots");
    json_write_int(&writer, event->robots);
    json_end_object(&writer);
    return finish(&out, arena);
}
