/* Connections, values, transactions and notifications on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "schema/base/clock.h"
#include "server/store/listener.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
};

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static enum status script(struct fixture *fixture, const char *sql)
{
    return store_transaction(fixture->store, run_script, (void *)sql);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    assert_int_equal(script(&fixture, "CREATE TABLE public.t (id bigint PRIMARY KEY,"
                                      " up bigint REFERENCES public.t, n bigint CHECK (n > 0));"
                                      "INSERT INTO public.t VALUES (1, NULL, 1), (2, 1, 1)"),
                     STATUS_OK);
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

static void values_come_back_as_they_went(void **state)
{
    STORE_STATEMENT(echo, "SELECT $1::text, $2::bytea, $3::bigint, $4::boolean, $5::timestamptz,"
                          " $6::uuid, $7::jsonb, $8::numeric::text, $9::text, $10::bytea");
    struct fixture *fixture = *state;
    const uint8_t uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const uint8_t zeros[3] = {0, 1, 0};
    struct result result = {0};
    uint8_t back[16];

    assert_int_equal(
        store_query(fixture->store, &echo,
                    STORE_VALUES(value_text("it's \"é\""), value_bytes(span_of(zeros, 3)),
                                 value_int(INT64_MIN), value_bool(true), value_time(-86400001),
                                 value_uuid(uuid), value_json(span_text("{\"a\":1}")),
                                 value_numeric("12.000000000001"), value_text(NULL),
                                 value_bytes(span_of(NULL, 0))),
                    &result),
        STATUS_OK);
    assert_string_equal(result_text(&result, 0, 0), "it's \"é\"");
    assert_int_equal(result_bytes(&result, 0, 1, back, 3), STATUS_OK);
    assert_memory_equal(back, zeros, 3);
    assert_int_equal(result_bytes(&result, 0, 1, back, 4), STATUS_CORRUPT);
    assert_true(result_int(&result, 0, 2) == INT64_MIN);
    assert_true(result_bool(&result, 0, 3));
    assert_int_equal(result_time(&result, 0, 4), -86400001);
    assert_int_equal(result_bytes(&result, 0, 5, back, 16), STATUS_OK);
    assert_memory_equal(back, uuid, 16);
    assert_string_equal(result_text(&result, 0, 6), "{\"a\": 1}");
    assert_string_equal(result_text(&result, 0, 7), "12.000000000001");
    assert_true(result_is_null(&result, 0, 8));
    assert_false(result_is_null(&result, 0, 9));
    assert_int_equal(result_span(&result, 0, 9).size, 0);
    result_release(&result);
}

static void arrays_come_as_rows_also_when_they_are_empty(void **state)
{
    STORE_STATEMENT(rows, "SELECT string_agg(coalesce(t, '-') || i || encode(b, 'hex') ||"
                          " extract(year FROM at) || left(u::text, 2), ' ' ORDER BY i)"
                          " FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::timestamptz[],"
                          " $5::uuid[]) AS v(t, i, b, at, u)");
    struct fixture *fixture = *state;
    const char *const texts[] = {"a", NULL};
    const int64_t ints[] = {-1, 2};
    const struct span bytes[] = {span_of("\x01", 1), span_of("", 0)};
    const int64_t times[] = {0, 1800000000000};
    const uint8_t uuids[2][16] = {{0xaa}, {0xbb}};
    struct result result = {0};

    assert_int_equal(
        store_query(fixture->store, &rows,
                    STORE_VALUES(value_text_array(texts, 2), value_int_array(ints, 2),
                                 value_bytes_array(bytes, 2), value_time_array(times, 2),
                                 value_uuid_array(uuids, 2)),
                    &result),
        STATUS_OK);
    assert_string_equal(result_text(&result, 0, 0), "a-1011970aa -22027bb");
    result_release(&result);
    assert_int_equal(
        store_query(fixture->store, &rows,
                    STORE_VALUES(value_text_array(texts, 0), value_int_array(ints, 0),
                                 value_bytes_array(bytes, 0), value_time_array(times, 0),
                                 value_uuid_array(uuids, 0)),
                    &result),
        STATUS_OK);
    assert_true(result_is_null(&result, 0, 0));
    result_release(&result);
}

static void failures_tell_what_kind_they_are(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(script(fixture, "INSERT INTO public.t VALUES (1, NULL, 1)"), STATUS_EXISTS);
    assert_int_equal(script(fixture, "INSERT INTO public.t VALUES (9, 8, 1)"), STATUS_CONFLICT);
    assert_int_equal(script(fixture, "DELETE FROM public.t WHERE id = 1"), STATUS_CONFLICT);
    assert_int_equal(script(fixture, "INSERT INTO public.t VALUES (9, NULL, 0)"), STATUS_INVALID);
    assert_int_equal(script(fixture, "SELECT 'x'::bigint"), STATUS_INVALID);
    assert_int_equal(script(fixture, "SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)"),
                     STATUS_TIMEOUT);
    assert_int_equal(script(fixture, "SELECT nothing FROM nowhere"), STATUS_IO);
}

static enum status fail_inside(struct store_conn *conn, void *context)
{
    (void)context;
    enum status status = store_script(conn, "UPDATE public.t SET n = 50 WHERE id = 1");

    return status == STATUS_OK ? store_script(conn, "INSERT INTO public.t VALUES (1)") : status;
}

static enum status attempt_and_go_on(struct store_conn *conn, void *context)
{
    enum status status = store_script(conn, "UPDATE public.t SET n = 7 WHERE id = 2");

    if (status != STATUS_OK)
        return status;
    assert_int_equal(store_attempt(conn, fail_inside, context), STATUS_EXISTS);
    return STATUS_OK;
}

static void an_attempt_that_fails_undoes_only_itself(void **state)
{
    STORE_STATEMENT(read, "SELECT string_agg(n::text, ' ' ORDER BY id) FROM public.t");
    struct fixture *fixture = *state;
    struct result result = {0};

    assert_int_equal(store_transaction(fixture->store, attempt_and_go_on, NULL), STATUS_OK);
    assert_int_equal(store_query(fixture->store, &read, STORE_NO_VALUES, &result), STATUS_OK);
    assert_string_equal(result_text(&result, 0, 0), "1 7");
    result_release(&result);
}

/* Two transactions that lock two rows in opposite order. */
struct crossing {
    struct fixture *fixture;
    const char *first, *second;
    atomic_int *arrived;
    atomic_int tries;
    enum status status;
};

static enum status cross(struct store_conn *conn, void *context)
{
    struct crossing *crossing = context;
    enum status status = store_script(conn, crossing->first);

    if (atomic_fetch_add(&crossing->tries, 1) == 0) {
        atomic_fetch_add(crossing->arrived, 1);
        for (int i = 0; i < 500 && atomic_load(crossing->arrived) < 2; i++)
            clock_sleep_ms(5);
    }
    return status == STATUS_OK ? store_script(conn, crossing->second) : status;
}

static void *run_crossing(void *argument)
{
    struct crossing *crossing = argument;

    crossing->status = store_transaction(crossing->fixture->store, cross, crossing);
    return NULL;
}

static void a_deadlock_is_run_again_and_both_commit(void **state)
{
    static const char *const lock[] = {"UPDATE public.t SET n = n + 1 WHERE id = 1",
                                       "UPDATE public.t SET n = n + 1 WHERE id = 2"};
    STORE_STATEMENT(reset, "UPDATE public.t SET n = 1");
    STORE_STATEMENT(sum, "SELECT sum(n)::bigint FROM public.t");
    struct fixture *fixture = *state;
    atomic_int arrived = 0;
    struct crossing a = {fixture, lock[0], lock[1], &arrived, 0, STATUS_IO};
    struct crossing b = {fixture, lock[1], lock[0], &arrived, 0, STATUS_IO};
    pthread_t threads[2];
    struct result result = {0};

    assert_int_equal(store_query(fixture->store, &reset, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(pthread_create(&threads[0], NULL, run_crossing, &a), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run_crossing, &b), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(a.status, STATUS_OK);
    assert_int_equal(b.status, STATUS_OK);
    assert_int_equal(atomic_load(&a.tries) + atomic_load(&b.tries), 3);
    assert_int_equal(store_query(fixture->store, &sum, STORE_NO_VALUES, &result), STATUS_OK);
    assert_int_equal(result_int(&result, 0, 0), 6);
    result_release(&result);
}

/* What the listener heard. */
struct heard {
    atomic_int made; /* connections: empty payloads */
    atomic_int told; /* payloads "news" */
};

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct heard *heard = context;

    assert_string_equal(channel, "news_channel");
    atomic_fetch_add(payload.size == 0 ? &heard->made : &heard->told, 1);
}

static void wait_for(atomic_int *count, int wanted)
{
    for (int i = 0; i < 1000 && atomic_load(count) < wanted; i++)
        clock_sleep_ms(10);
    assert_int_equal(atomic_load(count), wanted);
}

static void a_listener_hears_news_and_says_when_it_may_have_missed_some(void **state)
{
    static const char *const channels[] = {"news_channel"};
    struct fixture *fixture = *state;
    struct heard heard = {0};
    struct listener *listener;

    assert_int_equal(listener_start(&listener, fixture->store, channels, 1, on_notify, &heard),
                     STATUS_OK);
    wait_for(&heard.made, 1);
    assert_int_equal(script(fixture, "SELECT pg_notify('news_channel', 'news')"), STATUS_OK);
    wait_for(&heard.told, 1);
    assert_int_equal(pg_crash(fixture->pg), STATUS_OK);
    assert_int_equal(script(fixture, "SELECT 1"), STATUS_UNREACHABLE);
    assert_int_equal(pg_restart(fixture->pg), STATUS_OK);
    wait_for(&heard.made, 2);
    clock_sleep_ms(300); /* until callers are no longer refused at once */
    assert_int_equal(script(fixture, "SELECT pg_notify('news_channel', 'news')"), STATUS_OK);
    wait_for(&heard.told, 2);
    listener_stop(listener);
}

static void a_wrong_address_is_told_at_start_with_a_hint(void **state)
{
    struct store *store = NULL;
    char problem[256];

    (void)state;
    assert_int_equal(store_open(&store, "host=/nowhere dbname=x", 1, "test", problem),
                     STATUS_UNREACHABLE);
    assert_null(store);
    assert_non_null(strstr(problem, "cannot connect to the database"));
    assert_non_null(strstr(problem, "hint"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_went),
        cmocka_unit_test(arrays_come_as_rows_also_when_they_are_empty),
        cmocka_unit_test(failures_tell_what_kind_they_are),
        cmocka_unit_test(an_attempt_that_fails_undoes_only_itself),
        cmocka_unit_test(a_deadlock_is_run_again_and_both_commit),
        cmocka_unit_test(a_listener_hears_news_and_says_when_it_may_have_missed_some),
        cmocka_unit_test(a_wrong_address_is_told_at_start_with_a_hint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
