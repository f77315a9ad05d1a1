/* Counts of a period as the quantities that prices are asked for. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

struct device_list {
    const char **names;
    size_t count;
};

static int compare_names(const void *one, const void *other)
{
    const char *const *a = one, *const *b = other;

    return (*a > *b) - (*a < *b);
}

/* An earlier part may have counted by more rates than the one price that its units now come to. */
static size_t rate_of(const struct contract_charge *charge, const struct tally_cell *cell)
{
    bool is_one = charge && charge->kind != CONTRACT_PERCENTAGE &&
                  charge->kind != CONTRACT_WEIGHED && charge->rate_count <= 1;

    return is_one ? 0 : (size_t)(cell->cell % TALLY_PACK);
}

/* Adds one part's counts to the sums, rate by rate. */
static enum status sum_part(const struct tally *tally, const struct bill_run *run, size_t place,
                            const char *device, struct decimal sums[CONTRACT_RATES])
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);
    const struct bill_part *part = &run->parts[place];
    const struct tally_cell *cell =
        tally_cells(tally, (size_t)part->terms->version, part->counter, part->period.clipped.first);

    for (; cell; cell = cell->next) {
        struct decimal *sum = &sums[rate_of(charge, cell)];

        if ((!device || cell->device == device) &&
            (!run->has_until || cell->at_day <= run->until) &&
            decimal_add(*sum, cell->quantity, sum) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

enum status bill_sum_part(const struct tally *tally, const struct bill_run *run, size_t place,
                          struct fraction out[CONTRACT_RATES])
{
    struct decimal sums[CONTRACT_RATES] = {0};
    enum status status = sum_part(tally, run, place, NULL, sums);

    for (size_t i = 0; i < CONTRACT_RATES && status == STATUS_OK; i++)
        status = fraction_multiply(fraction_of_decimal(sums[i]), fraction_of(tally_times(tally)),
                                   &out[i]);
    return status;
}

/* Points: what was used under earlier terms weighs what they said. */
static enum status sum_points(const struct tally *tally, const struct bill_run *run, size_t count,
                              const char *device, struct fraction *out)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct contract_charge *weighed = bill_charge_of(&run->parts[i]);
        struct decimal sums[CONTRACT_RATES] = {0};

        status = sum_part(tally, run, i, device, sums);
        for (size_t r = 0; r < weighed->rate_count && status == STATUS_OK; r++) {
            struct fraction points;

            if (sums[r].units == 0)
                continue;
            status =
                fraction_multiply(fraction_of_decimal(sums[r]), weighed->rates[r].price, &points);
            if (status == STATUS_OK)
                status = fraction_add(*out, points, out);
        }
    }
    return status == STATUS_OK ? fraction_multiply(*out, fraction_of(tally_times(tally)), out)
                               : status;
}

/* Adds the run's counts of that device (NULL: of all) to the sums, rate by rate; points to the
 * first. */
static enum status sum_cells(const struct tally *tally, const struct bill_run *run, size_t count,
                             const char *device, struct fraction rates[CONTRACT_RATES])
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);
    struct decimal sums[CONTRACT_RATES] = {0};

    if (charge && charge->kind == CONTRACT_WEIGHED)
        return sum_points(tally, run, count, device, &rates[0]);
    for (size_t i = 0; i < count; i++) {
        if (sum_part(tally, run, i, device, sums) != STATUS_OK)
            return STATUS_FULL;
    }
    for (size_t i = 0; i < CONTRACT_RATES; i++) {
        if (sums[i].units != 0 &&
            fraction_multiply(fraction_of_decimal(sums[i]), fraction_of(tally_times(tally)),
                              &rates[i]) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

static enum status total_of(const struct fraction rates[CONTRACT_RATES], struct fraction *out)
{
    struct fraction total = FRACTION_ZERO;

    for (size_t i = 0; i < CONTRACT_RATES; i++) {
        if (fraction_sign(rates[i]) != 0 && fraction_add(total, rates[i], &total) != STATUS_OK)
            return STATUS_FULL;
    }
    *out = total;
    return STATUS_OK;
}

/* Takes up to units away, from the first rate on. */
static enum status take_away(struct fraction rates[CONTRACT_RATES], struct fraction units)
{
    for (size_t i = 0; i < CONTRACT_RATES && fraction_sign(units) > 0; i++) {
        struct fraction taken = fraction_compare(rates[i], units) < 0 ? rates[i] : units;

        if (fraction_subtract(rates[i], taken, &rates[i]) != STATUS_OK ||
            fraction_subtract(units, taken, &units) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

static enum status list_devices(const struct tally *tally, const struct bill_run *run, size_t count,
                                struct device_list *out)
{
    size_t cells = 0, distinct = 0;

    for (size_t i = 0; i < 2 * count; i++) { /* first count, then list */
        const struct bill_part *part = &run->parts[i % count];
        const struct tally_cell *cell = tally_cells(tally, (size_t)part->terms->version,
                                                    part->counter, part->period.clipped.first);

        if (i == count && !(out->names = calloc(cells + 1, sizeof *out->names)))
            return STATUS_MEMORY;
        for (; cell; cell = cell->next) {
            if (i >= count)
                out->names[out->count++] = cell->device;
            else
                cells++;
        }
    }
    if (out->count == 0)
        return STATUS_OK;
    qsort(out->names, out->count, sizeof *out->names, compare_names);
    for (size_t i = 0; i < out->count; i++) {
        if (i == 0 || out->names[i] != out->names[i - 1])
            out->names[distinct++] = out->names[i];
    }
    out->count = distinct;
    return STATUS_OK;
}

/* Each device has included units of its own; repeated robots have theirs, too. */
static enum status sum_per_device(const struct tally *tally, const struct bill_run *run,
                                  size_t count, struct fraction included,
                                  struct fraction rates[CONTRACT_RATES])
{
    struct device_list devices = {0};
    struct fraction own_included;
    enum status status =
        fraction_multiply(included, fraction_of(tally_times(tally)), &own_included);

    if (status == STATUS_OK)
        status = list_devices(tally, run, count, &devices);
    for (size_t i = 0; i < devices.count && status == STATUS_OK; i++) {
        struct fraction own[CONTRACT_RATES];

        for (size_t r = 0; r < CONTRACT_RATES; r++)
            own[r] = FRACTION_ZERO;
        status = sum_cells(tally, run, count, devices.names[i], own);
        if (status == STATUS_OK)
            status = take_away(own, own_included);
        for (size_t r = 0; r < CONTRACT_RATES && status == STATUS_OK; r++)
            if (fraction_sign(own[r]) != 0)
                status = fraction_add(rates[r], own[r], &rates[r]);
    }
    free(devices.names);
    return status;
}

/* Points are one sum, whatever they were weighed from. */
static bool is_of_one(const struct contract_charge *charge)
{
    return charge && (charge->rate_count <= 1 || charge->kind == CONTRACT_WEIGHED);
}

static enum status take_packs(const struct bill_run *run, size_t count,
                              const struct bill_packs *packs, struct fraction rates[CONTRACT_RATES])
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);

    for (size_t i = 0; i < count && packs && packs->count > 0; i++) {
        size_t found;
        const struct bill_cover *covers = bill_packs_of(packs, &run->parts[i], &found);

        for (size_t k = 0; k < found; k++) {
            struct fraction *rate = &rates[is_of_one(charge) ? 0 : covers[k].rate];

            if (fraction_sign(covers[k].covered) > 0 &&
                (!run->has_until || covers[k].day <= run->until) &&
                fraction_subtract(*rate, covers[k].covered, rate) != STATUS_OK)
                return STATUS_FULL;
        }
    }
    return STATUS_OK;
}

/* What was promised and not used is no device's own and no pack's. */
static enum status raise(const struct bill_run *run, size_t count, struct fraction *units)
{
    return run->raised_by && count == run->count ? fraction_add(*units, *run->raised_by, units)
                                                 : STATUS_OK;
}

static enum status measure_sum(const struct tally *tally, const struct bill_run *run, size_t count,
                               const struct bill_packs *packs, struct bill_measure *out)
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);
    enum status status = sum_cells(tally, run, count, NULL, out->rates);

    if (status == STATUS_OK)
        status = total_of(out->rates, &out->counted);
    if (status == STATUS_OK && charge && charge->has_included && charge->included_per_device) {
        for (size_t i = 0; i < CONTRACT_RATES; i++)
            out->rates[i] = FRACTION_ZERO;
        status = sum_per_device(tally, run, count, charge->included, out->rates);
    }
    if (status == STATUS_OK)
        status = take_packs(run, count, packs, out->rates);
    if (status == STATUS_OK)
        status = raise(run, count, &out->rates[0]);
    if (status == STATUS_OK && charge && charge->has_included && !charge->included_per_device)
        status = take_away(out->rates, charge->included);
    return status == STATUS_OK ? total_of(out->rates, &out->whole) : status;
}

static enum status subtract_included(const struct contract_charge *charge, struct fraction *units)
{
    if (!charge || !charge->has_included)
        return STATUS_OK;
    if (fraction_compare(*units, charge->included) <= 0) {
        *units = FRACTION_ZERO;
        return STATUS_OK;
    }
    return fraction_subtract(*units, charge->included, units);
}

typedef enum status (*level_reader)(const struct tally *tally, const struct bill_run *run,
                                    size_t count, enum contract_measured measured,
                                    struct fraction *out);

/* Prorated, whole levels pick the tiers and the average over the days is what is paid (V06). */
static enum status measure_level(const struct tally *tally, const struct bill_run *run,
                                 size_t count, enum contract_measured measured, level_reader read,
                                 struct bill_measure *out)
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);
    enum status status = read(tally, run, count, measured, &out->counted);

    if (status == STATUS_OK)
        status = raise(run, count, &out->counted);
    out->whole = out->counted;
    if (status == STATUS_OK)
        status = subtract_included(charge, &out->whole);
    out->present = out->whole;
    if (status == STATUS_OK && charge && charge->prorated) {
        status = read(tally, run, count, CONTRACT_AVERAGE, &out->counted);
        out->present = out->counted;
        if (status == STATUS_OK)
            status = subtract_included(charge, &out->present);
    }
    out->rates[0] = out->present;
    return status;
}

/* ---- percentages ---- */

struct event {
    int64_t at_day;
    int32_t slot; /* of the day */
    struct decimal amount, number;
};

static int compare_events(const void *one, const void *other)
{
    const struct event *a = one, *b = other;

    if (a->at_day != b->at_day)
        return a->at_day < b->at_day ? -1 : 1;
    return (a->slot > b->slot) - (a->slot < b->slot);
}

static const struct tally_cell *cells_of(const struct tally *tally, const struct bill_part *part)
{
    return tally_cells(tally, (size_t)part->terms->version, part->counter,
                       part->period.clipped.first);
}

static size_t count_cells(const struct tally *tally, const struct bill_run *run, size_t count)
{
    size_t cells = 0;

    for (size_t i = 0; i < count; i++)
        for (const struct tally_cell *cell = cells_of(tally, &run->parts[i]); cell;
             cell = cell->next)
            cells++;
    return cells;
}

/* Those of the same instant, which stand in a row, become one. */
static size_t join_events(struct event *events, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        struct event *last = found > 0 ? &events[found - 1] : NULL;

        if (last && compare_events(last, &events[i]) == 0) {
            last->amount.units += events[i].amount.units;
            last->number.units += events[i].number.units;
        } else {
            events[found++] = events[i];
        }
    }
    return found;
}

/* Amounts and numbers of the same instant together, in the order of time. */
static enum status events_in_order(const struct tally *tally, const struct bill_run *run,
                                   size_t count, struct event **out, size_t *found)
{
    struct event *events = calloc(count_cells(tally, run, count) + 1, sizeof *events);
    size_t written = 0;

    if (!events)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        for (const struct tally_cell *cell = cells_of(tally, &run->parts[i]); cell;
             cell = cell->next) {
            struct event event = {.at_day = cell->at_day, .slot = cell->cell / 2};

            *(cell->cell % 2 ? &event.number : &event.amount) = cell->quantity;
            if (!run->has_until || cell->at_day <= run->until)
                events[written++] = event;
        }
    }
    qsort(events, written, sizeof *events, compare_events);
    *found = join_events(events, written);
    *out = events;
    return STATUS_OK;
}

/* How many of the first events are free, and with what amount: while neither the free amount nor
 * the free events are used up; the event that would pass either ends both. */
static enum status free_of(const struct event *events, size_t count,
                           const struct contract_percentage *terms, struct fraction *number,
                           struct fraction *amount)
{
    struct fraction sum = FRACTION_ZERO, so_many = FRACTION_ZERO;

    *number = *amount = FRACTION_ZERO;
    for (size_t i = 0; i < count; i++) {
        if (fraction_add(sum, fraction_of_decimal(events[i].amount), &sum) != STATUS_OK ||
            fraction_add(so_many, fraction_of_decimal(events[i].number), &so_many) != STATUS_OK)
            return STATUS_FULL;
        if (fraction_compare(so_many, terms->free_events) > 0)
            return STATUS_OK;
        if (fraction_compare(sum, terms->free_amount) > 0) {
            *amount = terms->free_amount;
            return STATUS_OK;
        }
        *number = so_many;
        *amount = sum;
    }
    return STATUS_OK;
}

static enum status measure_in_order(const struct tally *tally, const struct bill_run *run,
                                    size_t count, struct bill_measure *out)
{
    const struct contract_percentage *terms =
        &bill_charge_of(&run->parts[run->count - 1])->percentage;
    struct fraction amount = FRACTION_ZERO, number = FRACTION_ZERO, free_number, free_amount;
    struct event *events = NULL;
    size_t found = 0;
    enum status status = events_in_order(tally, run, count, &events, &found);

    for (size_t i = 0; i < found && status == STATUS_OK; i++) {
        status = fraction_add(amount, fraction_of_decimal(events[i].amount), &amount);
        if (status == STATUS_OK)
            status = fraction_add(number, fraction_of_decimal(events[i].number), &number);
    }
    if (status == STATUS_OK)
        status = fraction_multiply(amount, fraction_of(tally_times(tally)), &out->counted);
    if (status == STATUS_OK)
        status = free_of(events, found, terms, &free_number, &free_amount);
    if (status == STATUS_OK)
        status = fraction_subtract(amount, free_amount, &out->events[TALLY_AMOUNT]);
    if (status == STATUS_OK)
        status = fraction_subtract(number, free_number, &out->events[TALLY_EVENTS]);
    free(events);
    if (status == STATUS_OK) {
        out->freed[TALLY_AMOUNT] = free_amount;
        out->freed[TALLY_EVENTS] = free_number;
    }
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        status =
            fraction_multiply(out->events[i], fraction_of(tally_times(tally)), &out->events[i]);
        if (status == STATUS_OK)
            status =
                fraction_multiply(out->freed[i], fraction_of(tally_times(tally)), &out->freed[i]);
    }
    return status;
}

static enum status measure_events(const struct tally *tally, const struct bill_run *run,
                                  size_t count, struct bill_measure *out)
{
    const struct contract_percentage *terms =
        &bill_charge_of(&run->parts[run->count - 1])->percentage;
    struct fraction sums[CONTRACT_RATES];

    if (terms->has_free_amount && terms->has_free_events)
        return measure_in_order(tally, run, count, out);
    for (size_t i = 0; i < CONTRACT_RATES; i++)
        sums[i] = FRACTION_ZERO;
    enum status status = sum_cells(tally, run, count, NULL, sums);

    if (status == STATUS_OK)
        status = fraction_add(sums[TALLY_AMOUNT], sums[TALLY_BEYOND], &out->counted);
    for (int i = 0; i < 4 && status == STATUS_OK; i++) {
        struct fraction free_units = i == TALLY_AMOUNT   ? terms->free_amount
                                     : i == TALLY_EVENTS ? terms->free_events
                                                         : FRACTION_ZERO;
        bool has_free = i == TALLY_AMOUNT ? terms->has_free_amount
                                          : i == TALLY_EVENTS && terms->has_free_events;

        out->events[i] = sums[i];
        if (has_free && fraction_compare(sums[i], free_units) <= 0)
            out->events[i] = FRACTION_ZERO;
        else if (has_free)
            status = fraction_subtract(sums[i], free_units, &out->events[i]);
        if (has_free)
            out->freed[i] = fraction_sign(out->events[i]) == 0 ? sums[i] : free_units;
    }
    return status;
}

/* ---- any of them ---- */

static void clear(struct bill_measure *measure)
{
    measure->counted = measure->whole = measure->present = FRACTION_ZERO;
    for (size_t i = 0; i < CONTRACT_RATES; i++)
        measure->rates[i] = FRACTION_ZERO;
    for (size_t i = 0; i < 4; i++)
        measure->events[i] = FRACTION_ZERO;
    measure->freed[TALLY_AMOUNT] = measure->freed[TALLY_EVENTS] = FRACTION_ZERO;
}

static enum contract_measured measured_of(const struct bill_part *part,
                                          const struct contract_quantity **quantity)
{
    const struct contract_terms *terms = part->terms;
    size_t at = part->counter;

    if (at < terms->charge_count) {
        *quantity = &terms->charges[at].quantity;
        return terms->charges[at].measured;
    }
    at -= terms->charge_count;
    if (at < terms->commitment_count) {
        *quantity = &terms->commitments[at].quantity;
        return terms->commitments[at].measured;
    }
    at -= terms->commitment_count;
    *quantity = &terms->caps[at].quantity;
    return terms->caps[at].measured;
}

/* What a promise or a cap of terminals counts: a robot that goes on with another's licence, in
 * every charge of licences, is no further terminal. */
static struct contract_licence terminal_of(const struct contract_terms *terms)
{
    struct contract_licence terminal = {.replacement_is_free = true};

    for (size_t i = 0; i < terms->charge_count; i++)
        if (terms->charges[i].kind == CONTRACT_LICENCE)
            terminal.replacement_is_free &= terms->charges[i].licence.replacement_is_free;
    return terminal;
}

enum status bill_measure_run(const struct tally *tally, const struct bill_run *run, size_t count,
                             const struct bill_packs *packs, struct bill_measure *out)
{
    clear(out);
    if (count == 0)
        return STATUS_OK;

    const struct bill_part *last = &run->parts[run->count - 1];
    const struct contract_charge *charge = bill_charge_of(last);
    const struct contract_quantity *quantity;
    enum contract_measured measured = measured_of(last, &quantity);
    if (charge && charge->kind == CONTRACT_PERCENTAGE)
        return measure_events(tally, run, count, out);
    if ((charge && charge->kind == CONTRACT_LICENCE) || quantity->source == CONTRACT_TERMINALS) {
        const struct contract_licence terminal = terminal_of(last->terms);
        enum status status = bill_licences(tally, &run->parts[count - 1],
                                           charge ? &charge->licence : &terminal, &out->counted);
        out->whole = out->present = out->rates[0] = out->counted;
        return status;
    }
    switch (quantity->source) {
    case CONTRACT_ACTIVE_DEVICES:
        return measure_level(tally, run, count, measured, bill_devices, out);
    case CONTRACT_GAUGE:
        return measure_level(tally, run, count, measured, bill_gauge, out);
    default:
        break;
    }
    enum status status = measure_sum(tally, run, count, packs, out);
    out->present = out->whole;
    return status;
}
