/* Thresholds: points on the way to a cap, a commitment or a sum, with what to do there. */
#include <string.h>

#include "server/money/contract_parts.h"

#define SOURCES                                                                                    \
    (CONTRACT_SOURCE(CONTRACT_RECORDED) | CONTRACT_SOURCE(CONTRACT_ACTIVE_DEVICES) |               \
     CONTRACT_SOURCE(CONTRACT_SPEND) | CONTRACT_SOURCE(CONTRACT_AMOUNT) |                          \
     CONTRACT_SOURCE(CONTRACT_TERMINALS))

#define SHARE_MAX 1000 /* percent */

/* The part called name, else the only one that counts what name says. */
static size_t find_cap(const struct contract_terms *terms, const char *name, bool *ambiguous)
{
    size_t found = contract_place_of(terms->caps, terms->cap_count, sizeof *terms->caps, name);

    *ambiguous = false;
    for (size_t i = 0; found == SIZE_MAX && i < terms->cap_count; i++) {
        const struct contract_cap *cap = &terms->caps[i];

        if (!cap->quantity.text || strcmp(cap->quantity.text, name) != 0)
            continue;
        for (size_t k = i + 1; k < terms->cap_count; k++)
            *ambiguous |=
                terms->caps[k].quantity.text && strcmp(terms->caps[k].quantity.text, name) == 0;
        return i;
    }
    return found;
}

static size_t find_commitment(const struct contract_terms *terms, const char *name, bool *ambiguous)
{
    size_t found = contract_place_of(terms->commitments, terms->commitment_count,
                                     sizeof *terms->commitments, name);

    *ambiguous = false;
    for (size_t i = 0; found == SIZE_MAX && i < terms->commitment_count; i++) {
        const struct contract_commitment *commitment = &terms->commitments[i];

        if (!commitment->quantity.text || strcmp(commitment->quantity.text, name) != 0)
            continue;
        for (size_t k = i + 1; k < terms->commitment_count; k++)
            *ambiguous |= terms->commitments[k].quantity.text &&
                          strcmp(terms->commitments[k].quantity.text, name) == 0;
        return i;
    }
    return found;
}

static void link_part(struct reading *reading, const struct contract_terms *terms,
                      struct contract_threshold *out)
{
    bool is_cap = strncmp(out->of, "cap:", 4) == 0;
    const char *name = strchr(out->of, ':') + 1;
    bool ambiguous;
    size_t place =
        is_cap ? find_cap(terms, name, &ambiguous) : find_commitment(terms, name, &ambiguous);

    if (place == SIZE_MAX)
        reading_refuse_related(reading, "of", "there is no %s called or counting \"%.48s\"",
                               is_cap ? "cap" : "commitment", name);
    else if (ambiguous)
        reading_refuse(reading, "of", "several %ss count \"%.40s\": give one a name and say it",
                       is_cap ? "cap" : "commitment", name);
    else if (is_cap)
        out->cap = &terms->caps[place];
    else
        out->commitment = &terms->commitments[place];
}

/* "spend" and metrics have the limit and period that the threshold itself gives. */
static void read_subject(struct reading *reading, const struct json *json,
                         struct contract_draft *draft, struct contract_threshold *out)
{
    out->has_limit = reading_number(reading, json, "limit", &out->limit);
    if (strncmp(out->of, "cap:", 4) == 0 || strncmp(out->of, "commitment:", 11) == 0) {
        link_part(reading, draft->terms, out);
        if (out->has_limit || json_member(json, "per"))
            reading_refuse(reading, out->has_limit ? "limit" : "per",
                           "is what the cap or commitment says: leave it out");
        return;
    }
    contract_word_read(reading, "of", out->of, SOURCES, &out->quantity);
    contract_rule_read(reading, json, draft->contract, &out->rule);
    if (out->has_limit && fraction_sign(out->limit) <= 0)
        reading_refuse(reading, "limit", "must be above 0");
}

static bool is_share(const struct json *value)
{
    const char *text = json_text(value, "");

    return *text && text[strlen(text) - 1] == '%';
}

static void read_trigger(struct reading *reading, const struct json *json,
                         struct contract_threshold *out)
{
    const struct json *at = json_member(json, "at");
    bool has_forecast = reading_share(reading, json, "forecast", SHARE_MAX, &out->at);
    bool has_rate = reading_number(reading, json, "rate", &out->at);
    bool is_level = out->cap && out->cap->quantity.source >= CONTRACT_CONCURRENCY;

    if ((at != NULL) + has_forecast + has_rate != 1)
        reading_refuse(reading, "at", "must stand alone: at, forecast or rate");
    out->trigger = has_forecast ? CONTRACT_AT_FORECAST
                   : has_rate   ? CONTRACT_AT_RATE
                                : CONTRACT_AT_AMOUNT;
    if (at && is_share(at)) {
        out->trigger = CONTRACT_AT_SHARE;
        reading_share(reading, json, "at", SHARE_MAX, &out->at);
    } else if (at) {
        reading_number(reading, json, "at", &out->at);
    }
    if (fraction_sign(out->at) <= 0)
        reading_refuse(reading, at ? "at" : has_rate ? "rate" : "forecast", "must be above 0");
    if (has_rate && fraction_compare(out->at, fraction_of(1)) <= 0)
        reading_refuse(reading, "rate", "must be above 1: so many times the usual hour");
    if (is_level && out->trigger != CONTRACT_AT_SHARE && out->trigger != CONTRACT_AT_AMOUNT)
        reading_refuse(reading, has_rate ? "rate" : "forecast", "cannot be told of a level");
    if (!out->cap && !out->commitment && !out->has_limit &&
        (out->trigger == CONTRACT_AT_SHARE || out->trigger == CONTRACT_AT_FORECAST))
        reading_refuse(reading, "limit", "is missing: a share of what?");
}

static void read_rearm(struct reading *reading, const struct json *json,
                       struct contract_threshold *out)
{
    if (!reading_share(reading, json, "rearm", SHARE_MAX, &out->rearm))
        return;
    if (out->trigger != CONTRACT_AT_SHARE && out->trigger != CONTRACT_AT_FORECAST)
        reading_refuse(reading, "rearm", "goes with at or forecast in percent");
    else if (fraction_compare(out->rearm, out->at) >= 0)
        reading_refuse(reading, "rearm", "must be below the share that fires");
}

static void read_throttle(struct reading *reading, const struct json *throttle,
                          struct contract_action *action)
{
    if (!reading_object(reading, throttle, "turns_per_minute|max_output_tokens|model", ""))
        return;
    action->turns_per_minute =
        (int32_t)reading_int(reading, throttle, "turns_per_minute", 1, 60, 0);
    action->max_output_tokens =
        (int32_t)reading_int(reading, throttle, "max_output_tokens", 1, 1000000, 0);
    action->model = reading_text(reading, throttle, "model", 64);
    if (!action->turns_per_minute && !action->max_output_tokens && !action->model)
        reading_refuse(reading, "", "must say turns_per_minute, max_output_tokens or model");
}

/* {throttle: {...}} or {fall_back_to: contract} */
static void read_order(struct reading *reading, const struct json *json,
                       const struct contract *contract, struct contract_action *action)
{
    const struct json *throttle = json_member(json, "throttle");

    if (!reading_object(reading, json, "throttle|fall_back_to", ""))
        return;
    if (json_count(json) != 1) {
        reading_refuse(reading, "", "must be one action: {throttle: ...} or {fall_back_to: ...}");
        return;
    }
    if (throttle) {
        size_t mark = reading_enter(reading, "throttle");

        action->kind = CONTRACT_THROTTLE;
        read_throttle(reading, throttle, action);
        reading_leave(reading, mark);
        return;
    }
    action->kind = CONTRACT_FALL_BACK;
    action->contract = reading_slug(reading, json, "fall_back_to");
    if (action->contract && contract->contract_id &&
        strcmp(action->contract, contract->contract_id) == 0)
        reading_refuse(reading, "fall_back_to", "is this contract itself");
}

static void read_action(struct reading *reading, const struct json *json,
                        const struct contract *contract, struct contract_action *action)
{
    static const struct {
        const char *word;
        enum contract_action_kind kind;
    } words[] = {{"alert", CONTRACT_ALERT}, {"canned", CONTRACT_CANNED}, {"block", CONTRACT_BLOCK}};

    if (json_type(json) == JSON_OBJECT) {
        read_order(reading, json, contract, action);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, json_text(json, "")) == 0) {
            action->kind = words[i].kind;
            return;
        }
    }
    reading_refuse(reading, "",
                   "must be alert, canned, block, {throttle: {turns_per_minute: 2}} "
                   "or {fall_back_to: CONTRACT}");
}

static void read_actions(struct reading *reading, const struct json *json,
                         const struct contract *contract, struct contract_threshold *out)
{
    const struct json *list;
    size_t count = reading_list(reading, json, "do", CONTRACT_ACTIONS, &list);
    size_t outside = reading_enter(reading, "do");

    for (size_t i = 0; i < count; i++) {
        size_t mark = reading_enter_item(reading, i);

        read_action(reading, json_item(list, i), contract, &out->actions[i]);
        for (size_t k = 0; k < i; k++) {
            if (out->actions[k].kind == out->actions[i].kind)
                reading_refuse(reading, "", "is there twice");
        }
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    out->action_count = count;
}

/* What a server cannot tell of usage as it comes in is refused, so that no threshold is written in
 * vain; NULL: it can. */
static const char *why_source_is_dark(enum contract_source source)
{
    switch (source) {
    case CONTRACT_AMOUNT:
        return "is of what usage files tell; robots and back offices report no amounts";
    case CONTRACT_TERMINALS:
        return "is of licences, which are counted when a bill is made; active_devices are counted "
               "day by day";
    case CONTRACT_GAUGE:
        return "is of a gauge, which only usage files sample";
    default:
        return NULL;
    }
}

static const char *why_commitment_is_dark(const struct contract_commitment *commitment,
                                          enum contract_trigger trigger)
{
    const struct contract_filter *filter = &commitment->filter;

    if (commitment->quantity.source != CONTRACT_ACTIVE_DEVICES &&
        (filter->service_tier_count > 0 || filter->has_hours))
        return "is of a commitment that tells usage apart by service tier or hours; sums by day do "
               "not";
    if (commitment->quantity.source == CONTRACT_SPEND && commitment->charge_count > 0)
        return "is of a commitment that names its charges; what each of them costs is known when a "
               "bill is made";
    if (commitment->cumulative)
        return "is of a cumulative commitment; what earlier periods left over is known when their "
               "bills are made";
    if (commitment->share_permille > 0 && trigger == CONTRACT_AT_RATE)
        return "is of a share of all vendors' usage, which has no usual hour";
    return NULL;
}

static void check_devices(struct reading *reading, const struct contract_threshold *out)
{
    const enum contract_measured measured = out->cap          ? out->cap->measured
                                            : out->commitment ? out->commitment->measured
                                                              : CONTRACT_PEAK;

    if (!out->cap && !out->commitment)
        reading_refuse(reading, "of",
                       "counts devices for a cap or commitment alone: write one and name it");
    if (measured == CONTRACT_EVER)
        reading_refuse(reading, "of",
                       "is of distinct devices of a period (measured: ever), which are counted "
                       "when a bill is made; peak, average and last are counted day by day");
    if (out->trigger == CONTRACT_AT_FORECAST || out->trigger == CONTRACT_AT_RATE)
        reading_refuse(reading, out->trigger == CONTRACT_AT_RATE ? "rate" : "forecast",
                       "cannot be told of active devices");
}

static void check_visible(struct reading *reading, const struct contract_threshold *out)
{
    const struct contract_quantity *quantity = out->cap          ? &out->cap->quantity
                                               : out->commitment ? &out->commitment->quantity
                                                                 : &out->quantity;
    const char *why = why_source_is_dark(quantity->source);

    if (!why && out->commitment)
        why = why_commitment_is_dark(out->commitment, out->trigger);
    if (why)
        reading_refuse(reading, "of", "%s", why);
    else if (quantity->source == CONTRACT_ACTIVE_DEVICES)
        check_devices(reading, out);
}

static void read_threshold(struct reading *reading, const struct json *json,
                           struct contract_draft *draft, void *item)
{
    struct contract_threshold *out = item;

    out->at = out->limit = out->rearm = FRACTION_ZERO;
    if (!reading_object(reading, json, "name|of|limit|per|anchor|at|forecast|rate|do|shadow|rearm",
                        "of|do"))
        return;
    out->of = reading_text(reading, json, "of", 64);
    if (!out->of)
        return;
    read_subject(reading, json, draft, out);
    read_trigger(reading, json, out);
    check_visible(reading, out);
    read_rearm(reading, json, out);
    read_actions(reading, json, draft->contract, out);
    out->shadow = reading_bool(reading, json, "shadow", false);
}

void contract_threshold_read(struct reading *reading, const struct json *holder,
                             struct contract_draft *draft)
{
    size_t count;

    draft->terms->thresholds =
        contract_list_read(reading, holder, "thresholds", CONTRACT_THRESHOLDS,
                           sizeof(struct contract_threshold), read_threshold, draft, &count);
    draft->terms->threshold_count = count;
}

/* ---- of a budget ---- */

static void refuse_models(struct reading *reading, const struct contract_threshold *threshold)
{
    for (size_t i = 0; i < threshold->action_count; i++) {
        if (threshold->actions[i].model)
            reading_refuse(reading, "do",
                           "may name a model in a budget of one vendor or contract alone: others "
                           "need not have it");
    }
}

static void read_budgets_own(struct reading *reading, const struct json *json,
                             struct contract_draft *draft, void *item)
{
    struct contract_threshold *out = item;

    out->at = out->limit = out->rearm = FRACTION_ZERO;
    out->has_limit = true;
    if (!reading_object(reading, json, "name|at|do|shadow|rearm", "at|do"))
        return;
    if (!json_member(json, "name") && json_type(json_member(json, "at")) == JSON_TEXT)
        out->name = reading_text(reading, json, "at", 40);
    read_trigger(reading, json, out);
    read_rearm(reading, json, out);
    read_actions(reading, json, draft->contract, out);
    out->shadow = reading_bool(reading, json, "shadow", false);
    if (!draft->contract->vendor_id)
        refuse_models(reading, out);
}

static void refuse_doubles(struct reading *reading, const struct contract_threshold *list,
                           size_t count)
{
    const size_t outside = reading_enter(reading, "thresholds");

    for (size_t i = 1; i < count; i++) {
        if (contract_place_of(list, i, sizeof *list, list[i].name) == SIZE_MAX)
            continue;
        const size_t mark = reading_enter_item(reading, i);
        reading_refuse(reading, "at", "is there twice: give one of them a name");
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
}

/* {"thresholds": list}, as a contract has it. */
static enum status parse_list(struct span list, struct json **out, struct json_problem *problem)
{
    struct buffer text;

    buffer_init(&text, (size_t)1 << 20);
    buffer_text(&text, "{\"thresholds\":");
    buffer_add(&text, list);
    buffer_text(&text, "}");
    problem->pointer[0] = '\0';
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&text), out, problem->detail);
    buffer_release(&text);
    return status;
}

enum status contract_budget_thresholds_read(struct span list, const char *contract_id,
                                            bool has_vendor, struct arena *arena,
                                            const struct contract_threshold **out, size_t *count,
                                            struct json_problem *problem)
{
    const struct contract contract = {.contract_id = contract_id,
                                      .vendor_id = has_vendor ? "" : NULL};
    struct contract_draft draft = {.contract = &contract};
    const struct contract_threshold *found = NULL;
    struct reading reading;
    struct json *json;
    size_t found_count = 0;
    enum status status = parse_list(list, &json, problem);

    if (status != STATUS_OK)
        return status;
    reading_init(&reading, arena, problem);
    if (json_type(json_member(json, "thresholds")) != JSON_ARRAY ||
        json_count(json_member(json, "thresholds")) > 0)
        found = contract_list_read(&reading, json, "thresholds", CONTRACT_THRESHOLDS, sizeof *found,
                                   read_budgets_own, &draft, &found_count);
    refuse_doubles(&reading, found, found_count);
    status = reading_status(&reading);
    json_free(json);
    if (status == STATUS_OK) {
        *out = found;
        *count = found_count;
    }
    return status;
}
