#include "tests/fuzz/fuzz.h"

#include "server/money/rate.h"

/* What was read can be rated, and never costs less than nothing. */
static void rate(const struct contract *contract, const uint8_t *data, size_t size)
{
    uint64_t quantities[CONTRACT_METRICS];
    struct decimal price;
    unsigned unpriced;

    for (size_t i = 0; i < CONTRACT_METRICS; i++)
        quantities[i] = size > i ? (uint64_t)data[size - 1 - i] << (4 * (i % 10)) : 0;
    if (rate_record(contract->versions, "big", quantities, &price, &unpriced) == STATUS_OK) {
        char text[DECIMAL_TEXT_SIZE];

        decimal_format(price, text);
        FUZZ_CHECK(text[0] != '-');
    }
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
