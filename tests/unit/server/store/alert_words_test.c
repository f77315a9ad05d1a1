#include "server/store/alert_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static int set_up(void **state)
{
    struct arena *arena;

    if (arena_create(&arena, 1 << 16) != STATUS_OK)
        return -1;
    *state = arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static const char *words(void **state, const char *kind, const char *detail)
{
    return alert_words_of(kind, span_text(detail), *state);
}

static void a_threshold_says_how_far_it_is_and_what_was_done(void **state)
{
    assert_string_equal(
        words(state, "threshold",
              "{\"threshold\":\"contract:dahan-2026:spend-80\",\"rule\":{\"of\":\"spend\",\"at\":"
              "\"80%\",\"do\":[\"alert\"],\"shadow\":false},\"seen\":{\"period\":{\"from\":\"a\"},"
              "\"value\":\"2914003.206\",\"limit\":\"3600000\",\"share\":\"0.809445\",\"unit\":"
              "\"CNY\",\"forecast\":{\"at_end\":\"3700000\",\"low\":\"1\",\"high\":\"2\","
              "\"runs_out\":\"2026-11-23\"}},\"did\":[\"alert\",\"throttle to 2 turns a minute\","
              "\"block\"],\"robots\":1200}"),
        "Spend is at 2,914,003.21 CNY of 3,600,000, 80.9 %; the threshold is 80%. As things go it "
        "is 3,700,000 at the end of the period, and used up on 2026-11-23. Done: throttle to 2 "
        "turns a minute, block. 1,200 robots are held to it.");
    assert_string_equal(
        words(state, "threshold",
              "{\"rule\":{\"of\":\"budget:b\",\"at\":\"80%\"},\"seen\":{\"value\":\"0.5\","
              "\"limit\":\"1\",\"share\":\"0.5\"},\"would\":[\"alert\",\"block\"],\"robots\":0}"),
        "Budget b is at 0.5 of 1, 50 %; the threshold is 80%. Only watching, or it would have "
        "done: block.");
    assert_string_equal(words(state, "threshold",
                              "{\"rule\":{\"of\":\"spend\",\"at\":\"80%\"},\"did\":[\"alert\"],"
                              "\"robots\":1}"),
                        "The threshold is 80%. 1 robot is held to it.");
}

static void a_kind_says_a_sentence_and_numbers_agree_with_their_nouns(void **state)
{
    assert_string_equal(
        words(state, "delivery_failed", "{\"problem\":\"it answered 503\",\"dead\":1}"),
        "1 message was given up: it answered 503.");
    assert_string_equal(words(state, "key_leak", "{\"invoice\":12345,\"unknown\":12345}"),
                        "Invoice 12345 bills 12,345 quantities of usage that no robot recorded.");
    assert_string_equal(words(state, "key_leak", "{\"import\":2,\"unknown\":1}"),
                        "Import 2 lists 1 request that no robot recorded.");
    assert_string_equal(
        words(state, "limit_too_small",
              "{\"device\":\"r1\",\"unit\":\"CNY\",\"limit\":\"0.001\",\"attempt\":\"0.0016\","
              "\"problem\":\"p\"}"),
        "The whole limit is 0.001 CNY, and robot r1 takes 0.0016 for its shortest attempt.");
    assert_string_equal(
        words(state, "credit_exhausted",
              "{\"source\":\"budget:trial\",\"unit\":\"output\",\"limit\":\"5000\","
              "\"spent\":\"4913\",\"held\":\"87\",\"robots\":3}"),
        "3 robots cannot answer whoever asks: of 5,000 output of budget trial, 4,913 is spent and "
        "87 held by robots.");
    assert_string_equal(
        words(state, "usage_lost",
              "{\"journal\":\"j\",\"after\":2000,\"until\":2050,\"requests\":1,\"problem\":\"they "
              "were lost\"}"),
        "1 request in the records after 2000 until 2050 of journal j: they were lost.");
    assert_string_equal(words(state, "forged_message", "{\"direction\":\"down\",\"boxes\":2}"),
                        "2 messages for the robot did not come from this server.");
    assert_string_equal(words(state, "forged_message", "{\"kind\":\"usage\"}"),
                        "A message on its topic \"usage\" was not sealed by it.");
    assert_string_equal(words(state, "forged_message", "{\"problem\":\"it was never made here\"}"),
                        "It was never made here.");
    assert_string_equal(words(state, "usage_differs", "{\"import\":3,\"different\":2}"),
                        "2 lines differ in import 3.");
}

static void what_the_phrase_has_no_gap_for_is_said_all_the_same(void **state)
{
    assert_string_equal(
        words(state, "config_failed", "{\"problem\":\"too large\",\"more_of\":{\"a\":1}}"),
        "Too large; more of: {\"a\":1}.");
    assert_string_equal(
        words(state, "of_another_release", "{\"bad_boxes\":3,\"why\":\"one\\r\\ntwo\"}"),
        "Bad boxes: 3; why: one  two.");
}

static void a_detail_that_lacks_what_its_kind_needs_is_no_mishap(void **state)
{
    assert_string_equal(words(state, "overrun", "{\"amount\":5}"),
                        "5 ? more than reserved, at vendor ?: ?");
    assert_string_equal(words(state, "replayed_message", "{\"kind\":{},\"session\":null}"),
                        "A message on topic \"{}\" came again: session ?, number ?");
}

static void a_detail_that_cannot_be_read_says_nothing(void **state)
{
    assert_string_equal(words(state, "threshold", "{\"a\":"), "");
    assert_string_equal(words(state, "threshold", "{}"), "");
    assert_string_equal(words(state, "threshold", "3"), "");
}

static void words_are_cut_between_characters(void **state)
{
    char detail[2000] = "{\"p\":\"";
    size_t size = strlen(detail);

    for (int i = 0; i < 400; i++)
        size += (size_t)snprintf(detail + size, sizeof detail - size, "很");
    snprintf(detail + size, sizeof detail - size, "\"}");
    const char *text = words(state, "k", detail);

    assert_true(strlen(text) <= ALERT_WORDS_MAX && strlen(text) > ALERT_WORDS_MAX - 4);
    assert_true(span_is_utf8(span_text(text)));
}

static void a_full_arena_gives_no_words(void **state)
{
    struct arena *small;

    (void)state;
    assert_int_equal(arena_create(&small, 8), STATUS_OK);
    assert_null(alert_words_of("k", span_text("{\"p\":\"a long problem\"}"), small));
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_says_how_far_it_is_and_what_was_done),
        cmocka_unit_test(a_kind_says_a_sentence_and_numbers_agree_with_their_nouns),
        cmocka_unit_test(what_the_phrase_has_no_gap_for_is_said_all_the_same),
        cmocka_unit_test(a_detail_that_lacks_what_its_kind_needs_is_no_mishap),
        cmocka_unit_test(a_detail_that_cannot_be_read_says_nothing),
        cmocka_unit_test(words_are_cut_between_characters),
        cmocka_unit_test(a_full_arena_gives_no_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
