/* robot.h - a robot's chat against a demo vendor that runs as a program of its own, for tests */
#ifndef TESTS_INTEGRATION_AGENT_ROBOT_H
#define TESTS_INTEGRATION_AGENT_ROBOT_H

#include <pthread.h>

#include "agent/chat/turn.h"
#include "tests/integration/agent/vendor.h"

/* One robot: everything is fresh for each test. */
struct robot {
    const struct vendor *vendor;
    struct journal *journal;
    struct speaker *speaker;
    struct turn *turn;
    struct filter *filter;
    struct conversation *conversation;
    uint64_t number;
    uint8_t uuid[16];
    wire_Route routes[3];
    struct turn_settings settings;
    struct turn_report report;
    pthread_mutex_t lock;
    char heard[8192]; /* clauses, a line each */
    size_t clauses;
    unsigned denied; /* TURN_DENIED */
    bool is_online;
    unsigned waited;          /* how often it looked whether it is, waiting for credit */
    uint64_t promised;        /* output tokens that come on the first line when it looked thrice */
    bool used_up;             /* the server says at TURN_DENIED that there are none */
    uint64_t interrupt_after; /* clauses; 0: never */
    int64_t interrupted_ms;
    wire_UsageRecord records[8];
    size_t record_count;
};

/* Changes how the vendor behaves: JSON as PUT /admin/faults takes it. */
void robot_behave(const struct robot *robot, const char *conditions);

#define ROBOT_FAST                                                                                 \
    "{\"429\":0,\"quota\":0,\"500\":0,\"503\":0,\"cut\":0,\"stall\":0,\"no_usage\":0,"             \
    "\"mid_error\":0,\"under_200\":0,\"filter\":0,\"tokens_per_s\":2000,\"first_token_ms\":5,"     \
    "\"jitter_ms\":0,\"retry_after_s\":0}"

/* What the robot's filter knows; "the" is held back from children, so that hardly an answer of the
 * vendor's passes. The audience is nobody until a test sets another. */
#define ROBOT_LIST                                                                                 \
    "[crisis]\ni want to die\n我想死\n[violence all]\nhow to build a bomb\n[hate child]\nthe\n"

enum mouth { SILENT, SPEAKING };

/* One route to a vendor that behaves well, of dialect openai; dismantle it. */
void robot_build(struct robot *robot, const struct vendor *vendor, enum mouth mouth);
void robot_dismantle(struct robot *robot);

void robot_set_route(struct robot *robot, size_t index, const char *base_url, const char *key);
const char *robot_base_url(const struct robot *robot);

/* What the server says of the first count (at most 2) routes' lines, which count output tokens
 * alone. */
void robot_tell_lines(struct robot *robot, size_t count, const uint64_t *granted, bool used_up);

/* A turn; heard, report and records are of it (records: of all that are not acknowledged). */
enum status robot_ask(struct robot *robot, const char *question);
void robot_read_records(struct robot *robot);

/* The ledger's line of that attempt of the last turn; NULL: the vendor never saw it. The caller
 * frees it with json_free(). */
struct json *robot_bill(const struct robot *robot, unsigned attempt);

void robot_check_equal(const wire_UsageRecord *record, const struct json *line);
void robot_check_bill(const struct robot *robot, size_t index);

#endif
