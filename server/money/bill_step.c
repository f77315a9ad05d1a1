/* How a line was made, told where it is made: a list of steps in the making. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

struct bill_steps *bill_steps_begin(struct bill_draft *draft)
{
    if (!draft->is_explained)
        return NULL;
    draft->steps.count = 0;
    draft->steps.sum = (struct decimal){0};
    return &draft->steps;
}

static enum status make_room(struct bill_steps *steps)
{
    if (steps->count < steps->room)
        return STATUS_OK;
    size_t room = steps->room ? steps->room * 2 : 16;
    struct bill_step *grown = realloc(steps->list, room * sizeof *grown);

    if (!grown)
        return STATUS_MEMORY;
    steps->list = grown;
    steps->room = room;
    return STATUS_OK;
}

void bill_step_add(struct bill_steps *steps, struct bill_step step, struct fraction amount)
{
    if (!steps || steps->status != STATUS_OK)
        return;
    enum status status = fraction_round(amount, DECIMAL_PRICE_PLACES, &step.amount);
    if (status == STATUS_OK && step.unit > 1 && step.has_price)
        status = fraction_multiply(step.price, fraction_of(step.unit), &step.price);
    if (status == STATUS_OK)
        status = decimal_add(steps->sum, step.amount, &steps->sum);
    if (status == STATUS_OK)
        status = make_room(steps);
    if (status == STATUS_OK)
        steps->list[steps->count++] = step;
    steps->status = status;
}

void bill_step_take(struct bill_steps *steps, struct bill_step step, struct fraction amount)
{
    amount.numerator = -amount.numerator;
    bill_step_add(steps, step, amount);
}

struct bill_step bill_step_product(enum bill_step_kind kind, const char *name,
                                   struct fraction quantity, struct fraction price)
{
    return (struct bill_step){.kind = kind,
                              .name = name,
                              .has_quantity = true,
                              .has_price = true,
                              .quantity = quantity,
                              .price = price};
}

struct bill_step bill_step_discount(struct fraction money, struct fraction share)
{
    return bill_step_product(BILL_STEP_DISCOUNT, NULL, money, share);
}

void bill_step_judged(struct bill_steps *steps, enum bill_step_kind kind, struct fraction number,
                      struct fraction counts)
{
    if (steps && (kind != BILL_STEP_KEPT || fraction_sign(number) != 0))
        bill_step_add(steps,
                      (struct bill_step){.kind = kind, .has_quantity = true, .quantity = number},
                      counts);
}

void bill_step_quantity(struct bill_steps *steps, enum bill_step_kind kind, struct fraction units)
{
    if (steps && fraction_sign(units) > 0)
        bill_step_add(steps,
                      (struct bill_step){.kind = kind, .has_quantity = true, .quantity = units},
                      FRACTION_ZERO);
}

/* Latches; what does not fit fails the bill that wanted to be explained. */
static struct fraction minus(struct bill_steps *steps, struct fraction a, struct fraction b)
{
    struct fraction out = FRACTION_ZERO;

    if (steps->status == STATUS_OK)
        steps->status = fraction_subtract(a, b, &out);
    return out;
}

void bill_step_difference(struct bill_steps *steps, struct bill_step step, struct fraction is,
                          struct fraction was)
{
    if (steps && fraction_compare(is, was) != 0)
        bill_step_add(steps, step, minus(steps, is, was));
}

/* ---- what was counted, and what of it is not to be paid ---- */

static void tell_weights(struct bill_steps *steps, const struct tally *tally,
                         const struct bill_run *run)
{
    for (size_t i = 0; i < run->count && steps->status == STATUS_OK; i++) {
        const struct contract_charge *weighed = bill_charge_of(&run->parts[i]);
        struct fraction sums[CONTRACT_RATES];

        steps->status = bill_sum_part(tally, run, i, sums);
        for (size_t r = 0; r < weighed->rate_count && steps->status == STATUS_OK; r++) {
            const struct contract_rate *rate = &weighed->rates[r];

            if (fraction_sign(sums[r]) != 0)
                bill_step_add(steps,
                              (struct bill_step){.kind = BILL_STEP_WEIGHT,
                                                 .rate = rate,
                                                 .has_quantity = true,
                                                 .has_price = true,
                                                 .quantity = sums[r],
                                                 .price = rate->price,
                                                 .unit = rate->unit},
                              FRACTION_ZERO);
        }
    }
}

static struct fraction paid_by_packs(struct bill_steps *steps, const struct bill_run *run,
                                     const struct bill_packs *packs)
{
    struct fraction sum = FRACTION_ZERO;

    for (size_t i = 0; i < run->count && packs && packs->count > 0; i++) {
        size_t found;
        const struct bill_cover *covers = bill_packs_of(packs, &run->parts[i], &found);

        for (size_t k = 0; k < found && steps->status == STATUS_OK; k++)
            if (fraction_sign(covers[k].covered) > 0 &&
                (!run->has_until || covers[k].day <= run->until))
                steps->status = fraction_add(sum, covers[k].covered, &sum);
    }
    return sum;
}

static void tell_freed(struct bill_steps *steps, const struct bill_measure *measure)
{
    static const char *const metrics[] = {"amount", "events"};

    for (int i = 0; i < 2; i++)
        if (fraction_sign(measure->freed[i]) > 0)
            bill_step_add(steps,
                          (struct bill_step){.kind = BILL_STEP_FREE,
                                             .metric = metrics[i],
                                             .has_quantity = true,
                                             .quantity = measure->freed[i]},
                          FRACTION_ZERO);
}

void bill_steps_measured(struct bill_steps *steps, const struct tally *tally,
                         const struct bill_run *run, const struct bill_packs *packs,
                         const struct bill_measure *measure)
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);

    if (!steps || charge->kind == CONTRACT_LICENCE)
        return;
    if (charge->kind == CONTRACT_PERCENTAGE) {
        tell_freed(steps, measure);
        return;
    }
    bool is_level = charge->quantity.source == CONTRACT_ACTIVE_DEVICES ||
                    charge->quantity.source == CONTRACT_GAUGE;
    struct fraction covered = FRACTION_ZERO, free_units = measure->counted;

    if (charge->kind == CONTRACT_WEIGHED)
        tell_weights(steps, tally, run);
    if (!is_level) {
        covered = paid_by_packs(steps, run, packs);
        if (run->raised_by && steps->status == STATUS_OK)
            steps->status = fraction_add(free_units, *run->raised_by, &free_units);
    }
    free_units = minus(steps, minus(steps, free_units, measure->present), covered);
    bill_step_quantity(steps, BILL_STEP_PACK, covered);
    bill_step_quantity(steps, BILL_STEP_INCLUDED, free_units);
}

/* ---- the end of a line ---- */

enum status bill_steps_end(struct bill_draft *draft, struct bill_line *line)
{
    struct bill_steps *steps = &draft->steps;
    struct decimal rest;

    if (!draft->is_explained)
        return STATUS_OK;
    if (steps->count == 0) /* nothing to tell but that it is so much */
        bill_step_add(steps, (struct bill_step){.kind = BILL_STEP_AMOUNT}, line->exact);
    rest.units = -steps->sum.units;
    if (steps->status == STATUS_OK)
        steps->status = decimal_add(line->amount, rest, &rest);
    if (rest.units != 0)
        bill_step_add(steps, (struct bill_step){.kind = BILL_STEP_ROUNDING},
                      fraction_of_decimal(rest));
    if (steps->status != STATUS_OK)
        return steps->status;
    struct bill_step *kept = arena_take(draft->arena, steps->count * sizeof *kept);
    if (!kept)
        return STATUS_MEMORY;
    memcpy(kept, steps->list, steps->count * sizeof *kept);
    line->steps = kept;
    line->step_count = steps->count;
    steps->count = 0;
    steps->sum = (struct decimal){0};
    return STATUS_OK;
}
