#include "tests/fuzz/fuzz.h"

#include "server/money/usage_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_problem problem = {.detail = ""};
    struct tally_usage usage;
    struct json *json = NULL;

    if (json_parse(span_of(data, size), &json, NULL) != STATUS_OK)
        return 0;
    if (usage_row_read(json, &usage, &problem) != STATUS_OK)
        FUZZ_CHECK(problem.detail[0] != '\0');
    else
        for (size_t i = 0; i < CONTRACT_METRICS; i++)
            FUZZ_CHECK(usage.quantities[i].units >= 0);
    json_free(json);
    return 0;
}
