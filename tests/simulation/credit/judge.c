#include "tests/simulation/credit/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/credit/world.h"

void judge_open(struct world *world)
{
    struct judge *judge = &world->judge;

    judge->attempt_count = judge->pending_count = judge->seen_count = 0;
    memset(judge->booked, 0, sizeof judge->booked);
    memset(judge->excess, 0, sizeof judge->excess);
    memset(judge->watched, 0, sizeof judge->watched);
    memset(judge->copied, 0, sizeof judge->copied);
}

/* ---- attempts ---- */

unsigned judge_next_attempt(struct world *world)
{
    struct judge *judge = &world->judge;

    if (judge->attempt_count == JUDGE_ATTEMPTS) {
        fprintf(stderr, "credit simulation: more attempts than the judge remembers\n");
        abort();
    }
    judge->attempts[judge->attempt_count] = (struct judge_attempt){0};
    return (unsigned)judge->attempt_count++;
}

void judge_turn(unsigned attempt, uint8_t turn[16])
{
    for (unsigned i = 0; i < 16; i++)
        turn[i] = (uint8_t)(i < 4 ? attempt >> (8 * i) : 0x55);
}

unsigned judge_attempt_of(const uint8_t turn[16])
{
    return turn[0] | (unsigned)turn[1] << 8 | (unsigned)turn[2] << 16 | (unsigned)turn[3] << 24;
}

static void fill_quantities(const uint64_t quantities[LIMIT_WEIGHTS], wire_UsageRecord *record)
{
    record->input_uncached = quantities[MEASURE_INPUT_UNCACHED];
    record->input_cached = quantities[MEASURE_INPUT_CACHED];
    record->output = quantities[MEASURE_OUTPUT];
    record->reasoning = quantities[MEASURE_REASONING];
    record->requests = quantities[MEASURE_REQUESTS];
}

/* What each unit is booked with when the record stands as it does. */
static void fill_amounts(const struct market_line *line, const wire_UsageRecord *record,
                         int64_t amounts[MARKET_UNITS])
{
    for (unsigned unit = 0; unit < MARKET_UNITS; unit++)
        amounts[unit] = market_booked(line, (enum market_unit)unit, record);
}

static wire_UsageRecord as_reserved(const struct judge_attempt *attempt)
{
    return (wire_UsageRecord){
        .reserved_input = attempt->reserved_input,
        .reserved_output = attempt->reserved_output,
        .provenance = wire_Provenance_WORST_CASE,
    };
}

void judge_began(struct world *world, const struct robot *robot, unsigned attempt,
                 const wire_UsageRecord *record, enum status status)
{
    struct judge *judge = &world->judge;
    struct judge_attempt *known = &judge->attempts[attempt];
    const struct market_line *line = market_find_line(&world->market, record->line_id);

    if (status == STATUS_DENIED || status == STATUS_FULL || !line)
        return;
    *known = (struct judge_attempt){
        .robot = robot->number,
        .device = robot->device,
        .line = (unsigned)(line - world->market.lines),
        .is_open = true,
        .began_ms = world->now_ms,
        .nominal_ms = record->start_ms + record->clock_offset_ms,
        .reserved_input = record->reserved_input,
        .reserved_output = record->reserved_output,
    };
    if (known->nominal_ms < record->state_time_ms)
        known->nominal_ms = record->state_time_ms;
    known->nominal_ms -= WORLD_EPOCH_MS;
    judge->pending[judge->pending_count++] = attempt;
    world->coverage->attempts++;
    world_say(world, "  attempt %u of robot %u on %s: %s", attempt, robot->number, record->line_id,
              status_text(status));
}

/* Within what was reserved, unless the vendor does not keep to the limit. */
static void draw_truth(struct world *world, struct judge_attempt *attempt)
{
    const uint64_t input = (uint64_t)world_between(world, 1, (int64_t)attempt->reserved_input);
    uint64_t output = (uint64_t)world_between(world, 0, (int64_t)attempt->reserved_output);

    attempt->overran = world_chance(world, world->plan.overrun);
    if (attempt->overran) {
        output += attempt->reserved_output + 1;
        coverage_count(world->coverage, COVERAGE_OVERRUN,
                       robot_states(&world->robots[attempt->robot]));
    }
    attempt->truth[MEASURE_INPUT_CACHED] = (uint64_t)world_between(world, 0, (int64_t)input);
    attempt->truth[MEASURE_INPUT_UNCACHED] = input - attempt->truth[MEASURE_INPUT_CACHED];
    attempt->truth[MEASURE_REASONING] =
        world_between(world, 0, 2) == 0 ? (uint64_t)world_between(world, 0, (int64_t)output) : 0;
    attempt->truth[MEASURE_OUTPUT] = output - attempt->truth[MEASURE_REASONING];
    attempt->truth[MEASURE_REQUESTS] = 1;
}

static bool counts(const struct world *world, unsigned cap, unsigned device,
                   const struct market_line *line)
{
    const struct market_cap *rule = &world->market.caps[cap];

    return market_binds(rule, device, line->route) && market_measure(line, rule->unit);
}

/* What a vendor gave beyond the reservation is explained, whatever becomes of it. */
static void explain_overrun(struct world *world, unsigned cap, const struct judge_attempt *attempt)
{
    const struct market_line *line = &world->market.lines[attempt->line];
    const wire_CreditMeasure *measure = market_measure(line, world->market.caps[cap].unit);
    const wire_UsageRecord worst = as_reserved(attempt);
    wire_UsageRecord truth = worst;

    if (!attempt->overran || !counts(world, cap, attempt->device, line))
        return;
    truth.provenance = wire_Provenance_VENDOR_FINAL;
    fill_quantities(attempt->truth, &truth);
    const uint64_t reserved = measure_worst_case(measure, &worst);
    const uint64_t consumed = measure_consumed(measure, &truth);
    if (consumed > reserved)
        world->judge.excess[cap] += (int64_t)(consumed - reserved);
}

static void allow_overrun(struct world *world, const struct judge_attempt *attempt,
                          const wire_UsageRecord *record)
{
    const struct market_line *line = &world->market.lines[attempt->line];
    const wire_UsageRecord worst = as_reserved(attempt);

    for (unsigned i = 0; i < line->wire.measures_count; i++) {
        const uint64_t reserved = measure_worst_case(&line->wire.measures[i], &worst);
        const uint64_t consumed = measure_consumed(&line->wire.measures[i], record);

        if (consumed > reserved)
            world->judge.watched[attempt->robot][attempt->line][i].allowed += consumed - reserved;
    }
}

void judge_ask(struct world *world, unsigned attempt, bool not_sent)
{
    struct judge_attempt *known = &world->judge.attempts[attempt];
    const struct market_line *line = &world->market.lines[known->line];
    wire_UsageRecord record = as_reserved(known);
    int64_t truth[MARKET_UNITS];

    if (not_sent)
        return;
    known->is_sent = true;
    draw_truth(world, known);
    fill_amounts(line, &record, known->amounts);
    record.provenance = wire_Provenance_VENDOR_FINAL;
    fill_quantities(known->truth, &record);
    fill_amounts(line, &record, truth);
    for (unsigned unit = 0; unit < MARKET_UNITS; unit++)
        if (truth[unit] > known->amounts[unit])
            known->amounts[unit] = truth[unit];
    for (unsigned cap = 0; cap < world->market.cap_count; cap++)
        explain_overrun(world, cap, known);
}

void judge_answer(struct world *world, unsigned attempt, wire_UsageRecord *record)
{
    const struct judge_attempt *known = &world->judge.attempts[attempt];

    if (!known->is_sent) {
        record->provenance = wire_Provenance_NOT_SENT;
        record->outcome = wire_Outcome_FAILED;
        return;
    }
    fill_quantities(known->truth, record);
    if (!known->overran && world_chance(world, world->plan.cut)) {
        record->provenance = wire_Provenance_ESTIMATED;
        record->outcome = wire_Outcome_INTERRUPTED;
        record->output /= 2;
    } else {
        record->provenance = wire_Provenance_VENDOR_FINAL;
        record->outcome = wire_Outcome_ANSWERED;
        record->requests = 1;
        allow_overrun(world, known, record);
    }
}

void judge_closed(struct world *world, unsigned attempt, const wire_UsageRecord *record)
{
    struct judge_attempt *known = &world->judge.attempts[attempt];

    fill_amounts(&world->market.lines[known->line], record, known->amounts);
}

/* ---- what robots say of themselves ---- */

static struct judge_watch *watch_of(struct world *world, const struct robot *robot,
                                    const wire_CreditUse *use)
{
    const struct market_line *line = market_find_line(&world->market, use->line_id);

    return line ? world->judge.watched[robot->number][line - world->market.lines] : NULL;
}

/* A new account: what was used and reserved before is carried into it. */
static void carry(struct world *world, const struct robot *robot)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;

    if (!robot->journal)
        return;
    journal_credit(robot->journal, uses, &count);
    for (pb_size_t i = 0; i < count; i++) {
        struct judge_watch *watch = watch_of(world, robot, &uses[i]);

        for (pb_size_t j = 0; watch && j < uses[i].amounts_count; j++)
            watch[j] =
                (struct judge_watch){.granted = uses[i].amounts[j].granted_seen,
                                     .allowed = uses[i].amounts[j].used + uses[i].amounts[j].open};
    }
}

void judge_forked(struct world *world, struct robot *robot)
{
    carry(world, robot);
}

void judge_epoch(struct world *world, struct robot *robot)
{
    carry(world, robot);
}

/* Power may have failed inside a fork or an epoch's start, or the disk is another. Where nothing is
 * granted, nothing was begun: what counts as used there was carried into the account. */
void judge_started(struct world *world, struct robot *robot)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;
    bool is_new = false;

    journal_credit(robot->journal, uses, &count);
    for (pb_size_t i = 0; i < count; i++) {
        struct judge_watch *watch = watch_of(world, robot, &uses[i]);

        for (pb_size_t j = 0; watch && j < uses[i].amounts_count; j++) {
            is_new = is_new || uses[i].amounts[j].granted_seen < watch[j].granted;
            if (uses[i].amounts[j].granted_seen == 0)
                watch[j].allowed = uses[i].amounts[j].used;
        }
    }
    if (is_new || world->judge.copied[robot->device])
        carry(world, robot);
}

static const struct base_account *find_account(const struct base_tables *tables, unsigned journal,
                                               unsigned line, unsigned measure, uint32_t epoch)
{
    for (size_t i = tables->account_count; i-- > 0;) {
        const struct base_account *account = &tables->accounts[i];

        if (account->journal == journal && account->line == line && account->measure == measure &&
            account->epoch == epoch)
            return account;
    }
    return NULL;
}

static unsigned journal_of(const struct world *world, const struct robot *robot)
{
    wire_JournalHead head;

    journal_head(robot->journal, &head);
    return base_find_journal(&world->base.committed, robot->device, head.id);
}

static struct judge_seen *find_seen(struct world *world, const struct judge_seen *key)
{
    struct judge *judge = &world->judge;

    for (size_t i = judge->seen_count; i-- > 0;) {
        struct judge_seen *seen = &judge->seen[i];

        if (seen->line == key->line && seen->measure == key->measure && seen->epoch == key->epoch &&
            memcmp(seen->journal, key->journal, 16) == 0)
            return seen;
    }
    if (judge->seen_count == JUDGE_SEEN) {
        fprintf(stderr, "credit simulation: more accounts than the judge remembers\n");
        abort();
    }
    judge->seen[judge->seen_count] = *key;
    return &judge->seen[judge->seen_count++];
}

static void explain_amount(struct world *world, unsigned device, unsigned place, unsigned measure,
                           uint64_t amount)
{
    const struct market_line *line = &world->market.lines[place];

    for (unsigned cap = 0; cap < world->market.cap_count; cap++)
        if (world->market.caps[cap].unit == line->unit_of[measure] &&
            market_binds(&world->market.caps[cap], device, line->route))
            world->judge.excess[cap] += (int64_t)amount;
}

/* A grant reached this disk. When it has reached a copy of it before, while both still were one
 * journal for the server, each of them may use it. */
static void note_seen(struct world *world, const struct robot *robot, unsigned line,
                      unsigned measure, uint64_t before, uint64_t granted)
{
    struct judge_seen key = {.line = line, .measure = measure, .epoch = robot->memory.epoch};
    wire_JournalHead head;

    journal_head(robot->journal, &head);
    memcpy(key.journal, head.id, sizeof key.journal);
    struct judge_seen *seen = find_seen(world, &key);
    const uint64_t twice = granted < seen->granted ? granted : seen->granted;
    if (world->judge.copied[robot->device] && twice > before)
        explain_amount(world, robot->device, line, measure, twice - before);
    if (granted > seen->granted)
        seen->granted = granted;
}

static uint64_t left_of(const wire_CreditAmount *amount)
{
    const uint64_t gone = amount->used + amount->returned;

    return amount->granted_seen > gone ? amount->granted_seen - gone : 0;
}

static void check_amount(struct world *world, const struct robot *robot, unsigned line,
                         unsigned measure, const wire_CreditAmount *amount)
{
    struct judge_watch *watch = &world->judge.watched[robot->number][line][measure];
    const char *id = world->market.lines[line].wire.line_id;
    const uint64_t busy = amount->used + amount->open + amount->returned;

    if (amount->granted_seen != watch->granted || busy != watch->busy)
        world_say(world, "  robot %u %s/%u: granted %llu, used %llu, open %llu, returned %llu",
                  robot->number, id, measure, (unsigned long long)amount->granted_seen,
                  (unsigned long long)amount->used, (unsigned long long)amount->open,
                  (unsigned long long)amount->returned);
    watch->busy = busy;
    watch->left = left_of(amount);
    if (busy > amount->granted_seen + watch->allowed)
        findings_add(&world->findings,
                     "I2: robot %u: %s/%u used %llu, open %llu, returned %llu of %llu granted "
                     "(%llu explained)",
                     robot->number, id, measure, (unsigned long long)amount->used,
                     (unsigned long long)amount->open, (unsigned long long)amount->returned,
                     (unsigned long long)amount->granted_seen, (unsigned long long)watch->allowed);
    if (amount->granted_seen > watch->granted)
        note_seen(world, robot, line, measure, watch->granted, amount->granted_seen);
    watch->granted = amount->granted_seen;
    if (amount->granted_seen == 0 || robot->memory.epoch != world->base.committed.epoch)
        return;
    const struct base_account *account = find_account(
        &world->base.committed, journal_of(world, robot), line, measure, robot->memory.epoch);
    if (account && account->credit.granted < amount->granted_seen)
        findings_add(&world->findings, "I2: robot %u: %s/%u holds %llu, was granted %llu",
                     robot->number, id, measure, (unsigned long long)amount->granted_seen,
                     (unsigned long long)account->credit.granted);
    if (account && !world->judge.copied[robot->device] && account->credit.settled > amount->used)
        findings_add(&world->findings, "I1: robot %u: %s/%u used %llu, settled %llu", robot->number,
                     id, measure, (unsigned long long)amount->used,
                     (unsigned long long)account->credit.settled);
}

static void check_robot(struct world *world, const struct robot *robot)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;

    journal_credit(robot->journal, uses, &count);
    for (pb_size_t i = 0; i < count; i++) {
        const struct market_line *line = market_find_line(&world->market, uses[i].line_id);

        for (pb_size_t j = 0; line && j < uses[i].amounts_count; j++)
            check_amount(world, robot, (unsigned)(line - world->market.lines), j,
                         &uses[i].amounts[j]);
    }
}

/* ---- copies ---- */

/* What the uses leave may be used once more, by the disk's copy, in any period. */
static void explain_copy(struct world *world, unsigned device, const wire_CreditUse *uses,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct market_line *line = market_find_line(&world->market, uses[i].line_id);

        for (pb_size_t j = 0; line && j < uses[i].amounts_count; j++) {
            const wire_CreditAmount *amount = &uses[i].amounts[j];

            explain_amount(world, device, (unsigned)(line - world->market.lines), j,
                           left_of(amount));
        }
    }
}

/* What copies have counts once in a cap that comes later, what an epoch before granted not at all;
 * both may still be used. What is overrun already settles what is out in it. */
void judge_cap_added(struct world *world, unsigned cap)
{
    const struct market_cap *rule = &world->market.caps[cap];

    for (size_t i = 0; i < world->judge.pending_count; i++)
        explain_overrun(world, cap, &world->judge.attempts[world->judge.pending[i]]);

    for (size_t i = 0; i < world->robot_count; i++) {
        const struct robot *robot = &world->robots[i];
        const bool is_apart = world->judge.copied[robot->device] ||
                              robot->memory.epoch != world->base.committed.epoch;

        for (size_t place = 0; place < world->market.line_count; place++) {
            const struct market_line *line = &world->market.lines[place];

            for (unsigned j = 0; j < line->wire.measures_count; j++) {
                const struct judge_watch *watch = &world->judge.watched[i][place][j];

                if (is_apart && line->unit_of[j] == rule->unit &&
                    market_binds(rule, robot->device, line->route))
                    world->judge.excess[cap] += (int64_t)watch->left;
            }
        }
    }
}

static void excuse_device(struct world *world, unsigned device)
{
    struct judge *judge = &world->judge;

    for (size_t i = 0; i < judge->attempt_count; i++)
        if (judge->attempts[i].device == device)
            judge->attempts[i].excused = true;
}

void judge_cloned(struct world *world, const struct robot *original, struct robot *clone)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;

    (void)clone;
    journal_credit(original->journal, uses, &count);
    explain_copy(world, original->device, uses, count);
    world->judge.copied[original->device] = true;
    memcpy(world->judge.watched[clone->number], world->judge.watched[original->number],
           sizeof world->judge.watched[clone->number]);
}

void judge_set_back(struct world *world, struct robot *robot)
{
    explain_copy(world, robot->device, robot->saved_uses, robot->saved_use_count);
    world->judge.copied[robot->device] = true;
    for (pb_size_t i = 0; i < robot->saved_use_count; i++) {
        struct judge_watch *watch = watch_of(world, robot, &robot->saved_uses[i]);

        for (pb_size_t j = 0; watch && j < robot->saved_uses[i].amounts_count; j++) {
            watch[j].left = left_of(&robot->saved_uses[i].amounts[j]);
        }
    }
}

/* ---- what servers do ---- */

static bool is_same_usage(const wire_UsageRecord *record, const struct judge_attempt *attempt)
{
    wire_UsageRecord truth = *record;

    fill_quantities(attempt->truth, &truth);
    return memcmp(&truth, record, sizeof truth) == 0;
}

static bool is_below(const wire_UsageRecord *record, const struct judge_attempt *attempt)
{
    return record->input_uncached + record->input_cached <
               attempt->truth[MEASURE_INPUT_UNCACHED] + attempt->truth[MEASURE_INPUT_CACHED] ||
           record->output + record->reasoning <
               attempt->truth[MEASURE_OUTPUT] + attempt->truth[MEASURE_REASONING];
}

void judge_record(struct world *world, const wire_UsageRecord *record)
{
    const unsigned place = judge_attempt_of(record->turn);
    const struct judge_attempt *attempt = &world->judge.attempts[place];

    if (place >= world->judge.attempt_count || !attempt->is_open) {
        findings_add(&world->findings, "I1: a record of attempt %u, which was never made", place);
        return;
    }
    switch (record->provenance) {
    case wire_Provenance_VENDOR_FINAL:
        if (!is_same_usage(record, attempt))
            findings_add(&world->findings, "I1: attempt %u is final, but not what the vendor says",
                         place);
        break;
    case wire_Provenance_NOT_SENT:
        if (attempt->is_sent)
            findings_add(&world->findings, "I1: attempt %u is not sent, but the vendor has it",
                         place);
        break;
    case wire_Provenance_WORST_CASE:
        if (!attempt->overran && is_below(record, attempt))
            findings_add(&world->findings, "I1: attempt %u: the worst case is below the vendor's",
                         place);
        break;
    default:
        break;
    }
}

void judge_forged(struct world *world, const struct base_account *account,
                  const struct grant_report *report)
{
    if (world->judge.copied[account->device])
        return; /* two robots speak of one account */
    findings_add(&world->findings,
                 "I2: device %u was called a forger: %s/%u seen %llu of %llu, returned %llu of "
                 "%llu asked",
                 account->device, world->market.lines[account->line].wire.line_id, account->measure,
                 (unsigned long long)report->granted_seen,
                 (unsigned long long)account->credit.granted, (unsigned long long)report->returned,
                 (unsigned long long)account->credit.asked);
}

/* Charged to the periods that ran then; a copy of the disk may still use it in a later one. */
void judge_charged(struct world *world, const struct base_account *account, uint64_t amount)
{
    if (world->judge.copied[account->device])
        explain_amount(world, account->device, account->line, account->measure, amount);
}

void judge_gap(struct world *world, unsigned device)
{
    excuse_device(world, device);
}

/* What a rows' record adds to a pool, by the judge's own reading of the caps. */
static int64_t weight_in(const struct world *world, const struct base_pool *pool,
                         const struct base_row *row, size_t place)
{
    const struct market_cap *cap = &world->market.caps[pool->cap];

    if (place < pool->first_row || row->at_ms < pool->from_ms || row->at_ms >= pool->to_ms ||
        !market_binds(cap, row->device, world->market.lines[row->line].route))
        return 0;
    return row->booked[cap->unit];
}

static void drop_pending(struct judge *judge, unsigned attempt)
{
    for (size_t i = 0; i < judge->pending_count; i++) {
        if (judge->pending[i] != attempt)
            continue;
        judge->pending[i] = judge->pending[--judge->pending_count];
        return;
    }
}

static void count_row(struct world *world, const struct base_tables *tables, size_t place)
{
    struct judge *judge = &world->judge;
    const struct base_row *row = &world->base.rows[place];

    if (row->attempt < judge->attempt_count) {
        if (++judge->attempts[row->attempt].booked > 1)
            findings_add(&world->findings, "I1: attempt %u is counted %u times", row->attempt,
                         judge->attempts[row->attempt].booked);
        drop_pending(judge, row->attempt);
    }
    for (size_t i = 0; i < tables->pool_count; i++)
        judge->booked[i] += weight_in(world, &tables->pools[i], row, place);
}

/* Sums from the accounts alone. */
static void check_sums(struct world *world, const struct base_tables *tables)
{
    int64_t outstanding[BASE_POOLS] = {0}, charged[BASE_POOLS] = {0};

    for (size_t i = 0; i < tables->account_count; i++) {
        const struct base_account *account = &tables->accounts[i];

        for (unsigned word = 0; word < BASE_POOLS / 64; word++) {
            for (uint64_t bits = account->held.bits[word]; bits != 0; bits &= bits - 1) {
                const unsigned pool = word * 64 + (unsigned)__builtin_ctzll(bits);

                outstanding[pool] += (int64_t)grant_outstanding(&account->credit);
                charged[pool] += (int64_t)account->credit.charged;
            }
        }
    }
    for (size_t i = 0; i < tables->pool_count; i++) {
        const struct grant_pool *sums = &tables->pools[i].credit;

        world->coverage->over += grant_is_over(sums);
        if (sums->outstanding != outstanding[i])
            findings_add(&world->findings, "I2: pool %zu: %lld outstanding, its accounts have %lld",
                         i, (long long)sums->outstanding, (long long)outstanding[i]);
        if (sums->spent != world->judge.booked[i] + charged[i])
            findings_add(
                &world->findings, "I2: pool %zu: %lld spent, its records %lld, charges %lld", i,
                (long long)sums->spent, (long long)world->judge.booked[i], (long long)charged[i]);
    }
}

/* Every pool that binds an account at this time has room for what was granted. */
void judge_granted(struct world *world, const struct base_tables *tables,
                   const struct base_account *account)
{
    const struct market_line *line = &world->market.lines[account->line];

    for (unsigned cap = 0; cap < world->market.cap_count; cap++) {
        const struct market_cap *rule = &world->market.caps[cap];
        bool found = false;

        if (rule->unit != line->unit_of[account->measure] ||
            !market_binds(rule, account->device, line->route))
            continue;
        for (size_t i = 0; i < tables->pool_count; i++) {
            const struct base_pool *pool = &tables->pools[i];

            if (pool->cap != cap || pool->from_ms > world->now_ms || pool->to_ms <= world->now_ms)
                continue;
            found = base_set_has(&account->held, (unsigned)i);
            if (pool->credit.spent + pool->credit.outstanding > rule->limit)
                findings_add(&world->findings,
                             "I2: a grant of %s/%u to device %u: %lld spent and %lld outstanding, "
                             "limit %lld",
                             line->wire.line_id, account->measure, account->device,
                             (long long)pool->credit.spent, (long long)pool->credit.outstanding,
                             (long long)rule->limit);
        }
        if (!found)
            findings_add(&world->findings, "I2: a grant of %s/%u to device %u without its pool",
                         line->wire.line_id, account->measure, account->device);
    }
}

static void say_changes(struct world *world, const struct base_tables *before,
                        const struct base_tables *after)
{
    static const struct grant_account none;

    for (size_t i = 0; world->trace && i < after->account_count; i++) {
        const struct base_account *account = &after->accounts[i];
        const struct grant_account *was =
            i < before->account_count ? &before->accounts[i].credit : &none;
        const struct grant_account *is = &account->credit;

        if (is->granted == was->granted && is->returned == was->returned &&
            is->settled == was->settled && is->charged == was->charged &&
            is->return_to == was->return_to)
            continue;
        world_say(world,
                  "  journal %u %s/%u: granted %llu, settled %llu, returned %llu, charged %llu, "
                  "asked back to %llu",
                  account->journal, world->market.lines[account->line].wire.line_id,
                  account->measure, (unsigned long long)is->granted,
                  (unsigned long long)is->settled, (unsigned long long)is->returned,
                  (unsigned long long)is->charged, (unsigned long long)is->return_to);
    }
}

void judge_commit(struct world *world, const struct base_tables *before,
                  const struct base_tables *after)
{
    say_changes(world, before, after);
    for (size_t i = before->pool_count; i < after->pool_count; i++)
        world->judge.booked[i] = 0;
    for (size_t i = before->row_count; i < after->row_count; i++)
        count_row(world, after, i);
    check_sums(world, after);
}

/* ---- restores ---- */

static void recount(struct world *world)
{
    struct judge *judge = &world->judge;
    const struct base_tables *tables = &world->base.committed;

    for (size_t i = 0; i < judge->attempt_count; i++)
        judge->attempts[i].booked = 0;
    judge->pending_count = 0;
    memset(judge->booked, 0, sizeof judge->booked);
    for (size_t i = 0; i < tables->row_count; i++)
        count_row(world, tables, i);
    for (size_t i = 0; i < judge->attempt_count; i++)
        if (judge->attempts[i].is_open && judge->attempts[i].booked == 0)
            judge->pending[judge->pending_count++] = (unsigned)i;
}

/* What the database forgets, and what robots have of it, is explained until they are heard. A child
 * journal files again what its parent had pending, but not what a backup has forgotten. */
void judge_restore(struct world *world, const struct base_tables *lost,
                   const struct base_tables *backup)
{
    for (size_t i = backup->journal_count; i < lost->journal_count; i++)
        if (lost->journals[i].parent_journal != BASE_NONE)
            excuse_device(world, lost->journals[i].device);
    for (size_t i = backup->row_count; i < lost->row_count; i++) {
        const struct base_row *row = &world->base.rows[i];

        for (unsigned cap = 0; cap < world->market.cap_count; cap++)
            if (market_binds(&world->market.caps[cap], row->device,
                             world->market.lines[row->line].route))
                world->judge.excess[cap] += row->booked[world->market.caps[cap].unit];
    }
    for (size_t i = 0; i < world->judge.pending_count; i++) {
        const struct judge_attempt *attempt = &world->judge.attempts[world->judge.pending[i]];

        for (unsigned cap = 0; cap < world->market.cap_count; cap++)
            if (counts(world, cap, attempt->device, &world->market.lines[attempt->line]))
                world->judge.excess[cap] += attempt->amounts[world->market.caps[cap].unit];
    }
    for (size_t i = 0; i < world->robot_count; i++) {
        wire_CreditUse uses[LIMIT_CREDIT_LINES];
        pb_size_t count = 0;

        if (!world->robots[i].journal)
            continue;
        journal_credit(world->robots[i].journal, uses, &count);
        explain_copy(world, world->robots[i].device, uses, count);
    }
}

void judge_restored(struct world *world)
{
    recount(world);
    check_sums(world, &world->base.committed);
}

/* ---- after every event ---- */

static int64_t time_of(const struct world *world, const struct judge_attempt *attempt)
{
    const struct base_tables *tables = &world->base.committed;
    const unsigned journal = tables->devices[attempt->device].journal;
    int64_t at_ms = attempt->nominal_ms;

    if (journal != BASE_NONE && at_ms < tables->journals[journal].confirmed_ms)
        at_ms = tables->journals[journal].confirmed_ms;
    return at_ms;
}

static bool is_in(const struct world *world, const struct base_pool *pool,
                  const struct judge_attempt *attempt)
{
    const int64_t at_ms = time_of(world, attempt);

    return at_ms >= pool->from_ms && at_ms < pool->to_ms && at_ms <= world->now_ms &&
           attempt->began_ms >= world->market.caps[pool->cap].since_ms &&
           at_ms >= world->market.caps[pool->cap].since_ms &&
           counts(world, pool->cap, attempt->device, &world->market.lines[attempt->line]);
}

static void say_cover(struct world *world, const struct base_pool *pool)
{
    const struct judge *judge = &world->judge;
    const struct market_cap *cap = &world->market.caps[pool->cap];

    for (size_t i = 0; i < judge->pending_count; i++) {
        const unsigned place = judge->pending[i];
        const struct judge_attempt *attempt = &judge->attempts[place];

        if (is_in(world, pool, attempt) && attempt->amounts[cap->unit] > 0)
            world_say(world, "  attempt %u of robot %u on %s, begun at %lld, to be booked at %lld",
                      place, attempt->robot, world->market.lines[attempt->line].wire.line_id,
                      (long long)attempt->began_ms, (long long)time_of(world, attempt));
    }
    for (size_t i = 0; i < world->base.committed.account_count; i++) {
        const struct base_account *account = &world->base.committed.accounts[i];

        if (base_set_has(&account->held, (unsigned)(pool - world->base.committed.pools)))
            world_say(world, "  journal %u %s/%u: %llu outstanding", account->journal,
                      world->market.lines[account->line].wire.line_id, account->measure,
                      (unsigned long long)grant_outstanding(&account->credit));
    }
    world_say(world, "  cap %u, from %lld to %lld", pool->cap, (long long)pool->from_ms,
              (long long)pool->to_ms);
}

/* What was really used and is not booked is covered by what is out. */
static void check_cover(struct world *world)
{
    const struct judge *judge = &world->judge;
    const struct base_tables *tables = &world->base.committed;

    for (size_t i = 0; i < tables->pool_count; i++) {
        const struct base_pool *pool = &tables->pools[i];
        const struct market_cap *cap = &world->market.caps[pool->cap];
        int64_t used = 0;

        for (size_t j = 0; j < judge->pending_count; j++)
            used += is_in(world, pool, &judge->attempts[judge->pending[j]])
                        ? judge->attempts[judge->pending[j]].amounts[cap->unit]
                        : 0;
        const int64_t cover = pool->credit.spent - judge->booked[i] + pool->credit.outstanding +
                              judge->excess[pool->cap];
        if (used <= cover)
            continue;
        say_cover(world, pool);
        findings_add(&world->findings,
                     "I2: pool %zu: %lld was used that is not booked, but only %lld is out or "
                     "explained",
                     i, (long long)used, (long long)cover);
    }
}

void judge_step(struct world *world, struct robot *robot)
{
    if (robot && robot->journal)
        check_robot(world, robot);
    check_cover(world);
}

/* ---- at the end ---- */

static bool is_judged(const struct world *world, const struct robot *robot)
{
    const unsigned journal = robot->journal ? journal_of(world, robot) : BASE_NONE;

    return robot->powered && !robot->quarantined && journal != BASE_NONE &&
           world->base.committed.journals[journal].status != BASE_QUARANTINED;
}

/* NULL: its account is what the robot can still use. */
static const char *compare(const struct base_account *account, const wire_CreditAmount *amount)
{
    const struct grant_account *credit = &account->credit;
    const uint64_t gone = amount->used + amount->returned;
    const uint64_t usable = amount->granted_seen > gone ? amount->granted_seen - gone : 0;

    /* of a line that is gone nothing more is told */
    if (credit->granted != amount->granted_seen &&
        !(credit->is_closed && grant_outstanding(credit) == 0))
        return "a grant has not arrived";
    if (credit->returned != amount->returned)
        return "a return has not arrived";
    if (amount->open > 0)
        return "a reservation is left open";
    if (credit->settled != amount->used)
        return "what was used is not settled";
    if (grant_outstanding(credit) != usable)
        return "what is outstanding is not what is usable";
    return NULL;
}

static void say_amount(struct world *world, const struct robot *robot,
                       const struct base_account *account, const wire_CreditAmount *amount)
{
    world_say(
        world,
        "robot %u %s/%u: granted %llu, used %llu, returned %llu; the account: granted %llu, "
        "settled %llu, returned %llu, charged %llu, presumed %llu",
        robot->number, world->market.lines[account->line].wire.line_id, account->measure,
        (unsigned long long)amount->granted_seen, (unsigned long long)amount->used,
        (unsigned long long)amount->returned, (unsigned long long)account->credit.granted,
        (unsigned long long)account->credit.settled, (unsigned long long)account->credit.returned,
        (unsigned long long)account->credit.charged, (unsigned long long)account->credit.presumed);
}

static bool accounts_agree(struct world *world, const struct robot *robot, const char **why)
{
    const struct base_tables *tables = &world->base.committed;
    const unsigned journal = journal_of(world, robot);
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;

    journal_credit(robot->journal, uses, &count);
    for (pb_size_t i = 0; i < count; i++) {
        const struct market_line *line = market_find_line(&world->market, uses[i].line_id);

        for (pb_size_t j = 0; line && j < uses[i].amounts_count; j++) {
            const struct base_account *account = find_account(
                tables, journal, (unsigned)(line - world->market.lines), j, tables->epoch);

            *why = account ? compare(account, &uses[i].amounts[j]) : NULL;
            if (!*why)
                continue;
            say_amount(world, robot, account, &uses[i].amounts[j]);
            return false;
        }
    }
    return true;
}

static bool robot_is_settled(struct world *world, const struct robot *robot, const char **why)
{
    *why = "a robot is not ready";
    if (robot->retired)
        return true;
    if (!robot->powered || robot->phase != ROBOT_READY)
        return false;
    if (!is_judged(world, robot))
        return true;
    *why = "a robot is of another epoch";
    if (robot->memory.epoch != world->base.committed.epoch)
        return false;
    *why = "records are pending";
    if (journal_pending(robot->journal) > 0)
        return false;
    /* what one disk returned or used, a copy of it may not know */
    return world->judge.copied[robot->device] || accounts_agree(world, robot, why);
}

bool judge_is_settled(struct world *world, const char **why)
{
    for (size_t i = 0; i < world->robot_count; i++)
        if (!robot_is_settled(world, &world->robots[i], why))
            return false;
    return true;
}

void judge_end(struct world *world)
{
    const struct judge *judge = &world->judge;
    const char *why;

    for (size_t i = 0; i < world->robot_count; i++)
        if (!robot_is_settled(world, &world->robots[i], &why))
            findings_add(&world->findings, "I1: robot %zu does not settle: %s", i, why);
    for (size_t i = 0; i < judge->attempt_count; i++) {
        const struct judge_attempt *attempt = &judge->attempts[i];

        if (attempt->is_sent && attempt->booked != 1 && !attempt->excused &&
            !judge->copied[attempt->device])
            findings_add(&world->findings, "I1: attempt %zu is counted %u times in the end", i,
                         attempt->booked);
    }
    recount(world);
    check_sums(world, &world->base.committed);
}
