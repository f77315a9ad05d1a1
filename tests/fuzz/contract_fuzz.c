#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/money/bill.h"
#include "server/money/weight.h"

#define BILLED_DAYS 400 /* of longer terms there would be lines for minutes */

/* What was read can be rated, and never costs less than nothing. */
static void rate(const struct contract *contract, struct arena *arena, const uint8_t *data,
                 size_t size)
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
    struct bill made;
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
        if (contract->term_first != CONTRACT_NO_DAY &&
            contract->term_end - contract->term_first <= BILLED_DAYS &&
            bill_make(tally, BILL_WHOLE_TERM, arena, &made) == STATUS_OK)
            FUZZ_CHECK(made.line_count == 0 || made.lines);
        tally_free(tally);
    }
    zone_close(zone);
}

/* Versions follow one another, and a document joined to itself ends what was there. */
static void join(const struct contract *contract, struct arena *arena)
{
    const struct contract_terms *last = &contract->versions[contract->version_count - 1];
    int64_t first = last->end == CONTRACT_FOREVER ? 40000 : last->end - 1;
    struct contract joined;

    for (size_t i = 1; i < contract->version_count; i++)
        FUZZ_CHECK(contract->versions[i].first == contract->versions[i - 1].end);
    if (contract_amend(contract, contract, first * 86400000, first, arena, &joined) != STATUS_OK)
        return;
    FUZZ_CHECK(joined.version_count == 2 * contract->version_count);
    FUZZ_CHECK(contract_terms_on(&joined, first) ==
               contract_terms_at(&joined, first * 86400000, first));
}

/* What a hard cap on spend was written with has weights for credit. */
static void weigh(const struct contract *contract)
{
    char reason[160];

    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        struct contract alone = {.versions = terms, .version_count = 1};

        for (size_t i = 0; i < terms->cap_count; i++)
            FUZZ_CHECK(!terms->caps[i].hard || terms->caps[i].quantity.source != CONTRACT_SPEND ||
                       weight_check(&alone, 0, reason) == STATUS_OK);
    }
}

/* Going on after a problem finds the first one as well, and none where there is none. */
static void check(const struct json *json, struct arena *arena, enum status read,
                  const struct json_problem *first)
{
    struct json_problem problems[64];
    struct contract contract;
    size_t count;
    enum status status = contract_check(json, arena, &contract, problems, 64, &count);
    bool is_there = false;

    if (status == STATUS_MEMORY || read == STATUS_MEMORY)
        return;
    FUZZ_CHECK(status == read && (count > 0) == (read == STATUS_INVALID));
    for (size_t i = 0; i < count; i++)
        is_there = is_there || strcmp(problems[i].pointer, first->pointer) == 0;
    FUZZ_CHECK(read == STATUS_OK || is_there || count == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json = NULL;
    struct arena *arena = NULL;
    struct contract contract;
    struct json_problem problem = {0};

    if (json_parse(span_of(data, size), &json, NULL) != STATUS_OK)
        return 0;
    FUZZ_CHECK(arena_create(&arena, 16u << 20) == STATUS_OK);
    enum status status = contract_read(json, arena, &contract, &problem);
    if (status == STATUS_OK) {
        rate(&contract, arena, data, size);
        join(&contract, arena);
        weigh(&contract);
    } else {
        FUZZ_CHECK(status != STATUS_INVALID || problem.detail[0]);
    }
    check(json, arena, status, &problem);
    arena_free(arena);
    json_free(json);
    return 0;
}
