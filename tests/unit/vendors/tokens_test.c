#include "tests/vendors/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/support/dice.h"

/* Joins the tokens of text by bars. */
static const char *split(const char *text, char *out, size_t out_size)
{
    struct span rest = span_text(text);
    size_t used = 0;

    while (rest.size > 0) {
        struct span token = tokens_next(&rest);

        used += (size_t)snprintf(out + used, out_size - used, "%s%.*s", used > 0 ? "|" : "",
                                 (int)token.size, (const char *)token.data);
    }
    return out;
}

static void assert_split(const char *text, const char *expected)
{
    char out[256] = "";

    assert_string_equal(split(text, out, sizeof out), expected);
}

static void words_come_in_pieces_of_four_letters_with_their_space(void **state)
{
    (void)state;
    assert_split("Hello there, robot", "Hell|o| ther|e|,| robo|t");
    assert_split("caf\xC3\xA9s", "caf\xC3\xA9|s");
}

static void numbers_come_in_pieces_of_three_digits(void **state)
{
    (void)state;
    assert_split("in 2026!", "in| 202|6|!");
}

static void each_han_character_and_full_width_sign_is_one_token(void **state)
{
    (void)state;
    assert_split("你好，世界", "你|好|，|世|界");
}

static void a_run_of_white_space_is_one_token_but_for_the_space_of_a_word(void **state)
{
    (void)state;
    assert_split("a  b", "a| | b");
    assert_split("a \n\n", "a| \n\n");
    assert_split(" 你", " |你");
}

static void nothing_is_no_token(void **state)
{
    (void)state;
    assert_int_equal(tokens_count(span_text("")), 0);
}

static void tokens_of_any_bytes_join_to_the_bytes(void **state)
{
    struct dice dice;
    uint8_t bytes[64];

    (void)state;
    dice_init(&dice, 7, span_text("any bytes"));
    for (int round = 0; round < 2000; round++) {
        size_t size = 1 + dice_below(&dice, sizeof bytes), joined = 0, count = 0;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)dice_next(&dice);
        for (struct span rest = span_of(bytes, size); rest.size > 0; count++) {
            struct span token = tokens_next(&rest);

            assert_ptr_equal(token.data, bytes + joined);
            assert_true(token.size > 0);
            joined += token.size;
        }
        assert_int_equal(joined, size);
        assert_int_equal(count, tokens_count(span_of(bytes, size)));
        assert_true(count <= size);
    }
}

static void the_head_of_a_text_has_the_tokens_asked_for(void **state)
{
    struct span text = span_text("Hello there");

    (void)state;
    assert_true(span_equal_text(tokens_head(text, 2), "Hello"));
    assert_int_equal(tokens_head(text, 0).size, 0);
    assert_true(span_equal(tokens_head(text, 99), text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_come_in_pieces_of_four_letters_with_their_space),
        cmocka_unit_test(numbers_come_in_pieces_of_three_digits),
        cmocka_unit_test(each_han_character_and_full_width_sign_is_one_token),
        cmocka_unit_test(a_run_of_white_space_is_one_token_but_for_the_space_of_a_word),
        cmocka_unit_test(nothing_is_no_token),
        cmocka_unit_test(tokens_of_any_bytes_join_to_the_bytes),
        cmocka_unit_test(the_head_of_a_text_has_the_tokens_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
