#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/meter/frame.h"
#include "agent/meter/journal.h"
#include "schema/base/file.h"

/* The input is rows of a kind, two bytes of a size and as many bytes: frames with checksums that
 * hold, as a disk gives them that somebody wrote; what is behind the last whole row stands as it
 * is, as power loss leaves it. */
static void write_frames(struct span rows, struct buffer *out)
{
    while (rows.size >= 3) {
        const size_t size = (rows.data[1] | (size_t)rows.data[2] << 8) % FRAME_MAX_PAYLOAD;

        if (rows.size - 3 < size)
            break;
        frame_add(out, (enum frame_kind)(rows.data[0] % 10), span_of(rows.data + 3, size));
        rows = span_of(rows.data + 3 + size, rows.size - 3 - size);
    }
    buffer_add(out, rows);
}

static void read_frames(struct span bytes)
{
    struct frame frame;

    while (frame_read(bytes, &frame) == STATUS_OK) {
        FUZZ_CHECK(frame.size <= bytes.size && frame.payload.size <= FRAME_MAX_PAYLOAD);
        bytes = span_of(bytes.data + frame.size, bytes.size - frame.size);
    }
    (void)frame_is_inside(bytes);
}

static bool open_journal(const char *path, struct journal **out)
{
    const struct journal_options options = {
        .path = path,
        .device_id = "r1",
        .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
        .now_ms = 1700000000000,
    };

    return journal_open(out, &options) == STATUS_OK;
}

/* A journal that opened opens again, as full as it was (I1). */
static void read_journal(struct span bytes)
{
    static wire_UsageBatch batch;
    char path[64], fresh[80];
    struct journal *journal = NULL;

    snprintf(path, sizeof path, "/dev/shm/journal-fuzz-%ld", (long)getpid());
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FUZZ_CHECK(file_replace(path, bytes, 0600) == STATUS_OK);
    if (open_journal(path, &journal)) {
        const uint64_t pending = journal_pending(journal);

        (void)!journal_next_batch(journal, LIMIT_BATCH_RECORDS, &batch);
        journal_close(journal);
        FUZZ_CHECK(open_journal(path, &journal) && journal_pending(journal) == pending);
        journal_close(journal);
    }
    unlink(path);
    unlink(fresh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer file;

    read_frames(span_of(data, size));
    buffer_init(&file, 1u << 20);
    write_frames(span_of(data, size), &file);
    read_frames(buffer_span(&file));
    read_journal(buffer_span(&file));
    buffer_release(&file);
    return 0;
}
