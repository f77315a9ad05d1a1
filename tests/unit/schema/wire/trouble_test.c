#include "schema/wire/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_trouble_has_a_code_of_its_own_a_cause_and_a_cure(void **state)
{
    size_t count;
    const struct trouble_text *all = trouble_all(&count);
    char code[TROUBLE_CODE_SIZE];

    (void)state;
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(all[i].trouble, 11, 69);
        assert_true(i == 0 || all[i].trouble > all[i - 1].trouble);
        assert_true(*all[i].word && *all[i].cause && *all[i].cure);
        assert_null(strchr(all[i].word, ' '));
        assert_ptr_equal(trouble_text(all[i].trouble), &all[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(all[i].word, all[j].word);
        assert_int_equal(strlen(trouble_code(all[i].trouble, code)), 3);
    }
}

static void a_code_that_was_once_printed_keeps_its_meaning(void **state)
{
    char code[TROUBLE_CODE_SIZE];

    (void)state;
    assert_string_equal(trouble_code(TROUBLE_CREDIT, code), "M31");
    assert_string_equal(trouble_code(TROUBLE_NETWORK, code), "M21");
    assert_string_equal(trouble_code(TROUBLE_VENDOR_KEY, code), "M42");
    assert_string_equal(trouble_code(TROUBLE_MICROPHONE, code), "M51");
}

static void no_trouble_has_neither_code_nor_text(void **state)
{
    char code[TROUBLE_CODE_SIZE] = "x";

    (void)state;
    assert_string_equal(trouble_code(TROUBLE_NONE, code), "");
    assert_null(trouble_text(TROUBLE_NONE));
}

static void a_number_of_a_newer_robot_shows_as_a_code_without_a_text(void **state)
{
    char code[TROUBLE_CODE_SIZE];

    (void)state;
    assert_null(trouble_text((enum trouble)67));
    assert_string_equal(trouble_code((enum trouble)67, code), "M67");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trouble_has_a_code_of_its_own_a_cause_and_a_cure),
        cmocka_unit_test(a_code_that_was_once_printed_keeps_its_meaning),
        cmocka_unit_test(no_trouble_has_neither_code_nor_text),
        cmocka_unit_test(a_number_of_a_newer_robot_shows_as_a_code_without_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
