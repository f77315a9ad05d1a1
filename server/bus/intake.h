/* intake.h - opens and decodes what devices sent, before the database is asked anything
 *
 * Turns a message into facts: authentic or not, and what it says, with the lists that only people
 * read already as JSON text. Memory comes from the batch's arena. One owner thread.
 */
#ifndef SERVER_BUS_INTAKE_H
#define SERVER_BUS_INTAKE_H

#include "schema/wire/message.h"
#include "server/bus/bus.h"
#include "server/bus/peers.h"
#include "server/fleet/ledger.h"

struct intake;

enum intake_fault {
    INTAKE_GOOD,
    INTAKE_FORGED,    /* not sealed by the device whose topic it came on */
    INTAKE_MALFORMED, /* authentic (or an open last will), but no such message */
    INTAKE_UNKNOWN,   /* no such device */
    INTAKE_RETIRED,   /* sealed for a server key that is not used any more */
};

struct intake_hello {
    struct chain_parent parent;
    uint64_t head_seq, tail_seq;
    uint8_t head_hash[CRYPTO_HASH_SIZE];
    uint64_t generation_held;
    int64_t epoch_seen;
    struct span receipt; /* of the state that told it; may be empty */
    const char *software, *hardware, *capabilities;
    uint64_t refiled;                   /* its journal's first records that stood in the parent */
    const wire_JournalDropped *dropped; /* NULL: it told nothing of what it dropped */
};

/* Plain data; everything it points to is in the arena. */
struct intake_item {
    char device_id[LIMIT_SLUG + 1];
    enum topic_kind kind;
    enum intake_fault fault;
    uint8_t broker; /* that it came by */
    int64_t arrived_ms;
    uint64_t session_number; /* what follows only when the fault is INTAKE_GOOD */
    uint8_t session_id[16];
    uint8_t server_key_id[4]; /* sealed kinds only, like what follows */
    uint64_t counter;
    int64_t device_time_ms;
    uint8_t journal_id[16]; /* hello, usage */
    struct intake_hello *hello;
    struct ledger_batch usage;
    uint64_t generation; /* running: hello, report; answered: reply; 0: says nothing of it */
    struct span config_hash;
    const char *settings; /* JSON or NULL, like credit and health */
    const char *credit;
    const char *health;
    const char *trial;          /* NULL: told none */
    const char *packages;       /* JSON: all of them; NULL: not told */
    const char *utc_offset;     /* as a setting zone has it; NULL: told none */
    const wire_CreditUse *uses; /* the same, of each line it knows */
    size_t use_count;
    const wire_JournalHead *head; /* hello, report; NULL: told none */
    uint32_t boxes_refused;       /* report: boxes for it that were not ours */
    uint32_t lines_refused;       /* report: credit lines that came with other weights */
    const uint8_t *command_id;    /* reply to a command, or NULL */
    wire_CommandStatus command_status;
    const char *reason;
    struct span attachment; /* to a command that wants one */
};

/* peers outlive the intake. */
MUST_CHECK enum status intake_create(struct intake **out, struct peers *peers);
void intake_free(struct intake *intake);

/* Fills *item. A fault of the message is STATUS_OK. STATUS_MEMORY: the arena is full; those of
 * store.h: the device's keys could not be read, try this message again later. */
MUST_CHECK enum status intake_read(struct intake *intake, const struct bus_message *message,
                                   struct arena *arena, struct intake_item *item);

#endif
