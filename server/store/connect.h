/* connect.h - makes connections that are all set alike, and reads PostgreSQL's errors
 *
 * For store.c and listener.c alone. Thread-safe.
 */
#ifndef SERVER_STORE_CONNECT_H
#define SERVER_STORE_CONNECT_H

#include <stddef.h>

#include "schema/base/status.h"

struct pg_conn;
struct pg_result;

/* Where to connect, as whom. Texts are borrowed. */
struct connect_target {
    const char *conninfo;
    const char *application;
};

/* Waits up to 3 s. The caller owns *out (PQfinish). STATUS_UNREACHABLE: problem has one line. */
MUST_CHECK enum status connect_open(const struct connect_target *target, struct pg_conn **out,
                                    char *problem, size_t problem_size);

/* What a failed result (may be NULL) on conn means; see store_exec(). */
enum status connect_status(struct pg_conn *conn, const struct pg_result *result);

/* PostgreSQL's message on one line, without the line breaks that libpq adds. */
void connect_message(struct pg_conn *conn, const struct pg_result *result, char *out, size_t size);

#endif
