#include "agent/meter/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "schema/base/file.h"

static bool make_path(const char *path, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s.spare", path) < PATH_MAX;
}

bool spare_keep(const char *path, size_t bytes)
{
    char spare[PATH_MAX];

    if (!make_path(path, spare))
        return false;
    int fd = open(spare, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    const bool is_taken = posix_fallocate(fd, 0, (off_t)bytes) == 0;
    close(fd);
    return is_taken;
}

static enum status fill(int fd, struct span content)
{
    for (size_t done = 0; done < content.size;) {
        ssize_t part = pwrite(fd, content.data + done, content.size - done, (off_t)done);

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO;
        done += (size_t)part;
    }
    if (ftruncate(fd, (off_t)content.size) < 0)
        return STATUS_IO;
    return fsync(fd) < 0 ? STATUS_IO : STATUS_OK;
}

enum status spare_replace(const char *path, struct span content)
{
    char spare[PATH_MAX];

    if (!make_path(path, spare))
        return STATUS_INVALID;
    int fd = open(spare, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? STATUS_FULL : STATUS_IO;
    enum status status = fill(fd, content);
    close(fd);
    if (status != STATUS_OK)
        return status;
    if (rename(spare, path) < 0)
        return STATUS_IO;
    return file_sync_folder(path);
}
