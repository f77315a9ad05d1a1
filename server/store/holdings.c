#include "server/store/holdings.h"

#define PIECE_BYTES ((size_t)64 << 10)
/* A picture of a face or a report is one line. */
#define LINE_BYTES ((size_t)16 << 20)

struct file {
    const char *device_id;
    holdings_add add;
    void *sink;
    struct buffer text; /* not handed on yet */
};

enum status holdings_begin(struct store *store, const struct author *author, const char *device_id)
{
    STORE_STATEMENT(note,
                    "SELECT myna.audit_append($1, $2, 'device.export', 'device/' || d.device_id,"
                    " NULL, NULL) FROM myna.device d WHERE d.device_id = $3");
    struct result result;
    enum status status = store_query(
        store, &note,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(device_id)),
        &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static enum status hand_on(struct file *file)
{
    enum status status = file->add(file->sink, buffer_span(&file->text));

    buffer_clear(&file->text);
    return status;
}

static enum status add_line(void *context, const struct result *row)
{
    struct file *file = context;

    buffer_add(&file->text, result_span(row, 0, 0));
    buffer_text(&file->text, "\n");
    if (buffer_status(&file->text) != STATUS_OK)
        return buffer_status(&file->text);
    return buffer_span(&file->text).size >= PIECE_BYTES ? hand_on(file) : STATUS_OK;
}

static enum status write_file(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(moment, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    STORE_STATEMENT(widen, "SELECT set_config('statement_timeout', '300s', true)");
    STORE_STATEMENT(read, "SELECT jsonb_build_object('kind', h.kind, 'item', h.item)::text"
                          " FROM myna.device_holdings($1) h");
    struct file *file = context;
    enum status status = store_exec(conn, &moment, STORE_NO_VALUES, NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &widen, STORE_NO_VALUES, NULL);
    return status == STATUS_OK
               ? store_each(conn, &read, STORE_VALUES(value_text(file->device_id)), add_line, file)
               : status;
}

enum status holdings_write(struct store *store, const char *device_id, holdings_add add, void *sink)
{
    struct file file = {.device_id = device_id, .add = add, .sink = sink};

    buffer_init(&file.text, PIECE_BYTES + LINE_BYTES);
    enum status status = store_transaction(store, write_file, &file);
    if (status == STATUS_OK)
        status = hand_on(&file);
    buffer_release(&file.text);
    return status;
}
