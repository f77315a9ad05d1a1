#include "server/store/result.h"

#include <assert.h>
#include <libpq-fe.h>
#include <string.h>

/* PostgreSQL's fixed type numbers (src/include/catalog/pg_type.dat). */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802,
};

#define EPOCH_2000_MS INT64_C(946684800000)

void result_release(struct result *result)
{
    PQclear(result->rows);
    result->rows = NULL;
}

size_t result_count(const struct result *result)
{
    return result->rows ? (size_t)PQntuples(result->rows) : 0;
}

int64_t result_affected(const struct result *result)
{
    const char *text = result->rows ? PQcmdTuples(result->rows) : "";
    int64_t affected = 0;

    return span_to_int64(span_text(text), &affected) == STATUS_OK ? affected : 0;
}

bool result_is_null(const struct result *result, size_t row, int column)
{
    return PQgetisnull(result->rows, (int)row, column) == 1;
}

static struct span raw(const struct result *result, size_t row, int column)
{
    assert(row < result_count(result) && column < PQnfields(result->rows));
    return span_of(PQgetvalue(result->rows, (int)row, column),
                   (size_t)PQgetlength(result->rows, (int)row, column));
}

static int64_t big_endian(struct span bytes)
{
    uint64_t number = bytes.size > 0 && bytes.data[0] & 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < bytes.size; i++)
        number = number << 8 | bytes.data[i];
    return (int64_t)number;
}

int64_t result_int(const struct result *result, size_t row, int column)
{
    Oid type = PQftype(result->rows, column);

    assert(type == OID_INT8 || type == OID_INT4 || type == OID_INT2);
    (void)type;
    return result_is_null(result, row, column) ? 0 : big_endian(raw(result, row, column));
}

bool result_bool(const struct result *result, size_t row, int column)
{
    assert(PQftype(result->rows, column) == OID_BOOL);
    return !result_is_null(result, row, column) && raw(result, row, column).data[0] != 0;
}

int64_t result_time(const struct result *result, size_t row, int column)
{
    assert(PQftype(result->rows, column) == OID_TIMESTAMPTZ);
    if (result_is_null(result, row, column))
        return 0;
    return big_endian(raw(result, row, column)) / 1000 + EPOCH_2000_MS;
}

struct span result_span(const struct result *result, size_t row, int column)
{
    struct span bytes = raw(result, row, column);

    assert(PQftype(result->rows, column) != OID_NUMERIC);
    /* jsonb_send() puts a version byte before the text */
    if (PQftype(result->rows, column) == OID_JSONB && bytes.size > 0)
        return span_of(bytes.data + 1, bytes.size - 1);
    return bytes;
}

const char *result_text(const struct result *result, size_t row, int column)
{
    /* libpq ends every value with a NUL of its own */
    return (const char *)result_span(result, row, column).data;
}

struct span result_copy(const struct result *result, size_t row, int column, struct arena *arena)
{
    return arena_copy(arena, result_span(result, row, column));
}

enum status result_bytes(const struct result *result, size_t row, int column, void *out,
                         size_t size)
{
    struct span bytes = raw(result, row, column);

    if (result_is_null(result, row, column) || bytes.size != size)
        return STATUS_CORRUPT;
    memcpy(out, bytes.data, size);
    return STATUS_OK;
}
