#include "schema/wire/measure.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const wire_CreditMeasure tokens = {
    .weights_count = LIMIT_WEIGHTS,
    .weights = {1, 1, 1, 1, 1, 1},
    .divisor = 1,
};

/* In 10^-15 of the currency: 2.00 and 8.00 for a million of input and output, 1.00 cached, 0.001 a
 * request; amounts in 10^-9. */
static const wire_CreditMeasure money = {
    .weights_count = LIMIT_WEIGHTS,
    .weights =
        {
            [MEASURE_INPUT_UNCACHED] = 2000000000,
            [MEASURE_INPUT_CACHED] = 1000000000,
            [MEASURE_OUTPUT] = 8000000000,
            [MEASURE_REASONING] = 9000000000,
            [MEASURE_REQUESTS] = 1000000000000,
        },
    .divisor = 1000000,
};

static wire_UsageRecord record_of(wire_Provenance provenance)
{
    return (wire_UsageRecord){
        .provenance = provenance,
        .reserved_input = 100,
        .reserved_output = 200,
        .input_uncached = 5,
        .input_cached = 3,
        .output = 7,
        .reasoning = 2,
        .requests = provenance == wire_Provenance_NOT_SENT ? 0 : 1,
    };
}

static void a_worst_case_takes_the_dearest_class_of_each_kind_and_one_request(void **state)
{
    (void)state;
    const wire_UsageRecord record = record_of(wire_Provenance_PROVENANCE_NONE);

    assert_int_equal(measure_worst_case(&tokens, &record), 300);
    assert_int_equal(measure_worst_case(&money, &record), 100 * 2000 + 200 * 9000 + 1000000);
    wire_UsageRecord summary = record;
    summary.requests = 7;
    assert_int_equal(measure_worst_case(&money, &summary), 100 * 2000 + 200 * 9000 + 7 * 1000000);
}

static void what_the_vendor_counted_to_the_end_is_weighed_by_class(void **state)
{
    (void)state;
    const wire_UsageRecord record = record_of(wire_Provenance_VENDOR_FINAL);

    assert_int_equal(measure_consumed(&tokens, &record), 17);
    assert_int_equal(measure_consumed(&money, &record),
                     5 * 2000 + 3 * 1000 + 7 * 8000 + 2 * 9000 + 1000000);
}

static void what_the_vendor_did_not_count_to_the_end_is_charged_at_its_reservation(void **state)
{
    (void)state;
    static const wire_Provenance unsure[] = {
        wire_Provenance_VENDOR_CUMULATIVE,
        wire_Provenance_ESTIMATED,
        wire_Provenance_WORST_CASE,
    };

    for (size_t i = 0; i < sizeof unsure / sizeof *unsure; i++) {
        const wire_UsageRecord record = record_of(unsure[i]);
        assert_int_equal(measure_consumed(&tokens, &record), 300);
    }
    const wire_UsageRecord unsent = record_of(wire_Provenance_NOT_SENT);
    assert_int_equal(measure_consumed(&money, &unsent), 0);
}

static void an_amount_is_rounded_up_once(void **state)
{
    (void)state;
    const wire_CreditMeasure thirds = {
        .weights_count = LIMIT_WEIGHTS, .weights = {1, 1, 1, 1, 1, 1}, .divisor = 3};
    wire_UsageRecord record = {.provenance = wire_Provenance_VENDOR_FINAL};

    assert_int_equal(measure_consumed(&thirds, &record), 0);
    record.input_uncached = record.output = 2;
    assert_int_equal(measure_consumed(&thirds, &record), 2);
    record.input_cached = 2;
    assert_int_equal(measure_consumed(&thirds, &record), 2);
    record.reasoning = 1;
    assert_int_equal(measure_consumed(&thirds, &record), 3);
}

static void missing_weights_are_nothing_and_a_missing_divisor_is_one(void **state)
{
    (void)state;
    const wire_CreditMeasure input = {.weights_count = 1, .weights = {2, 9, 9, 9, 9}};
    const wire_UsageRecord record = record_of(wire_Provenance_VENDOR_FINAL);

    assert_int_equal(measure_consumed(&input, &record), 10);
    assert_int_equal(measure_worst_case(&input, &record), 200);
}

static void sums_beyond_64_and_128_bits_are_the_largest_amount(void **state)
{
    (void)state;
    wire_CreditMeasure heavy = {.weights_count = LIMIT_WEIGHTS, .divisor = UINT64_MAX};
    wire_UsageRecord record = {.provenance = wire_Provenance_VENDOR_FINAL,
                               .input_uncached = UINT64_MAX,
                               .output = UINT64_MAX,
                               .reserved_input = UINT64_MAX,
                               .reserved_output = UINT64_MAX};

    for (size_t i = 0; i < LIMIT_WEIGHTS; i++)
        heavy.weights[i] = UINT64_MAX;
    assert_true(measure_consumed(&heavy, &record) == UINT64_MAX);
    assert_true(measure_worst_case(&heavy, &record) == UINT64_MAX);
    record.output = 0;
    assert_true(measure_consumed(&heavy, &record) == UINT64_MAX);
    heavy.divisor = 1;
    record.input_uncached = 2;
    assert_true(measure_consumed(&heavy, &record) == UINT64_MAX);
    record.input_uncached = 1;
    assert_true(measure_consumed(&heavy, &record) == UINT64_MAX);
}

/* How many characters will be spoken is known before they are sent, whatever becomes of them. */
static void sound_is_reserved_as_it_is_sent(void **state)
{
    (void)state;
    const wire_CreditMeasure speech = {
        .weights_count = LIMIT_WEIGHTS,
        .weights =
            {[MEASURE_AUDIO_IN_MS] = 3, [MEASURE_AUDIO_OUT_CHARS] = 2, [MEASURE_REQUESTS] = 5},
        .divisor = 1};
    wire_UsageRecord record = {.audio_out_chars = 40, .requests = 1};

    assert_int_equal(measure_worst_case(&speech, &record), 85);
    record.provenance = wire_Provenance_ESTIMATED;
    assert_int_equal(measure_consumed(&speech, &record), 85);
    record.provenance = wire_Provenance_WORST_CASE;
    assert_int_equal(measure_consumed(&speech, &record), 85);
    record.provenance = wire_Provenance_NOT_SENT;
    assert_int_equal(measure_consumed(&speech, &record), 0);
    record = (wire_UsageRecord){.audio_in_ms = 1000};
    assert_int_equal(measure_worst_case(&speech, &record), 3005);
}

/* The room is exact: with it the worst case fits, with one token more it does not. */
static void i2_the_output_that_fits_fits_and_no_more(void **state)
{
    (void)state;
    wire_UsageRecord record = {.reserved_input = 100};

    for (uint64_t usable = 1200000; usable < 3200000; usable += 17777) {
        record.reserved_output = measure_output_room(&money, &record, usable);
        assert_true(measure_worst_case(&money, &record) <= usable);
        record.reserved_output++;
        assert_true(measure_worst_case(&money, &record) > usable);
    }
    assert_int_equal(measure_output_room(&money, &record, 1199999), 0);
    assert_int_equal(measure_output_room(&tokens, &record, 99), 0);
    assert_int_equal(measure_output_room(&tokens, &record, 132), 32);
}

static void output_that_weighs_nothing_has_any_room(void **state)
{
    (void)state;
    const wire_CreditMeasure requests = {
        .weights_count = LIMIT_WEIGHTS, .weights = {[MEASURE_REQUESTS] = 1}, .divisor = 1};
    const wire_UsageRecord record = {.reserved_input = 100};

    assert_true(measure_output_room(&requests, &record, 1) == UINT64_MAX);
    assert_int_equal(measure_output_room(&requests, &record, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worst_case_takes_the_dearest_class_of_each_kind_and_one_request),
        cmocka_unit_test(what_the_vendor_counted_to_the_end_is_weighed_by_class),
        cmocka_unit_test(what_the_vendor_did_not_count_to_the_end_is_charged_at_its_reservation),
        cmocka_unit_test(an_amount_is_rounded_up_once),
        cmocka_unit_test(missing_weights_are_nothing_and_a_missing_divisor_is_one),
        cmocka_unit_test(sums_beyond_64_and_128_bits_are_the_largest_amount),
        cmocka_unit_test(sound_is_reserved_as_it_is_sent),
        cmocka_unit_test(i2_the_output_that_fits_fits_and_no_more),
        cmocka_unit_test(output_that_weighs_nothing_has_any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
