#include "tests/fuzz/fuzz.h"

#include "server/money/decimal.h"
#include "server/store/invoice_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;
    struct invoice_file_cell *cells;
    struct json_problem problem = {0};
    size_t count;

    FUZZ_CHECK(arena_create(&arena, 64u << 20) == STATUS_OK);
    enum status status = invoice_file_read(span_of(data, size), arena, &cells, &count, &problem);
    FUZZ_CHECK(status == STATUS_OK || status == STATUS_MEMORY || problem.detail[0]);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct decimal quantity;

        FUZZ_CHECK(cells[i].metric[0] && cells[i].model && cells[i].attempt >= -1);
        FUZZ_CHECK(decimal_parse(span_text(cells[i].quantity), &quantity) == STATUS_OK);
    }
    arena_free(arena);
    return 0;
}
