#include "server/api/shared.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/clock.h"

#define READERS 8
#define ASKS    100

struct fixture {
    struct shared *shared;
    atomic_int truth, made, stale;
    sem_t begun, go;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    sem_init(&fixture.begun, 0, 0);
    sem_init(&fixture.go, 0, 0);
    *state = &fixture;
    return shared_create(&fixture.shared) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    shared_free(fixture->shared);
    sem_destroy(&fixture->begun);
    sem_destroy(&fixture->go);
    return 0;
}

/* What is true when it is asked; told a while later. */
static enum status tell(void *context, struct arena *arena, struct document *out)
{
    struct fixture *fixture = context;
    const int truth = atomic_load(&fixture->truth);

    atomic_fetch_add(&fixture->made, 1);
    clock_sleep_ms(1);
    *out = (struct document){span_text(arena_format(arena, "%d", truth)), truth};
    return STATUS_OK;
}

static void *ask(void *context)
{
    struct fixture *fixture = context;
    struct arena *arena;
    struct document answer;

    assert_int_equal(arena_create(&arena, 1 << 20), STATUS_OK);
    for (int i = 0; i < ASKS; i++) {
        const int before = atomic_fetch_add(&fixture->truth, 1) + 1;
        int64_t told;

        assert_int_equal(shared_read(fixture->shared, "page", tell, fixture, arena, &answer),
                         STATUS_OK);
        assert_int_equal(span_to_int64(answer.json, &told), STATUS_OK);
        assert_int_equal(told, answer.version);
        if (told < before)
            atomic_fetch_add(&fixture->stale, 1);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

static void no_answer_is_older_than_its_question_and_fewer_are_made_than_asked_for(void **state)
{
    struct fixture *fixture = *state;
    pthread_t readers[READERS];

    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, ask, fixture), 0);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(fixture->stale, 0);
    assert_in_range(fixture->made, ASKS, READERS * ASKS / 2);
}

static enum status wait_to_tell(void *context, struct arena *arena, struct document *out)
{
    struct fixture *fixture = context;

    sem_post(&fixture->begun);
    sem_wait(&fixture->go);
    return tell(context, arena, out);
}

static void *ask_for_long(void *context)
{
    struct fixture *fixture = context;
    struct arena *arena;
    struct document answer;

    assert_int_equal(arena_create(&arena, 1 << 20), STATUS_OK);
    assert_int_equal(shared_read(fixture->shared, "long", wait_to_tell, fixture, arena, &answer),
                     STATUS_OK);
    arena_free(arena);
    return NULL;
}

static void another_question_does_not_wait(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena;
    struct document answer;
    pthread_t reader;

    assert_int_equal(arena_create(&arena, 1 << 20), STATUS_OK);
    assert_int_equal(pthread_create(&reader, NULL, ask_for_long, fixture), 0);
    sem_wait(&fixture->begun);
    assert_int_equal(shared_read(fixture->shared, "short", tell, fixture, arena, &answer),
                     STATUS_OK);
    sem_post(&fixture->go);
    pthread_join(reader, NULL);
    arena_free(arena);
}

static enum status tell_nothing(void *context, struct arena *arena, struct document *out)
{
    (void)context, (void)arena, (void)out;
    return STATUS_UNREACHABLE;
}

static void a_failure_is_told_and_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena;
    struct document answer;

    assert_int_equal(arena_create(&arena, 1 << 20), STATUS_OK);
    assert_int_equal(shared_read(fixture->shared, "page", tell_nothing, fixture, arena, &answer),
                     STATUS_UNREACHABLE);
    assert_int_equal(shared_read(fixture->shared, "page", tell, fixture, arena, &answer),
                     STATUS_OK);
    assert_int_equal(shared_read(fixture->shared, "page", tell, fixture, arena, &answer),
                     STATUS_OK);
    assert_int_equal(fixture->made, 2);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            no_answer_is_older_than_its_question_and_fewer_are_made_than_asked_for, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(another_question_does_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_told_and_not_kept, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
