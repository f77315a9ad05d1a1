/* The functions of server/store that the ingest and the outbox call, each doing to the model's
 * tables what its SQL does to PostgreSQL's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/store/alarm.h"
#include "server/store/booking.h"
#include "server/store/credits.h"
#include "server/store/dispatch.h"
#include "server/store/events.h"
#include "server/store/installation.h"
#include "server/store/routes.h"
#include "server/money/bill.h"
#include "server/store/lineage.h"
#include "server/store/pricing.h"
#include "server/store/tallies.h"
#include "server/store/terms.h"
#include "tests/simulation/database_rows.h"

#define CONFIG_PAUSE_MS     2000
#define CONFIG_PAUSE_MAX_MS 300000

static void give_up(const char *why)
{
    fprintf(stderr, "simulation: %s\n", why);
    abort();
}

/* ---- link ---- */

enum status link_find_keys(struct store *store, const char *device_id,
                           const uint8_t server_key_id[LINK_KEY_ID_SIZE], struct link_keys *out)
{
    uint8_t own_id[LINK_KEY_ID_SIZE];

    const struct database_device *device = database_find(store, device_id);

    if (store->away)
        return STATUS_UNREACHABLE;
    if (!device)
        return STATUS_NOT_FOUND;
    box_key_id(device->keys.server_public, own_id);
    if (server_key_id && memcmp(server_key_id, own_id, sizeof own_id) != 0)
        return STATUS_DENIED;
    *out = device->keys;
    return STATUS_OK;
}

static struct span hash_span(const struct database_hash *hash, struct arena *arena)
{
    return hash->is_set ? arena_copy(arena, span_of(hash->bytes, sizeof hash->bytes))
                        : span_of(NULL, 0);
}

static void keep_hash(struct database_hash *hash, struct span bytes)
{
    hash->is_set = bytes.size == sizeof hash->bytes;
    if (hash->is_set)
        memcpy(hash->bytes, bytes.data, bytes.size);
}

enum status link_lock(struct store_conn *conn, struct arena *arena, const char *const *ids,
                      size_t count, struct link_row *rows, size_t *found)
{
    uint8_t key_id[LINK_KEY_ID_SIZE];

    *found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct database_device *device = database_rows_find_device(&conn->tables, ids[i]);

        if (!device)
            continue;
        struct link_row *row = &rows[(*found)++];
        *row = device->link;
        row->desired_hash = hash_span(&device->desired_hash, arena);
        row->reported_hash = hash_span(&device->reported_hash, arena);
        row->epoch = conn->tables.epoch;
        box_key_id(device->keys.server_public, key_id);
        row->live_keys = arena_copy(arena, span_of(key_id, sizeof key_id));
        row->send_now = false;
    }
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* A rollout's driver: who failed is given what it ran before, under a number of its own. */
static void drive(struct store_conn *conn, struct database_device *device, const char *told)
{
    struct json *trial = NULL;

    if (!device->is_opened || json_parse(span_text(told), &trial, NULL) != STATUS_OK)
        return;
    const char *verdict = json_text(json_member(trial, "verdict"), "");
    const int64_t generation = json_int(json_member(trial, "generation"), 0);
    if (strcmp(verdict, "failed") == 0 && generation >= device->opened_generation) {
        device->is_opened = false;
        device->volume = device->volume_before;
        device->link.desired_generation++;
        device->desired_hash.is_set = false;
        device->config_sends = 0;
        device->config_due_ms = timeline_wall_ms(conn->store->timeline);
    }
    json_free(trial);
}

static void save_row(struct store_conn *conn, const struct link_row *row)
{
    struct database_device *device = database_rows_find_device(&conn->tables, row->device_id);

    if (row->desired_generation != device->link.desired_generation)
        device->desired_hash.is_set = false;
    keep_hash(&device->reported_hash, row->reported_hash);
    if (row->send_now) {
        device->config_due_ms = timeline_wall_ms(conn->store->timeline);
        device->config_sends = 0;
    }
    device->hellos += row->software != NULL;
    device->link = *row;
    device->link.desired_hash = device->link.reported_hash = span_of(NULL, 0);
    device->link.sealed_key_id = device->link.live_keys = span_of(NULL, 0);
    device->link.software = device->link.hardware = device->link.capabilities = NULL;
    device->link.health = device->link.credit = device->link.settings = NULL;
    device->link.changed_settings = NULL;
    device->link.trial = NULL;
    if (row->utc_offset)
        snprintf(device->utc_offset, sizeof device->utc_offset, "%s", row->utc_offset);
    device->link.utc_offset = NULL;
    device->link.send_now = false;
    if (row->trial)
        drive(conn, device, row->trial);
}

enum status link_save(struct store_conn *conn, struct arena *arena, const struct link_row *rows,
                      size_t count)
{
    (void)arena;
    for (size_t i = 0; i < count; i++)
        save_row(conn, &rows[i]);
    return STATUS_OK;
}

/* Here nobody lifts it: the rest of the rules is what a quarantined journal has. */
enum status link_quarantine(struct store_conn *conn, const char *device_id, const char *reason)
{
    (void)conn, (void)device_id, (void)reason;
    return STATUS_OK;
}

/* ---- journals ---- */

static int64_t count_children(const struct store_conn *conn, const struct journal_row *parent)
{
    int64_t count = 0;

    for (size_t i = 0; i < conn->tables.journal_count; i++) {
        const struct journal_row *row = &conn->tables.journals[i];

        count += strcmp(row->device_id, parent->device_id) == 0 &&
                 memcmp(row->parent.id, parent->journal_id, sizeof row->parent.id) == 0;
    }
    return count;
}

enum status journal_lock(struct store_conn *conn, struct arena *arena,
                         const struct journal_key *keys, size_t count, struct journal_row *rows,
                         size_t *found)
{
    (void)arena;
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct journal_row *row =
            database_rows_find_journal(&conn->tables, keys[i].device_id, keys[i].journal_id);

        if (!row)
            continue;
        rows[*found] = *row;
        memset(rows[*found].parent.hash, 0, sizeof rows[*found].parent.hash); /* not kept */
        rows[*found].children = count_children(conn, row);
        rows[*found].is_new = false;
        (*found)++;
    }
    return STATUS_OK;
}

enum status journal_save(struct store_conn *conn, struct arena *arena,
                         const struct journal_row *rows, size_t count)
{
    struct database_tables *tables = &conn->tables;

    (void)arena;
    for (size_t i = 0; i < count; i++) {
        struct journal_row *row =
            database_rows_find_journal(tables, rows[i].device_id, rows[i].journal_id);

        if (row) {
            row->ledger = rows[i].ledger;
            row->status = rows[i].status;
            row->totals = rows[i].totals;
            row->adjusted_seq = rows[i].adjusted_seq;
            row->covered = rows[i].covered;
            continue;
        }
        if (tables->journal_count == sizeof tables->journals / sizeof *tables->journals)
            give_up("more journals than the model database holds");
        tables->journals[tables->journal_count++] = rows[i];
    }
    return STATUS_OK;
}

/* ---- booking ---- */

static bool is_booked(const struct store_conn *conn, const struct booking_record *record)
{
    for (size_t i = 0; i < conn->tables.usage_count; i++) {
        const struct database_usage *row = &conn->store->usage[i];

        if (memcmp(row->turn, record->turn, sizeof row->turn) == 0 &&
            row->attempt == record->attempt && strcmp(row->device_id, record->device_id) == 0)
            return true;
    }
    return false;
}

enum status booking_find_refiled(struct store_conn *conn, struct arena *arena,
                                 const struct booking_record *records, size_t count, bool *known)
{
    (void)arena;
    for (size_t i = 0; i < count; i++)
        known[i] = is_booked(conn, &records[i]);
    return STATUS_OK;
}

/* In 10^-12, from the exact text: "0.0004". */
static int64_t read_price(const char *text)
{
    const struct span span = span_text(text);
    int64_t price = 0;
    int places = -1;

    for (size_t i = 0; i < span.size; i++) {
        if (span.data[i] == '.') {
            places = 0;
        } else if (places < 12) {
            price = price * 10 + (span.data[i] - '0');
            places += places >= 0;
        } else if (span.data[i] != '0') {
            return -1; /* finer than these prices can give */
        }
    }
    for (int i = places < 0 ? 0 : places; i < 12; i++)
        price *= 10;
    return price;
}

static void book(struct store_conn *conn, const struct booking_record *record)
{
    struct database_tables *tables = &conn->tables;
    struct database_usage *row = database_rows_next_usage(conn);

    *row = (struct database_usage){
        .seq = record->seq,
        .at_ms = record->at_ms,
        .booked_ms = timeline_wall_ms(conn->store->timeline),
        .attempt = record->attempt,
        .provenance = record->provenance,
        .outcome = record->outcome,
        .input = record->quantities[CONTRACT_INPUT_UNCACHED],
        .output = record->quantities[CONTRACT_OUTPUT],
        .requests = record->quantities[CONTRACT_REQUESTS],
        .reserved = record->reserved_input + record->reserved_output,
        .price = read_price(record->price),
        .contract_version = record->contract_version,
    };
    snprintf(row->device_id, sizeof row->device_id, "%s", record->device_id);
    memcpy(row->journal_id, record->journal_id, sizeof row->journal_id);
    memcpy(row->turn, record->turn, sizeof row->turn);
    tables->usage_count++;
    tables->day_attempts += row->attempt == 0 && row->requests > 1 ? row->requests : 1;
    tables->day_requests += row->requests;
    tables->day_input += row->input;
    tables->day_output += row->output;
    tables->day_price += row->price;
}

enum status booking_store(struct store_conn *conn, struct arena *arena,
                          const struct booking_record *records, size_t count, const char **problems)
{
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        problems[i] = NULL;
        book(conn, &records[i]);
    }
    return STATUS_OK;
}

enum status booking_quarantine(struct store_conn *conn, const char *device_id,
                               const uint8_t journal_id[16], int64_t seq, struct span encoded,
                               const char *problem)
{
    (void)journal_id;
    (void)encoded;
    conn->tables.quarantined++;
    findings_add(conn->store->findings, "I1: record %lld of %s went into the quarantine: %s",
                 (long long)seq, device_id, problem);
    return STATUS_OK;
}

/* ---- alerts, events ---- */

static struct database_alert *find_alert(struct database_tables *tables, const struct alarm *alarm)
{
    for (size_t i = 0; i < tables->alert_count; i++) {
        if (strcmp(tables->alerts[i].kind, alarm->kind) == 0 &&
            strcmp(tables->alerts[i].subject, alarm->subject) == 0)
            return &tables->alerts[i];
    }
    if (tables->alert_count == sizeof tables->alerts / sizeof *tables->alerts)
        give_up("more alerts than the model database holds");
    struct database_alert *alert = &tables->alerts[tables->alert_count++];
    snprintf(alert->kind, sizeof alert->kind, "%s", alarm->kind);
    snprintf(alert->subject, sizeof alert->subject, "%s", alarm->subject);
    alert->count = 0;
    return alert;
}

enum status alarm_raise(struct store_conn *conn, struct arena *arena, const struct alarm *alarms,
                        size_t count)
{
    (void)arena;
    for (size_t i = 0; i < count; i++)
        find_alert(&conn->tables, &alarms[i])->count++;
    return STATUS_OK;
}

/* It never refuses anything. */
const char *store_problem(const struct store_conn *conn)
{
    (void)conn;
    return "";
}

enum status events_tell(struct store_conn *conn, const char *kind, const char *const *ids,
                        size_t count)
{
    (void)conn;
    (void)kind;
    (void)ids;
    (void)count;
    return STATUS_OK;
}

/* The outbox looks each second. */
enum status events_wake_outbox(struct store_conn *conn)
{
    (void)conn;
    return STATUS_OK;
}

/* ---- dispatch ---- */

static bool is_owed(const struct database_device *device, int64_t now_ms)
{
    const struct link_row *link = &device->link;

    return link->reported_generation < link->desired_generation &&
           device->config_due_ms <= now_ms && link->session.has_hello &&
           session_is_live(&link->session) && link->is_active;
}

static void put_off(struct store_conn *conn, struct database_device *device)
{
    const unsigned doublings = device->config_sends < 10 ? device->config_sends : 10;
    int64_t most_ms = (int64_t)CONFIG_PAUSE_MS << doublings;

    if (most_ms > CONFIG_PAUSE_MAX_MS)
        most_ms = CONFIG_PAUSE_MAX_MS;
    int64_t pause_ms = timeline_between(conn->store->timeline, 0, most_ms);
    device->config_due_ms = timeline_wall_ms(conn->store->timeline) +
                            (pause_ms > CONFIG_PAUSE_MS ? pause_ms : CONFIG_PAUSE_MS);
    device->config_sends++;
}

static void claim(struct store_conn *conn, const struct database_device *device,
                  struct dispatch_target *target)
{
    const struct link_row *link = &device->link;

    *target = (struct dispatch_target){
        .device_id = link->device_id,
        .session_number = link->session.number,
        .broker = link->session.broker,
        .epoch = conn->tables.epoch,
        .generation = link->desired_generation,
    };
    memcpy(target->session_id, link->session.id, sizeof target->session_id);
    const struct journal_row *journal =
        database_rows_find_journal(&conn->tables, link->device_id, link->journal_id);
    if (journal)
        target->journal = *journal;
}

enum status dispatch_claim_configs(struct store_conn *conn, struct arena *arena, size_t limit,
                                   struct dispatch_target *out, size_t *count)
{
    const int64_t now_ms = timeline_wall_ms(conn->store->timeline);

    *count = 0;
    for (size_t i = 0; i < conn->tables.device_count && *count < limit; i++) {
        if (is_owed(&conn->tables.devices[i], now_ms)) {
            claim(conn, &conn->tables.devices[i], &out[*count]);
            out[*count].device_id = arena_text(arena, span_text(out[*count].device_id));
            (*count)++;
        }
    }
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status dispatch_note_sent(struct store_conn *conn, struct arena *arena,
                               const struct dispatch_sent *sent, size_t count)
{
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        struct database_device *device =
            database_rows_find_device(&conn->tables, sent[i].device_id);

        put_off(conn, device);
        if (sent[i].hash.size > 0)
            keep_hash(&device->desired_hash, sent[i].hash);
    }
    return STATUS_OK;
}

enum status dispatch_finish_commands(struct store_conn *conn, struct arena *arena,
                                     const struct dispatch_answer *answers, size_t count)
{
    (void)arena;
    (void)answers;
    if (count > 0)
        findings_add(conn->store->findings, "a command was answered that nobody gave");
    return STATUS_OK;
}

enum status dispatch_keep_picture(struct store_conn *conn, const char *device_id, struct span png)
{
    (void)png;
    findings_add(conn->store->findings, "%s sent a picture that nobody asked for", device_id);
    return STATUS_OK;
}

enum status dispatch_keep_bundle(struct store_conn *conn, const char *device_id,
                                 const uint8_t command_id[16], struct span document)
{
    (void)command_id;
    (void)document;
    findings_add(conn->store->findings, "%s sent a bundle that nobody asked for", device_id);
    return STATUS_OK;
}

enum status dispatch_keep_proof(struct store_conn *conn, const char *device_id,
                                const uint8_t command_id[16], struct span document)
{
    (void)conn;
    (void)device_id;
    (void)command_id;
    (void)document; /* said by dispatch_keep_bundle() already */
    return STATUS_OK;
}

enum status dispatch_read_settings(struct store_conn *conn, struct arena *arena,
                                   const char *const *ids, size_t id_count,
                                   struct dispatch_setting **settings, size_t *count)
{
    struct dispatch_setting *found = arena_take(arena, (id_count + 1) * sizeof *found);

    if (!found)
        return STATUS_MEMORY;
    for (size_t i = 0; i < id_count; i++) {
        const struct database_device *device = database_rows_find_device(&conn->tables, ids[i]);

        found[i] =
            (struct dispatch_setting){ids[i], "volume", arena_format(arena, "%u", device->volume)};
    }
    *settings = found;
    *count = id_count;
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* ---- routes, terms ---- */

enum status routes_read(struct store_conn *conn, struct arena *arena, const char *const *ids,
                        size_t id_count, struct routes_row **rows, size_t *count)
{
    struct routes_row *out = arena_take(arena, (2 * id_count + 1) * sizeof *out);
    size_t n = 0;

    if (!out)
        return STATUS_MEMORY;
    for (size_t i = 0; i < id_count; i++) {
        const struct database_device *device = database_rows_find_device(&conn->tables, ids[i]);

        out[n++] = (struct routes_row){
            .device_id = ids[i],
            .vendor_id = DATABASE_VENDOR,
            .model = DATABASE_MODEL,
            .contract_id = DATABASE_TERMS,
            .contract_version = 1,
            .is_complete = true,
            .dialect = "openai",
            .base_url = "https://dahan.example",
            .vendor_region = "",
            .device_region = "",
            .filing = "",
            .rollout_id = "",
        };
        if (!device->is_opened)
            continue;
        out[n] = out[n - 1];
        out[n].is_complete = false;
        out[n].rollout_id = "switch";
        out[n].is_test = true;
        out[n++].is_under_way = device->link.reported_generation < device->link.desired_generation;
    }
    *rows = out;
    *count = n;
    return STATUS_OK;
}

struct terms {
    struct arena *arena;
    bool is_read;
    struct terms_contract found;
};

static const char document[] =
    "{\"contract\": \"" DATABASE_TERMS "\", \"vendor\": \"" DATABASE_VENDOR "\","
    " \"currency\": \"CNY\", \"zone\": \"Asia/Shanghai\", \"charges\": ["
    "{\"kind\": \"unit\", \"metric\": \"input_uncached\", \"models\": [\"*\"], \"price\": \"0.80\","
    " \"unit\": 1000000},"
    "{\"kind\": \"graduated\", \"metric\": \"output\", \"models\": [\"*\"], \"per\": \"month\","
    " \"tiers\": [{\"up_to\": 3000, \"price\": \"2.00\", \"unit\": 1000000},"
    " {\"up_to\": 9000, \"price\": \"1.00\", \"unit\": 1000000},"
    " {\"price\": \"0.30\", \"unit\": 1000000}]}]}";

static void check(enum status status)
{
    if (status != STATUS_OK)
        give_up(status_text(status));
}

/* Nobody exchanges a robot here. */
enum status lineage_name(struct store_conn *conn, struct arena *arena,
                         struct booking_record *records, size_t count)
{
    (void)conn;
    (void)arena;
    (void)records;
    (void)count;
    return STATUS_OK;
}

static struct decimal cost_of(const struct store *database, bool of_records)
{
    const struct database_tables *tables = &database->committed;
    struct store_conn conn = {.tables = *tables};
    struct terms *terms;
    struct tally *tally;
    struct decimal cost;
    unsigned unpriced;

    check(terms_create(&terms));
    check(terms_refresh(terms, &conn));
    check(tally_create(&tally, &terms->found.contract, terms->found.zone));
    for (size_t i = 0; i < tables->usage_count && of_records; i++) {
        const struct database_usage *row = &database->usage[i];
        struct booking_record record = {
            .device_id = row->device_id,
            .at_ms = row->at_ms,
            .model = "",
            .service_tier = "",
            .provenance = row->provenance,
        };
        struct tally_usage usage;

        record.quantities[CONTRACT_INPUT_UNCACHED] = row->input;
        record.quantities[CONTRACT_OUTPUT] = row->output;
        record.quantities[CONTRACT_REQUESTS] = row->requests;
        pricing_usage(&record, &usage);
        check(tally_add(tally, &usage, &unpriced));
    }
    if (!of_records)
        check(tallies_load(&conn, NULL, DATABASE_TERMS, NULL, 0, tally));
    check(bill_usage(tally, &cost));
    tally_free(tally);
    terms_free(terms);
    return cost;
}

struct decimal database_cost_of_counts(const struct store *database)
{
    return cost_of(database, false);
}

struct decimal database_cost_of_records(const struct store *database)
{
    return cost_of(database, true);
}

enum status terms_create(struct terms **out)
{
    struct terms *terms = calloc(1, sizeof *terms);

    if (!terms || arena_create(&terms->arena, 1u << 20) != STATUS_OK) {
        free(terms);
        return STATUS_MEMORY;
    }
    *out = terms;
    return STATUS_OK;
}

void terms_free(struct terms *terms)
{
    if (terms) {
        zone_close(terms->found.zone);
        arena_free(terms->arena);
    }
    free(terms);
}

enum status terms_refresh(struct terms *terms, struct store_conn *conn)
{
    struct json *json = NULL;
    struct json_problem problem = {0};

    (void)conn;
    if (terms->is_read)
        return STATUS_OK;
    enum status status = json_parse(span_text(document), &json, problem.detail);
    if (status == STATUS_OK)
        status = contract_read(json, terms->arena, &terms->found.contract, &problem);
    json_free(json);
    if (status == STATUS_OK && !terms->found.zone)
        status = zone_open(&terms->found.zone, terms->found.contract.zone);
    if (status == STATUS_INVALID)
        give_up(problem.detail);
    terms->found.contract_id = DATABASE_TERMS;
    terms->is_read = status == STATUS_OK;
    return status;
}

int64_t terms_revision(const struct terms *terms)
{
    return terms->is_read;
}

const struct terms_contract *terms_find(const struct terms *terms, const char *contract_id)
{
    return strcmp(contract_id, DATABASE_TERMS) == 0 ? &terms->found : NULL;
}

const struct contract_terms *terms_in_force(const struct terms_contract *found, int64_t at_ms,
                                            int64_t *version)
{
    (void)at_ms;
    if (!found)
        return NULL;
    *version = 1;
    return found->contract.versions;
}

const struct contract_terms *terms_rating(const struct terms_contract *found, int64_t at_ms,
                                          int64_t *version)
{
    return terms_in_force(found, at_ms, version);
}

/* ---- counts ---- */

enum status tallies_lock(struct store_conn *conn, const char *contract_id, int64_t *revision)
{
    (void)contract_id;
    *revision = ++conn->tables.tally_revision;
    return STATUS_OK;
}

/* Transactions come one after the other here. */
enum status tallies_share(struct store_conn *conn, const char *contract_id)
{
    (void)conn;
    (void)contract_id;
    return STATUS_OK;
}

enum status tallies_load(struct store_conn *conn, struct arena *arena, const char *contract_id,
                         const struct tallies_charge *charges, size_t count, struct tally *tally)
{
    const struct database_tables *tables = &conn->tables;

    (void)arena;
    (void)contract_id;
    for (size_t i = 0; i < tables->tally_count; i++) {
        bool is_wanted = count == 0;

        for (size_t k = 0; k < count && !is_wanted; k++)
            is_wanted = charges[k].version == tables->tally[i].version &&
                        charges[k].charge == tables->tally[i].charge;
        if (is_wanted && tally_load(tally, &tables->tally[i]) != STATUS_OK)
            give_up("a count that no tally takes");
    }
    return STATUS_OK;
}

static struct tally_count *find_count(struct database_tables *tables,
                                      const struct tallies_change *change)
{
    for (size_t i = 0; i < tables->tally_count; i++) {
        struct tally_count *count = &tables->tally[i];

        if (count->version == change->version && count->charge == change->charge &&
            count->cell == change->cell && count->at_day == change->at_day)
            return count;
    }
    if (tables->tally_count == sizeof tables->tally / sizeof *tables->tally)
        give_up("more counts than the model database holds");
    tables->tally[tables->tally_count] = (struct tally_count){.version = (uint16_t)change->version,
                                                              .charge = (uint16_t)change->charge,
                                                              .cell = (int32_t)change->cell,
                                                              .device = "",
                                                              .at_day = change->at_day};
    return &tables->tally[tables->tally_count++];
}

enum status tallies_add(struct store_conn *conn, struct arena *arena,
                        struct tallies_change *changes, size_t count)
{
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        struct tally_count *kept = find_count(&conn->tables, &changes[i]);
        struct decimal quantity;

        if (changes[i].device_id[0])
            give_up("a contract that tells devices apart");
        if (decimal_parse(span_text(changes[i].quantity), &quantity) != STATUS_OK ||
            decimal_add(kept->quantity, quantity, &kept->quantity) != STATUS_OK)
            give_up("a count that is no number");
    }
    return STATUS_OK;
}

/* ---- the installation ---- */

enum status installation_raise(struct store_conn *conn, struct arena *arena,
                               const struct installation_restore *restore, int64_t *epoch,
                               bool *raised)
{
    const struct alarm alarm = {"database_restored", "critical", "installation", "{}"};

    *raised = conn->tables.epoch == restore->known_epoch;
    if (*raised)
        conn->tables.epoch =
            1 + (restore->least_epoch > restore->known_epoch ? restore->least_epoch
                                                             : restore->known_epoch);
    *epoch = conn->tables.epoch;
    return *raised ? alarm_raise(conn, arena, &alarm, 1) : STATUS_OK;
}

/* ---- credit: no cap and no budget binds this fleet ---- */

struct credits {
    int64_t epoch;
};

enum status credits_create(struct credits **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? STATUS_OK : STATUS_MEMORY;
}

void credits_free(struct credits *credits)
{
    free(credits);
}

enum status credits_refresh(struct credits *credits, struct store_conn *conn)
{
    credits->epoch = conn->tables.epoch;
    return STATUS_OK;
}

const struct credits_pool *credits_pools(const struct credits *credits, size_t *count)
{
    (void)credits;
    *count = 0;
    return NULL;
}

int64_t credits_epoch(const struct credits *credits)
{
    return credits->epoch;
}

enum status credits_lock_accounts(struct store_conn *conn, struct arena *arena,
                                  const char *const *ids, size_t id_count, size_t spare,
                                  struct credits_account **rows, size_t *count)
{
    (void)conn;
    (void)ids;
    (void)id_count;
    *count = 0;
    *rows = arena_take(arena, (spare + 1) * sizeof **rows);
    return *rows ? STATUS_OK : STATUS_MEMORY;
}

enum status credits_save_accounts(struct store_conn *conn, struct arena *arena,
                                  const struct credits_account *rows, size_t count)
{
    (void)arena;
    (void)rows;
    if (count > 0)
        findings_add(conn->store->findings, "an account was opened that no pool holds");
    return STATUS_OK;
}

enum status credits_lock_pools(struct store_conn *conn, struct arena *arena, const int64_t *ids,
                               size_t count, struct credits_sum *sums, size_t *found)
{
    (void)conn;
    (void)arena;
    (void)ids;
    (void)count;
    (void)sums;
    *found = 0;
    return STATUS_OK;
}

enum status credits_save_pools(struct store_conn *conn, struct arena *arena,
                               const struct credits_sum *sums, size_t count,
                               const struct credits_spend *spends, size_t spend_count)
{
    (void)arena;
    (void)sums;
    (void)spends;
    if (count + spend_count > 0)
        findings_add(conn->store->findings, "a pool was changed that is not there");
    return STATUS_OK;
}

enum status credits_read_members(struct store_conn *conn, struct arena *arena,
                                 const char *const *ids, size_t id_count,
                                 struct credits_member **members, size_t *count)
{
    (void)conn;
    (void)ids;
    (void)id_count;
    *count = 0;
    *members = arena_take(arena, sizeof **members);
    return *members ? STATUS_OK : STATUS_MEMORY;
}

enum status credits_read_epochs(struct store_conn *conn, const char *const *ids, size_t id_count,
                                int64_t *epochs)
{
    (void)conn;
    (void)ids;
    memset(epochs, 0, id_count * sizeof *epochs);
    return STATUS_OK;
}

enum status credits_read_granted(struct store_conn *conn, const char *device_id,
                                 const uint8_t journal_id[16], int64_t epoch, uint64_t *granted)
{
    (void)conn;
    (void)device_id;
    (void)journal_id;
    (void)epoch;
    *granted = 0;
    return STATUS_OK;
}

enum status credits_note_epoch(struct store_conn *conn, const char *const *ids, size_t id_count,
                               int64_t epoch)
{
    (void)conn;
    (void)ids;
    (void)id_count;
    (void)epoch;
    return STATUS_OK;
}
