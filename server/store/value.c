#include "server/store/value.h"

#include <assert.h>
#include <string.h>

/* PostgreSQL's fixed type numbers (src/include/catalog/pg_type.dat). */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_TEXT = 25,
    OID_BYTEA_ARRAY = 1001,
    OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016,
    OID_TIMESTAMPTZ = 1184,
    OID_TIMESTAMPTZ_ARRAY = 1185,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_UUID_ARRAY = 2951,
    OID_JSONB = 3802,
};

/* PostgreSQL counts microseconds from 2000-01-01. */
#define EPOCH_2000_MS INT64_C(946684800000)

static struct value of_bytes(uint32_t oid, struct span bytes)
{
    return (struct value){.oid = oid, .bytes = bytes, .is_null = !bytes.data && bytes.size == 0};
}

static struct value of_number(uint32_t oid, int64_t number)
{
    return (struct value){.oid = oid, .number = number};
}

static struct value of_null(uint32_t oid)
{
    return (struct value){.oid = oid, .is_null = true};
}

static struct value of_array(uint32_t oid, const void *items, size_t count)
{
    return (struct value){.oid = oid, .is_array = true, .items = items, .count = count};
}

struct value value_text(const char *text)
{
    return text ? value_span(span_text(text)) : of_null(OID_TEXT);
}

struct value value_span(struct span text)
{
    struct value value = of_bytes(OID_TEXT, text);

    value.is_null = false;
    return value;
}

struct value value_bytes(struct span bytes)
{
    struct value value = of_bytes(OID_BYTEA, bytes);

    value.is_null = false;
    return value;
}

struct value value_int(int64_t number)
{
    return of_number(OID_INT8, number);
}

struct value value_bool(bool flag)
{
    return of_number(OID_BOOL, flag);
}

struct value value_time(int64_t wall_ms)
{
    return of_number(OID_TIMESTAMPTZ, (wall_ms - EPOCH_2000_MS) * 1000);
}

struct value value_uuid(const uint8_t uuid[16])
{
    return of_bytes(OID_UUID, span_of(uuid, uuid ? 16 : 0));
}

struct value value_json(struct span json)
{
    return of_bytes(OID_JSONB, json);
}

struct value value_numeric(const char *decimal)
{
    return of_bytes(OID_NUMERIC, span_text(decimal));
}

struct value value_no_int(void)
{
    return of_null(OID_INT8);
}

struct value value_no_time(void)
{
    return of_null(OID_TIMESTAMPTZ);
}

struct value value_no_bytes(void)
{
    return of_null(OID_BYTEA);
}

struct value value_no_json(void)
{
    return of_null(OID_JSONB);
}

struct value value_text_array(const char *const *texts, size_t count)
{
    return of_array(OID_TEXT_ARRAY, texts, count);
}

struct value value_bytes_array(const struct span *items, size_t count)
{
    return of_array(OID_BYTEA_ARRAY, items, count);
}

struct value value_int_array(const int64_t *numbers, size_t count)
{
    return of_array(OID_INT8_ARRAY, numbers, count);
}

struct value value_time_array(const int64_t *wall_ms, size_t count)
{
    return of_array(OID_TIMESTAMPTZ_ARRAY, wall_ms, count);
}

struct value value_uuid_array(const uint8_t (*uuids)[16], size_t count)
{
    return of_array(OID_UUID_ARRAY, uuids, count);
}

int value_format(const struct value *value)
{
    return value->oid != OID_NUMERIC;
}

static void put_be(struct buffer *out, uint64_t number, unsigned bytes)
{
    uint8_t text[8];

    for (unsigned i = 0; i < bytes; i++)
        text[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    buffer_add(out, span_of(text, bytes));
}

static void put_item(struct buffer *out, struct span item)
{
    put_be(out, item.size, 4);
    buffer_add(out, item);
}

/* Its length and itself at once: most of what is ever encoded are these. */
static void put_number_item(struct buffer *out, int64_t number)
{
    uint8_t text[12] = {0, 0, 0, 8};

    for (unsigned i = 0; i < 8; i++)
        text[4 + i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    buffer_add(out, span_of(text, sizeof text));
}

static void encode_array_item(const struct value *value, size_t i, struct buffer *out)
{
    switch (value->oid) {
    case OID_INT8_ARRAY:
        put_number_item(out, ((const int64_t *)value->items)[i]);
        break;
    case OID_TIMESTAMPTZ_ARRAY:
        put_number_item(out, (((const int64_t *)value->items)[i] - EPOCH_2000_MS) * 1000);
        break;
    case OID_UUID_ARRAY:
        put_item(out, span_of(((const uint8_t(*)[16])value->items)[i], 16));
        break;
    case OID_BYTEA_ARRAY:
        put_item(out, ((const struct span *)value->items)[i]);
        break;
    default: {
        const char *text = ((const char *const *)value->items)[i];

        if (text)
            put_item(out, span_text(text));
        else
            put_be(out, UINT32_MAX, 4);
    }
    }
}

static uint32_t element_oid(uint32_t array_oid)
{
    switch (array_oid) {
    case OID_INT8_ARRAY:
        return OID_INT8;
    case OID_TIMESTAMPTZ_ARRAY:
        return OID_TIMESTAMPTZ;
    case OID_UUID_ARRAY:
        return OID_UUID;
    case OID_BYTEA_ARRAY:
        return OID_BYTEA;
    default:
        return OID_TEXT;
    }
}

/* array_recv(): dimensions, has-null flag, element type, then per dimension length and lower bound,
 * then each element with its length. */
static void encode_array(const struct value *value, struct buffer *out)
{
    put_be(out, value->count > 0, 4);
    put_be(out, 1, 4);
    put_be(out, element_oid(value->oid), 4);
    if (value->count == 0)
        return;
    put_be(out, value->count, 4);
    put_be(out, 1, 4);
    for (size_t i = 0; i < value->count; i++)
        encode_array_item(value, i, out);
}

void value_encode(const struct value *value, struct buffer *out)
{
    assert(!value->is_null);
    if (value->is_array) {
        encode_array(value, out);
        return;
    }
    switch (value->oid) {
    case OID_BOOL:
        buffer_byte(out, value->number != 0);
        break;
    case OID_INT8:
    case OID_TIMESTAMPTZ:
        put_be(out, (uint64_t)value->number, 8);
        break;
    case OID_JSONB:
        buffer_byte(out, 1); /* jsonb_recv()'s version */
        buffer_add(out, value->bytes);
        break;
    case OID_NUMERIC:
        buffer_add(out, value->bytes);
        buffer_byte(out, 0); /* text parameters are NUL-terminated */
        break;
    default:
        buffer_add(out, value->bytes);
    }
}
