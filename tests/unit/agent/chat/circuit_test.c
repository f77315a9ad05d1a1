#include "agent/chat/circuit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHANCE 1 /* gives the shortest wait: half of the first */
#define FIRST  7500

static int64_t note(struct circuit_set *set, size_t place, wire_ErrorClass error_class,
                    int64_t now_ms)
{
    return circuit_set_note(set, place, error_class, -1, now_ms, CHANCE);
}

static struct circuit_set routes(size_t count)
{
    struct circuit_set set = {0};

    circuit_set_begin(&set, 1, count);
    return set;
}

static void a_route_is_left_out_after_three_troubles_in_a_row(void **state)
{
    struct circuit_set set = routes(2);

    (void)state;
    assert_int_equal(note(&set, 0, wire_ErrorClass_BUSY, 0), 0);
    assert_int_equal(note(&set, 0, wire_ErrorClass_NET, 0), 0);
    assert_int_equal(circuit_set_next(&set, 0, 0), 0);
    assert_int_equal(note(&set, 0, wire_ErrorClass_RATE, 0), FIRST);
    assert_int_equal(circuit_set_next(&set, 0, FIRST - 1), 1);
    assert_int_equal(circuit_set_next(&set, 0, FIRST), 0);
}

static void an_answer_in_between_makes_good_again(void **state)
{
    struct circuit_set set = routes(1);

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(note(&set, 0, wire_ErrorClass_BUSY, 0), 0);
        assert_int_equal(note(&set, 0, wire_ErrorClass_BUSY, 0), 0);
        note(&set, 0, wire_ErrorClass_ERROR_NONE, 0);
    }
    assert_int_equal(circuit_set_next(&set, 0, 0), 0);
}

static void an_empty_account_or_a_wrong_key_needs_no_second_failure(void **state)
{
    static const wire_ErrorClass classes[] = {wire_ErrorClass_QUOTA, wire_ErrorClass_MONEY,
                                              wire_ErrorClass_AUTH};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct circuit_set set = routes(2);
        assert_true(note(&set, 0, classes[i], 0) > 0);
        assert_int_equal(circuit_set_next(&set, 0, 0), 1);
    }
}

static void what_is_wrong_with_a_question_is_not_the_routes_fault(void **state)
{
    struct circuit_set set = routes(1);

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(note(&set, 0, wire_ErrorClass_CONTENT, 0), 0);
        assert_int_equal(note(&set, 0, wire_ErrorClass_REQUEST, 0), 0);
    }
    assert_int_equal(circuit_set_next(&set, 0, 0), 0);
}

static void one_attempt_tries_an_open_route_and_decides(void **state)
{
    struct circuit_set set = routes(2);
    int64_t longest_ms = 0, wait_ms;

    (void)state;
    note(&set, 0, wire_ErrorClass_AUTH, 0);
    assert_true(circuit_set_try(&set, 0));
    for (uint64_t i = 1; i < 200; i++) {
        wait_ms = circuit_set_note(&set, 0, wire_ErrorClass_BUSY, -1, 0, i * 7919);
        assert_in_range(wait_ms, FIRST, 600000);
        assert_int_equal(circuit_set_next(&set, 0, wait_ms - 1), 1);
        assert_int_equal(circuit_set_next(&set, 0, wait_ms), 0);
        assert_true(circuit_set_try(&set, 0));
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_true(longest_ms > 300000);
    /* what cannot be reached may be back at any moment */
    assert_in_range(circuit_set_note(&set, 0, wire_ErrorClass_NET, -1, 0, 599999), FIRST, 30000);
    assert_true(circuit_set_try(&set, 0));
    note(&set, 0, wire_ErrorClass_ERROR_NONE, 0);
    /* closed: patient again */
    assert_false(circuit_set_try(&set, 0));
    assert_int_equal(note(&set, 0, wire_ErrorClass_BUSY, 0), 0);
}

static void a_vendor_that_asks_for_a_rest_gets_it_within_reason(void **state)
{
    struct circuit_set set = routes(2);

    (void)state;
    note(&set, 0, wire_ErrorClass_BUSY, 0);
    note(&set, 0, wire_ErrorClass_BUSY, 0);
    assert_int_equal(circuit_set_note(&set, 0, wire_ErrorClass_RATE, 60000, 0, CHANCE), 60000);
    assert_int_equal(circuit_set_note(&set, 1, wire_ErrorClass_QUOTA, 86400000, 0, CHANCE), 300000);
}

static void when_every_route_is_open_the_soonest_is_known(void **state)
{
    struct circuit_set set = routes(3);

    (void)state;
    note(&set, 0, wire_ErrorClass_AUTH, 5000);
    note(&set, 1, wire_ErrorClass_AUTH, 1000);
    note(&set, 2, wire_ErrorClass_AUTH, 9000);
    assert_int_equal(circuit_set_next(&set, 0, 8000), 3);
    assert_int_equal(circuit_set_soonest(&set), 1);
}

static void a_new_generation_begins_anew(void **state)
{
    struct circuit_set set = routes(2);

    (void)state;
    note(&set, 0, wire_ErrorClass_AUTH, 0);
    circuit_set_begin(&set, 1, 2);
    assert_int_equal(circuit_set_next(&set, 0, 0), 1);
    circuit_set_begin(&set, 2, 2);
    assert_int_equal(circuit_set_next(&set, 0, 0), 0);
}

static void what_is_left_out_is_told_by_vendor_and_by_route(void **state)
{
    const wire_Route list[4] = {{.vendor = "dahan", .model = "large", .contract = "d-2026"},
                                {.vendor = "erxian"},
                                {.vendor = "dahan", .model = "small"}};
    struct circuit_set set = routes(4);
    wire_Health health = {0};

    (void)state;
    circuit_tell(&set, list, 0, &health);
    assert_int_equal(health.left_out_count + health.circuits_count, 0);
    for (int i = 0; i < 3; i++)
        note(&set, 0, wire_ErrorClass_BUSY, 10000);
    note(&set, 2, wire_ErrorClass_AUTH, 11000);
    circuit_tell(&set, list, 12001, &health);
    assert_int_equal(health.left_out_count, 1);
    assert_string_equal(health.left_out[0], "dahan");
    assert_int_equal(health.circuits_count, 2);
    const wire_Circuit *first = &health.circuits[0], *second = &health.circuits[1];
    assert_string_equal(first->vendor, "dahan");
    assert_string_equal(first->model, "large");
    assert_string_equal(first->contract, "d-2026");
    assert_int_equal(first->error_class, wire_ErrorClass_BUSY);
    assert_int_equal(first->failures, 3);
    assert_int_equal(first->since_s, 3);
    assert_int_equal(first->next_s, 6);
    assert_string_equal(second->model, "small");
    assert_int_equal(second->error_class, wire_ErrorClass_AUTH);
    assert_int_equal(second->failures, 1);
}

static wire_Circuit told(const struct circuit_set *set, int64_t now_ms)
{
    static const wire_Route list[1] = {{.vendor = "dahan"}};
    wire_Health health = {0};

    circuit_tell(set, list, now_ms, &health);
    return health.circuits[0];
}

static void a_route_is_left_out_since_it_first_failed_until_it_answers(void **state)
{
    struct circuit_set set = routes(1);

    (void)state;
    note(&set, 0, wire_ErrorClass_AUTH, 0);
    assert_int_equal(told(&set, FIRST).next_s, 0); /* the next question tries it */
    circuit_set_try(&set, 0);
    assert_int_equal(told(&set, FIRST).next_s, 0);
    note(&set, 0, wire_ErrorClass_NET, FIRST);
    assert_int_equal(told(&set, 60000).since_s, 60);
    assert_int_equal(told(&set, 60000).error_class, wire_ErrorClass_NET);
    circuit_set_try(&set, 0);
    note(&set, 0, wire_ErrorClass_ERROR_NONE, 60000);
    note(&set, 0, wire_ErrorClass_MONEY, 70000);
    assert_int_equal(told(&set, 71000).since_s, 1);
    assert_int_equal(told(&set, 71000).failures, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_is_left_out_after_three_troubles_in_a_row),
        cmocka_unit_test(an_answer_in_between_makes_good_again),
        cmocka_unit_test(an_empty_account_or_a_wrong_key_needs_no_second_failure),
        cmocka_unit_test(what_is_wrong_with_a_question_is_not_the_routes_fault),
        cmocka_unit_test(one_attempt_tries_an_open_route_and_decides),
        cmocka_unit_test(a_vendor_that_asks_for_a_rest_gets_it_within_reason),
        cmocka_unit_test(when_every_route_is_open_the_soonest_is_known),
        cmocka_unit_test(a_new_generation_begins_anew),
        cmocka_unit_test(what_is_left_out_is_told_by_vendor_and_by_route),
        cmocka_unit_test(a_route_is_left_out_since_it_first_failed_until_it_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
