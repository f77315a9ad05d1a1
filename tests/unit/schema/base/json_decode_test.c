#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/json.h"

struct order {
    const char *name;
    const char *slug;
    int64_t count;
    bool gift;
    bool has_gift;
    int64_t at_ms;
    const struct json *extra;
    bool has_extra;
};

static const struct json_field fields[] = {
    {.name = "name",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, name),
     .required = true,
     .min = 1,
     .max = 8},
    {.name = "slug", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, slug)},
    {.name = "role",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, slug),
     .choices = "viewer|operator"},
    {.name = "count",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct order, count),
     .min = 1,
     .max = 9},
    {.name = "gift",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct order, gift),
     .set_offset = offsetof(struct order, has_gift)},
    {.name = "at", .kind = JSON_FIELD_TIME, .offset = offsetof(struct order, at_ms)},
    {.name = "a/b~",
     .kind = JSON_FIELD_ANY,
     .offset = offsetof(struct order, extra),
     .set_offset = offsetof(struct order, has_extra)},
};

struct attempt {
    struct json *json;
    struct arena *arena;
    struct order order;
    struct json_problem problem;
    enum status status;
};

static void decode(struct attempt *attempt, const char *text, size_t arena_bytes)
{
    memset(attempt, 0, sizeof *attempt);
    attempt->order.count = 42;
    attempt->order.has_gift = true;
    assert_int_equal(arena_create(&attempt->arena, arena_bytes), STATUS_OK);
    assert_int_equal(json_parse(span_text(text), &attempt->json, NULL), STATUS_OK);
    attempt->status = json_decode(attempt->json, fields, sizeof fields / sizeof fields[0],
                                  &attempt->order, attempt->arena, &attempt->problem);
}

static void release(struct attempt *attempt)
{
    json_free(attempt->json);
    arena_free(attempt->arena);
}

static void members_land_in_their_fields(void **state)
{
    struct attempt attempt;

    (void)state;
    decode(&attempt,
           "{\"at\": \"1970-01-01T00:00:01Z\", \"a/b~\": [1], \"gift\": false, \"count\": 9,"
           " \"slug\": \"a-1\", \"name\": \"robot\"}",
           4096);
    assert_int_equal(attempt.status, STATUS_OK);
    assert_string_equal(attempt.order.name, "robot");
    assert_string_equal(attempt.order.slug, "a-1");
    assert_int_equal(attempt.order.count, 9);
    assert_false(attempt.order.gift);
    assert_true(attempt.order.has_gift);
    assert_int_equal(attempt.order.at_ms, 1000);
    assert_int_equal(json_count(attempt.order.extra), 1);
    assert_true(attempt.order.has_extra);
    release(&attempt);
}

static void what_may_be_left_out_keeps_what_was_there_and_says_so(void **state)
{
    struct attempt attempt;

    (void)state;
    decode(&attempt, "{\"name\": \"robot\"}", 4096);
    assert_int_equal(attempt.status, STATUS_OK);
    assert_int_equal(attempt.order.count, 42);
    assert_false(attempt.order.has_gift);
    assert_null(attempt.order.extra);
    release(&attempt);
}

static void each_mistake_names_its_member_and_the_cure(void **state)
{
    static const struct {
        const char *text, *pointer, *detail;
    } mistakes[] = {
        {"[]", "", "must be an object"},
        {"{}", "/name", "is missing"},
        {"{\"name\": null}", "/name", "must be text"},
        {"{\"name\": \"\"}", "/name", "must not be empty"},
        {"{\"name\": \"123456789\"}", "/name", "must have at most 8 bytes"},
        {"{\"name\": \"a\", \"nmae\": 1}", "/nmae", "is not known here"},
        {"{\"name\": \"a\", \"x/y~z\": 1}", "/x~1y~0z", "is not known here"},
        {"{\"name\": \"a\", \"slug\": \"A\"}", "/slug", "must be 1 to 48 of a-z, 0-9 and -"},
        {"{\"name\": \"a\", \"slug\": \"\"}", "/slug", "must be 1 to 48 of a-z, 0-9 and -"},
        {"{\"name\": \"a\", \"role\": \"view\"}", "/role", "must be one of viewer, operator"},
        {"{\"name\": \"a\", \"role\": \"viewer|operator\"}", "/role",
         "must be one of viewer, operator"},
        {"{\"name\": \"a\", \"count\": 10}", "/count", "must be from 1 to 9"},
        {"{\"name\": \"a\", \"count\": 0}", "/count", "must be from 1 to 9"},
        {"{\"name\": \"a\", \"count\": 1.0}", "/count", "must be an integer"},
        {"{\"name\": \"a\", \"gift\": 1}", "/gift", "must be true or false"},
        {"{\"name\": \"a\", \"at\": \"noon\"}", "/at", "must be a time like 2026-11-22T10:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct attempt attempt;

        decode(&attempt, mistakes[i].text, 4096);
        assert_int_equal(attempt.status, STATUS_INVALID);
        assert_string_equal(attempt.problem.pointer, mistakes[i].pointer);
        assert_string_equal(attempt.problem.detail, mistakes[i].detail);
        release(&attempt);
    }
}

static void a_mistake_leaves_the_target_untouched(void **state)
{
    struct attempt attempt;

    (void)state;
    decode(&attempt, "{\"name\": \"robot\", \"count\": 3, \"at\": \"noon\"}", 4096);
    assert_int_equal(attempt.status, STATUS_INVALID);
    assert_null(attempt.order.name);
    assert_int_equal(attempt.order.count, 42);
    assert_true(attempt.order.has_gift);
    release(&attempt);
}

static void more_members_than_known_ones_are_refused(void **state)
{
    struct attempt attempt;

    (void)state;
    decode(&attempt,
           "{\"name\":\"a\",\"slug\":\"a\",\"role\":\"viewer\",\"count\":1,\"gift\":true,"
           "\"at\":\"1970-01-01T00:00:01Z\",\"a/b~\":0,\"one more\":1}",
           4096);
    assert_int_equal(attempt.status, STATUS_INVALID);
    assert_string_equal(attempt.problem.pointer, "/one more");
    release(&attempt);
}

static void a_full_arena_is_not_the_callers_mistake(void **state)
{
    struct attempt attempt;

    (void)state;
    decode(&attempt, "{\"name\": \"robot\"}", 1);
    assert_int_equal(attempt.status, STATUS_FULL);
    assert_string_equal(attempt.problem.pointer, "/name");
    release(&attempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_land_in_their_fields),
        cmocka_unit_test(what_may_be_left_out_keeps_what_was_there_and_says_so),
        cmocka_unit_test(each_mistake_names_its_member_and_the_cure),
        cmocka_unit_test(a_mistake_leaves_the_target_untouched),
        cmocka_unit_test(more_members_than_known_ones_are_refused),
        cmocka_unit_test(a_full_arena_is_not_the_callers_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
