/* batch.h - what a batch of messages changes: the transaction of the group committer
 *
 * Locks the devices, then their journals, judges each message in the order of arrival (hearing.c),
 * books, raises alerts and tells; whatever robots are to be told after the commit comes back as
 * states. Runs as a store_work: everything is made afresh each time it is tried.
 */
#ifndef SERVER_BUS_BATCH_H
#define SERVER_BUS_BATCH_H

#include "server/bus/ingest.h"
#include "server/bus/intake.h"
#include "server/bus/lines.h"
#include "server/bus/route_cache.h"
#include "server/bus/state.h"
#include "server/store/alarm.h"
#include "server/store/booking.h"
#include "server/store/dispatch.h"
#include "server/store/link.h"
#include "server/store/pricing.h"
#include "server/store/terms.h"

/* A device in the batch. */
struct batch_device {
    struct link_row *row;
    int64_t generation_before; /* desired, as it was found */
    bool changed;              /* to be written back */
    bool told;                 /* dashboards want to know */
    bool owes_state;           /* for the device's present session */
    bool want_hello;
    bool want_usage;
    bool is_copied;  /* there are two of it: to be quarantined */
    bool heard;      /* a message of its present session said something, or a reminder came */
    bool has_routes; /* those that follow were read */
    const struct routes_row *routes;
    size_t route_count;
};

/* What became of a message. */
enum batch_heard { BATCH_UNHEARD, BATCH_HEARD_LATE, BATCH_HEARD_NEWEST };

/* A record that the database refused in an earlier try. */
struct batch_refused {
    char device_id[LIMIT_SLUG + 1];
    uint8_t journal_id[16];
    int64_t seq;
    char problem[200];
};

struct batch {
    /* set by the owner */
    struct arena *arena; /* of what a try makes; reset at its start */
    struct terms *terms;
    struct route_cache *routes;
    struct pricing *pricing;
    struct credits *credits;
    struct lines *lines;
    const uint8_t *stamp_key; /* of CRYPTO_KEY_SIZE bytes: receipts were made with it */
    const struct intake_item *items;
    size_t item_count;
    int64_t stale_window_ms;
    struct batch_refused *refused; /* has room for LIMIT_BATCH_RECORDS; empty at first */
    size_t refused_count;
    bool maybe_committed; /* an earlier try's COMMIT may have taken place: repeats mean nothing */

    /* made by each try; lists have room for what the items can need */
    struct batch_device *devices; /* by device id */
    size_t device_count;
    enum batch_heard *heard;     /* of each item */
    struct crediting *crediting; /* NULL: no pool binds anything */
    struct journal_row *journals;
    struct journal_row *journals_before; /* as they were found */
    size_t journals_found;
    size_t journal_count; /* with those added */
    size_t journal_room;
    struct booking_record *records;
    bool *may_be_refiled; /* of each record */
    size_t record_count;
    struct alarm *alarms;
    size_t alarm_count;
    struct dispatch_answer *answers;
    size_t answer_count;
    struct state_facts *states; /* to send after the commit; floors as they come, the rest last */
    size_t state_count;
    char problem[200];         /* what the database said when it refused; "": it did not */
    bool again;                /* more was refused: without it the rest can be stored */
    struct ingest_stats stats; /* to add after the commit */
};

/* Runs the transaction, again when the database refuses records: what others cost depends on which
 * are counted, so these are known beforehand the next time. Statuses are store_transaction()'s;
 * STATUS_INVALID: too many were refused, or none that could be told apart. */
MUST_CHECK enum status batch_commit(struct store *store, struct batch *batch);

/* For hearing.c and crediting.c. */

/* Keeps a record that cannot be booked for a human to look at. problem: in the arena, or static. */
MUST_CHECK enum status batch_quarantine(struct store_conn *conn, struct batch *batch,
                                        const char *device_id, const uint8_t journal_id[16],
                                        int64_t seq, struct span encoded, const char *problem);

/* The routes of all devices, or of those that are owed a state. */
MUST_CHECK enum status batch_read_routes(struct store_conn *conn, struct batch *batch, bool all);

/* NULL: no such device. */
struct batch_device *batch_find_device(struct batch *batch, const char *device_id);
/* NULL: not known. */
struct journal_row *batch_find_journal(struct batch *batch, const char *device_id,
                                       const uint8_t journal_id[16]);
/* Adds a journal that the database does not have yet. */
struct journal_row *batch_add_journal(struct batch *batch, const char *device_id,
                                      const uint8_t journal_id[16]);
/* About a device. detail: a JSON object in the arena, or static. */
void batch_alarm(struct batch *batch, const char *kind, const char *severity, const char *device_id,
                 const char *detail);
/* About anything: "contract/dahan-2026", in the arena. */
void batch_alarm_about(struct batch *batch, const char *kind, const char *severity,
                       const char *subject, const char *detail);

#endif
