#include "server/http/crew.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "schema/base/clock.h"

struct job {
    void *what;
    int64_t since_ns;
};

/* A job that waits is sure to be taken: there are no more of them than idle workers of the few, or
 * one of the others watches how long they wait. */
struct crew {
    struct crew_options options;
    pthread_t threads[CREW_WORKERS_MAX];
    unsigned started;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t come;   /* for one of the few that is idle */
    pthread_cond_t late;   /* for one of the others */
    unsigned idle;         /* of the few */
    bool watched;
    bool stopped;
    size_t head, count;
    struct job ring[];
};

unsigned crew_processors(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? (unsigned)count : 1;
}

static void *take(struct crew *crew)
{
    void *what = crew->ring[crew->head].what;

    crew->head = (crew->head + 1) % crew->options.waiting_max;
    crew->count--;
    return what;
}

/* Unlocks the crew while it works. */
static void work(struct crew *crew, void *what)
{
    pthread_mutex_unlock(&crew->mutex);
    crew->options.work(what);
    pthread_mutex_lock(&crew->mutex);
}

static void *serve(void *context)
{
    struct crew *crew = context;

    pthread_mutex_lock(&crew->mutex);
    for (;;) {
        crew->idle++;
        while (crew->count == 0 && !crew->stopped)
            pthread_cond_wait(&crew->come, &crew->mutex);
        crew->idle--;
        if (crew->count == 0)
            break;
        work(crew, take(crew));
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* Until the oldest job has waited for long enough; false: there is none any more. */
static bool watch(struct crew *crew)
{
    while (crew->count > 0 && !crew->stopped) {
        const int64_t until_ns =
            crew->ring[crew->head].since_ns + crew->options.patience_ms * 1000000;
        const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                       .tv_nsec = until_ns % 1000000000};

        if (clock_mono_ns() >= until_ns)
            return true;
        pthread_cond_timedwait(&crew->late, &crew->mutex, &until);
    }
    return crew->count > 0;
}

static void *help(void *context)
{
    struct crew *crew = context;

    pthread_mutex_lock(&crew->mutex);
    while (!crew->stopped || crew->count > 0) {
        if (crew->watched || crew->count == 0) {
            pthread_cond_wait(&crew->late, &crew->mutex);
            continue;
        }
        crew->watched = true;
        const bool is_late = watch(crew);
        crew->watched = false;
        if (!is_late)
            continue;
        void *what = take(crew);
        if (crew->count > 0)
            pthread_cond_signal(&crew->late);
        work(crew, what);
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static void init_waiting(struct crew *crew)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&crew->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->come, &attributes);
    pthread_cond_init(&crew->late, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status crew_start(struct crew **out, const struct crew_options *options)
{
    assert(options->workers > 0 && options->workers <= CREW_WORKERS_MAX);
    struct crew *crew = calloc(1, sizeof *crew + options->waiting_max * sizeof *crew->ring);

    if (crew == NULL)
        return STATUS_MEMORY;
    crew->options = *options;
    if (crew->options.few == 0)
        crew->options.few = CREW_PER_PROCESSOR * crew_processors();
    init_waiting(crew);
    for (unsigned i = 0; i < options->workers; i++) {
        if (pthread_create(&crew->threads[i], NULL, i < crew->options.few ? serve : help, crew) !=
            0) {
            crew_stop(crew);
            crew_free(crew);
            return STATUS_MEMORY;
        }
        crew->started++;
    }
    *out = crew;
    return STATUS_OK;
}

enum status crew_put(struct crew *crew, void *job)
{
    enum status status = STATUS_OK;
    pthread_cond_t *wake = NULL;

    pthread_mutex_lock(&crew->mutex);
    if (crew->stopped) {
        status = STATUS_CLOSED;
    } else if (crew->count == crew->options.waiting_max) {
        status = STATUS_FULL;
    } else {
        crew->ring[(crew->head + crew->count) % crew->options.waiting_max] =
            (struct job){job, clock_mono_ns()};
        crew->count++;
        if (crew->count <= crew->idle)
            wake = &crew->come;
        else if (!crew->watched)
            wake = &crew->late;
    }
    pthread_mutex_unlock(&crew->mutex);
    /* after the mutex: whoever is woken takes it at once */
    if (wake != NULL)
        pthread_cond_signal(wake);
    return status;
}

void crew_stop(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->stopped = true;
    pthread_cond_broadcast(&crew->come);
    pthread_cond_broadcast(&crew->late);
    pthread_mutex_unlock(&crew->mutex);
    for (unsigned i = 0; i < crew->started; i++)
        pthread_join(crew->threads[i], NULL);
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    pthread_cond_destroy(&crew->late);
    pthread_cond_destroy(&crew->come);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

size_t crew_waiting(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    const size_t count = crew->count;
    pthread_mutex_unlock(&crew->mutex);
    return count;
}
