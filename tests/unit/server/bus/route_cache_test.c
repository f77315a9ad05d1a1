#include "server/bus/route_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct routes_row a_route(const char *model)
{
    return (struct routes_row){
        .device_id = "r1",
        .vendor_id = "dahan",
        .model = model,
        .contract_id = "dahan-2026",
        .contract_version = 2,
        .is_complete = true,
        .dialect = "openai",
        .base_url = "http://vendor",
        .vendor_region = "cn",
        .key_wrapped = span_text("sealed"),
        .device_region = "cn",
        .filing = "",
        .rollout_id = "switch",
        .use = "chat",
        .voice = "",
    };
}

struct fixture {
    struct route_cache *cache;
    struct arena *arena;
};

static int setup(void **state)
{
    static struct fixture fixture;

    *state = &fixture;
    return route_cache_create(&fixture.cache) == STATUS_OK &&
                   arena_create(&fixture.arena, 64u << 20) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    route_cache_free(fixture->cache);
    arena_free(fixture->arena);
    return 0;
}

static void keep(void **state, const char *device_id, int64_t generation,
                 const struct routes_row *routes, size_t count)
{
    route_cache_keep(((struct fixture *)*state)->cache, device_id, 1, generation, routes, count);
}

static bool find(void **state, const char *device_id, int64_t generation,
                 const struct routes_row **found, size_t *count)
{
    struct fixture *fixture = *state;

    return route_cache_find(fixture->cache, fixture->arena, device_id, 1, generation, found, count);
}

static void a_generations_routes_come_back_as_they_were_without_the_key(void **state)
{
    char model[] = "big-1";
    char use[] = "speech", voice[] = "tara";
    struct routes_row routes[] = {a_route(model), a_route("small-1")};
    const struct routes_row *found;
    size_t count;

    routes[0].use = use;
    routes[0].voice = voice;
    keep(state, "r1", 7, routes, 2);
    memcpy(model, "other", 5); /* it was copied, like every text */
    memcpy(use, "other", 6);
    memcpy(voice, "dora", 4);
    assert_true(find(state, "r1", 7, &found, &count));
    assert_int_equal(count, 2);
    assert_string_equal(found[0].model, "big-1");
    assert_string_equal(found[1].model, "small-1");
    assert_string_equal(found[0].use, "speech");
    assert_string_equal(found[0].voice, "tara");
    assert_int_equal(found[0].contract_version, 2);
    assert_true(found[0].is_complete);
    assert_int_equal(found[0].key_wrapped.size, 0);
}

static void a_device_without_routes_is_known_to_have_none(void **state)
{
    const struct routes_row *found;
    size_t count = 1;

    keep(state, "r1", 7, NULL, 0);
    assert_true(find(state, "r1", 7, &found, &count));
    assert_int_equal(count, 0);
}

/* A fleet of ten thousand that is moved ever again must not fill the cache with the same list. */
static void a_list_is_kept_once_for_all_who_have_it(void **state)
{
    struct routes_row here[] = {a_route("big-1"), a_route("small-1")};
    struct routes_row there[] = {a_route("small-1"), a_route("big-1")};
    const struct routes_row *first, *other, *last;
    size_t count;

    keep(state, "r1", 7, here, 2);
    keep(state, "r2", 7, there, 2);
    here[0].since_ms = 5; /* of that device's generation */
    here[0].key_wrapped = span_text("its own");
    keep(state, "r3", 9, here, 2);
    assert_true(find(state, "r1", 7, &first, &count));
    assert_true(find(state, "r2", 7, &other, &count));
    assert_true(find(state, "r3", 9, &last, &count));
    assert_ptr_equal(last[1].base_url, first[1].base_url);
    assert_ptr_not_equal(other[0].base_url, first[0].base_url);
    assert_string_equal(last[0].device_id, "r3");
    assert_string_equal(last[0].model, "big-1");
    assert_string_equal(other[0].model, "small-1");
}

/* Each field that a route may differ in makes another list. */
static void devices_whose_routes_differ_in_anything_have_their_own(void **state)
{
    struct routes_row routes[10];
    const struct routes_row *found;
    char id[16];
    size_t count;

    for (size_t i = 0; i < 10; i++)
        routes[i] = a_route("big-1");
    routes[1].contract_version = 3;
    routes[2].is_complete = false;
    routes[3].is_minted = true;
    routes[4].pair_is_open = true;
    routes[5].filing_is_due = true;
    routes[6].window_s = 9;
    routes[7].is_test = true;
    routes[8].is_install = true;
    routes[9].is_under_way = true;
    for (size_t i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "r%zu", i);
        keep(state, id, 1, &routes[i], 1);
    }
    for (size_t i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "r%zu", i);
        assert_true(find(state, id, 1, &found, &count));
        assert_int_equal(found->contract_version, routes[i].contract_version);
        assert_int_equal(found->is_complete, routes[i].is_complete);
        assert_int_equal(found->is_minted, routes[i].is_minted);
        assert_int_equal(found->pair_is_open, routes[i].pair_is_open);
        assert_int_equal(found->filing_is_due, routes[i].filing_is_due);
        assert_int_equal(found->window_s, routes[i].window_s);
        assert_int_equal(found->is_test, routes[i].is_test);
        assert_int_equal(found->is_install, routes[i].is_install);
        assert_int_equal(found->is_under_way, routes[i].is_under_way);
    }
}

static void devices_with_much_the_same_routes_have_their_own(void **state)
{
    struct routes_row routes[] = {a_route("big-1"), a_route("small-1")};
    const struct routes_row *first, *second;
    size_t count;

    keep(state, "r1", 7, routes, 2);
    routes[0].device_id = routes[1].device_id = "r2";
    routes[1].model = "small-2";
    keep(state, "r2", 7, routes, 2);
    assert_true(find(state, "r1", 7, &first, &count));
    assert_true(find(state, "r2", 7, &second, &count));
    assert_string_equal(first[0].device_id, "r1");
    assert_string_equal(second[0].device_id, "r2");
    assert_string_equal(second[1].device_id, "r2");
    assert_string_equal(first[0].model, "big-1");
    assert_string_equal(second[0].model, "big-1");
    assert_string_equal(first[1].model, "small-1");
    assert_string_equal(second[1].model, "small-2");
    assert_string_equal(second[1].base_url, "http://vendor");
}

static void another_generation_epoch_or_device_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    const struct routes_row route = a_route("big-1");
    const struct routes_row *found;
    size_t count;

    keep(state, "r1", 7, &route, 1);
    assert_false(find(state, "r1", 8, &found, &count));
    assert_false(route_cache_find(fixture->cache, fixture->arena, "r1", 2, 7, &found, &count));
    assert_false(find(state, "r2", 7, &found, &count));
    keep(state, "r1", 8, &route, 1);
    assert_false(find(state, "r1", 7, &found, &count));
}

static void a_full_cache_keeps_what_it_has_until_it_is_trimmed(void **state)
{
    const struct routes_row route = a_route("big-1");
    const struct routes_row *found;
    char id[16];
    size_t count;
    size_t known = 0;

    for (int i = 0; i < 40000; i++) {
        snprintf(id, sizeof id, "r%d", i);
        keep(state, id, 1, &route, 1);
        known += find(state, id, 1, &found, &count);
    }
    assert_int_equal(known, 16384);
    assert_true(find(state, "r0", 1, &found, &count));
    route_cache_trim(((struct fixture *)*state)->cache);
    assert_false(find(state, "r0", 1, &found, &count));
    /* what was forgotten lends no text any more */
    const struct routes_row other = a_route("a-model-with-a-longer-name");
    keep(state, "r39998", 1, &other, 1);
    keep(state, "r39999", 1, &route, 1);
    route_cache_trim(((struct fixture *)*state)->cache); /* there is room: nothing to do */
    assert_true(find(state, "r39999", 1, &found, &count));
    assert_string_equal(found[0].model, "big-1");
    assert_string_equal(found[0].base_url, "http://vendor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_generations_routes_come_back_as_they_were_without_the_key,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_without_routes_is_known_to_have_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_list_is_kept_once_for_all_who_have_it, setup, teardown),
        cmocka_unit_test_setup_teardown(devices_whose_routes_differ_in_anything_have_their_own,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(devices_with_much_the_same_routes_have_their_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_generation_epoch_or_device_is_not_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_cache_keeps_what_it_has_until_it_is_trimmed, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
