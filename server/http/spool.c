#include "server/http/spool.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum writing { UNDER_WAY, WHOLE, BROKEN };

struct spool {
    int fd;
    pthread_mutex_t lock;
    uint64_t size; /* guarded by lock, like all below */
    enum writing writing;
    bool has_left;
    const struct spool_reader *asleep; /* NULL: nobody waits */
};

/* A file that is gone with its last descriptor. */
static int open_nameless(void)
{
    char path[] = "/var/tmp/mynad-answer-XXXXXX";
    int fd = mkstemp(path);

    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        unlink(path);
    }
    return fd;
}

enum status spool_create(struct spool **out)
{
    struct spool *spool = calloc(1, sizeof *spool);

    if (spool == NULL)
        return STATUS_MEMORY;
    spool->fd = open_nameless();
    if (spool->fd < 0) {
        free(spool);
        return STATUS_IO;
    }
    pthread_mutex_init(&spool->lock, NULL);
    *out = spool;
    return STATUS_OK;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    pthread_mutex_destroy(&spool->lock);
    close(spool->fd);
    free(spool);
}

static void wake(struct spool *spool)
{
    const struct spool_reader *reader = spool->asleep;

    spool->asleep = NULL;
    if (reader != NULL)
        reader->wake(reader->context);
}

static bool has_left(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    if (spool->asleep != NULL && spool->asleep->has_gone(spool->asleep->context))
        spool->has_left = true;
    const bool has_left = spool->has_left;
    pthread_mutex_unlock(&spool->lock);
    return has_left;
}

enum status spool_add(struct spool *spool, struct span text)
{
    if (has_left(spool))
        return STATUS_CLOSED;
    if (text.size == 0)
        return STATUS_OK;
    for (size_t done = 0; done < text.size;) {
        const ssize_t written =
            pwrite(spool->fd, text.data + done, text.size - done, (off_t)(spool->size + done));

        if (written <= 0)
            return STATUS_FULL;
        done += (size_t)written;
    }
    pthread_mutex_lock(&spool->lock);
    spool->size += text.size;
    wake(spool);
    pthread_mutex_unlock(&spool->lock);
    return STATUS_OK;
}

void spool_end(struct spool *spool, bool is_whole)
{
    pthread_mutex_lock(&spool->lock);
    spool->writing = is_whole ? WHOLE : BROKEN;
    wake(spool);
    pthread_mutex_unlock(&spool->lock);
}

/* How much there is behind position, with SPOOL_END and the like as spool_read() has them. */
static ssize_t look(struct spool *spool, uint64_t position, const struct spool_reader *reader)
{
    static const ssize_t ends[] = {
        [UNDER_WAY] = 0,
        [WHOLE] = SPOOL_END,
        [BROKEN] = SPOOL_BROKEN,
    };
    pthread_mutex_lock(&spool->lock);
    ssize_t there = (ssize_t)(spool->size - position);
    if (there == 0)
        there = ends[spool->writing];
    if (there == 0) {
        spool->asleep = reader;
        reader->sleep(reader->context);
    }
    pthread_mutex_unlock(&spool->lock);
    return there;
}

ssize_t spool_read(struct spool *spool, uint64_t position, uint8_t *out, size_t max,
                   const struct spool_reader *reader)
{
    const ssize_t there = look(spool, position, reader);

    if (there <= 0)
        return there;
    const ssize_t size =
        pread(spool->fd, out, (size_t)there < max ? (size_t)there : max, (off_t)position);
    return size > 0 ? size : SPOOL_BROKEN;
}

void spool_leave(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    spool->has_left = true;
    spool->asleep = NULL;
    pthread_mutex_unlock(&spool->lock);
}
