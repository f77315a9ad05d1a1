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

static int setup(void **state)
{
    return route_cache_create((struct route_cache **)state) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    route_cache_free(*state);
    return 0;
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
    route_cache_keep(*state, "r1", 1, 7, routes, 2);
    memcpy(model, "other", 5); /* it was copied, like every text */
    memcpy(use, "other", 6);
    memcpy(voice, "dora", 4);
    assert_true(route_cache_find(*state, "r1", 1, 7, &found, &count));
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

    route_cache_keep(*state, "r1", 1, 7, NULL, 0);
    assert_true(route_cache_find(*state, "r1", 1, 7, &found, &count));
    assert_int_equal(count, 0);
}

/* Texts that stand in the same place as with the device before are kept once. */
static void devices_with_much_the_same_routes_have_their_own(void **state)
{
    struct routes_row routes[] = {a_route("big-1"), a_route("small-1")};
    const struct routes_row *first, *second;
    size_t count;

    route_cache_keep(*state, "r1", 1, 7, routes, 2);
    routes[0].device_id = routes[1].device_id = "r2";
    routes[1].model = "small-2";
    route_cache_keep(*state, "r2", 1, 7, routes, 2);
    assert_true(route_cache_find(*state, "r1", 1, 7, &first, &count));
    assert_true(route_cache_find(*state, "r2", 1, 7, &second, &count));
    assert_string_equal(first[0].device_id, "r1");
    assert_string_equal(second[0].device_id, "r2");
    assert_string_equal(second[1].device_id, "r2");
    assert_string_equal(first[0].model, "big-1");
    assert_string_equal(second[0].model, "big-1");
    assert_ptr_equal(second[0].model, first[0].model);
    assert_string_equal(first[1].model, "small-1");
    assert_string_equal(second[1].model, "small-2");
    assert_string_equal(second[1].base_url, "http://vendor");
}

static void another_generation_epoch_or_device_is_not_known(void **state)
{
    const struct routes_row route = a_route("big-1");
    const struct routes_row *found;
    size_t count;

    route_cache_keep(*state, "r1", 1, 7, &route, 1);
    assert_false(route_cache_find(*state, "r1", 1, 8, &found, &count));
    assert_false(route_cache_find(*state, "r1", 2, 7, &found, &count));
    assert_false(route_cache_find(*state, "r2", 1, 7, &found, &count));
    route_cache_keep(*state, "r1", 1, 8, &route, 1);
    assert_false(route_cache_find(*state, "r1", 1, 7, &found, &count));
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
        route_cache_keep(*state, id, 1, 1, &route, 1);
        known += route_cache_find(*state, id, 1, 1, &found, &count);
    }
    assert_int_equal(known, 16384);
    assert_true(route_cache_find(*state, "r0", 1, 1, &found, &count));
    route_cache_trim(*state);
    assert_false(route_cache_find(*state, "r0", 1, 1, &found, &count));
    /* what was forgotten lends no text any more */
    const struct routes_row other = a_route("a-model-with-a-longer-name");
    route_cache_keep(*state, "r39998", 1, 1, &other, 1);
    route_cache_keep(*state, "r39999", 1, 1, &route, 1);
    route_cache_trim(*state); /* there is room: nothing to do */
    assert_true(route_cache_find(*state, "r39999", 1, 1, &found, &count));
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
        cmocka_unit_test_setup_teardown(devices_with_much_the_same_routes_have_their_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_generation_epoch_or_device_is_not_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_cache_keeps_what_it_has_until_it_is_trimmed, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
