#include "server/bus/hearing.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/encode.h"
#include "server/bus/records.h"

/* What the rules of one message kind work on. */
struct hearing {
    struct store_conn *conn;
    struct batch *batch;
    struct batch_device *device;
    struct link_row *row;
    const struct intake_item *item;
    bool newest; /* no later message of its session came before it */
};

static const uint8_t no_id[16];

/* ---- generations ---- */

/* The hash is noted before a content is first sent, so while there is none no device can hold this
 * generation from us: then it comes from a database that has since been restored. */
static bool is_other_content(const struct link_row *row, struct span hash)
{
    return hash.size > 0 && !span_equal(row->desired_hash, hash);
}

/* A device that holds what this database never made (it was restored) gets a number above it. */
static void raise_above(struct link_row *row, uint64_t generation)
{
    if ((int64_t)generation >= row->desired_generation) {
        row->desired_generation = (int64_t)generation + 1;
        row->desired_hash = span_of(NULL, 0);
    }
}

static void note_running(struct hearing *hearing)
{
    struct link_row *row = hearing->row;
    const uint64_t generation = hearing->item->generation;

    if (!hearing->newest)
        return;
    if ((int64_t)generation != row->reported_generation)
        hearing->device->told = true;
    row->reported_generation = (int64_t)generation;
    row->reported_hash = hearing->item->config_hash;
    row->reported_at_ms = hearing->item->arrived_ms;
    if ((int64_t)generation > row->desired_generation ||
        ((int64_t)generation == row->desired_generation &&
         is_other_content(row, hearing->item->config_hash)))
        raise_above(row, generation);
}

/* ---- journals ---- */

static const char *journal_detail(struct hearing *hearing, const uint8_t id[16], const char *what)
{
    char text[ENCODE_UUID_SIZE];

    encode_uuid(id, text);
    return arena_format(hearing->batch->arena, "{\"journal\":\"%s\",\"problem\":\"%s\"}", text,
                        what);
}

static void fork_journal(struct hearing *hearing, struct journal_row *journal, const char *why)
{
    journal->status = JOURNAL_IS_FORKED;
    hearing->batch->stats.forks++;
    batch_alarm(hearing->batch, "journal_forked", "critical", hearing->row->device_id,
                journal_detail(hearing, journal->journal_id, why));
}

/* A journal that names a parent closes it and goes on from there; a second one that does so is the
 * sign of two robots with one identity. */
static void inherit(struct hearing *hearing, struct journal_row *journal)
{
    struct journal_row *parent =
        batch_find_journal(hearing->batch, hearing->row->device_id, journal->parent.id);

    if (!parent) {
        batch_alarm(hearing->batch, "journal_parent_unknown", "warning", hearing->row->device_id,
                    journal_detail(hearing, journal->parent.id,
                                   "a new journal continues one that is not known here"));
    } else if (parent->children > 0) {
        journal->status = JOURNAL_IS_QUARANTINED;
        hearing->device->is_copied = true;
        batch_alarm(hearing->batch, "journal_quarantined", "critical", hearing->row->device_id,
                    journal_detail(hearing, journal->journal_id,
                                   "two journals continue the same one: the robot's disk was "
                                   "copied"));
    } else {
        parent->status = JOURNAL_IS_FORKED;
        parent->children++;
        journal->covered = (int64_t)gap_covered(hearing->item->hello->refiled, journal->parent.seq,
                                                (uint64_t)parent->adjusted_seq);
    }
}

static struct journal_row *start_journal(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    struct journal_row *journal =
        batch_add_journal(hearing->batch, item->device_id, item->journal_id);

    journal->parent = item->hello->parent;
    chain_start(item->device_id, item->journal_id, &journal->parent, journal->ledger.hash);
    if (memcmp(journal->parent.id, no_id, sizeof no_id) != 0)
        inherit(hearing, journal);
    return journal;
}

/* How many of the journal's first records its parent may have brought. */
static uint64_t count_in_parent(struct hearing *hearing, const struct journal_row *journal)
{
    const struct journal_row *parent =
        batch_find_journal(hearing->batch, hearing->row->device_id, journal->parent.id);

    return parent
               ? gap_covered(hearing->item->hello->refiled, journal->parent.seq, parent->ledger.seq)
               : 0;
}

static struct gap_totals totals_of(const wire_UsageRecord *sum)
{
    struct gap_totals totals = {.is_known = true};

    records_quantities(sum, totals.classes);
    return totals;
}

/* The device's oldest record follows what it dropped; its head does when it holds none. */
static bool is_in_place(const struct intake_hello *hello, const wire_JournalDropped *dropped)
{
    if (hello->tail_seq > 0)
        return dropped->sum.seq == hello->tail_seq - 1 && hello->tail_seq <= hello->head_seq;
    return dropped->sum.seq == hello->head_seq &&
           memcmp(dropped->hash, hello->head_hash, sizeof dropped->hash) == 0;
}

static void note_lost(struct hearing *hearing, const struct journal_row *journal,
                      const wire_JournalDropped *dropped, uint64_t requests)
{
    char text[ENCODE_UUID_SIZE];

    encode_uuid(journal->journal_id, text);
    batch_alarm(hearing->batch, "usage_lost", "warning", hearing->row->device_id,
                arena_format(hearing->batch->arena,
                             "{\"journal\":\"%s\",\"after\":%llu,\"until\":%llu,\"requests\":%llu,"
                             "\"problem\":\"records of the journal were lost: what they add up to "
                             "is booked as an adjustment\"}",
                             text, (unsigned long long)journal->ledger.seq,
                             (unsigned long long)dropped->sum.seq, (unsigned long long)requests));
}

/* Counts what was lost and moves the watermark behind it, in this transaction: the next hello finds
 * no gap. */
static enum status adjust(struct hearing *hearing, struct journal_row *journal,
                          const wire_JournalDropped *dropped, const struct gap_totals *told,
                          const uint64_t lost[GAP_CLASSES])
{
    struct batch *batch = hearing->batch;
    const struct records_origin origin = {
        .device_id = hearing->row->device_id,
        .journal_id = journal->journal_id,
        .seq = dropped->sum.seq,
        .arrived_ms = hearing->item->arrived_ms,
    };
    enum status status = records_adjust(&origin, &dropped->sum, lost, batch->terms, batch->arena,
                                        &batch->records[batch->record_count]);

    if (status != STATUS_OK)
        return status;
    batch->may_be_refiled[batch->record_count++] = false;
    note_lost(hearing, journal, dropped, lost[MEASURE_REQUESTS]);
    journal->ledger.seq = dropped->sum.seq;
    memcpy(journal->ledger.hash, dropped->hash, sizeof journal->ledger.hash);
    journal->totals = *told;
    journal->adjusted_seq = (int64_t)dropped->sum.seq;
    batch->stats.adjustments++;
    return STATUS_OK;
}

static enum status judge_gap(struct hearing *hearing, struct journal_row *journal)
{
    static const char *const problems[] = {
        [GAP_UNKNOWN] = "records between the last one counted and its oldest one are lost, and "
                        "what they add up to is not known",
        [GAP_IN_DOUBT] = "records between the last one counted and its oldest one are lost, and "
                         "some of them may have been counted before the journal forked",
        [GAP_NONSENSE] = "records between the last one counted and its oldest one are lost, and "
                         "what the robot says they add up to cannot be",
    };
    const struct intake_hello *hello = hearing->item->hello;
    const wire_JournalDropped *dropped = hello->dropped;
    const struct gap_totals told = dropped ? totals_of(&dropped->sum) : (struct gap_totals){0};
    const struct gap_claim claim = {
        .counted_seq = journal->ledger.seq,
        .lost_seq = dropped ? dropped->sum.seq : 0,
        .counted = &journal->totals,
        .told = &told,
        .in_parent = count_in_parent(hearing, journal),
    };
    uint64_t lost[GAP_CLASSES];
    enum gap_verdict verdict = gap_judge(&claim, lost);

    if (verdict != GAP_UNKNOWN && !is_in_place(hello, dropped))
        verdict = GAP_NONSENSE;
    hearing->batch->stats.gaps++;
    if (verdict == GAP_MEASURED)
        return adjust(hearing, journal, dropped, &told, lost);
    if (verdict == GAP_NONSENSE)
        batch_alarm(hearing->batch, "usage_totals_refused", "critical", hearing->row->device_id,
                    journal_detail(hearing, journal->journal_id, problems[verdict]));
    /* what is missing is gone; a child journal files what is left */
    fork_journal(hearing, journal, problems[verdict]);
    return STATUS_OK;
}

static enum status greet_journal(struct hearing *hearing)
{
    const struct intake_hello *hello = hearing->item->hello;
    struct journal_row *journal =
        batch_find_journal(hearing->batch, hearing->row->device_id, hearing->item->journal_id);

    if (!journal)
        journal = start_journal(hearing);
    memcpy(hearing->row->journal_id, journal->journal_id, sizeof hearing->row->journal_id);
    if (journal->status != JOURNAL_OPEN)
        return STATUS_OK;
    switch (ledger_greet(&journal->ledger, hello->head_seq, hello->head_hash, hello->tail_seq)) {
    case LEDGER_FORK:
        fork_journal(hearing, journal, "its head is behind what was counted, or differs");
        break;
    case LEDGER_GAP:
        return judge_gap(hearing, journal);
    default:
        break;
    }
    return STATUS_OK;
}

/* ---- usage ---- */

static void add_to_totals(struct journal_row *journal, const struct booking_record *record)
{
    uint64_t quantities[GAP_CLASSES];

    for (unsigned i = 0; i < GAP_CLASSES; i++)
        quantities[i] = (uint64_t)record->quantities[i];
    gap_add(&journal->totals, quantities);
}

static enum status book_one(struct hearing *hearing, struct journal_row *journal,
                            const struct records_origin *origin)
{
    const bool may_be_refiled = memcmp(journal->parent.id, no_id, sizeof no_id) != 0;
    struct batch *batch = hearing->batch;
    struct booking_record *record = &batch->records[batch->record_count];
    const char *problem;
    enum status status = records_read(origin, batch->terms, batch->arena, record, &problem);

    if (status != STATUS_OK)
        return status;
    if (problem) {
        journal->totals = (struct gap_totals){.is_known = false};
        return batch_quarantine(hearing->conn, batch, origin->device_id, origin->journal_id,
                                (int64_t)origin->seq, origin->encoded, problem);
    }
    add_to_totals(journal, record);
    if (record->seq <= journal->covered) {
        batch->stats.duplicates++;
        return STATUS_OK;
    }
    batch->may_be_refiled[batch->record_count++] = may_be_refiled;
    return STATUS_OK;
}

static enum status book(struct hearing *hearing, struct journal_row *journal, size_t skip)
{
    const struct ledger_batch *usage = &hearing->item->usage;

    for (size_t i = skip; i < usage->count; i++) {
        const struct records_origin origin = {
            .device_id = hearing->row->device_id,
            .journal_id = hearing->item->journal_id,
            .seq = usage->first_seq + i,
            .arrived_ms = hearing->item->arrived_ms,
            .encoded = usage->records[i],
        };
        enum status status = book_one(hearing, journal, &origin);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_records(struct hearing *hearing, struct journal_row *journal)
{
    struct batch *batch = hearing->batch;
    const struct ledger_batch *usage = &hearing->item->usage;
    size_t skip = 0;

    switch (ledger_take(&journal->ledger, usage, &skip)) {
    case LEDGER_NEW:
        batch->stats.duplicates += skip;
        return book(hearing, journal, skip);
    case LEDGER_DUPLICATE:
        batch->stats.duplicates += usage->count;
        break;
    case LEDGER_GAP:
        /* it was told of more than is known here: its receipt says whether by this database */
        batch->stats.gaps++;
        hearing->device->want_usage = true;
        hearing->device->want_hello = true;
        break;
    case LEDGER_FORK:
        fork_journal(hearing, journal, "its records continue another history");
        break;
    case LEDGER_INVALID:
        batch_alarm(batch, "malformed_message", "warning", hearing->row->device_id,
                    "{\"problem\":\"a usage batch without records or with impossible numbers\"}");
        break;
    }
    return STATUS_OK;
}

/* ---- the kinds ---- */

static enum status take_hello(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    struct link_row *row = hearing->row;

    hearing->device->owes_state = true;
    hearing->device->told = true;
    if (!hearing->newest)
        return STATUS_OK;
    row->clock_offset_ms = item->arrived_ms - item->device_time_ms;
    row->software = item->hello->software;
    row->hardware = item->hello->hardware;
    row->capabilities = item->hello->capabilities;
    row->credit = item->credit;
    row->settings = item->settings;
    row->changed_settings = NULL;
    row->trial = item->trial;
    row->packages = item->packages;
    row->utc_offset = item->utc_offset ? item->utc_offset : "";
    row->held_generation = (int64_t)item->hello->generation_held;
    if (row->held_generation > row->desired_generation)
        raise_above(row, item->hello->generation_held);
    note_running(hearing);
    row->send_now = true;
    return greet_journal(hearing);
}

static enum status take_usage(struct hearing *hearing)
{
    struct link_row *row = hearing->row;
    struct journal_row *journal =
        batch_find_journal(hearing->batch, row->device_id, hearing->item->journal_id);

    hearing->device->owes_state = true;
    if (!row->session.has_hello || !journal ||
        memcmp(row->journal_id, journal->journal_id, sizeof row->journal_id) != 0) {
        hearing->device->want_hello = true;
        return STATUS_OK;
    }
    if (hearing->newest)
        row->credit = hearing->item->credit;
    return journal->status == JOURNAL_OPEN ? take_records(hearing, journal) : STATUS_OK;
}

/* Somebody else spoke to the robot in our name. */
static void note_refused_by_device(struct hearing *hearing)
{
    batch_alarm(hearing->batch, "forged_message", "critical", hearing->row->device_id,
                arena_format(hearing->batch->arena, "{\"direction\":\"down\",\"boxes\":%u}",
                             hearing->item->boxes_refused));
}

/* It goes on with the line as it knows it, and what we grant on the other one is lost to it. */
static void note_lines_refused(struct hearing *hearing)
{
    batch_alarm(
        hearing->batch, "credit_refused", "critical", hearing->row->device_id,
        arena_format(hearing->batch->arena, "{\"lines\":%u}", hearing->item->lines_refused));
}

static enum status take_report(struct hearing *hearing)
{
    struct link_row *row = hearing->row;

    hearing->device->told = true;
    if (hearing->item->boxes_refused)
        note_refused_by_device(hearing);
    if (hearing->item->lines_refused)
        note_lines_refused(hearing);
    if (!hearing->newest)
        return STATUS_OK;
    row->credit = hearing->item->credit;
    if (hearing->item->health)
        row->health = hearing->item->health;
    if (hearing->item->settings)
        row->changed_settings = hearing->item->settings;
    if (hearing->item->trial)
        row->trial = hearing->item->trial;
    if (hearing->item->packages)
        row->packages = hearing->item->packages;
    if (hearing->item->utc_offset)
        row->utc_offset = hearing->item->utc_offset;
    note_running(hearing);
    return STATUS_OK;
}

static const char *const answer_names[] = {
    [wire_CommandStatus_COMMAND_DONE] = "done",
    [wire_CommandStatus_COMMAND_REFUSED] = "refused",
    [wire_CommandStatus_COMMAND_FAILED] = "failed",
    [wire_CommandStatus_COMMAND_EXPIRED] = "expired",
};

static bool is_png(struct span picture)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    return picture.size > sizeof signature && picture.size <= LIMIT_PICTURE_BYTES &&
           memcmp(picture.data, signature, sizeof signature) == 0;
}

/* What a robot made about itself is kept as it came: whoever reads it must be able to. */
static bool is_document(struct span text)
{
    struct json *json = NULL;

    if (text.size == 0 || text.size > LIMIT_BUNDLE_BYTES || text.data[0] != '{' ||
        json_parse(text, &json, NULL) != STATUS_OK)
        return false;
    json_free(json);
    return true;
}

/* What is neither of the two is left alone. */
static enum status keep_attachment(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    const char *device_id = hearing->row->device_id;

    if (is_png(item->attachment))
        return dispatch_keep_picture(hearing->conn, device_id, item->attachment);
    if (!is_document(item->attachment))
        return STATUS_OK;
    enum status status =
        dispatch_keep_bundle(hearing->conn, device_id, item->command_id, item->attachment);
    if (status == STATUS_OK)
        status = dispatch_keep_proof(hearing->conn, device_id, item->command_id, item->attachment);
    return status;
}

static enum status take_command_answer(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    const size_t names = sizeof answer_names / sizeof *answer_names;
    const char *name =
        (size_t)item->command_status < names ? answer_names[item->command_status] : NULL;

    if (!name)
        return STATUS_OK; /* under way: the answer follows */
    struct dispatch_answer *answer = &hearing->batch->answers[hearing->batch->answer_count++];
    *answer = (struct dispatch_answer){
        .device_id = hearing->row->device_id, .status = name, .reason = item->reason};
    memcpy(answer->command_id, item->command_id, sizeof answer->command_id);
    return keep_attachment(hearing);
}

static enum status take_reply(struct hearing *hearing)
{
    hearing->device->told = true;
    if (hearing->newest && hearing->item->trial)
        hearing->row->trial = hearing->item->trial;
    if (hearing->newest && hearing->item->packages)
        hearing->row->packages = hearing->item->packages;
    if (hearing->item->generation > 0) {
        if (hearing->newest) {
            hearing->row->settings = hearing->item->settings;
            hearing->row->changed_settings = NULL;
        }
        /* the state that went out before the configuration holds; when the new routes change its
         * credit, crediting owes the next */
        note_running(hearing);
    }
    return hearing->item->command_id ? take_command_answer(hearing) : STATUS_OK;
}

static const struct {
    enum topic_kind kind;
    enum status (*take)(struct hearing *hearing);
} kinds[] = {
    {TOPIC_HELLO, take_hello},
    {TOPIC_USAGE, take_usage},
    {TOPIC_REPORT, take_report},
    {TOPIC_REPLY, take_reply},
};

/* ---- sessions ---- */

/* Told to the session that the message came in, which is not the device's present one. */
static void tell_floor(struct hearing *hearing)
{
    struct state_facts *facts = &hearing->batch->states[hearing->batch->state_count++];

    *facts = (struct state_facts){
        .device_id = hearing->row->device_id,
        .broker = hearing->item->broker,
        .session_number = hearing->item->session_number,
        .epoch = hearing->row->epoch,
        .session_floor = hearing->row->session.number,
    };
    memcpy(facts->session_id, hearing->item->session_id, sizeof facts->session_id);
}

static void note_stale(struct hearing *hearing)
{
    hearing->row->stale_messages++;
    hearing->batch->stats.stale++;
}

static void note_replayed(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    const char *kind = topic_kind_name(item->kind);

    if (hearing->batch->maybe_committed)
        return; /* our own retry */
    hearing->row->stale_messages++;
    hearing->batch->stats.replayed++;
    batch_alarm(hearing->batch, "replayed_message", "critical", hearing->row->device_id,
                arena_format(hearing->batch->arena,
                             "{\"kind\":\"%s\",\"session\":%llu,\"counter\":%llu}", kind,
                             (unsigned long long)item->session_number,
                             (unsigned long long)item->counter));
}

/* After a COMMIT of unknown outcome this may be the device's only answer. */
static void answer_retry(struct hearing *hearing)
{
    if (hearing->batch->maybe_committed)
        hearing->device->owes_state = true;
}

static void note_forged(struct hearing *hearing)
{
    hearing->row->forged_messages++;
    hearing->batch->stats.forged++;
    batch_alarm(hearing->batch, "forged_message", "critical", hearing->row->device_id,
                arena_format(hearing->batch->arena, "{\"kind\":\"%s\"}",
                             topic_kind_name(hearing->item->kind)));
}

/* As the database says in this transaction, whatever keys this process still has in memory. */
static bool is_of_live_key(const struct link_row *row, const struct intake_item *item)
{
    const size_t size = sizeof item->server_key_id;

    for (size_t at = 0; at + size <= row->live_keys.size; at += size)
        if (memcmp(row->live_keys.data + at, item->server_key_id, size) == 0)
            return true;
    return false;
}

/* The robot was away while the server's key was replaced. It renews when nobody answers it. */
static void note_left_behind(struct hearing *hearing)
{
    hearing->row->stale_messages++;
    hearing->batch->stats.stale++;
    batch_alarm(hearing->batch, "key_left_behind", "warning", hearing->row->device_id, "{}");
}

static void note_malformed(struct hearing *hearing)
{
    hearing->batch->stats.dropped++;
    batch_alarm(hearing->batch, "malformed_message", "warning", hearing->row->device_id,
                arena_format(hearing->batch->arena, "{\"kind\":\"%s\"}",
                             topic_kind_name(hearing->item->kind)));
}

static enum status accept(struct hearing *hearing, enum session_verdict verdict)
{
    const struct intake_item *item = hearing->item;

    if (item->arrived_ms > hearing->row->last_seen_ms)
        hearing->row->last_seen_ms = item->arrived_ms;
    if (hearing->newest)
        hearing->row->sealed_key_id = span_of(item->server_key_id, sizeof item->server_key_id);
    hearing->device->heard = true;
    hearing->batch->heard[item - hearing->batch->items] =
        hearing->newest ? BATCH_HEARD_NEWEST : BATCH_HEARD_LATE;
    if (verdict == SESSION_ADOPTED && item->kind != TOPIC_HELLO) {
        hearing->device->owes_state = true;
        hearing->device->want_hello = true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == item->kind)
            return kinds[i].take(hearing);
    }
    return STATUS_OK;
}

static enum status judge_session(struct hearing *hearing)
{
    const struct intake_item *item = hearing->item;
    struct session_note note;
    const struct session_claim claim = {
        .number = item->session_number,
        .id = item->session_id,
        .counter = item->counter,
        .sent_ms = item->device_time_ms + hearing->row->clock_offset_ms,
        .is_hello = item->kind == TOPIC_HELLO,
        .broker = item->broker,
    };
    enum session_verdict verdict = session_judge(
        &hearing->row->session, &claim, hearing->batch->stale_window_ms, item->arrived_ms, &note);

    hearing->newest = note.newest;
    switch (verdict) {
    case SESSION_CURRENT:
    case SESSION_ADOPTED:
        return accept(hearing, verdict);
    case SESSION_FLOOR:
        tell_floor(hearing);
        if (note.late)
            note_replayed(hearing);
        else
            note_stale(hearing);
        break;
    case SESSION_STALE:
        note_stale(hearing);
        answer_retry(hearing);
        break;
    case SESSION_REPLAYED:
        note_replayed(hearing);
        answer_retry(hearing);
        break;
    case SESSION_INVALID:
        note_malformed(hearing);
        break;
    }
    return STATUS_OK;
}

enum status hearing_take(struct store_conn *conn, struct batch *batch,
                         const struct intake_item *item)
{
    struct batch_device *device = batch_find_device(batch, item->device_id);

    if (!device || item->fault == INTAKE_UNKNOWN) {
        batch->stats.dropped++;
        return STATUS_OK;
    }
    struct hearing hearing = {conn, batch, device, device->row, item, false};
    if (!device->row->is_active) {
        batch->stats.dropped++;
        batch_alarm(batch, "revoked_message", "warning", item->device_id, "{}");
        return STATUS_OK;
    }
    if (item->kind == BUS_REMINDER) {
        device->heard |= device->row->session.has_hello &&
                         device->row->session.number > device->row->session.ended;
        return STATUS_OK;
    }
    device->changed = true;
    if (item->fault == INTAKE_FORGED) {
        note_forged(&hearing);
    } else if (item->fault == INTAKE_MALFORMED) {
        note_malformed(&hearing);
    } else if (item->kind == TOPIC_PRESENCE) {
        if (session_end(&device->row->session, item->session_number, item->session_id,
                        item->arrived_ms))
            device->told = true;
    } else if (item->fault == INTAKE_RETIRED || !is_of_live_key(device->row, item)) {
        note_left_behind(&hearing);
    } else {
        return judge_session(&hearing);
    }
    return STATUS_OK;
}
