#include "tests/fuzz/fuzz.h"

#include "server/fleet/rollout_plan.h"

/* A plan that was taken is kept in full, and kept again it is the same. */
static void keep(const struct rollout_plan *plan, struct arena *arena)
{
    struct json_problem problem;
    struct json_writer writer;
    struct rollout_plan again;
    struct buffer once, twice;
    struct json *json = NULL;

    buffer_init(&once, 1u << 20);
    buffer_init(&twice, 1u << 20);
    json_writer_init(&writer, &once);
    rollout_plan_write(&writer, plan);
    FUZZ_CHECK(json_parse(buffer_span(&once), &json, NULL) == STATUS_OK);
    FUZZ_CHECK(rollout_plan_read(json, false, arena, &again, &problem) == STATUS_OK);
    json_writer_init(&writer, &twice);
    rollout_plan_write(&writer, &again);
    FUZZ_CHECK(span_equal(buffer_span(&once), buffer_span(&twice)));
    json_free(json);
    buffer_release(&twice);
    buffer_release(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_problem problem = {.detail = ""};
    struct rollout_plan plan;
    struct arena *arena = NULL;
    struct json *json = NULL;

    FUZZ_CHECK(arena_create(&arena, 4u << 20) == STATUS_OK);
    if (json_parse(span_of(data, size), &json, NULL) == STATUS_OK) {
        if (rollout_plan_read(json, size % 2 == 0, arena, &plan, &problem) == STATUS_OK) {
            FUZZ_CHECK(plan.wave_count > 0 && plan.wave_count <= ROLLOUT_PLAN_WAVES);
            FUZZ_CHECK(plan.waves[plan.wave_count - 1].share == ROLLOUT_PLAN_ALL);
            keep(&plan, arena);
        } else {
            FUZZ_CHECK(problem.detail[0] != '\0' || arena_failed(arena));
        }
    }
    json_free(json);
    arena_free(arena);
    return 0;
}
