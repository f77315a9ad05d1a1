#include "agent/speech/pauses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define RATE 22050

/* A buzz, or a hum far below it. */
static void hear(struct pauses *pauses, unsigned ms, int strength)
{
    for (unsigned i = 0; i < ms * RATE / 1000; i++) {
        const int16_t sample = (int16_t)(i / 50 % 2 ? strength : -strength);

        pauses_feed(pauses, &sample, 1);
    }
}

static void assert_near(uint32_t samples, unsigned ms)
{
    assert_in_range(samples * 1000 / RATE + 1000, ms + 1000 - 11, ms + 1000 + 11);
}

static void silences_of_80_ms_are_pauses_and_closures_of_consonants_are_none(void **state)
{
    struct pauses pauses;
    uint32_t since;

    (void)state;
    pauses_init(&pauses, RATE);
    hear(&pauses, 300, 8000);
    hear(&pauses, 50, 0);
    hear(&pauses, 300, 8000);
    hear(&pauses, 150, 20);
    hear(&pauses, 300, 3000);
    assert_int_equal(pauses.count, 1);
    assert_near(pauses.list[0].start, 650);
    assert_near(pauses.list[0].end, 800);
    assert_false(pauses_is_open(&pauses, &since));
    hear(&pauses, 100, 0);
    assert_true(pauses_is_open(&pauses, &since));
    assert_near(since, 1100);
    assert_int_equal(pauses.count, 1);
}

static void silence_before_the_first_word_is_a_pause(void **state)
{
    struct pauses pauses;

    (void)state;
    pauses_init(&pauses, RATE);
    hear(&pauses, 200, 10);
    hear(&pauses, 200, 8000);
    assert_int_equal(pauses.count, 1);
    assert_int_equal(pauses.list[0].start, 0);
    assert_near(pauses.list[0].end, 200);
}

static void a_soft_voice_has_pauses_too(void **state)
{
    struct pauses pauses;

    (void)state;
    pauses_init(&pauses, RATE);
    hear(&pauses, 300, 300);
    hear(&pauses, 200, 30);
    hear(&pauses, 300, 300);
    assert_int_equal(pauses.count, 1);
}

static void more_pauses_than_there_is_room_for_are_forgotten(void **state)
{
    struct pauses pauses;

    (void)state;
    pauses_init(&pauses, RATE);
    for (unsigned i = 0; i < 2 * PAUSES_MAX; i++) {
        hear(&pauses, 30, 8000);
        hear(&pauses, 100, 0);
    }
    assert_int_equal(pauses.count, PAUSES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silences_of_80_ms_are_pauses_and_closures_of_consonants_are_none),
        cmocka_unit_test(silence_before_the_first_word_is_a_pause),
        cmocka_unit_test(a_soft_voice_has_pauses_too),
        cmocka_unit_test(more_pauses_than_there_is_room_for_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
