#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/wire/setting.h"

/* Any JSON is a value somebody may try for any setting; the first byte says which. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const struct setting_spec *table = setting_table(&count);
    char reason[LIMIT_REASON + 1] = "";
    struct json *json = NULL;

    if (size < 1 || json_parse(span_of(data + 1, size - 1), &json, NULL) != STATUS_OK)
        return 0;
    if (setting_check(&table[data[0] % count], json, reason) != STATUS_OK)
        FUZZ_CHECK(strlen(reason) > 0);
    json_free(json);
    return 0;
}
