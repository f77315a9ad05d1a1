#include "agent/spoken.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"

static uint64_t count_chars(struct span text)
{
    uint64_t chars = 0;

    for (size_t i = 0; i < text.size; i++)
        chars += (text.data[i] & 0xc0) != 0x80;
    return chars;
}

void spoken_prepare(const wire_Route *route, uint64_t generation, struct span text,
                    wire_UsageRecord *record)
{
    record->contract_version = route->contract_version;
    record->start_ms = clock_wall_ms();
    record->generation = generation;
    record->audio_out_chars = count_chars(text);
    snprintf(record->vendor, sizeof record->vendor, "%s", route->vendor);
    snprintf(record->model, sizeof record->model, "%s", route->model);
    snprintf(record->contract, sizeof record->contract, "%s", route->contract);
    snprintf(record->line_id, sizeof record->line_id, "%s", route->line_id);
}

void spoken_order(const wire_Route *route, const wire_UsageRecord *record,
                  struct speaker_order *order)
{
    char turn[ENCODE_UUID_SIZE];

    encode_uuid(record->turn, turn);
    snprintf(order->request_id, sizeof order->request_id, "%s-%u", turn, (unsigned)record->attempt);
    snprintf(order->url, sizeof order->url, "%s", route->base_url);
    snprintf(order->api_key, sizeof order->api_key, "%s", route->api_key);
    snprintf(order->model, sizeof order->model, "%s", route->model);
    snprintf(order->speaker, sizeof order->speaker, "%s", route->voice);
}

void spoken_judge(const struct voice_used *used, wire_UsageRecord *record)
{
    const bool is_cancelled = used->error_class == wire_ErrorClass_ERROR_NONE;

    record->end_ms = clock_wall_ms();
    record->requests = 1;
    record->first_audio_ms = used->first_ms;
    record->outcome = is_cancelled ? wire_Outcome_INTERRUPTED : wire_Outcome_FAILED;
    record->error_class = used->error_class < _wire_ErrorClass_ARRAYSIZE
                              ? (wire_ErrorClass)used->error_class
                              : wire_ErrorClass_REQUEST;
    record->interrupted = is_cancelled && used->fate != VOICE_FATE_ANSWERED;
    switch (used->fate) {
    case VOICE_FATE_NOT_SENT:
        record->provenance = wire_Provenance_NOT_SENT;
        record->requests = 0;
        record->audio_out_chars = 0;
        break;
    case VOICE_FATE_ANSWERED:
        record->provenance = wire_Provenance_ESTIMATED;
        record->outcome = wire_Outcome_ANSWERED;
        break;
    case VOICE_FATE_REFUSED:
        record->provenance = wire_Provenance_VENDOR_FINAL;
        record->outcome = wire_Outcome_FAILED;
        record->audio_out_chars = 0;
        break;
    case VOICE_FATE_CUT:
        record->provenance = wire_Provenance_ESTIMATED;
        break;
    case VOICE_FATE_UNKNOWN:
        record->provenance = wire_Provenance_WORST_CASE;
        break;
    }
}

bool spoken_is_same(const wire_Route *a, const wire_Route *b)
{
    return strcmp(a->vendor, b->vendor) == 0 && strcmp(a->model, b->model) == 0 &&
           strcmp(a->contract, b->contract) == 0 && strcmp(a->dialect, b->dialect) == 0 &&
           strcmp(a->base_url, b->base_url) == 0 && strcmp(a->api_key, b->api_key) == 0 &&
           strcmp(a->voice, b->voice) == 0;
}
