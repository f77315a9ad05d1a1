#include "tests/robots/config_file.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "schema/base/file.h"
#include "schema/wire/limits.h"

/* The generation as it lies in memory, then the content. */
#define HEAD_BYTES sizeof(uint64_t)
#define MAX_BYTES  (LIMIT_CONFIG_BYTES + HEAD_BYTES)

static bool path_in(const char *folder, const char *name, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

enum status config_file_save(const char *folder, uint64_t generation, struct span content)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    enum status status = STATUS_IO;

    if (!path_in(folder, "config", path) || !path_in(folder, "config.new", fresh))
        return STATUS_INVALID;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return STATUS_IO;
    if (write(fd, &generation, HEAD_BYTES) == (ssize_t)HEAD_BYTES &&
        write(fd, content.data, content.size) == (ssize_t)content.size)
        status = STATUS_OK;
    close(fd);
    if (status == STATUS_OK && rename(fresh, path) < 0)
        status = STATUS_IO;
    return status;
}

enum status config_file_load(const char *folder, uint64_t *generation, uint8_t **data,
                             struct span *content)
{
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (!path_in(folder, "config", path))
        return STATUS_INVALID;
    enum status status = file_read(path, MAX_BYTES, &bytes, &size);
    if (status == STATUS_OK && size < HEAD_BYTES)
        status = STATUS_CORRUPT;
    if (status != STATUS_OK) {
        free(bytes);
        return status;
    }
    memcpy(generation, bytes, HEAD_BYTES);
    *data = bytes;
    *content = span_of(bytes + HEAD_BYTES, size - HEAD_BYTES);
    return STATUS_OK;
}
