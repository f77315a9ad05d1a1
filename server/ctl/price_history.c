#include "server/ctl/price_history.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/ctl/charge_words.h"
#include "server/money/zone.h"

#define MOST_STAGES 512

/* The charges that hold from a day on; a later stage replaces them all. */
struct stage {
    int64_t first;
    const struct json *charges;
};

struct history {
    struct stage stages[MOST_STAGES];
    size_t count;
};

/* What was planned for that day or later is void once a later document says something. */
static void add(struct history *history, int64_t first, const struct json *charges)
{
    while (history->count > 0 && history->stages[history->count - 1].first >= first)
        history->count--;
    if (charges != NULL && history->count < MOST_STAGES)
        history->stages[history->count++] = (struct stage){first, charges};
}

static int64_t day_of(const struct zone *zone, const char *instant)
{
    int64_t at_ms;

    if (clock_parse(span_text(instant), &at_ms) != STATUS_OK)
        return INT64_MIN;
    return zone_first_day(zone, at_ms);
}

/* Versions come newest first. */
static void collect(const struct json *contract, const struct zone *zone, struct history *history)
{
    const struct json *versions = json_member(contract, "versions");

    for (size_t v = json_count(versions); v-- > 0;) {
        const struct json *version = json_item(versions, v);
        const struct json *document = json_member(version, "document");
        const struct json *amendments = json_member(document, "amendments");
        const int64_t from = day_of(zone, json_text(json_member(version, "effective_from"), ""));

        add(history, from, json_member(document, "charges"));
        for (size_t i = 0; i < json_count(amendments); i++) {
            const struct json *amendment = json_item(amendments, i);
            int64_t first;

            if (zone_parse_date(span_text(json_text(json_member(amendment, "effective_from"), "")),
                                &first) == STATUS_OK)
                add(history, first > from ? first : from, json_member(amendment, "charges"));
        }
    }
}

/* A charge goes on from that of the same name, without names of the same place. */
static const struct json *find(const struct json *charges, const char *name, size_t place)
{
    for (size_t i = 0; i < json_count(charges); i++) {
        const struct json *charge = json_item(charges, i);
        const char *own = json_text(json_member(charge, "name"), "");

        if (*name ? strcmp(own, name) == 0 : !*own && i == place)
            return charge;
    }
    return NULL;
}

static double number_of(const struct json *value)
{
    return strtod(json_text(value, "0"), NULL) + (double)json_int(value, 0);
}

/* Price of one unit, or a fee, for the length of a bar only; below 0: there are several. */
static double level_of(const struct json *charge)
{
    const struct json *price = json_member(charge, "price"),
                      *amount = json_member(charge, "amount");
    const double size = number_of(json_member(charge, "size"));
    const double unit = number_of(json_member(charge, "unit"));

    if (amount)
        return number_of(amount);
    if (!price || json_member(charge, "windows"))
        return -1;
    return number_of(price) / (size > 0 ? size : unit > 0 ? unit : 1);
}

static void print_point(FILE *out, int64_t first, const char *words, double level, double dearest,
                        int columns)
{
    char date[ZONE_DATE_SIZE];
    int bar = dearest > 0 && level > 0 ? (int)(level / dearest * columns + 0.5) : 0;

    if (dearest > 0 && level > 0 && bar == 0)
        bar = 1;
    zone_format_date(first, date);
    fprintf(out, bar > 0 ? "  %s  %-28s  " : "  %s  %s", date, words);
    for (int i = 0; i < bar; i++)
        fputc('#', out);
    fputc('\n', out);
}

static double dearest_of(const struct history *history, const char *name, size_t place)
{
    double dearest = 0;

    for (size_t i = 0; i < history->count; i++) {
        const double level = level_of(find(history->stages[i].charges, name, place));

        if (level > dearest)
            dearest = level;
    }
    return dearest;
}

static void print_charge(FILE *out, const struct history *history, const char *name, size_t place,
                         int columns)
{
    const double dearest = history->count > 1 ? dearest_of(history, name, place) : 0;
    struct buffer words, before;

    buffer_init(&words, 1u << 16);
    buffer_init(&before, 1u << 16);
    for (size_t i = 0; i < history->count; i++) {
        const struct stage *stage = &history->stages[i];
        const struct json *charge = find(stage->charges, name, place);

        buffer_clear(&words);
        if (charge)
            charge_words_price(&words, charge);
        else if (buffer_span(&before).size > 0)
            buffer_text(&words, "no longer");
        if (buffer_span(&words).size == 0 || span_equal(buffer_span(&words), buffer_span(&before)))
            continue;
        print_point(out, stage->first, buffer_cstring(&words), charge ? level_of(charge) : 0,
                    dearest, columns);
        buffer_clear(&before);
        buffer_add(&before, buffer_span(&words));
    }
    buffer_release(&before);
    buffer_release(&words);
}

static void print_title(FILE *out, const struct json *charge, const char *name, size_t place,
                        const char *currency)
{
    const char *per = json_text(json_member(charge, "per"), "");
    struct buffer metric;

    buffer_init(&metric, 1u << 16);
    charge_words_metric(&metric, json_member(charge, "metric"));
    if (*name)
        fprintf(out, "%s", name);
    else
        fprintf(out, "charge %zu", place + 1);
    fprintf(out, ": %s%s%s, %s%s%s\n", json_text(json_member(charge, "kind"), ""),
            buffer_span(&metric).size ? " of " : "", buffer_cstring(&metric), currency,
            *per ? " per " : "", per);
    buffer_release(&metric);
}

void price_history_print(FILE *out, const struct json *contract, int columns)
{
    struct history history = {.count = 0};
    struct zone *zone;

    if (zone_open(&zone, json_text(json_member(contract, "zone"), "UTC")) != STATUS_OK)
        return;
    collect(contract, zone, &history);
    for (size_t s = 0; s < history.count; s++) {
        const struct json *charges = history.stages[s].charges;

        for (size_t i = 0; i < json_count(charges); i++) {
            const struct json *charge = json_item(charges, i);
            const char *name = json_text(json_member(charge, "name"), "");
            bool is_told = false;

            for (size_t b = 0; b < s; b++)
                is_told = is_told || find(history.stages[b].charges, name, i) != NULL;
            if (is_told)
                continue;
            print_title(out, charge, name, i, json_text(json_member(contract, "currency"), ""));
            print_charge(out, &history, name, i, columns);
        }
    }
    zone_close(zone);
}
