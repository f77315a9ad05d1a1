/* Members that several parts of a contract have in common. */
#include <string.h>

#include "server/money/contract_parts.h"
#include "server/money/zone.h"

#define NAME_MAX  48
#define DAY_MS    86400000
#define MINUTE_MS 60000
#define UNIT_MAX  INT64_C(1000000000000)

static const char *name_of(const void *parts, size_t size, size_t index)
{
    const char *name;

    memcpy(&name, (const char *)parts + index * size, sizeof name);
    return name;
}

size_t contract_place_of(const void *parts, size_t count, size_t size, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name_of(parts, size, i), name) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* "/" and ":" stand in the names that parts have by themselves. */
static const char *read_name(struct reading *reading, const struct json *json)
{
    const char *name = reading_text(reading, json, "name", NAME_MAX);

    if (name && strpbrk(name, "/:"))
        reading_refuse(reading, "name", "must not have / or :");
    return name;
}

void *contract_list_read(struct reading *reading, const struct json *holder, const char *member,
                         size_t max, size_t size, contract_item read, struct contract_draft *draft,
                         size_t *count)
{
    const struct json *list;
    size_t found = reading_list(reading, holder, member, max, &list);
    char *parts = reading_take(reading, found, size);
    size_t outside = reading_enter(reading, member);
    bool is_whole = !reading_failed(reading);

    for (size_t i = 0; parts && i < found && reading_next(reading, READING_SURE); i++) {
        const struct json *item = json_item(list, i);
        size_t mark = reading_enter_item(reading, i);
        const char *name = read_name(reading, item);

        if (name && contract_place_of(parts, i, size, name) != SIZE_MAX)
            reading_refuse(reading, "name", "is taken: \"%.48s\" names another one", name);
        if (!name)
            name = reading_place(reading, member, i);
        *(const char **)(parts + i * size) = name; /* each part begins with its name */
        read(reading, item, draft, parts + i * size);
        reading_leave(reading, mark);
        is_whole = is_whole && !reading_failed(reading);
    }
    reading_leave(reading, outside);
    if (!is_whole)
        reading_next(reading, READING_UNRELATED);
    *count = is_whole ? found : 0;
    return *count ? parts : NULL;
}

void contract_rule_read(struct reading *reading, const struct json *object,
                        const struct contract *contract, struct period_rule *out)
{
    bool has_term = contract->term_first != CONTRACT_NO_DAY;
    int usual = has_term ? PERIOD_TERM : PERIOD_MONTH;

    out->per = (enum period_per)reading_choice(reading, object, "per", PERIOD_NAMES, usual);
    out->anchored = reading_day(reading, object, "anchor", &out->anchor);
    if ((out->per == PERIOD_ONCE || out->per == PERIOD_TERM) && !has_term)
        reading_refuse(reading, "per", "\"%s\" needs the contract's term: {from, to}",
                       period_name(out->per));
    if (out->anchored &&
        (out->per == PERIOD_ONCE || out->per == PERIOD_TERM || out->per == PERIOD_DAY))
        reading_refuse(reading, "anchor", "goes with per: week, month, quarter or year");
}

static void read_models(struct reading *reading, const struct json *object,
                        struct contract_filter *filter)
{
    size_t count = 0;
    const char *const *models = reading_texts(reading, object, "models", CONTRACT_MODELS, &count);

    if (!models || (count == 1 && strcmp(models[0], "*") == 0))
        return;
    for (size_t i = 0; i < count; i++) {
        if (strchr(models[i], '*'))
            reading_refuse(reading, "models",
                           "must hold whole model names of up to 64 bytes; \"*\" only alone");
    }
    filter->models = models;
    filter->model_count = count;
}

static int digit_pair(const char *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return -1;
    return (text[0] - '0') * 10 + text[1] - '0';
}

/* "08:30"; "24:00" is the end of the day. */
static int32_t read_clock(struct reading *reading, const struct json *object, const char *member)
{
    const char *text = json_text(json_member(object, member), "");
    bool has_form = strlen(text) == 5 && text[2] == ':';
    int hour = has_form ? digit_pair(text) : -1;
    int minute = has_form ? digit_pair(text + 3) : -1;

    if (hour < 0 || minute < 0 || hour > 24 || minute > 59 || (hour == 24 && minute > 0)) {
        reading_refuse(reading, member, "must be a local clock time in quotes: \"08:30\"");
        return 0;
    }
    return (hour * 60 + minute) * MINUTE_MS;
}

void contract_window_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter)
{
    filter->has_hours = true;
    filter->hours_from_ms = read_clock(reading, object, "from");
    filter->hours_to_ms = read_clock(reading, object, "to");
    if (filter->hours_from_ms == filter->hours_to_ms || filter->hours_from_ms == DAY_MS)
        reading_refuse(reading, "to", "is no time after from: nothing would ever lie within");
    else if (filter->hours_from_ms == 0 && filter->hours_to_ms == DAY_MS)
        reading_refuse(reading, "to", "makes it the whole day: leave the hours out");
}

bool contract_decided_by_end(struct reading *reading, const struct json *object)
{
    return reading_choice(reading, object, "decided_by", "start|end", 0) == 1;
}

static void read_hours(struct reading *reading, const struct json *object,
                       struct contract_filter *filter)
{
    const struct json *hours = json_member(object, "hours");
    size_t mark = reading_enter(reading, "hours");

    if (hours && reading_object(reading, hours, "from|to|decided_by", "from|to")) {
        contract_window_read(reading, hours, filter);
        filter->hours_by_end = contract_decided_by_end(reading, hours);
    }
    reading_leave(reading, mark);
}

void contract_filter_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter)
{
    read_models(reading, object, filter);
    filter->service_tiers = reading_texts(reading, object, "service_tiers", CONTRACT_MODELS,
                                          &filter->service_tier_count);
    read_hours(reading, object, filter);
}

int64_t contract_unit_read(struct reading *reading, const struct json *object)
{
    return reading_int(reading, object, "unit", 1, UNIT_MAX, 1);
}

struct fraction contract_price_of(struct reading *reading, struct fraction price, int64_t unit)
{
    struct fraction result = FRACTION_ZERO;

    if (fraction_divide(price, fraction_of(unit), &result) != STATUS_OK)
        reading_refuse(reading, "price", "is too fine for its unit");
    return result;
}

void contract_price_read(struct reading *reading, const struct json *object, struct fraction *out,
                         int64_t *unit)
{
    struct fraction price = FRACTION_ZERO;

    reading_number(reading, object, "price", &price);
    *unit = contract_unit_read(reading, object);
    *out = contract_price_of(reading, price, *unit);
}

const char *const *contract_named_charges_read(struct reading *reading, const struct json *object,
                                               const struct contract_draft *draft, size_t *count)
{
    size_t found = 0;
    const char *const *names = reading_texts(reading, object, "charges", CONTRACT_CHARGES, &found);

    for (size_t i = 0; i < found; i++) {
        if (contract_place_of(draft->charges, draft->terms->charge_count, sizeof *draft->charges,
                              names[i]) == SIZE_MAX)
            reading_refuse_related(reading, "charges",
                                   "names \"%.48s\", and no charge has that name in these terms",
                                   names[i]);
    }
    if (reading_failed(reading))
        return NULL;
    *count = found;
    return names;
}
