/* Who gets credit of what, and what lies ready. */
#include <stdio.h>
#include <string.h>

#include "server/bus/crediting_parts.h"
#include "server/money/decimal.h"
#include "server/money/weight.h"

/* What is to lie ready on a line. */
enum readiness {
    READY_NOT,     /* what the device wants */
    READY_STANDBY, /* room for an attempt, from the beginning */
    READY_SPARE,   /* the same, as long as the pools are wide; beyond that what the device wants */
    READY_FIRST,   /* another one where pools are wide: what an attempt used is granted anew after
                      its record, and the next question may come sooner; where they are not, also
                      what is less than one */
};

static uint64_t want_of(const struct credits_account *row, const struct lines_measure *measure,
                        enum readiness readiness)
{
    const struct grant_account *account = &row->account;

    const bool is_due = readiness == READY_STANDBY || readiness == READY_FIRST;

    return account->granted_ms == 0 && is_due && account->wanted < measure->attempt
               ? measure->attempt
               : account->wanted;
}

/* What nobody asked for yet: the device wants nothing there before it needs it, and says only how
 * much the shortest of its attempts takes. */
static uint64_t spare_of(const struct credits_account *row, const struct lines_measure *measure)
{
    const bool is_known = row->least > 0 && row->least <= UINT64_MAX - measure->answer;
    const uint64_t own = is_known ? row->least + measure->answer : 0;
    const uint64_t one = own > measure->attempt ? own : measure->attempt;

    if (row->account.granted_ms != 0 && !is_known)
        return 0;
    return row->account.wanted == 0 && grant_usable(&row->account) < one ? one : 0;
}

static bool is_held_by(const struct crediting *c, const struct credits_account *row,
                       const struct lines_measure *measure)
{
    for (size_t i = 0; i < measure->pool_count; i++) {
        for (size_t k = 0; k < row->pool_count; k++) {
            if (row->pools[k] == c->pools[measure->pools[i]].pool_id)
                return true;
        }
    }
    return false;
}

static bool is_spare(const struct wallet *wallet, const char *line_id)
{
    for (size_t i = 0; i < wallet->line_count; i++) {
        if (strcmp(wallet->lines[i].line_id, line_id) == 0)
            return wallet->lines[i].is_spare;
    }
    return false;
}

static bool is_alone(const struct crediting *c, const struct lines_measure *measure)
{
    for (size_t i = 0; i < measure->pool_count; i++) {
        if (c->sums[measure->pools[i]].devices > 1)
            return false;
    }
    return true;
}

/* The device just gave something back to a pool of the measure, on whichever of its lines. That was
 * asked back for others, who are to have it first: else an idle robot moves the last of a pool from
 * one of its lines to the other and back, and nobody else ever sees any of it free. What comes back
 * because its line is replaced was asked for nobody, and what lay ready on a spare line where
 * nobody else draws from the pool was asked for its first line. */
static bool gives_way(struct crediting *c, const struct wallet *wallet,
                      const struct lines_measure *measure)
{
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (row->has_returned && !row->account.is_closed && is_held_by(c, row, measure) &&
            !(is_spare(wallet, row->line_id) && is_alone(c, measure)))
            return true;
    }
    return false;
}

static bool fill_claim(struct crediting *c, const struct wallet *wallet,
                       const struct lines_line *line, size_t measure, enum readiness readiness,
                       struct hold *hold, struct grant_claim *claim)
{
    const struct lines_measure *of = &line->measures[measure];
    struct credits_account *row =
        crediting_find_account(c, wallet, wallet->device->row->journal_id, line->line_id, measure);

    if (!row || gives_way(c, wallet, of) || of->is_stalled || of->pool_count == 0)
        return false;
    *claim = (struct grant_claim){
        .account = &row->account,
        .wanted = want_of(row, of, readiness),
        .attempt = of->attempt,
    };
    if (readiness == READY_FIRST) {
        claim->more = claim->wanted < of->attempt ? claim->wanted : of->attempt;
        claim->least = row->least > 0 ? row->least : of->least;
    }
    if (readiness == READY_SPARE)
        claim->more = spare_of(row, of);
    for (size_t i = 0; i < of->pool_count; i++) {
        if (!crediting_join(c, row, c->pools[of->pools[i]].pool_id))
            return false;
        const uint64_t devices = (uint64_t)c->sums[of->pools[i]].devices;

        if (claim->devices < devices)
            claim->devices = devices;
    }
    claim->held = crediting_hold(c, row, hold);
    return true;
}

/* "budget/trial" or "contract/dahan-2026": where the limit is changed. */
static const char *limit_subject(const struct crediting *c, const struct credits_pool *pool)
{
    const char *name = strchr(pool->source, ':') + 1;

    return strncmp(pool->source, "budget:", 7) == 0
               ? arena_format(c->batch->arena, "budget/%s", name)
               : arena_format(c->batch->arena, "contract/%s", pool->subject);
}

static const char *amount_text(struct arena *arena, const struct credits_pool *pool,
                               uint64_t amount)
{
    char text[DECIMAL_TEXT_SIZE];
    struct decimal money;

    if (!pool->is_money)
        return arena_format(arena, "%llu", (unsigned long long)amount);
    snprintf(text, sizeof text, "%llu.%09llu", (unsigned long long)(amount / WEIGHT_SCALE),
             (unsigned long long)(amount % WEIGHT_SCALE));
    if (decimal_parse(span_text(text), &money) == STATUS_OK)
        decimal_format(money, text); /* without the zeros at its end */
    return arena_text(arena, span_text(text));
}

/* Not used up, but never enough: without a word the robots would be silent until somebody wonders.
 * One for each device of a batch is enough. */
static void note_too_small(struct crediting *c, struct wallet *wallet,
                           const struct credits_pool *pool, const struct credits_sum *sum,
                           const struct grant_claim *claim)
{
    struct arena *arena = c->batch->arena;

    if (wallet->told_limit || claim->least == 0 || sum->pool.limit < 0 ||
        (uint64_t)sum->pool.limit >= claim->least)
        return;
    wallet->told_limit = true;
    batch_alarm_about(
        c->batch, "limit_too_small", "warning", limit_subject(c, pool),
        arena_format(arena,
                     "{\"device\":\"%s\",\"unit\":\"%s\",\"limit\":\"%s\",\"attempt\":\"%s\","
                     "\"problem\":\"the whole limit is less than this robot's shortest attempt "
                     "takes\"}",
                     wallet->device->row->device_id, pool->unit,
                     amount_text(arena, pool, (uint64_t)sum->pool.limit),
                     amount_text(arena, pool, claim->least)));
}

static void note_starving(struct crediting *c, struct wallet *wallet,
                          const struct lines_measure *measure, const struct grant_claim *claim)
{
    const uint64_t least = claim->wanted < claim->attempt ? claim->wanted : claim->attempt;

    for (size_t i = 0; i < measure->pool_count; i++) {
        struct credits_sum *sum = &c->sums[measure->pools[i]];

        if (!sum->pool_id || grant_free(&sum->pool) >= least)
            continue;
        sum->is_starved = true;
        note_too_small(c, wallet, &c->pools[measure->pools[i]], sum, claim);
    }
}

/* What was granted goes out; what was refused is told, for the device may be waiting for it. */
static void note_claims(struct crediting *c, struct wallet *wallet, const struct lines_line *line,
                        const struct grant_claim *claims, bool is_granted)
{
    for (size_t m = 0; m < line->measure_count; m++) {
        if (is_granted)
            crediting_find_account(c, wallet, wallet->device->row->journal_id, line->line_id, m)
                ->is_changed = true;
        if (claims[m].amount < claims[m].wanted)
            note_starving(c, wallet, &line->measures[m], &claims[m]);
    }
    c->batch->stats.grants += is_granted;
    wallet->device->owes_state |= is_granted || wallet->told_credit;
}

static void grant_line(struct crediting *c, struct wallet *wallet, const struct lines_line *line,
                       enum readiness readiness)
{
    struct grant_claim claims[LIMIT_MEASURES];
    struct hold holds[LIMIT_MEASURES];
    bool wants = false;

    for (size_t m = 0; m < line->measure_count; m++) {
        if (!fill_claim(c, wallet, line, m, readiness, &holds[m], &claims[m]))
            return;
        wants = wants || claims[m].wanted > 0 || claims[m].more > 0;
    }
    if (wants)
        note_claims(c, wallet, line, claims, grant_give(claims, line->measure_count, c->now_ms));
}

static bool is_short(struct crediting *c, const struct wallet *wallet,
                     const struct lines_line *line)
{
    for (size_t m = 0; m < line->measure_count; m++) {
        const struct credits_account *row =
            crediting_find_account(c, wallet, wallet->device->row->journal_id, line->line_id, m);

        if (!row || grant_is_short(&row->account, line->measures[m].attempt) ||
            row->account.granted_ms == 0)
            return true;
    }
    return false;
}

/* ---- what lies ready behind the first line ---- */

/* Near the end of a pool that both lines draw from. */
static bool is_contested(struct crediting *c, const struct lines_line *first,
                         const struct lines_line *spare)
{
    for (size_t m = 0; m < spare->measure_count; m++) {
        const struct lines_measure *measure = &spare->measures[m];

        for (size_t p = 0; p < measure->pool_count; p++) {
            const struct credits_sum *sum = &c->sums[measure->pools[p]];

            if (sum->pool_id && lines_draws_from(first, measure->pools[p]) &&
                grant_is_narrow(&sum->pool, (uint64_t)sum->devices, measure->attempt))
                return true;
        }
    }
    return false;
}

/* What the spare line has usable that would be free in the pool. */
static uint64_t lying_in(struct crediting *c, const struct wallet *wallet,
                         const struct lines_line *spare, size_t pool)
{
    uint64_t sum = 0;

    for (size_t m = 0; m < spare->measure_count; m++) {
        const struct credits_account *row =
            crediting_find_account(c, wallet, wallet->device->row->journal_id, spare->line_id, m);

        for (size_t p = 0; row && p < spare->measures[m].pool_count; p++) {
            if (spare->measures[m].pools[p] == pool)
                sum += grant_usable(&row->account);
        }
    }
    return sum;
}

/* Whether the first line can serve an attempt once it has what lies on the spare one: not where a
 * limit of its own is used up. */
static bool can_serve(struct crediting *c, const struct wallet *wallet,
                      const struct lines_line *first, const struct lines_line *spare)
{
    for (size_t m = 0; m < first->measure_count; m++) {
        const struct lines_measure *measure = &first->measures[m];
        const struct credits_account *row =
            crediting_find_account(c, wallet, wallet->device->row->journal_id, first->line_id, m);
        uint64_t gain = UINT64_MAX;

        for (size_t p = 0; p < measure->pool_count; p++) {
            const size_t pool = measure->pools[p];
            const uint64_t more =
                grant_free(&c->sums[pool].pool) + lying_in(c, wallet, spare, pool);

            gain = more < gain ? more : gain;
        }
        const uint64_t least = row && row->least > 0 ? row->least : measure->least;
        const uint64_t usable = row ? grant_usable(&row->account) : 0;
        if (usable < least && gain < least - usable)
            return false;
    }
    return true;
}

/* It is used now, or the device wants more of it: the first line's vendor is down. */
static bool is_needed(const struct crediting *c, const struct credits_account *row)
{
    return row->account.wanted > 0 ||
           (row->account.used > 0 && c->now_ms - row->account.used_ms < GRANT_IDLE_MS);
}

/* What lies ready on a spare line is asked back in time for the first one to use it up. True: it
 * was, now or before, and has not come back yet. */
static bool gives_up_spare(struct crediting *c, struct wallet *wallet,
                           const struct lines_line *spare)
{
    const struct lines_line *first = &wallet->lines[spare->first];
    bool is_asked = false;

    if (!is_contested(c, first, spare) || !can_serve(c, wallet, first, spare))
        return false;
    for (size_t m = 0; m < spare->measure_count; m++) {
        struct credits_account *row =
            crediting_find_account(c, wallet, wallet->device->row->journal_id, spare->line_id, m);

        if (!row || is_needed(c, row))
            return false;
    }
    for (size_t m = 0; m < spare->measure_count; m++) {
        struct credits_account *row =
            crediting_find_account(c, wallet, wallet->device->row->journal_id, spare->line_id, m);

        if (grant_recall(&row->account, 0))
            row->is_changed = wallet->device->owes_state = true;
        is_asked = is_asked || row->account.return_to > row->account.returned;
    }
    return is_asked;
}

static enum readiness readiness_of(const struct lines_line *line, bool is_served)
{
    if (line->is_test)
        return READY_STANDBY;
    if (!is_served)
        return READY_FIRST;
    if (line->is_spare)
        return READY_SPARE;
    return line->is_standby ? READY_STANDBY : READY_NOT;
}

void crediting_grant(struct crediting *c, struct wallet *wallet)
{
    const struct link_row *link = wallet->device->row;
    const struct journal_row *journal =
        batch_find_journal(c->batch, link->device_id, link->journal_id);
    bool is_served[LIMIT_CREDIT_LINES] = {0}; /* a line of the use has what it needs */

    if (!wallet->device->heard || !wallet->is_in_epoch || !journal ||
        journal->status != JOURNAL_OPEN || link->is_quarantined)
        return;
    for (size_t i = 0; i < wallet->line_count; i++) {
        const struct lines_line *line = &wallet->lines[i];
        const enum readiness readiness = readiness_of(line, is_served[line->first]);

        if (line->is_spare && gives_up_spare(c, wallet, line))
            continue;
        /* of what it wants behind its first line only the device knows whether it still does */
        if (readiness != READY_NOT || wallet->told_credit)
            grant_line(c, wallet, line, readiness);
        is_served[line->first] = is_served[line->first] || !is_short(c, wallet, line);
    }
}
