/* database_rows.h - what the parts of the model database share */
#ifndef TESTS_SIMULATION_DATABASE_ROWS_H
#define TESTS_SIMULATION_DATABASE_ROWS_H

#include "server/store/store.h"
#include "tests/simulation/database.h"

/* A transaction under way. */
struct store_conn {
    struct store *store;
    struct database_tables tables;
};

struct store {
    struct timeline *timeline;
    struct findings *findings;
    bool away;
    enum database_fault fault;
    struct database_tables committed, backup;
    struct database_usage *usage;
    size_t usage_room;
    struct store_conn conn;
};

/* NULL: not there. */
struct database_device *database_rows_find_device(struct database_tables *tables, const char *id);
struct journal_row *database_rows_find_journal(struct database_tables *tables,
                                               const char *device_id, const uint8_t *journal_id);

/* The row after the last one; count it to keep it. */
struct database_usage *database_rows_next_usage(struct store_conn *conn);

#endif
