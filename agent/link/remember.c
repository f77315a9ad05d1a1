/* The file is one line: session number, epoch, receipt in hex or "-". */
#include "agent/link/remember.h"

#include <stdlib.h>

#include "schema/base/encode.h"
#include "schema/base/file.h"

#define LINE_SIZE 128

/* Cuts the next word off the line. */
static struct span take_word(struct span *line)
{
    size_t size = 0;

    while (size < line->size && line->data[size] != ' ' && line->data[size] != '\n')
        size++;
    struct span word = span_of(line->data, size);
    size_t used = size < line->size ? size + 1 : size;
    *line = span_of(line->data + used, line->size - used);
    return word;
}

static enum status parse(struct remember *remember, struct span line)
{
    uint64_t number, epoch = 0;
    enum status status = span_to_uint64(take_word(&line), &number);

    if (status == STATUS_OK)
        status = span_to_uint64(take_word(&line), &epoch);
    if (status != STATUS_OK || epoch > UINT32_MAX)
        return STATUS_CORRUPT;
    struct span receipt = take_word(&line);
    if (!span_equal_text(receipt, "-") &&
        (receipt.size == 0 || encode_from_hex(receipt, remember->receipt, sizeof remember->receipt,
                                              &remember->receipt_size) != STATUS_OK))
        return STATUS_CORRUPT;
    remember->session_number = number;
    remember->epoch = (uint32_t)epoch;
    return STATUS_OK;
}

enum status remember_load(struct remember *remember, const char *path)
{
    uint8_t *data = NULL;
    size_t size;

    *remember = (struct remember){0};
    enum status status = span_to_text(span_text(path), remember->path, sizeof remember->path);
    if (status != STATUS_OK)
        return status;
    status = file_read(path, LINE_SIZE, &data, &size);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        status = parse(remember, span_of(data, size));
    free(data);
    return status == STATUS_FULL ? STATUS_CORRUPT : status;
}

enum status remember_save(const struct remember *remember)
{
    char receipt[2 * CRYPTO_HASH_SIZE + 1] = "-", line[LINE_SIZE];
    enum status status = STATUS_OK;

    if (remember->receipt_size > 0)
        status =
            encode_hex(span_of(remember->receipt, remember->receipt_size), receipt, sizeof receipt);
    snprintf(line, sizeof line, "%llu %u %s\n", (unsigned long long)remember->session_number,
             (unsigned)remember->epoch, receipt);
    return status == STATUS_OK ? file_replace(remember->path, span_text(line), 0600) : status;
}
