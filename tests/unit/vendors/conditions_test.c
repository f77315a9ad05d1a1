#include "tests/vendors/conditions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void a_list_sets_what_it_names_and_leaves_the_rest(void **state)
{
    struct conditions conditions;
    char problem[160];

    (void)state;
    conditions_init(&conditions);
    assert_int_equal(conditions_set_list(&conditions, "cut=0.25,429=0.5,tokens_per_s=5", problem),
                     STATUS_OK);
    assert_true(conditions.chance[FAULT_CUT] == 0.25);
    assert_true(conditions.chance[FAULT_RATE_LIMIT] == 0.5);
    assert_true(conditions.tokens_per_s == 5);
    assert_true(conditions.first_token_ms == 250);
}

static void what_is_wrong_changes_nothing_and_is_named(void **state)
{
    static const char *const lists[] = {"cut",
                                        "cut=",
                                        "cut=x",
                                        "cut=0.1x",
                                        "cut=1.1",
                                        "cut=-0.1",
                                        "cut=nan",
                                        "stall_s=nan",
                                        "nothing=1",
                                        "cut=0.6,stall=0.6",
                                        "cut=0.5,tokens_per_s=0"};
    struct conditions before, conditions;
    char problem[160];

    (void)state;
    conditions_init(&before);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        conditions = before;
        problem[0] = '\0';
        assert_int_equal(conditions_set_list(&conditions, lists[i], problem), STATUS_INVALID);
        assert_memory_equal(&conditions, &before, sizeof before);
        assert_true(problem[0] != '\0');
    }
}

static void what_is_written_as_json_can_be_set_again(void **state)
{
    struct conditions conditions, again;
    struct buffer json;
    char problem[160];

    (void)state;
    conditions_init(&conditions);
    conditions_init(&again);
    assert_int_equal(conditions_set_list(&conditions, "quota=0.125,jitter_ms=7", problem),
                     STATUS_OK);
    buffer_init(&json, 4096);
    conditions_write_json(&conditions, &json);
    assert_int_equal(conditions_set_json(&again, buffer_span(&json), problem), STATUS_OK);
    assert_memory_equal(&again, &conditions, sizeof again);
    buffer_release(&json);
}

static void json_that_is_no_object_of_numbers_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "[]", "1", "{\"cut\":\"1\"}", "{\"cut\":null}", "{\"nothing\":0}", "{\"cut\":0.1"};
    struct conditions conditions;
    char problem[160];

    (void)state;
    conditions_init(&conditions);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(conditions_set_json(&conditions, span_text(texts[i]), problem),
                         STATUS_INVALID);
}

static void faults_come_as_often_as_their_chance_says(void **state)
{
    struct conditions conditions;
    int seen[FAULT_COUNT] = {0};
    struct dice dice;
    char problem[160];

    (void)state;
    conditions_init(&conditions);
    assert_int_equal(conditions_set_list(&conditions, "429=0.1,cut=0.2,no_usage=0.3", problem),
                     STATUS_OK);
    dice_init(&dice, 3, span_text("chance"));
    for (int i = 0; i < 10000; i++)
        seen[conditions_draw(&conditions, &dice)]++;
    assert_in_range(seen[FAULT_RATE_LIMIT], 900, 1100);
    assert_in_range(seen[FAULT_CUT], 1850, 2150);
    assert_in_range(seen[FAULT_NO_USAGE], 2800, 3200);
    assert_int_equal(
        seen[FAULT_NONE] + seen[FAULT_RATE_LIMIT] + seen[FAULT_CUT] + seen[FAULT_NO_USAGE], 10000);
}

static void every_fault_has_a_name_that_leads_back_to_it(void **state)
{
    enum fault fault;

    (void)state;
    for (int i = FAULT_NONE; i < FAULT_COUNT; i++) {
        const char *name = conditions_fault_name((enum fault)i);

        assert_int_equal(conditions_fault_by_name(span_text(name), &fault), STATUS_OK);
        assert_int_equal(fault, i);
    }
    assert_int_equal(conditions_fault_by_name(span_text("tokens_per_s"), &fault), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_sets_what_it_names_and_leaves_the_rest),
        cmocka_unit_test(what_is_wrong_changes_nothing_and_is_named),
        cmocka_unit_test(what_is_written_as_json_can_be_set_again),
        cmocka_unit_test(json_that_is_no_object_of_numbers_is_refused),
        cmocka_unit_test(faults_come_as_often_as_their_chance_says),
        cmocka_unit_test(every_fault_has_a_name_that_leads_back_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
