#include "agent/chat/next_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A first attempt that failed at once, with others left to ask. */
static struct next_step_facts failed(wire_ErrorClass error_class)
{
    return (struct next_step_facts){.outcome = wire_Outcome_FAILED,
                                    .error_class = error_class,
                                    .may_retry = true,
                                    .retry_after_ms = -1};
}

static void an_answer_ends_the_asking_whatever_it_is_worth(void **state)
{
    static const wire_Outcome outcomes[] = {wire_Outcome_ANSWERED, wire_Outcome_TRUNCATED,
                                            wire_Outcome_FILTERED, wire_Outcome_INTERRUPTED};

    (void)state;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct next_step_facts facts = failed(wire_ErrorClass_CONTENT);
        facts.outcome = outcomes[i];
        assert_int_equal(next_step_of(&facts), NEXT_STEP_DONE);
    }
}

static void what_was_begun_aloud_is_not_begun_again(void **state)
{
    struct next_step_facts facts = failed(wire_ErrorClass_NET);

    (void)state;
    facts.has_text = true;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_STOP);
}

static void a_vendor_out_of_breath_is_asked_once_more(void **state)
{
    struct next_step_facts facts = failed(wire_ErrorClass_RATE);

    (void)state;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_RETRY);
    facts.error_class = wire_ErrorClass_NET;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_RETRY);
    facts.may_retry = false;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_ROUTE);
}

static void what_will_not_pass_by_itself_is_not_repeated(void **state)
{
    static const wire_ErrorClass classes[] = {wire_ErrorClass_QUOTA, wire_ErrorClass_MONEY,
                                              wire_ErrorClass_AUTH, wire_ErrorClass_REQUEST};

    (void)state;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct next_step_facts facts = failed(classes[i]);
        facts.is_last_route = true;
        assert_int_equal(next_step_of(&facts), NEXT_STEP_ROUTE);
    }
}

static void an_overloaded_vendor_is_asked_again_only_when_nobody_else_is_left(void **state)
{
    struct next_step_facts facts = failed(wire_ErrorClass_BUSY);

    (void)state;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_ROUTE);
    facts.is_last_route = true;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_RETRY);
}

static void a_wait_of_two_seconds_is_granted_and_no_longer_one(void **state)
{
    struct next_step_facts facts = failed(wire_ErrorClass_RATE);

    (void)state;
    facts.retry_after_ms = 2000;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_RETRY);
    facts.retry_after_ms = 2001;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_ROUTE);
}

static void an_old_question_is_not_retried_and_at_last_given_up(void **state)
{
    struct next_step_facts facts = failed(wire_ErrorClass_RATE);

    (void)state;
    facts.age_ms = 7999;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_RETRY);
    facts.age_ms = 8000;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_ROUTE);
    facts.age_ms = 30000;
    assert_int_equal(next_step_of(&facts), NEXT_STEP_STOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_the_asking_whatever_it_is_worth),
        cmocka_unit_test(what_was_begun_aloud_is_not_begun_again),
        cmocka_unit_test(a_vendor_out_of_breath_is_asked_once_more),
        cmocka_unit_test(what_will_not_pass_by_itself_is_not_repeated),
        cmocka_unit_test(an_overloaded_vendor_is_asked_again_only_when_nobody_else_is_left),
        cmocka_unit_test(a_wait_of_two_seconds_is_granted_and_no_longer_one),
        cmocka_unit_test(an_old_question_is_not_retried_and_at_last_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
