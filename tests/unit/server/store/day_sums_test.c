#include "server/store/day_sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "schema/wire/message.h"

#define MOST 40

struct fixture {
    struct arena *arena;
    struct booking_record records[MOST];
    size_t count;
    struct day_sum sums[MOST];
    size_t made;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    *state = &fixture;
    return arena_create(&fixture.arena, 1u << 16) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static struct booking_record *add(struct fixture *fixture)
{
    struct booking_record *record = &fixture->records[fixture->count++];

    *record = (struct booking_record){
        .device_id = "robot-1",
        .vendor_id = "dahan",
        .model = "big-1",
        .contract_id = "dahan-2026",
        .currency = "CNY",
        .day = 20000,
        .attempt = 1,
        .provenance = wire_Provenance_VENDOR_FINAL,
        .outcome = wire_Outcome_ANSWERED,
        .price = "0.5",
        .quantities = {[CONTRACT_OUTPUT] = 7, [CONTRACT_REQUESTS] = 1},
    };
    return record;
}

static void sum_up(struct fixture *fixture)
{
    assert_int_equal(day_sums_make(fixture->arena, fixture->records, fixture->count, fixture->sums,
                                   &fixture->made),
                     STATUS_OK);
}

static void i5_records_of_one_day_are_one_sum_exact_to_the_last_place(void **state)
{
    struct fixture *fixture = *state;

    snprintf(add(fixture)->price, DECIMAL_TEXT_SIZE, "0.000000000000000000001");
    snprintf(add(fixture)->price, DECIMAL_TEXT_SIZE, "100000000000000000");
    add(fixture);
    sum_up(fixture);
    assert_int_equal(fixture->made, 1);
    assert_string_equal(fixture->sums[0].price, "100000000000000000.500000000000000000001");
    assert_int_equal(fixture->sums[0].quantities[CONTRACT_OUTPUT], 21);
    assert_int_equal(fixture->sums[0].quantities[CONTRACT_REQUESTS], 3);
    assert_int_equal(fixture->sums[0].attempts, 3);
}

static void whatever_differs_in_the_key_is_a_sum_of_its_own(void **state)
{
    struct fixture *fixture = *state;

    add(fixture);
    add(fixture)->day = 20001;
    add(fixture)->model = "big-2";
    add(fixture)->vendor_id = "yingshi";
    add(fixture)->contract_id = "erxian-2026";
    add(fixture);
    sum_up(fixture);
    assert_int_equal(fixture->made, 5);
    assert_int_equal(fixture->sums[0].attempts, 2);
    assert_int_equal(fixture->sums[1].day, 20001);
    assert_string_equal(fixture->sums[2].model, "big-2");
    assert_string_equal(fixture->sums[3].vendor_id, "yingshi");
    assert_string_equal(fixture->sums[4].contract_id, "erxian-2026");
}

static void a_robots_record_without_an_attempt_stands_for_its_requests(void **state)
{
    struct fixture *fixture = *state;
    struct booking_record *summary = add(fixture);

    summary->attempt = 0;
    summary->quantities[CONTRACT_REQUESTS] = 9;
    summary->outcome = wire_Outcome_FAILED;
    summary->provenance = wire_Provenance_WORST_CASE;
    struct booking_record *back_office = add(fixture);
    back_office->attempt = 0;
    back_office->device_id = "";
    back_office->quantities[CONTRACT_REQUESTS] = 9;
    sum_up(fixture);
    assert_int_equal(fixture->made, 1);
    assert_int_equal(fixture->sums[0].attempts, 10);
    assert_int_equal(fixture->sums[0].failed, 9);
    assert_int_equal(fixture->sums[0].uncertain, 9);
    assert_int_equal(fixture->sums[0].quantities[CONTRACT_REQUESTS], 18);
}

static void what_was_not_sent_is_certain(void **state)
{
    struct fixture *fixture = *state;

    add(fixture)->provenance = wire_Provenance_NOT_SENT;
    add(fixture)->provenance = wire_Provenance_ADJUSTMENT;
    sum_up(fixture);
    assert_int_equal(fixture->sums[0].uncertain, 1);
}

static void i5_a_sum_that_is_full_goes_on_in_another(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 3; i++)
        snprintf(add(fixture)->price, DECIMAL_TEXT_SIZE, "80000000000000000");
    sum_up(fixture);
    assert_int_equal(fixture->made, 2);
    assert_string_equal(fixture->sums[0].price, "160000000000000000");
    assert_string_equal(fixture->sums[1].price, "80000000000000000");
    assert_int_equal(fixture->sums[0].attempts + fixture->sums[1].attempts, 3);
}

static void a_key_long_not_seen_may_come_again(void **state)
{
    struct fixture *fixture = *state;
    int64_t attempts = 0;

    for (int i = 0; i < MOST; i++)
        add(fixture)->day = 20000 + i % (MOST / 2);
    sum_up(fixture);
    for (size_t i = 0; i < fixture->made; i++)
        attempts += fixture->sums[i].attempts;
    assert_int_equal(attempts, MOST);
    assert_int_equal(fixture->made, MOST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(i5_records_of_one_day_are_one_sum_exact_to_the_last_place),
        TEST(whatever_differs_in_the_key_is_a_sum_of_its_own),
        TEST(a_robots_record_without_an_attempt_stands_for_its_requests),
        TEST(what_was_not_sent_is_certain),
        TEST(i5_a_sum_that_is_full_goes_on_in_another),
        TEST(a_key_long_not_seen_may_come_again),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
