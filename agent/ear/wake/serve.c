#include "agent/ear/wake/serve.h"

#include <errno.h>
#include <unistd.h>

#include "agent/ear/wake_wire.h"
#include "schema/base/crypto.h"

#define MAX_INPUT_BYTES (64 * 1024)

struct server {
    struct spotter *spotter;
    int out;
    uint64_t received; /* samples since LISTEN */
};

static enum status answer(const struct server *server, const struct wake_wire *frame)
{
    struct buffer bytes;

    buffer_init(&bytes, WAKE_WIRE_HEADER_BYTES + WAKE_WIRE_MAX_PAYLOAD);
    wake_wire_encode(frame, &bytes);
    enum status status = buffer_status(&bytes);
    if (status == STATUS_OK && write(server->out, bytes.data, bytes.size) != (ssize_t)bytes.size)
        status = STATUS_IO;
    buffer_release(&bytes);
    return status;
}

static enum status listen(struct server *server, struct span phrase)
{
    const enum status status =
        server->spotter ? spotter_listen(server->spotter, phrase) : STATUS_UNREACHABLE;
    const char *reason = status == STATUS_UNREACHABLE ? "no model: install pocketsphinx-en-us"
                         : status == STATUS_NOT_FOUND ? "no such phrase"
                                                      : status_text(status);

    server->received = 0;
    if (status == STATUS_OK)
        return answer(server, &(struct wake_wire){.kind = WAKE_WIRE_READY});
    return answer(server,
                  &(struct wake_wire){.kind = WAKE_WIRE_FAILED, .bytes = span_text(reason)});
}

static enum status take_sound(struct server *server, struct span bytes)
{
    int16_t pcm[WAKE_WIRE_PCM_SAMPLES];
    const size_t count = bytes.size / 2;
    uint32_t ago = 0;
    bool is_heard = false;

    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)(bytes.data[2 * i] | bytes.data[2 * i + 1] << 8);
    if (server->spotter)
        is_heard = spotter_feed(server->spotter, pcm, count, &ago);
    server->received += count;
    crypto_wipe(pcm, count * sizeof pcm[0]);
    const struct wake_wire heard = {.kind = WAKE_WIRE_HEARD, .at = server->received - ago};
    return is_heard ? answer(server, &heard) : STATUS_OK;
}

static enum status take(struct server *server, const struct wake_wire *frame)
{
    if (frame->kind == WAKE_WIRE_LISTEN)
        return listen(server, frame->bytes);
    if (frame->kind == WAKE_WIRE_PCM)
        return take_sound(server, frame->bytes);
    if (frame->kind == WAKE_WIRE_GAP && server->spotter)
        spotter_gap(server->spotter);
    return STATUS_OK;
}

/* Everything that is complete. */
static enum status take_all(struct server *server, struct buffer *input)
{
    struct span left = buffer_span(input);
    struct wake_wire frame;
    size_t used;
    enum status status;

    while ((status = wake_wire_decode(left, &frame, &used)) == STATUS_OK) {
        status = take(server, &frame);
        if (status != STATUS_OK)
            return status;
        left = span_of(left.data + used, left.size - used);
    }
    buffer_consume(input, input->size - left.size);
    return status == STATUS_AGAIN ? buffer_status(input) : status;
}

enum status serve_run(struct spotter *spotter, int in, int out)
{
    struct server server = {.spotter = spotter, .out = out};
    uint8_t bytes[8192];
    struct buffer input;
    enum status status = STATUS_OK;
    ssize_t size = 1;

    buffer_init(&input, MAX_INPUT_BYTES);
    while (status == STATUS_OK && size != 0) {
        size = read(in, bytes, sizeof bytes);
        if (size > 0) {
            buffer_add(&input, span_of(bytes, (size_t)size));
            status = take_all(&server, &input);
        } else if (size < 0 && errno != EINTR) {
            status = STATUS_IO;
        }
    }
    crypto_wipe(bytes, sizeof bytes);
    buffer_release(&input);
    return status;
}
