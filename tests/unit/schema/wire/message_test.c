#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schema/wire/message.h"

static void what_is_encoded_is_decoded_to_the_same_values(void **state)
{
    wire_State sent = {
        .has_header = true,
        .header = {.has_session = true, .session = {.number = 7, .id = {1, 2, 3}}, .epoch = 2},
        .acknowledged_seq = UINT64_MAX,
        .journal_verdict = wire_JournalVerdict_JOURNAL_FORKED,
        .credit_count = 1,
        .credit = {{.line_id = "line-1",
                    .measures_count = 1,
                    .measures = {{.unit = "output",
                                  .weights_count = LIMIT_WEIGHTS,
                                  .weights = {[4] = UINT64_MAX},
                                  .divisor = 3,
                                  .granted = 5000}},
                    .unlimited = true}},
        .want_usage = true,
    };
    wire_State *got = malloc(sizeof *got);
    uint8_t bytes[512];
    size_t size = 0;

    (void)state;
    assert_int_equal(message_encode(MESSAGE_STATE, &sent, bytes, sizeof bytes, &size), STATUS_OK);
    memset(got, 0xff, sizeof *got);
    assert_int_equal(message_decode(MESSAGE_STATE, span_of(bytes, size), got), STATUS_OK);
    assert_true(got->has_header && got->header.has_session);
    assert_int_equal(got->header.session.number, 7);
    assert_int_equal(got->header.session.id[2], 3);
    assert_int_equal(got->header.epoch, 2);
    assert_true(got->acknowledged_seq == UINT64_MAX);
    assert_int_equal(got->journal_verdict, wire_JournalVerdict_JOURNAL_FORKED);
    assert_int_equal(got->credit_count, 1);
    assert_string_equal(got->credit[0].line_id, "line-1");
    assert_true(got->credit[0].unlimited);
    assert_int_equal(got->credit[0].measures_count, 1);
    assert_string_equal(got->credit[0].measures[0].unit, "output");
    assert_int_equal(got->credit[0].measures[0].weights_count, LIMIT_WEIGHTS);
    assert_true(got->credit[0].measures[0].weights[4] == UINT64_MAX);
    assert_int_equal(got->credit[0].measures[0].granted, 5000);
    assert_true(got->want_usage);
    assert_false(got->want_hello);
    assert_int_equal(got->session_floor, 0);
    free(got);
}

static void nothing_of_an_earlier_message_shines_through(void **state)
{
    wire_State *got = malloc(sizeof *got), *zero = calloc(1, sizeof *zero);

    (void)state;
    assert_non_null(got);
    assert_non_null(zero);
    memset(got, 0xff, sizeof *got);
    assert_int_equal(message_decode(MESSAGE_STATE, span_text(""), got), STATUS_OK);
    assert_memory_equal(got, zero, sizeof *got);
    free(zero);
    free(got);
}

static void a_buffer_that_is_too_small_is_full(void **state)
{
    const wire_Presence presence = {.has_session = true, .session = {.number = 300, .id = {1}}};
    uint8_t bytes[32];
    size_t size = 0, needed;

    (void)state;
    assert_int_equal(message_encode(MESSAGE_PRESENCE, &presence, bytes, sizeof bytes, &needed),
                     STATUS_OK);
    for (size_t room = 0; room < needed; room++)
        assert_int_equal(message_encode(MESSAGE_PRESENCE, &presence, bytes, room, &size),
                         STATUS_FULL);
    assert_int_equal(size, 0);
    assert_int_equal(message_encode(MESSAGE_PRESENCE, &presence, bytes, needed, &size), STATUS_OK);
    assert_int_equal(size, needed);
}

/* What the other side would refuse must not leave this one. */
static void what_could_not_be_decoded_is_not_encoded(void **state)
{
    wire_UsageRecord record = {.seq = 1, .vendor = "dahan\xff"};
    wire_State state_message = {.credit_count = LIMIT_CREDIT_LINES + 1};
    uint8_t bytes[LIMIT_RECORD_BYTES];
    size_t size;

    (void)state;
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, bytes, sizeof bytes, &size),
                     STATUS_INVALID);
    memset(record.vendor, 'v', sizeof record.vendor);
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, bytes, sizeof bytes, &size),
                     STATUS_INVALID);
    record.vendor[sizeof record.vendor - 1] = 0;
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, bytes, sizeof bytes, &size),
                     STATUS_OK);
    assert_int_equal(message_encode(MESSAGE_STATE, &state_message, bytes, sizeof bytes, &size),
                     STATUS_INVALID);
}

static void fill(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = 0;
}

/* I1 needs every attempt to be written down, whatever the vendor called things. */
static void the_largest_record_fits_its_limit(void **state)
{
    wire_UsageRecord record;
    uint8_t bytes[LIMIT_RECORD_BYTES];
    size_t size = 0;

    (void)state;
    memset(&record, 0xff, sizeof record);
    record.interrupted = true;
    fill(record.vendor, sizeof record.vendor);
    fill(record.model, sizeof record.model);
    fill(record.model_served, sizeof record.model_served);
    fill(record.contract, sizeof record.contract);
    fill(record.service_tier, sizeof record.service_tier);
    fill(record.vendor_request_id, sizeof record.vendor_request_id);
    fill(record.line_id, sizeof record.line_id);
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, bytes, sizeof bytes, &size),
                     STATUS_OK);
    assert_true(size > 600 && size <= LIMIT_RECORD_BYTES);
}

static void each_enum_has_a_word_for_every_value(void **state)
{
    (void)state;
    assert_string_equal(message_provenance_name(wire_Provenance_VENDOR_FINAL), "vendor_final");
    assert_string_equal(message_provenance_name(wire_Provenance_NOT_SENT), "not_sent");
    assert_string_equal(message_outcome_name(wire_Outcome_ANSWERED), "answered");
    assert_string_equal(message_outcome_name(wire_Outcome_LOST), "lost");
    assert_string_equal(message_error_name(wire_ErrorClass_ERROR_NONE), "none");
    assert_string_equal(message_error_name(wire_ErrorClass_NET), "net");
    assert_string_equal(message_setting_name(wire_SettingOutcome_SETTING_NEEDS_RESTART),
                        "needs_restart");
    assert_string_equal(message_command_status_name(wire_CommandStatus_COMMAND_EXPIRED), "expired");
    assert_string_equal(message_command_name(wire_CommandKind_BUNDLE), "bundle");
    assert_string_equal(message_purpose_name(wire_Purpose_TEST), "test");
    assert_string_equal(message_trial_step_name(wire_TrialStep_TRIAL_USAGE), "usage");
    assert_string_equal(message_trial_step_name(wire_TrialStep_TRIAL_SPEECH), "speech");
    assert_string_equal(message_trial_verdict_name(wire_TrialVerdict_TRIAL_FAILED), "failed");

    assert_string_equal(message_purpose_name((wire_Purpose)2), "unknown");
    assert_string_equal(message_trial_step_name((wire_TrialStep)8), "unknown");
    assert_string_equal(message_trial_verdict_name((wire_TrialVerdict)4), "unknown");
    assert_string_equal(message_provenance_name(wire_Provenance_ADJUSTMENT), "adjustment");
    assert_string_equal(message_provenance_name((wire_Provenance)7), "unknown");
    assert_string_equal(message_outcome_name((wire_Outcome)-1), "unknown");
    assert_string_equal(message_error_name((wire_ErrorClass)1000), "unknown");
    assert_string_equal(message_setting_name((wire_SettingOutcome)4), "unknown");
    assert_string_equal(message_command_status_name((wire_CommandStatus)5), "unknown");
    assert_string_equal(message_command_name(wire_CommandKind_KIND_NONE), "unknown");
    assert_string_equal(message_command_name(wire_CommandKind_TRANSFER), "transfer");
    assert_string_equal(message_command_name((wire_CommandKind)10), "unknown");
}

static void commands_are_found_by_their_words(void **state)
{
    wire_CommandKind kind = wire_CommandKind_KIND_NONE;

    (void)state;
    for (int i = wire_CommandKind_IDENTIFY; i <= wire_CommandKind_FORGET; i++) {
        const char *name = message_command_name((wire_CommandKind)i);

        assert_string_not_equal(name, "unknown");
        assert_int_equal(message_command_from_name(span_text(name), &kind), STATUS_OK);
        assert_int_equal(kind, i);
    }
    assert_int_equal(message_command_from_name(span_text("unknown"), &kind), STATUS_NOT_FOUND);
    assert_int_equal(message_command_from_name(span_text(""), &kind), STATUS_NOT_FOUND);
    assert_int_equal(kind, wire_CommandKind_FORGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded_to_the_same_values),
        cmocka_unit_test(nothing_of_an_earlier_message_shines_through),
        cmocka_unit_test(a_buffer_that_is_too_small_is_full),
        cmocka_unit_test(what_could_not_be_decoded_is_not_encoded),
        cmocka_unit_test(the_largest_record_fits_its_limit),
        cmocka_unit_test(each_enum_has_a_word_for_every_value),
        cmocka_unit_test(commands_are_found_by_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
