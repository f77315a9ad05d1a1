/* Packs of units: which usage they pay for, day after day, over all versions of the terms. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"
#include "server/money/burn.h"

/* Where a period's counters began to go on: the same for all its parts. */
struct root {
    size_t version, charge;
    int64_t first;
};

/* Counts of one day that packs may pay for, or that use up what is included. */
struct use {
    int64_t day;
    size_t version, charge;
    int64_t first;
    int32_t rate;
    uint32_t packs; /* bits of the version's packs; 0: none pays */
    struct root root;
    struct fraction counted;
    struct fraction units; /* to be paid for */
};

/* What a recurring pack's next grant will pay. */
struct owed {
    size_t credit;
    size_t use;
    struct fraction units;
};

struct burning {
    const struct tally *tally;
    bool has_included; /* pooled: everything that a charge counts uses them up */
    struct use *uses;
    size_t use_count, use_room;
    const struct contract_credit **credits; /* distinct, of all versions */
    size_t credit_count;
    struct owed *owed;
    size_t owed_count;
    const struct use *now;
    struct bill_packs packs; /* what comes of it */
};

static enum status add_use(struct burning *burning, struct use use)
{
    if (burning->use_count == burning->use_room) {
        size_t room = burning->use_room ? burning->use_room * 2 : 64;
        struct use *grown = realloc(burning->uses, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        burning->uses = grown;
        burning->use_room = room;
    }
    burning->uses[burning->use_count++] = use;
    return STATUS_OK;
}

static bool has_pooled(const struct contract_charge *charge)
{
    return charge->has_included && !charge->included_per_device;
}

static struct root root_of(const struct tally *tally, const struct contract_terms *terms,
                           size_t charge, int64_t first)
{
    struct period period = tally_period(tally, terms, &terms->charges[charge].rule, first);
    struct bill_run run;

    bill_run_of(tally, terms, charge, &period, &run);
    return (struct root){(size_t)run.parts[0].terms->version, run.parts[0].counter,
                         run.parts[0].period.clipped.first};
}

static enum status gather(struct burning *burning, size_t version, size_t charge)
{
    const struct tally_group *group = tally_groups(burning->tally, version, charge);
    const struct contract_terms *terms = &tally_contract(burning->tally)->versions[version - 1];
    enum status status = STATUS_OK;

    if (charge >= terms->charge_count ||
        (terms->charges[charge].quantity.source != CONTRACT_RECORDED &&
         terms->charges[charge].kind != CONTRACT_WEIGHED))
        return STATUS_OK; /* the cells of levels and events tell times, not packs */
    for (; group; group = group->next) {
        const struct root root = root_of(burning->tally, terms, charge, group->first);

        for (const struct tally_cell *cell = group->cells; cell && status == STATUS_OK;
             cell = cell->next) {
            struct use use = {cell->at_day,
                              version,
                              charge,
                              group->first,
                              cell->cell % TALLY_PACK,
                              (uint32_t)(cell->cell / TALLY_PACK),
                              root,
                              FRACTION_ZERO,
                              FRACTION_ZERO};

            if (use.packs == 0 && !burning->has_included)
                continue;
            status = fraction_multiply(fraction_of_decimal(cell->quantity),
                                       fraction_of(tally_times(burning->tally)), &use.counted);
            if (status == STATUS_OK && terms->charges[charge].kind == CONTRACT_WEIGHED)
                status = fraction_multiply(
                    use.counted, terms->charges[charge].rates[use.rate].price, &use.counted);
            use.units = use.counted;
            if (status == STATUS_OK)
                status = add_use(burning, use);
        }
    }
    return status;
}

static int compare_uses(const void *one, const void *other)
{
    const struct use *a = one, *b = other;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    if (a->charge != b->charge)
        return a->charge < b->charge ? -1 : 1;
    if (a->rate != b->rate)
        return a->rate < b->rate ? -1 : 1;
    if (a->packs != b->packs)
        return a->packs < b->packs ? -1 : 1;
    return fraction_compare(a->counted, b->counted);
}

/* The same pack in another version is the pack of that name, bought once. */
static size_t place_of(struct burning *burning, const struct contract_credit *credit)
{
    size_t i = 0;

    while (i < burning->credit_count && strcmp(burning->credits[i]->name, credit->name) != 0)
        i++;
    return i;
}

static enum status list_credits(struct burning *burning)
{
    const struct contract *contract = tally_contract(burning->tally);

    burning->credits =
        calloc(contract->version_count * CONTRACT_CREDITS + 1, sizeof *burning->credits);
    if (!burning->credits)
        return STATUS_MEMORY;
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->credit_count; i++) {
            if (!terms->credits[i].is_money &&
                place_of(burning, &terms->credits[i]) == burning->credit_count)
                burning->credits[burning->credit_count++] = &terms->credits[i];
        }
    }
    return STATUS_OK;
}

/* Whether that credit is among the packs of the use at hand. */
static bool may_pay(void *context, size_t credit)
{
    struct burning *burning = context;
    const struct contract_terms *terms =
        &tally_contract(burning->tally)->versions[burning->now->version - 1];
    unsigned bit = 0;

    for (size_t i = 0; i < terms->credit_count; i++) {
        if (terms->credits[i].is_money)
            continue;
        if ((burning->now->packs >> bit & 1) && place_of(burning, &terms->credits[i]) == credit)
            return true;
        bit++;
    }
    return false;
}

/* Each use has its own cover, in the same place. */
static enum status cover(struct burning *burning, size_t use, struct fraction units)
{
    struct fraction *covered = &burning->packs.covers[use].covered;

    return fraction_add(*covered, units, covered);
}

/* A new grant paid for units that were too many: the oldest first. */
static enum status on_repaid(void *context, size_t credit, struct fraction units)
{
    struct burning *burning = context;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < burning->owed_count && status == STATUS_OK; i++) {
        struct owed *owed = &burning->owed[i];
        struct fraction part = fraction_compare(owed->units, units) < 0 ? owed->units : units;

        if (owed->credit != credit || fraction_sign(part) <= 0)
            continue;
        status = fraction_subtract(owed->units, part, &owed->units);
        if (status == STATUS_OK)
            status = fraction_subtract(units, part, &units);
        if (status == STATUS_OK)
            status = cover(burning, owed->use, part);
    }
    return status;
}

static enum status pay(struct burning *burning, struct burn *burn, size_t at)
{
    const struct use *use = &burning->uses[at];
    struct fraction covered = FRACTION_ZERO, rest;
    size_t recurring = SIZE_MAX;

    burning->now = use;
    enum status status = burn_until(burn, use->day, on_repaid, burning);
    if (status == STATUS_OK)
        status = burn_take(burn, use->day, use->units, may_pay, burning, &covered, &recurring);
    if (status == STATUS_OK && fraction_sign(covered) > 0)
        status = cover(burning, at, covered);
    if (status == STATUS_OK)
        status = fraction_subtract(use->units, covered, &rest);
    if (status == STATUS_OK && recurring != SIZE_MAX)
        burning->owed[burning->owed_count++] = (struct owed){recurring, at, rest};
    return status;
}

/* Grants after the last use still pay what was owed before: one more, since a grant that falls due
 * later would pay what is not known yet. */
static enum status pay_what_is_owed(struct burning *burning, struct burn *burn)
{
    int64_t last = burning->uses[burning->use_count - 1].day;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < burning->credit_count && status == STATUS_OK; i++) {
        const struct contract_credit *credit = burning->credits[i];
        struct period_range days = {credit->first, credit->end};

        if (!credit->overage_recurs || !credit->recurs || last < days.first || last >= days.end)
            continue;
        struct period period = period_at(&credit->rule, days, last);
        if (period_next(&credit->rule, days, &period))
            status = burn_until(burn, period.clipped.first, on_repaid, burning);
    }
    return status;
}

/* What was counted so far in a period, through all its parts. */
struct account {
    struct root root;
    struct fraction counted;
};

static struct account *account_of(struct account *accounts, size_t *count, struct root root)
{
    for (size_t i = *count; i-- > 0;) { /* uses are by day: mostly the newest */
        if (accounts[i].root.version == root.version && accounts[i].root.charge == root.charge &&
            accounts[i].root.first == root.first)
            return &accounts[i];
    }
    accounts[*count] = (struct account){root, FRACTION_ZERO};
    return &accounts[(*count)++];
}

/* Takes off what of the use the included units still spare. */
static enum status spare(const struct contract_charge *charge, struct account *account,
                         struct use *use)
{
    struct fraction left;
    enum status status = fraction_subtract(charge->included, account->counted, &left);

    if (status == STATUS_OK)
        status = fraction_add(account->counted, use->counted, &account->counted);
    if (status != STATUS_OK || fraction_sign(left) <= 0)
        return status;
    if (fraction_compare(left, use->counted) < 0)
        return fraction_subtract(use->counted, left, &use->units);
    use->units = FRACTION_ZERO;
    return STATUS_OK;
}

/* Included units come before packs: only what exceeds them is left to pay. Uses are by day. */
static enum status take_included(struct burning *burning)
{
    struct account *accounts = calloc(burning->use_count, sizeof *accounts);
    enum status status = accounts ? STATUS_OK : STATUS_MEMORY;
    size_t count = 0;

    for (size_t i = 0; i < burning->use_count && status == STATUS_OK; i++) {
        struct use *use = &burning->uses[i];
        const struct contract_charge *charge =
            &tally_contract(burning->tally)->versions[use->version - 1].charges[use->charge];

        struct account *account = account_of(accounts, &count, use->root);

        if (has_pooled(charge))
            status = spare(charge, account, use);
        else /* a later part may have them */
            status = fraction_add(account->counted, use->counted, &account->counted);
    }
    free(accounts);
    return status;
}

static enum status list_covers(struct burning *burning)
{
    struct bill_cover *covers = calloc(burning->use_count, sizeof *covers);

    if (!covers)
        return STATUS_MEMORY;
    for (size_t i = 0; i < burning->use_count; i++) {
        const struct use *use = &burning->uses[i];

        covers[i] = (struct bill_cover){use->version, use->charge, use->first,
                                        use->day,     use->rate,   FRACTION_ZERO};
    }
    burning->packs.covers = covers;
    burning->packs.count = burning->use_count;
    return STATUS_OK;
}

static int compare_places(const struct bill_cover *a, const struct bill_cover *b)
{
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    if (a->charge != b->charge)
        return a->charge < b->charge ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static int compare_covers(const void *one, const void *other)
{
    return compare_places(one, other);
}

static enum status burn_uses(struct burning *burning)
{
    struct burn *burn = NULL;

    qsort(burning->uses, burning->use_count, sizeof *burning->uses, compare_uses);
    burning->owed = calloc(burning->use_count, sizeof *burning->owed);
    enum status status = burning->owed ? list_credits(burning) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = list_covers(burning);
    if (status == STATUS_OK)
        status = take_included(burning);
    if (status == STATUS_OK)
        status = burn_create(&burn, burning->credits, burning->credit_count);
    for (size_t i = 0; i < burning->use_count && status == STATUS_OK; i++)
        status = pay(burning, burn, i);
    if (status == STATUS_OK)
        status = pay_what_is_owed(burning, burn);
    burn_free(burn);
    if (status == STATUS_OK)
        qsort(burning->packs.covers, burning->packs.count, sizeof *burning->packs.covers,
              compare_covers);
    return status;
}

static bool includes_units(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].charge_count; i++)
            if (has_pooled(&contract->versions[v].charges[i]))
                return true;
    return false;
}

static bool sells_packs(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].credit_count; i++)
            if (!contract->versions[v].credits[i].is_money)
                return true;
    return false;
}

enum status bill_packs_burn(const struct tally *tally, struct bill_packs *out)
{
    const struct contract *contract = tally_contract(tally);
    struct burning burning = {.tally = tally, .has_included = includes_units(contract)};
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count && sells_packs(contract); v++)
        for (size_t i = 0; i < contract->versions[v].charge_count && status == STATUS_OK; i++)
            status = gather(&burning, v + 1, i);
    if (status == STATUS_OK && burning.use_count > 0)
        status = burn_uses(&burning);
    free(burning.uses);
    free(burning.owed);
    free(burning.credits);
    *out = burning.packs;
    return status;
}

void bill_packs_release(struct bill_packs *packs)
{
    free(packs->covers);
    *packs = (struct bill_packs){0};
}

const struct bill_cover *bill_packs_of(const struct bill_packs *packs, const struct bill_part *part,
                                       size_t *count)
{
    const struct bill_cover wanted = {.version = (size_t)part->terms->version,
                                      .charge = part->counter,
                                      .first = part->period.clipped.first};
    size_t low = 0, high = packs->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare_places(&packs->covers[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < packs->count &&
           compare_places(&packs->covers[low + *count], &wanted) == 0)
        ++*count;
    return *count > 0 ? &packs->covers[low] : NULL;
}
