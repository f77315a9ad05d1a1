#include "agent/spoken.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const wire_Route route = {.vendor = "yin",
                                 .model = "yin-voice",
                                 .contract = "yin-2026",
                                 .contract_version = 3,
                                 .base_url = "https://yin.example",
                                 .api_key = "k",
                                 .line_id = "line-y",
                                 .voice = "mei"};

static void what_is_reserved_is_counted_in_characters(void **state)
{
    wire_UsageRecord record = {.attempt = 2};

    (void)state;
    spoken_prepare(&route, 7, span_text("我在, ok"), &record);
    assert_int_equal(record.audio_out_chars, 6);
    assert_int_equal(record.generation, 7);
    assert_int_equal(record.contract_version, 3);
    assert_string_equal(record.vendor, "yin");
    assert_string_equal(record.line_id, "line-y");
    assert_int_equal(record.attempt, 2);
}

static void an_order_bears_the_attempts_name(void **state)
{
    const wire_UsageRecord record = {.attempt = 4, .turn = {0xab}};
    struct speaker_order order;

    (void)state;
    spoken_order(&route, &record, &order);
    assert_string_equal(order.request_id, "ab000000-0000-0000-0000-000000000000-4");
    assert_string_equal(order.url, "https://yin.example");
    assert_string_equal(order.speaker, "mei");
}

static void what_the_vendor_charges_for_is_what_its_answer_was(void **state)
{
    static const struct {
        enum voice_fate fate;
        wire_ErrorClass error_class;
        wire_Provenance provenance;
        wire_Outcome outcome;
        uint64_t chars, requests;
    } cases[] = {
        {VOICE_FATE_ANSWERED, wire_ErrorClass_ERROR_NONE, wire_Provenance_ESTIMATED,
         wire_Outcome_ANSWERED, 9, 1},
        {VOICE_FATE_REFUSED, wire_ErrorClass_AUTH, wire_Provenance_VENDOR_FINAL,
         wire_Outcome_FAILED, 0, 1},
        {VOICE_FATE_NOT_SENT, wire_ErrorClass_NET, wire_Provenance_NOT_SENT, wire_Outcome_FAILED, 0,
         0},
        {VOICE_FATE_CUT, wire_ErrorClass_ERROR_NONE, wire_Provenance_ESTIMATED,
         wire_Outcome_INTERRUPTED, 9, 1},
        {VOICE_FATE_UNKNOWN, wire_ErrorClass_NET, wire_Provenance_WORST_CASE, wire_Outcome_FAILED,
         9, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct voice_used used = {.fate = cases[i].fate,
                                        .error_class = (uint8_t)cases[i].error_class};
        wire_UsageRecord record = {.audio_out_chars = 9};

        spoken_judge(&used, &record);
        assert_int_equal(record.provenance, cases[i].provenance);
        assert_int_equal(record.outcome, cases[i].outcome);
        assert_int_equal(record.audio_out_chars, cases[i].chars);
        assert_int_equal(record.requests, cases[i].requests);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_reserved_is_counted_in_characters),
        cmocka_unit_test(an_order_bears_the_attempts_name),
        cmocka_unit_test(what_the_vendor_charges_for_is_what_its_answer_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
