#include "server/store/events.h"

/* A payload of NOTIFY is below 8,000 bytes; an id has up to 48, with quotes and comma 51. */
#define IDS_PER_NOTIFY 100

enum status events_tell(struct store_conn *conn, const char *kind, const char *const *ids,
                        size_t count)
{
    STORE_STATEMENT(tell, "SELECT pg_notify('myna_events',"
                          " json_build_object('kind', $1::text, 'ids', $2::text[])::text)");

    for (size_t done = 0; done < count; done += IDS_PER_NOTIFY) {
        size_t part = count - done < IDS_PER_NOTIFY ? count - done : IDS_PER_NOTIFY;
        enum status status = store_exec(
            conn, &tell, STORE_VALUES(value_text(kind), value_text_array(ids + done, part)), NULL);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status events_wake_outbox(struct store_conn *conn)
{
    STORE_STATEMENT(wake, "SELECT pg_notify('myna_outbox', '')");

    return store_exec(conn, &wake, STORE_NO_VALUES, NULL);
}
