#include "server/bus/records.h"

#include <stdio.h>
#include <string.h>

#include "schema/wire/message.h"
#include "server/money/zone.h"

/* 2020-01-01: before this program existed nothing counted. */
#define EARLIEST_MS INT64_C(1577836800000)

#define MS_PER_DAY INT64_C(86400000)

/* More than a robot can use in its life; sums of it stay within a bigint. */
#define QUANTITY_MAX UINT64_C(1000000000000)

int64_t records_booking_time(int64_t start_ms, int64_t offset_ms, int64_t state_time_ms,
                             int64_t arrived_ms)
{
    int64_t at_ms;

    if (__builtin_add_overflow(start_ms, offset_ms, &at_ms))
        at_ms = arrived_ms;
    if (at_ms < EARLIEST_MS)
        at_ms = EARLIEST_MS;
    if (at_ms < state_time_ms)
        at_ms = state_time_ms;
    return at_ms < arrived_ms ? at_ms : arrived_ms;
}

static int64_t clamp(int64_t number, int64_t max)
{
    return number < 0 ? 0 : number < max ? number : max;
}

void records_quantities(const wire_UsageRecord *record, uint64_t out[CONTRACT_METRICS])
{
    out[CONTRACT_INPUT_UNCACHED] = record->input_uncached;
    out[CONTRACT_INPUT_CACHED] = record->input_cached;
    out[CONTRACT_CACHE_WRITE_5M] = record->cache_write_5m;
    out[CONTRACT_CACHE_WRITE_1H] = record->cache_write_1h;
    out[CONTRACT_OUTPUT] = record->output;
    out[CONTRACT_REASONING] = record->reasoning;
    out[CONTRACT_AUDIO_IN_MS] = record->audio_in_ms;
    out[CONTRACT_AUDIO_OUT_CHARS] = record->audio_out_chars;
    out[CONTRACT_IMAGES] = record->images;
    out[CONTRACT_VIDEO_MS] = record->video_ms;
    out[CONTRACT_REQUESTS] = record->requests;
}

/* NULL when the record can be booked. */
static const char *find_problem(const wire_UsageRecord *record, uint64_t seq,
                                const uint64_t quantities[CONTRACT_METRICS])
{
    if (record->seq != seq)
        return "its number is not its place in the journal";
    if (record->provenance <= wire_Provenance_PROVENANCE_NONE ||
        record->provenance > wire_Provenance_NOT_SENT)
        return "its provenance is none that we know";
    if (record->attempt > INT32_MAX || record->reserved_input > QUANTITY_MAX ||
        record->reserved_output > QUANTITY_MAX)
        return "its attempt or reservation is out of range";
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (quantities[i] > QUANTITY_MAX)
            return "a quantity is out of range";
    }
    return NULL;
}

static void fill(const wire_UsageRecord *record, const struct records_origin *origin,
                 struct arena *arena, struct booking_record *out)
{
    int64_t duration_ms;

    if (__builtin_sub_overflow(record->end_ms, record->start_ms, &duration_ms))
        duration_ms = 0;
    *out = (struct booking_record){
        .device_id = origin->device_id,
        .seq = (int64_t)origin->seq,
        .at_ms = records_booking_time(record->start_ms, record->clock_offset_ms,
                                      record->state_time_ms, origin->arrived_ms),
        .attempt = record->attempt,
        .vendor_id = arena_text(arena, span_text(record->vendor)),
        .model = arena_text(arena, span_text(record->model)),
        .model_served = arena_text(arena, span_text(record->model_served)),
        .contract_id = arena_text(arena, span_text(record->contract)),
        .vendor_request_id = arena_text(arena, span_text(record->vendor_request_id)),
        .line_id = arena_text(arena, span_text(record->line_id)),
        .state_time_ms = record->state_time_ms,
        .service_tier = arena_text(arena, span_text(record->service_tier)),
        .provenance = record->provenance,
        .outcome = record->outcome,
        .error_class = record->error_class,
        .duration_ms = clamp(duration_ms, INT32_MAX),
        .first_token_ms = clamp(record->first_token_ms, INT32_MAX),
        .first_audio_ms = clamp(record->first_audio_ms, INT32_MAX),
        .interrupted = record->interrupted,
        .generation = record->generation > INT64_MAX ? INT64_MAX : (int64_t)record->generation,
        .purpose = record->purpose == wire_Purpose_TEST,
        .reserved_input = (int64_t)record->reserved_input,
        .reserved_output = (int64_t)record->reserved_output,
        .price = "0",
        .currency = "",
        .encoded = origin->encoded,
    };
    out->day = out->at_ms / MS_PER_DAY;
    memcpy(out->journal_id, origin->journal_id, sizeof out->journal_id);
    memcpy(out->turn, record->turn, sizeof out->turn);
}

static void rate(const char *contract, const struct terms *terms, struct arena *arena,
                 struct booking_record *out)
{
    const struct terms_contract *found = terms_find(terms, contract);

    if (!terms_rating(found, out->at_ms, &out->contract_version))
        return;
    out->currency = arena_text(arena, span_text(found->contract.currency));
    out->day = zone_day(found->zone, out->at_ms);
}

enum status records_read(const struct records_origin *origin, const struct terms *terms,
                         struct arena *arena, struct booking_record *out, const char **problem)
{
    wire_UsageRecord record;
    uint64_t quantities[CONTRACT_METRICS];

    *problem = NULL;
    if (message_decode(MESSAGE_USAGE_RECORD, origin->encoded, &record) != STATUS_OK) {
        *problem = "it cannot be decoded";
        return STATUS_OK;
    }
    records_quantities(&record, quantities);
    *problem = find_problem(&record, origin->seq, quantities);
    if (*problem)
        return STATUS_OK;

    fill(&record, origin, arena, out);
    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        out->quantities[i] = (int64_t)quantities[i];
    rate(record.contract, terms, arena, out);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status records_adjust(const struct records_origin *origin, const wire_UsageRecord *sum,
                           const uint64_t lost[CONTRACT_METRICS], const struct terms *terms,
                           struct arena *arena, struct booking_record *out)
{
    struct records_origin as_told = *origin;
    wire_UsageRecord record = *sum;
    uint8_t *bytes = arena_take(arena, LIMIT_RECORD_BYTES);
    size_t size;

    if (!bytes)
        return STATUS_MEMORY;
    enum status status =
        message_encode(MESSAGE_USAGE_RECORD, &record, bytes, LIMIT_RECORD_BYTES, &size);
    if (status != STATUS_OK)
        return status;
    as_told.encoded = span_of(bytes, size);
    memcpy(record.turn, origin->journal_id, sizeof record.turn);
    record.attempt = 0;
    record.provenance = wire_Provenance_ADJUSTMENT;
    record.outcome = wire_Outcome_LOST;
    fill(&record, &as_told, arena, out);
    out->state_time_ms = 0;
    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        out->quantities[i] = (int64_t)lost[i];
    rate(record.contract, terms, arena, out);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}
