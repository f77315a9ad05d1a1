#include "agent/voice/espeak/letters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static size_t read_text(const char *text, struct letter *letters)
{
    return letters_read(span_text(text), letters, 64);
}

static void emoji_and_markup_are_not_spoken(void **state)
{
    struct letter letters[64];

    (void)state;
    size_t count = read_text("**H\xf0\x9f\x98\x80i\xef\xb8\x8f `#`", letters);
    assert_int_equal(count, 3);
    assert_int_equal(letters[0].code, 'H');
    assert_int_equal(letters[1].code, 'i');
    assert_int_equal(letters[1].from, 7);
}

static void full_width_letters_become_ascii_but_pauses_stay(void **state)
{
    struct letter letters[64];

    (void)state;
    size_t count = read_text("Ａ９，。", letters);
    assert_int_equal(count, 4);
    assert_int_equal(letters[0].code, 'A');
    assert_int_equal(letters[1].code, '9');
    assert_int_equal(letters[2].code, 0xff0c);
    assert_true(letters_is_pause(letters[3].code));
}

static void broken_bytes_are_left_out_and_the_rest_is_kept(void **state)
{
    struct letter letters[64];

    (void)state;
    size_t count = read_text("a\xff\xe4\xbd"
                             "b\xed\xa0\x80 c\xf5",
                             letters);
    assert_int_equal(letters[0].code, 'a');
    assert_int_equal(letters[1].code, 'b');
    assert_int_equal(letters[count - 1].code, 'c');
    assert_int_equal(count, 4);
}

static void code_points_are_encoded_as_they_were(void **state)
{
    static const char *const texts[] = {"a", "é", "你", "𠀀"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct letter letters[64];
        char bytes[4];

        assert_int_equal(read_text(texts[i], letters), 1);
        size_t size = letters_encode(letters[0].code, bytes);
        assert_int_equal(size, strlen(texts[i]));
        assert_memory_equal(bytes, texts[i], size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emoji_and_markup_are_not_spoken),
        cmocka_unit_test(full_width_letters_become_ascii_but_pauses_stay),
        cmocka_unit_test(broken_bytes_are_left_out_and_the_rest_is_kept),
        cmocka_unit_test(code_points_are_encoded_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
