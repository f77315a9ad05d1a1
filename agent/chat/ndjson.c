#include "agent/chat/ndjson.h"

void ndjson_init(struct ndjson *ndjson, ndjson_line_fn on_line, void *context)
{
    *ndjson = (struct ndjson){.on_line = on_line, .context = context};
    buffer_init(&ndjson->line, NDJSON_MAX_LINE_BYTES);
}

void ndjson_release(struct ndjson *ndjson)
{
    buffer_release(&ndjson->line);
}

static void take_line(struct ndjson *ndjson)
{
    struct span line = buffer_span(&ndjson->line);

    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    if (line.size)
        ndjson->on_line(ndjson->context, line);
    buffer_clear(&ndjson->line);
}

enum status ndjson_feed(struct ndjson *ndjson, struct span bytes)
{
    while (bytes.size && ndjson->status == STATUS_OK) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
        size_t size = end ? (size_t)(end - bytes.data) : bytes.size;

        buffer_add(&ndjson->line, span_of(bytes.data, size));
        ndjson->status = buffer_status(&ndjson->line);
        if (end && ndjson->status == STATUS_OK)
            take_line(ndjson);
        size += end != NULL;
        bytes = span_of(bytes.data + size, bytes.size - size);
    }
    return ndjson->status;
}

void ndjson_end(struct ndjson *ndjson)
{
    if (ndjson->status == STATUS_OK)
        take_line(ndjson);
    ndjson->status = STATUS_CLOSED;
}
