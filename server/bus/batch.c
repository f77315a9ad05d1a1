#include "server/bus/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/bus/crediting.h"
#include "server/bus/hearing.h"
#include "server/bus/restore.h"
#include "server/store/events.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_row(const void *a, const void *b)
{
    return strcmp(((const struct link_row *)a)->device_id, ((const struct link_row *)b)->device_id);
}

static int by_key(const void *a, const void *b)
{
    const struct journal_key *left = a;
    const struct journal_key *right = b;
    int order = strcmp(left->device_id, right->device_id);

    return order ? order : memcmp(left->journal_id, right->journal_id, sizeof left->journal_id);
}

/* ---- finding ---- */

struct batch_device *batch_find_device(struct batch *batch, const char *device_id)
{
    size_t low = 0;
    size_t high = batch->device_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(batch->devices[middle].row->device_id, device_id);

        if (order == 0)
            return &batch->devices[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int by_journal(const void *a, const void *b)
{
    const struct journal_row *left = a;
    const struct journal_row *right = b;
    int order = strcmp(left->device_id, right->device_id);

    return order ? order : memcmp(left->journal_id, right->journal_id, sizeof left->journal_id);
}

/* Those that the database knew are sorted; the few new ones stand behind them. */
struct journal_row *batch_find_journal(struct batch *batch, const char *device_id,
                                       const uint8_t journal_id[16])
{
    struct journal_row wanted = {0};

    memcpy(wanted.device_id, device_id, strlen(device_id) + 1);
    memcpy(wanted.journal_id, journal_id, sizeof wanted.journal_id);
    for (size_t i = batch->journal_count; i-- > batch->journals_found;) {
        if (by_journal(&batch->journals[i], &wanted) == 0)
            return &batch->journals[i];
    }
    return bsearch(&wanted, batch->journals, batch->journals_found, sizeof wanted, by_journal);
}

struct journal_row *batch_add_journal(struct batch *batch, const char *device_id,
                                      const uint8_t journal_id[16])
{
    struct journal_row *journal = &batch->journals[batch->journal_count++];

    *journal =
        (struct journal_row){.status = JOURNAL_OPEN, .totals = {.is_known = true}, .is_new = true};
    memcpy(journal->device_id, device_id, strlen(device_id) + 1);
    memcpy(journal->journal_id, journal_id, sizeof journal->journal_id);
    return journal;
}

void batch_alarm_about(struct batch *batch, const char *kind, const char *severity,
                       const char *subject, const char *detail)
{
    batch->alarms[batch->alarm_count++] =
        (struct alarm){.kind = kind, .severity = severity, .subject = subject, .detail = detail};
}

void batch_alarm(struct batch *batch, const char *kind, const char *severity, const char *device_id,
                 const char *detail)
{
    batch_alarm_about(batch, kind, severity, arena_format(batch->arena, "device/%s", device_id),
                      detail);
}

/* ---- loading ---- */

/* Room for the most that the items can need: a record may raise two alerts, and a hello bring one
 * for those that were lost. */
static enum status make_lists(struct batch *batch)
{
    size_t records = 0;

    for (size_t i = 0; i < batch->item_count; i++)
        records += batch->items[i].usage.count + (batch->items[i].hello != NULL);
    const size_t items = batch->item_count;
    batch->journal_room = items * 3;
    batch->devices = arena_take(batch->arena, items * sizeof *batch->devices);
    batch->journals = arena_take(batch->arena, batch->journal_room * sizeof *batch->journals);
    batch->journals_before =
        arena_take(batch->arena, batch->journal_room * sizeof *batch->journals_before);
    batch->records = arena_take(batch->arena, (records + 1) * sizeof *batch->records);
    batch->may_be_refiled = arena_take(batch->arena, (records + 1) * sizeof(bool));
    batch->heard = arena_take(batch->arena, items * sizeof *batch->heard);
    /* credit adds one for each amount a message reports and each measure a record settles */
    batch->alarms = arena_take(batch->arena, (items * (5 + LIMIT_CREDIT_LINES * LIMIT_MEASURES) +
                                              records * (2 + LIMIT_MEASURES)) *
                                                 sizeof *batch->alarms);
    batch->answers = arena_take(batch->arena, items * sizeof *batch->answers);
    batch->states = arena_take(batch->arena, 2 * items * sizeof *batch->states);
    batch->device_count = batch->record_count = 0;
    batch->journal_count = batch->journals_found = 0;
    batch->alarm_count = batch->answer_count = batch->state_count = 0;
    batch->stats = (struct ingest_stats){0};
    if (batch->heard)
        memset(batch->heard, 0, items * sizeof *batch->heard);
    return arena_failed(batch->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status lock_devices(struct store_conn *conn, struct batch *batch)
{
    const char **ids = arena_take(batch->arena, batch->item_count * sizeof *ids);
    size_t count = 0;

    if (!ids)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->item_count; i++)
        ids[i] = batch->items[i].device_id;
    qsort(ids, batch->item_count, sizeof *ids, by_text);
    for (size_t i = 0; i < batch->item_count; i++) {
        if (count == 0 || strcmp(ids[count - 1], ids[i]) != 0)
            ids[count++] = ids[i];
    }

    struct link_row *rows = arena_take(batch->arena, count * sizeof *rows);
    if (!rows)
        return STATUS_MEMORY;
    enum status status = link_lock(conn, batch->arena, ids, count, rows, &batch->device_count);
    if (status != STATUS_OK)
        return status;
    qsort(rows, batch->device_count, sizeof *rows, by_row);
    for (size_t i = 0; i < batch->device_count; i++)
        batch->devices[i] =
            (struct batch_device){.row = &rows[i], .generation_before = rows[i].desired_generation};
    return STATUS_OK;
}

static size_t add_key(struct journal_key *keys, size_t count, const char *device_id,
                      const uint8_t *journal_id)
{
    static const uint8_t none[16];

    if (memcmp(journal_id, none, sizeof none) == 0)
        return count;
    keys[count].device_id = device_id;
    memcpy(keys[count].journal_id, journal_id, sizeof keys[count].journal_id);
    return count + 1;
}

/* The journals that messages name, their parents, and those that the devices' last hellos named. */
static enum status lock_journals(struct store_conn *conn, struct batch *batch)
{
    struct journal_key *keys =
        arena_take(batch->arena, (batch->item_count * 2 + batch->device_count) * sizeof *keys);
    size_t count = 0;
    size_t unique = 0;

    if (!keys)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->item_count; i++) {
        const struct intake_item *item = &batch->items[i];

        count = add_key(keys, count, item->device_id, item->journal_id);
        if (item->hello)
            count = add_key(keys, count, item->device_id, item->hello->parent.id);
    }
    for (size_t i = 0; i < batch->device_count; i++)
        count = add_key(keys, count, batch->devices[i].row->device_id,
                        batch->devices[i].row->journal_id);
    if (count == 0)
        return STATUS_OK;
    qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || by_key(&keys[unique - 1], &keys[i]) != 0)
            keys[unique++] = keys[i];
    }
    enum status status =
        journal_lock(conn, batch->arena, keys, unique, batch->journals, &batch->journal_count);
    if (status != STATUS_OK)
        return status;
    batch->journals_found = batch->journal_count;
    qsort(batch->journals, batch->journal_count, sizeof *batch->journals, by_journal);
    memcpy(batch->journals_before, batch->journals, batch->journal_count * sizeof *batch->journals);
    return STATUS_OK;
}

/* ---- saving ---- */

/* Leaves out the records that a parent journal brought already. */
static enum status drop_refiled(struct store_conn *conn, struct batch *batch)
{
    size_t kept = 0;
    bool any = false;

    for (size_t i = 0; i < batch->record_count; i++)
        any = any || batch->may_be_refiled[i];
    if (!any)
        return STATUS_OK;
    bool *known = arena_take(batch->arena, batch->record_count * sizeof *known);
    if (!known)
        return STATUS_MEMORY;
    enum status status =
        booking_find_refiled(conn, batch->arena, batch->records, batch->record_count, known);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < batch->record_count; i++) {
        if (known[i] && batch->may_be_refiled[i])
            batch->stats.duplicates++;
        else
            batch->records[kept++] = batch->records[i];
    }
    batch->record_count = kept;
    return STATUS_OK;
}

enum status batch_quarantine(struct store_conn *conn, struct batch *batch, const char *device_id,
                             const uint8_t journal_id[16], int64_t seq, struct span encoded,
                             const char *problem)
{
    /* the database's words may hold signs that a JSON text must not */
    const char *told = strpbrk(problem, "\"\\\n") ? "the database refused it" : problem;

    batch->stats.quarantined++;
    batch_alarm(
        batch, "usage_quarantined", "critical", device_id,
        arena_format(batch->arena, "{\"seq\":%lld,\"problem\":\"%s\"}", (long long)seq, told));
    return booking_quarantine(conn, device_id, journal_id, seq, encoded, problem);
}

static enum status quarantine(struct store_conn *conn, struct batch *batch,
                              const struct booking_record *record, const char *problem)
{
    return batch_quarantine(conn, batch, record->device_id, record->journal_id, record->seq,
                            record->encoded, problem);
}

static const char *find_refused(const struct batch *batch, const struct booking_record *record)
{
    for (size_t i = 0; i < batch->refused_count; i++) {
        const struct batch_refused *refused = &batch->refused[i];

        if (refused->seq == record->seq &&
            memcmp(refused->journal_id, record->journal_id, sizeof refused->journal_id) == 0 &&
            strcmp(refused->device_id, record->device_id) == 0)
            return refused->problem;
    }
    return NULL;
}

/* Leaves out the records that the database refused in an earlier try. */
static enum status drop_refused(struct store_conn *conn, struct batch *batch)
{
    enum status status = STATUS_OK;
    size_t kept = 0;

    if (batch->refused_count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < batch->record_count && status == STATUS_OK; i++) {
        const char *problem = find_refused(batch, &batch->records[i]);

        if (problem)
            status = quarantine(conn, batch, &batch->records[i], problem);
        else
            batch->records[kept++] = batch->records[i];
    }
    batch->record_count = kept;
    return status;
}

/* About the contract when it has a name: one alert for a whole fleet's. */
static const char *rating_subject(struct batch *batch, const struct booking_record *record)
{
    bool is_named = topic_is_slug(span_text(record->contract_id));

    return arena_format(batch->arena, "%s/%s", is_named ? "contract" : "device",
                        is_named ? record->contract_id : record->device_id);
}

static void note_unrated(struct batch *batch, const struct booking_record *record)
{
    batch_alarm_about(batch, "unrated_usage", "warning", rating_subject(batch, record),
                      arena_format(batch->arena,
                                   "{\"device\":\"%s\",\"problem\":\"no version of the "
                                   "contract was in force: booked without a price\"}",
                                   record->device_id));
}

static void note_unpriced(struct batch *batch, const struct booking_record *record,
                          unsigned metrics)
{
    const char *metric = contract_metric_name((enum contract_metric)__builtin_ctz(metrics));

    batch_alarm_about(batch, "unpriced_usage", "warning", rating_subject(batch, record),
                      arena_format(batch->arena,
                                   "{\"metric\":\"%s\",\"problem\":\"the contract has unit "
                                   "prices, but none for this metric and model\"}",
                                   metric));
}

static enum status price_records(struct store_conn *conn, struct batch *batch)
{
    struct pricing_outcome *outcomes =
        arena_take(batch->arena, (batch->record_count + 1) * sizeof *outcomes);
    size_t kept = 0;

    if (!outcomes)
        return STATUS_MEMORY;
    enum status status = pricing_run(batch->pricing, conn, batch->arena, batch->records,
                                     batch->record_count, outcomes);
    for (size_t i = 0; i < batch->record_count && status == STATUS_OK; i++) {
        const struct booking_record *record = &batch->records[i];

        if (outcomes[i].verdict == PRICING_TOO_LARGE) {
            status = quarantine(conn, batch, record, "its price is too large");
            continue;
        }
        if (outcomes[i].verdict == PRICING_UNRATED)
            note_unrated(batch, record);
        if (outcomes[i].verdict == PRICING_UNPRICED)
            note_unpriced(batch, record, outcomes[i].unpriced);
        batch->records[kept++] = *record;
    }
    batch->record_count = kept;
    return status;
}

/* Remembers what was refused; STATUS_INVALID when the transaction has to be run without it. */
static enum status note_refused(struct batch *batch, const char *const *problems)
{
    size_t found = 0;

    for (size_t i = 0; i < batch->record_count; i++) {
        const struct booking_record *record = &batch->records[i];

        if (!problems[i])
            continue;
        found++;
        if (batch->refused_count == LIMIT_BATCH_RECORDS) {
            batch->again = false;
            return STATUS_INVALID;
        }
        struct batch_refused *refused = &batch->refused[batch->refused_count++];
        snprintf(refused->device_id, sizeof refused->device_id, "%s", record->device_id);
        memcpy(refused->journal_id, record->journal_id, sizeof refused->journal_id);
        refused->seq = record->seq;
        snprintf(refused->problem, sizeof refused->problem, "%s", problems[i]);
        batch->again = true;
    }
    return found > 0 ? STATUS_INVALID : STATUS_OK;
}

static enum status book_records(struct store_conn *conn, struct batch *batch)
{
    const char **problems = arena_take(batch->arena, (batch->record_count + 1) * sizeof *problems);
    enum status status = problems ? drop_refiled(conn, batch) : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = drop_refused(conn, batch);
    if (status == STATUS_OK)
        status = price_records(conn, batch);
    if (status == STATUS_OK)
        status = crediting_run(conn, batch);
    if (status == STATUS_OK)
        status = booking_store(conn, batch->arena, batch->records, batch->record_count, problems);
    if (status == STATUS_OK)
        status = note_refused(batch, problems);
    if (status == STATUS_OK)
        status = pricing_save(batch->pricing, conn, batch->arena);
    batch->stats.records += batch->record_count;
    return status;
}

/* Writes only what was changed: most messages leave the journals alone. */
static enum status save_journals(struct store_conn *conn, struct batch *batch)
{
    struct journal_row *changed = arena_take(batch->arena, batch->journal_count * sizeof *changed);
    size_t count = 0;

    if (!changed)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->journal_count; i++) {
        if (i >= batch->journals_found ||
            memcmp(&batch->journals[i], &batch->journals_before[i], sizeof *changed) != 0)
            changed[count++] = batch->journals[i];
    }
    return count > 0 ? journal_save(conn, batch->arena, changed, count) : STATUS_OK;
}

static enum status save_devices(struct store_conn *conn, struct batch *batch)
{
    struct link_row *rows = arena_take(batch->arena, batch->device_count * sizeof *rows);
    size_t count = 0;

    if (!rows)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->device_count; i++) {
        if (batch->devices[i].changed)
            rows[count++] = *batch->devices[i].row;
    }
    return count > 0 ? link_save(conn, batch->arena, rows, count) : STATUS_OK;
}

static enum status quarantine_copies(struct store_conn *conn, const struct batch *batch)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < batch->device_count && status == STATUS_OK; i++) {
        if (batch->devices[i].is_copied)
            status = link_quarantine(conn, batch->devices[i].row->device_id,
                                     "its journal was copied: there are two of it");
    }
    return status;
}

static enum status tell(struct store_conn *conn, struct batch *batch)
{
    const char **told = arena_take(batch->arena, batch->device_count * sizeof *told);
    const char **used = arena_take(batch->arena, batch->record_count * sizeof *used);
    size_t told_count = 0;
    size_t used_count = 0;
    bool wake = false;

    if (!told || !used)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->device_count; i++) {
        if (batch->devices[i].told)
            told[told_count++] = batch->devices[i].row->device_id;
        wake = wake || batch->devices[i].row->send_now;
    }
    for (size_t i = 0; i < batch->record_count; i++) {
        if (used_count == 0 || strcmp(used[used_count - 1], batch->records[i].device_id) != 0)
            used[used_count++] = batch->records[i].device_id;
    }
    enum status status = events_tell(conn, "device", told, told_count);
    if (status == STATUS_OK)
        status = events_tell(conn, "usage", used, used_count);
    if (status == STATUS_OK && wake)
        status = events_wake_outbox(conn);
    return status;
}

/* ---- states ---- */

static struct state_facts facts_of(struct batch *batch, const struct batch_device *device)
{
    const struct link_row *row = device->row;
    struct state_facts facts = {
        .device_id = row->device_id,
        .broker = row->session.broker,
        .session_number = row->session.number,
        .epoch = row->epoch,
        .journal = batch_find_journal(batch, row->device_id, row->journal_id),
        .desired_generation = row->desired_generation,
        .want_hello = device->want_hello,
        .want_usage = device->want_usage,
    };

    memcpy(facts.session_id, row->session.id, sizeof facts.session_id);
    return facts;
}

/* A generation that this transaction made is not kept: rolled back and tried again it gets another
 * beginning, and so perhaps other versions of contracts. */
static void take_routes(struct batch *batch, struct batch_device *device,
                        const struct routes_row *rows, size_t row_count)
{
    const struct link_row *row = device->row;

    device->routes = state_find_routes(rows, row_count, row->device_id, &device->route_count);
    if (row->desired_generation == device->generation_before)
        route_cache_keep(batch->routes, row->device_id, row->epoch, row->desired_generation,
                         device->routes, device->route_count);
}

static bool find_routes(struct batch *batch, struct batch_device *device)
{
    const struct link_row *row = device->row;

    return route_cache_find(batch->routes, batch->arena, row->device_id, row->epoch,
                            row->desired_generation, &device->routes, &device->route_count);
}

/* The cache first, then the database for those that it does not know. */
enum status batch_read_routes(struct store_conn *conn, struct batch *batch, bool all)
{
    struct batch_device **lacking = arena_take(batch->arena, batch->device_count * sizeof *lacking);
    const char **ids = arena_take(batch->arena, batch->device_count * sizeof *ids);
    struct routes_row *rows = NULL;
    size_t row_count = 0;
    size_t count = 0;

    if (!lacking || !ids)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->device_count; i++) {
        struct batch_device *device = &batch->devices[i];

        if (device->has_routes || !(all || device->owes_state))
            continue;
        device->has_routes = true;
        if (find_routes(batch, device))
            continue;
        lacking[count] = device;
        ids[count++] = device->row->device_id;
    }
    if (count == 0)
        return STATUS_OK;
    enum status status = routes_read(conn, batch->arena, ids, count, &rows, &row_count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        take_routes(batch, lacking[i], rows, row_count);
    return status;
}

static enum status make_states(struct store_conn *conn, struct batch *batch)
{
    enum status status = batch_read_routes(conn, batch, false);

    for (size_t i = 0; status == STATUS_OK && i < batch->device_count; i++) {
        if (!batch->devices[i].owes_state)
            continue;
        struct state_facts *facts = &batch->states[batch->state_count++];

        *facts = facts_of(batch, &batch->devices[i]);
        status = crediting_tell(batch, &batch->devices[i], facts);
    }
    return status;
}

static enum status hear_all(struct store_conn *conn, struct batch *batch)
{
    for (size_t i = 0; i < batch->item_count; i++) {
        enum status status = hearing_take(conn, batch, &batch->items[i]);

        if (status != STATUS_OK)
            return status;
    }
    return arena_failed(batch->arena) ? STATUS_MEMORY : STATUS_OK;
}

/* Those of store_exec() that the database explains. */
static bool is_refusal(enum status status)
{
    return status == STATUS_INVALID || status == STATUS_CONFLICT || status == STATUS_EXISTS ||
           status == STATUS_IO;
}

/* The lock order of the whole program: credit_revision, links, journals, the installation,
 * accounts, pools, sums, then what nobody waits with. */
static enum status run(struct store_conn *conn, void *context)
{
    struct batch *batch = context;

    arena_reset(batch->arena);
    route_cache_trim(batch->routes);
    enum status status = make_lists(batch);
    if (status == STATUS_OK)
        status = crediting_begin(conn, batch);
    if (status == STATUS_OK)
        status = lock_devices(conn, batch);
    if (status == STATUS_OK)
        status = lock_journals(conn, batch);
    if (status == STATUS_OK)
        status = restore_look(conn, batch);
    if (status == STATUS_OK)
        status = terms_refresh(batch->terms, conn);
    if (status == STATUS_OK)
        status = hear_all(conn, batch);
    if (status == STATUS_OK)
        status = save_journals(conn, batch);
    if (status == STATUS_OK)
        status = book_records(conn, batch);
    if (status == STATUS_OK)
        status = save_devices(conn, batch);
    if (status == STATUS_OK)
        status = quarantine_copies(conn, batch);
    if (status == STATUS_OK && batch->answer_count > 0)
        status = dispatch_finish_commands(conn, batch->arena, batch->answers, batch->answer_count);
    if (status == STATUS_OK)
        status = alarm_raise(conn, batch->arena, batch->alarms, batch->alarm_count);
    if (status == STATUS_OK)
        status = make_states(conn, batch);
    if (status == STATUS_OK)
        status = tell(conn, batch);
    snprintf(batch->problem, sizeof batch->problem, "%s",
             is_refusal(status) ? store_problem(conn) : "");
    batch->stats.batches = 1;
    batch->stats.messages = batch->item_count;
    return arena_failed(batch->arena) && status == STATUS_OK ? STATUS_MEMORY : status;
}

enum status batch_commit(struct store *store, struct batch *batch)
{
    enum status status = STATUS_OK;

    batch->refused_count = 0;
    do {
        batch->again = false;
        status = store_transaction(store, run, batch);
    } while (batch->again && status == STATUS_INVALID);
    if (status == STATUS_OK)
        pricing_committed(batch->pricing);
    return status;
}
