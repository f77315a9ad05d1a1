#include "server/bus/brokers.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#define DEVICES 3000

static void parse(struct brokers *out, const char *servers, const char *robots)
{
    char problem[256];

    assert_int_equal(brokers_parse(out, servers, robots, problem), STATUS_OK);
}

static void refuse(const char *servers, const char *robots, const char *because)
{
    struct brokers brokers;
    char problem[256];

    assert_int_equal(brokers_parse(&brokers, servers, robots, problem), STATUS_INVALID);
    assert_non_null(strstr(problem, because));
    brokers_release(&brokers);
}

/* The position of each device's own broker. */
static void find_homes(const struct brokers *brokers, const char *homes[DEVICES])
{
    for (size_t i = 0; i < DEVICES; i++) {
        const char *addresses[LIMIT_BROKERS];
        char device_id[32];

        snprintf(device_id, sizeof device_id, "sim-%04zu", i);
        brokers_tell(brokers, device_id, addresses);
        homes[i] = addresses[0];
    }
}

static void devices_are_spread_evenly(void **state)
{
    struct brokers brokers;
    const char *homes[DEVICES];

    (void)state;
    parse(&brokers, "s1:1,s2:1,s3:1", "r1:1,r2:1,r3:1");
    find_homes(&brokers, homes);
    for (size_t at = 0; at < 3; at++) {
        size_t count = 0;

        for (size_t i = 0; i < DEVICES; i++)
            count += strcmp(homes[i], brokers.robots[at]) == 0;
        assert_in_range(count, DEVICES / 3 - 150, DEVICES / 3 + 150);
    }
    brokers_release(&brokers);
}

static void a_further_broker_moves_its_own_share_alone(void **state)
{
    struct brokers two, three;
    const char *before[DEVICES], *after[DEVICES];
    size_t moved = 0;

    (void)state;
    parse(&two, "s1:1,s2:1", "r1:1,r2:1");
    parse(&three, "s3:1,s1:1,s2:1", "r3:1,r1:1,r2:1");
    find_homes(&two, before);
    find_homes(&three, after);
    for (size_t i = 0; i < DEVICES; i++) {
        bool is_same = strcmp(before[i], after[i]) == 0;

        assert_true(is_same || strcmp(after[i], "r3:1") == 0);
        moved += !is_same;
    }
    assert_in_range(moved, DEVICES / 3 - 150, DEVICES / 3 + 150);
    brokers_release(&two);
    brokers_release(&three);
}

static void a_device_is_told_each_broker_once(void **state)
{
    struct brokers brokers;
    const char *addresses[LIMIT_BROKERS];
    unsigned seen = 0;

    (void)state;
    parse(&brokers, "s1:1,s2:1,s3:1,s4:1", "r1:1,r2:1,r3:1,r4:1");
    brokers_tell(&brokers, "kitchen-7", addresses);
    for (size_t i = 0; i < 4; i++)
        seen |= 1u << (addresses[i][1] - '1');
    assert_int_equal(seen, 15);
    brokers_release(&brokers);
}

static void addresses_of_one_broker_stay_in_their_order(void **state)
{
    struct brokers brokers;

    (void)state;
    parse(&brokers, "s:1", "r1:1,r2:1,r3:1");
    assert_false(brokers_are_spread(&brokers));
    for (size_t i = 0; i < 100; i++) {
        const char *addresses[LIMIT_BROKERS];
        char device_id[32];

        snprintf(device_id, sizeof device_id, "sim-%04zu", i);
        brokers_tell(&brokers, device_id, addresses);
        assert_string_equal(addresses[0], "r1:1");
        assert_string_equal(addresses[2], "r3:1");
    }
    brokers_release(&brokers);
}

static void lists_that_make_no_pairs_are_refused(void **state)
{
    (void)state;
    refuse("s1:1,s2:1", "r1:1", "at the same place of both");
    refuse("s1:1,s2:1", "r1:1,r2:1,r3:1", "at the same place of both");
    refuse("", "r1:1", "broker must be 1 to 4 addresses");
    refuse("s:1", "r1:1,,r2:1", "robot_broker must be 1 to 4 addresses");
    refuse("s:1", "r1:1,", "robot_broker must be 1 to 4 addresses");
    refuse("s:1", "a:1,b:1,c:1,d:1,e:1", "robot_broker must be 1 to 4 addresses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_spread_evenly),
        cmocka_unit_test(a_further_broker_moves_its_own_share_alone),
        cmocka_unit_test(a_device_is_told_each_broker_once),
        cmocka_unit_test(addresses_of_one_broker_stay_in_their_order),
        cmocka_unit_test(lists_that_make_no_pairs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
