/* base.h - the model database: tables in memory, transactions by copying
 *
 * Plain data. Rows of usage are only ever appended, so that their count is enough to undo some.
 */
#ifndef TESTS_SIMULATION_CREDIT_BASE_H
#define TESTS_SIMULATION_CREDIT_BASE_H

#include "server/fleet/ledger.h"
#include "server/fleet/session.h"
#include "server/fleet/grant.h"
#include "tests/simulation/credit/market.h"

#define BASE_DEVICES  6
#define BASE_JOURNALS 64
#define BASE_ACCOUNTS 512
#define BASE_POOLS    256
#define BASE_ROWS     2048
#define BASE_NONE     UINT32_MAX

enum base_journal_status { BASE_OPEN, BASE_FORKED, BASE_QUARANTINED };

struct base_device {
    struct session session;
    unsigned journal;       /* of the latest hello; BASE_NONE */
    uint32_t epoch_heard;   /* that its present session's hello named, */
    uint64_t epoch_counter; /* with this counter: what was sent before is of another epoch */
    int64_t offset_ms;      /* server time less device time, by that hello */
};

struct base_journal {
    unsigned device;
    uint8_t id[16];
    struct chain_parent parent;
    unsigned parent_journal; /* BASE_NONE */
    struct ledger ledger;
    enum base_journal_status status;
    unsigned children;
    int64_t confirmed_ms; /* what comes later began at this time or later */
};

/* A set of pools. */
struct base_set {
    uint64_t bits[BASE_POOLS / 64];
};

struct base_account {
    unsigned device, journal, line, measure;
    uint32_t epoch;
    struct base_set held;
    struct grant_account credit;
    uint64_t least; /* the shortest attempt's, as its device last said */
};

struct base_pool {
    unsigned cap;
    int64_t from_ms, to_ms; /* of the run */
    size_t first_row;       /* rows from here on count */
    struct grant_pool credit;
};

struct base_row {
    unsigned attempt; /* as its turn names it */
    unsigned device, journal, line;
    uint64_t seq;
    int64_t at_ms; /* of the run */
    wire_Provenance provenance;
    int64_t booked[MARKET_UNITS];
};

struct base_tables {
    uint32_t epoch;
    size_t journal_count, account_count, pool_count, row_count;
    struct base_device devices[BASE_DEVICES];
    struct base_journal journals[BASE_JOURNALS];
    struct base_pool pools[BASE_POOLS];
    struct base_account accounts[BASE_ACCOUNTS];
};

struct base {
    struct base_tables committed, backup, work;
    bool has_backup;
    struct base_row rows[BASE_ROWS];
};

void base_open(struct base *base);

void base_copy(struct base_tables *to, const struct base_tables *from);

/* BASE_NONE: not there. */
unsigned base_find_journal(const struct base_tables *tables, unsigned device, const uint8_t id[16]);

/* End the program when a table is full. */
unsigned base_add_journal(struct base_tables *tables, unsigned device, const uint8_t id[16]);
unsigned base_add_account(struct base_tables *tables);
unsigned base_add_pool(struct base_tables *tables);
struct base_row *base_add_row(struct base *base, struct base_tables *tables);

bool base_set_has(const struct base_set *set, unsigned pool);
void base_set_put(struct base_set *set, unsigned pool);
void base_set_drop(struct base_set *set, unsigned pool);

#endif
