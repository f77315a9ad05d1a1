#include "schema/wire/measure.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide; /* the compiler's type has no other name in C11 */

static_assert(MEASURE_REQUESTS + 1 == LIMIT_WEIGHTS, "a weight for each class");

/* Latches at the largest value. */
static wide add_product(wide sum, uint64_t quantity, uint64_t weight)
{
    wide product = (wide)quantity * weight;

    return sum + product < sum ? ~(wide)0 : sum + product;
}

static uint64_t weight_of(const wire_CreditMeasure *measure, enum measure_class place)
{
    return (pb_size_t)place < measure->weights_count ? measure->weights[place] : 0;
}

static uint64_t heaviest(const wire_CreditMeasure *measure, enum measure_class first,
                         enum measure_class last)
{
    uint64_t heaviest = 0;

    for (enum measure_class place = first; place <= last; place++)
        if (weight_of(measure, place) > heaviest)
            heaviest = weight_of(measure, place);
    return heaviest;
}

static uint64_t divisor_of(const wire_CreditMeasure *measure)
{
    return measure->divisor > 0 ? measure->divisor : 1;
}

static uint64_t divide_up(const wire_CreditMeasure *measure, wide sum)
{
    const uint64_t divisor = divisor_of(measure);
    wide amount = sum / divisor + (sum % divisor > 0);

    return amount > UINT64_MAX ? UINT64_MAX : (uint64_t)amount;
}

/* Sound is measured before it is sent: what is reserved is what is there. */
static wide own_audio(const wire_CreditMeasure *measure, const wire_UsageRecord *record)
{
    wide sum = add_product(0, record->audio_in_ms, weight_of(measure, MEASURE_AUDIO_IN_MS));

    return add_product(sum, record->audio_out_chars, weight_of(measure, MEASURE_AUDIO_OUT_CHARS));
}

/* All but the output. */
static wide worst_input(const wire_CreditMeasure *measure, const wire_UsageRecord *record)
{
    wide sum = add_product(own_audio(measure, record), record->reserved_input,
                           heaviest(measure, MEASURE_INPUT_UNCACHED, MEASURE_CACHE_WRITE_1H));

    return add_product(sum, record->requests > 1 ? record->requests : 1,
                       weight_of(measure, MEASURE_REQUESTS));
}

static uint64_t output_weight(const wire_CreditMeasure *measure)
{
    return heaviest(measure, MEASURE_OUTPUT, MEASURE_REASONING);
}

uint64_t measure_worst_case(const wire_CreditMeasure *measure, const wire_UsageRecord *record)
{
    return divide_up(measure, add_product(worst_input(measure, record), record->reserved_output,
                                          output_weight(measure)));
}

uint64_t measure_consumed(const wire_CreditMeasure *measure, const wire_UsageRecord *record)
{
    const uint64_t quantities[LIMIT_WEIGHTS] = {
        [MEASURE_INPUT_UNCACHED] = record->input_uncached,
        [MEASURE_INPUT_CACHED] = record->input_cached,
        [MEASURE_CACHE_WRITE_5M] = record->cache_write_5m,
        [MEASURE_CACHE_WRITE_1H] = record->cache_write_1h,
        [MEASURE_OUTPUT] = record->output,
        [MEASURE_REASONING] = record->reasoning,
        [MEASURE_AUDIO_IN_MS] = record->audio_in_ms,
        [MEASURE_AUDIO_OUT_CHARS] = record->audio_out_chars,
        [MEASURE_IMAGES] = record->images,
        [MEASURE_VIDEO_MS] = record->video_ms,
        [MEASURE_REQUESTS] = record->requests,
    };
    wide sum = 0;

    if (record->provenance == wire_Provenance_NOT_SENT)
        return 0;
    if (record->provenance != wire_Provenance_VENDOR_FINAL)
        return measure_worst_case(measure, record);
    for (enum measure_class place = MEASURE_INPUT_UNCACHED; place <= MEASURE_REQUESTS; place++)
        sum = add_product(sum, quantities[place], weight_of(measure, place));
    return divide_up(measure, sum);
}

/* ceil(sum / divisor) <= usable is sum <= usable * divisor. */
uint64_t measure_output_room(const wire_CreditMeasure *measure, const wire_UsageRecord *record,
                             uint64_t usable)
{
    const wide most = (wide)usable * divisor_of(measure), input = worst_input(measure, record);
    const uint64_t weight = output_weight(measure);

    if (input > most)
        return 0;
    if (weight == 0 || (most - input) / weight > UINT64_MAX)
        return UINT64_MAX;
    return (uint64_t)((most - input) / weight);
}
