#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/json.h"
#include "server/money/inquiry.h"

/* No contract is in store: a question must bring its documents. */
static enum status find(void *context, const char *contract_id, struct contract *out)
{
    (void)context;
    (void)contract_id;
    (void)out;
    return STATUS_NOT_FOUND;
}

static void ask(const struct json *question, struct arena *arena)
{
    struct json_problem problems[INQUIRY_PROBLEMS] = {0};
    struct json_problem problem = {0};
    struct inquiry inquiry = {0};
    size_t count = 0;
    int64_t days = -1;

    if (inquiry_days(question, &days, &problem) == STATUS_OK)
        FUZZ_CHECK(days >= 0 && days <= INQUIRY_MOST_DAYS);
    else
        FUZZ_CHECK(problem.detail[0] != '\0');
    if (inquiry_read(question, NULL, "the question", find, NULL, arena, &inquiry, problems,
                     &count) == STATUS_INVALID)
        FUZZ_CHECK(count > 0 && count <= INQUIRY_PROBLEMS && problems[0].detail[0] != '\0');
    comparison_release(&inquiry.comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *question = NULL;
    struct arena *arena = NULL;

    if (json_parse(span_of(data, size), &question, NULL) != STATUS_OK)
        return 0;
    FUZZ_CHECK(arena_create(&arena, 16u << 20) == STATUS_OK);
    ask(question, arena);
    arena_free(arena);
    json_free(question);
    return 0;
}
