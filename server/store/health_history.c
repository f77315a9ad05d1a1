#include "server/store/health_history.h"

#define FIGURE(name) "coalesce((l.health ->> '" name "')::bigint, 0) AS " name

/* In the order of the table's columns. */
#define FIGURES                                                                                    \
    FIGURE("cpu_percent")                                                                          \
    "," FIGURE("memory_kib") "," FIGURE("disk_free_mib") "," FIGURE("turns") COUNTS
#define COUNTS                                                                                     \
    "," FIGURE("failed_turns") "," FIGURE("audio_underruns") "," FIGURE("frames_late") "," LAST
#define LAST FIGURE("journal_pending") "," FIGURE("wifi_dbm")

enum status health_history_sample(struct store *store)
{
    STORE_STATEMENT(
        sample,
        "WITH round AS (UPDATE myna.device_health_round r SET at = b.at"
        "   FROM (SELECT date_bin('10 min', now(), timestamptz 'epoch') AS at) b"
        "   WHERE r.at < b.at RETURNING r.at)"
        " INSERT INTO myna.device_health AS h"
        " SELECT l.device_id, (extract(epoch FROM round.at)::bigint / 600 % 288)::smallint,"
        "   l.last_seen, " FIGURES " FROM round JOIN myna.device_link l"
        "   ON l.last_seen > round.at - interval '10 min' AND l.health <> '{}'"
        " ON CONFLICT (device_id, slot) DO UPDATE SET at = excluded.at,"
        "   cpu_percent = excluded.cpu_percent, memory_kib = excluded.memory_kib,"
        "   disk_free_mib = excluded.disk_free_mib, turns = excluded.turns,"
        "   failed_turns = excluded.failed_turns, audio_underruns = excluded.audio_underruns,"
        "   frames_late = excluded.frames_late, journal_pending = excluded.journal_pending,"
        "   wifi_dbm = excluded.wifi_dbm");
    struct result result;
    enum status status = store_query(store, &sample, STORE_NO_VALUES, &result);

    if (status == STATUS_OK)
        result_release(&result);
    return status;
}

enum status health_history_read(struct store *store, const char *device_id, struct arena *arena,
                                struct span *json)
{
    STORE_STATEMENT(
        read,
        "SELECT jsonb_build_object('as_of', now(), 'items',"
        "  (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.at), '[]') FROM ("
        "     SELECT h.at, h.cpu_percent, h.memory_kib, h.disk_free_mib, h.turns, h.failed_turns,"
        "       h.audio_underruns, h.frames_late, h.journal_pending, h.wifi_dbm"
        "     FROM myna.device_health h WHERE h.device_id = l.device_id"
        "     AND h.at > now() - interval '2 days' AND h.at < l.last_seen"
        "     UNION ALL SELECT l.last_seen, " FIGURES " WHERE l.health <> '{}') s),"
        "  'next', NULL) FROM myna.device_link l WHERE l.device_id = $1");

    return store_json(store, &read, STORE_VALUES(value_text(device_id)), arena, json);
}
