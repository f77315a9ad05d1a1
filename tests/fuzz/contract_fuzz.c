#include "tests/fuzz/fuzz.h"

#include "server/money/bill.h"

/* What was read can be rated, and never costs less than nothing. */
static void rate(const struct contract *contract, const uint8_t *data, size_t size)
{
    struct tally_usage usage = {
        .at_ms = INT64_C(1782864000000), /* in July 2026 */
        .device = "r1",
        .model = "big",
        .service_tier = "",
        .replaces = "",
        .is_activity = true,
        .gauge = "",
    };
    char text[DECIMAL_TEXT_SIZE];
    struct decimal price;
    struct zone *zone;
    struct tally *tally;
    unsigned unpriced;

    for (size_t i = 0; i < CONTRACT_METRICS; i++) {
        int64_t quantity = size > i ? (int64_t)data[size - 1 - i] << (4 * (i % 10)) : 0;

        FUZZ_CHECK(fraction_is_decimal(fraction_of(quantity), &usage.quantities[i]));
    }
    if (zone_open(&zone, contract->zone) != STATUS_OK)
        return;
    if (tally_create(&tally, contract, zone) == STATUS_OK) {
        if (bill_add(tally, &usage, &price, &unpriced) == STATUS_OK) {
            decimal_format(price, text);
            FUZZ_CHECK(text[0] != '-');
        }
        tally_free(tally);
    }
    zone_close(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json = NULL;
    struct arena *arena = NULL;
    struct contract contract;
    struct json_problem problem = {0};

    if (json_parse(span_of(data, size), &json, NULL) != STATUS_OK)
        return 0;
    FUZZ_CHECK(arena_create(&arena, 1u << 20) == STATUS_OK);
    enum status status = contract_read(json, arena, &contract, &problem);
    if (status == STATUS_OK)
        rate(&contract, data, size);
    else
        FUZZ_CHECK(status != STATUS_INVALID || problem.detail[0]);
    arena_free(arena);
    json_free(json);
    return 0;
}
