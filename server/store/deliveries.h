/* deliveries.h - what is owed to the channels: claimed by whoever has time, sent, kept until it is
 *
 * A claim is a lease of DELIVERIES_LEASE_MS on the channel and its rows; whoever claims and dies
 * has sent at least nothing and at most everything, and after the lease another instance sends it
 * (again). So a message is delivered once or more, and never lost: after so many attempts it is
 * kept as dead, with an alert.
 */
#ifndef SERVER_STORE_DELIVERIES_H
#define SERVER_STORE_DELIVERIES_H

#include "server/store/document.h"

#define DELIVERIES_LEASE_MS  60000
#define DELIVERIES_CLAIM_MAX 10
#define DELIVERIES_WAIT_MAX  1000 /* of a channel; the oldest beyond are dead */

/* Plain data in the arena; secrets still wrapped. */
struct deliveries_channel {
    const char *channel_id;
    int64_t made_us; /* since 1970: tells it from a later one with its id */
    const char *kind;
    struct span url_wrapped;
    struct span secret_wrapped; /* empty: none */
    const char *login;
    const char *sender;
    struct span recipients;
};
struct deliveries_row {
    int64_t delivery_id;
    int64_t revision;
    int64_t attempts; /* with this one */
    const char *event;
    int64_t alert_id; /* 0: a test; then the rest is empty */
    const char *kind;
    const char *severity;
    const char *subject;
    struct span detail;
    const char *words; /* alert_words.h */
    int64_t count;
    int64_t first_at_ms;
    int64_t last_at_ms;
    const char *title;
    const char *link;
    const char *cure;
};
struct deliveries_claim {
    struct deliveries_channel channel;
    struct deliveries_row rows[DELIVERIES_CLAIM_MAX];
    size_t count;
};

/* The channel that has waited longest, with its oldest rows due. STATUS_NOT_FOUND: nothing is due.
 */
MUST_CHECK enum status deliveries_take(struct store *store, struct arena *arena,
                                       struct deliveries_claim *out);

/* They arrived. What has changed since the claim is owed again at once. The channel is free again
 * after gap_ms. Nothing when the channel was deleted since the claim; the same below. */
MUST_CHECK enum status deliveries_arrived(struct store *store, const struct deliveries_claim *claim,
                                          int64_t gap_ms, struct arena *arena);

/* They did not. Each is tried again after delay_ms, with the whole channel, or is dead after
 * attempts_max; of dead ones an alert is raised. */
MUST_CHECK enum status deliveries_failed(struct store *store, const struct deliveries_claim *claim,
                                         const char *problem, int64_t delay_ms,
                                         int64_t attempts_max, struct arena *arena);

/* Any instance may: the oldest of what waits beyond DELIVERIES_WAIT_MAX are dead. */
MUST_CHECK enum status deliveries_shed(struct store *store);

/* A row d of the table, as the API shows it. */
#define DELIVERIES_JSON                                                                            \
    "jsonb_build_object('id', d.delivery_id, 'channel', d.channel_id, 'alert', d.alert_id, "       \
    "'event', d.event, 'status', d.status, 'attempts', d.attempts, 'next_due', CASE WHEN "         \
    "d.status = 'waiting' THEN d.next_due END, 'problem', d.problem, 'created_at', d.created_at, " \
    "'done_at', d.done_at)"

/* Newest first; status, channel_id: NULL for any. */
MUST_CHECK enum status deliveries_list(struct store *store, const char *status,
                                       const char *channel_id, int64_t after, int64_t limit,
                                       struct arena *arena, struct span *json);
/* STATUS_NOT_FOUND. */
MUST_CHECK enum status deliveries_get(struct store *store, int64_t delivery_id, struct arena *arena,
                                      struct document *out);

/* A message that says that the channel works, to be sent at once; audited. STATUS_NOT_FOUND: no
 * such channel; STATUS_CONFLICT: it is disabled. */
MUST_CHECK enum status deliveries_test(struct store *store, const struct author *author,
                                       const char *channel_id, struct arena *arena,
                                       struct document *out);

/* A dead one is tried again from the start; audited. STATUS_NOT_FOUND; STATUS_CONFLICT: it is not
 * dead, or the same alert is owed already. */
MUST_CHECK enum status deliveries_retry(struct store *store, const struct author *author,
                                        int64_t delivery_id, struct arena *arena,
                                        struct document *out);

#endif
