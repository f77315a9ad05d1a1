#include "schema/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 4096

/* Reads to the end of fd into a growing block. *data belongs to the caller also on failure. */
static enum status read_all(int fd, size_t max_bytes, uint8_t **data, size_t *size)
{
    size_t capacity = 0;

    for (*size = 0;;) {
        if (*size == capacity) {
            capacity = capacity ? capacity * 2 : READ_BYTES;
            uint8_t *larger = realloc(*data, capacity + 1);
            if (!larger)
                return STATUS_MEMORY;
            *data = larger;
        }
        ssize_t got = read(fd, *data + *size, capacity - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return STATUS_IO;
        if (got == 0)
            return STATUS_OK;
        *size += (size_t)got;
        if (*size > max_bytes)
            return STATUS_FULL;
    }
}

enum status file_read(const char *path, size_t max_bytes, uint8_t **data, size_t *size)
{
    uint8_t *content = NULL;
    size_t content_size;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO;

    enum status status = read_all(fd, max_bytes, &content, &content_size);
    close(fd);
    if (status != STATUS_OK) {
        free(content);
        return status;
    }
    content[content_size] = 0;
    *data = content;
    *size = content_size;
    return STATUS_OK;
}

static enum status write_all(int fd, struct span content)
{
    while (content.size > 0) {
        ssize_t written = write(fd, content.data, content.size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO;
        content = span_of(content.data + written, content.size - (size_t)written);
    }
    return STATUS_OK;
}

static enum status write_new(const char *path, struct span content, unsigned mode)
{
    /* A file left over from a crash may have another mode or be a link to somewhere else. */
    if (unlink(path) < 0 && errno != ENOENT)
        return STATUS_IO;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO;

    enum status status = write_all(fd, content);
    if (status == STATUS_OK && fsync(fd) < 0)
        status = STATUS_IO;
    if (close(fd) < 0 && status == STATUS_OK)
        status = STATUS_IO;
    if (status != STATUS_OK)
        unlink(path);
    return status;
}

enum status file_sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);

    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return STATUS_IO;
    enum status status = fsync(fd) < 0 ? STATUS_IO : STATUS_OK;
    close(fd);
    return status;
}

bool file_is_open_to(const char *path, unsigned who)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & who) != 0;
}

enum status file_replace(const char *path, struct span content, unsigned mode)
{
    char fresh[PATH_MAX];

    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return STATUS_INVALID;
    enum status status = write_new(fresh, content, mode);
    if (status != STATUS_OK)
        return status;
    if (rename(fresh, path) < 0) {
        unlink(fresh);
        return STATUS_IO;
    }
    return file_sync_folder(path);
}

static enum status make_one(const char *path, unsigned mode)
{
    struct stat st;

    if (mkdir(path, (mode_t)mode) == 0)
        return STATUS_OK;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? STATUS_OK : STATUS_IO;
}

enum status file_make_folder(const char *path, unsigned mode)
{
    char part[PATH_MAX];

    if (span_to_text(span_text(path), part, sizeof part) != STATUS_OK || !part[0])
        return STATUS_INVALID;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        enum status status = make_one(part, mode);
        *slash = '/';
        if (status != STATUS_OK)
            return status;
    }
    return make_one(part, mode);
}
