#include "tests/fuzz/fuzz.h"

#include "server/store/ledger_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;
    struct ledger_lines_row *rows;
    struct json_problem problem = {0};
    size_t count;

    FUZZ_CHECK(arena_create(&arena, 64u << 20) == STATUS_OK);
    enum status status = ledger_lines_read(span_of(data, size), arena, &rows, &count, &problem);
    FUZZ_CHECK(status == STATUS_OK || status == STATUS_MEMORY || problem.detail[0]);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        FUZZ_CHECK(rows[i].request_id[0] && rows[i].attempt >= -1);
        FUZZ_CHECK(rows[i].input_uncached >= 0 && rows[i].input_cached >= 0);
        FUZZ_CHECK(rows[i].output >= 0 && rows[i].reasoning >= 0);
    }
    arena_free(arena);
    return 0;
}
