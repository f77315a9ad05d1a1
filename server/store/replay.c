#include "server/store/replay.h"

enum status replay_extent(struct store_conn *conn, const char *contract_id, int64_t *first_ms,
                          int64_t *last_ms)
{
    STORE_STATEMENT(extent, "SELECT min(arrived_at), max(arrived_at) FROM myna.usage"
                            " WHERE contract_id = $1");
    struct result result = {0};
    enum status status = store_exec(conn, &extent, STORE_VALUES(value_text(contract_id)), &result);

    if (status != STATUS_OK)
        return status;
    *first_ms = result_is_null(&result, 0, 0) ? 0 : result_time(&result, 0, 0);
    *last_ms = result_is_null(&result, 0, 1) ? -1 : result_time(&result, 0, 1);
    result_release(&result);
    return STATUS_OK;
}

enum status replay_read(struct store_conn *conn, const struct replay_range *range,
                        struct result *result)
{
    STORE_STATEMENT(
        read, "SELECT u.device_id, u.journal_id, u.seq, u.at, u.duration_ms, u.vendor_id, u.model,"
              " u.service_tier, u.provenance, u.contract_version, (coalesce(s.price, u.price)"
              "   + coalesce((SELECT sum(c.price) FROM myna.usage_correction c"
              "     WHERE c.reason = 'rerate' AND c.device_id = u.device_id"
              "     AND c.journal_id = u.journal_id AND c.seq = u.seq), 0))::text,"
              " coalesce(s.input_uncached, u.input_uncached),"
              " coalesce(s.input_cached, u.input_cached), u.cache_write_5m, u.cache_write_1h,"
              " coalesce(s.output, u.output), coalesce(s.reasoning, u.reasoning), u.audio_in_ms,"
              " u.audio_out_chars, u.images, u.video_ms, u.requests, u.purpose,"
              " (SELECT d.licence_from FROM myna.device d WHERE d.device_id = u.device_id"
              "  AND d.licence_since <= u.at)"
              " FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id,"
              " seq) WHERE u.contract_id = $1 AND u.arrived_at >= $2 AND u.arrived_at < $3"
              " AND u.at >= $4 AND u.at < $5"
              " ORDER BY u.arrived_at, u.device_id, u.journal_id, u.seq");

    return store_exec(conn, &read,
                      STORE_VALUES(value_text(range->contract_id),
                                   value_time(range->arrived_from_ms),
                                   value_time(range->arrived_to_ms), value_time(range->at_from_ms),
                                   value_time(range->at_to_ms)),
                      result);
}

void replay_record(const struct result *result, size_t i, struct booking_record *out)
{
    *out = (struct booking_record){
        .device_id = result_text(result, i, REPLAY_DEVICE),
        .seq = result_int(result, i, REPLAY_SEQ),
        .at_ms = result_time(result, i, REPLAY_AT),
        .duration_ms = result_int(result, i, REPLAY_DURATION),
        .model = result_text(result, i, REPLAY_MODEL),
        .service_tier = result_text(result, i, REPLAY_TIER),
        .provenance = result_int(result, i, REPLAY_PROVENANCE),
    };
    out->purpose = result_int(result, i, REPLAY_PURPOSE);
    if (!result_is_null(result, i, REPLAY_LICENCE_FROM))
        out->licence_from = result_text(result, i, REPLAY_LICENCE_FROM);
    for (int m = 0; m < CONTRACT_METRICS; m++)
        out->quantities[m] = result_int(result, i, REPLAY_QUANTITIES + m);
}
