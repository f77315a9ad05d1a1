/* document.h - what most of the API's statements give: one JSON document and its version
 *
 * Such a statement returns at most one row (json, version). No row: there is no such thing. A row
 * whose json is NULL: there is, but not of the version that was asked for.
 */
#ifndef SERVER_STORE_DOCUMENT_H
#define SERVER_STORE_DOCUMENT_H

#include "server/store/store.h"

struct document {
    struct span json; /* in the arena */
    int64_t version;
};

/* Who changes something, and from where: for the audit (invariant I7). Borrowed texts. */
struct author {
    const char *actor;  /* "operator:anna" */
    const char *source; /* address */
};

/* STATUS_NOT_FOUND, STATUS_CONFLICT as above. */
MUST_CHECK enum status document_read(struct store *store, const struct store_statement *statement,
                                     const struct value *values, size_t count, struct arena *arena,
                                     struct document *out);

/* The same in a transaction: for a statement that changes, audits and tells in one. */
MUST_CHECK enum status document_change(struct store *store, const struct store_statement *statement,
                                       const struct value *values, size_t count,
                                       struct arena *arena, struct document *out);

/* The same inside a transaction of the caller's. */
MUST_CHECK enum status document_exec(struct store_conn *conn,
                                     const struct store_statement *statement,
                                     const struct value *values, size_t count, struct arena *arena,
                                     struct document *out);

#endif
