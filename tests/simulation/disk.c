#include "tests/simulation/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

#define FILES    512
#define NEVER    UINT_MAX
#define MAX_FILE (1 << 20)
#define SECTOR   512

/* A file by its inode. */
struct known {
    ino_t inode;
    off_t written; /* end of what was written */
    off_t synced;  /* end of what a power cut cannot take away */
};

static struct {
    struct dice random;
    struct dice damage;
    unsigned calls_left; /* until power fails */
    bool dead;
    bool full;
    size_t count;
    struct known files[FILES];
} disk = {.calls_left = NEVER};

ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

void disk_start(uint64_t seed)
{
    disk.count = 0;
    disk.dead = disk.full = false;
    disk.calls_left = NEVER;
    dice_init(&disk.random, seed, span_text("randomness"));
    dice_init(&disk.damage, seed, span_text("damage"));
}

void disk_fail_after(unsigned calls)
{
    disk.calls_left = calls;
}

void disk_disarm(void)
{
    disk.calls_left = NEVER;
}

void disk_set_full(bool full)
{
    disk.full = full;
}

bool disk_is_dead(void)
{
    return disk.dead;
}

void disk_revive(void)
{
    disk.dead = false;
    disk.calls_left = NEVER;
}

/* ---- files ---- */

static struct known *find_inode(ino_t inode)
{
    for (size_t i = disk.count; i-- > 0;) {
        if (disk.files[i].inode == inode)
            return &disk.files[i];
    }
    return NULL;
}

/* A file that is not listed is on the disk as a whole. */
static void forget_synced(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < disk.count; i++) {
        if (disk.files[i].written > disk.files[i].synced)
            disk.files[kept++] = disk.files[i];
    }
    if (kept == FILES) {
        fprintf(stderr, "simulation: more files than the disk knows\n");
        abort();
    }
    disk.count = kept;
}

static struct known *note_inode(ino_t inode, off_t size)
{
    struct known *file = find_inode(inode);

    if (file)
        return file;
    if (disk.count == FILES)
        forget_synced();
    file = &disk.files[disk.count++];
    *file = (struct known){.inode = inode, .written = size, .synced = size};
    return file;
}

/* NULL: not a file. One not seen before is on the disk up to offset. */
static struct known *file_of(int fd, struct stat *st, off_t offset)
{
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
        return NULL;
    return note_inode(st->st_ino, offset);
}

/* True: power fails in this call. */
static bool fails_now(void)
{
    if (disk.dead)
        return false;
    if (disk.calls_left == NEVER || disk.calls_left-- > 0)
        return false;
    disk.calls_left = NEVER;
    disk.dead = true;
    return true;
}

static ssize_t no_power(void)
{
    errno = EIO;
    return -1;
}

static ssize_t no_room(void)
{
    errno = ENOSPC;
    return -1;
}

/* How much of a write is done when power fails in it. */
static size_t part_of(size_t size)
{
    return (size_t)dice_below(&disk.damage, size + 1);
}

static void note_written(struct known *file, off_t offset, off_t end)
{
    if (end > file->written)
        file->written = end;
    if (offset < file->synced)
        file->synced = offset; /* into the room that stood behind the frames */
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    struct stat st;
    struct known *file = file_of(fd, &st, offset);

    if (!file)
        return __real_pwrite(fd, data, size, offset);
    if (disk.dead)
        return no_power();
    if (disk.full && offset + (off_t)size > st.st_size)
        return no_room();
    if (fails_now())
        size = part_of(size);
    ssize_t done = size > 0 ? __real_pwrite(fd, data, size, offset) : 0;
    if (done > 0)
        note_written(file, offset, offset + done);
    return disk.dead ? no_power() : done;
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    struct stat st;
    struct known *file = file_of(fd, &st, 0);

    if (!file)
        return __real_write(fd, data, size);
    if (disk.dead)
        return no_power();
    if (disk.full)
        return no_room();
    const off_t offset = lseek(fd, 0, SEEK_CUR);
    if (offset == 0) /* a new file, perhaps by an inode that was used before */
        *file = (struct known){.inode = file->inode};
    if (fails_now())
        size = part_of(size);
    ssize_t done = size > 0 ? __real_write(fd, data, size) : 0;
    if (done > 0)
        note_written(file, offset, offset + done);
    return disk.dead ? no_power() : done;
}

int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    struct stat st;

    if (disk.full && file_of(fd, &st, 0) && offset + size > st.st_size)
        return ENOSPC;
    return __real_posix_fallocate(fd, offset, size);
}

/* The old file of a rename that may still be undone: "<path>.before". */
static void before_path(const char *path, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s.before", path) >= PATH_MAX)
        abort();
}

/* Syncing a folder makes its renames final; each robot has a folder of its own with two files. */
static void settle_folder(int fd)
{
    static const char *const names[] = {"journal.before", "remember.before"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(fd, names[i], 0);
}

static int sync_file(int fd)
{
    struct stat st;
    struct known *file = file_of(fd, &st, 0);

    if (disk.dead || fails_now())
        return (int)no_power();
    if (file)
        file->synced = file->written > file->synced ? file->written : file->synced;
    else
        settle_folder(fd);
    return 0;
}

int __wrap_fsync(int fd)
{
    return sync_file(fd);
}

int __wrap_fdatasync(int fd)
{
    return sync_file(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    char before[PATH_MAX];

    if (disk.dead)
        return (int)no_power();
    if (fails_now() && dice_below(&disk.damage, 2) == 0)
        return (int)no_power();
    before_path(to, before);
    unlink(before);
    if (link(to, before) < 0 && errno != ENOENT)
        abort();
    int result = __real_rename(from, to);
    return disk.dead ? (int)no_power() : result;
}

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
    uint8_t *bytes = out;

    (void)flags;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(dice_next(&disk.random) >> 32);
    return (ssize_t)size;
}

/* ---- power cuts ---- */

static void overwrite(int fd, off_t from, off_t to, bool with_noise, struct dice *dice)
{
    uint8_t bytes[SECTOR];

    while (from < to) {
        size_t size = to - from < SECTOR ? (size_t)(to - from) : SECTOR;

        for (size_t i = 0; i < size; i++)
            bytes[i] = with_noise ? (uint8_t)dice_next(dice) : 0;
        if (__real_pwrite(fd, bytes, size, from) != (ssize_t)size)
            abort();
        from += (off_t)size;
    }
}

/* Sectors reach a disk in any order: one that did not is left as zeros before others that did. */
static void lose_sector(int fd, const struct known *file, struct dice *dice)
{
    const off_t first = file->synced / SECTOR, last = (file->written - 1) / SECTOR;
    off_t from = (first + (off_t)dice_below(dice, (uint64_t)(last - first + 1))) * SECTOR;
    off_t to = from + SECTOR;

    if (from < file->synced)
        from = file->synced;
    if (to > file->written)
        to = file->written;
    overwrite(fd, from, to, false, dice);
}

static void damage(int fd, const struct known *file, off_t end, struct dice *dice)
{
    const off_t unsynced = file->written - file->synced;
    const off_t cut = file->synced + (off_t)dice_below(dice, (uint64_t)unsynced + 1);

    switch (dice_below(dice, 6)) {
    case 0:
        if (ftruncate(fd, cut) < 0)
            abort();
        break;
    case 1:
        overwrite(fd, cut, end, false, dice);
        break;
    case 2:
        overwrite(fd, cut, file->written, true, dice);
        break;
    default:
        lose_sector(fd, file, dice);
        break;
    }
}

void disk_cut(const char *path, struct dice *dice)
{
    char before[PATH_MAX];
    struct stat st;

    before_path(path, before);
    if (access(before, F_OK) == 0 && dice_below(dice, 2) == 0 && __real_rename(before, path) < 0)
        abort();
    unlink(before);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    struct known *file = file_of(fd, &st, 0);
    if (file && file->written > st.st_size)
        file->written = st.st_size; /* cut off by its owner */
    if (file && file->synced > st.st_size)
        file->synced = st.st_size;
    if (file && file->written > file->synced)
        damage(fd, file, st.st_size, dice);
    if (file)
        file->synced = file->written; /* what is left now was on the disk */
    close(fd);
}

void disk_copy(const char *from, const char *to)
{
    const bool full = disk.full;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (file_read(from, MAX_FILE, &bytes, &size) != STATUS_OK)
        return;
    disk.full = false;
    if (file_replace(to, span_of(bytes, size), 0600) != STATUS_OK)
        abort();
    disk.full = full;
    free(bytes);
}
