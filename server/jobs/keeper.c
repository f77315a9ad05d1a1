#include "server/jobs/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/revocation_line.h"
#include "server/jobs/timer.h"
#include "server/store/revoked.h"

#define TICK_MS     1000
#define FILE_BYTES  ((size_t)256 << 20)
#define ARENA_BYTES ((size_t)128 << 20)

/* One robot of the file, by its last line. */
struct entry {
    struct revocation_line line;
    uint64_t seen;   /* the last run in which the database refused it */
    bool is_settled; /* the database was told, and knows better: it was erased */
};

struct keeper {
    struct store *store;
    struct timer *timer;
    struct arena *arena;
    struct span key;
    char *path;
    int fd;
    uint8_t mac[CRYPTO_HASH_SIZE]; /* of the last line that was read or written */
    size_t read_to;                /* its end in the file */
    int64_t lines;
    struct entry *entries; /* in order of their ids */
    size_t count, room;
    uint64_t runs;
    bool is_failing; /* was logged */
};

/* ---- the file in memory ---- */

/* Where id stands, or would. */
static size_t place_of(const struct keeper *keeper, const char *id)
{
    size_t low = 0;

    for (size_t high = keeper->count; low < high;) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(keeper->entries[middle].line.device_id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *find(const struct keeper *keeper, const char *id)
{
    const size_t at = place_of(keeper, id);

    return at < keeper->count && strcmp(keeper->entries[at].line.device_id, id) == 0
               ? &keeper->entries[at]
               : NULL;
}

static enum status remember(struct keeper *keeper, const struct revocation_line *line)
{
    struct entry *entry = find(keeper, line->device_id);

    if (entry != NULL) {
        entry->line = *line;
        return STATUS_OK;
    }
    if (keeper->count == keeper->room) {
        const size_t room = keeper->room > 0 ? 2 * keeper->room : 64;
        struct entry *entries = realloc(keeper->entries, room * sizeof *entries);

        if (entries == NULL)
            return STATUS_MEMORY;
        keeper->entries = entries;
        keeper->room = room;
    }
    const size_t at = place_of(keeper, line->device_id);
    memmove(&keeper->entries[at + 1], &keeper->entries[at],
            (keeper->count - at) * sizeof *keeper->entries);
    keeper->entries[at] = (struct entry){.line = *line};
    keeper->count++;
    return STATUS_OK;
}

/* ---- the file on disk ---- */

static enum status read_lines(struct keeper *keeper, struct span text)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        const size_t size = end != NULL ? (size_t)(end - text.data) : text.size;
        struct revocation_line line;
        const enum status read =
            revocation_line_read(span_of(text.data, size), keeper->key, keeper->mac, &line);

        keeper->lines++;
        if (read == STATUS_OK)
            status = remember(keeper, &line);
        else
            log_error("keeper",
                      "line %lld of \"%s\" is %s and does not count: the robot that it was about "
                      "may come back (hint: compare with a copy, revoke it again)",
                      (long long)keeper->lines, keeper->path,
                      read == STATUS_FORGED ? "forged" : "damaged");
        text = span_of(text.data + size + (end != NULL), text.size - size - (end != NULL));
    }
    return status;
}

/* Reads what others have added: several servers on one machine share the file, and each goes on in
 * the chain where the last one stopped. Under the lock. */
static enum status catch_up(struct keeper *keeper)
{
    struct stat stat;

    if (fstat(keeper->fd, &stat) < 0 || (uint64_t)stat.st_size > FILE_BYTES)
        return STATUS_IO;
    if ((size_t)stat.st_size <= keeper->read_to)
        return STATUS_OK;
    const size_t size = (size_t)stat.st_size - keeper->read_to;
    uint8_t *data = malloc(size);
    if (data == NULL)
        return STATUS_MEMORY;
    enum status status = STATUS_IO;
    if (pread(keeper->fd, data, size, (off_t)keeper->read_to) == (ssize_t)size)
        status = read_lines(keeper, span_of(data, size));
    keeper->read_to += size;
    /* a crash cut the last line off: the next begins on its own */
    if (status == STATUS_OK && data[size - 1] != '\n') {
        status = write(keeper->fd, "\n", 1) == 1 ? STATUS_OK : STATUS_IO;
        keeper->read_to++;
    }
    free(data);
    return status;
}

static enum status open_file(struct keeper *keeper, char problem[256])
{
    keeper->fd = open(keeper->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (keeper->fd < 0) {
        snprintf(problem, 256, "the list of revoked robots \"%.150s\" cannot be opened: %s",
                 keeper->path, strerror(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum status append(struct keeper *keeper, const struct revoked *robot)
{
    struct revocation_line line = {0};
    uint8_t mac[CRYPTO_HASH_SIZE];
    char text[REVOCATION_LINE_SIZE];

    memcpy(mac, keeper->mac, sizeof mac);
    enum status status =
        span_to_text(span_text(robot->device_id), line.device_id, sizeof line.device_id);
    if (status == STATUS_OK)
        status = span_to_text(span_text(robot->status), line.status, sizeof line.status);
    if (status == STATUS_OK)
        status = span_to_text(span_text(robot->key_hash), line.key_hash, sizeof line.key_hash);
    if (status == STATUS_OK)
        status = revocation_line_write(&line, clock_wall_ms(), keeper->key, mac, text, sizeof text);
    if (status != STATUS_OK)
        return status;
    const size_t size = strlen(text);
    if (write(keeper->fd, text, size) != (ssize_t)size)
        return STATUS_IO;
    memcpy(keeper->mac, mac, sizeof mac);
    keeper->read_to += size;
    keeper->lines++;
    return remember(keeper, &line);
}

/* ---- one run ---- */

/* What the database refuses and the file does not tell yet. */
static enum status tell_file(struct keeper *keeper, const struct revoked *robots, size_t count)
{
    enum status status = STATUS_OK;
    bool is_new = false;

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct entry *entry = find(keeper, robots[i].device_id);

        if (entry == NULL || strcmp(entry->line.status, robots[i].status) != 0) {
            is_new = true;
            status = append(keeper, &robots[i]);
        }
        struct entry *kept = find(keeper, robots[i].device_id);
        if (status == STATUS_OK && kept != NULL) {
            kept->seen = keeper->runs;
            kept->is_settled = false;
        }
    }
    if (is_new && fdatasync(keeper->fd) < 0 && status == STATUS_OK)
        status = STATUS_IO;
    return status;
}

/* What the file tells and the database does not refuse. */
static enum status tell_database(struct keeper *keeper)
{
    static const struct author author = {"mynad", ""};
    struct revoked *forgotten = arena_take(keeper->arena, (keeper->count + 1) * sizeof *forgotten);
    int64_t restored = 0;
    size_t count = 0;

    if (forgotten == NULL)
        return STATUS_FULL;
    for (size_t i = 0; i < keeper->count; i++) {
        const struct entry *entry = &keeper->entries[i];

        if (entry->seen != keeper->runs && !entry->is_settled)
            forgotten[count++] =
                (struct revoked){entry->line.device_id, entry->line.status, entry->line.key_hash};
    }
    if (count == 0)
        return STATUS_OK;
    enum status status =
        revoked_restore(keeper->store, &author, forgotten, count, keeper->arena, &restored);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = find(keeper, forgotten[i].device_id);

        if (entry != NULL)
            entry->is_settled = true;
    }
    if (restored > 0)
        log_warning("keeper",
                    "the database had forgotten who is revoked or retired, as a restored one "
                    "does: they are refused again count=%lld",
                    (long long)restored);
    return STATUS_OK;
}

static enum status compare(struct keeper *keeper)
{
    struct revoked *robots;
    size_t count;

    arena_reset(keeper->arena);
    keeper->runs++;
    enum status status = revoked_list(keeper->store, keeper->arena, &robots, &count);
    if (status != STATUS_OK)
        return status;
    if (flock(keeper->fd, LOCK_EX) < 0)
        return STATUS_IO;
    status = catch_up(keeper);
    if (status == STATUS_OK)
        status = tell_file(keeper, robots, count);
    flock(keeper->fd, LOCK_UN);
    if (status == STATUS_OK)
        status = tell_database(keeper);
    return status;
}

static void run_job(void *context, bool woken)
{
    struct keeper *keeper = context;
    const enum status status = compare(keeper);

    (void)woken;
    /* a database that is away is told of by others */
    if (status != STATUS_OK && status != STATUS_UNREACHABLE && !keeper->is_failing)
        log_error("keeper", "the list of revoked robots is not kept: %s (is the disk full?)",
                  status_text(status));
    keeper->is_failing = status != STATUS_OK;
}

/* ---- life ---- */

enum status keeper_start(struct keeper **out, struct store *store, const char *path,
                         const uint8_t *stamp_key, char problem[256])
{
    struct keeper *keeper = calloc(1, sizeof *keeper);

    snprintf(problem, 256, "the list of revoked robots: %s", status_text(STATUS_MEMORY));
    if (keeper == NULL)
        return STATUS_MEMORY;
    keeper->store = store;
    keeper->path = strdup(path);
    keeper->key = span_of(stamp_key, CRYPTO_KEY_SIZE);
    keeper->fd = -1;
    enum status status = keeper->path ? arena_create(&keeper->arena, ARENA_BYTES) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = open_file(keeper, problem);
    if (status == STATUS_OK) {
        status = compare(keeper);
        if (status != STATUS_OK)
            snprintf(problem, 256, "the list of revoked robots \"%.120s\" cannot be kept: %s", path,
                     status_text(status));
    }
    if (status == STATUS_OK)
        status = timer_start(&keeper->timer, TICK_MS, run_job, keeper);
    if (status != STATUS_OK) {
        keeper_stop(keeper);
        return status;
    }
    *out = keeper;
    return STATUS_OK;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    timer_stop(keeper->timer);
    if (keeper->fd >= 0)
        close(keeper->fd);
    arena_free(keeper->arena);
    free(keeper->entries);
    free(keeper->path);
    free(keeper);
}
