#include "server/money/burn.h"

#include <stdlib.h>

struct grant {
    size_t credit;
    int64_t priority;
    int64_t end;
    int64_t rolls_left; /* periods that it may still be carried into */
    struct fraction left;
};

struct account {
    const struct contract_credit *credit;
    bool began;
    struct period period;    /* of the newest grant, when it recurs */
    struct fraction overage; /* to be paid by the next grant */
};

struct burn {
    struct account *accounts;
    size_t count;
    struct grant *grants; /* in the order of burning */
    size_t grant_count, grant_room;
};

enum status burn_create(struct burn **out, const struct contract_credit *const *credits,
                        size_t count)
{
    struct burn *burn = calloc(1, sizeof *burn);

    if (!burn || !(burn->accounts = calloc(count + 1, sizeof *burn->accounts))) {
        free(burn);
        return STATUS_MEMORY;
    }
    burn->count = count;
    for (size_t i = 0; i < count; i++)
        burn->accounts[i] = (struct account){.credit = credits[i], .overage = FRACTION_ZERO};
    *out = burn;
    return STATUS_OK;
}

void burn_free(struct burn *burn)
{
    if (!burn)
        return;
    free(burn->accounts);
    free(burn->grants);
    free(burn);
}

static int compare_grants(const void *one, const void *other)
{
    const struct grant *a = one, *b = other;

    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    if (a->credit != b->credit)
        return a->credit < b->credit ? -1 : 1;
    return (a->rolls_left > b->rolls_left) - (a->rolls_left < b->rolls_left);
}

static enum status add_grant(struct burn *burn, struct grant grant)
{
    if (burn->grant_count == burn->grant_room) {
        size_t room = burn->grant_room ? burn->grant_room * 2 : 16;
        struct grant *grown = realloc(burn->grants, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        burn->grants = grown;
        burn->grant_room = room;
    }
    burn->grants[burn->grant_count++] = grant;
    return STATUS_OK;
}

static struct period_range days_of(const struct contract_credit *credit)
{
    return (struct period_range){credit->first, credit->end};
}

/* The grant less what earlier overage takes of it. */
static enum status grant(struct burn *burn, size_t at, int64_t end, burn_repaid repaid,
                         void *context)
{
    struct account *account = &burn->accounts[at];
    const struct contract_credit *credit = account->credit;
    struct fraction owed =
        fraction_compare(account->overage, credit->amount) < 0 ? account->overage : credit->amount;
    struct grant fresh = {at, credit->priority, end, credit->rolls_over ? credit->roll_periods : 0,
                          credit->amount};
    enum status status = STATUS_OK;

    if (fraction_sign(owed) > 0) {
        status = fraction_subtract(credit->amount, owed, &fresh.left);
        if (status == STATUS_OK)
            status = fraction_subtract(account->overage, owed, &account->overage);
        if (status == STATUS_OK && repaid)
            status = repaid(context, at, owed);
    }
    return status == STATUS_OK ? add_grant(burn, fresh) : status;
}

/* At the end of a period: what is left is carried into the next, up to the limit, or lost. */
static enum status roll(struct burn *burn, size_t at, int64_t end)
{
    const struct contract_credit *credit = burn->accounts[at].credit;
    struct fraction room = credit->roll_most;

    for (size_t i = 0; i < burn->grant_count; i++) {
        struct grant *old = &burn->grants[i];

        if (old->credit != at)
            continue;
        if (old->rolls_left == 0)
            old->left = FRACTION_ZERO;
        if (credit->has_roll_most && fraction_compare(old->left, room) > 0)
            old->left = room;
        if (credit->has_roll_most && fraction_subtract(room, old->left, &room) != STATUS_OK)
            return STATUS_FULL;
        old->rolls_left -= old->rolls_left > 0;
        old->end = end;
    }
    return STATUS_OK;
}

static enum status advance(struct burn *burn, size_t at, int64_t day, burn_repaid repaid,
                           void *context)
{
    struct account *account = &burn->accounts[at];
    const struct contract_credit *credit = account->credit;
    enum status status = STATUS_OK;

    if (day < credit->first || credit->first >= credit->end)
        return STATUS_OK;
    if (!account->began) {
        account->began = true;
        if (!credit->recurs)
            return grant(burn, at, credit->end, repaid, context);
        account->period = period_at(&credit->rule, days_of(credit), credit->first);
        status = grant(burn, at, account->period.clipped.end, repaid, context);
    }
    while (credit->recurs && status == STATUS_OK && account->period.clipped.end <= day &&
           period_next(&credit->rule, days_of(credit), &account->period)) {
        status = roll(burn, at, account->period.clipped.end);
        if (status == STATUS_OK)
            status = grant(burn, at, account->period.clipped.end, repaid, context);
    }
    return status;
}

static void drop_ended(struct burn *burn, int64_t day)
{
    size_t kept = 0;

    for (size_t i = 0; i < burn->grant_count; i++) {
        if (burn->grants[i].end > day && fraction_sign(burn->grants[i].left) > 0)
            burn->grants[kept++] = burn->grants[i];
    }
    burn->grant_count = kept;
}

enum status burn_until(struct burn *burn, int64_t day, burn_repaid repaid, void *context)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < burn->count && status == STATUS_OK; i++)
        status = advance(burn, i, day, repaid, context);
    drop_ended(burn, day);
    if (burn->grant_count > 0)
        qsort(burn->grants, burn->grant_count, sizeof *burn->grants, compare_grants);
    return status;
}

static bool is_running(const struct contract_credit *credit, int64_t day)
{
    return day >= credit->first && day < credit->end;
}

/* The first of them whose next grant pays what was too much; what is owed is noted there. */
static enum status note_overage(struct burn *burn, int64_t day, struct fraction units, burn_may may,
                                void *context, size_t *recurring)
{
    for (size_t i = 0; i < burn->count; i++) {
        struct account *account = &burn->accounts[i];

        if (!account->credit->overage_recurs || !account->credit->recurs ||
            !is_running(account->credit, day) || (may && !may(context, i)))
            continue;
        *recurring = i;
        return fraction_add(account->overage, units, &account->overage);
    }
    return STATUS_OK;
}

enum status burn_take(struct burn *burn, int64_t day, struct fraction units, burn_may may,
                      void *context, struct fraction *covered, size_t *recurring)
{
    struct fraction rest = units;
    enum status status = STATUS_OK;

    *recurring = SIZE_MAX;
    for (size_t i = 0; i < burn->grant_count && fraction_sign(rest) > 0 && status == STATUS_OK;
         i++) {
        struct grant *grant_at = &burn->grants[i];

        if (grant_at->end <= day || (may && !may(context, grant_at->credit)))
            continue;
        struct fraction part = fraction_compare(grant_at->left, rest) < 0 ? grant_at->left : rest;
        status = fraction_subtract(grant_at->left, part, &grant_at->left);
        if (status == STATUS_OK)
            status = fraction_subtract(rest, part, &rest);
    }
    if (status == STATUS_OK && fraction_sign(rest) > 0)
        status = note_overage(burn, day, rest, may, context, recurring);
    return status == STATUS_OK ? fraction_subtract(units, rest, covered) : status;
}

enum status burn_left(const struct burn *burn, struct fraction *left)
{
    for (size_t i = 0; i < burn->count; i++)
        left[i] = FRACTION_ZERO;
    for (size_t i = 0; i < burn->grant_count; i++) {
        struct fraction *sum = &left[burn->grants[i].credit];

        if (fraction_add(*sum, burn->grants[i].left, sum) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}
