/* wake_wire.h - the frames between the agent and the program that waits for the wake phrase
 *
 * Shared by both ends; PROTOCOL.md explains when each frame is sent. All integers little-endian.
 * Nothing here does I/O. Plain data, not thread-bound.
 */
#ifndef AGENT_EAR_WAKE_WIRE_H
#define AGENT_EAR_WAKE_WIRE_H

#include <stdint.h>

#include "schema/base/buffer.h"

/* A frame: kind (1), three zero bytes, payload size (4), payload. */
#define WAKE_WIRE_HEADER_BYTES 8
#define WAKE_WIRE_MAX_PAYLOAD  4096
#define WAKE_WIRE_PCM_SAMPLES  (WAKE_WIRE_MAX_PAYLOAD / 2) /* at most in one frame */

enum wake_wire_kind {
    WAKE_WIRE_LISTEN = 1,
    WAKE_WIRE_PCM = 2,
    WAKE_WIRE_GAP = 3,
    WAKE_WIRE_READY = 16,
    WAKE_WIRE_HEARD = 17,
    WAKE_WIRE_FAILED = 18,
};

/* bytes borrows from where the frame was read: the phrase (LISTEN), 16 bit samples (PCM) or the
 * reason (FAILED). */
struct wake_wire {
    enum wake_wire_kind kind;
    uint64_t at; /* HEARD: the phrase's end, in samples received since LISTEN */
    struct span bytes;
};

/* Appends the frame; a payload too large latches STATUS_FULL in the buffer. */
void wake_wire_encode(const struct wake_wire *frame, struct buffer *out);

/* Reads the frame at the start of input and sets *used to its size. STATUS_AGAIN: not all of it is
 * there yet; STATUS_CORRUPT: this is not the protocol, give up on the peer. Frames of a kind this
 * version does not know are skipped by size: frame->kind then is that number. */
MUST_CHECK enum status wake_wire_decode(struct span input, struct wake_wire *frame, size_t *used);

#endif
