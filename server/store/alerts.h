/* alerts.h - what needs a look, as operators read and answer it; alarm.h raises it
 *
 * Each alert comes with the title, link and cure of its kind (alert_kinds.h) and with its detail in
 * words (alert_words.h).
 */
#ifndef SERVER_STORE_ALERTS_H
#define SERVER_STORE_ALERTS_H

#include "server/store/document.h"

/* What is looked for; NULL: any. */
struct alerts_filter {
    const char *state;   /* one of those of the table, or "current" for all but the cleared */
    const char *kind;    /* "threshold" */
    const char *subject; /* "device/r1" */
    const char *severity;
    const char *assigned_to; /* an operator */
    const char *role;        /* of whoever asks and may see a part alone */
};

/* Newest first; after 0: from the newest. */
MUST_CHECK enum status alerts_list(struct store *store, const struct alerts_filter *filter,
                                   int64_t after, int64_t limit, struct arena *arena,
                                   struct span *json);

/* One of them, with "deliveries": what its channels were told of it, the newest 50 first.
 * STATUS_NOT_FOUND. */
MUST_CHECK enum status alerts_get(struct store *store, int64_t alert_id, struct arena *arena,
                                  struct document *out);

/* What an operator says to an alert. Each is audited, told to the dashboards, harmless when it is
 * so already, and answers with the alert. STATUS_NOT_FOUND; STATUS_CONFLICT: it is cleared.
 * alerts_assign() says whose it is, NULL nobody's, and changes nothing else; STATUS_INVALID: there
 * is no such operator. */
MUST_CHECK enum status alerts_assign(struct store *store, const struct author *author,
                                     int64_t alert_id, const char *operator_id, struct arena *arena,
                                     struct document *out);
MUST_CHECK enum status alerts_acknowledge(struct store *store, const struct author *author,
                                          int64_t alert_id, struct arena *arena,
                                          struct document *out);
MUST_CHECK enum status alerts_silence(struct store *store, const struct author *author,
                                      int64_t alert_id, int64_t until_ms, struct arena *arena,
                                      struct document *out);
/* Also of a cleared one; a silence ends with it. */
MUST_CHECK enum status alerts_clear(struct store *store, const struct author *author,
                                    int64_t alert_id, struct arena *arena, struct document *out);

#endif
