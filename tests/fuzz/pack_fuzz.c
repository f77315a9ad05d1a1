#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

#include "agent/face/pack.h"

/* Whatever the file, a pack that is taken can be blended to finite numbers anywhere on its axes. */
static void blend_everywhere(const struct pack *pack)
{
    double numbers[PACK_MAX_NUMBERS];

    for (int corner = -2; corner <= 2; corner++) {
        struct pack_values values;

        for (size_t i = 0; i < PACK_AXIS_COUNT; i++)
            values.at[i] = i % 2 ? corner : -corner;
        pack_settle(&values);
        for (size_t i = 0; i < pack->shape_count; i++) {
            const struct pack_shape *shape = &pack->shapes[i];

            FUZZ_CHECK(shape->clip < (int)i);
            pack_blend(shape, &values, numbers);
            for (size_t k = 0; k < shape->svg->number_count; k++)
                FUZZ_CHECK(isfinite(numbers[k]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char problem[PACK_PROBLEM_SIZE] = "";
    struct pack *pack = NULL;
    enum status status = pack_read(&pack, span_of(data, size), problem);

    FUZZ_CHECK(strnlen(problem, sizeof problem) < sizeof problem);
    FUZZ_CHECK((status == STATUS_OK) == (pack != NULL));
    if (pack)
        blend_everywhere(pack);
    pack_free(pack);
    return 0;
}
