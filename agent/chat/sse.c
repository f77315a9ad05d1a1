#include "agent/chat/sse.h"

static const uint8_t byte_order_mark[] = {0xef, 0xbb, 0xbf};

void sse_init(struct sse *sse, sse_event_fn on_event, void *context)
{
    *sse = (struct sse){.on_event = on_event, .context = context};
    buffer_init(&sse->line, SSE_MAX_EVENT_BYTES);
    buffer_init(&sse->data, SSE_MAX_EVENT_BYTES);
}

void sse_release(struct sse *sse)
{
    buffer_release(&sse->line);
    buffer_release(&sse->data);
}

static void dispatch(struct sse *sse)
{
    struct sse_event event = {span_of(sse->name, sse->name_size), buffer_span(&sse->data)};

    if (sse->has_data)
        sse->on_event(sse->context, &event);
    buffer_clear(&sse->data);
    sse->name_size = 0;
    sse->has_data = false;
}

static void take_field(struct sse *sse, struct span name, struct span value)
{
    if (span_equal_text(name, "data")) {
        if (sse->has_data)
            buffer_byte(&sse->data, '\n');
        buffer_add(&sse->data, value);
        sse->has_data = true;
    } else if (span_equal_text(name, "event") && value.size <= sizeof sse->name) {
        if (value.size)
            memcpy(sse->name, value.data, value.size);
        sse->name_size = value.size;
    }
}

static void take_line(struct sse *sse)
{
    struct span line = buffer_span(&sse->line);

    if (!sse->past_mark && line.size >= sizeof byte_order_mark &&
        !memcmp(line.data, byte_order_mark, sizeof byte_order_mark))
        line = span_of(line.data + sizeof byte_order_mark, line.size - sizeof byte_order_mark);
    sse->past_mark = true;

    const uint8_t *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
    if (!line.size) {
        dispatch(sse);
    } else if (!colon) {
        take_field(sse, line, span_text(""));
    } else if (colon != line.data) {
        size_t name_size = (size_t)(colon - line.data);
        struct span value = span_of(colon + 1, line.size - name_size - 1);
        if (value.size && value.data[0] == ' ')
            value = span_of(value.data + 1, value.size - 1);
        take_field(sse, span_of(line.data, name_size), value);
    }
    buffer_clear(&sse->line);
}

/* Bytes before the next line end. */
static size_t line_part(struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] == '\n' || bytes.data[i] == '\r')
            return i;
    return bytes.size;
}

enum status sse_feed(struct sse *sse, struct span bytes)
{
    while (bytes.size && sse->status == STATUS_OK) {
        if (sse->after_cr && bytes.data[0] == '\n') {
            sse->after_cr = false;
            bytes = span_of(bytes.data + 1, bytes.size - 1);
            continue;
        }
        sse->after_cr = false;

        size_t part = line_part(bytes);
        buffer_add(&sse->line, span_of(bytes.data, part));
        if (part < bytes.size) {
            sse->after_cr = bytes.data[part] == '\r';
            sse->status = buffer_status(&sse->line);
            if (sse->status == STATUS_OK)
                take_line(sse);
            part++;
        }
        bytes = span_of(bytes.data + part, bytes.size - part);
        if (sse->status == STATUS_OK)
            sse->status = buffer_status(&sse->line);
        if (sse->status == STATUS_OK)
            sse->status = buffer_status(&sse->data);
    }
    return sse->status;
}

void sse_end(struct sse *sse)
{
    if (sse->status == STATUS_OK && buffer_span(&sse->line).size)
        take_line(sse);
    if (sse->status == STATUS_OK && buffer_status(&sse->data) == STATUS_OK)
        dispatch(sse);
    sse->status = STATUS_CLOSED;
}
