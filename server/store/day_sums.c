#include "server/store/day_sums.h"

#include <string.h>

#include "schema/wire/message.h"

/* How many of the last rows a record is compared with: robots of one fleet use few models, and
 * repeating a row costs no more than adding it up in the database. */
#define LOOK_BACK 16

static bool is_of(const struct day_sum *sum, const struct booking_record *record)
{
    return sum->day == record->day && strcmp(sum->model, record->model) == 0 &&
           strcmp(sum->contract_id, record->contract_id) == 0 &&
           strcmp(sum->vendor_id, record->vendor_id) == 0;
}

static struct day_sum begin(const struct booking_record *record)
{
    return (struct day_sum){
        .contract_id = record->contract_id,
        .vendor_id = record->vendor_id,
        .model = record->model,
        .currency = record->currency,
        .day = record->day,
    };
}

static void count_one(struct day_sum *sum, const struct booking_record *record)
{
    const int64_t requests = record->quantities[CONTRACT_REQUESTS];
    const bool is_summary = record->attempt == 0 && record->device_id[0] != '\0';
    const int64_t attempts = is_summary && requests > 1 ? requests : 1;

    sum->attempts += attempts;
    if (record->outcome == wire_Outcome_FAILED)
        sum->failed += attempts;
    if (record->provenance != wire_Provenance_VENDOR_FINAL &&
        record->provenance != wire_Provenance_NOT_SENT)
        sum->uncertain += attempts;
    for (size_t i = 0; i < CONTRACT_METRICS; i++)
        sum->quantities[i] += record->quantities[i];
}

enum status day_sums_make(struct arena *arena, const struct booking_record *records, size_t count,
                          struct day_sum *sums, size_t *made)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const size_t first = used > LOOK_BACK ? used - LOOK_BACK : 0;
        struct decimal price, total;
        size_t at = used;

        if (decimal_parse_exact(span_text(records[i].price), &price) != STATUS_OK)
            return STATUS_INVALID;
        while (at > first && !is_of(&sums[at - 1], &records[i]))
            at--;
        /* what does not fit any more begins another row */
        if (at == first || decimal_add(sums[at - 1].total, price, &total) != STATUS_OK) {
            sums[used] = begin(&records[i]);
            total = price;
            at = ++used;
        }
        sums[at - 1].total = total;
        count_one(&sums[at - 1], &records[i]);
    }
    for (size_t i = 0; i < used; i++) {
        char text[DECIMAL_TEXT_SIZE];

        decimal_format(sums[i].total, text);
        sums[i].price = arena_text(arena, span_text(text));
    }
    *made = used;
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}
