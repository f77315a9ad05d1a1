#include "agent/chat/fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void one_letter_has_one_form(void **state)
{
    static const uint32_t forms[] = {'A', 'a', 0xff21, 0xff41, '4', 0xff14, '@'};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_int_equal(fold_of(forms[i]).character, 'a');
    assert_int_equal(fold_of('4').kind, FOLD_STAND_IN);
    assert_true(fold_of(0xff14).is_digit);
    assert_int_equal(fold_of('2').character, '2');
}

static void kinds_tell_what_a_character_does_to_a_word(void **state)
{
    (void)state;
    assert_int_equal(fold_of(0x3000).kind, FOLD_GAP);
    assert_int_equal(fold_of('*').kind, FOLD_GAP);
    assert_int_equal(fold_of(0).kind, FOLD_GAP);
    assert_int_equal(fold_of(0x3002).kind, FOLD_STOP);
    assert_int_equal(fold_of(0xff01).kind, FOLD_STOP);
    assert_int_equal(fold_of(0x200b).kind, FOLD_NOTHING);
    assert_int_equal(fold_of(0x4e2d).kind, FOLD_WIDE);
    assert_int_equal(fold_of(0xe9).kind, FOLD_LETTER);
    assert_int_equal(fold_of(0x1f600).kind, FOLD_GAP);
    assert_true(fold_has_wide(span_text("a 中")));
    assert_false(fold_has_wide(span_text("aé。😀")));
}

static void characters_come_off_the_front(void **state)
{
    static const uint32_t expected[] = {'a', 0xe9, 0x4e2d, 0x1f600};
    struct span text = span_text("aé中😀\xff");
    uint32_t character;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(fold_next(&text, &character));
        assert_int_equal(character, expected[i]);
    }
    assert_false(fold_next(&text, &character));
    assert_int_equal(text.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_letter_has_one_form),
        cmocka_unit_test(kinds_tell_what_a_character_does_to_a_word),
        cmocka_unit_test(characters_come_off_the_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
