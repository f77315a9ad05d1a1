#include "server/store/software.h"

#include <string.h>

static void row_from_row(const struct result *result, size_t i, struct arena *arena,
                         struct software_row *row)
{
    row->device_id = arena_text(arena, result_span(result, i, 0));
    row->document = result_copy(result, i, 1, arena);
    row->signature = arena_text(arena, result_span(result, i, 2));
    row->on_trial = result_bool(result, i, 3);
    row->withdrawn = result_bool(result, i, 4);
}

enum status software_read(struct store_conn *conn, struct arena *arena, const char *const *ids,
                          size_t id_count, struct software_row **rows, size_t *count)
{
    /* on trial as routes_read() finds that there is one; what is taken back comes last, and is the
     * first to be left out where there is too much */
    STORE_STATEMENT(
        read,
        "SELECT s.device_id, s.manifest ->> 'document', s.manifest ->> 'signature',"
        "  s.is_open AND NOT s.withdrawn AND EXISTS (SELECT FROM myna.rollout_device o"
        "    JOIN myna.rollout r USING (rollout_id) JOIN myna.device_link l USING (device_id)"
        "    WHERE o.rollout_id = s.rollout_id AND o.device_id = s.device_id"
        "    AND r.reverses IS NULL"
        "    AND (o.state IN ('opened', 'unreachable') OR o.generation = l.desired_generation)),"
        "  s.withdrawn"
        " FROM myna.device_software s WHERE s.device_id = ANY ($1::text[])"
        " AND (EXISTS (SELECT FROM myna.layer_software) OR EXISTS (SELECT FROM myna.rollout"
        "   WHERE software_kind IS NOT NULL))"
        " ORDER BY s.device_id COLLATE \"C\", s.withdrawn, s.kind, s.name");
    struct result result = {0};
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text_array(ids, id_count)), &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    struct software_row *out = arena_take(arena, (found + 1) * sizeof *out);
    for (size_t i = 0; out && i < found; i++)
        row_from_row(&result, i, arena, &out[i]);
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *rows = out;
    *count = found;
    return STATUS_OK;
}

const struct software_row *software_find(const struct software_row *rows, size_t count,
                                         const char *device_id, size_t *found)
{
    size_t first = 0;

    while (first < count && strcmp(rows[first].device_id, device_id) < 0)
        first++;
    size_t end = first;
    while (end < count && strcmp(rows[end].device_id, device_id) == 0)
        end++;
    *found = end - first;
    return rows + first;
}
