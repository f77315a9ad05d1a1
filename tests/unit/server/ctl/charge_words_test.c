#include "server/ctl/charge_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_words(void (*write)(struct buffer *out, const struct json *json),
                         const char *text, const char *expected)
{
    struct buffer out;
    struct json *json;

    buffer_init(&out, 4096);
    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    write(&out, json);
    assert_string_equal(buffer_cstring(&out), expected);
    json_free(json);
    buffer_release(&out);
}

static void numbers_are_grouped_whether_text_or_whole(void **state)
{
    (void)state;
    assert_words(charge_words_number, "\"3000000.00\"", "3,000,000.00");
    assert_words(charge_words_number, "20000000000", "20,000,000,000");
    assert_words(charge_words_number, "7", "7");
}

static void a_metric_is_a_word_a_sum_or_a_gauge(void **state)
{
    (void)state;
    assert_words(charge_words_metric, "\"output\"", "output");
    assert_words(charge_words_metric, "[\"output\", \"reasoning\"]", "output + reasoning");
    assert_words(charge_words_metric, "{\"gauge\": \"lines\"}", "gauge lines");
}

static void every_price_of_a_charge_is_told(void **state)
{
    (void)state;
    assert_words(charge_words_price, "{\"kind\": \"flat\", \"amount\": \"1200.00\"}", "1,200.00");
    assert_words(charge_words_price, "{\"price\": \"2.00\", \"unit\": 1000000}",
                 "2.00 per 1,000,000");
    assert_words(charge_words_price, "{\"price\": \"9\", \"size\": 500}", "9 per 500");
    assert_words(charge_words_price,
                 "{\"prices\": {\"input\": \"0.80\", \"output\": \"2\"}, \"unit\": 1000}",
                 "input 0.80, output 2 per 1,000");
    assert_words(charge_words_price,
                 "{\"tiers\": [{\"up_to\": 1000, \"price\": \"0\", \"flat\": \"50\"}, "
                 "{\"flat\": \"9\"}]}",
                 "up to 1,000: 0 + 50; above: 9");
    assert_words(charge_words_price, "{\"rate\": \"115%\"}", "115%");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_grouped_whether_text_or_whole),
        cmocka_unit_test(a_metric_is_a_word_a_sum_or_a_gauge),
        cmocka_unit_test(every_price_of_a_charge_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
