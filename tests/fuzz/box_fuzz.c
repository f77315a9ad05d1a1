#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/box.h"

/* The fuzzer cannot forge a box; but it may fill in the key ids, so that it gets as far as the
 * seal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct box_pair pair = {
        .device_id = "robot-1", .device_public = {1}, .server_public = {2}, .secret = {3}};
    uint8_t *box = malloc(size + 1), *out = malloc(size + 1);
    size_t out_size = 0;

    FUZZ_CHECK(box && out);
    if (size > 0)
        memcpy(box, data, size);
    if (size >= 9 && data[0] == BOX_VERSION) {
        box_key_id(pair.device_public, box + 1);
        box_key_id(pair.server_public, box + 5);
    }
    FUZZ_CHECK(box_open(&pair, BOX_UP, 2, span_of(box, size), out, &out_size) != STATUS_OK);
    FUZZ_CHECK(out_size == 0);
    free(out);
    free(box);
    return 0;
}
