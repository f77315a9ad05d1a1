#include "server/http/crew.h"

#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>

#define JOBS     100
#define NEVER_MS 3600000
#define ROOM     1000
#define ROUNDS   20

/* What jobs of one test share. */
struct log {
    atomic_int running, most, placed, done;
    int order[JOBS];
};

struct job {
    struct log *log;
    int number;
    sem_t *held_by; /* NULL: by nothing */
};

static void work(void *context)
{
    struct job *job = context;
    const int running = atomic_fetch_add(&job->log->running, 1) + 1;
    int most = atomic_load(&job->log->most);

    while (running > most && !atomic_compare_exchange_weak(&job->log->most, &most, running))
        continue;
    if (job->held_by != NULL)
        sem_wait(job->held_by);
    sched_yield();
    atomic_fetch_sub(&job->log->running, 1);
    job->log->order[atomic_fetch_add(&job->log->placed, 1)] = job->number;
    atomic_fetch_add(&job->log->done, 1);
}

static struct crew *start(unsigned workers, unsigned few, int64_t patience_ms, size_t waiting_max)
{
    const struct crew_options options = {.work = work,
                                         .workers = workers,
                                         .few = few,
                                         .patience_ms = patience_ms,
                                         .waiting_max = waiting_max};
    struct crew *crew;

    assert_int_equal(crew_start(&crew, &options), STATUS_OK);
    return crew;
}

static void put_all(struct crew *crew, struct job *jobs, struct log *log)
{
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.log = log, .number = i};
        assert_int_equal(crew_put(crew, &jobs[i]), STATUS_OK);
    }
}

static void jobs_are_done_in_the_order_in_which_they_came(void **state)
{
    struct crew *crew = start(1, 1, NEVER_MS, ROOM);
    struct job jobs[JOBS];
    struct log log = {0};

    (void)state;
    put_all(crew, jobs, &log);
    crew_stop(crew);
    crew_free(crew);
    assert_int_equal(log.done, JOBS);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(log.order[i], i);
}

static void no_more_than_the_few_work_at_once_while_nothing_holds_them_up(void **state)
{
    struct crew *crew = start(8, 2, NEVER_MS, ROOM);
    struct job jobs[JOBS];
    struct log log = {0};

    (void)state;
    put_all(crew, jobs, &log);
    while (log.done < JOBS)
        sched_yield();
    crew_stop(crew);
    crew_free(crew);
    assert_in_range(log.most, 1, 2);
}

/* Each round's last job comes to those that sleep since the round before. */
static void a_job_behind_others_that_are_held_up_is_done_by_another_worker(void **state)
{
    struct crew *crew = start(4, 1, 1, ROOM);
    sem_t held;

    (void)state;
    sem_init(&held, 0, 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct log log = {0};
        struct job slow[3];
        struct job quick = {.log = &log, .number = 3};

        for (int i = 0; i < 3; i++) {
            slow[i] = (struct job){.log = &log, .number = i, .held_by = &held};
            assert_int_equal(crew_put(crew, &slow[i]), STATUS_OK);
        }
        assert_int_equal(crew_put(crew, &quick), STATUS_OK);
        while (log.done == 0)
            sched_yield();
        assert_int_equal(log.order[0], 3);
        for (int i = 0; i < 3; i++)
            sem_post(&held);
        while (log.done < 4)
            sched_yield();
    }
    crew_stop(crew);
    crew_free(crew);
    sem_destroy(&held);
}

static void more_jobs_than_there_is_room_for_are_refused(void **state)
{
    struct crew *crew = start(1, 1, NEVER_MS, 2);
    struct log log = {0};
    sem_t held;

    (void)state;
    sem_init(&held, 0, 0);
    struct job job = {.log = &log, .held_by = &held};
    assert_int_equal(crew_put(crew, &job), STATUS_OK);
    while (log.running == 0)
        sched_yield();
    assert_int_equal(crew_put(crew, &job), STATUS_OK);
    assert_int_equal(crew_put(crew, &job), STATUS_OK);
    assert_int_equal(crew_waiting(crew), 2);
    assert_int_equal(crew_put(crew, &job), STATUS_FULL);
    for (int i = 0; i < 3; i++)
        sem_post(&held);
    crew_stop(crew);
    crew_free(crew);
    sem_destroy(&held);
    assert_int_equal(log.done, 3);
}

static void a_stopped_crew_does_what_waits_and_takes_no_more(void **state)
{
    struct crew *crew = start(3, 1, NEVER_MS, ROOM);
    struct job jobs[JOBS];
    struct log log = {0};

    (void)state;
    put_all(crew, jobs, &log);
    crew_stop(crew);
    assert_int_equal(log.done, JOBS);
    assert_int_equal(crew_put(crew, &jobs[0]), STATUS_CLOSED);
    assert_int_equal(crew_waiting(crew), 0);
    crew_free(crew);
}

static void without_a_word_the_few_follow_the_processors(void **state)
{
    struct crew *crew = start(1, 0, NEVER_MS, 1);
    struct log log = {0};
    struct job job = {.log = &log};

    (void)state;
    assert_true(crew_processors() >= 1);
    assert_int_equal(crew_put(crew, &job), STATUS_OK);
    crew_stop(crew);
    crew_free(crew);
    assert_int_equal(log.done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_done_in_the_order_in_which_they_came),
        cmocka_unit_test(no_more_than_the_few_work_at_once_while_nothing_holds_them_up),
        cmocka_unit_test(a_job_behind_others_that_are_held_up_is_done_by_another_worker),
        cmocka_unit_test(more_jobs_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_stopped_crew_does_what_waits_and_takes_no_more),
        cmocka_unit_test(without_a_word_the_few_follow_the_processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
