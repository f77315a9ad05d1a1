/* Every statement of the program is prepared against a migrated database, without being told the
 * types of its parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/store/migrate.h"
#include "tests/support/pg.h"

/* Made by the linker around what STORE_STATEMENT puts into its section. */
extern const struct store_statement *const __start_store_statements[];
extern const struct store_statement *const __stop_store_statements[];

struct fixture {
    struct pg *pg;
    struct store *store;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 2, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static bool is_query(const char *sql)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(sql, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

static void no_rows(struct copy *copy, const void *context)
{
    (void)copy;
    (void)context;
}

static bool tell(struct store_conn *conn, const char *sql, bool good)
{
    if (!good)
        fprintf(stderr, "%s\n  %s\n", store_problem(conn), sql);
    return good;
}

/* PREPARE instead of a call, because a call would need values; COPY does without any, and what else
 * PREPARE does not take is run and undone. */
static bool prepares(struct store_conn *conn, const struct store_statement *statement)
{
    const char *sql = statement->sql;
    struct buffer text;

    if (strncmp(sql, "COPY", 4) == 0)
        return tell(conn, sql, store_copy(conn, statement, no_rows, NULL) == STATUS_OK);
    buffer_init(&text, 64u << 10);
    if (is_query(sql))
        buffer_format(&text, "PREPARE probe AS %s; DEALLOCATE probe", sql);
    else
        buffer_format(&text, "BEGIN; %s; ROLLBACK", sql);
    bool good =
        buffer_status(&text) == STATUS_OK && store_script(conn, buffer_cstring(&text)) == STATUS_OK;
    buffer_release(&text);
    return tell(conn, sql, good);
}

static void every_statement_fits_the_schema(void **state)
{
    struct fixture *fixture = *state;
    struct store_conn *conn;
    size_t count = 0;
    size_t bad = 0;

    assert_int_equal(store_acquire(fixture->store, &conn), STATUS_OK);
    for (const struct store_statement *const *at = __start_store_statements;
         /* cppcheck-suppress comparePointers ; two ends of one section */
         at < __stop_store_statements; at++, count++)
        bad += !prepares(conn, *at);
    store_release(fixture->store, conn);
    assert_true(count > 50);
    assert_int_equal(bad, 0);
}

static void migrating_again_applies_nothing(void **state)
{
    struct fixture *fixture = *state;
    char problem[256];
    unsigned applied = 99;

    assert_int_equal(migrate_run(fixture->store, &applied, problem), STATUS_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(migrate_check(fixture->store, problem), STATUS_OK);
}

static enum status edit_hash(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void an_edited_migration_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char problem[256];
    unsigned applied;

    assert_int_equal(store_transaction(fixture->store, edit_hash,
                                       "UPDATE public.myna_migrations SET hash = sha256(hash)"),
                     STATUS_OK);
    assert_int_equal(migrate_check(fixture->store, problem), STATUS_CONFLICT);
    assert_int_equal(migrate_run(fixture->store, &applied, problem), STATUS_CONFLICT);
    assert_non_null(strstr(problem, "another text"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_fits_the_schema),
        cmocka_unit_test(migrating_again_applies_nothing),
        cmocka_unit_test(an_edited_migration_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
