#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/wire/manifest.h"

/* A document comes from whoever signs, or says so: what is taken can be asked for, be a path's part
 * and stand in a log. An envelope of it is read as it was written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_problem problem = {.pointer = ""};
    struct manifest_envelope envelope;
    struct manifest manifest;
    struct json *json = NULL;

    if (manifest_read(span_of(data, size), &manifest, &problem) == STATUS_OK) {
        FUZZ_CHECK(strncmp(manifest.url, "https://", 8) == 0);
        FUZZ_CHECK(strpbrk(manifest.url, " \"'\\\r\n") == NULL);
        FUZZ_CHECK(strchr(manifest.version, '/') == NULL && manifest.version[0] != '.');
        FUZZ_CHECK(strchr(manifest.installer, '/') == NULL && manifest.installer[0] != 0);
        FUZZ_CHECK(manifest.size_bytes > 0 && manifest.counter > 0);
    }
    if (json_parse(span_of(data, size), &json, NULL) != STATUS_OK)
        return 0;
    if (manifest_open(json, &envelope, &problem) == STATUS_OK)
        FUZZ_CHECK(envelope.signature_size > 0 &&
                   envelope.signature_size <= sizeof envelope.signature);
    json_free(json);
    return 0;
}
