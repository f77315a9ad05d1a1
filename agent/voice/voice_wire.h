/* voice_wire.h - the frames between the agent and a voice program
 *
 * Shared by both ends; PROTOCOL.md explains when each frame is sent. All integers little-endian.
 * Nothing here does I/O. Plain data, not thread-bound.
 */
#ifndef AGENT_VOICE_VOICE_WIRE_H
#define AGENT_VOICE_VOICE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/buffer.h"
#include "schema/base/span.h"

/* A frame: kind (1), three zero bytes, payload size (4), payload. */
#define VOICE_WIRE_HEADER_BYTES  8
#define VOICE_WIRE_MAX_PAYLOAD   16384
#define VOICE_WIRE_MAX_TEXT      4096
#define VOICE_WIRE_PCM_SAMPLES   4096 /* at most in one frame */
#define VOICE_WIRE_PHONEME_BYTES 8

enum voice_wire_kind {
    VOICE_WIRE_SPEAK = 1,
    VOICE_WIRE_CANCEL = 2,
    VOICE_WIRE_ROUTE = 3,
    VOICE_WIRE_BEGIN = 16,
    VOICE_WIRE_PCM = 17,
    VOICE_WIRE_MARK = 18,
    VOICE_WIRE_WORD = 19,
    VOICE_WIRE_END = 20,
    VOICE_WIRE_FAILED = 21,
    VOICE_WIRE_USED = 22,
};

#define VOICE_WIRE_ROUTE_TEXTS 5 /* in the bytes of ROUTE, each with its NUL */

/* One frame of any kind; each kind uses the fields that its row in PROTOCOL.md names. bytes borrows
 * from where the frame was read: text (SPEAK, FAILED), texts (ROUTE) or 16 bit samples (PCM). */
struct voice_wire {
    enum voice_wire_kind kind;
    uint64_t turn;
    uint32_t clause;
    uint8_t language;  /* SPEAK, MARK */
    uint16_t rate_wpm; /* SPEAK */
    int16_t pitch;     /* SPEAK */
    uint32_t sample;   /* BEGIN: sample rate; MARK, WORD: place; END: samples in all */
    uint32_t duration; /* MARK: samples; WORD: length in bytes of the text */
    uint32_t offset;   /* WORD: byte of the text */
    char phoneme[VOICE_WIRE_PHONEME_BYTES + 1]; /* MARK */
    uint8_t fate;                               /* USED: enum voice_fate */
    uint8_t error_class;                        /* USED: of the wire's ErrorClass */
    uint16_t http_status;                       /* USED; 0: none came */
    uint32_t first_ms;                          /* USED: until the first sound; 0: none came */
    struct span bytes;
};

/* Appends the frame; a payload too large latches STATUS_FULL in the buffer. */
void voice_wire_encode(const struct voice_wire *frame, struct buffer *out);

/* Reads the frame at the start of input and sets *used to its size. STATUS_AGAIN: not all of it is
 * there yet; STATUS_CORRUPT: this is not the protocol, give up on the peer. Frames of a kind this
 * version does not know are skipped by size: frame->kind then is that number. */
MUST_CHECK enum status voice_wire_decode(struct span input, struct voice_wire *frame, size_t *used);

#endif
