#include "server/store/alarm.h"

#include <stddef.h>

#include "server/store/columns.h"
#include "server/store/events.h"

enum status alarm_raise(struct store_conn *conn, struct arena *arena, const struct alarm *alarms,
                        size_t count)
{
    /* in the order of the key, so that two instances cannot wait for each other */
    STORE_STATEMENT(raise,
                    "INSERT INTO myna.alert AS a (kind, severity, subject, detail, count)"
                    " SELECT kind, max(severity), subject,"
                    " (array_agg(detail ORDER BY place DESC))[1]::jsonb, count(*)"
                    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
                    " WITH ORDINALITY AS v(kind, severity, subject, detail, place)"
                    " GROUP BY kind, subject ORDER BY kind, subject"
                    " ON CONFLICT (kind, subject) WHERE acknowledged_at IS NULL DO UPDATE SET"
                    " count = a.count + excluded.count, last_at = now(), detail = excluded.detail");
    const struct columns columns = {arena, alarms, count, sizeof *alarms};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct alarm, kind)),
        columns_text(&columns, offsetof(struct alarm, severity)),
        columns_text(&columns, offsetof(struct alarm, subject)),
        columns_text(&columns, offsetof(struct alarm, detail)),
    };

    if (count == 0)
        return STATUS_OK;
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &raise, values, 4, NULL);
    if (status != STATUS_OK)
        return status;
    return events_tell(conn, "alert", &alarms->subject, 1);
}
