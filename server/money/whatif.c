#include "server/money/whatif.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES (64u << 20)
#define MOST_CUTS     (4 * CURVE_SEGMENTS)
#define SPARE_PARTS   256
#define CUT_ROWS      64 /* remembered; more are cut again, which costs time alone */

/* What tells the lines of one bill from one another, for the summands of a curve. */
struct line_key {
    enum bill_source source;
    int64_t version;
    const char *name;
    int64_t first;
    unsigned number; /* of lines that have all that in common */
};

/* Numbers for lines, given as they are met. */
struct key_table {
    struct line_key *keys;
    uint32_t *slots; /* place in keys + 1; 0: free */
    size_t count, slot_count;
};

struct whatif {
    const struct contract *contract;
    struct tally *tally; /* of one robot; read as that of n */
    struct arena *scratch;
    struct key_table table;
    struct whatif_gap *gaps;
    size_t gap_count;
    size_t most_bills; /* of a curve; 0: any number */
    size_t bills;      /* made for the present one */
};

static const decimal_units one = (decimal_units)1000000000 * 1000000000 * 1000;

/* The day's part of what is used in the days of a period: whole numbers stay whole, and the parts
 * add up to the whole. */
static enum status share_of(struct decimal quantity, int64_t day, int64_t days, struct decimal *out)
{
    const decimal_units grain = quantity.units % one == 0 ? one : 1;
    const decimal_units grains = quantity.units / grain;
    decimal_units until, before;

    if (__builtin_mul_overflow(grains, (decimal_units)(day + 1), &until) ||
        __builtin_mul_overflow(grains, (decimal_units)day, &before))
        return STATUS_FULL;
    out->units = (until / days - before / days) * grain;
    return STATUS_OK;
}

static int64_t instant_of(const struct zone *zone, int64_t day, int32_t time_of_day_ms)
{
    int64_t at_ms = zone_midnight(zone, day) + time_of_day_ms;

    /* clocks that change that day */
    return at_ms + time_of_day_ms - zone_time_of_day(zone, at_ms);
}

/* Adds the row's part of one day, as that of the given model. */
static enum status add_day(struct tally *tally, const struct whatif_usage *row, const char *model,
                           int64_t day, int64_t number, int64_t days, unsigned *unpriced)
{
    const int64_t at_ms = instant_of(tally_zone(tally), day, row->time_of_day_ms);
    struct tally_usage usage = {
        .at_ms = at_ms,
        .end_ms = at_ms,
        .device = "robot",
        .model = model,
        .service_tier = row->service_tier,
        .replaces = "",
        .is_activity = true,
        .has_amount = row->has_amount,
        .gauge = "",
    };
    enum status status = share_of(row->amount, number, days, &usage.amount);

    for (int i = 0; status == STATUS_OK && i < CONTRACT_METRICS; i++)
        status = share_of(row->quantities[i], number, days, &usage.quantities[i]);
    return status == STATUS_OK ? tally_add(tally, &usage, unpriced) : status;
}

/* The metrics that the contract prices for other models and not for this one. */
static enum status probe(const struct whatif *whatif, const struct whatif_usage *row,
                         const char *model, unsigned *unpriced)
{
    struct tally *tally;
    enum status status = tally_create(&tally, whatif->contract, tally_zone(whatif->tally));

    if (status != STATUS_OK)
        return status;
    status = add_day(tally, row, model, whatif->contract->term_first, 0, 1, unpriced);
    tally_free(tally);
    return status;
}

/* The model by which the contract is asked: instead only where that leaves less without a price. */
static enum status model_for(const struct whatif *whatif, const struct whatif_usage *row,
                             const char **out)
{
    unsigned lacking = 0, lacking_instead = 0;
    enum status status = STATUS_OK;

    *out = row->model;
    if (row->instead != NULL)
        status = probe(whatif, row, row->model, &lacking);
    if (lacking == 0 || status != STATUS_OK)
        return status;
    status = probe(whatif, row, row->instead, &lacking_instead);
    if (__builtin_popcount(lacking_instead) < __builtin_popcount(lacking))
        *out = row->instead;
    return status;
}

static enum status add_row(struct whatif *whatif, const struct whatif_profile *profile,
                           size_t number)
{
    const struct whatif_usage *row = &profile->usage[number];
    const struct period_rule rule = {
        .per = profile->per, .anchored = true, .anchor = whatif->contract->term_first};
    const struct period_range term = {whatif->contract->term_first, whatif->contract->term_end};
    struct whatif_gap gap = {.usage = number};
    const char *model;
    enum status status = model_for(whatif, row, &model);

    if (status != STATUS_OK)
        return status;
    struct period period = period_at(&rule, term, term.first);
    do {
        const int64_t first = period.whole.first;

        for (int64_t day = period.clipped.first; day < period.clipped.end; day++) {
            unsigned unpriced = 0;

            status = add_day(whatif->tally, row, model, day, day - first, period.whole.end - first,
                             &unpriced);
            if (status != STATUS_OK)
                return status;
            gap.metrics |= unpriced;
        }
    } while (period_next(&rule, term, &period));
    if (gap.metrics != 0)
        whatif->gaps[whatif->gap_count++] = gap;
    return STATUS_OK;
}

enum status whatif_create(struct whatif **out, const struct contract *contract,
                          const struct zone *zone, const struct whatif_profile *profile)
{
    if (contract->term_first == CONTRACT_NO_DAY || contract->term_end == CONTRACT_NO_DAY)
        return STATUS_INVALID;

    struct whatif *whatif = calloc(1, sizeof *whatif);
    if (whatif == NULL)
        return STATUS_MEMORY;
    whatif->contract = contract;
    whatif->gaps = calloc(profile->count + 1, sizeof *whatif->gaps);
    enum status status = whatif->gaps ? STATUS_OK : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = arena_create(&whatif->scratch, SCRATCH_BYTES);
    if (status == STATUS_OK)
        status = tally_create(&whatif->tally, contract, zone);
    for (size_t i = 0; status == STATUS_OK && i < profile->count; i++)
        status = add_row(whatif, profile, i);
    if (status != STATUS_OK) {
        whatif_free(whatif);
        return status;
    }
    *out = whatif;
    return STATUS_OK;
}

void whatif_free(struct whatif *whatif)
{
    if (whatif == NULL)
        return;
    tally_free(whatif->tally);
    arena_free(whatif->scratch);
    free(whatif->table.keys);
    free(whatif->table.slots);
    free(whatif->gaps);
    free(whatif);
}

void whatif_gaps(const struct whatif *whatif, const struct whatif_gap **out, size_t *count)
{
    *out = whatif->gaps;
    *count = whatif->gap_count;
}

enum status whatif_bill(struct whatif *whatif, int64_t n, struct arena *arena, struct bill *out)
{
    tally_repeat(whatif->tally, n);
    return bill_make(whatif->tally, BILL_WHOLE_TERM, arena, out);
}

enum status whatif_explain(struct whatif *whatif, int64_t n, struct arena *arena, struct bill *out)
{
    tally_repeat(whatif->tally, n);
    return bill_explain(whatif->tally, BILL_WHOLE_TERM, arena, out);
}

/* In the scratch arena. */
static enum status exact_bill(struct whatif *whatif, int64_t n, struct bill *out)
{
    arena_reset(whatif->scratch);
    tally_repeat(whatif->tally, n);
    return bill_make(whatif->tally, BILL_WHOLE_TERM, whatif->scratch, out);
}

/* An interim line and its counterpart add up to nothing over a term. */
static bool is_summand(const struct bill_line *line)
{
    return line->source != BILL_INTERIM;
}

enum status whatif_exact(struct whatif *whatif, int64_t n, struct fraction *out)
{
    struct bill bill;
    struct fraction sum = FRACTION_ZERO;
    enum status status = exact_bill(whatif, n, &bill);

    for (size_t i = 0; status == STATUS_OK && i < bill.line_count; i++)
        if (is_summand(&bill.lines[i]))
            status = fraction_add(sum, bill.lines[i].exact, &sum);
    if (status == STATUS_OK)
        *out = sum;
    return status;
}

static bool is_same_key(const struct line_key *a, const struct line_key *b)
{
    return a->source == b->source && a->version == b->version && a->first == b->first &&
           a->number == b->number && strcmp(a->name, b->name) == 0;
}

static size_t hash_of(const struct line_key *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    const uint64_t words[] = {(uint64_t)key->source, (uint64_t)key->version, (uint64_t)key->first,
                              key->number};

    for (size_t i = 0; i < 4; i++)
        hash = (hash ^ words[i]) * 1099511628211u;
    for (const char *at = key->name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

static enum status grow(struct key_table *table)
{
    const size_t slot_count = table->slot_count > 0 ? 2 * table->slot_count : 1024;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    struct line_key *keys = realloc(table->keys, slot_count / 2 * sizeof *keys);

    if (keys != NULL)
        table->keys = keys;
    if (slots == NULL || keys == NULL) {
        free(slots);
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t at = hash_of(&keys[i]) % slot_count;

        while (slots[at] != 0)
            at = (at + 1) % slot_count;
        slots[at] = (uint32_t)i + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return STATUS_OK;
}

/* Names are the contract's or constants: they outlive the table. */
static enum status number_of(struct key_table *table, const struct line_key *key, unsigned *out)
{
    if (2 * (table->count + 1) > table->slot_count) {
        enum status status = grow(table);

        if (status != STATUS_OK)
            return status;
    }
    size_t at = hash_of(key) % table->slot_count;
    while (table->slots[at] != 0 && !is_same_key(&table->keys[table->slots[at] - 1], key))
        at = (at + 1) % table->slot_count;
    if (table->slots[at] == 0) {
        table->keys[table->count++] = *key;
        table->slots[at] = (uint32_t)table->count;
    }
    *out = table->slots[at] - 1;
    return STATUS_OK;
}

static void insert_part(struct curve_part *parts, size_t *count, struct curve_part part)
{
    size_t at = (*count)++;

    for (; at > 0 && parts[at - 1].key > part.key; at--)
        parts[at] = parts[at - 1];
    parts[at] = part;
}

static enum status sample(void *context, int64_t n, struct curve_part *parts, size_t most,
                          size_t *count)
{
    struct whatif *whatif = context;
    struct line_key key = {.name = ""};
    struct bill bill;

    if (whatif->most_bills > 0 && ++whatif->bills > whatif->most_bills)
        return STATUS_FULL;
    enum status status = exact_bill(whatif, n, &bill);

    *count = 0;
    for (size_t i = 0; status == STATUS_OK && i < bill.line_count; i++) {
        const struct bill_line *line = &bill.lines[i];
        const struct line_key next = {line->source, line->version, line->name,
                                      line->period.clipped.first, key.number};

        if (!is_summand(line))
            continue;
        if (*count == most)
            return STATUS_FULL;
        const bool again = i > 0 && is_same_key(&next, &key);
        key = next;
        key.number = again ? key.number + 1 : 0;

        struct curve_part part = {.value = line->exact};
        status = number_of(&whatif->table, &key, &part.key);
        if (status == STATUS_OK)
            insert_part(parts, count, part);
    }
    return status;
}

/* Packages that were cut: months that are alike have the same bounds. */
struct cut_row {
    struct fraction start, size, each;
};

struct cutting {
    int64_t from, to;
    int64_t *cuts;
    size_t count;
    struct cut_row rows[CUT_ROWS];
    size_t row_count;
};

static int by_number(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Makes room: other charges may have the same bounds. */
static void drop_repeats(struct cutting *cutting)
{
    size_t kept = 0;

    qsort(cutting->cuts, cutting->count, sizeof *cutting->cuts, by_number);
    for (size_t i = 0; i < cutting->count; i++)
        if (kept == 0 || cutting->cuts[i] != cutting->cuts[kept - 1])
            cutting->cuts[kept++] = cutting->cuts[i];
    cutting->count = kept;
}

static enum status cut(struct cutting *cutting, int64_t n)
{
    if (n < cutting->from || n >= cutting->to)
        return STATUS_OK;
    if (cutting->count == MOST_CUTS) {
        drop_repeats(cutting);
        if (cutting->count > MOST_CUTS / 2)
            return STATUS_FULL;
    }
    cutting->cuts[cutting->count++] = n;
    return STATUS_OK;
}

/* The last n at which n * each is not above bound. */
static enum status cut_at(struct cutting *cutting, struct fraction bound, struct fraction each)
{
    struct fraction ratio;
    int64_t n;

    if (fraction_sign(each) <= 0 || fraction_sign(bound) < 0)
        return STATUS_OK;
    /* what does not fit lies beyond any fleet */
    if (fraction_divide(bound, each, &ratio) != STATUS_OK || fraction_floor(ratio, &n) != STATUS_OK)
        return STATUS_OK;
    return cut(cutting, n);
}

/* Between every two robots: each begins at least one package. */
static enum status cut_everywhere(struct cutting *cutting)
{
    enum status status = STATUS_OK;

    if (cutting->to - cutting->from > MOST_CUTS / 2)
        return STATUS_FULL;
    for (int64_t n = cutting->from; status == STATUS_OK && n < cutting->to; n++)
        status = cut(cutting, n);
    return status;
}

/* The first and last package that the range reaches: (n * each - start) / size, rounded down. */
static enum status package_at(int64_t n, struct fraction start, struct fraction size,
                              struct fraction each, int64_t *out)
{
    struct fraction value;
    enum status status = fraction_multiply(fraction_of(n), each, &value);

    if (status == STATUS_OK)
        status = fraction_subtract(value, start, &value);
    if (status == STATUS_OK)
        status = fraction_divide(value, size, &value);
    return status == STATUS_OK ? fraction_floor(value, out) : status;
}

static bool is_row_cut(struct cutting *cutting, struct cut_row row)
{
    for (size_t i = 0; i < cutting->row_count; i++)
        if (fraction_compare(cutting->rows[i].start, row.start) == 0 &&
            fraction_compare(cutting->rows[i].size, row.size) == 0 &&
            fraction_compare(cutting->rows[i].each, row.each) == 0)
            return true;
    if (cutting->row_count < CUT_ROWS)
        cutting->rows[cutting->row_count++] = row;
    return false;
}

/* Bounds start, start + size, ...: started packages. Robots that use whole packages each make one
 * straight line of it. */
static enum status cut_packages(struct cutting *cutting, struct fraction start,
                                struct fraction size, struct fraction each)
{
    struct fraction ratio, bound;
    int64_t first, last;

    if (fraction_sign(each) <= 0 || is_row_cut(cutting, (struct cut_row){start, size, each}))
        return STATUS_OK;
    enum status status = fraction_divide(each, size, &ratio);
    if (status != STATUS_OK)
        return status;
    if (ratio.denominator == 1)
        return cut_at(cutting, start, each);
    if (fraction_compare(each, size) > 0)
        return cut_everywhere(cutting);
    status = package_at(cutting->from, start, size, each, &first);
    if (status == STATUS_OK)
        status = package_at(cutting->to, start, size, each, &last);
    if (status == STATUS_OK && last - first > MOST_CUTS / 2)
        status = STATUS_FULL;
    for (int64_t k = first > 0 ? first : 0; status == STATUS_OK && k <= last; k++) {
        status = fraction_multiply(fraction_of(k), size, &bound);
        if (status == STATUS_OK)
            status = fraction_add(bound, start, &bound);
        if (status == STATUS_OK)
            status = cut_at(cutting, bound, each);
    }
    return status;
}

static enum status cut_tiers(struct cutting *cutting, const struct contract_charge *charge,
                             struct fraction start, struct fraction each)
{
    struct fraction lower = start;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < charge->tier_count; i++) {
        const struct contract_tier *tier = &charge->tiers[i];

        if (fraction_sign(tier->package_size) > 0) {
            status = cut_packages(cutting, charge->kind == CONTRACT_VOLUME ? start : lower,
                                  tier->package_size, each);
            if (status != STATUS_OK)
                return status;
        }
        if (!tier->has_up_to)
            continue;
        status = fraction_add(start, tier->up_to, &lower);
        if (status == STATUS_OK)
            status = cut_at(cutting, lower, each);
    }
    return status;
}

/* Of one robot: each is what it uses, or what is left of that after its own included units. */
static enum status cut_charge(struct cutting *cutting, const struct contract_charge *charge,
                              struct fraction each)
{
    struct fraction start = FRACTION_ZERO;
    enum status status = STATUS_OK;

    if (charge->has_included && charge->included_per_device)
        status = fraction_subtract(each, charge->included, &each);
    else if (charge->has_included)
        start = charge->included;
    if (status == STATUS_OK)
        status = cut_at(cutting, start, each);
    if (status == STATUS_OK && charge->kind == CONTRACT_PACKAGE)
        status = cut_packages(cutting, start, charge->size, each);
    return status == STATUS_OK ? cut_tiers(cutting, charge, start, each) : status;
}

static const struct contract_charge *charge_of(const struct contract *contract,
                                               const struct bill_line *line)
{
    const struct contract_terms *terms = &contract->versions[line->version - 1];

    for (size_t i = 0; i < terms->charge_count; i++)
        if (strcmp(terms->charges[i].name, line->name) == 0)
            return &terms->charges[i];
    return NULL;
}

/* What the same charge counted before, in the same period, under earlier terms: its counters may go
 * on. */
static enum status counted_before(const struct bill *bill, const struct bill_line *line,
                                  struct fraction *out)
{
    *out = FRACTION_ZERO;
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *other = &bill->lines[i];

        if (other->source != BILL_CHARGE || other->version >= line->version ||
            other->period.whole.first != line->period.whole.first ||
            strcmp(other->metric, line->metric) != 0)
            continue;
        enum status status = fraction_add(*out, other->quantity, out);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* All bounds that tiers, included units and packages have, computed from what one robot uses. A cut
 * too many costs a look, a missing one the proof. */
static enum status find_cuts(struct whatif *whatif, struct cutting *cutting, size_t *lines)
{
    struct bill bill;
    enum status status = exact_bill(whatif, 1, &bill);

    for (size_t i = 0; status == STATUS_OK && i < bill.line_count; i++) {
        const struct bill_line *line = &bill.lines[i];
        struct fraction each = line->quantity, before = FRACTION_ZERO;

        if (line->source != BILL_CHARGE)
            continue;
        const struct contract_charge *charge = charge_of(whatif->contract, line);
        if (charge == NULL)
            continue;
        status = cut_charge(cutting, charge, each);
        if (status == STATUS_OK)
            status = counted_before(&bill, line, &before);
        if (status == STATUS_OK && fraction_sign(before) > 0) {
            status = cut_charge(cutting, charge, before);
            if (status == STATUS_OK)
                status = fraction_add(each, before, &each);
            if (status == STATUS_OK)
                status = cut_charge(cutting, charge, each);
        }
    }
    if (status == STATUS_OK)
        *lines = bill.line_count;
    return status;
}

void whatif_limit(struct whatif *whatif, size_t bills)
{
    whatif->most_bills = bills;
}

enum status whatif_curve(struct whatif *whatif, int64_t from, int64_t to, struct arena *arena,
                         struct curve *out)
{
    assert(0 <= from && from <= to && to <= WHATIF_MOST_DEVICES);
    struct cutting cutting = {.from = from, .to = to};
    size_t lines = 0;
    enum status status = STATUS_MEMORY;

    cutting.cuts = malloc(MOST_CUTS * sizeof *cutting.cuts);
    if (cutting.cuts == NULL)
        return status;
    status = find_cuts(whatif, &cutting, &lines);
    if (status == STATUS_OK) {
        const struct curve_shape shape = {.sample = sample,
                                          .context = whatif,
                                          .parts = 4 * lines + SPARE_PARTS,
                                          .cuts = cutting.cuts,
                                          .cut_count = cutting.count};

        whatif->bills = 0;
        status = curve_find(&shape, from, to, arena, out);
    }
    free(cutting.cuts);
    return status;
}
