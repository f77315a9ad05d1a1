/* database.h - a model of the database: the server's tables in memory, transactions by copying
 *
 * Implements the functions of server/store/{link,journal,booking,dispatch,alarm,events,routes,
 * terms} and store_transaction() that the ingest calls, so that its real rules run on it. A
 * transaction works on a copy, which replaces the original at its commit. Faults on demand: the
 * database is away, wants a transaction again, or loses its connection in COMMIT.
 */
#ifndef TESTS_SIMULATION_DATABASE_H
#define TESTS_SIMULATION_DATABASE_H

#include "schema/wire/local_time.h"
#include "server/money/tally.h"
#include "server/store/journal.h"
#include "server/store/link.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/timeline.h"

#define DATABASE_COUNTS  64 /* charges, their rates, months */
#define DATABASE_DEVICES 32
#define DATABASE_MODEL   "dahan-large"
#define DATABASE_VENDOR  "dahan"
#define DATABASE_TERMS   "dahan-2026"

struct store; /* the database */

struct database_hash {
    bool is_set;
    uint8_t bytes[CRYPTO_HASH_SIZE];
};

/* A row of device and device_link. */
struct database_device {
    struct link_row link; /* its pointers are not used */
    struct database_hash desired_hash, reported_hash;
    struct link_keys keys;
    unsigned config_sends;
    int64_t config_due_ms;
    unsigned volume; /* its effective configuration */
    bool is_opened;  /* by a rollout that has it try this one, */
    int64_t opened_generation;
    unsigned volume_before; /* and without which it is this one */
    int64_t hellos;         /* facts taken of hellos and reports */
    char utc_offset[LOCAL_TIME_OFFSET_SIZE];
};

struct database_usage {
    char device_id[LIMIT_SLUG + 1];
    uint8_t journal_id[16];
    int64_t seq;
    int64_t at_ms, booked_ms;
    uint8_t turn[16];
    int64_t attempt;
    int64_t provenance, outcome;
    int64_t input, output, requests;
    int64_t reserved;
    int64_t price; /* 10^-12 */
    int64_t contract_version;
};

struct database_alert {
    char kind[32];
    char subject[72];
    int64_t count;
};

/* What a transaction copies; usage is only ever appended, so its length is enough. */
struct database_tables {
    int64_t epoch;
    size_t device_count;
    struct database_device devices[DATABASE_DEVICES];
    size_t journal_count;
    struct journal_row journals[DATABASE_DEVICES * 8];
    size_t alert_count;
    struct database_alert alerts[DATABASE_DEVICES * 8];
    size_t usage_count;
    size_t quarantined;
    int64_t day_attempts, day_requests, day_input, day_output, day_price; /* usage_day's sums */
    int64_t tally_revision;
    size_t tally_count;
    struct tally_count tally[DATABASE_COUNTS];
};

enum database_fault {
    DATABASE_WORKS,
    DATABASE_SERIALISATION, /* the first try has to be run again */
    DATABASE_LOST_BEFORE,   /* connection lost in COMMIT, which did not take place */
    DATABASE_LOST_AFTER,    /* connection lost in COMMIT, which took place */
};

/* What the records' usage costs by the counts that were kept, and by counting the records again. */
struct decimal database_cost_of_counts(const struct store *database);
struct decimal database_cost_of_records(const struct store *database);

void database_open(struct store **out, struct timeline *timeline, struct findings *findings);
void database_close(struct store *database);

void database_add_device(struct store *database, const char *device_id,
                         const struct link_keys *keys);

/* Committed rows. Borrowed until the next change. */
const struct database_tables *database_tables(const struct store *database);
const struct database_device *database_find(const struct store *database, const char *device_id);
/* NULL: not known. */
const struct journal_row *database_find_journal(const struct store *database, const char *device_id,
                                                const uint8_t journal_id[16]);
const struct database_usage *database_usage(const struct store *database, size_t *count);
/* How often an alert was raised, for all subjects. */
int64_t database_count_alerts(const struct store *database, const char *kind);

void database_set_away(struct store *database, bool away);
bool database_is_away(const struct store *database);
/* Of the next transaction. */
void database_set_fault(struct store *database, enum database_fault fault);

/* An operator changes the device's settings: another content, the next generation. */
void database_change(struct store *database, const char *device_id, unsigned volume);

/* Backup and restore; it is for robots' receipts to raise the epoch. */
void database_back_up(struct store *database);
void database_restore(struct store *database);

#endif
