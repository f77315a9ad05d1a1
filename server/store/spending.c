#include "server/store/spending.h"

#include <string.h>

#include "schema/wire/measure.h"
#include "server/money/weight.h"

static bool covers_model(const struct credits_pool *pool, const char *model)
{
    for (size_t i = 0; i < pool->model_count; i++) {
        if (strcmp(pool->models[i], model) == 0)
            return true;
    }
    return pool->model_count == 0;
}

static bool is_member(const struct credits_member *groups, size_t count, const char *group_id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(groups[i].group_id, group_id) == 0)
            return true;
    }
    return false;
}

bool spending_pays_tests(const struct credits_pool *pool)
{
    return strcmp(pool->scope, "vendor") == 0 || strcmp(pool->scope, "contract") == 0;
}

bool spending_is_about(const struct credits_pool *pool, const char *device_id,
                       const struct credits_member *groups, size_t group_count,
                       const char *vendor_id, const char *contract_id, const char *model)
{
    if (!covers_model(pool, model))
        return false;
    switch (pool->scope[0]) {
    case 'f': /* fleet */
        return true;
    case 'g':
        return is_member(groups, group_count, pool->subject);
    case 'd':
        return strcmp(pool->subject, device_id) == 0;
    case 'v':
        return strcmp(pool->subject, vendor_id) == 0;
    default: /* contract */
        return strcmp(pool->subject, contract_id) == 0;
    }
}

bool spending_covers(const struct credits_pool *pool, const struct booking_record *record,
                     const struct credits_member *groups, size_t group_count, int64_t at_ms)
{
    return at_ms >= pool->from_ms && at_ms < pool->to_ms &&
           (!pool->is_money || strcmp(record->currency, pool->unit) == 0) &&
           (record->purpose != wire_Purpose_TEST || spending_pays_tests(pool)) &&
           spending_is_about(pool, record->device_id, groups, group_count, record->vendor_id,
                             record->contract_id, record->model);
}

const struct credits_member *spending_find_groups(const struct credits_member *members,
                                                  size_t count, const char *device_id,
                                                  size_t *found)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(members[middle].device_id, device_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < count && strcmp(members[end].device_id, device_id) == 0)
        end++;
    *found = end - low;
    return members + low;
}

bool spending_is_certain(const struct booking_record *record)
{
    return record->provenance == wire_Provenance_VENDOR_FINAL ||
           record->provenance == wire_Provenance_NOT_SENT ||
           record->provenance == wire_Provenance_ADJUSTMENT;
}

wire_UsageRecord spending_measured(const struct booking_record *record)
{
    wire_UsageRecord out = wire_UsageRecord_init_zero;
    const int64_t *quantities = record->quantities;

    out.provenance = record->provenance == wire_Provenance_ADJUSTMENT
                         ? wire_Provenance_VENDOR_FINAL /* it is weighed by its own quantities */
                         : (wire_Provenance)record->provenance;
    out.reserved_input = (uint64_t)record->reserved_input;
    out.reserved_output = (uint64_t)record->reserved_output;
    out.input_uncached = (uint64_t)quantities[CONTRACT_INPUT_UNCACHED];
    out.input_cached = (uint64_t)quantities[CONTRACT_INPUT_CACHED];
    out.cache_write_5m = (uint64_t)quantities[CONTRACT_CACHE_WRITE_5M];
    out.cache_write_1h = (uint64_t)quantities[CONTRACT_CACHE_WRITE_1H];
    out.output = (uint64_t)quantities[CONTRACT_OUTPUT];
    out.reasoning = (uint64_t)quantities[CONTRACT_REASONING];
    out.audio_in_ms = (uint64_t)quantities[CONTRACT_AUDIO_IN_MS];
    out.audio_out_chars = (uint64_t)quantities[CONTRACT_AUDIO_OUT_CHARS];
    out.images = (uint64_t)quantities[CONTRACT_IMAGES];
    out.video_ms = (uint64_t)quantities[CONTRACT_VIDEO_MS];
    out.requests = (uint64_t)quantities[CONTRACT_REQUESTS];
    return out;
}

const char *spending_count(struct arena *arena, unsigned metrics, const wire_UsageRecord *usage)
{
    wire_CreditMeasure measure = {.weights_count = LIMIT_WEIGHTS, .divisor = 1};

    weight_of_metrics(metrics, measure.weights);
    return arena_format(arena, "%llu", (unsigned long long)measure_consumed(&measure, usage));
}

void spending_add(struct arena *arena, struct spending_list *list, struct credits_spend spend)
{
    if (list->count == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : 256;
        struct credits_spend *items = arena_take(arena, room * sizeof *items);

        if (!items)
            return;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = spend;
}
