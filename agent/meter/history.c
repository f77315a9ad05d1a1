/* The file is a row of frames (frame.h) behind one FRAME_START, written only at its end; what was
 * set aside beyond it is zeros. Integers are little-endian.
 *
 * FRAME_START:
 *     0  48  device id, padded with zeros
 *    48  16  journal id
 *    64  16  parent's id, zeros: none
 *    80   8  parent's seq
 *    88  32  parent's hash
 *   120   8  seq of the last record dropped, 0: none
 *   128  32  the chain's hash there
 * FRAME_DROPPED: number of records filed again (8), the sum of those dropped, as an encoded
 * UsageRecord. Missing in a file that dropped none, or was written before there was this frame.
 * FRAME_SENT: seq (8). Without one, as in files from before there was this frame, any record may
 * have been sent.
 * FRAME_ACK: seq (8), hash (32), clock offset (8), time of the newest state (8).
 * FRAME_CREDIT: epoch (4), then per line: its place (1), unlimited (1), number of measures (1), id
 * (48, padded), and per measure: divisor, granted, returned, used (8 each), 11 weights (8 each). A
 * higher epoch than before voids what was granted in it, on all lines.
 * FRAME_TOKENS, written before there were measures: epoch (4), then per line: id (48, padded),
 * unlimited (1), granted, returned, used (8 each) in tokens, which no line of today counts.
 */
#include "agent/meter/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/meter/spare.h"
#include "agent/meter/summary.h"
#include "schema/base/file.h"

#define START_SIZE       160
#define ACK_SIZE         56
#define TOKENS_LINE_SIZE 73
#define LINE_HEAD_SIZE   51
#define MEASURE_SIZE     (8 * (4 + LIMIT_WEIGHTS))
#define LINE_MAX_SIZE    (LINE_HEAD_SIZE + LIMIT_MEASURES * MEASURE_SIZE)
#define SET_ASIDE_STEP   16384
#define SENT_ROOM        (8 + FRAME_OVERHEAD)
#define ALL_SENT         UINT64_MAX

static_assert(LIMIT_RECORD_BYTES <= FRAME_MAX_PAYLOAD, "record frame");
static_assert(8 + LIMIT_RECORD_BYTES <= FRAME_MAX_PAYLOAD, "dropped frame");
static_assert(4 + LINE_MAX_SIZE <= FRAME_MAX_PAYLOAD, "credit frame");
static_assert(LIMIT_CREDIT_LINES <= UINT8_MAX, "a place");

static void put_u64(uint8_t *out, uint64_t value)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t value = 0;

    for (size_t i = 8; i-- > 0;)
        value = value << 8 | in[i];
    return value;
}

static enum status decode_record(struct span payload, wire_UsageRecord *record)
{
    return message_decode(MESSAGE_USAGE_RECORD, payload, record);
}

void history_add_start(struct buffer *out, const struct history *history, const uint8_t id[16],
                       const struct chain_parent *parent, const struct history_cursor *base)
{
    uint8_t payload[START_SIZE] = {0};

    memcpy(payload, history->device_id, strlen(history->device_id));
    memcpy(payload + 48, id, 16);
    memcpy(payload + 64, parent->id, 16);
    put_u64(payload + 80, parent->seq);
    memcpy(payload + 88, parent->hash, CRYPTO_HASH_SIZE);
    put_u64(payload + 120, base->seq);
    memcpy(payload + 128, base->hash, CRYPTO_HASH_SIZE);
    frame_add(out, FRAME_START, span_of(payload, sizeof payload));
}

void history_add_dropped(struct buffer *out, uint64_t refiled, const wire_UsageRecord *sum)
{
    uint8_t payload[8 + LIMIT_RECORD_BYTES];
    size_t size;
    enum status status =
        message_encode(MESSAGE_USAGE_RECORD, sum, payload + 8, sizeof payload - 8, &size);

    put_u64(payload, refiled);
    if (status == STATUS_OK)
        frame_add(out, FRAME_DROPPED, span_of(payload, 8 + size));
    else
        buffer_fail(out, status);
}

void history_add_sent(struct buffer *out, uint64_t seq)
{
    uint8_t payload[8];

    put_u64(payload, seq);
    frame_add(out, FRAME_SENT, span_of(payload, sizeof payload));
}

void history_add_record(struct buffer *out, enum frame_kind kind, const wire_UsageRecord *record)
{
    uint8_t bytes[LIMIT_RECORD_BYTES];
    size_t size;
    enum status status = message_encode(MESSAGE_USAGE_RECORD, record, bytes, sizeof bytes, &size);

    if (status == STATUS_OK)
        frame_add(out, kind, span_of(bytes, size));
    else
        buffer_fail(out, status);
}

void history_add_ack(struct buffer *out, const struct history *history,
                     const struct history_cursor *acknowledged)
{
    uint8_t payload[ACK_SIZE];

    put_u64(payload, acknowledged->seq);
    memcpy(payload + 8, acknowledged->hash, CRYPTO_HASH_SIZE);
    put_u64(payload + 40, (uint64_t)history->clock_offset_ms);
    put_u64(payload + 48, (uint64_t)history->state_time_ms);
    frame_add(out, FRAME_ACK, span_of(payload, sizeof payload));
}

static size_t put_measure(uint8_t *out, const struct credit_measure *measure)
{
    put_u64(out, measure->divisor);
    put_u64(out + 8, measure->granted);
    put_u64(out + 16, measure->returned);
    put_u64(out + 24, measure->used);
    for (size_t i = 0; i < LIMIT_WEIGHTS; i++)
        put_u64(out + 32 + 8 * i, measure->weights[i]);
    return MEASURE_SIZE;
}

static size_t line_size(const struct credit_line *line)
{
    return LINE_HEAD_SIZE + line->measure_count * (size_t)MEASURE_SIZE;
}

static void put_line(uint8_t *out, const struct credit_line *line, size_t place)
{
    out[0] = (uint8_t)place;
    out[1] = line->unlimited;
    out[2] = line->measure_count;
    memcpy(out + 3, line->line_id, strlen(line->line_id));
    out += LINE_HEAD_SIZE;
    for (size_t i = 0; i < line->measure_count; i++)
        out += put_measure(out, &line->measures[i]);
}

size_t history_add_credit(struct buffer *out, const struct credit *credit,
                          const bool changed[LIMIT_CREDIT_LINES], size_t first)
{
    uint8_t payload[FRAME_MAX_PAYLOAD] = {0};
    size_t size = 4, place = first;

    for (size_t i = 0; i < 4; i++)
        payload[i] = (uint8_t)(credit->epoch >> (8 * i));
    for (; place < credit->count; place++) {
        const struct credit_line *line = &credit->lines[place];

        if (!changed[place])
            continue;
        if (size + line_size(line) > sizeof payload)
            break;
        put_line(payload + size, line, place);
        size += line_size(line);
    }
    frame_add(out, FRAME_CREDIT, span_of(payload, size));
    return place;
}

const struct history_open *history_find_open(const struct history *history,
                                             const wire_UsageRecord *record)
{
    for (size_t i = 0; i < history->open_count; i++)
        if (history->open[i].attempt == record->attempt &&
            memcmp(history->open[i].turn, record->turn, sizeof record->turn) == 0)
            return &history->open[i];
    return NULL;
}

static enum status note_start(struct history *history, const struct frame *frame)
{
    const uint8_t *in = frame->payload.data;
    char device_id[LIMIT_SLUG + 1] = "";

    if (frame->payload.size != START_SIZE)
        return STATUS_CORRUPT;
    memcpy(device_id, in, LIMIT_SLUG);
    if (strcmp(device_id, history->device_id) != 0)
        return STATUS_CORRUPT;
    memcpy(history->id, in + 48, 16);
    memcpy(history->parent.id, in + 64, 16);
    history->parent.seq = get_u64(in + 80);
    memcpy(history->parent.hash, in + 88, CRYPTO_HASH_SIZE);
    history->base.offset = (off_t)frame->size;
    history->base.seq = get_u64(in + 120);
    memcpy(history->base.hash, in + 128, CRYPTO_HASH_SIZE);
    history->head = history->base;
    history->acknowledged = history->base;
    history->refiled = 0;
    history->dropped_known = history->base.seq == 0;
    history->dropped = (wire_UsageRecord)wire_UsageRecord_init_zero;
    history->sent_seq = ALL_SENT;
    history->tail_end_ms = 0;
    history->open_count = 0;
    return STATUS_OK;
}

static enum status note_dropped(struct history *history, const struct frame *frame, off_t offset)
{
    const struct span payload = frame->payload;
    wire_UsageRecord sum;

    if (offset != history->base.offset || payload.size < 8 ||
        decode_record(span_of(payload.data + 8, payload.size - 8), &sum) != STATUS_OK ||
        sum.seq != history->base.seq)
        return STATUS_CORRUPT;
    history->refiled = get_u64(payload.data);
    history->dropped = sum;
    history->dropped_known = true;
    return STATUS_OK;
}

static enum status note_sent(struct history *history, const struct frame *frame)
{
    if (frame->payload.size != 8)
        return STATUS_CORRUPT;
    const uint64_t seq = get_u64(frame->payload.data);
    if (history->sent_seq == ALL_SENT || seq > history->sent_seq)
        history->sent_seq = seq;
    return STATUS_OK;
}

static enum status note_open(struct history *history, const struct frame *frame, off_t offset)
{
    wire_UsageRecord record;

    if (decode_record(frame->payload, &record) != STATUS_OK ||
        history->open_count == HISTORY_MAX_OPEN)
        return STATUS_CORRUPT;
    struct history_open *open = &history->open[history->open_count++];
    memcpy(open->turn, record.turn, sizeof open->turn);
    open->attempt = record.attempt;
    open->audio_in_ms = record.audio_in_ms;
    open->audio_out_chars = record.audio_out_chars;
    open->offset = offset;
    return STATUS_OK;
}

static void forget_open(struct history *history, const wire_UsageRecord *record)
{
    const struct history_open *open = history_find_open(history, record);

    if (open)
        history->open[open - history->open] = history->open[--history->open_count];
}

/* What the attempt had reserved: of sound the close may tell another amount. */
static wire_UsageRecord reserved_of(const struct history *history, const wire_UsageRecord *record)
{
    const struct history_open *open = history_find_open(history, record);
    wire_UsageRecord reserved = *record;

    if (open) {
        reserved.audio_in_ms = open->audio_in_ms;
        reserved.audio_out_chars = open->audio_out_chars;
    }
    return reserved;
}

static enum status note_close(struct history *history, const struct frame *frame, off_t offset)
{
    wire_UsageRecord record;

    if (decode_record(frame->payload, &record) != STATUS_OK || record.seq != history->head.seq + 1)
        return STATUS_CORRUPT;
    const wire_UsageRecord reserved = reserved_of(history, &record);
    forget_open(history, &record);
    if (history->head.seq == history->base.seq)
        history->tail_end_ms = record.end_ms;
    chain_next(history->head.hash, frame->payload);
    history->head.seq = record.seq;
    history->head.offset = offset + (off_t)frame->size;
    credit_end_attempt(&history->credit, &reserved, &record);
    return STATUS_OK;
}

static enum status note_ack(struct history *history, const struct frame *frame)
{
    const uint8_t *in = frame->payload.data;

    if (frame->payload.size != ACK_SIZE)
        return STATUS_CORRUPT;
    uint64_t seq = get_u64(in);
    history->clock_offset_ms = (int64_t)get_u64(in + 40);
    history->state_time_ms = (int64_t)get_u64(in + 48);
    if (seq < history->acknowledged.seq) /* a restored server asked again */
        history->acknowledged = history->base;
    return history_advance(history, &history->acknowledged, seq) == STATUS_OK ? STATUS_OK
                                                                              : STATUS_CORRUPT;
}

static uint32_t get_epoch(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* What a line counted in tokens has no measure to go to: the server names its lines anew. */
static enum status note_tokens(struct history *history, const struct frame *frame)
{
    const uint8_t *in = frame->payload.data;

    if (frame->payload.size < 4)
        return STATUS_CORRUPT;
    size_t count = (frame->payload.size - 4) / TOKENS_LINE_SIZE;
    if (count > LIMIT_CREDIT_LINES)
        return STATUS_CORRUPT;
    history->credit = (struct credit){.epoch = get_epoch(in), .count = count};
    in += 4;
    for (size_t i = 0; i < count; i++, in += TOKENS_LINE_SIZE) {
        struct credit_line *line = &history->credit.lines[i];

        memcpy(line->line_id, in, LIMIT_SLUG);
        line->unlimited = in[48] != 0;
        line->rank = (uint8_t)i;
    }
    return STATUS_OK;
}

static void get_measure(const uint8_t *in, struct credit_measure *measure)
{
    measure->divisor = get_u64(in);
    measure->granted = get_u64(in + 8);
    measure->returned = get_u64(in + 16);
    measure->used = get_u64(in + 24);
    for (size_t i = 0; i < LIMIT_WEIGHTS; i++)
        measure->weights[i] = get_u64(in + 32 + 8 * i);
}

/* Reads the line at the start of in; what is not on disk of the same line stays. */
static enum status note_line(struct credit *credit, struct span in, size_t *size)
{
    if (in.size < LINE_HEAD_SIZE || in.data[0] > credit->count ||
        in.data[0] >= LIMIT_CREDIT_LINES || in.data[2] > LIMIT_MEASURES)
        return STATUS_CORRUPT;
    struct credit_line *line = &credit->lines[in.data[0]];
    char line_id[LIMIT_SLUG + 1] = "";

    memcpy(line_id, in.data + 3, LIMIT_SLUG);
    if (in.data[0] == credit->count)
        credit->count++;
    if (strcmp(line->line_id, line_id) != 0)
        *line = (struct credit_line){.rank = in.data[0]};
    memcpy(line->line_id, line_id, sizeof line_id);
    line->unlimited = in.data[1] != 0;
    line->measure_count = in.data[2];
    *size = line_size(line);
    if (*size > in.size)
        return STATUS_CORRUPT;
    for (size_t i = 0; i < line->measure_count; i++)
        get_measure(in.data + LINE_HEAD_SIZE + i * MEASURE_SIZE, &line->measures[i]);
    return STATUS_OK;
}

/* The records that the server does not hold yet are the ones that it settles in the new epoch. */
static enum status start_epoch(struct history *history, uint32_t epoch)
{
    struct history_cursor cursor = history->acknowledged;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;
    enum status status;

    credit_start_epoch(&history->credit, epoch);
    while ((status = history_next(history, &cursor, space, &bytes)) == STATUS_OK) {
        status = decode_record(bytes, &record);
        if (status != STATUS_OK)
            return status;
        credit_carry_over(&history->credit, &record);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status note_credit(struct history *history, const struct frame *frame)
{
    struct span rest = frame->payload;
    enum status status = STATUS_OK;

    if (rest.size < 4)
        return STATUS_CORRUPT;
    const uint32_t epoch = get_epoch(rest.data);
    if (epoch < history->credit.epoch)
        return STATUS_CORRUPT;
    if (epoch > history->credit.epoch)
        status = start_epoch(history, epoch);
    rest = span_of(rest.data + 4, rest.size - 4);
    while (status == STATUS_OK && rest.size > 0) {
        size_t size = 0;

        status = note_line(&history->credit, rest, &size);
        if (status == STATUS_OK)
            rest = span_of(rest.data + size, rest.size - size);
    }
    return status;
}

/* The one place where a frame changes what is known. offset is where it stands. */
static enum status note(struct history *history, const struct frame *frame, off_t offset)
{
    if ((offset == 0) != (frame->kind == FRAME_START))
        return STATUS_CORRUPT;
    switch (frame->kind) {
    case FRAME_START:
        return note_start(history, frame);
    case FRAME_OPEN:
        return note_open(history, frame, offset);
    case FRAME_CLOSE:
        return note_close(history, frame, offset);
    case FRAME_ACK:
        return note_ack(history, frame);
    case FRAME_TOKENS:
        return note_tokens(history, frame);
    case FRAME_CREDIT:
        return note_credit(history, frame);
    case FRAME_DROPPED:
        return note_dropped(history, frame, offset);
    case FRAME_SENT:
        return note_sent(history, frame);
    }
    return STATUS_CORRUPT;
}

static enum status read_frame(const struct history *history, off_t offset,
                              uint8_t space[FRAME_MAX_SIZE], struct frame *frame)
{
    size_t wanted = FRAME_MAX_SIZE, got = 0;

    if (history->size - offset < (off_t)wanted)
        wanted = (size_t)(history->size - offset);
    while (got < wanted) {
        ssize_t part = pread(history->fd, space + got, wanted - got, offset + (off_t)got);

        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return STATUS_IO;
        got += (size_t)part;
    }
    return frame_read(span_of(space, got), frame);
}

enum status history_read_open(const struct history *history, const struct history_open *open,
                              wire_UsageRecord *record)
{
    uint8_t space[FRAME_MAX_SIZE];
    struct frame frame;
    enum status status = read_frame(history, open->offset, space, &frame);

    return status == STATUS_OK ? decode_record(frame.payload, record) : status;
}

enum status history_next(const struct history *history, struct history_cursor *cursor,
                         uint8_t space[FRAME_MAX_SIZE], struct span *bytes)
{
    while (cursor->offset < history->head.offset) {
        struct frame frame;
        enum status status = read_frame(history, cursor->offset, space, &frame);

        if (status != STATUS_OK)
            return status;
        cursor->offset += (off_t)frame.size;
        if (frame.kind == FRAME_CLOSE) {
            cursor->seq++;
            chain_next(cursor->hash, frame.payload);
            *bytes = frame.payload;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status history_advance(const struct history *history, struct history_cursor *cursor,
                            uint64_t seq)
{
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && cursor->seq < seq)
        status = history_next(history, cursor, space, &bytes);
    return status;
}

static enum status load(struct history *history, struct span bytes)
{
    for (history->size = 0; (size_t)history->size < bytes.size;) {
        struct frame frame;
        struct span rest = span_of(bytes.data + history->size, bytes.size - (size_t)history->size);
        off_t offset = history->size;

        if (frame_read(rest, &frame) != STATUS_OK)
            return offset == 0 || frame_is_inside(rest) ? STATUS_CORRUPT : STATUS_OK;
        history->size += (off_t)frame.size; /* acknowledging reads up to here */
        enum status status = note(history, &frame, offset);
        if (status != STATUS_OK)
            return status;
    }
    return history->size > 0 ? STATUS_OK : STATUS_CORRUPT;
}

static enum status open_file(struct history *history, size_t max_bytes)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    history->fd = open(history->path, O_RDWR | O_CLOEXEC);
    history->unsynced = false;
    if (history->fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status = file_read(history->path, max_bytes, &bytes, &size);
    if (status == STATUS_OK)
        status = load(history, span_of(bytes, size));
    if (history->sent_seq == ALL_SENT)
        history->sent_seq = history->head.seq;
    free(bytes);
    history->set_aside = (off_t)size;
    if (status != STATUS_OK)
        history_close(history);
    return status;
}

/* What stands behind the frames may be half a frame, which must not be read again as one. */
enum status history_open(struct history *history, size_t max_bytes)
{
    enum status status = open_file(history, max_bytes);

    if (status != STATUS_OK)
        return status;
    history->unsynced = true; /* perhaps: the process before may have been killed */
    history->set_aside = 0;
    if (ftruncate(history->fd, history->size) < 0) {
        history_close(history);
        return STATUS_IO;
    }
    return STATUS_OK;
}

void history_close(struct history *history)
{
    if (history->fd >= 0)
        close(history->fd);
    history->fd = -1;
}

static enum status disk_status(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EROFS ? STATUS_FULL : STATUS_IO;
}

enum status history_set_aside(struct history *history, off_t bytes)
{
    const off_t end = history->size + bytes;

    if (end <= history->set_aside)
        return STATUS_OK;
    off_t target = (end + SET_ASIDE_STEP - 1) / SET_ASIDE_STEP * SET_ASIDE_STEP;
    int error = posix_fallocate(history->fd, history->size, target - history->size);
    history->read_only = error == EROFS;
    if (error == 0)
        history->set_aside = target;
    return error == 0 ? STATUS_OK : disk_status(error);
}

/* A part of a frame that a full disk leaves behind is overwritten by the next one, and cut off at
 * the next start. */
static enum status write_frame(const struct history *history, struct span bytes)
{
    for (size_t done = 0; done < bytes.size;) {
        ssize_t part =
            pwrite(history->fd, bytes.data + done, bytes.size - done, history->size + (off_t)done);

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return disk_status(errno);
        done += (size_t)part;
    }
    return STATUS_OK;
}

static enum status sync_file(struct history *history)
{
    if (history->durable && fdatasync(history->fd) < 0)
        return STATUS_IO;
    history->unsynced = false;
    return STATUS_OK;
}

/* What may be refused must not take the room that was set aside for the closes of open attempts,
 * nor that without which no batch may go out. */
static enum status keep_close_room(struct history *history, const struct frame *frame)
{
    size_t bytes = history->open_count * HISTORY_CLOSE_ROOM;

    if (frame->kind == FRAME_OPEN || frame->kind == FRAME_CLOSE)
        return STATUS_OK;
    if (frame->kind != FRAME_SENT)
        bytes += SENT_ROOM;
    return history_set_aside(history, (off_t)(frame->size + bytes));
}

enum status history_append(struct history *history, const struct buffer *bytes)
{
    const off_t offset = history->size;
    struct frame frame;
    enum status status = buffer_status(bytes);

    if (status != STATUS_OK)
        return status;
    if (history->broken)
        return STATUS_IO;
    status = frame_read(buffer_span(bytes), &frame);
    /* else power loss in the second wait could keep this frame and lose what stands before it */
    if (status == STATUS_OK && history->unsynced && frame.kind != FRAME_ACK)
        status = sync_file(history);
    if (status == STATUS_OK)
        status = keep_close_room(history, &frame);
    if (status == STATUS_OK)
        status = write_frame(history, buffer_span(bytes));
    if (status == STATUS_FULL)
        return STATUS_FULL;
    history->unsynced = true;
    if (status == STATUS_OK && frame.kind != FRAME_ACK)
        status = sync_file(history);
    if (status == STATUS_OK) {
        history->size = offset + (off_t)frame.size;
        status = note(history, &frame, offset);
    }
    history->broken = status != STATUS_OK;
    return status;
}

/* Where folded records go: numbered behind those before them. */
struct folded {
    struct buffer *fresh;
    uint64_t seq;
};

static void add_folded(void *context, const wire_UsageRecord *record)
{
    struct folded *folded = context;
    wire_UsageRecord numbered = *record;

    numbered.seq = ++folded->seq;
    history_add_record(folded->fresh, FRAME_CLOSE, &numbered);
}

static enum status fold(struct buffer *out, const struct history *history, uint64_t sent_seq)
{
    struct folded folded = {.fresh = out, .seq = history->acknowledged.seq};
    struct summary_folder *folder = calloc(1, sizeof *folder);
    struct history_cursor cursor = history->acknowledged;
    uint8_t space[FRAME_MAX_SIZE];
    struct span bytes;
    wire_UsageRecord record;
    enum status status;

    if (!folder)
        return STATUS_MEMORY;
    *folder = (struct summary_folder){.emit = add_folded, .context = &folded};
    while ((status = history_next(history, &cursor, space, &bytes)) == STATUS_OK) {
        if (cursor.seq <= sent_seq) {
            frame_add(out, FRAME_CLOSE, bytes);
            folded.seq = cursor.seq;
            continue;
        }
        status = decode_record(bytes, &record);
        if (status != STATUS_OK)
            break;
        summary_fold(folder, &record);
    }
    summary_finish(folder);
    free(folder);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void history_add_folded(struct buffer *out, const struct history *history, uint64_t sent_seq)
{
    enum status status = fold(out, history, sent_seq);

    if (status != STATUS_OK)
        buffer_fail(out, status);
}

void history_add_opens(struct buffer *out, const struct history *history)
{
    static const uint8_t close_room[HISTORY_CLOSE_ROOM];
    uint8_t space[FRAME_MAX_SIZE];
    struct frame frame;

    for (size_t i = 0; i < history->open_count; i++) {
        enum status status = read_frame(history, history->open[i].offset, space, &frame);

        if (status == STATUS_OK)
            frame_add(out, FRAME_OPEN, frame.payload);
        else
            buffer_fail(out, status);
    }
    for (size_t i = 0; i < history->open_count; i++)
        buffer_add(out, span_of(close_room, sizeof close_room));
}

enum status history_replace(struct history *history, const struct buffer *fresh, size_t max_bytes)
{
    const struct credit credit = history->credit;
    const int64_t clock_offset_ms = history->clock_offset_ms;
    const int64_t state_time_ms = history->state_time_ms;
    enum status status = buffer_status(fresh);

    if (status == STATUS_OK)
        status = file_replace(history->path, buffer_span(fresh), 0600);
    if (status == STATUS_FULL)
        status = spare_replace(history->path, buffer_span(fresh));
    if (status != STATUS_OK)
        return status;
    history_close(history);
    status = open_file(history, max_bytes);
    history->credit = credit;
    history->clock_offset_ms = clock_offset_ms;
    history->state_time_ms = state_time_ms;
    history->broken = status != STATUS_OK;
    return status;
}
