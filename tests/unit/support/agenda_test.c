#include "tests/support/agenda.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define ITEMS 200

static void items_come_when_they_are_due_in_the_order_of_their_times(void **state)
{
    struct agenda_item items[ITEMS] = {{.at_ms = 0}};
    struct agenda *agenda = NULL;
    struct dice dice;
    int64_t last = 0;
    int taken = 0;

    (void)state;
    dice_init(&dice, 1, span_text("agenda"));
    assert_int_equal(agenda_create(&agenda), STATUS_OK);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(agenda_put(agenda, &items[i], (int64_t)dice_below(&dice, 1000)), 0);
    for (int i = 0; i < ITEMS; i += 3)
        assert_int_equal(agenda_put(agenda, &items[i], (int64_t)dice_below(&dice, 1000)), 0);
    for (int i = 1; i < ITEMS; i += 3)
        agenda_drop(agenda, &items[i]);

    for (int64_t now = 0; now < 1000; now += 10) {
        struct agenda_item *item;

        while ((item = agenda_take_due(agenda, now)) != NULL) {
            assert_true(item->at_ms >= last && item->at_ms <= now && item->at_ms > now - 10);
            last = item->at_ms;
            taken++;
        }
        assert_true(agenda_next_ms(agenda) > now);
    }
    while (agenda_take_due(agenda, 1000) != NULL)
        taken++;
    assert_int_equal(taken, ITEMS - (ITEMS + 1) / 3);
    assert_true(agenda_next_ms(agenda) == INT64_MAX);
    agenda_free(agenda);
}

static void dropping_what_is_not_on_the_agenda_changes_nothing(void **state)
{
    struct agenda_item on = {.at_ms = 0}, off = {.at_ms = 0};
    struct agenda *agenda = NULL;

    (void)state;
    assert_int_equal(agenda_create(&agenda), STATUS_OK);
    assert_int_equal(agenda_put(agenda, &on, 5), STATUS_OK);
    agenda_drop(agenda, &off);
    assert_null(agenda_take_due(agenda, 4));
    assert_ptr_equal(agenda_take_due(agenda, 5), &on);
    agenda_drop(agenda, &on);
    assert_null(agenda_take_due(agenda, 99));
    agenda_free(agenda);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_when_they_are_due_in_the_order_of_their_times),
        cmocka_unit_test(dropping_what_is_not_on_the_agenda_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
