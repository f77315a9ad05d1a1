#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/yaml.h"

/* What is taken is JSON, and JSON is YAML: it comes out the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    struct buffer once, twice;
    struct json *json = NULL;
    char problem[160] = "";

    buffer_init(&once, 1u << 20);
    buffer_init(&twice, 1u << 20);
    if (yaml_to_json(text, &once, problem) != STATUS_OK) {
        FUZZ_CHECK(problem[0] != '\0' || buffer_status(&once) != STATUS_OK);
    } else if (json_parse(buffer_span(&once), &json, NULL) == STATUS_OK) {
        FUZZ_CHECK(yaml_to_json(buffer_span(&once), &twice, problem) == STATUS_OK);
        FUZZ_CHECK(span_equal(buffer_span(&once), buffer_span(&twice)));
    }
    FUZZ_CHECK(yaml_line(text, "/charges/1/tiers") >= 1);
    json_free(json);
    buffer_release(&twice);
    buffer_release(&once);
    return 0;
}
