/* store.h - connections to PostgreSQL: a pool, prepared statements, transactions
 *
 * This folder is the only one that knows libpq; one file per subject has the statements.
 * Connections are made when needed and made again when the server came back; while it is away every
 * call answers STATUS_UNREACHABLE at once or within the connect timeout (3 s). Each connection is
 * set alike: search_path pg_catalog (so names are written with their schema), statement_timeout 10
 * s, lock_timeout 5 s, time zone UTC. Thread-safe, except that a struct store_conn belongs to the
 * thread that acquired it.
 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/arena.h"
#include "schema/base/span.h"
#include "server/store/copy.h"
#include "server/store/result.h"
#include "server/store/value.h"

struct store;
struct store_conn;

/* One SQL statement with $n parameters. Made by STORE_STATEMENT inside the function that runs it:
 *
 *     STORE_STATEMENT(rename, "UPDATE myna.device SET name = $2 WHERE device_id = $1");
 *     return store_exec(conn, &rename, STORE_VALUES(value_text(id), value_text(name)), NULL);
 *
 * It is prepared once per connection, at its first use. Cast a parameter ($1::bigint[]) where
 * PostgreSQL cannot know its type: a test prepares every statement without being told any. */
struct store_statement {
    const char *sql;
};

#define STORE_STATEMENT(name, text)                                                                \
    static const struct store_statement name = {text};                                             \
    static const struct store_statement *const name##_listed                                       \
        __attribute__((used, section("store_statements"))) = &name

/* The two arguments (values, count) of the calls below. */
#define STORE_VALUES(...)                                                                          \
    (const struct value[]){__VA_ARGS__},                                                           \
        sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)
#define STORE_NO_VALUES NULL, 0

/* Connects once, so that a wrong conninfo shows at start: STATUS_UNREACHABLE, and problem tells
 * cause and cure. The caller owns *out. */
MUST_CHECK enum status store_open(struct store **out, const char *conninfo, unsigned connections,
                                  const char *application, char problem[256]);

/* Every connection must have been released and every listener (listener.h) stopped. NULL is
 * allowed. */
void store_close(struct store *store);

/* Waits up to 5 s for a free connection. STATUS_TIMEOUT: all are busy; STATUS_UNREACHABLE. */
MUST_CHECK enum status store_acquire(struct store *store, struct store_conn **out);
void store_release(struct store *store, struct store_conn *conn);

/* Runs a statement. result may be NULL; otherwise the caller releases it (on failure it is
 * untouched). Failures:
 *   STATUS_UNREACHABLE  connection lost (whether a statement outside a transaction ran is unknown)
 *   STATUS_AGAIN        deadlock or serialisation failure: store_transaction() retries it
 *   STATUS_EXISTS       a unique key is taken
 *   STATUS_CONFLICT     a foreign key refers to nothing, or what is deleted is still referred to
 *   STATUS_INVALID      a check or type refuses the data, or a function raised an exception
 *   STATUS_TIMEOUT      statement_timeout or lock_timeout
 *   STATUS_FULL         disk full, too many connections
 *   STATUS_IO           anything else: a mistake in the statement; logged with its text */
MUST_CHECK enum status store_exec(struct store_conn *conn, const struct store_statement *statement,
                                  const struct value *values, size_t count, struct result *result);

/* Runs a statement, outside any transaction, and gives each of its rows in turn, as the first of a
 * result that is borrowed until it returns: the rows are never in memory together. Another status
 * than STATUS_OK ends the reading and is the answer. */
typedef enum status (*store_row)(void *context, const struct result *row);
MUST_CHECK enum status store_each(struct store_conn *conn, const struct store_statement *statement,
                                  const struct value *values, size_t count, store_row each,
                                  void *context);

/* Runs "COPY ... FROM STDIN (FORMAT binary)" with the rows that are written into the copy. Statuses
 * are those of store_exec(); STATUS_FULL and STATUS_MEMORY also when the rows are too many. */
typedef void (*store_rows)(struct copy *copy, const void *context);
MUST_CHECK enum status store_copy(struct store_conn *conn, const struct store_statement *statement,
                                  store_rows rows, const void *context);

/* What the database said at the last failure on this connection, and the constraint it named ("" if
 * none). Borrowed until the next call on the connection. */
const char *store_problem(const struct store_conn *conn);
const char *store_constraint(const struct store_conn *conn);

/* One statement on a connection of the pool, outside any transaction. */
MUST_CHECK enum status store_query(struct store *store, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct result *result);

/* The same for a statement that gives one row with one column of JSON (or text): a copy in the
 * arena. STATUS_NOT_FOUND: no row, or NULL. STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status store_json(struct store *store, const struct store_statement *statement,
                                  const struct value *values, size_t count, struct arena *arena,
                                  struct span *json);

/* Asks for nothing: STATUS_OK when the database answers. */
MUST_CHECK enum status store_ping(struct store *store);

/* As store_json(), inside a transaction. */
MUST_CHECK enum status store_exec_json(struct store_conn *conn,
                                       const struct store_statement *statement,
                                       const struct value *values, size_t count,
                                       struct arena *arena, struct span *json);

/* The only way to a transaction: BEGIN, work, and COMMIT when work returns STATUS_OK, ROLLBACK and
 * work's status otherwise. After a deadlock or serialisation failure everything is run again, up to
 * five times, so work must start its outputs afresh. STATUS_UNREACHABLE from COMMIT leaves open
 * whether it took place. */
typedef enum status (*store_work)(struct store_conn *conn, void *context);
MUST_CHECK enum status store_transaction(struct store *store, store_work work, void *context);

/* Each connection that is opened from now on is shown to the guard, in a transaction, before
 * anybody has it: on another answer than STATUS_OK it is closed, and who wanted it is told
 * STATUS_UNREACHABLE. context is borrowed until store_close(). Not while others use the store. */
void store_guard(struct store *store, store_work guard, void *context);

/* Inside a transaction: undoes what work did when it does not return STATUS_OK (or AGAIN or
 * UNREACHABLE, which end the whole transaction), and lets the transaction go on. */
MUST_CHECK enum status store_attempt(struct store_conn *conn, store_work work, void *context);

/* For migrations: several statements in one text, without parameters. */
MUST_CHECK enum status store_script(struct store_conn *conn, const char *sql);

/* For listener.c: how this store connects. Borrowed. */
struct connect_target;
const struct connect_target *store_target(const struct store *store);

#endif
