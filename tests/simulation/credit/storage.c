#include "tests/simulation/credit/storage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

#include "agent/meter/frame.h"

#define INODES  (STORAGE_DISKS * 5)
#define HANDLES 64
#define NEVER   UINT_MAX
#define NONE    (-1)
#define SECTOR  512
#define FIRST   4096 /* handles look like no descriptor of the system's */

struct inode {
    uint8_t *bytes;
    size_t size, room;
    size_t written; /* end of what was written */
    size_t synced;  /* end of what a power cut cannot take away */
    unsigned links; /* names and handles */
};

/* What its folder says. */
struct folder {
    int journal, fresh, spare;
    int before; /* the journal before a rename that may still be undone */
};

struct handle {
    bool used, is_folder;
    int inode;
    unsigned disk;
    size_t offset;
};

static struct {
    struct dice random, damage;
    unsigned calls_left; /* until power fails */
    bool dead, full;
    enum storage_call died_in;
    struct inode inodes[INODES];
    struct folder folders[STORAGE_DISKS];
    struct handle handles[HANDLES];
} storage;

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *out, size_t size);
ssize_t __wrap_pread(int fd, void *out, size_t size, off_t offset);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

static void give_up(const char *why)
{
    fprintf(stderr, "credit simulation: %s\n", why);
    abort();
}

const char *storage_call_name(enum storage_call call)
{
    static const char *const names[] = {
        "open", "close", "ack", "credit", "file", "sync", "sync folder", "rename",
    };

    static_assert(sizeof names / sizeof *names == STORAGE_CALLS, "a name each");
    return names[call];
}

void storage_start(uint64_t seed)
{
    for (size_t i = 0; i < INODES; i++)
        storage.inodes[i] =
            (struct inode){.bytes = storage.inodes[i].bytes, .room = storage.inodes[i].room};
    for (size_t i = 0; i < STORAGE_DISKS; i++)
        storage.folders[i] = (struct folder){NONE, NONE, NONE, NONE};
    memset(storage.handles, 0, sizeof storage.handles);
    storage.dead = storage.full = false;
    storage.calls_left = NEVER;
    dice_init(&storage.random, seed, span_text("randomness"));
    dice_init(&storage.damage, seed, span_text("damage"));
}

void storage_path(unsigned disk, char out[STORAGE_PATH])
{
    snprintf(out, STORAGE_PATH, "/%u/journal", disk);
}

void storage_fail_after(unsigned calls)
{
    storage.calls_left = calls;
}

void storage_disarm(void)
{
    storage.calls_left = NEVER;
}

bool storage_is_dead(void)
{
    return storage.dead;
}

enum storage_call storage_died_in(void)
{
    return storage.died_in;
}

void storage_revive(void)
{
    storage.dead = false;
    storage.calls_left = NEVER;
}

void storage_set_full(bool full)
{
    storage.full = full;
}

/* ---- inodes ---- */

static int take_inode(void)
{
    for (int i = 0; i < INODES; i++) {
        struct inode *inode = &storage.inodes[i];

        if (inode->links > 0)
            continue;
        inode->size = inode->written = inode->synced = 0;
        inode->links = 1;
        return i;
    }
    give_up("more files than the disks hold");
    return NONE;
}

static void drop_inode(int inode)
{
    if (inode != NONE)
        storage.inodes[inode].links--;
}

static void grow(struct inode *inode, size_t size)
{
    if (size > inode->room) {
        inode->room = size * 2;
        inode->bytes = realloc(inode->bytes, inode->room);
        if (!inode->bytes)
            give_up("out of memory");
    }
    if (size > inode->size)
        memset(inode->bytes + inode->size, 0, size - inode->size);
    inode->size = size;
}

/* ---- names ---- */

/* "/<disk>", "/<disk>/journal", "/<disk>/journal.new" or "/<disk>/journal.spare"; *name is NULL for
 * the folder itself. */
static unsigned disk_of(const char *path, int **name)
{
    unsigned disk = 0;
    const char *next = path + 1;

    for (; *next >= '0' && *next <= '9'; next++)
        disk = disk * 10 + (unsigned)(*next - '0');
    if (path[0] != '/' || disk >= STORAGE_DISKS)
        give_up("a file that is on no disk");
    struct folder *folder = &storage.folders[disk];
    if (*next == 0)
        *name = NULL;
    else
        *name = strcmp(next, "/journal") == 0         ? &folder->journal
                : strcmp(next, "/journal.spare") == 0 ? &folder->spare
                                                      : &folder->fresh;
    return disk;
}

static struct handle *handle_of(int fd)
{
    if (fd < FIRST || fd >= FIRST + HANDLES || !storage.handles[fd - FIRST].used)
        give_up("a file that is not open");
    return &storage.handles[fd - FIRST];
}

static int take_handle(const struct handle *handle)
{
    for (int i = 0; i < HANDLES; i++) {
        if (storage.handles[i].used)
            continue;
        storage.handles[i] = *handle;
        if (handle->inode != NONE)
            storage.inodes[handle->inode].links++;
        return FIRST + i;
    }
    give_up("too many open files");
    return NONE;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
    int *name;
    struct handle handle = {.used = true, .inode = NONE};

    handle.disk = disk_of(path, &name);
    handle.is_folder = name == NULL;
    if (name) {
        if (*name == NONE && !(flags & O_CREAT))
            return fail(ENOENT);
        if (*name == NONE && storage.dead)
            return fail(EIO);
        if (*name == NONE)
            *name = take_inode();
        handle.inode = *name;
    }
    return take_handle(&handle);
}

int __wrap_close(int fd)
{
    struct handle *handle = handle_of(fd);

    drop_inode(handle->inode);
    handle->used = false;
    return 0;
}

/* ---- reading ---- */

static size_t copy_out(const struct inode *inode, size_t offset, void *out, size_t size)
{
    const size_t left = offset < inode->size ? inode->size - offset : 0;
    const size_t part = size < left ? size : left;

    if (part > 0)
        memcpy(out, inode->bytes + offset, part);
    return part;
}

ssize_t __wrap_read(int fd, void *out, size_t size)
{
    struct handle *handle = handle_of(fd);
    const size_t got = copy_out(&storage.inodes[handle->inode], handle->offset, out, size);

    handle->offset += got;
    return (ssize_t)got;
}

ssize_t __wrap_pread(int fd, void *out, size_t size, off_t offset)
{
    return (ssize_t)copy_out(&storage.inodes[handle_of(fd)->inode], (size_t)offset, out, size);
}

/* ---- writing ---- */

/* True: power fails in this call. */
static bool fails_now(enum storage_call call)
{
    if (storage.calls_left == NEVER || storage.calls_left-- > 0)
        return false;
    storage.calls_left = NEVER;
    storage.dead = true;
    storage.died_in = call;
    return true;
}

static ssize_t put(struct inode *inode, const void *data, size_t size, size_t offset,
                   enum storage_call call)
{
    const size_t end = offset + size;

    if (storage.dead)
        return fail(EIO);
    if (storage.full && end > inode->size)
        return fail(ENOSPC);
    if (fails_now(call))
        size = (size_t)dice_below(&storage.damage, size + 1);
    if (size > 0) {
        if (offset + size > inode->size)
            grow(inode, offset + size);
        memcpy(inode->bytes + offset, data, size);
        if (offset + size > inode->written)
            inode->written = offset + size;
        if (offset < inode->synced)
            inode->synced = offset; /* into the room that stood behind the frames */
    }
    return storage.dead ? fail(EIO) : (ssize_t)size;
}

/* The frame's kind stands behind its two letters (agent/meter/frame.c). */
static enum storage_call kind_of(const uint8_t *data, size_t size)
{
    switch (size > 2 ? data[2] : 0) {
    case FRAME_OPEN:
        return STORAGE_WRITE_OPEN;
    case FRAME_CLOSE:
        return STORAGE_WRITE_CLOSE;
    case FRAME_ACK:
        return STORAGE_WRITE_ACK;
    default:
        return STORAGE_WRITE_CREDIT;
    }
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    struct handle *handle = handle_of(fd);
    const ssize_t done =
        put(&storage.inodes[handle->inode], data, size, handle->offset, STORAGE_WRITE_WHOLE);

    if (done > 0)
        handle->offset += (size_t)done;
    return done;
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return put(&storage.inodes[handle_of(fd)->inode], data, size, (size_t)offset,
               kind_of(data, size));
}

int __wrap_ftruncate(int fd, off_t size)
{
    struct inode *inode = &storage.inodes[handle_of(fd)->inode];

    if (storage.dead)
        return fail(EIO);
    grow(inode, (size_t)size);
    if (inode->written > inode->size)
        inode->written = inode->size;
    if (inode->synced > inode->size)
        inode->synced = inode->size;
    return 0;
}

int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    struct inode *inode = &storage.inodes[handle_of(fd)->inode];
    const size_t end = (size_t)(offset + size);

    if (storage.dead)
        return EIO;
    if (storage.full && end > inode->size)
        return ENOSPC;
    if (end > inode->size)
        grow(inode, end);
    return 0;
}

/* Syncing a folder makes its renames final. */
static void settle_folder(unsigned disk)
{
    drop_inode(storage.folders[disk].before);
    storage.folders[disk].before = NONE;
}

static int sync_file(int fd)
{
    struct handle *handle = handle_of(fd);

    if (storage.dead || fails_now(handle->is_folder ? STORAGE_SYNC_FOLDER : STORAGE_SYNC))
        return fail(EIO);
    if (handle->is_folder) {
        settle_folder(handle->disk);
    } else {
        struct inode *inode = &storage.inodes[handle->inode];

        if (inode->written > inode->synced)
            inode->synced = inode->written;
    }
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
    int *source, *target;
    const unsigned disk = disk_of(from, &source);

    (void)disk_of(to, &target);
    if (storage.dead)
        return fail(EIO);
    if (fails_now(STORAGE_RENAME) && dice_below(&storage.damage, 2) == 0)
        return fail(EIO);
    settle_folder(disk);
    storage.folders[disk].before = *target;
    *target = *source;
    *source = NONE;
    return storage.dead ? fail(EIO) : 0;
}

int __wrap_unlink(const char *path)
{
    int *name;

    (void)disk_of(path, &name);
    if (*name == NONE)
        return fail(ENOENT);
    if (storage.dead)
        return fail(EIO);
    drop_inode(*name);
    *name = NONE;
    return 0;
}

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
    uint8_t *bytes = out;

    (void)flags;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(dice_next(&storage.random) >> 32);
    return (ssize_t)size;
}

/* ---- power cuts ---- */

/* Sectors reach a disk in any order: one that did not is left as zeros before others that did. */
static void lose_sector(struct inode *inode, struct dice *dice)
{
    const size_t first = inode->synced / SECTOR, last = (inode->written - 1) / SECTOR;
    size_t from = (first + (size_t)dice_below(dice, last - first + 1)) * SECTOR;
    size_t to = from + SECTOR;

    if (from < inode->synced)
        from = inode->synced;
    if (to > inode->written)
        to = inode->written;
    memset(inode->bytes + from, 0, to - from);
}

static void damage(struct inode *inode, struct dice *dice)
{
    const size_t unsynced = inode->written - inode->synced;
    const size_t cut = inode->synced + (size_t)dice_below(dice, unsynced + 1);

    switch (dice_below(dice, 6)) {
    case 0:
        inode->size = inode->written = cut;
        break;
    case 1:
        memset(inode->bytes + cut, 0, inode->size - cut);
        break;
    case 2:
        for (size_t i = cut; i < inode->written; i++)
            inode->bytes[i] = (uint8_t)dice_next(dice);
        break;
    default:
        lose_sector(inode, dice);
        break;
    }
}

void storage_cut(unsigned disk, struct dice *dice)
{
    struct folder *folder = &storage.folders[disk];

    if (folder->before != NONE && dice_below(dice, 2) == 0) {
        drop_inode(folder->journal);
        folder->journal = folder->before;
        folder->before = NONE;
    }
    settle_folder(disk);
    if (folder->journal == NONE)
        return;
    struct inode *inode = &storage.inodes[folder->journal];
    if (inode->written > inode->synced)
        damage(inode, dice);
    inode->synced = inode->written; /* what is left now was on the disk */
}

void storage_copy(unsigned from, unsigned to)
{
    struct folder *source = &storage.folders[from], *target = &storage.folders[to];

    settle_folder(to);
    drop_inode(target->journal);
    drop_inode(target->fresh);
    drop_inode(target->spare);
    *target = (struct folder){NONE, NONE, NONE, NONE};
    if (source->journal == NONE)
        return;
    target->journal = take_inode();
    const struct inode *original = &storage.inodes[source->journal];
    struct inode *copy = &storage.inodes[target->journal];
    grow(copy, original->size);
    memcpy(copy->bytes, original->bytes, original->size);
    copy->written = copy->synced = original->written;
}
