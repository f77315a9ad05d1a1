#include "agent/meter/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static wire_UsageRecord record_of(uint64_t seq, uint64_t output)
{
    return (wire_UsageRecord){
        .seq = seq,
        .turn = {(uint8_t)seq},
        .attempt = 1,
        .vendor = "dahan",
        .model = "m",
        .contract = "dahan-2026",
        .contract_version = (uint32_t)seq,
        .vendor_request_id = "req",
        .start_ms = 1000 * (int64_t)seq,
        .provenance = wire_Provenance_VENDOR_FINAL,
        .outcome = wire_Outcome_ANSWERED,
        .reserved_output = 400,
        .input_uncached = 1,
        .input_cached = 2,
        .cache_write_5m = 3,
        .cache_write_1h = 4,
        .output = output,
        .reasoning = 6,
        .audio_in_ms = 7,
        .audio_out_chars = 8,
        .images = 9,
        .video_ms = 10,
        .requests = 1,
    };
}

static void every_token_class_is_added_up(void **state)
{
    wire_UsageRecord sum = wire_UsageRecord_init_zero;
    const wire_UsageRecord first = record_of(1, 5), second = record_of(2, 50);

    (void)state;
    summary_append(&sum, &first);
    summary_append(&sum, &second);
    assert_int_equal(sum.input_uncached, 2);
    assert_int_equal(sum.input_cached, 4);
    assert_int_equal(sum.cache_write_5m, 6);
    assert_int_equal(sum.cache_write_1h, 8);
    assert_int_equal(sum.output, 55);
    assert_int_equal(sum.reasoning, 12);
    assert_int_equal(sum.audio_in_ms, 14);
    assert_int_equal(sum.audio_out_chars, 16);
    assert_int_equal(sum.images, 18);
    assert_int_equal(sum.video_ms, 20);
    assert_int_equal(sum.requests, 2);
}

static void for_the_rest_a_sum_says_what_its_last_record_does_but_names_no_attempt(void **state)
{
    wire_UsageRecord sum = wire_UsageRecord_init_zero;
    const wire_UsageRecord first = record_of(1, 5), second = record_of(2, 50);

    (void)state;
    summary_append(&sum, &first);
    summary_append(&sum, &second);
    assert_int_equal(sum.seq, 2);
    assert_int_equal(sum.contract_version, 2);
    assert_int_equal(sum.start_ms, 2000);
    assert_string_equal(sum.contract, "dahan-2026");
    assert_int_equal(sum.turn[0], 0);
    assert_int_equal(sum.attempt, 0);
    assert_string_equal(sum.vendor_request_id, "");
    assert_int_equal(sum.provenance, wire_Provenance_PROVENANCE_NONE);
    assert_int_equal(sum.outcome, wire_Outcome_OUTCOME_NONE);
    assert_int_equal(sum.reserved_output, 0);
}

static void a_sum_stops_at_the_largest_number(void **state)
{
    wire_UsageRecord sum = wire_UsageRecord_init_zero;
    const wire_UsageRecord first = record_of(1, UINT64_MAX - 1), second = record_of(2, 50);

    (void)state;
    summary_append(&sum, &first);
    summary_append(&sum, &second);
    assert_true(sum.output == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_class_is_added_up),
        cmocka_unit_test(for_the_rest_a_sum_says_what_its_last_record_does_but_names_no_attempt),
        cmocka_unit_test(a_sum_stops_at_the_largest_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
