#include "tests/robots/shelf.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define THREADS 8

struct row {
    struct shelf_job *first, *last;
};

struct shelf {
    struct loop *loop;
    struct loop_watch watch;
    int event_fd; /* readable: something was kept */
    pthread_t threads[THREADS];
    size_t thread_count;
    pthread_mutex_t mutex; /* guards what follows, and every job that is not idle */
    pthread_cond_t has_work, kept_one;
    struct row waiting, kept;
    bool stopping;
};

static void append(struct row *row, struct shelf_job *job)
{
    job->next = NULL;
    if (row->last != NULL)
        row->last->next = job;
    else
        row->first = job;
    row->last = job;
}

static struct shelf_job *take_first(struct row *row)
{
    struct shelf_job *job = row->first;

    if (job == NULL)
        return NULL;
    row->first = job->next;
    if (row->first == NULL)
        row->last = NULL;
    return job;
}

static void take_out(struct row *row, struct shelf_job *job)
{
    struct row rest = {NULL, NULL};
    struct shelf_job *each;

    while ((each = take_first(row)) != NULL)
        if (each != job)
            append(&rest, each);
    *row = rest;
}

/* The job is its owner's again. */
static void clear(struct shelf_job *job)
{
    crypto_wipe(job->content, job->content_size);
    free(job->content);
    job->content = NULL;
    job->state = SHELF_IDLE;
}

/* With the mutex held, which is given away while the disk works. */
static void write_one(struct shelf *shelf, struct shelf_job *job)
{
    static const uint64_t one = 1;

    job->state = SHELF_WRITING;
    pthread_mutex_unlock(&shelf->mutex);
    enum status status =
        config_file_save(job->file, job->generation, span_of(job->content, job->content_size));
    pthread_mutex_lock(&shelf->mutex);
    const bool is_first = shelf->kept.first == NULL;
    job->status = status;
    job->state = SHELF_KEPT;
    append(&shelf->kept, job);
    pthread_cond_broadcast(&shelf->kept_one);
    /* a counter takes more than it ever gets here */
    if (is_first && write(shelf->event_fd, &one, sizeof one) < 0)
        log_error("robots", "cannot wake the loop");
}

static void *work(void *context)
{
    struct shelf *shelf = context;
    struct shelf_job *job;

    pthread_mutex_lock(&shelf->mutex);
    while (!shelf->stopping) {
        if ((job = take_first(&shelf->waiting)) != NULL)
            write_one(shelf, job);
        else
            pthread_cond_wait(&shelf->has_work, &shelf->mutex);
    }
    pthread_mutex_unlock(&shelf->mutex);
    return NULL;
}

static struct shelf_job *next_kept(struct shelf *shelf)
{
    pthread_mutex_lock(&shelf->mutex);
    struct shelf_job *job = take_first(&shelf->kept);
    if (job != NULL)
        clear(job);
    pthread_mutex_unlock(&shelf->mutex);
    return job;
}

static void on_ready(void *context, uint32_t events)
{
    struct shelf *shelf = context;
    struct shelf_job *job;
    uint64_t count;

    (void)events;
    if (read(shelf->event_fd, &count, sizeof count) != (ssize_t)sizeof count)
        return;
    while ((job = next_kept(shelf)) != NULL)
        job->on_kept(job->context, job->status);
}

static enum status start_threads(struct shelf *shelf)
{
    while (shelf->thread_count < THREADS) {
        if (pthread_create(&shelf->threads[shelf->thread_count], NULL, work, shelf) != 0)
            return STATUS_MEMORY;
        shelf->thread_count++;
    }
    return STATUS_OK;
}

enum status shelf_create(struct shelf **out, struct loop *loop)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    enum status status = STATUS_IO;

    if (shelf == NULL)
        return STATUS_MEMORY;
    shelf->loop = loop;
    shelf->watch.on_ready = on_ready;
    shelf->watch.context = shelf;
    pthread_mutex_init(&shelf->mutex, NULL);
    pthread_cond_init(&shelf->has_work, NULL);
    pthread_cond_init(&shelf->kept_one, NULL);
    shelf->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shelf->event_fd >= 0)
        status = loop_watch(loop, &shelf->watch, shelf->event_fd, EPOLLIN);
    if (status == STATUS_OK)
        status = start_threads(shelf);
    if (status != STATUS_OK) {
        shelf_free(shelf);
        return status;
    }
    *out = shelf;
    return STATUS_OK;
}

void shelf_free(struct shelf *shelf)
{
    if (shelf == NULL)
        return;
    pthread_mutex_lock(&shelf->mutex);
    shelf->stopping = true;
    pthread_cond_broadcast(&shelf->has_work);
    pthread_mutex_unlock(&shelf->mutex);
    for (size_t i = 0; i < shelf->thread_count; i++)
        pthread_join(shelf->threads[i], NULL);
    loop_unwatch(shelf->loop, &shelf->watch);
    if (shelf->event_fd >= 0)
        close(shelf->event_fd);
    pthread_cond_destroy(&shelf->kept_one);
    pthread_cond_destroy(&shelf->has_work);
    pthread_mutex_destroy(&shelf->mutex);
    free(shelf);
}

enum status shelf_keep(struct shelf *shelf, struct shelf_job *job, struct span content)
{
    job->content = malloc(content.size + 1);
    if (job->content == NULL)
        return STATUS_MEMORY;
    memcpy(job->content, content.data, content.size);
    job->content_size = content.size;
    pthread_mutex_lock(&shelf->mutex);
    job->state = SHELF_WAITING;
    append(&shelf->waiting, job);
    pthread_cond_signal(&shelf->has_work);
    pthread_mutex_unlock(&shelf->mutex);
    return STATUS_OK;
}

bool shelf_is_busy(const struct shelf_job *job)
{
    return job->content != NULL;
}

void shelf_cancel(struct shelf *shelf, struct shelf_job *job)
{
    if (!shelf_is_busy(job))
        return;
    pthread_mutex_lock(&shelf->mutex);
    while (job->state == SHELF_WRITING)
        pthread_cond_wait(&shelf->kept_one, &shelf->mutex);
    take_out(job->state == SHELF_WAITING ? &shelf->waiting : &shelf->kept, job);
    clear(job);
    pthread_mutex_unlock(&shelf->mutex);
}
