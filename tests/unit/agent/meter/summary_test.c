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
    wire_UsageRecord first = record_of(1, 5), second = record_of(2, 50);

    (void)state;
    second.purpose = wire_Purpose_TEST;
    summary_append(&sum, &first);
    summary_append(&sum, &second);
    assert_int_equal(sum.purpose, wire_Purpose_TALK);
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

/* ---- folding ---- */

#define HOUR_MS INT64_C(3600000)

struct taken {
    size_t count;
    wire_UsageRecord records[64];
};

static void take(void *context, const wire_UsageRecord *record)
{
    struct taken *taken = context;

    taken->records[taken->count++] = *record;
}

static struct taken fold_all(const wire_UsageRecord *records, size_t count)
{
    struct taken taken = {0};
    struct summary_folder folder = {.emit = take, .context = &taken};

    for (size_t i = 0; i < count; i++)
        summary_fold(&folder, &records[i]);
    summary_finish(&folder);
    return taken;
}

static void records_of_one_route_and_hour_fold_into_one_that_has_all_their_quantities(void **state)
{
    wire_UsageRecord records[] = {record_of(1, 5), record_of(2, 50), record_of(3, 500)};

    (void)state;
    records[1].contract_version = records[2].contract_version = 1;
    records[0].end_ms = 9000;
    records[2].end_ms = 8000;
    const struct taken taken = fold_all(records, 3);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.records[0].output, 555);
    assert_int_equal(taken.records[0].requests, 3);
    assert_int_equal(taken.records[0].reserved_output, 1200);
    assert_int_equal(taken.records[0].start_ms, 1000);
    assert_int_equal(taken.records[0].end_ms, 9000);
    assert_int_equal(taken.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(taken.records[0].attempt, 0);
    assert_string_equal(taken.records[0].vendor_request_id, "");
    assert_memory_not_equal(taken.records[0].turn, records[0].turn, 16);
}

static void a_record_alone_in_its_hour_stays_as_it_is(void **state)
{
    wire_UsageRecord records[] = {record_of(1, 5), record_of(1, 50)};

    (void)state;
    records[1].start_ms += HOUR_MS;
    const struct taken taken = fold_all(records, 2);
    assert_int_equal(taken.count, 2);
    assert_memory_equal(&taken.records[0], &records[0], sizeof records[0]);
    assert_memory_equal(&taken.records[1], &records[1], sizeof records[1]);
}

static void the_hour_is_that_of_the_servers_clock(void **state)
{
    wire_UsageRecord records[] = {record_of(1, 5), record_of(1, 50)};

    (void)state;
    records[1].start_ms += HOUR_MS;
    records[1].clock_offset_ms = -HOUR_MS;
    assert_int_equal(fold_all(records, 2).count, 1);
}

static void other_routes_versions_tiers_lines_outcomes_and_purposes_stay_apart(void **state)
{
    wire_UsageRecord records[8];

    (void)state;
    for (size_t i = 0; i < 8; i++)
        records[i] = record_of(1, 5);
    records[1].vendor[0] = 'x';
    records[2].model[0] = 'x';
    records[3].model_served[0] = 'x';
    records[4].contract[0] = 'x';
    records[5].contract_version = 7;
    records[6].service_tier[0] = 'x';
    records[7].line_id[0] = 'x';
    assert_int_equal(fold_all(records, 8).count, 8);
    records[1] = record_of(1, 5);
    records[1].outcome = wire_Outcome_FAILED;
    assert_int_equal(fold_all(records, 2).count, 2);
    records[1] = record_of(1, 5);
    records[1].purpose = wire_Purpose_TEST;
    assert_int_equal(fold_all(records, 2).count, 2);
}

static void
i1_what_is_certain_and_what_is_not_stay_apart_and_the_worst_provenance_is_told(void **state)
{
    wire_UsageRecord records[5];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        records[i] = record_of(1, 5);
    records[0].provenance = wire_Provenance_NOT_SENT;
    records[0].requests = 0;
    records[2].provenance = wire_Provenance_ESTIMATED;
    records[3].provenance = wire_Provenance_WORST_CASE;
    records[4].provenance = wire_Provenance_VENDOR_CUMULATIVE;
    const struct taken taken = fold_all(records, 5);
    assert_int_equal(taken.count, 2);
    assert_int_equal(taken.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(taken.records[0].requests, 1);
    assert_int_equal(taken.records[1].provenance, wire_Provenance_WORST_CASE);
    assert_int_equal(taken.records[1].requests, 3);
}

static void more_groups_than_fit_come_out_oldest_first_and_nothing_is_lost(void **state)
{
    wire_UsageRecord records[60];
    uint64_t requests = 0;

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        records[i] = record_of(1, 5);
        records[i].start_ms += HOUR_MS * (int64_t)(i / 2);
    }
    const struct taken taken = fold_all(records, 60);
    assert_int_equal(taken.count, 30);
    for (size_t i = 0; i < 30; i++) {
        requests += taken.records[i].requests;
        assert_int_equal(taken.records[i].start_ms, 1000 + HOUR_MS * (int64_t)i);
    }
    assert_int_equal(requests, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_class_is_added_up),
        cmocka_unit_test(for_the_rest_a_sum_says_what_its_last_record_does_but_names_no_attempt),
        cmocka_unit_test(a_sum_stops_at_the_largest_number),
        cmocka_unit_test(records_of_one_route_and_hour_fold_into_one_that_has_all_their_quantities),
        cmocka_unit_test(a_record_alone_in_its_hour_stays_as_it_is),
        cmocka_unit_test(the_hour_is_that_of_the_servers_clock),
        cmocka_unit_test(other_routes_versions_tiers_lines_outcomes_and_purposes_stay_apart),
        cmocka_unit_test(
            i1_what_is_certain_and_what_is_not_stay_apart_and_the_worst_provenance_is_told),
        cmocka_unit_test(more_groups_than_fit_come_out_oldest_first_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
