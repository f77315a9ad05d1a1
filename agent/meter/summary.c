#include "agent/meter/summary.h"

static void add(uint64_t *sum, uint64_t quantity)
{
    if (__builtin_add_overflow(*sum, quantity, sum))
        *sum = UINT64_MAX;
}

static void add_quantities(wire_UsageRecord *sum, const wire_UsageRecord *record)
{
    add(&sum->input_uncached, record->input_uncached);
    add(&sum->input_cached, record->input_cached);
    add(&sum->cache_write_5m, record->cache_write_5m);
    add(&sum->cache_write_1h, record->cache_write_1h);
    add(&sum->output, record->output);
    add(&sum->reasoning, record->reasoning);
    add(&sum->audio_in_ms, record->audio_in_ms);
    add(&sum->audio_out_chars, record->audio_out_chars);
    add(&sum->images, record->images);
    add(&sum->video_ms, record->video_ms);
    add(&sum->requests, record->requests);
}

void summary_append(wire_UsageRecord *sum, const wire_UsageRecord *record)
{
    static const wire_UsageRecord none = wire_UsageRecord_init_zero;
    wire_UsageRecord next = *record;

    memcpy(next.turn, none.turn, sizeof next.turn);
    next.attempt = 0;
    memcpy(next.vendor_request_id, none.vendor_request_id, sizeof next.vendor_request_id);
    next.provenance = wire_Provenance_PROVENANCE_NONE;
    next.outcome = wire_Outcome_OUTCOME_NONE;
    next.error_class = wire_ErrorClass_ERROR_NONE;
    next.first_token_ms = next.first_audio_ms = 0;
    next.interrupted = false;
    next.reserved_input = next.reserved_output = 0;
    add_quantities(&next, sum);
    *sum = next;
}
