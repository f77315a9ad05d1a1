#include "tests/simulation/credit/server.h"

#include <string.h>

#include "tests/simulation/credit/accounts.h"
#include "tests/simulation/credit/world.h"

#define COMMIT_MS       40
#define SLOW_COMMIT_MS  4000
#define JOBS_MS         5000
#define STALE_WINDOW_MS 60000

static const uint8_t no_id[16];

/* What a transaction leaves to be told once it is committed. */
struct told {
    unsigned states; /* a bit per device */
    unsigned hellos; /* to be asked for */
    unsigned usages; /* to be asked for */
    size_t floors;
    struct {
        unsigned device;
        wire_Session session;
        uint64_t floor;
    } floor[SERVER_QUEUE];
};

/* What the rules of one message work on. */
struct hearing {
    struct world *world;
    struct base_tables *tables;
    struct server_batch *batch;
    struct told *told;
    struct base_device *device;
    unsigned number; /* of the device */
    bool is_newest;
};

/* ---- journals, as server/bus/hearing.c takes them ---- */

static void inherit(struct hearing *hearing, unsigned child)
{
    struct base_tables *tables = hearing->tables;
    struct base_journal *journal = &tables->journals[child];
    const unsigned place = base_find_journal(tables, journal->device, journal->parent.id);
    struct base_journal *parent = place == BASE_NONE ? NULL : &tables->journals[place];

    if (!parent)
        return;
    if (parent->children > 0) {
        journal->status = BASE_QUARANTINED;
        return;
    }
    parent->status = BASE_FORKED;
    parent->children++;
    journal->parent_journal = place;
    journal->confirmed_ms = parent->confirmed_ms;
    hearing->batch->parents[hearing->batch->parent_count++] = place;
}

static unsigned start_journal(struct hearing *hearing, const wire_JournalHead *head)
{
    char device_id[8];
    const unsigned place = base_add_journal(hearing->tables, hearing->number, head->id);
    struct base_journal *journal = &hearing->tables->journals[place];

    robot_name(hearing->number, device_id);
    if (head->parent_id.size == sizeof journal->parent.id) {
        memcpy(journal->parent.id, head->parent_id.bytes, sizeof journal->parent.id);
        journal->parent.seq = head->parent_seq;
        memcpy(journal->parent.hash, head->parent_hash.bytes, sizeof journal->parent.hash);
    }
    chain_start(device_id, journal->id, &journal->parent, journal->ledger.hash);
    if (memcmp(journal->parent.id, no_id, sizeof no_id) != 0)
        inherit(hearing, place);
    return place;
}

static void greet_journal(struct hearing *hearing, const wire_JournalHead *head)
{
    unsigned place = base_find_journal(hearing->tables, hearing->number, head->id);

    if (place == BASE_NONE)
        place = start_journal(hearing, head);
    hearing->device->journal = place;
    struct base_journal *journal = &hearing->tables->journals[place];
    if (journal->status != BASE_OPEN)
        return;
    const enum ledger_verdict verdict =
        ledger_greet(&journal->ledger, head->head_seq, head->head_hash.bytes, head->tail_seq);
    if (verdict == LEDGER_GAP)
        judge_gap(hearing->world, hearing->number);
    if (verdict == LEDGER_FORK || verdict == LEDGER_GAP)
        journal->status = BASE_FORKED;
}

/* ---- records ---- */

/* By the attempt's start, not before the state that it knew nor after its arrival, nor before what
 * its journal confirmed. */
static int64_t booking_time(const struct world *world, const struct base_journal *journal,
                            const wire_UsageRecord *record)
{
    int64_t at_ms = record->start_ms + record->clock_offset_ms;

    if (at_ms < record->state_time_ms)
        at_ms = record->state_time_ms;
    at_ms -= WORLD_EPOCH_MS;
    if (at_ms < journal->confirmed_ms)
        at_ms = journal->confirmed_ms;
    return at_ms > world->now_ms ? world->now_ms : at_ms < 0 ? 0 : at_ms;
}

static bool is_booked(const struct world *world, const struct base_tables *tables, unsigned attempt)
{
    for (size_t i = tables->row_count; i-- > 0;)
        if (world->base.rows[i].attempt == attempt)
            return true;
    return false;
}

static void book(struct hearing *hearing, unsigned place, const wire_UsageRecord *record)
{
    struct world *world = hearing->world;
    const struct base_journal *journal = &hearing->tables->journals[place];
    const struct market_line *line = market_find_line(&world->market, record->line_id);
    const unsigned attempt = judge_attempt_of(record->turn);

    if (journal->parent_journal != BASE_NONE && is_booked(world, hearing->tables, attempt))
        return; /* its parent brought it */
    struct base_row *row = base_add_row(&world->base, hearing->tables);
    *row = (struct base_row){
        .attempt = attempt,
        .device = hearing->number,
        .journal = place,
        .line = (unsigned)(line - world->market.lines),
        .seq = record->seq,
        .at_ms = booking_time(world, journal, record),
        .provenance = record->provenance,
    };
    for (unsigned unit = 0; unit < MARKET_UNITS; unit++)
        row->booked[unit] = market_booked(line, (enum market_unit)unit, record);
    judge_record(world, record);
    world->coverage->records++;
    hearing->batch->records[hearing->batch->record_count++] =
        (struct server_record){(unsigned)(row - world->base.rows), *record};
}

static void take_records(struct hearing *hearing, const wire_UsageBatch *usage)
{
    struct base_journal *journal = &hearing->tables->journals[hearing->device->journal];
    struct span records[LIMIT_BATCH_RECORDS];
    const struct ledger_batch batch = {usage->first_seq, usage->previous_hash, records,
                                       usage->records_count};
    wire_UsageRecord record;
    size_t skip = 0;

    for (pb_size_t i = 0; i < usage->records_count; i++)
        records[i] = span_of(usage->records[i].bytes, usage->records[i].size);
    const enum ledger_verdict verdict = ledger_take(&journal->ledger, &batch, &skip);
    if (verdict == LEDGER_FORK)
        journal->status = BASE_FORKED;
    if (verdict == LEDGER_GAP)
        hearing->told->usages |= 1u << hearing->number;
    for (size_t i = skip; verdict == LEDGER_NEW && i < batch.count; i++) {
        if (message_decode(MESSAGE_USAGE_RECORD, records[i], &record) != STATUS_OK)
            findings_add(&hearing->world->findings, "I1: a record cannot be read");
        else
            book(hearing, hearing->device->journal, &record);
    }
}

/* ---- messages ---- */

/* By the watermark before this batch, whose own records are settled after all was heard. */
static bool is_at_rest(const struct hearing *hearing, const wire_JournalHead *head)
{
    const struct base_tables *before = &hearing->world->base.committed;
    const unsigned place = hearing->device->journal;

    return head->open_attempts == 0 && place < before->journal_count &&
           head->head_seq <= before->journals[place].ledger.seq;
}

/* What a message says of credit, once its session's hello said that it is of this epoch. */
static void take_credit(struct hearing *hearing, const wire_UpHeader *header,
                        const wire_JournalHead *head, const wire_CreditUse *uses, size_t count)
{
    const struct base_tables *tables = hearing->tables;
    const struct base_device *device = hearing->device;
    const int64_t made_ms = header->device_time_ms + device->offset_ms - WORLD_EPOCH_MS;
    const struct accounts_message message = {
        .device = hearing->number,
        .journal = device->journal,
        .is_newest = hearing->is_newest,
        .is_at_rest = head && is_at_rest(hearing, head),
        .made_ms = made_ms < hearing->world->now_ms ? made_ms : hearing->world->now_ms,
    };

    if (tables->journals[device->journal].status != BASE_OPEN)
        return;
    if (header->counter < device->epoch_counter)
        return;
    if (device->epoch_heard != tables->epoch) {
        hearing->told->hellos |= 1u << hearing->number;
        return;
    }
    accounts_refresh(hearing->world, hearing->tables, hearing->number);
    struct server_claim *claim = &hearing->batch->claims[hearing->batch->claim_count++];
    claim->message = message;
    claim->count = count;
    memcpy(claim->uses, uses, count * sizeof *uses);
}

static void take_hello(struct hearing *hearing, const wire_Hello *hello)
{
    hearing->told->states |= 1u << hearing->number;
    world_say(hearing->world, "  hello of device %u: epoch %u, head %llu", hearing->number,
              hello->epoch_seen, (unsigned long long)hello->journal.head_seq);
    if (!hearing->is_newest)
        return;
    hearing->device->offset_ms = world_wall_ms(hearing->world) - hello->header.device_time_ms;
    hearing->device->epoch_heard = hello->epoch_seen;
    hearing->device->epoch_counter = hello->header.counter;
    greet_journal(hearing, &hello->journal);
    if (hello->epoch_seen == hearing->tables->epoch) {
        take_credit(hearing, &hello->header, &hello->journal, hello->credit, hello->credit_count);
    } else if (hearing->tables->journals[hearing->device->journal].status == BASE_OPEN) {
        accounts_refresh(hearing->world, hearing->tables, hearing->number);
    }
}

static void take_usage(struct hearing *hearing, const wire_UsageBatch *usage)
{
    const struct base_device *device = hearing->device;

    hearing->told->states |= 1u << hearing->number;
    if (!device->session.has_hello || device->journal == BASE_NONE ||
        memcmp(hearing->tables->journals[device->journal].id, usage->journal_id,
               sizeof usage->journal_id) != 0) {
        hearing->told->hellos |= 1u << hearing->number;
        return;
    }
    if (hearing->tables->journals[device->journal].status != BASE_OPEN)
        return;
    take_records(hearing, usage);
    take_credit(hearing, &usage->header, NULL, usage->credit, usage->credit_count);
}

static void take_report(struct hearing *hearing, const wire_Report *report)
{
    const struct base_device *device = hearing->device;

    hearing->told->states |= 1u << hearing->number;
    if (!device->session.has_hello || device->journal == BASE_NONE ||
        memcmp(hearing->tables->journals[device->journal].id, report->journal.id,
               sizeof report->journal.id) != 0) {
        hearing->told->hellos |= 1u << hearing->number;
        return;
    }
    take_credit(hearing, &report->header, &report->journal, report->credit, report->credit_count);
}

/* ---- sessions ---- */

static bool is_of_session(struct hearing *hearing, const wire_UpHeader *header, bool is_hello)
{
    struct base_device *device = hearing->device;
    const int64_t now_ms = world_wall_ms(hearing->world);
    const struct session_claim claim = {
        .number = header->session.number,
        .id = header->session.id,
        .counter = header->counter,
        .sent_ms = now_ms,
        .is_hello = is_hello,
    };
    struct session_note note;
    const enum session_verdict verdict =
        session_judge(&device->session, &claim, STALE_WINDOW_MS, now_ms, &note);

    hearing->is_newest = note.newest;
    if (verdict == SESSION_FLOOR && hearing->told->floors < SERVER_QUEUE) {
        const size_t place = hearing->told->floors++;

        hearing->told->floor[place].device = hearing->number;
        hearing->told->floor[place].session = header->session;
        hearing->told->floor[place].floor = device->session.number;
    }
    if (verdict == SESSION_ADOPTED)
        device->epoch_heard = 0;
    return verdict == SESSION_CURRENT || verdict == SESSION_ADOPTED;
}

static void hear(struct world *world, struct base_tables *tables, unsigned slot, struct told *told)
{
    struct server_batch *batch = &world->batch;
    const struct mail_message *message = &world->mail.slots[slot];
    const unsigned number = world->robots[message->head.robot].device;
    struct hearing hearing = {world, tables, batch, told, &tables->devices[number], number, false};
    union world_scratch *in = &world->incoming;

    if (message_decode(message->head.type, span_of(message->bytes, message->size), in) !=
        STATUS_OK) {
        findings_add(&world->findings, "a message of robot %u cannot be read", number);
        return;
    }
    switch (message->head.type) {
    case MESSAGE_HELLO:
        if (is_of_session(&hearing, &in->hello.header, true))
            take_hello(&hearing, &in->hello);
        break;
    case MESSAGE_USAGE_BATCH:
        if (is_of_session(&hearing, &in->usage.header, false))
            take_usage(&hearing, &in->usage);
        break;
    default:
        if (is_of_session(&hearing, &in->report.header, false))
            take_report(&hearing, &in->report);
        break;
    }
}

/* ---- telling ---- */

static void tell(struct world *world, unsigned device, const wire_State *state)
{
    for (unsigned i = 0; i < world->robot_count; i++) {
        const struct robot *robot = &world->robots[i];

        if (robot->device == device && robot->phase != ROBOT_OFFLINE)
            mail_send_down(world, i, robot->connection, state);
    }
}

static wire_State *new_state(struct world *world, const wire_Session *session)
{
    wire_State *state = &world->scratch.state;

    *state = (wire_State)wire_State_init_zero;
    state->has_header = true;
    state->header.has_session = true;
    state->header.session = *session;
    state->header.epoch = world->base.committed.epoch;
    state->header.server_time_ms = world_wall_ms(world);
    return state;
}

static void tell_state(struct world *world, unsigned device, const struct told *told)
{
    static const wire_JournalVerdict verdicts[] = {
        [BASE_OPEN] = wire_JournalVerdict_JOURNAL_ACCEPTED,
        [BASE_FORKED] = wire_JournalVerdict_JOURNAL_FORKED,
        [BASE_QUARANTINED] = wire_JournalVerdict_JOURNAL_QUARANTINED,
    };
    const struct base_tables *tables = &world->base.committed;
    const struct base_device *row = &tables->devices[device];
    wire_Session session = {.number = row->session.number};

    if (row->session.number == 0)
        return;
    memcpy(session.id, row->session.id, sizeof session.id);
    wire_State *state = new_state(world, &session);
    state->want_hello = told->hellos >> device & 1;
    state->want_usage = told->usages >> device & 1;
    if (row->journal != BASE_NONE) {
        const struct base_journal *journal = &tables->journals[row->journal];

        memcpy(state->journal_id, journal->id, sizeof state->journal_id);
        state->acknowledged_seq = journal->ledger.seq;
        state->acknowledged_hash.size = CRYPTO_HASH_SIZE;
        memcpy(state->acknowledged_hash.bytes, journal->ledger.hash, CRYPTO_HASH_SIZE);
        state->journal_verdict = verdicts[journal->status];
        accounts_fill(world, tables, device, state);
    }
    tell(world, device, state);
}

static void tell_all(struct world *world, const struct told *told)
{
    for (size_t i = 0; i < told->floors; i++) {
        wire_State *state = new_state(world, &told->floor[i].session);

        state->session_floor = told->floor[i].floor;
        tell(world, told->floor[i].device, state);
    }
    for (unsigned device = 0; device < world->plan.devices; device++)
        if ((told->states | told->hellos) >> device & 1)
            tell_state(world, device, told);
}

/* ---- transactions ---- */

static unsigned states_of_all(const struct world *world)
{
    unsigned states = 0;

    for (size_t i = 0; i < world->robot_count; i++)
        states |= robot_states(&world->robots[i]);
    return states;
}

/* False: the server died before it; true and *silent: after it. */
static bool commit(struct world *world, bool *silent)
{
    struct base *base = &world->base;
    const bool dies = world_chance(world, world->plan.commit);

    *silent = dies && world_between(world, 0, 1) == 1;
    if (dies)
        coverage_count(world->coverage, *silent ? COVERAGE_AFTER_COMMIT : COVERAGE_BEFORE_COMMIT,
                       states_of_all(world));
    if (dies && !*silent)
        return false;
    judge_commit(world, &base->committed, &base->work);
    base_copy(&base->committed, &base->work);
    return true;
}

/* In the order of server/bus/crediting.c: what devices say, what their records settle, what ended,
 * what is granted. */
static void credit(struct world *world, struct base_tables *tables)
{
    const struct server_batch *batch = &world->batch;

    for (size_t i = 0; i < batch->claim_count; i++)
        accounts_hear(world, tables, &batch->claims[i].message, batch->claims[i].uses,
                      batch->claims[i].count);
    for (size_t i = 0; i < batch->record_count; i++)
        accounts_book(world, tables, &world->base.rows[batch->records[i].row],
                      &batch->records[i].record);
    for (size_t i = 0; i < batch->parent_count; i++)
        accounts_close_parent(world, tables, batch->parents[i]);
    for (size_t i = 0; i < batch->claim_count; i++)
        accounts_grant(world, tables, batch->claims[i].message.device);
}

void server_commit(struct world *world, unsigned server)
{
    struct server *instance = &world->servers[server];
    struct base *base = &world->base;
    struct told told = {0};
    bool silent;

    instance->planned = false;
    base_copy(&base->work, &base->committed);
    accounts_roll(world, &base->work);
    world->batch.claim_count = world->batch.record_count = world->batch.parent_count = 0;
    for (size_t i = 0; i < instance->queued; i++) {
        hear(world, &base->work, instance->slots[i], &told);
        mail_free(world, instance->slots[i]);
    }
    instance->queued = 0;
    credit(world, &base->work);
    if (commit(world, &silent) && !silent)
        tell_all(world, &told);
}

/* Mostly at once; now and then the database is slow, and messages come together. */
static int64_t commit_delay(struct world *world)
{
    return world_between(world, 0, 9) == 0 ? world_between(world, 100, SLOW_COMMIT_MS)
                                           : world_between(world, 1, COMMIT_MS);
}

void server_arrive(struct world *world, unsigned slot)
{
    unsigned server = (unsigned)world_between(world, 0, (int64_t)world->plan.servers - 1);

    if (world->servers[server].down)
        server = world->plan.servers - 1 - server;
    struct server *instance = &world->servers[server];
    if (instance->down || instance->queued == SERVER_QUEUE) {
        mail_free(world, slot);
        return;
    }
    instance->slots[instance->queued++] = slot;
    if (!instance->planned)
        world_after(world, commit_delay(world), WORLD_COMMIT, server, instance->life, 0);
    instance->planned = true;
}

void server_jobs(struct world *world)
{
    struct base *base = &world->base;
    struct told told = {0};
    bool silent;

    world_after(world, JOBS_MS, WORLD_JOBS, 0, 0, 0);
    base_copy(&base->work, &base->committed);
    accounts_roll(world, &base->work);
    told.states = accounts_recall(world, &base->work);
    if (commit(world, &silent) && !silent)
        tell_all(world, &told);
}

void server_change_caps(struct world *world)
{
    struct base *base = &world->base;

    base_copy(&base->work, &base->committed);
    accounts_roll(world, &base->work);
    judge_commit(world, &base->committed, &base->work);
    base_copy(&base->committed, &base->work);
}

void server_kill(struct world *world, unsigned server)
{
    struct server *instance = &world->servers[server];

    for (size_t i = 0; i < instance->queued; i++)
        mail_free(world, instance->slots[i]);
    instance->queued = 0;
    instance->planned = false;
    instance->life++;
    coverage_count(world->coverage, COVERAGE_SERVER_KILLED, states_of_all(world));
}

void server_back_up(struct world *world)
{
    base_copy(&world->base.backup, &world->base.committed);
    world->base.has_backup = true;
}

void server_restore(struct world *world)
{
    struct base *base = &world->base;
    const uint32_t epoch = base->committed.epoch + 1;

    if (!base->has_backup)
        return;
    coverage_count(world->coverage, COVERAGE_RESTORED, states_of_all(world));
    judge_restore(world, &base->committed, &base->backup);
    base_copy(&base->committed, &base->backup);
    base->committed.epoch = epoch;
    base->has_backup = false; /* its epochs are used up */
    accounts_renew(world, &base->committed);
    judge_restored(world);
    world_say(world, "the database is restored: epoch %u", epoch);
}
