#include "server/http/chorus.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define READERS 8
#define ASKS    2000
#define ROUNDS  100

static int set_up(void **state)
{
    return chorus_create((struct chorus **)state) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    chorus_free(*state);
    return 0;
}

static void who_asks_what_is_being_answered_waits_for_the_next_answer(void **state)
{
    struct chorus *chorus = *state;
    struct chorus_one first, second, third, late;

    assert_true(chorus_join(chorus, &first, "page"));
    assert_false(chorus_join(chorus, &second, "page"));
    assert_false(chorus_join(chorus, &third, "page"));
    assert_null(chorus_along(&first));

    struct chorus_one *next = chorus_next(chorus, &first);
    assert_true(next == &second || next == &third);
    assert_ptr_equal(chorus_along(next), next == &second ? &third : &second);
    assert_null(chorus_along(chorus_along(next)));

    assert_false(chorus_join(chorus, &late, "page"));
    assert_ptr_equal(chorus_next(chorus, next), &late);
    assert_null(chorus_along(&late));
    assert_null(chorus_next(chorus, &late));
}

static void another_question_does_not_wait(void **state)
{
    struct chorus *chorus = *state;
    struct chorus_one page, other, third, along;

    assert_true(chorus_join(chorus, &page, "page"));
    assert_true(chorus_join(chorus, &other, "another page"));
    assert_true(chorus_join(chorus, &third, "a third"));
    assert_false(chorus_join(chorus, &along, "another page"));
    assert_ptr_equal(chorus_next(chorus, &other), &along);
    assert_null(chorus_next(chorus, &page));
    assert_null(chorus_next(chorus, &along));
    assert_null(chorus_next(chorus, &third));
}

static void a_question_that_was_answered_is_asked_again(void **state)
{
    struct chorus *chorus = *state;
    struct chorus_one one;

    for (int i = 0; i < 3; i++) {
        assert_true(chorus_join(chorus, &one, "page"));
        assert_null(chorus_next(chorus, &one));
    }
}

static void who_may_not_answer_follows_only_where_somebody_answers(void **state)
{
    struct chorus *chorus = *state;
    struct chorus_one first, second, third;

    assert_false(chorus_follow(chorus, &second, "page"));
    assert_true(chorus_join(chorus, &first, "page"));
    assert_false(chorus_follow(chorus, &third, "another page"));
    assert_true(chorus_follow(chorus, &second, "page"));
    assert_ptr_equal(chorus_next(chorus, &first), &second);
    assert_null(chorus_next(chorus, &second));
    assert_false(chorus_follow(chorus, &third, "page"));
}

struct fixture {
    struct chorus *chorus;
    atomic_int truth, made;
};

/* Who asks, what was true when he did, and what he was told. */
struct asker {
    struct chorus_one one; /* first, so that it tells the asker */
    int before;
    atomic_int told;
};

/* What is true when it is asked, for all whom it is told. */
static void answer(struct fixture *fixture, struct asker *first)
{
    for (struct chorus_one *one = &first->one; one != NULL;) {
        const int truth = atomic_load(&fixture->truth);

        atomic_fetch_add(&fixture->made, 1);
        sched_yield();
        struct chorus_one *next = chorus_next(fixture->chorus, one);
        for (struct chorus_one *along = one; along != NULL;) {
            struct asker *asker = (struct asker *)along;

            along = chorus_along(along); /* who was told is gone */
            atomic_store(&asker->told, truth);
        }
        one = next;
    }
}

static void *ask(void *context)
{
    struct fixture *fixture = context;
    int stale = 0;

    for (int i = 0; i < ASKS; i++) {
        struct asker asker = {.before = atomic_fetch_add(&fixture->truth, 1) + 1};

        if (chorus_join(fixture->chorus, &asker.one, "page"))
            answer(fixture, &asker);
        while (atomic_load(&asker.told) == 0)
            sched_yield();
        stale += atomic_load(&asker.told) < asker.before;
    }
    return stale > 0 ? context : NULL;
}

static void no_answer_is_older_than_its_question_and_everybody_gets_one(void **state)
{
    struct fixture fixture = {.chorus = *state};
    pthread_t readers[READERS];

    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, ask, &fixture), 0);
    for (int i = 0; i < READERS; i++) {
        void *was_stale;

        pthread_join(readers[i], &was_stale);
        assert_null(was_stale);
    }
    assert_true(fixture.made >= ASKS);
}

/* Rounds in which all have asked before the first of them is answered. */
struct rounds {
    struct fixture fixture;
    pthread_barrier_t begin;
    atomic_int asked;
};

static void *ask_at_once(void *context)
{
    struct rounds *rounds = context;

    for (int i = 1; i <= ROUNDS; i++) {
        struct asker asker = {.before = 0};

        pthread_barrier_wait(&rounds->begin);
        atomic_fetch_add(&rounds->fixture.truth, 1);
        const bool is_first = chorus_join(rounds->fixture.chorus, &asker.one, "page");

        atomic_fetch_add(&rounds->asked, 1);
        while (is_first && atomic_load(&rounds->asked) < i * READERS)
            sched_yield();
        if (is_first)
            answer(&rounds->fixture, &asker);
        while (atomic_load(&asker.told) == 0)
            sched_yield();
    }
    return NULL;
}

static void all_who_ask_while_one_is_answered_share_the_next_answer(void **state)
{
    struct rounds rounds = {.fixture.chorus = *state};
    pthread_t readers[READERS];

    assert_int_equal(pthread_barrier_init(&rounds.begin, NULL, READERS), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, ask_at_once, &rounds), 0);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    pthread_barrier_destroy(&rounds.begin);
    assert_int_equal(rounds.fixture.made, 2 * ROUNDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_asks_what_is_being_answered_waits_for_the_next_answer),
        TEST(another_question_does_not_wait),
        TEST(a_question_that_was_answered_is_asked_again),
        TEST(who_may_not_answer_follows_only_where_somebody_answers),
        TEST(no_answer_is_older_than_its_question_and_everybody_gets_one),
        TEST(all_who_ask_while_one_is_answered_share_the_next_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
