#include "server/store/store.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "server/store/connect.h"

#define ACQUIRE_WAIT_MS   5000
#define MAX_VALUES        64
#define MAX_ENCODED_BYTES (64u << 20)
#define PREPARED_SLOTS    512 /* power of two, above the number of statements in the program */
#define TRANSACTION_TRIES 5

/* After a failed connect everybody is refused for this long, so that a database that is away does
 * not make each caller wait for its own connect timeout. */
#define DOWN_PAUSE_MS 250

struct store_conn {
    struct store_conn *next_free;
    const struct connect_target *target;
    PGconn *pg; /* NULL: not connected */
    /* statements prepared on pg, a hash set by address; its slot's number is the statement's name
     */
    const struct store_statement *prepared[PREPARED_SLOTS];
    struct buffer encoded;
    bool failed_with_again; /* within the transaction under way */
    char problem[256];
    char constraint[64];
};

struct store {
    struct connect_target target;
    char *conninfo;
    char *application;
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    struct store_conn *free; /* guarded by mutex, like down_until_ms */
    int64_t down_until_ms;
    store_work guard;
    void *guard_context;
    unsigned count;
    struct store_conn conns[];
};

static void conn_disconnect(struct store_conn *conn)
{
    PQfinish(conn->pg);
    conn->pg = NULL;
    memset(conn->prepared, 0, sizeof conn->prepared);
}

static enum status conn_connect(struct store_conn *conn)
{
    conn_disconnect(conn);
    return connect_open(conn->target, &conn->pg, conn->problem, sizeof conn->problem);
}

/* A connection whose server died while it lay in the pool shows end of file when read, but only
 * after the server's last words. */
static bool conn_is_alive(struct store_conn *conn)
{
    return conn->pg && PQstatus(conn->pg) == CONNECTION_OK && PQconsumeInput(conn->pg) == 1 &&
           PQconsumeInput(conn->pg) == 1 && PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
}

static void init_lock(struct store *store)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->freed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct store *store_make(const char *conninfo, unsigned connections, const char *application)
{
    struct store *store = calloc(1, sizeof *store + connections * sizeof *store->conns);

    if (!store)
        return NULL;
    init_lock(store);
    store->conninfo = strdup(conninfo);
    store->application = strdup(application);
    store->target = (struct connect_target){store->conninfo, store->application};
    store->count = connections;
    for (unsigned i = 0; i < connections; i++) {
        store->conns[i].target = &store->target;
        store->conns[i].next_free = store->free;
        store->free = &store->conns[i];
        buffer_init(&store->conns[i].encoded, MAX_ENCODED_BYTES);
    }
    return store;
}

enum status store_open(struct store **out, const char *conninfo, unsigned connections,
                       const char *application, char problem[256])
{
    assert(connections > 0);
    struct store *store = store_make(conninfo, connections, application);

    if (!store || !store->conninfo || !store->application) {
        store_close(store);
        snprintf(problem, 256, "out of memory");
        return STATUS_MEMORY;
    }
    if (conn_connect(store->free) != STATUS_OK) {
        snprintf(problem, 256,
                 "cannot connect to the database: %.150s (hint: is it running, and "
                 "is the option database right?)",
                 store->free->problem);
        store_close(store);
        return STATUS_UNREACHABLE;
    }
    *out = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (unsigned i = 0; i < store->count; i++) {
        conn_disconnect(&store->conns[i]);
        buffer_release(&store->conns[i].encoded);
    }
    pthread_cond_destroy(&store->freed);
    pthread_mutex_destroy(&store->mutex);
    free(store->conninfo);
    free(store->application);
    free(store);
}

static struct timespec deadline_in(int64_t wait_ms)
{
    int64_t at_ns = clock_mono_ns() + wait_ms * 1000000;

    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

static struct store_conn *take_free(struct store *store)
{
    const struct timespec deadline = deadline_in(ACQUIRE_WAIT_MS);
    int error = 0;

    pthread_mutex_lock(&store->mutex);
    while (!store->free && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&store->freed, &store->mutex, &deadline);
    struct store_conn *conn = store->free;
    if (conn)
        store->free = conn->next_free;
    pthread_mutex_unlock(&store->mutex);
    return conn;
}

static bool is_down(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    bool down = clock_mono_ms() < store->down_until_ms;
    pthread_mutex_unlock(&store->mutex);
    return down;
}

static void note_down(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    store->down_until_ms = clock_mono_ms() + DOWN_PAUSE_MS;
    pthread_mutex_unlock(&store->mutex);
}

void store_release(struct store *store, struct store_conn *conn)
{
    pthread_mutex_lock(&store->mutex);
    conn->next_free = store->free;
    store->free = conn;
    pthread_cond_signal(&store->freed);
    pthread_mutex_unlock(&store->mutex);
}

const char *store_problem(const struct store_conn *conn)
{
    return conn->problem;
}

const char *store_constraint(const struct store_conn *conn)
{
    return conn->constraint;
}

const struct connect_target *store_target(const struct store *store)
{
    return &store->target;
}

static void note_constraint(struct store_conn *conn, const PGresult *result)
{
    const char *name = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;

    snprintf(conn->constraint, sizeof conn->constraint, "%s", name ? name : "");
}

/* Takes the result over. */
static enum status fail(struct store_conn *conn, const char *sql, PGresult *result)
{
    enum status status = connect_status(conn->pg, result);

    connect_message(conn->pg, result, conn->problem, sizeof conn->problem);
    note_constraint(conn, result);
    if (status == STATUS_AGAIN)
        conn->failed_with_again = true;
    if (status == STATUS_IO)
        log_error("store", "database refuses a statement: \"%s\" statement=\"%.300s\"",
                  conn->problem, sql);
    PQclear(result);
    return status;
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType type = PQresultStatus(result);

    return type == PGRES_COMMAND_OK || type == PGRES_TUPLES_OK;
}

static enum status run_text(struct store_conn *conn, const char *sql)
{
    PGresult *result = PQexec(conn->pg, sql);

    if (!succeeded(result))
        return fail(conn, sql, result);
    PQclear(result);
    return STATUS_OK;
}

static size_t prepared_slot(const struct store_conn *conn, const struct store_statement *statement)
{
    size_t slot = ((uintptr_t)statement >> 3) * UINT64_C(0x9E3779B97F4A7C15) % PREPARED_SLOTS;

    for (size_t i = 0; i < PREPARED_SLOTS; i++) {
        if (!conn->prepared[slot] || conn->prepared[slot] == statement)
            return slot;
        slot = (slot + 1) % PREPARED_SLOTS;
    }
    assert(false); /* PREPARED_SLOTS is below the number of statements */
    return 0;
}

static enum status prepare(struct store_conn *conn, const struct store_statement *statement,
                           const struct value *values, size_t count, char name[16])
{
    size_t slot = prepared_slot(conn, statement);
    Oid types[MAX_VALUES] = {0};

    snprintf(name, 16, "s%zu", slot);
    if (conn->prepared[slot] == statement)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        types[i] = values[i].oid;

    PGresult *result = PQprepare(conn->pg, name, statement->sql, (int)count, types);
    if (!succeeded(result))
        return fail(conn, statement->sql, result);
    PQclear(result);
    conn->prepared[slot] = statement;
    return STATUS_OK;
}

/* libpq's parallel arrays of parameters. */
struct wire {
    const char *values[MAX_VALUES];
    int lengths[MAX_VALUES];
    int formats[MAX_VALUES];
};

static enum status encode(struct buffer *encoded, const struct value *values, size_t count,
                          struct wire *wire)
{
    size_t ends[MAX_VALUES];
    size_t start = 0;

    buffer_clear(encoded);
    for (size_t i = 0; i < count; i++) {
        if (!values[i].is_null)
            value_encode(&values[i], encoded);
        ends[i] = encoded->size;
    }
    enum status status = buffer_status(encoded);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; start = ends[i++]) {
        /* an empty value is not NULL: it needs a pointer, whatever the buffer holds */
        const char *data = encoded->data ? (const char *)encoded->data + start : "";

        wire->values[i] = values[i].is_null ? NULL : data;
        wire->lengths[i] = (int)(ends[i] - start);
        wire->formats[i] = value_format(&values[i]);
    }
    return STATUS_OK;
}

enum status store_exec(struct store_conn *conn, const struct store_statement *statement,
                       const struct value *values, size_t count, struct result *result)
{
    char name[16];
    struct wire wire;

    assert(count <= MAX_VALUES);
    enum status status = prepare(conn, statement, values, count, name);
    if (status == STATUS_OK)
        status = encode(&conn->encoded, values, count, &wire);
    if (status != STATUS_OK)
        return status;

    PGresult *rows =
        PQexecPrepared(conn->pg, name, (int)count, wire.values, wire.lengths, wire.formats, 1);
    if (!succeeded(rows))
        return fail(conn, statement->sql, rows);
    if (result)
        result->rows = rows;
    else
        PQclear(rows);
    return STATUS_OK;
}

/* Reads to the end of the answer, or gives the connection up: the rows that nobody wants may be
 * many. */
static enum status read_each(struct store_conn *conn, const char *sql, store_row each,
                             void *context)
{
    enum status status = STATUS_OK;

    for (PGresult *rows; (rows = PQgetResult(conn->pg)) != NULL;) {
        const ExecStatusType type = PQresultStatus(rows);
        const struct result row = {rows};

        if (type != PGRES_SINGLE_TUPLE && type != PGRES_TUPLES_OK) {
            status = fail(conn, sql, rows);
            continue;
        }
        if (type == PGRES_SINGLE_TUPLE)
            status = each(context, &row);
        PQclear(rows);
        if (status != STATUS_OK) {
            conn_disconnect(conn);
            return status;
        }
    }
    return status;
}

enum status store_each(struct store_conn *conn, const struct store_statement *statement,
                       const struct value *values, size_t count, store_row each, void *context)
{
    char name[16];
    struct wire wire;

    assert(count <= MAX_VALUES);
    enum status status = prepare(conn, statement, values, count, name);
    if (status == STATUS_OK)
        status = encode(&conn->encoded, values, count, &wire);
    if (status != STATUS_OK)
        return status;
    if (!PQsendQueryPrepared(conn->pg, name, (int)count, wire.values, wire.lengths, wire.formats,
                             1) ||
        !PQsetSingleRowMode(conn->pg))
        return fail(conn, statement->sql, NULL);
    return read_each(conn, statement->sql, each, context);
}

/* The whole answer is read, or the connection would be of no more use. */
static PGresult *last_result(PGconn *pg)
{
    PGresult *last = PQgetResult(pg);

    for (PGresult *more; (more = PQgetResult(pg)) != NULL;)
        PQclear(more);
    return last;
}

/* A connection that cannot send would stay in the midst of the copy for ever. */
static enum status give_up_copy(struct store_conn *conn)
{
    connect_message(conn->pg, NULL, conn->problem, sizeof conn->problem);
    conn_disconnect(conn);
    return STATUS_UNREACHABLE;
}

enum status store_copy(struct store_conn *conn, const struct store_statement *statement,
                       store_rows rows, const void *context)
{
    struct copy copy;

    copy_begin(&copy, &conn->encoded);
    rows(&copy, context);
    copy_end(&copy);
    enum status status = buffer_status(&conn->encoded);
    if (status != STATUS_OK)
        return status;

    PGresult *result = PQexec(conn->pg, statement->sql);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return fail(conn, statement->sql, result);
    PQclear(result);
    const struct span sent = buffer_span(&conn->encoded);
    if (PQputCopyData(conn->pg, (const char *)sent.data, (int)sent.size) != 1 ||
        PQputCopyEnd(conn->pg, NULL) != 1)
        return give_up_copy(conn);
    result = last_result(conn->pg);
    if (!succeeded(result))
        return fail(conn, statement->sql, result);
    PQclear(result);
    return STATUS_OK;
}

static enum status transaction_once(struct store_conn *conn, store_work work, void *context)
{
    conn->failed_with_again = false;
    enum status status = run_text(conn, "BEGIN");

    if (status != STATUS_OK)
        return status;
    status = work(conn, context);
    if (status == STATUS_OK) {
        /* COMMIT after a failed statement would quietly roll back and look like success */
        if (PQtransactionStatus(conn->pg) == PQTRANS_INTRANS)
            return run_text(conn, "COMMIT");
        status = PQstatus(conn->pg) == CONNECTION_OK ? STATUS_IO : STATUS_UNREACHABLE;
    }
    if (run_text(conn, "ROLLBACK") != STATUS_OK)
        conn_disconnect(conn);
    return status;
}

void store_guard(struct store *store, store_work guard, void *context)
{
    store->guard = guard;
    store->guard_context = context;
}

static enum status open_anew(const struct store *store, struct store_conn *conn)
{
    enum status status = conn_connect(conn);

    if (status == STATUS_OK && store->guard != NULL)
        status = transaction_once(conn, store->guard, store->guard_context);
    if (status != STATUS_OK)
        conn_disconnect(conn);
    return status;
}

enum status store_acquire(struct store *store, struct store_conn **out)
{
    struct store_conn *conn = take_free(store);

    if (!conn)
        return STATUS_TIMEOUT;
    if (!conn_is_alive(conn)) {
        bool tried = !is_down(store);
        if (!tried || open_anew(store, conn) != STATUS_OK) {
            /* who did not try must not prolong the pause, or a busy server would never try again */
            if (tried)
                note_down(store);
            store_release(store, conn);
            return STATUS_UNREACHABLE;
        }
    }
    *out = conn;
    return STATUS_OK;
}

enum status store_query(struct store *store, const struct store_statement *statement,
                        const struct value *values, size_t count, struct result *result)
{
    struct store_conn *conn;
    enum status status = store_acquire(store, &conn);

    if (status != STATUS_OK)
        return status;
    status = store_exec(conn, statement, values, count, result);
    store_release(store, conn);
    return status;
}

enum status store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                            const struct value *values, size_t count, struct arena *arena,
                            struct span *json)
{
    struct result result = {0};
    enum status status = store_exec(conn, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0 || result_is_null(&result, 0, 0)) {
        status = STATUS_NOT_FOUND;
    } else {
        struct span copy = result_copy(&result, 0, 0, arena);

        status = arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
        if (status == STATUS_OK)
            *json = copy;
    }
    result_release(&result);
    return status;
}

enum status store_ping(struct store *store)
{
    STORE_STATEMENT(ask, "SELECT 1");

    return store_query(store, &ask, STORE_NO_VALUES, NULL);
}

enum status store_json(struct store *store, const struct store_statement *statement,
                       const struct value *values, size_t count, struct arena *arena,
                       struct span *json)
{
    struct store_conn *conn;
    enum status status = store_acquire(store, &conn);

    if (status != STATUS_OK)
        return status;
    status = store_exec_json(conn, statement, values, count, arena, json);
    store_release(store, conn);
    return status;
}

enum status store_transaction(struct store *store, store_work work, void *context)
{
    struct store_conn *conn;
    struct backoff backoff;
    enum status status = store_acquire(store, &conn);

    if (status != STATUS_OK)
        return status;
    backoff_init(&backoff, 5, 200, 1);
    for (unsigned tries = 1;; tries++) {
        status = transaction_once(conn, work, context);
        if (!conn->failed_with_again || status == STATUS_OK || !conn->pg ||
            tries >= TRANSACTION_TRIES)
            break;
        clock_sleep_ms(backoff_next(&backoff, crypto_random_u64()));
    }
    store_release(store, conn);
    return status;
}

enum status store_attempt(struct store_conn *conn, store_work work, void *context)
{
    enum status status = run_text(conn, "SAVEPOINT attempt");

    if (status != STATUS_OK)
        return status;
    status = work(conn, context);
    if (status == STATUS_OK)
        return run_text(conn, "RELEASE SAVEPOINT attempt");
    if (status == STATUS_AGAIN || status == STATUS_UNREACHABLE)
        return status;

    enum status undone = run_text(conn, "ROLLBACK TO SAVEPOINT attempt");
    return undone == STATUS_OK ? status : undone;
}

enum status store_script(struct store_conn *conn, const char *sql)
{
    return run_text(conn, sql);
}
