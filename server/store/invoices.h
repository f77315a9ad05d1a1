/* invoices.h - a vendor's invoice or usage file against what robots recorded
 *
 * Rows about one request are matched by its id; the others by local day, model and token class,
 * where an empty model means all. Before that, records that no vendor has confirmed are settled by
 * what the file says of their request (imports.h). What differs by more than the tolerance, a share
 * of the larger side, is kept as the invoice's lines: the dispute.
 */
#ifndef SERVER_STORE_INVOICES_H
#define SERVER_STORE_INVOICES_H

#include "schema/base/json.h"
#include "server/store/document.h"

/* Texts are borrowed. Plain data. */
struct invoices_order {
    const char *vendor_id;
    const char *zone;      /* of the file's days; NULL: the vendor's contracts', else UTC */
    const char *tolerance; /* per cent, a decimal text: "0.5" */
    struct span file;
};

/* Audited. *out is the invoice as invoices_get() shows it. Requests and spending that no robot
 * recorded raise the alert key_leak, other differences usage_differs. STATUS_EXISTS: this very file
 * was checked before; STATUS_NOT_FOUND: no such vendor; STATUS_INVALID: *problem names the line.
 * Besides those of store.h. */
MUST_CHECK enum status invoices_check(struct store *store, const struct author *author,
                                      const struct invoices_order *order, struct arena *arena,
                                      struct span *out, struct json_problem *problem);

/* Newest first, a page; vendor_id: of that one, NULL: of all. */
MUST_CHECK enum status invoices_list(struct store *store, const char *vendor_id, int64_t after,
                                     int64_t limit, struct arena *arena, struct span *json);

/* With the drift of each device. STATUS_NOT_FOUND. */
MUST_CHECK enum status invoices_get(struct store *store, int64_t invoice_id, struct arena *arena,
                                    struct span *json);

/* Which of what differs; NULL: any. Plain data, texts borrowed. */
struct invoices_dispute_order {
    const char *device_id;
    const char *kind; /* "different", "unknown": as the invoice counts them; "tokens": as the drift
                         of its robots counts them */
    const char *problem;
};

/* What differs, a page of it: after, the last line of the page before. STATUS_NOT_FOUND. */
MUST_CHECK enum status invoices_dispute(struct store *store, int64_t invoice_id,
                                        const struct invoices_dispute_order *order, int64_t after,
                                        int64_t limit, struct arena *arena, struct span *json);

/* All of it as CSV with titles, for the vendor. STATUS_NOT_FOUND. */
MUST_CHECK enum status invoices_dispute_csv(struct store *store, int64_t invoice_id,
                                            struct arena *arena, struct span *csv);

#endif
