#include "tests/fuzz/fuzz.h"

#include "schema/base/json.h"

struct target {
    const char *name;
    const char *slug;
    int64_t number;
    int64_t at_ms;
    bool flag;
    const struct json *any;
};

static const struct json_field fields[] = {
    {.name = "n", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct target, name), .max = 9},
    {.name = "s", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct target, slug)},
    {.name = "i", .kind = JSON_FIELD_INT, .offset = offsetof(struct target, number), .max = 9},
    {.name = "t", .kind = JSON_FIELD_TIME, .offset = offsetof(struct target, at_ms)},
    {.name = "b", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct target, flag)},
    {.name = "a", .kind = JSON_FIELD_ANY, .offset = offsetof(struct target, any)},
};

static void decode(const struct json *json)
{
    struct arena *arena = NULL;
    struct target target = {0};
    struct json_problem problem;

    FUZZ_CHECK(arena_create(&arena, 256) == STATUS_OK);
    enum status status =
        json_decode(json, fields, sizeof fields / sizeof fields[0], &target, arena, &problem);
    FUZZ_CHECK((status == STATUS_OK) == (problem.detail[0] == 0));
    arena_free(arena);
}

/* A document that was read can be written and read again. */
static void dump(const struct json *json)
{
    struct buffer first, second;
    struct json *again = NULL;

    buffer_init(&first, 16 << 20);
    buffer_init(&second, 16 << 20);
    json_dump(json, &first);
    FUZZ_CHECK(buffer_status(&first) == STATUS_OK);
    if (buffer_span(&first).size <= 1 << 20) {
        FUZZ_CHECK(json_parse(buffer_span(&first), &again, NULL) == STATUS_OK);
        json_dump(again, &second);
        FUZZ_CHECK(span_equal(buffer_span(&first), buffer_span(&second)));
    }
    json_free(again);
    buffer_release(&second);
    buffer_release(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json = NULL;
    char problem[160];

    if (json_parse(span_of(data, size), &json, problem) != STATUS_OK)
        return 0;
    decode(json);
    dump(json);
    json_free(json);
    return 0;
}
