#include "tests/robots/notebook.h"

#include <fcntl.h>
#include <unistd.h>

#define MAGIC 0x314B4F4F42u /* "BOOK1" */

/* The file: read by the machine that wrote it alone, so as it lies in memory. */
struct page {
    uint64_t magic;
    struct notebook_facts facts;
};

struct notebook {
    int fd;
    struct page page;
};

enum status notebook_open(struct notebook **out, const char *path)
{
    struct notebook *notebook = calloc(1, sizeof *notebook);
    enum status status = STATUS_IO;

    if (notebook == NULL)
        return STATUS_MEMORY;
    notebook->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (notebook->fd < 0)
        goto fail;
    ssize_t size = pread(notebook->fd, &notebook->page, sizeof notebook->page, 0);
    if (size < 0)
        goto fail;
    if (size == 0)
        notebook->page.magic = MAGIC;
    status = STATUS_CORRUPT;
    if (notebook->page.magic != MAGIC || (size != 0 && size != sizeof notebook->page) ||
        notebook->page.facts.receipt_size > CRYPTO_HASH_SIZE)
        goto fail;
    *out = notebook;
    return STATUS_OK;

fail:
    notebook_close(notebook);
    return status;
}

void notebook_close(struct notebook *notebook)
{
    if (notebook == NULL)
        return;
    if (notebook->fd >= 0)
        close(notebook->fd);
    free(notebook);
}

struct notebook_facts *notebook_facts(struct notebook *notebook)
{
    return &notebook->page.facts;
}

enum status notebook_write(struct notebook *notebook)
{
    ssize_t size = pwrite(notebook->fd, &notebook->page, sizeof notebook->page, 0);

    return size == sizeof notebook->page ? STATUS_OK : STATUS_IO;
}
