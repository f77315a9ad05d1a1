#include "server/store/connect.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

/* search_path: names are written with their schema, so that no other schema can stand in front.
 * idle_in_transaction_session_timeout: a stuck instance must not hold its locks for ever.
 * jit: compiling a report's query takes twenty times as long as running it. */
#define SESSION_OPTIONS                                                                            \
    "-c search_path=pg_catalog -c statement_timeout=10000 -c lock_timeout=5000 "                   \
    "-c idle_in_transaction_session_timeout=30000 -c TimeZone=UTC -c DateStyle=ISO "               \
    "-c jit=off -c client_min_messages=warning"

static void one_line(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (; *text && used + 1 < size; text++)
        out[used++] = *text == '\n' || *text == '\t' ? ' ' : *text;
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = 0;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

enum status connect_open(const struct connect_target *target, struct pg_conn **out, char *problem,
                         size_t problem_size)
{
    /* tcp_user_timeout: a vanished database machine is noticed in 10 s, not in 15 minutes */
    const char *const keys[] = {"dbname",  "application_name", "connect_timeout",
                                "options", "client_encoding",  "tcp_user_timeout",
                                NULL};
    const char *const values[] = {
        target->conninfo, target->application, "3", SESSION_OPTIONS, "UTF8", "10000", NULL};
    PGconn *conn = PQconnectdbParams(keys, values, 1);

    if (conn && PQstatus(conn) == CONNECTION_OK) {
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
        *out = conn;
        return STATUS_OK;
    }
    one_line(conn ? PQerrorMessage(conn) : "out of memory", problem, problem_size);
    PQfinish(conn);
    return STATUS_UNREACHABLE;
}

static const struct {
    const char *prefix; /* of SQLSTATE */
    enum status status;
} state_table[] = {
    {"40001", STATUS_AGAIN},       {"40P01", STATUS_AGAIN},       {"23505", STATUS_EXISTS},
    {"23503", STATUS_CONFLICT},    {"23", STATUS_INVALID},        {"22", STATUS_INVALID},
    {"P0001", STATUS_INVALID},     {"57014", STATUS_TIMEOUT},     {"55P03", STATUS_TIMEOUT},
    {"57P", STATUS_UNREACHABLE},   {"08", STATUS_UNREACHABLE},    {"53", STATUS_FULL},
    {"25P03", STATUS_UNREACHABLE}, {"25006", STATUS_UNREACHABLE},
};

enum status connect_status(struct pg_conn *conn, const struct pg_result *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    if (PQstatus(conn) != CONNECTION_OK)
        return STATUS_UNREACHABLE;
    for (size_t i = 0; state && i < sizeof state_table / sizeof *state_table; i++) {
        if (strncmp(state, state_table[i].prefix, strlen(state_table[i].prefix)) == 0)
            return state_table[i].status;
    }
    return STATUS_IO;
}

void connect_message(struct pg_conn *conn, const struct pg_result *result, char *out, size_t size)
{
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    one_line(primary ? primary : PQerrorMessage(conn), out, size);
}
