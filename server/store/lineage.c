#include "server/store/lineage.h"

#include <stddef.h>

#include "server/store/columns.h"

/* Of thousands of robots few came in the place of another. */
static void set_from(const struct result *result, struct arena *arena,
                     struct booking_record *records, size_t count)
{
    for (size_t i = 0; i < result_count(result); i++) {
        const struct span device = result_span(result, i, 0);
        const char *from = arena_text(arena, result_span(result, i, 1));
        const int64_t since_ms = result_time(result, i, 2);

        for (size_t k = 0; k < count; k++)
            if (records[k].at_ms >= since_ms && span_equal_text(device, records[k].device_id))
                records[k].licence_from = from;
    }
}

enum status lineage_name(struct store_conn *conn, struct arena *arena,
                         struct booking_record *records, size_t count)
{
    STORE_STATEMENT(find, "SELECT d.device_id, d.licence_from, d.licence_since FROM myna.device d"
                          " WHERE d.device_id = ANY ($1::text[]) AND d.licence_from IS NOT NULL");
    const struct columns columns = {arena, records, count, sizeof *records};
    const struct value ids = columns_text(&columns, offsetof(struct booking_record, device_id));
    struct result result = {0};

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &find, STORE_VALUES(ids), &result);
    if (status == STATUS_OK)
        set_from(&result, arena, records, count);
    result_release(&result);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}
