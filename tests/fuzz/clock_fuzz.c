#include "tests/fuzz/fuzz.h"

#include "schema/base/clock.h"

/* A time that was read can be written and read again as the same one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t first_ms, second_ms;

    if (clock_parse(span_of(data, size), &first_ms) != STATUS_OK)
        return 0;
    clock_format(first_ms, text);
    FUZZ_CHECK(clock_parse(span_text(text), &second_ms) == STATUS_OK);
    /* An offset may lead a few hours out of the years 0 to 9999; what is written is then the edge.
     */
    FUZZ_CHECK(first_ms == second_ms || first_ms < -62167219200000 || first_ms > 253402300799999);
    return 0;
}
