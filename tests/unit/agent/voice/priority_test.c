#include "agent/voice/priority.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <unistd.h>

struct seen {
    enum priority priority;
    int policy, level, nice_value;
    int child_policy;
};

static void *child(void *argument)
{
    struct seen *seen = argument;

    seen->child_policy = sched_getscheduler(0);
    return NULL;
}

static void *raise(void *argument)
{
    struct seen *seen = argument;
    struct sched_param param;
    pthread_t thread;

    priority_raise(seen->priority);
    seen->policy = sched_getscheduler(0);
    sched_getparam(0, &param);
    seen->level = param.sched_priority;
    seen->nice_value = getpriority(PRIO_PROCESS, 0);
    if (pthread_create(&thread, NULL, child, seen) == 0)
        pthread_join(thread, NULL);
    return NULL;
}

static struct seen raised(enum priority priority)
{
    struct seen seen = {.priority = priority};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, raise, &seen), 0);
    pthread_join(thread, NULL);
    return seen;
}

static void *try_real_time(void *argument)
{
    const struct sched_param param = {.sched_priority = 3};

    *(int *)argument = sched_setscheduler(0, SCHED_RR, &param);
    return NULL;
}

static void sound_goes_before_pictures_where_the_system_allows_it(void **state)
{
    pthread_t thread;
    int failure = -1;

    (void)state;
    if (pthread_create(&thread, NULL, try_real_time, &failure) == 0)
        pthread_join(thread, NULL);
    if (failure != 0)
        skip();
    struct seen sound = raised(PRIORITY_SOUND), picture = raised(PRIORITY_PICTURE);

    assert_true(sound.level > picture.level);
    assert_true(picture.level > 0);
}

static void only_the_calling_thread_is_raised_and_none_that_it_starts(void **state)
{
    int policy = sched_getscheduler(0), nice_value = getpriority(PRIO_PROCESS, 0);
    struct seen seen = raised(PRIORITY_SOUND);

    (void)state;
    assert_int_equal(seen.child_policy & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
    assert_int_equal(sched_getscheduler(0), policy);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), nice_value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_goes_before_pictures_where_the_system_allows_it),
        cmocka_unit_test(only_the_calling_thread_is_raised_and_none_that_it_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
