#include "tests/fuzz/fuzz.h"

#include "schema/base/json.h"
#include "server/fleet/filter.h"

/* A canonical text reads as itself, and its program is JSON of as many terms. */
static void check(const struct filter *filter, struct arena *arena)
{
    struct filter_problem problem;
    struct buffer once, twice;
    struct filter again;
    struct json *json = NULL;

    buffer_init(&once, 1 << 20);
    buffer_init(&twice, 1 << 20);
    filter_print(filter, &once);
    FUZZ_CHECK(buffer_status(&once) == STATUS_OK);
    enum status status = filter_parse(buffer_span(&once), arena, &again, &problem);
    /* quotes make it longer */
    FUZZ_CHECK(status != STATUS_INVALID || buffer_span(&once).size > FILTER_MAX_BYTES);
    if (status == STATUS_OK) {
        filter_print(&again, &twice);
        FUZZ_CHECK(span_equal(buffer_span(&once), buffer_span(&twice)));
    }
    buffer_clear(&once);
    filter_write_program(filter, &once);
    FUZZ_CHECK(json_parse(buffer_span(&once), &json, NULL) == STATUS_OK);
    FUZZ_CHECK(json_count(json_member(json, "terms")) == filter->term_count);
    json_free(json);
    buffer_release(&twice);
    buffer_release(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct filter_problem problem = {0};
    struct filter filter;
    struct arena *arena;

    if (arena_create(&arena, 1u << 20) != STATUS_OK)
        return 0;
    enum status status = filter_parse(span_of(data, size), arena, &filter, &problem);
    FUZZ_CHECK(status != STATUS_INVALID ||
               (problem.detail[0] && problem.position > 0 && problem.position <= size + 1));
    if (status == STATUS_OK) {
        FUZZ_CHECK(filter.term_count > 0 && filter.term_count <= FILTER_MAX_TERMS);
        check(&filter, arena);
    }
    arena_free(arena);
    return 0;
}
