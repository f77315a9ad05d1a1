#include "server/money/comparison.h"

#include <stdio.h>
#include <string.h>

const int comparison_percents[COMPARISON_LOADS] = {80, 90, 110, 120};

enum status comparison_limit(struct contract *contract, struct period_range days,
                             struct arena *arena)
{
    const size_t size = contract->version_count * sizeof *contract->versions;
    struct contract_terms *versions = arena_take(arena, size);

    if (versions == NULL)
        return STATUS_MEMORY;
    memcpy(versions, contract->versions, size);
    versions[0].first = contract->term_first = days.first;
    versions[contract->version_count - 1].end = contract->term_end = days.end;
    contract->versions = versions;
    return STATUS_OK;
}

static const struct comparison_rate *rate_of(const struct comparison *comparison,
                                             const char *currency)
{
    for (size_t i = 0; i < comparison->rate_count; i++)
        if (strcmp(comparison->rates[i].currency, currency) == 0)
            return &comparison->rates[i];
    return NULL;
}

static enum status settle_currency(struct comparison *comparison, const char **wanted,
                                   char problem[256])
{
    for (size_t i = 0; i < comparison->side_count; i++) {
        struct comparison_side *side = &comparison->sides[i];
        const struct comparison_rate *rate = rate_of(comparison, side->contract.currency);

        side->rate = rate ? rate->rate : fraction_of(1);
        if (rate != NULL)
            continue;
        if (comparison->currency == NULL) {
            comparison->currency = side->contract.currency;
            comparison->places = side->contract.minor_places;
        }
        if (strcmp(comparison->currency, side->contract.currency) != 0) {
            *wanted = side->contract.currency;
            snprintf(problem, 256, "the contracts are in %s and %s; give a dated rate of one",
                     comparison->currency, side->contract.currency);
            return STATUS_INVALID;
        }
    }
    if (comparison->currency != NULL)
        return STATUS_OK;
    snprintf(problem, 256,
             "every currency has a rate; one must have none, to which the others are converted");
    return STATUS_INVALID;
}

enum status comparison_settle(struct comparison *comparison, const char **wanted, char problem[256])
{
    *wanted = NULL;
    enum status status = settle_currency(comparison, wanted, problem);

    for (size_t i = 1; status == STATUS_OK && i < comparison->side_count; i++) {
        const struct contract *a = &comparison->sides[0].contract;
        const struct contract *b = &comparison->sides[i].contract;
        const int64_t more = (a->term_end - a->term_first) - (b->term_end - b->term_first);

        if (more >= -1 && more <= 1)
            continue;
        snprintf(problem, 256,
                 "contract %s runs %lld days and %s %lld; only terms of one length can be compared",
                 a->contract_id, (long long)(a->term_end - a->term_first), b->contract_id,
                 (long long)(b->term_end - b->term_first));
        status = STATUS_INVALID;
    }
    return status;
}

static const char *excuse_for(enum status status)
{
    if (status == STATUS_OK)
        return NULL;
    return status == STATUS_FULL ? "too many steps over so many robots, or a number that does not "
                                   "fit; ask for a narrower range"
                                 : status_text(status);
}

static const struct whatif_profile *profile_of(const struct comparison *comparison,
                                               const struct comparison_side *side)
{
    return side->profile != NULL ? side->profile : comparison->profile;
}

/* The profile with so many per cent of the usage. */
static enum status load_profile(const struct comparison *comparison,
                                const struct whatif_profile *profile, int percent,
                                struct whatif_profile *out)
{
    struct whatif_usage *rows = arena_take(comparison->arena, profile->count * sizeof *rows);

    if (rows == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < profile->count; i++) {
        rows[i] = profile->usage[i];
        /* 12 places at most, of 21 that there are: hundredths are exact */
        for (int m = 0; m < CONTRACT_METRICS; m++)
            rows[i].quantities[m].units = rows[i].quantities[m].units / 100 * percent;
        rows[i].amount.units = rows[i].amount.units / 100 * percent;
    }
    *out = (struct whatif_profile){profile->per, rows, profile->count};
    return STATUS_OK;
}

static enum status bill_under_load(const struct comparison *comparison,
                                   const struct comparison_side *side, int percent,
                                   struct decimal *out)
{
    struct whatif_profile profile;
    struct whatif *whatif;
    struct bill bill;
    enum status status = load_profile(comparison, profile_of(comparison, side), percent, &profile);

    if (status == STATUS_OK)
        status = whatif_create(&whatif, &side->contract, side->zone, &profile);
    if (status != STATUS_OK)
        return status;
    status = whatif_bill(whatif, comparison->at, comparison->arena, &bill);
    if (status == STATUS_OK)
        *out = bill.total;
    whatif_free(whatif);
    return status;
}

static enum status make_point(struct comparison *comparison, struct comparison_side *side)
{
    struct comparison_point *point = &side->point;
    struct fraction next;
    enum status status = whatif_exact(side->whatif, comparison->at, &point->exact);

    if (status == STATUS_OK)
        status = whatif_exact(side->whatif, comparison->at + 1, &next);
    if (status == STATUS_OK)
        status = fraction_subtract(next, point->exact, &point->marginal);
    if (status == STATUS_OK)
        status = fraction_multiply(point->exact, side->rate, &point->converted);
    if (status == STATUS_OK)
        status = (comparison->explains ? whatif_explain : whatif_bill)(
            side->whatif, comparison->at, comparison->arena, &point->bill);
    if (status != STATUS_OK)
        return status;
    point->billed = point->bill.total;
    for (size_t i = 0; status == STATUS_OK && i < point->bill.line_count; i++)
        if (point->bill.lines[i].source == BILL_COMMITMENT)
            status = decimal_add(point->unused, point->bill.lines[i].amount, &point->unused);
    for (size_t i = 0; status == STATUS_OK && i < COMPARISON_LOADS; i++)
        status = bill_under_load(comparison, side, comparison_percents[i], &point->loads[i]);
    return status;
}

static enum status make_curve(const struct comparison *comparison, struct comparison_side *side)
{
    whatif_limit(side->whatif, comparison->most_bills);
    enum status status = whatif_curve(side->whatif, comparison->from, comparison->to,
                                      comparison->arena, &side->curve);

    if (status == STATUS_OK)
        status = curve_scale(&side->curve, side->rate, comparison->arena, &side->compared);
    if (status != STATUS_OK)
        side->curve = (struct curve){0};
    return status;
}

static void make_side(struct comparison *comparison, struct comparison_side *side)
{
    enum status status =
        whatif_create(&side->whatif, &side->contract, side->zone, profile_of(comparison, side));

    if (status != STATUS_OK) {
        side->no_curve = side->no_point = excuse_for(status);
        return;
    }
    whatif_gaps(side->whatif, &side->gaps, &side->gap_count);
    side->no_curve = excuse_for(make_curve(comparison, side));
    side->no_point = excuse_for(make_point(comparison, side));
}

enum status comparison_make(struct comparison *comparison, char problem[256])
{
    const struct curve *curves[CURVE_MOST];
    enum status status = STATUS_OK;

    comparison->compared_count = 0;
    for (size_t i = 0; i < comparison->side_count; i++) {
        struct comparison_side *side = &comparison->sides[i];

        make_side(comparison, side);
        if (side->gap_count == 0 && side->no_curve == NULL) {
            curves[comparison->compared_count] = &side->compared;
            comparison->compared[comparison->compared_count++] = (unsigned)i;
        }
    }
    if (comparison->compared_count > 0)
        status = curve_compare(curves, comparison->compared_count, comparison->arena,
                               &comparison->intervals, &comparison->interval_count);
    if (status != STATUS_OK)
        snprintf(problem, 256, "the contracts cannot be compared: %s", status_text(status));
    return status;
}

static enum status step_side(const struct comparison *comparison, struct comparison_side *side)
{
    struct decimal *steps = arena_take(comparison->arena, COMPARISON_STEPS * sizeof *steps);

    if (steps == NULL)
        return STATUS_MEMORY;
    for (int i = 0; i < COMPARISON_STEPS; i++) {
        enum status status = bill_under_load(comparison, side, i * COMPARISON_STEP_SIZE, &steps[i]);

        if (status != STATUS_OK)
            return status == STATUS_MEMORY ? status : STATUS_OK;
    }
    side->steps = steps;
    return STATUS_OK;
}

enum status comparison_step(struct comparison *comparison)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < comparison->side_count; i++) {
        struct comparison_side *side = &comparison->sides[i];

        if (side->gap_count == 0 && side->no_point == NULL)
            status = step_side(comparison, side);
    }
    return status;
}

void comparison_release(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->side_count; i++) {
        whatif_free(comparison->sides[i].whatif);
        zone_close(comparison->sides[i].zone);
    }
}
