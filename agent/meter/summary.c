#include "agent/meter/summary.h"

#include "schema/base/crypto.h"

#define HOUR_MS INT64_C(3600000)

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
    next.purpose = wire_Purpose_TALK;
    add_quantities(&next, sum);
    *sum = next;
}

/* ---- folding ---- */

static bool is_certain(const wire_UsageRecord *record)
{
    return record->provenance == wire_Provenance_VENDOR_FINAL ||
           record->provenance == wire_Provenance_NOT_SENT;
}

static int64_t hour_of(const wire_UsageRecord *record)
{
    int64_t at_ms;

    if (__builtin_add_overflow(record->start_ms, record->clock_offset_ms, &at_ms))
        return 0;
    return at_ms / HOUR_MS;
}

static bool is_same_route(const wire_UsageRecord *a, const wire_UsageRecord *b)
{
    return strcmp(a->vendor, b->vendor) == 0 && strcmp(a->model, b->model) == 0 &&
           strcmp(a->model_served, b->model_served) == 0 && strcmp(a->contract, b->contract) == 0 &&
           a->contract_version == b->contract_version &&
           strcmp(a->service_tier, b->service_tier) == 0 && strcmp(a->line_id, b->line_id) == 0;
}

static bool fits(const wire_UsageRecord *summary, const wire_UsageRecord *record)
{
    return is_certain(summary) == is_certain(record) && summary->outcome == record->outcome &&
           summary->purpose == record->purpose && hour_of(summary) == hour_of(record) &&
           is_same_route(summary, record);
}

static wire_Provenance worse(wire_Provenance a, wire_Provenance b)
{
    if (a == wire_Provenance_NOT_SENT || b == wire_Provenance_NOT_SENT)
        return a < b ? a : b;
    return a > b ? a : b;
}

static void begin_folding(wire_UsageRecord *summary)
{
    crypto_uuid(summary->turn);
    summary->attempt = 0;
    summary->vendor_request_id[0] = 0;
    summary->first_token_ms = summary->first_audio_ms = 0;
    summary->interrupted = false;
}

static void fold(wire_UsageRecord *summary, const wire_UsageRecord *record)
{
    add_quantities(summary, record);
    add(&summary->reserved_input, record->reserved_input);
    add(&summary->reserved_output, record->reserved_output);
    summary->provenance = worse(summary->provenance, record->provenance);
    if (summary->error_class != record->error_class)
        summary->error_class = wire_ErrorClass_ERROR_NONE;
    if (record->end_ms > summary->end_ms)
        summary->end_ms = record->end_ms;
    summary->generation = record->generation;
}

static void emit_first(struct summary_folder *folder)
{
    folder->emit(folder->context, &folder->groups[0].record);
    folder->count--;
    memmove(folder->groups, folder->groups + 1, folder->count * sizeof folder->groups[0]);
}

void summary_fold(struct summary_folder *folder, const wire_UsageRecord *record)
{
    for (size_t i = 0; i < folder->count; i++) {
        struct summary_group *group = &folder->groups[i];

        if (!fits(&group->record, record))
            continue;
        if (!group->is_folded)
            begin_folding(&group->record);
        group->is_folded = true;
        fold(&group->record, record);
        return;
    }
    if (folder->count == SUMMARY_GROUPS)
        emit_first(folder);
    folder->groups[folder->count++] = (struct summary_group){.record = *record};
}

void summary_finish(struct summary_folder *folder)
{
    while (folder->count > 0)
        emit_first(folder);
}
