#include "server/store/migrate.h"

#include <stdio.h>

#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "server/store/migrations.h"

/* Any number that nothing else in the database locks by. */
#define ADVISORY_LOCK 7217001

struct step {
    const struct migrations_file *file;
    bool applied_now;
    char *problem; /* of 256 bytes */
};

static void hash_file(const struct migrations_file *file, uint8_t hash[CRYPTO_HASH_SIZE])
{
    const struct span text = span_text(file->sql);

    crypto_sha256(&text, 1, hash);
}

/* STATUS_NOT_FOUND: not applied; STATUS_CONFLICT: applied with another text. */
static enum status look_up(struct store_conn *conn, const struct migrations_file *file)
{
    STORE_STATEMENT(find, "SELECT hash = $2 FROM public.myna_migrations WHERE version = $1");
    struct result result = {0};
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_file(file, hash);
    enum status status = store_exec(
        conn, &find,
        STORE_VALUES(value_int(file->version), value_bytes(span_of(hash, sizeof hash))), &result);
    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else if (!result_bool(&result, 0, 0))
        status = STATUS_CONFLICT;
    result_release(&result);
    return status;
}

static enum status note_applied(struct store_conn *conn, const struct migrations_file *file)
{
    STORE_STATEMENT(insert, "INSERT INTO public.myna_migrations (version, name, hash)"
                            " VALUES ($1, $2, $3)");
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_file(file, hash);
    return store_exec(conn, &insert,
                      STORE_VALUES(value_int(file->version), value_text(file->name),
                                   value_bytes(span_of(hash, sizeof hash))),
                      NULL);
}

static enum status lock(struct store_conn *conn)
{
    STORE_STATEMENT(take, "SELECT pg_advisory_xact_lock($1)");

    return store_exec(conn, &take, STORE_VALUES(value_int(ADVISORY_LOCK)), NULL);
}

static enum status make_table(struct store_conn *conn, void *context)
{
    (void)context;
    enum status status = lock(conn);

    if (status != STATUS_OK)
        return status;
    return store_script(conn, "CREATE TABLE IF NOT EXISTS public.myna_migrations ("
                              " version integer PRIMARY KEY, name text NOT NULL,"
                              " hash bytea NOT NULL, applied_at timestamptz NOT NULL"
                              " DEFAULT now())");
}

static void explain(struct step *step, enum status status, const char *said)
{
    if (status == STATUS_CONFLICT)
        snprintf(step->problem, 256,
                 "migration \"%s\" was applied with another text (hint: this database belongs to "
                 "another build of myna; use a new database or that build)",
                 step->file->name);
    else
        snprintf(step->problem, 256, "migration \"%s\" failed: %.120s", step->file->name,
                 said[0] ? said : status_text(status));
}

static enum status apply(struct store_conn *conn, void *context)
{
    struct step *step = context;
    enum status status = lock(conn);

    step->applied_now = false;
    if (status == STATUS_OK)
        status = look_up(conn, step->file);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status == STATUS_NOT_FOUND) {
        /* building an index over much usage may take longer than any statement else */
        status = store_script(conn, "SET LOCAL statement_timeout = 0");
        if (status == STATUS_OK)
            status = store_script(conn, step->file->sql);
        if (status == STATUS_OK)
            status = note_applied(conn, step->file);
    }
    if (status == STATUS_OK)
        step->applied_now = true;
    else
        explain(step, status, status == STATUS_CONFLICT ? "" : store_problem(conn));
    return status;
}

static int newest_known(void)
{
    int newest = 0;

    for (const struct migrations_file *file = migrations_files; file->version; file++)
        newest = file->version;
    return newest;
}

/* Refuses a database that a newer program has migrated. */
static enum status check_not_newer(struct store *store, char problem[256])
{
    STORE_STATEMENT(newest, "SELECT coalesce(max(version), 0) FROM public.myna_migrations");
    struct result result = {0};
    enum status status = store_query(store, &newest, STORE_NO_VALUES, &result);

    if (status != STATUS_OK) {
        snprintf(problem, 256, "cannot read the migrations applied so far: %s",
                 status_text(status));
        return status;
    }
    if (result_int(&result, 0, 0) > newest_known()) {
        snprintf(problem, 256,
                 "the database is at migration %d, this program knows %d (hint: start the newer "
                 "mynad)",
                 (int)result_int(&result, 0, 0), newest_known());
        status = STATUS_CONFLICT;
    }
    result_release(&result);
    return status;
}

enum status migrate_run(struct store *store, unsigned *applied, char problem[256])
{
    unsigned count = 0;
    enum status status = store_transaction(store, make_table, NULL);

    if (status != STATUS_OK) {
        snprintf(problem, 256,
                 "cannot make the table myna_migrations: %s (hint: the database's user must own "
                 "the database)",
                 status_text(status));
        return status;
    }
    status = check_not_newer(store, problem);
    for (const struct migrations_file *file = migrations_files;
         status == STATUS_OK && file->version; file++) {
        struct step step = {.file = file, .problem = problem};

        snprintf(problem, 256, "migration \"%s\": the database cannot be reached", file->name);
        status = store_transaction(store, apply, &step);
        if (status == STATUS_OK && step.applied_now) {
            log_info("store", "applied migration \"%s\"", file->name);
            count++;
        }
    }
    if (status == STATUS_OK)
        *applied = count;
    return status;
}

static enum status check_each(struct store_conn *conn, void *context)
{
    struct step *step = context;

    for (step->file = migrations_files; step->file->version; step->file++) {
        enum status status = look_up(conn, step->file);

        if (status != STATUS_OK) {
            explain(step, status, "not applied yet (hint: mynad migrate)");
            return status == STATUS_NOT_FOUND ? STATUS_STALE : status;
        }
    }
    return STATUS_OK;
}

enum status migrate_check(struct store *store, char problem[256])
{
    STORE_STATEMENT(exists, "SELECT to_regclass('public.myna_migrations') IS NOT NULL");
    struct result result = {0};
    struct step step = {.problem = problem};
    enum status status = store_query(store, &exists, STORE_NO_VALUES, &result);

    if (status == STATUS_OK && !result_bool(&result, 0, 0))
        status = STATUS_STALE;
    result_release(&result);
    if (status != STATUS_OK) {
        snprintf(problem, 256, "the database has no myna schema (hint: mynad migrate)");
        return status;
    }
    status = check_not_newer(store, problem);
    return status == STATUS_OK ? store_transaction(store, check_each, &step) : status;
}
