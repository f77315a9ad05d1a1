/* robot.h - one device as the ingest sees it: keys, session, journal, sealed messages */
#ifndef TESTS_INTEGRATION_SERVER_ROBOT_H
#define TESTS_INTEGRATION_SERVER_ROBOT_H

#include "schema/base/box.h"
#include "schema/wire/chain.h"
#include "schema/wire/message.h"
#include "server/bus/bus.h"
#include "server/store/store.h"

/* Plain data. */
struct robot {
    struct box_pair pair;
    wire_Session session;
    uint64_t counter;
    int64_t skew_ms;     /* of its clock */
    int64_t late_ms;     /* its records tell of so long ago, */
    const char *line_id; /* on this line; NULL: on none */
    int outcome;         /* that they tell; 0: answered */
    bool knows_state;    /* and its attempts began after a state of just now */
    uint8_t journal_id[16];
    struct chain_parent parent;
    uint64_t head_seq;
    uint64_t lost;            /* its oldest records, that it no longer holds */
    wire_UsageRecord sum;     /* of all its records */
    wire_UsageRecord dropped; /* of those it no longer holds; seq 0: it does not say */
    uint8_t dropped_hash[CRYPTO_HASH_SIZE];
    uint64_t refiled; /* its first records that stood in the parent */
    uint8_t head_hash[CRYPTO_HASH_SIZE];
    uint64_t generation;
    uint8_t config_hash[CRYPTO_HASH_SIZE];
    bool has_config;
    uint32_t epoch_seen; /* with the receipt of its last state */
    uint8_t receipt[CRYPTO_HASH_SIZE];
    size_t receipt_size;
    wire_CreditUse credit; /* of one line, when that has a name */
    bool has_utc_offset;   /* told by hello and report */
    int utc_offset_min;
    uint32_t lines_refused; /* told by the next reports, like what follows */
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    size_t use_count;
    wire_Circuit circuits[2]; /* of one vendor */
    size_t circuit_count;
    bool is_testing;        /* its records are of a trial's test */
    wire_TrialReport trial; /* told by hello, report and reply; generation 0: none */
};

/* A new device in the database, with a new journal. The sealing key is made when it is missing. */
void robot_enrol(struct robot *robot, struct store *store, const char *device_id,
                 const uint8_t master_key[CRYPTO_KEY_SIZE]);

/* A higher session, as before each CONNECT. */
void robot_connect(struct robot *robot);

/* A record of the next number: one answered attempt with so many tokens. Appended to the batch. */
void robot_use(struct robot *robot, wire_UsageBatch *batch, wire_Provenance provenance,
               uint64_t input, uint64_t output);
void robot_use_under(struct robot *robot, wire_UsageBatch *batch, const char *contract,
                     wire_Provenance provenance, uint64_t input, uint64_t output);
/* Makes the batch's last record one that stands for so many requests. */
void robot_fold_last(struct robot *robot, wire_UsageBatch *batch, uint64_t requests);
void robot_begin_batch(const struct robot *robot, wire_UsageBatch *batch);

/* All records up to now leave its ring. */
void robot_drop(struct robot *robot);

/* Sealed messages as the bus would hand them out; the payload's owner is the block. */
struct bus_message robot_hello(struct robot *robot);
struct bus_message robot_usage(struct robot *robot, wire_UsageBatch *batch);
/* With a refused volume. */
struct bus_message robot_report(struct robot *robot);
struct bus_message robot_reply(struct robot *robot, wire_Reply *reply);
struct bus_message robot_presence(const wire_Session *session, const char *device_id);

/* A copy that the caller may damage. */
struct bus_message robot_copy(const struct bus_message *message);

#endif
