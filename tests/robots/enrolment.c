#include "tests/robots/enrolment.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/enrol.h"
#include "agent/identity.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/wire/limits.h"

#define THREADS       4
#define SLEEP_STEP_MS 100

/* What a thread tells the loop; smaller than PIPE_BUF, so never torn. */
struct note {
    size_t index;
    enum status status;
    char problem[256];
};

struct enrolment {
    struct enrolment_options options;
    pthread_t threads[THREADS];
    size_t thread_count;
    atomic_size_t next;
    atomic_bool stopping;
    int pipe_read, pipe_write;
    struct loop_watch watch;
};

static void device_id(const struct enrolment *enrolment, size_t index, char out[LIMIT_SLUG + 1])
{
    snprintf(out, LIMIT_SLUG + 1, "%.28s%04zu", enrolment->options.id_prefix,
             enrolment->options.first + index);
}

static void folder_of(const struct enrolment *enrolment, size_t index,
                      char out[ENROLMENT_FOLDER_SIZE])
{
    char id[LIMIT_SLUG + 1];

    device_id(enrolment, index, id);
    snprintf(out, ENROLMENT_FOLDER_SIZE, "%s/%s", enrolment->options.state_dir, id);
}

static void pause_for(const struct enrolment *enrolment, int64_t wait_ms)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;

    while (!atomic_load(&enrolment->stopping) && clock_mono_ms() < until_ms)
        clock_sleep_ms(SLEEP_STEP_MS);
}

static enum status enrol_one(const struct enrolment *enrolment, size_t index, char problem[256])
{
    char folder[ENROLMENT_FOLDER_SIZE], id[LIMIT_SLUG + 1];
    struct backoff backoff;
    enum status status;

    device_id(enrolment, index, id);
    folder_of(enrolment, index, folder);
    if (identity_exists(folder))
        return STATUS_OK;
    if (enrolment->options.claim == NULL || enrolment->options.url == NULL) {
        snprintf(problem, 256, "robot \"%s\" is not enrolled (hint: --enrol-url and --claim)", id);
        return STATUS_DENIED;
    }
    const struct enrol_request request = {.state_dir = folder,
                                          .url = enrolment->options.url,
                                          .claim = enrolment->options.claim,
                                          .device_id = id};
    backoff_init(&backoff, 1000, 30000, 500);
    while ((status = enrol_run(&request, problem)) == STATUS_UNREACHABLE &&
           !atomic_load(&enrolment->stopping))
        pause_for(enrolment, backoff_next(&backoff, crypto_random_u64()));
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

static enum status make_ready(const struct enrolment *enrolment, size_t index, char problem[256])
{
    char folder[ENROLMENT_FOLDER_SIZE], id[LIMIT_SLUG + 1];
    enum status status = enrol_one(enrolment, index, problem);

    if (status != STATUS_OK)
        return status;
    device_id(enrolment, index, id);
    folder_of(enrolment, index, folder);
    status = enrolment->options.prepare(folder, id);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot make the journal of robot \"%s\": %s", id,
                 status_text(status));
    return status;
}

static void *work(void *context)
{
    struct enrolment *enrolment = context;

    while (!atomic_load(&enrolment->stopping)) {
        struct note note = {.index = atomic_fetch_add(&enrolment->next, 1)};

        if (note.index >= enrolment->options.robots)
            break;
        note.status = make_ready(enrolment, note.index, note.problem);
        if (write(enrolment->pipe_write, &note, sizeof note) != (ssize_t)sizeof note)
            break;
    }
    return NULL;
}

/* One robot a call: starting it takes a millisecond, and the others are not to wait for all. */
static void on_note(void *context, uint32_t events)
{
    struct enrolment *enrolment = context;
    char folder[ENROLMENT_FOLDER_SIZE];
    struct note note;

    (void)events;
    if (read(enrolment->pipe_read, &note, sizeof note) != (ssize_t)sizeof note)
        return;
    folder_of(enrolment, note.index, folder);
    enrolment->options.on_enrolled(enrolment->options.context, folder, note.status, note.problem);
}

static enum status start_threads(struct enrolment *enrolment)
{
    while (enrolment->thread_count < THREADS) {
        if (pthread_create(&enrolment->threads[enrolment->thread_count], NULL, work, enrolment) !=
            0)
            return STATUS_MEMORY;
        enrolment->thread_count++;
    }
    return STATUS_OK;
}

enum status enrolment_start(struct enrolment **out, const struct enrolment_options *options)
{
    struct enrolment *enrolment = calloc(1, sizeof *enrolment);
    enum status status = STATUS_IO;
    int ends[2] = {-1, -1};

    if (enrolment == NULL)
        return STATUS_MEMORY;
    enrolment->options = *options;
    enrolment->watch.on_ready = on_note;
    enrolment->watch.context = enrolment;
    if (pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        status = STATUS_OK;
    enrolment->pipe_read = ends[0];
    enrolment->pipe_write = ends[1];
    if (status == STATUS_OK)
        status = loop_watch(options->loop, &enrolment->watch, ends[0], EPOLLIN);
    if (status == STATUS_OK)
        status = start_threads(enrolment);
    if (status != STATUS_OK) {
        enrolment_stop(enrolment);
        return status;
    }
    *out = enrolment;
    return STATUS_OK;
}

void enrolment_stop(struct enrolment *enrolment)
{
    if (enrolment == NULL)
        return;
    atomic_store(&enrolment->stopping, true);
    /* A thread that waits for room in the pipe sees its other end close. */
    loop_unwatch(enrolment->options.loop, &enrolment->watch);
    if (enrolment->pipe_read >= 0)
        close(enrolment->pipe_read);
    for (size_t i = 0; i < enrolment->thread_count; i++)
        pthread_join(enrolment->threads[i], NULL);
    if (enrolment->pipe_write >= 0)
        close(enrolment->pipe_write);
    free(enrolment);
}
