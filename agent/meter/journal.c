#include "agent/meter/journal.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/meter/history.h"
#include "agent/meter/spare.h"
#include "agent/meter/summary.h"

#define SPARE_ROOM  (2 * FRAME_MAX_SIZE) /* for acknowledgements and credit */
#define SPARE_BYTES ((size_t)128 << 10)  /* of the file kept for a full disk */
#define DAY_MS      (24 * 3600 * 1000LL)
#define SENT_AHEAD  64 /* records: not each batch waits for the disk */

static_assert(HISTORY_MAX_OPEN == JOURNAL_MAX_OPEN, "one limit");

struct journal {
    pthread_mutex_t lock;
    size_t max_bytes;
    size_t spare_bytes;    /* room kept for a full disk; 0: none */
    uint64_t sent_seq;     /* put into a batch: what the file says may be more */
    uint64_t folded_seq;   /* the head and */
    uint64_t folded_acked; /* the acknowledged one when it was last tried to fold */
    struct history history;
};

/* What may be read back: acknowledgements are never refused for want of room. */
static size_t largest_file(const struct journal *journal)
{
    return 4 * journal->max_bytes;
}

/* When there is no room for one now, the next replacement tries again. */
static void keep_spare(const struct journal *journal)
{
    if (journal->spare_bytes > 0)
        (void)spare_keep(journal->history.path, journal->spare_bytes);
}

static enum status replace(struct journal *journal, const struct buffer *fresh)
{
    enum status status = history_replace(&journal->history, fresh, largest_file(journal));

    if (status == STATUS_OK)
        keep_spare(journal);
    return status;
}

static enum status append_record(struct journal *journal, enum frame_kind kind,
                                 const wire_UsageRecord *record)
{
    struct buffer bytes;

    buffer_init(&bytes, FRAME_MAX_SIZE);
    history_add_record(&bytes, kind, record);
    enum status status = history_append(&journal->history, &bytes);
    buffer_release(&bytes);
    return status;
}

/* All lines, in as many frames as that takes. */
static void add_credit(struct buffer *fresh, const struct credit *credit)
{
    bool all[LIMIT_CREDIT_LINES];
    size_t next = 0;

    memset(all, true, sizeof all);
    do {
        next = history_add_credit(fresh, credit, all, next);
    } while (next < credit->count);
}

/* What the records up to base add up to. */
static enum status sum_up_to(const struct history *history, const struct history_cursor *base,
                             wire_UsageRecord *sum)
{
    struct history_cursor cursor = history->base;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;
    enum status status = STATUS_OK;

    *sum = history->dropped;
    while (status == STATUS_OK && cursor.seq < base->seq) {
        status = history_next(history, &cursor, space, &bytes);
        if (status == STATUS_OK)
            status = message_decode(MESSAGE_USAGE_RECORD, bytes, &record);
        if (status == STATUS_OK)
            summary_append(sum, &record);
    }
    return status;
}

/* A journal that dropped records before their sums were kept does not know them any more. */
static void add_dropped(struct buffer *fresh, const struct history *history,
                        const struct history_cursor *base)
{
    wire_UsageRecord sum;

    if (!history->dropped_known)
        return;
    enum status status = sum_up_to(history, base, &sum);
    if (status == STATUS_OK)
        history_add_dropped(fresh, history->refiled, &sum);
    else
        buffer_fail(fresh, status);
}

/* What stands behind the records. */
static void add_rest(struct buffer *fresh, const struct journal *journal)
{
    const struct history *history = &journal->history;

    history_add_sent(fresh, journal->sent_seq);
    history_add_ack(fresh, history, &history->acknowledged);
    add_credit(fresh, &history->credit);
    history_add_opens(fresh, history);
}

/* Rewrites the file without the records up to base. */
static enum status rewrite_from(struct journal *journal, const struct history_cursor *base)
{
    const struct history *history = &journal->history;
    struct history_cursor cursor = *base;
    uint8_t space[FRAME_MAX_SIZE];
    struct span record;
    struct buffer fresh;
    enum status status;

    buffer_init(&fresh, largest_file(journal));
    history_add_start(&fresh, history, history->id, &history->parent, base);
    add_dropped(&fresh, history, base);
    while ((status = history_next(history, &cursor, space, &record)) == STATUS_OK)
        frame_add(&fresh, FRAME_CLOSE, record);
    if (status != STATUS_NOT_FOUND)
        buffer_fail(&fresh, status);
    add_rest(&fresh, journal);
    status = replace(journal, &fresh);
    buffer_release(&fresh);
    return status;
}

/* Numbers are used again: nobody has seen the records that had them. */
static enum status fold(struct journal *journal)
{
    const struct history *history = &journal->history;
    const struct history_cursor base = history->acknowledged;
    struct buffer fresh;

    buffer_init(&fresh, largest_file(journal));
    history_add_start(&fresh, history, history->id, &history->parent, &base);
    add_dropped(&fresh, history, &base);
    history_add_folded(&fresh, history, journal->sent_seq);
    add_rest(&fresh, journal);
    enum status status = replace(journal, &fresh);
    buffer_release(&fresh);
    return status;
}

/* True when folding may give room: once for each state of the journal. */
static bool may_fold(struct journal *journal)
{
    const struct history *history = &journal->history;
    const uint64_t acked = history->acknowledged.seq;
    const uint64_t kept = journal->sent_seq > acked ? journal->sent_seq : acked;

    if (history->read_only ||
        (journal->folded_seq == history->head.seq && journal->folded_acked == acked) ||
        (history->head.seq < kept + 2 && acked == history->base.seq))
        return false;
    return true;
}

static enum status try_folding(struct journal *journal)
{
    enum status status = fold(journal);

    journal->folded_seq = journal->history.head.seq;
    journal->folded_acked = journal->history.acknowledged.seq;
    return status;
}

/* Drops acknowledged records, oldest first, until the file is half as large as it may be. Rewriting
 * alone also sheds old acknowledgements and opens. */
static enum status make_room(struct journal *journal)
{
    const struct history *history = &journal->history;
    struct history_cursor base = history->base;
    uint8_t space[FRAME_MAX_SIZE];
    struct span record;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && base.seq < history->acknowledged.seq &&
           history->size - base.offset > (off_t)journal->max_bytes / 2)
        status = history_next(history, &base, space, &record);
    return status == STATUS_OK ? rewrite_from(journal, &base) : status;
}

/* Drops acknowledged records that are too old, once more than a day's worth has come together. */
static enum status drop_expired(struct journal *journal)
{
    const struct history *history = &journal->history;
    const int64_t limit_ms =
        history->state_time_ms - history->clock_offset_ms - JOURNAL_KEEP_DAYS * DAY_MS;
    struct history_cursor base = history->base, next = base;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;

    if (base.seq >= history->acknowledged.seq || history->tail_end_ms > limit_ms - DAY_MS)
        return STATUS_OK;
    while (next.seq < history->acknowledged.seq) {
        enum status status = history_next(history, &next, space, &bytes);

        if (status == STATUS_OK)
            status = message_decode(MESSAGE_USAGE_RECORD, bytes, &record);
        if (status != STATUS_OK)
            return status;
        if (record.end_ms > limit_ms)
            break;
        base = next;
    }
    return rewrite_from(journal, &base);
}

static enum status take_room(struct journal *journal, off_t bytes)
{
    struct history *history = &journal->history;

    if (history->size + bytes > (off_t)journal->max_bytes)
        return STATUS_FULL;
    return history_set_aside(history, bytes);
}

/* Room for one more open attempt, its close, those of the others, and what must not be refused. */
static enum status reserve_room(struct journal *journal)
{
    struct history *history = &journal->history;
    const off_t needed = (off_t)((history->open_count + 2) * HISTORY_CLOSE_ROOM + SPARE_ROOM);
    enum status status = STATUS_OK;

    if (history->open_count == JOURNAL_MAX_OPEN)
        return STATUS_FULL;
    if (history->size + needed > (off_t)journal->max_bytes)
        status = make_room(journal);
    if (status == STATUS_OK)
        status = take_room(journal, needed);
    if (status == STATUS_FULL && may_fold(journal) && try_folding(journal) == STATUS_OK)
        status = take_room(journal, needed);
    return history->broken ? STATUS_IO : status;
}

static void add_new_start(const struct journal *journal, const struct chain_parent *parent,
                          struct buffer *fresh)
{
    struct history_cursor base = {0};
    uint8_t id[16];

    crypto_uuid(id);
    chain_start(journal->history.device_id, id, parent, base.hash);
    history_add_start(fresh, &journal->history, id, parent, &base);
}

static enum status create_file(struct journal *journal)
{
    const struct chain_parent none = {0};
    struct buffer fresh;

    buffer_init(&fresh, FRAME_MAX_SIZE);
    add_new_start(journal, &none, &fresh);
    history_add_sent(&fresh, 0);
    enum status status = replace(journal, &fresh);
    buffer_release(&fresh);
    return status;
}

/* Whoever opened these cannot tell any more how far they came. */
static enum status close_orphans(struct journal *journal, int64_t now_ms)
{
    const struct history *history = &journal->history;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && history->open_count > 0) {
        wire_UsageRecord record;

        status = history_read_open(history, &history->open[0], &record);
        if (status != STATUS_OK)
            break;
        record.seq = history->head.seq + 1;
        record.end_ms = now_ms > record.start_ms ? now_ms : record.start_ms;
        record.provenance = wire_Provenance_WORST_CASE;
        record.outcome = wire_Outcome_LOST;
        record.input_uncached = record.reserved_input;
        record.output = record.reserved_output;
        record.requests = 1;
        status = append_record(journal, FRAME_CLOSE, &record);
    }
    return status;
}

static enum status open_history(struct journal *journal, const struct journal_options *options)
{
    struct history *history = &journal->history;
    enum status status =
        span_to_text(span_text(options->path), history->path, sizeof history->path);

    if (status == STATUS_OK)
        status = span_to_text(span_text(options->device_id), history->device_id,
                              sizeof history->device_id);
    if (status != STATUS_OK)
        return STATUS_INVALID;
    history->durable = options->safety == JOURNAL_SURVIVES_POWER_LOSS;
    if (history->durable)
        journal->spare_bytes = journal->max_bytes < SPARE_BYTES ? journal->max_bytes : SPARE_BYTES;
    status = history_open(history, largest_file(journal));
    if (status == STATUS_NOT_FOUND)
        status = create_file(journal);
    else if (status == STATUS_OK)
        keep_spare(journal);
    journal->sent_seq = history->sent_seq;
    return status == STATUS_OK ? close_orphans(journal, options->now_ms) : status;
}

enum status journal_open(struct journal **out, const struct journal_options *options)
{
    struct journal *journal = calloc(1, sizeof *journal);

    if (!journal)
        return STATUS_MEMORY;
    pthread_mutex_init(&journal->lock, NULL);
    journal->history.fd = -1;
    journal->max_bytes = options->max_bytes ? options->max_bytes : JOURNAL_MAX_BYTES;
    enum status status = open_history(journal, options);
    if (status != STATUS_OK) {
        journal_close(journal);
        return status;
    }
    credit_resume(&journal->history.credit);
    *out = journal;
    return STATUS_OK;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    history_close(&journal->history);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* Under the lock; record is stamped already. */
static enum status begin(struct journal *journal, const wire_UsageRecord *record)
{
    struct credit *credit = &journal->history.credit;

    if (journal->history.broken)
        return STATUS_IO;
    if (history_find_open(&journal->history, record))
        return STATUS_EXISTS;
    enum status status = reserve_room(journal);
    if (status == STATUS_OK)
        status = credit_reserve(credit, record);
    if (status != STATUS_OK)
        return status;
    status = append_record(journal, FRAME_OPEN, record);
    if (status != STATUS_OK)
        credit_release(credit, record);
    return status;
}

enum status journal_begin(struct journal *journal, wire_UsageRecord *record)
{
    wire_UsageRecord stamped = *record;

    pthread_mutex_lock(&journal->lock);
    stamped.seq = 0;
    stamped.clock_offset_ms = journal->history.clock_offset_ms;
    stamped.state_time_ms = journal->history.state_time_ms;
    enum status status = begin(journal, &stamped);
    pthread_mutex_unlock(&journal->lock);
    if (status == STATUS_OK)
        *record = stamped;
    return status;
}

static bool makes_sense(const wire_UsageRecord *record)
{
    bool not_sent = record->provenance == wire_Provenance_NOT_SENT;

    return record->provenance != wire_Provenance_PROVENANCE_NONE &&
           record->outcome != wire_Outcome_OUTCOME_NONE && record->requests == (not_sent ? 0 : 1);
}

enum status journal_close_attempt(struct journal *journal, const wire_UsageRecord *record)
{
    enum status status = STATUS_NOT_FOUND;

    if (!makes_sense(record))
        return STATUS_INVALID;
    pthread_mutex_lock(&journal->lock);
    if (history_find_open(&journal->history, record)) {
        wire_UsageRecord numbered = *record;

        numbered.seq = journal->history.head.seq + 1;
        status = append_record(journal, FRAME_CLOSE, &numbered);
    }
    pthread_mutex_unlock(&journal->lock);
    return status;
}

/* Before a batch goes out it must be known, also after a power cut, that its records did. */
static enum status mark_sent(struct journal *journal, uint64_t seq)
{
    enum status status = STATUS_OK;
    struct buffer bytes;

    if (seq > journal->history.sent_seq) {
        buffer_init(&bytes, FRAME_MAX_SIZE);
        history_add_sent(&bytes, seq + SENT_AHEAD);
        status = history_append(&journal->history, &bytes);
        buffer_release(&bytes);
    }
    if (status == STATUS_OK && seq > journal->sent_seq)
        journal->sent_seq = seq;
    return status;
}

enum status journal_next_batch(struct journal *journal, size_t max_records, wire_UsageBatch *batch)
{
    const struct history *history = &journal->history;
    uint8_t space[FRAME_MAX_SIZE];
    struct span record;
    enum status status = STATUS_OK;
    pb_size_t count = 0;

    pthread_mutex_lock(&journal->lock);
    struct history_cursor cursor = history->acknowledged;
    memcpy(batch->journal_id, history->id, sizeof batch->journal_id);
    memcpy(batch->previous_hash, cursor.hash, sizeof batch->previous_hash);
    batch->first_seq = cursor.seq + 1;
    while (count < LIMIT_BATCH_RECORDS && count < max_records) {
        status = history_next(history, &cursor, space, &record);
        if (status == STATUS_OK && record.size > LIMIT_RECORD_BYTES)
            status = STATUS_CORRUPT;
        if (status != STATUS_OK)
            break;
        memcpy(batch->records[count].bytes, record.data, record.size);
        batch->records[count++].size = (pb_size_t)record.size;
    }
    if (count > 0)
        status = mark_sent(journal, cursor.seq);
    pthread_mutex_unlock(&journal->lock);
    batch->records_count = status == STATUS_OK ? count : 0;
    return status;
}

/* Moves cursor behind seq and checks that the chain there is the server's. */
static enum status match(const struct history *history, struct history_cursor *cursor, uint64_t seq,
                         const uint8_t *hash)
{
    enum status status = history_advance(history, cursor, seq);

    if (status == STATUS_NOT_FOUND)
        return STATUS_CONFLICT;
    if (status == STATUS_OK && memcmp(cursor->hash, hash, CRYPTO_HASH_SIZE) != 0)
        return STATUS_CONFLICT;
    return status;
}

/* A disk too full to remember this is no failure: the server tells it again after a restart. But it
 * asks only once for what it lost: that must be on the disk. */
static enum status move_acknowledged(struct journal *journal, const struct history_cursor *cursor)
{
    struct history *history = &journal->history;
    struct buffer bytes;

    buffer_init(&bytes, FRAME_MAX_SIZE);
    history_add_ack(&bytes, history, cursor);
    enum status status = history_append(history, &bytes);
    buffer_release(&bytes);
    if (status == STATUS_FULL && cursor->seq < history->acknowledged.seq)
        return STATUS_FULL;
    history->acknowledged = *cursor;
    if (status == STATUS_OK)
        status = drop_expired(journal);
    if (status == STATUS_OK && history->size > (off_t)journal->max_bytes)
        status = make_room(journal);
    return status == STATUS_FULL ? STATUS_OK : status;
}

static bool is_ours(const struct journal *journal, const uint8_t journal_id[16])
{
    return memcmp(journal_id, journal->history.id, sizeof journal->history.id) == 0;
}

enum status journal_acknowledge(struct journal *journal, const uint8_t journal_id[16], uint64_t seq,
                                const uint8_t hash[CRYPTO_HASH_SIZE])
{
    enum status status = STATUS_STALE;

    pthread_mutex_lock(&journal->lock);
    struct history_cursor cursor = journal->history.acknowledged;
    const uint64_t before = cursor.seq;
    if (is_ours(journal, journal_id))
        status = seq < before ? STATUS_OK : match(&journal->history, &cursor, seq, hash);
    if (status == STATUS_OK && seq > before)
        status = move_acknowledged(journal, &cursor);
    pthread_mutex_unlock(&journal->lock);
    return status;
}

enum status journal_rewind(struct journal *journal, const uint8_t journal_id[16], uint64_t seq,
                           const uint8_t hash[CRYPTO_HASH_SIZE])
{
    enum status status = STATUS_STALE;

    pthread_mutex_lock(&journal->lock);
    struct history_cursor cursor = journal->history.base;
    if (is_ours(journal, journal_id)) /* what was dropped cannot be checked, nor sent again */
        status = seq < cursor.seq ? STATUS_OK : match(&journal->history, &cursor, seq, hash);
    if (status == STATUS_OK && cursor.seq != journal->history.acknowledged.seq)
        status = move_acknowledged(journal, &cursor);
    pthread_mutex_unlock(&journal->lock);
    return status;
}

/* Numbers what is pending anew, from 1. */
static void add_refiled(struct buffer *fresh, const struct history *history)
{
    struct history_cursor cursor = history->acknowledged;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;
    enum status status;

    for (uint64_t seq = 1;; seq++) {
        status = history_next(history, &cursor, space, &bytes);
        if (status == STATUS_OK)
            status = message_decode(MESSAGE_USAGE_RECORD, bytes, &record);
        if (status != STATUS_OK)
            break;
        record.seq = seq;
        history_add_record(fresh, FRAME_CLOSE, &record);
    }
    if (status != STATUS_NOT_FOUND)
        buffer_fail(fresh, status);
}

/* The child's account: nothing is granted in it yet, and what is filed again is used in it. */
static enum status child_credit(const struct history *history, struct credit *credit)
{
    struct history_cursor cursor = history->acknowledged;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;
    enum status status;

    *credit = history->credit;
    credit_start_journal(credit);
    while ((status = history_next(history, &cursor, space, &bytes)) == STATUS_OK) {
        status = message_decode(MESSAGE_USAGE_RECORD, bytes, &record);
        if (status != STATUS_OK)
            return status;
        credit_carry_over(credit, &record);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Under the lock. */
static enum status fork(struct journal *journal, struct buffer *fresh)
{
    static const wire_UsageRecord none = wire_UsageRecord_init_zero;
    struct history *history = &journal->history;
    struct chain_parent parent = {.seq = history->acknowledged.seq};
    struct credit credit;
    enum status status = child_credit(history, &credit);

    if (status != STATUS_OK)
        return status;
    memcpy(parent.id, history->id, sizeof parent.id);
    memcpy(parent.hash, history->acknowledged.hash, sizeof parent.hash);
    add_new_start(journal, &parent, fresh);
    const uint64_t refiled = history->head.seq - history->acknowledged.seq;
    history_add_dropped(fresh, refiled, &none);
    add_refiled(fresh, history);
    history_add_sent(fresh, refiled); /* by the parent: told apart by their attempts */
    add_credit(fresh, &credit);
    history_add_opens(fresh, history);
    status = replace(journal, fresh);
    if (status != STATUS_OK)
        return status;
    history->credit = credit;
    journal->sent_seq = refiled;
    journal->folded_seq = journal->folded_acked = 0;
    return STATUS_OK;
}

enum status journal_fork(struct journal *journal)
{
    struct buffer fresh;

    pthread_mutex_lock(&journal->lock);
    buffer_init(&fresh, largest_file(journal));
    enum status status = fork(journal, &fresh);
    buffer_release(&fresh);
    pthread_mutex_unlock(&journal->lock);
    return status;
}

void journal_head(struct journal *journal, wire_JournalHead *out)
{
    static const uint8_t none[16];
    const struct history *history = &journal->history;

    pthread_mutex_lock(&journal->lock);
    *out = (wire_JournalHead){
        .parent_seq = history->parent.seq,
        .head_seq = history->head.seq,
        .head_hash.size = CRYPTO_HASH_SIZE,
        .tail_seq = history->head.seq > history->base.seq ? history->base.seq + 1 : 0,
        .open_attempts = (uint32_t)history->open_count,
        .refiled = history->refiled,
    };
    memcpy(out->id, history->id, sizeof out->id);
    memcpy(out->head_hash.bytes, history->head.hash, CRYPTO_HASH_SIZE);
    if (memcmp(history->parent.id, none, sizeof none) != 0) {
        out->parent_id.size = sizeof history->parent.id;
        memcpy(out->parent_id.bytes, history->parent.id, sizeof history->parent.id);
        out->parent_hash.size = CRYPTO_HASH_SIZE;
        memcpy(out->parent_hash.bytes, history->parent.hash, CRYPTO_HASH_SIZE);
    }
    pthread_mutex_unlock(&journal->lock);
}

bool journal_dropped(struct journal *journal, wire_JournalDropped *out)
{
    const struct history *history = &journal->history;

    pthread_mutex_lock(&journal->lock);
    const bool is_known = history->dropped_known && history->base.seq > 0;
    if (is_known) {
        *out = (wire_JournalDropped){.has_sum = true, .sum = history->dropped};
        memcpy(out->hash, history->base.hash, sizeof out->hash);
    }
    pthread_mutex_unlock(&journal->lock);
    return is_known;
}

uint64_t journal_pending(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    uint64_t pending = journal->history.head.seq - journal->history.acknowledged.seq;
    pthread_mutex_unlock(&journal->lock);
    return pending;
}

void journal_set_clock(struct journal *journal, int64_t clock_offset_ms, int64_t state_time_ms)
{
    pthread_mutex_lock(&journal->lock);
    journal->history.clock_offset_ms = clock_offset_ms;
    journal->history.state_time_ms = state_time_ms;
    pthread_mutex_unlock(&journal->lock);
}

/* Writes the lines that changed, one frame after the other: power loss may keep the first ones, and
 * each line stands for itself. */
static enum status append_credit(struct journal *journal, const struct credit *credit,
                                 const bool changed[LIMIT_CREDIT_LINES])
{
    enum status status = STATUS_OK;
    struct buffer bytes;
    size_t next = 0;

    while (status == STATUS_OK && next < credit->count) {
        if (!changed[next]) {
            next++;
            continue;
        }
        buffer_init(&bytes, FRAME_MAX_SIZE);
        next = history_add_credit(&bytes, credit, changed, next);
        status = history_append(&journal->history, &bytes);
        buffer_release(&bytes);
    }
    return status;
}

/* Before anything of the new epoch: what stands in the file then tells what was used in it. */
static enum status append_epoch(struct journal *journal, uint32_t epoch)
{
    static const bool none[LIMIT_CREDIT_LINES];
    const struct credit credit = {.epoch = epoch};
    struct buffer bytes;

    buffer_init(&bytes, FRAME_MAX_SIZE);
    history_add_credit(&bytes, &credit, none, 0);
    enum status status = history_append(&journal->history, &bytes);
    buffer_release(&bytes);
    return status;
}

/* Under the lock. */
static enum status grant(struct journal *journal, uint32_t epoch, const wire_CreditLine *lines,
                         size_t count)
{
    struct history *history = &journal->history;
    bool changed[LIMIT_CREDIT_LINES];
    enum status status = STATUS_OK;

    if (epoch > history->credit.epoch)
        status = append_epoch(journal, epoch);
    if (status != STATUS_OK)
        return status;
    struct credit merged = history->credit;
    status = credit_merge(&merged, epoch, lines, count, changed);
    if (status == STATUS_OK)
        status = append_credit(journal, &merged, changed);
    if (status == STATUS_OK) /* with what is not on disk */
        history->credit = merged;
    return status;
}

enum status journal_grant(struct journal *journal, uint32_t epoch, const wire_CreditLine *lines,
                          size_t count)
{
    pthread_mutex_lock(&journal->lock);
    enum status status = grant(journal, epoch, lines, count);
    pthread_mutex_unlock(&journal->lock);
    return status;
}

void journal_clip(struct journal *journal, wire_UsageRecord *record)
{
    pthread_mutex_lock(&journal->lock);
    uint64_t room = credit_room(&journal->history.credit, record);
    pthread_mutex_unlock(&journal->lock);
    if (room >= CREDIT_LEAST_OUTPUT && room < record->reserved_output)
        record->reserved_output = room;
}

void journal_credit(struct journal *journal, wire_CreditUse out[LIMIT_CREDIT_LINES],
                    pb_size_t *count)
{
    pthread_mutex_lock(&journal->lock);
    credit_report(&journal->history.credit, out, count);
    pthread_mutex_unlock(&journal->lock);
}

void journal_reported(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    credit_reported(&journal->history.credit);
    pthread_mutex_unlock(&journal->lock);
}

enum credit_outlook journal_outlook(struct journal *journal, const char *line_id)
{
    pthread_mutex_lock(&journal->lock);
    enum credit_outlook outlook = credit_outlook(&journal->history.credit, line_id);
    pthread_mutex_unlock(&journal->lock);
    return outlook;
}

struct credit_events journal_credit_events(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    struct credit_events events = journal->history.credit.events;
    pthread_mutex_unlock(&journal->lock);
    return events;
}
