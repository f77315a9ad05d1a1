/* leading.h - how many robots somebody leads to other routes without approval
 *
 * Who could lead any number of robots to another vendor alone would need no rollout, and nobody's
 * approval (schema/ROLLOUT.md). So each edit that could do it - of a layer, of who is in a group or
 * of what a filter asks of a robot - stands between leading_begin() and leading_end(), which
 * compare what the layers say to robots before and after it.
 */
#ifndef SERVER_STORE_LEADING_H
#define SERVER_STORE_LEADING_H

#include "schema/base/json.h"
#include "server/store/document.h"

struct leading {
    const struct author *author;
    int64_t
        alone; /* robots that one person may lead to other routes within a day; -1: any number */
    struct json_problem *problem; /* detail is set when it is too many, else empty; unused for -1 */
};

/* First of all in the edit's transaction: these edits go one by one. device_id: all that it can
 * reach; NULL: any robot. */
MUST_CHECK enum status leading_begin(struct store_conn *conn, const struct leading *leading,
                                     const char *device_id);

/* After the edit, with the same device_id. STATUS_DENIED: it leads too many, and must be undone. */
MUST_CHECK enum status leading_end(struct store_conn *conn, const struct leading *leading,
                                   const char *device_id);

/* document_exec() between the two, inside a transaction of the caller's. */
MUST_CHECK enum status leading_exec(struct store_conn *conn, const struct leading *leading,
                                    const char *device_id, const struct store_statement *statement,
                                    const struct value *values, size_t count, struct arena *arena,
                                    struct document *out);

/* The same as a transaction. */
MUST_CHECK enum status leading_change(struct store *store, const struct leading *leading,
                                      const char *device_id,
                                      const struct store_statement *statement,
                                      const struct value *values, size_t count, struct arena *arena,
                                      struct document *out);

#endif
