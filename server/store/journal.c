#include "server/store/journal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "server/store/columns.h"

static const char *const status_names[] = {
    [JOURNAL_OPEN] = "open",
    [JOURNAL_IS_FORKED] = "forked",
    [JOURNAL_IS_QUARANTINED] = "quarantined",
};

static enum journal_status status_of(struct span name)
{
    for (unsigned i = 0; i < sizeof status_names / sizeof *status_names; i++) {
        if (span_equal_text(name, status_names[i]))
            return (enum journal_status)i;
    }
    return JOURNAL_IS_QUARANTINED;
}

enum status journal_from_row(const struct result *result, size_t row, int column,
                             struct journal_row *out)
{
    enum status status = result_bytes(result, row, column, out->journal_id, sizeof out->journal_id);

    if (status == STATUS_OK)
        status = result_bytes(result, row, column + 2, out->ledger.hash, sizeof out->ledger.hash);
    out->ledger.seq = (uint64_t)result_int(result, row, column + 1);
    out->status = status_of(result_span(result, row, column + 3));
    return status;
}

/* "{1,2,...}": an array as PostgreSQL writes it. */
static struct gap_totals read_totals(struct span text)
{
    struct gap_totals totals = {.is_known = text.size > 2};
    const uint8_t *digit = text.data + 1;

    for (size_t i = 0; totals.is_known && i < GAP_CLASSES; i++) {
        const uint8_t *end = digit;

        while (end < text.data + text.size && *end >= '0' && *end <= '9')
            end++;
        totals.is_known =
            span_to_uint64(span_of(digit, (size_t)(end - digit)), &totals.classes[i]) == STATUS_OK;
        digit = end + 1;
    }
    return totals;
}

static enum status row_from_row(const struct result *result, size_t i, struct journal_row *row)
{
    *row = (struct journal_row){0};
    enum status status = journal_from_row(result, i, 0, row);

    if (status == STATUS_OK)
        status = span_to_text(result_span(result, i, 4), row->device_id, sizeof row->device_id);
    if (status == STATUS_OK && !result_is_null(result, i, 5))
        status = result_bytes(result, i, 5, row->parent.id, sizeof row->parent.id);
    row->parent.seq = (uint64_t)result_int(result, i, 6);
    row->adjusted_seq = result_int(result, i, 7);
    row->covered = result_int(result, i, 8);
    if (!result_is_null(result, i, 9))
        row->totals = read_totals(result_span(result, i, 9));
    row->children = result_int(result, i, 10);
    return status;
}

enum status journal_lock(struct store_conn *conn, struct arena *arena,
                         const struct journal_key *keys, size_t count, struct journal_row *rows,
                         size_t *found)
{
    STORE_STATEMENT(lock, "SELECT j.journal_id, j.watermark_seq, j.watermark_hash, j.status,"
                          " j.device_id, j.parent_id, j.parent_seq, j.adjusted_seq, j.covered,"
                          " j.totals::text, (SELECT count(*) FROM myna.journal c"
                          "   WHERE c.device_id = j.device_id AND c.parent_id = j.journal_id)"
                          " FROM myna.journal j WHERE (j.device_id::text, j.journal_id) IN"
                          "   (SELECT * FROM unnest($1::text[], $2::uuid[]))"
                          " ORDER BY j.device_id, j.journal_id FOR UPDATE OF j");
    const struct columns columns = {arena, keys, count, sizeof *keys};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct journal_key, device_id)),
        columns_uuid(&columns, offsetof(struct journal_key, journal_id)),
    };
    struct result result = {0};

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &lock, values, 2, &result);
    if (status != STATUS_OK)
        return status;
    *found = result_count(&result);
    for (size_t i = 0; status == STATUS_OK && i < *found && i < count; i++)
        status = row_from_row(&result, i, &rows[i]);
    result_release(&result);
    return status;
}

struct flat {
    const char *device_id;
    uint8_t journal_id[16];
    uint8_t parent_id[16];
    int64_t parent_seq;
    int64_t watermark_seq;
    struct span watermark_hash;
    const char *status;
    const char *totals;
    int64_t adjusted_seq;
    int64_t covered;
};

/* NULL: not known. */
static const char *write_totals(struct arena *arena, const struct gap_totals *totals)
{
    char text[GAP_CLASSES * 21 + 2];
    size_t size = 0;

    for (size_t i = 0; totals->is_known && i < GAP_CLASSES; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%c%llu", i == 0 ? '{' : ',',
                                 (unsigned long long)totals->classes[i]);
    return totals->is_known ? arena_format(arena, "%s}", text) : NULL;
}

static struct flat flatten(const struct journal_row *row, struct arena *arena)
{
    struct flat flat = {
        .device_id = row->device_id,
        .parent_seq = (int64_t)row->parent.seq,
        .watermark_seq = (int64_t)row->ledger.seq,
        .watermark_hash = span_of(row->ledger.hash, sizeof row->ledger.hash),
        .status = status_names[row->status],
        .totals = write_totals(arena, &row->totals),
        .adjusted_seq = row->adjusted_seq,
        .covered = row->covered,
    };

    memcpy(flat.journal_id, row->journal_id, sizeof flat.journal_id);
    memcpy(flat.parent_id, row->parent.id, sizeof flat.parent_id);
    return flat;
}

#define VALUE_COUNT 10

/* The values of the statements below: the update takes all but the last two. */
static enum status fill_values(const struct columns *columns, struct value values[VALUE_COUNT])
{
    values[0] = columns_text(columns, offsetof(struct flat, device_id));
    values[1] = columns_uuid(columns, offsetof(struct flat, journal_id));
    values[2] = columns_int(columns, offsetof(struct flat, watermark_seq));
    values[3] = columns_bytes(columns, offsetof(struct flat, watermark_hash));
    values[4] = columns_text(columns, offsetof(struct flat, status));
    values[5] = columns_text(columns, offsetof(struct flat, totals));
    values[6] = columns_int(columns, offsetof(struct flat, adjusted_seq));
    values[7] = columns_int(columns, offsetof(struct flat, covered));
    values[8] = columns_uuid(columns, offsetof(struct flat, parent_id));
    values[9] = columns_int(columns, offsetof(struct flat, parent_seq));
    return arena_failed(columns->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status insert(struct store_conn *conn, const struct columns *columns)
{
    STORE_STATEMENT(
        add,
        "INSERT INTO myna.journal (device_id, journal_id, parent_id, parent_seq,"
        " watermark_seq, watermark_hash, status, totals, adjusted_seq, covered)"
        " SELECT device_id, journal_id,"
        " nullif(parent_id, '00000000-0000-0000-0000-000000000000'), parent_seq,"
        " watermark_seq, watermark_hash, status, totals::bigint[], adjusted_seq,"
        " covered"
        " FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[],"
        " $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::uuid[],"
        " $10::bigint[])"
        " AS v(device_id, journal_id, watermark_seq, watermark_hash, status,"
        " totals, adjusted_seq, covered, parent_id, parent_seq) ORDER BY device_id, journal_id");
    struct value values[VALUE_COUNT];
    enum status status = fill_values(columns, values);

    return status == STATUS_OK ? store_exec(conn, &add, values, VALUE_COUNT, NULL) : status;
}

/* Not an upsert: that would look up each journal's device again, for the foreign key. */
static enum status update(struct store_conn *conn, const struct columns *columns)
{
    STORE_STATEMENT(move, "UPDATE myna.journal j SET watermark_seq = v.watermark_seq,"
                          " watermark_hash = v.watermark_hash, status = v.status,"
                          " totals = v.totals::bigint[], adjusted_seq = v.adjusted_seq,"
                          " covered = v.covered"
                          " FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[],"
                          " $5::text[], $6::text[], $7::bigint[], $8::bigint[])"
                          " AS v(device_id, journal_id, watermark_seq, watermark_hash, status,"
                          " totals, adjusted_seq, covered)"
                          " WHERE j.device_id = v.device_id AND j.journal_id = v.journal_id");
    struct value values[VALUE_COUNT];
    enum status status = fill_values(columns, values);

    return status == STATUS_OK ? store_exec(conn, &move, values, VALUE_COUNT - 2, NULL) : status;
}

enum status journal_save(struct store_conn *conn, struct arena *arena,
                         const struct journal_row *rows, size_t count)
{
    struct flat *flat = arena_take(arena, count * sizeof *flat);
    size_t fresh = 0;

    if (!flat)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].is_new)
            flat[fresh++] = flatten(&rows[i], arena);
    }
    for (size_t i = 0, old = fresh; i < count; i++) {
        if (!rows[i].is_new)
            flat[old++] = flatten(&rows[i], arena);
    }
    const struct columns added = {arena, flat, fresh, sizeof *flat};
    const struct columns moved = {arena, flat + fresh, count - fresh, sizeof *flat};
    enum status status = fresh > 0 ? insert(conn, &added) : STATUS_OK;
    if (status == STATUS_OK && count > fresh)
        status = update(conn, &moved);
    return status;
}
