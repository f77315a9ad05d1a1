#include "tests/simulation/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/database_rows.h"

#define MAX_TRIES 5

static void give_up(const char *why)
{
    fprintf(stderr, "simulation: %s\n", why);
    abort();
}

void database_open(struct store **out, struct timeline *timeline, struct findings *findings)
{
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        give_up("out of memory");
    store->timeline = timeline;
    store->findings = findings;
    store->committed.epoch = 1;
    store->conn.store = store;
    *out = store;
}

void database_close(struct store *database)
{
    free(database->usage);
    free(database);
}

void database_add_device(struct store *database, const char *device_id,
                         const struct link_keys *keys)
{
    struct database_tables *tables = &database->committed;

    if (tables->device_count == DATABASE_DEVICES)
        give_up("more devices than the model database holds");
    struct database_device *device = &tables->devices[tables->device_count++];
    *device = (struct database_device){.keys = *keys, .volume = 50};
    snprintf(device->link.device_id, sizeof device->link.device_id, "%s", device_id);
    device->link.is_active = true;
    device->link.desired_generation = 1;
}

/* ---- rows ---- */

struct database_device *database_rows_find_device(struct database_tables *tables, const char *id)
{
    for (size_t i = 0; i < tables->device_count; i++) {
        if (strcmp(tables->devices[i].link.device_id, id) == 0)
            return &tables->devices[i];
    }
    return NULL;
}

struct journal_row *database_rows_find_journal(struct database_tables *tables,
                                               const char *device_id, const uint8_t *journal_id)
{
    for (size_t i = 0; i < tables->journal_count; i++) {
        struct journal_row *row = &tables->journals[i];

        if (memcmp(row->journal_id, journal_id, sizeof row->journal_id) == 0 &&
            strcmp(row->device_id, device_id) == 0)
            return row;
    }
    return NULL;
}

struct database_usage *database_rows_next_usage(struct store_conn *conn)
{
    struct store *store = conn->store;

    if (conn->tables.usage_count == store->usage_room) {
        store->usage_room = store->usage_room ? store->usage_room * 2 : 1024;
        store->usage = realloc(store->usage, store->usage_room * sizeof *store->usage);
        if (!store->usage)
            give_up("out of memory");
    }
    return &store->usage[conn->tables.usage_count];
}

const struct database_tables *database_tables(const struct store *database)
{
    return &database->committed;
}

const struct database_device *database_find(const struct store *database, const char *device_id)
{
    for (size_t i = 0; i < database->committed.device_count; i++) {
        if (strcmp(database->committed.devices[i].link.device_id, device_id) == 0)
            return &database->committed.devices[i];
    }
    return NULL;
}

const struct journal_row *database_find_journal(const struct store *database, const char *device_id,
                                                const uint8_t journal_id[16])
{
    struct store *store = (struct store *)(uintptr_t)database;

    return database_rows_find_journal(&store->committed, device_id, journal_id);
}

const struct database_usage *database_usage(const struct store *database, size_t *count)
{
    *count = database->committed.usage_count;
    return database->usage;
}

int64_t database_count_alerts(const struct store *database, const char *kind)
{
    int64_t count = 0;

    for (size_t i = 0; i < database->committed.alert_count; i++) {
        if (strcmp(database->committed.alerts[i].kind, kind) == 0)
            count += database->committed.alerts[i].count;
    }
    return count;
}

/* ---- faults ---- */

void database_set_away(struct store *database, bool away)
{
    database->away = away;
}

bool database_is_away(const struct store *database)
{
    return database->away;
}

void database_set_fault(struct store *database, enum database_fault fault)
{
    database->fault = fault;
}

void database_back_up(struct store *database)
{
    database->backup = database->committed;
}

void database_restore(struct store *database)
{
    database->committed = database->backup;
}

void database_change(struct store *database, const char *device_id, unsigned volume)
{
    struct database_device *device = database_rows_find_device(&database->committed, device_id);

    device->is_opened = timeline_chance(database->timeline, 500);
    device->opened_generation = device->link.desired_generation + 1;
    device->volume_before = device->volume;
    device->volume = volume;
    device->link.desired_generation++;
    device->desired_hash.is_set = false;
    device->config_sends = 0;
    device->config_due_ms = timeline_wall_ms(database->timeline);
}

/* ---- transactions ---- */

static enum status run_once(struct store *store, store_work work, void *context)
{
    store->conn.tables = store->committed;
    return work(&store->conn, context);
}

enum status store_transaction(struct store *store, store_work work, void *context)
{
    const enum database_fault fault = store->fault;
    enum status status = STATUS_AGAIN;

    store->fault = DATABASE_WORKS;
    if (store->away)
        return STATUS_UNREACHABLE;
    if (fault == DATABASE_SERIALISATION && run_once(store, work, context) == STATUS_MEMORY)
        give_up("out of memory");
    for (unsigned i = 0; status == STATUS_AGAIN && i < MAX_TRIES; i++)
        status = run_once(store, work, context);
    if (status != STATUS_OK)
        return status;
    if (fault != DATABASE_LOST_BEFORE)
        store->committed = store->conn.tables;
    return fault == DATABASE_LOST_BEFORE || fault == DATABASE_LOST_AFTER ? STATUS_UNREACHABLE
                                                                         : STATUS_OK;
}
