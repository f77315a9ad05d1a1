#include "server/store/elsewhere.h"

#define FIRST_DAY 0       /* 1970: before all usage */
#define LAST_DAY  2932896 /* the end of 9999 */

/* Whether a bill asks; *first is the first day that it asks about. */
static bool promises_share(const struct contract *contract, int64_t *first)
{
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->commitment_count; i++) {
            if (terms->commitments[i].share_permille == 0 ||
                terms->commitments[i].shortfall == CONTRACT_WATCHED)
                continue;
            *first = terms->first;
            return true;
        }
    }
    return false;
}

static int64_t within_calendar(int64_t day)
{
    if (day < FIRST_DAY)
        return FIRST_DAY;
    return day > LAST_DAY ? LAST_DAY : day;
}

static enum status add_row(const struct result *result, size_t i, struct tally *tally)
{
    struct tally_usage usage = {
        .at_ms = zone_midnight(tally_zone(tally), result_int(result, i, 0)),
        .device = "",
        .model = "",
        .service_tier = "",
        .replaces = "",
        .gauge = "",
        .is_elsewhere = true,
    };
    unsigned ignored;
    enum status status = STATUS_OK;

    usage.end_ms = usage.at_ms;
    for (int m = 0; m < CONTRACT_METRICS && status == STATUS_OK; m++)
        status = decimal_parse_exact(result_span(result, i, 1 + m), &usage.quantities[m]);
    if (status == STATUS_OK)
        status = tally_add(tally, &usage, &ignored);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* no terms were in force that day */
}

enum status elsewhere_add(struct store_conn *conn, struct tally *tally, int64_t before_day)
{
    STORE_STATEMENT(
        read, "SELECT (day - date '1970-01-01')::bigint, sum(input_uncached)::text,"
              " sum(input_cached)::text, sum(cache_write_5m)::text, sum(cache_write_1h)::text,"
              " sum(output)::text, sum(reasoning)::text, sum(audio_in_ms)::text,"
              " sum(audio_out_chars)::text, sum(images)::text, sum(video_ms)::text,"
              " sum(requests)::text FROM myna.usage_day WHERE contract_id <> $1"
              " AND day >= date '1970-01-01' + $2::integer"
              " AND day < date '1970-01-01' + $3::integer GROUP BY day ORDER BY day");
    const struct contract *contract = tally_contract(tally);
    struct result result = {0};
    int64_t first;

    if (!promises_share(contract, &first))
        return STATUS_OK;
    enum status status = store_exec(conn, &read,
                                    STORE_VALUES(value_text(contract->contract_id),
                                                 value_int(within_calendar(first)),
                                                 value_int(within_calendar(before_day))),
                                    &result);
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++)
        status = add_row(&result, i, tally);
    result_release(&result);
    return status;
}
