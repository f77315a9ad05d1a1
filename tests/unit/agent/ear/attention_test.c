#include "agent/ear/attention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_question_goes_from_the_call_to_its_end(void **state)
{
    enum attention_state attention = ATTENTION_RESTING;

    (void)state;
    assert_int_equal(attention_step(&attention, ATTENTION_CALL), ATTENTION_WAIT);
    assert_int_equal(attention_step(&attention, ATTENTION_SPEECH), ATTENTION_BEGIN);
    assert_int_equal(attention, ATTENTION_HEARING);
    assert_int_equal(attention_step(&attention, ATTENTION_END), ATTENTION_FINISH);
    assert_int_equal(attention, ATTENTION_RESTING);
}

static void i8_sound_leaves_only_after_the_owner_called(void **state)
{
    size_t count;
    const struct attention_row *table = attention_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (table[i].to == ATTENTION_HEARING)
            assert_int_equal(table[i].from, ATTENTION_ADDRESSED);
        if (table[i].to == ATTENTION_ADDRESSED) {
            assert_int_equal(table[i].from, ATTENTION_RESTING);
            assert_int_equal(table[i].event, ATTENTION_CALL);
        }
        if (table[i].act == ATTENTION_BEGIN)
            assert_int_equal(table[i].event, ATTENTION_SPEECH);
    }
}

static void i8_nothing_but_unmuting_leads_out_of_mute_and_muting_is_always_heeded(void **state)
{
    (void)state;
    for (int from = ATTENTION_MUTED; from <= ATTENTION_HEARING; from++) {
        enum attention_state attention = (enum attention_state)from;

        attention_step(&attention, ATTENTION_MUTE);
        assert_int_equal(attention, ATTENTION_MUTED);
    }
    for (int event = ATTENTION_CALL; event <= ATTENTION_MUTE; event++) {
        enum attention_state attention = ATTENTION_MUTED;

        assert_int_equal(attention_step(&attention, (enum attention_event)event), ATTENTION_NO_ACT);
        assert_int_equal(attention, ATTENTION_MUTED);
    }
}

static void muting_in_mid_sentence_drops_it(void **state)
{
    enum attention_state attention = ATTENTION_HEARING;

    (void)state;
    assert_int_equal(attention_step(&attention, ATTENTION_MUTE), ATTENTION_DROP);
}

static void a_microphone_that_is_lost_ends_the_question_with_what_was_said(void **state)
{
    enum attention_state attention = ATTENTION_HEARING;

    (void)state;
    assert_int_equal(attention_step(&attention, ATTENTION_LOST), ATTENTION_FINISH);
    attention = ATTENTION_ADDRESSED;
    assert_int_equal(attention_step(&attention, ATTENTION_LOST), ATTENTION_GIVE_UP);
}

static void each_state_has_a_name_for_the_owner(void **state)
{
    (void)state;
    assert_string_equal(attention_name(ATTENTION_MUTED), "muted");
    assert_string_equal(attention_name(ATTENTION_HEARING), "hearing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_goes_from_the_call_to_its_end),
        cmocka_unit_test(i8_sound_leaves_only_after_the_owner_called),
        cmocka_unit_test(i8_nothing_but_unmuting_leads_out_of_mute_and_muting_is_always_heeded),
        cmocka_unit_test(muting_in_mid_sentence_drops_it),
        cmocka_unit_test(a_microphone_that_is_lost_ends_the_question_with_what_was_said),
        cmocka_unit_test(each_state_has_a_name_for_the_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
