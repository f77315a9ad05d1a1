/* frame.h - the pieces of the journal's file
 *
 * Each is framed by a checksum, so that what power loss left half written can be told from the
 * rest. No I/O; thread-safe.
 */
#ifndef AGENT_METER_FRAME_H
#define AGENT_METER_FRAME_H

#include "schema/base/buffer.h"
#include "schema/base/span.h"

enum frame_kind {
    FRAME_START = 1, /* whose journal, its parent, the record before the first kept; always first */
    FRAME_OPEN = 2,  /* an attempt, as an encoded UsageRecord */
    FRAME_CLOSE = 3, /* a numbered record: the bytes that are hashed and sent */
    FRAME_ACK = 4,   /* acknowledged up to here; the clock's offset */
    FRAME_TOKENS = 5,  /* all credit lines before there were measures: read, not written any more */
    FRAME_CREDIT = 6,  /* some credit lines, absolute */
    FRAME_DROPPED = 7, /* what the records before the first kept add up to; behind FRAME_START */
    FRAME_SENT = 8,    /* records up to here may have been put into a batch */
};

#define FRAME_OVERHEAD    12
#define FRAME_MAX_PAYLOAD 768
#define FRAME_MAX_SIZE    (FRAME_MAX_PAYLOAD + FRAME_OVERHEAD)

struct frame {
    enum frame_kind kind;
    struct span payload; /* borrowed from the bytes it was read from */
    size_t size;         /* of the whole frame */
};

/* Appends one frame; more than FRAME_MAX_PAYLOAD bytes latch STATUS_INVALID. */
void frame_add(struct buffer *out, enum frame_kind kind, struct span payload);

/* Reads the frame at the start of bytes. STATUS_CORRUPT: there is no whole and sound one. */
MUST_CHECK enum status frame_read(struct span bytes, struct frame *out);

/* True when a sound frame starts anywhere in bytes, acknowledgements aside: then what lies before
 * it is damage, and not what power loss left. Acknowledgements are not waited for, and a disk
 * writes its sectors in any order: of several, power loss may keep a later one alone. */
bool frame_is_inside(struct span bytes);

#endif
