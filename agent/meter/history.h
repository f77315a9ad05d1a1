/* history.h - the journal's file: what stands in it, adding to it, moving through it, replacing it
 *
 * Holds the format; the journal decides what is written and when. What is in memory is built by the
 * same code from frames that are loaded and from frames that are appended, so the two cannot
 * differ. Not thread-safe.
 */
#ifndef AGENT_METER_HISTORY_H
#define AGENT_METER_HISTORY_H

#include <limits.h>
#include <sys/types.h>

#include "agent/meter/credit.h"
#include "agent/meter/frame.h"
#include "schema/wire/chain.h"

#define HISTORY_MAX_OPEN   8
#define HISTORY_CLOSE_ROOM (LIMIT_RECORD_BYTES + FRAME_OVERHEAD)

/* A place in the chain: behind the record seq. */
struct history_cursor {
    off_t offset;
    uint64_t seq;
    uint8_t hash[CRYPTO_HASH_SIZE];
};

struct history_open {
    uint8_t turn[16];
    uint32_t attempt;
    off_t offset;                          /* of its FRAME_OPEN */
    uint64_t audio_in_ms, audio_out_chars; /* reserved */
};

/* What the file says. Plain data, changed by history_append() and history_replace() alone, except
 * acknowledged, credit and the two times, which may run ahead of the file. */
struct history {
    uint8_t id[16];
    struct chain_parent parent;
    struct history_cursor base;         /* behind what was dropped */
    struct history_cursor acknowledged; /* behind what the server holds */
    struct history_cursor head;
    uint64_t refiled;         /* so many of the first records stood in the parent before */
    bool dropped_known;       /* false: a file of before there were sums */
    wire_UsageRecord dropped; /* sum of the records up to base (summary.h) */
    uint64_t sent_seq;        /* records up to here may have been put into a batch */
    int64_t tail_end_ms;      /* end of the oldest record kept; 0: none */
    size_t open_count;
    struct history_open open[HISTORY_MAX_OPEN];
    struct credit credit;
    int64_t clock_offset_ms;
    int64_t state_time_ms;

    int fd;
    bool durable;    /* appending what matters waits for the disk */
    bool read_only;  /* the disk was, when it last refused room */
    bool broken;     /* the disk failed: what the file holds is not known any more */
    bool unsynced;   /* acknowledgements may stand at the end that the disk was not waited for */
    off_t size;      /* of the frames */
    off_t set_aside; /* up to here the disk's room is ours */
    char device_id[LIMIT_SLUG + 1];
    char path[PATH_MAX];
};

/* history is zeroed but for device_id, path and durable. STATUS_NOT_FOUND: no file; STATUS_CORRUPT:
 * damage elsewhere than at the end, or another device's; the file is left as it was found. */
MUST_CHECK enum status history_open(struct history *history, size_t max_bytes);
void history_close(struct history *history);

/* NULL: not open. */
const struct history_open *history_find_open(const struct history *history,
                                             const wire_UsageRecord *record);

/* The attempt as it was opened. */
MUST_CHECK enum status history_read_open(const struct history *history,
                                         const struct history_open *open, wire_UsageRecord *record);

/* Moves cursor behind the next record, whose bytes are then in *bytes (borrowed from space).
 * STATUS_NOT_FOUND: it is behind the last one. */
MUST_CHECK enum status history_next(const struct history *history, struct history_cursor *cursor,
                                    uint8_t space[FRAME_MAX_SIZE], struct span *bytes);

/* Moves cursor behind seq. STATUS_NOT_FOUND: beyond the last one. */
MUST_CHECK enum status history_advance(const struct history *history, struct history_cursor *cursor,
                                       uint64_t seq);

/* Makes the disk's room for so many bytes more ours, so that writing them cannot find it full. */
MUST_CHECK enum status history_set_aside(struct history *history, off_t bytes);

/* Builders of frames. */
void history_add_start(struct buffer *out, const struct history *history, const uint8_t id[16],
                       const struct chain_parent *parent, const struct history_cursor *base);
/* Behind a start: what was dropped adds up to sum, and the first refiled records stood in the
 * parent. */
void history_add_dropped(struct buffer *out, uint64_t refiled, const wire_UsageRecord *sum);
void history_add_sent(struct buffer *out, uint64_t seq);
void history_add_record(struct buffer *out, enum frame_kind kind, const wire_UsageRecord *record);
void history_add_ack(struct buffer *out, const struct history *history,
                     const struct history_cursor *acknowledged);
/* The records behind the acknowledged one: up to sent_seq as they are, the rest folded (summary.h)
 * and numbered behind them. */
void history_add_folded(struct buffer *out, const struct history *history, uint64_t sent_seq);
/* The lines of credit that changed names, from the first one on, as many as fit one frame: returns
 * the place behind the last of them, credit->count when all are in. None: the epoch alone. */
size_t history_add_credit(struct buffer *out, const struct credit *credit,
                          const bool changed[LIMIT_CREDIT_LINES], size_t first);
/* The open attempts, as they stand in the file, and the room for their closes: always last. */
void history_add_opens(struct buffer *out, const struct history *history);

/* Appends the one frame in bytes and notes it; a failure latched in bytes is returned. Waits for
 * the disk when the history is durable, but never for acknowledgements, which are told again.
 * STATUS_FULL: nothing changed. STATUS_IO: nothing is known about the file any more (a failed sync
 * cannot be repeated), so nothing is written from then on. */
MUST_CHECK enum status history_append(struct history *history, const struct buffer *bytes);

/* Replaces the file by what fresh holds, atomically, on a full disk by the room kept for that.
 * Credit and times in memory are the truth and survive. */
MUST_CHECK enum status history_replace(struct history *history, const struct buffer *fresh,
                                       size_t max_bytes);

#endif
