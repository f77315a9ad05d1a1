#include "tests/robots/config_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/wire/limits.h"

/* Each place: a head as it lies in memory, then the content. */
#define PLACE_BYTES ((size_t)40 << 10)
#define PLACES      2

struct head {
    uint64_t number; /* the higher one is the newer */
    uint64_t generation;
    uint64_t size;
    uint8_t hash[CRYPTO_HASH_SIZE]; /* of all above and of the content: a torn place has another */
};

_Static_assert(sizeof(struct head) + LIMIT_CONFIG_BYTES <= PLACE_BYTES,
               "a place holds the largest configuration");

static void hash_of(const struct head *head, struct span content, uint8_t out[CRYPTO_HASH_SIZE])
{
    const struct span parts[] = {span_of(head, offsetof(struct head, hash)), content};

    crypto_sha256(parts, 2, out);
}

static bool path_of(const char *folder, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/config", folder) < PATH_MAX;
}

/* False: there is no whole configuration in this place. */
static bool read_place(const uint8_t *bytes, size_t size, unsigned place, struct head *head,
                       struct span *content)
{
    const size_t at = place * PLACE_BYTES;
    uint8_t hash[CRYPTO_HASH_SIZE];

    if (size < at + sizeof *head)
        return false;
    memcpy(head, bytes + at, sizeof *head);
    if (head->number == 0 || head->size > size - at - sizeof *head)
        return false;
    *content = span_of(bytes + at + sizeof *head, head->size);
    hash_of(head, *content, hash);
    return memcmp(hash, head->hash, sizeof hash) == 0;
}

enum status config_file_load(struct config_file *file, const char *folder, uint64_t *generation,
                             uint8_t **data, struct span *content)
{
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t size = 0;

    *file = (struct config_file){.folder = folder, .place = PLACES - 1};
    if (!path_of(folder, path))
        return STATUS_INVALID;
    enum status status = file_read(path, PLACES * PLACE_BYTES, &bytes, &size);
    if (status != STATUS_OK)
        return status;
    for (unsigned place = 0; place < PLACES; place++) {
        struct head head;
        struct span found;

        if (!read_place(bytes, size, place, &head, &found) || head.number <= file->number)
            continue;
        file->number = head.number;
        file->place = place;
        *generation = head.generation;
        *content = found;
    }
    if (file->number == 0) {
        crypto_wipe(bytes, size);
        free(bytes);
        return STATUS_CORRUPT;
    }
    *data = bytes;
    return STATUS_OK;
}

static bool write_at(int fd, const void *data, size_t size, size_t at)
{
    return pwrite(fd, data, size, (off_t)at) == (ssize_t)size;
}

enum status config_file_save(struct config_file *file, uint64_t generation, struct span content)
{
    struct head head = {.number = file->number + 1, .generation = generation, .size = content.size};
    const unsigned place = (file->place + 1) % PLACES;
    const size_t at = place * PLACE_BYTES;
    char path[PATH_MAX];

    if (content.size > PLACE_BYTES - sizeof head)
        return STATUS_FULL;
    if (!path_of(file->folder, path))
        return STATUS_INVALID;
    hash_of(&head, content, head.hash);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return STATUS_IO;
    const bool is_kept = write_at(fd, &head, sizeof head, at) &&
                         write_at(fd, content.data, content.size, at + sizeof head) &&
                         fdatasync(fd) == 0;
    close(fd);
    if (!is_kept)
        return STATUS_IO;
    /* the first time it is the folder, too, that must know of the file */
    if (file->number == 0 && file_sync_folder(path) != STATUS_OK)
        return STATUS_IO;
    file->number = head.number;
    file->place = place;
    return STATUS_OK;
}
