#include "agent/chat/conversation_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

#define MAGIC_SIZE 4
#define NONCE_SIZE 12
#define HEAD_SIZE  (MAGIC_SIZE + NONCE_SIZE)
#define MAX_BYTES  (HEAD_SIZE + CONVERSATION_PACKED_BYTES + CRYPTO_TAG_SIZE)
#define PURPOSE    "myna conversation 1"

static const uint8_t magic[MAGIC_SIZE] = {'M', 'Y', 'C', '1'};

enum status conversation_file_init(struct conversation_file *file, const char *path,
                                   struct span secret)
{
    /* room for ".new" */
    if (snprintf(file->path, sizeof file->path, "%s", path) >= (int)sizeof file->path - 4)
        return STATUS_INVALID;
    return crypto_hkdf(secret, span_of(NULL, 0), span_text(PURPOSE), file->key, sizeof file->key);
}

void conversation_file_release(struct conversation_file *file)
{
    crypto_wipe(file, sizeof *file);
}

enum status conversation_file_save(const struct conversation_file *file,
                                   const struct conversation *conversation)
{
    enum status status = STATUS_MEMORY;
    uint8_t *out = malloc(MAX_BYTES);
    struct buffer packed;

    buffer_init(&packed, CONVERSATION_PACKED_BYTES);
    if (!out)
        goto out;
    conversation_pack(conversation, &packed);
    memcpy(out, magic, MAGIC_SIZE);
    crypto_random(out + MAGIC_SIZE, NONCE_SIZE);
    status = buffer_status(&packed);
    if (status == STATUS_OK)
        status = crypto_seal(file->key, out + MAGIC_SIZE, span_of(out, MAGIC_SIZE),
                             buffer_span(&packed), out + HEAD_SIZE);
    if (status == STATUS_OK) {
        const size_t size = HEAD_SIZE + buffer_span(&packed).size + CRYPTO_TAG_SIZE;
        status = file_replace(file->path, span_of(out, size), 0600);
    }
out:
    free(out);
    crypto_wipe(packed.data, packed.size);
    buffer_release(&packed);
    return status;
}

enum status conversation_file_open(const uint8_t key[CRYPTO_KEY_SIZE], struct span content,
                                   struct conversation *conversation, int64_t since_ms)
{
    conversation_forget(conversation);
    if (content.size < HEAD_SIZE + CRYPTO_TAG_SIZE || content.size > MAX_BYTES ||
        memcmp(content.data, magic, MAGIC_SIZE) != 0)
        return STATUS_CORRUPT;
    const struct span sealed = span_of(content.data + HEAD_SIZE, content.size - HEAD_SIZE);
    const size_t size = sealed.size - CRYPTO_TAG_SIZE;
    uint8_t *plain = malloc(size + 1);

    if (!plain)
        return STATUS_MEMORY;
    enum status status = crypto_open(key, content.data + MAGIC_SIZE,
                                     span_of(content.data, MAGIC_SIZE), sealed, plain);
    if (status == STATUS_OK)
        status = conversation_unpack(conversation, span_of(plain, size), since_ms);
    crypto_wipe(plain, size);
    free(plain);
    return status;
}

enum status conversation_file_load(const struct conversation_file *file,
                                   struct conversation *conversation, int64_t since_ms)
{
    uint8_t *data = NULL;
    size_t size;

    conversation_forget(conversation);
    enum status status = file_read(file->path, MAX_BYTES, &data, &size);
    if (status == STATUS_OK)
        status = conversation_file_open(file->key, span_of(data, size), conversation, since_ms);
    free(data);
    return status == STATUS_FULL ? STATUS_CORRUPT : status;
}

/* A link to elsewhere is removed, not followed. */
static enum status overwrite(const char *path)
{
    static const uint8_t zeros[4096];
    enum status status = STATUS_OK;
    struct stat st;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? STATUS_OK : STATUS_IO;
    if (fstat(fd, &st) < 0)
        status = STATUS_IO;
    for (off_t left = status == STATUS_OK ? st.st_size : 0; left > 0;) {
        const size_t size = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        const ssize_t written = write(fd, zeros, size);

        if (written < 0 && errno != EINTR) {
            status = STATUS_IO;
            break;
        }
        left -= written > 0 ? written : 0;
    }
    if (fsync(fd) < 0)
        status = STATUS_IO;
    close(fd);
    return status;
}

enum status conversation_file_wipe(const char *path)
{
    char names[2][PATH_MAX + 8];
    enum status status = STATUS_OK;

    snprintf(names[0], sizeof names[0], "%s", path);
    snprintf(names[1], sizeof names[1], "%s.new", path);
    for (size_t i = 0; i < 2; i++) {
        if (overwrite(names[i]) != STATUS_OK)
            status = STATUS_IO;
        if (unlink(names[i]) < 0 && errno != ENOENT)
            status = STATUS_IO;
    }
    return status == STATUS_OK ? file_sync_folder(path) : status;
}
