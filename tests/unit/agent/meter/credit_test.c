#include "agent/meter/credit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/dice.h"

/* A line that counts input and output tokens, and one that counts output and requests as well. */
static wire_CreditLine token_line(const char *id, uint64_t granted)
{
    wire_CreditLine line = {
        .measures_count = 1,
        .measures = {{.weights_count = 6, .weights = {1, 1, 1, 1, 1, 1}, .divisor = 1}},
    };

    memcpy(line.line_id, id, strlen(id) + 1);
    line.measures[0].granted = granted;
    return line;
}

static wire_CreditLine line_of_three(uint64_t tokens, uint64_t output, uint64_t requests)
{
    wire_CreditLine line = token_line("l1", tokens);

    line.measures_count = 3;
    line.measures[1] = (wire_CreditMeasure){
        .weights_count = 6, .weights = {[4] = 1, [5] = 1}, .divisor = 1, .granted = output};
    line.measures[2] = (wire_CreditMeasure){
        .weights_count = LIMIT_WEIGHTS, .weights = {[10] = 1}, .divisor = 1, .granted = requests};
    return line;
}

static bool merge(struct credit *credit, uint32_t epoch, const wire_CreditLine *lines, size_t count)
{
    bool changed[LIMIT_CREDIT_LINES], any = false;

    assert_int_equal(credit_merge(credit, epoch, lines, count, changed), STATUS_OK);
    for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++)
        any |= changed[i];
    return any;
}

static void grant(struct credit *credit, uint32_t epoch, uint64_t granted, uint64_t return_to)
{
    wire_CreditLine line = token_line("l1", granted);

    line.measures[0].return_to = return_to;
    merge(credit, epoch, &line, 1);
}

static wire_UsageRecord attempt_on(const char *line_id, uint64_t input, uint64_t output)
{
    wire_UsageRecord record = {.reserved_input = input, .reserved_output = output};

    memcpy(record.line_id, line_id, strlen(line_id) + 1);
    return record;
}

static enum status reserve(struct credit *credit, uint64_t input, uint64_t output)
{
    const wire_UsageRecord record = attempt_on("l1", input, output);

    return credit_reserve(credit, &record);
}

/* The vendor counted to the end. */
static void settle(struct credit *credit, uint64_t input, uint64_t output, uint64_t used_output)
{
    wire_UsageRecord record = attempt_on("l1", input, output);

    record.provenance = wire_Provenance_VENDOR_FINAL;
    record.output = used_output;
    record.requests = 1;
    credit_end_attempt(credit, &record, &record);
}

static wire_CreditUse use_of(const struct credit *credit, size_t place)
{
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    pb_size_t count;

    credit_report(credit, lines, &count);
    assert_true(place < count);
    return lines[place];
}

static wire_CreditAmount report(const struct credit *credit)
{
    const wire_CreditUse use = use_of(credit, 0);

    return use.amounts[0];
}

static void i2_an_attempt_starts_only_if_its_worst_case_fits(void **state)
{
    (void)state;
    struct credit credit = {0};

    grant(&credit, 1, 100, 0);
    assert_int_equal(reserve(&credit, 20, 40), STATUS_OK);
    assert_int_equal(reserve(&credit, 20, 21), STATUS_DENIED);
    assert_int_equal(reserve(&credit, 20, 20), STATUS_OK);
    settle(&credit, 20, 40, 10);
    assert_int_equal(reserve(&credit, 20, 31), STATUS_DENIED);
    assert_int_equal(reserve(&credit, 20, 30), STATUS_OK);
    assert_int_equal(credit.events.denied, 2);
}

static void i2_every_measure_binds_and_a_refusal_reserves_nothing(void **state)
{
    (void)state;
    struct credit credit = {0};
    wire_CreditLine line = line_of_three(1000, 50, 9);

    merge(&credit, 1, &line, 1);
    assert_int_equal(reserve(&credit, 100, 51), STATUS_DENIED);
    wire_CreditUse use = use_of(&credit, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(use.amounts[i].open, 0);
    assert_int_equal(reserve(&credit, 100, 30), STATUS_OK);
    use = use_of(&credit, 0);
    assert_int_equal(use.amounts[0].open, 130);
    assert_int_equal(use.amounts[1].open, 30);
    assert_int_equal(use.amounts[2].open, 1);
    settle(&credit, 100, 30, 7);
    use = use_of(&credit, 0);
    assert_int_equal(use.amounts[0].used, 7);
    assert_int_equal(use.amounts[1].used, 7);
    assert_int_equal(use.amounts[2].used, 1);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(reserve(&credit, 1, 1), STATUS_OK);
        settle(&credit, 1, 1, 0);
    }
    assert_int_equal(reserve(&credit, 1, 1), STATUS_DENIED); /* the ninth request was the last */
}

static void an_unlimited_line_never_refuses(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine line = {.line_id = "l1", .unlimited = true};

    merge(&credit, 1, &line, 1);
    assert_int_equal(reserve(&credit, 1000000, 1), STATUS_OK);
    settle(&credit, 1000000, 1, 123);
    assert_int_equal(use_of(&credit, 0).amounts_count, 0);
    const wire_UsageRecord record = attempt_on("l1", 5, 4000);
    assert_int_equal(credit_room(&credit, &record), 4000);
}

static void
an_unknown_line_and_one_without_measures_are_refused_and_a_route_without_one_is_not(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine bare = {.line_id = "l1"};
    const wire_UsageRecord unknown = attempt_on("l9", 1, 1), free_of_any = attempt_on("", 1, 1000);

    merge(&credit, 1, &bare, 1);
    assert_int_equal(credit_reserve(&credit, &unknown), STATUS_DENIED);
    assert_int_equal(credit_room(&credit, &unknown), 0);
    assert_int_equal(reserve(&credit, 1, 1), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, &free_of_any), STATUS_OK);
    assert_int_equal(credit_room(&credit, &free_of_any), 1000);
}

static void grants_of_an_epoch_merge_by_maximum_and_a_higher_epoch_replaces(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine late = token_line("l1", 900);
    bool changed[LIMIT_CREDIT_LINES];

    grant(&credit, 2, 100, 0);
    grant(&credit, 2, 80, 0);
    assert_int_equal(report(&credit).granted_seen, 100);
    assert_int_equal(credit_merge(&credit, 1, &late, 1, changed), STATUS_STALE);
    assert_int_equal(report(&credit).granted_seen, 100);
    grant(&credit, 3, 50, 0);
    assert_int_equal(report(&credit).granted_seen, 50);
    assert_int_equal(report(&credit).used, 0);
}

static void only_unused_credit_is_given_back_and_it_stays_given_back(void **state)
{
    (void)state;
    struct credit credit = {0};

    grant(&credit, 1, 100, 0);
    assert_int_equal(reserve(&credit, 10, 20), STATUS_OK);
    grant(&credit, 1, 100, 90);
    assert_int_equal(report(&credit).returned, 70);
    assert_int_equal(credit.events.returned, 1);
    assert_int_equal(reserve(&credit, 1, 0), STATUS_DENIED);
    settle(&credit, 10, 20, 0);
    grant(&credit, 1, 100, 0);
    assert_int_equal(report(&credit).returned, 70);
    assert_int_equal(credit.events.returned, 1);
    assert_int_equal(reserve(&credit, 1, 30), STATUS_DENIED);
    assert_int_equal(reserve(&credit, 1, 29), STATUS_OK);
}

static void a_known_line_with_other_weights_is_not_taken_and_counted(void **state)
{
    (void)state;
    struct credit credit = {0};
    wire_CreditLine other = token_line("l1", 9000);

    grant(&credit, 1, 100, 0);
    other.measures[0].weights[4] = 2;
    assert_false(merge(&credit, 1, &other, 1));
    other = token_line("l1", 9000);
    other.measures[0].divisor = 2;
    assert_false(merge(&credit, 1, &other, 1));
    other = line_of_three(9000, 9000, 9000);
    assert_false(merge(&credit, 1, &other, 1));
    other = (wire_CreditLine){.line_id = "l1", .unlimited = true};
    assert_false(merge(&credit, 1, &other, 1));
    assert_int_equal(credit.events.lines_refused, 4);
    assert_int_equal(report(&credit).granted_seen, 100);
    assert_int_equal(reserve(&credit, 0, 101), STATUS_DENIED);
    other = token_line("l1", 200); /* zeros left out are the same weights */
    other.measures[0].weights_count = LIMIT_WEIGHTS;
    assert_true(merge(&credit, 1, &other, 1));
    assert_int_equal(credit.events.lines_refused, 4);
}

static void a_recalled_line_gives_its_place_to_a_new_one_when_nothing_is_open(void **state)
{
    (void)state;
    struct credit credit = {0};
    wire_CreditLine lines[LIMIT_CREDIT_LINES];
    const wire_CreditLine fresh = token_line("new", 5);
    const wire_UsageRecord first = attempt_on("a", 4, 6), on_new = attempt_on("new", 2, 3);

    for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++) {
        const char id[2] = {(char)('a' + i), 0};
        lines[i] = token_line(id, 10);
    }
    merge(&credit, 1, lines, LIMIT_CREDIT_LINES);
    assert_int_equal(credit_reserve(&credit, &first), STATUS_OK);
    assert_true(merge(&credit, 1, &fresh, 1));
    assert_int_equal(credit_reserve(&credit, &on_new), STATUS_OK);
    credit_release(&credit, &first);
    assert_int_equal(credit_reserve(&credit, &first), STATUS_OK);
}

/* Cut to what is left, the attempt fits; by one token more it would not. */
static void i2_room_is_what_is_left_of_the_tightest_measure(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_CreditLine line = line_of_three(1000, 50, 9);
    wire_UsageRecord record = attempt_on("l1", 960, 400);

    merge(&credit, 1, &line, 1);
    assert_int_equal(credit_room(&credit, &record), 40);
    record.reserved_input = 100;
    assert_int_equal(credit_room(&credit, &record), 50);
    record.reserved_output = 20;
    assert_int_equal(credit_room(&credit, &record), 20);
    record.reserved_input = 1001;
    assert_int_equal(credit_room(&credit, &record), 0);
}

/* What a state says of three lines. */
static void tell_three(struct credit *credit, bool first_used_up, bool second_standby,
                       uint64_t granted)
{
    wire_CreditLine lines[] = {token_line("l1", granted), token_line("l2", 0), token_line("l3", 0)};

    lines[0].used_up = first_used_up;
    lines[1].standby = second_standby;
    merge(credit, 1, lines, 3);
}

static void one_typical_attempt_is_wanted_on_the_first_route_and_where_one_was_refused(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_UsageRecord typical = attempt_on("l1", 300, 100);
    const wire_UsageRecord third = attempt_on("l3", 300, 100);

    tell_three(&credit, false, false, 0);
    assert_int_equal(report(&credit).wanted, CREDIT_TYPICAL_INPUT + CREDIT_TYPICAL_OUTPUT);
    assert_int_equal(credit_room(&credit, &typical), 0);
    assert_int_equal(use_of(&credit, 0).amounts[0].wanted, 400);
    assert_int_equal(use_of(&credit, 0).amounts[0].least, 300 + CREDIT_LEAST_OUTPUT);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
    assert_int_equal(use_of(&credit, 2).amounts[0].wanted, 0);
    assert_int_equal(credit_reserve(&credit, &third), STATUS_DENIED);
    assert_int_equal(use_of(&credit, 2).amounts[0].wanted, 400);
    grant(&credit, 1, 400, 0); /* and the others are not named any more */
    assert_int_equal(report(&credit).wanted, 0);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
}

static void one_is_wanted_where_the_server_has_it_lie_ready(void **state)
{
    (void)state;
    struct credit credit = {0};

    tell_three(&credit, false, true, 0);
    assert_true(use_of(&credit, 1).amounts[0].wanted > 0);
    tell_three(&credit, false, false, 0);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
}

/* Exhaustion needs no server once it is known: the next line is filled before it is needed. */
static void
when_the_first_line_is_used_up_the_next_one_wants_and_the_server_hears_at_once(void **state)
{
    (void)state;
    struct credit credit = {0};

    tell_three(&credit, false, false, 0);
    assert_int_equal(credit.events.moved, 0);
    tell_three(&credit, true, false, 0);
    assert_int_equal(credit.events.moved, 1);
    assert_true(use_of(&credit, 0).amounts[0].wanted > 0); /* there may be some again */
    assert_true(use_of(&credit, 1).amounts[0].wanted > 0);
    assert_int_equal(use_of(&credit, 2).amounts[0].wanted, 0);
    tell_three(&credit, true, false, 0);
    assert_int_equal(credit.events.moved, 1);
    tell_three(&credit, false, false, 5000);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
    assert_int_equal(credit.events.moved, 1);
}

/* The chat's vendor does not stand in for the voice's. */
static void lines_of_another_use_want_for_themselves(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_UsageRecord chat = attempt_on("l1", 30, 10);
    wire_UsageRecord speech[] = {attempt_on("l2", 0, 0), attempt_on("l3", 0, 0)};
    wire_CreditLine lines[] = {token_line("l1", 1000), token_line("l2", 0), token_line("l3", 0)};

    for (size_t i = 1; i < 3; i++) {
        speech[i - 1].audio_out_chars = 25;
        lines[i].use = wire_RouteUse_SPEECH;
        lines[i].measures[0].weights_count = 8;
        lines[i].measures[0].weights[7] = 1;
    }
    merge(&credit, 1, lines, 3);
    assert_true(use_of(&credit, 1).amounts[0].wanted > 0); /* the first that speaks */
    assert_int_equal(use_of(&credit, 2).amounts[0].wanted, 0);
    assert_int_equal(credit_reserve(&credit, &speech[0]), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, &speech[1]), STATUS_DENIED);
    wire_UsageRecord closed = chat;
    closed.outcome = wire_Outcome_ANSWERED;
    assert_int_equal(credit_reserve(&credit, &chat), STATUS_OK);
    credit_end_attempt(&credit, &chat, &closed);
    assert_true(use_of(&credit, 1).amounts[0].wanted >= 25);
    assert_true(use_of(&credit, 2).amounts[0].wanted >= 25);
}

/* What a vendor refused to say costs nothing, and all that was reserved is free again. */
static void a_reservation_of_sound_ends_whole_whatever_the_close_tells(void **state)
{
    (void)state;
    struct credit credit = {0};
    wire_UsageRecord speech = attempt_on("l1", 0, 0);
    wire_CreditLine line = token_line("l1", 100);

    line.measures[0].weights_count = 8;
    line.measures[0].weights[7] = 1;
    merge(&credit, 1, &line, 1);
    speech.audio_out_chars = 60;
    assert_int_equal(credit_reserve(&credit, &speech), STATUS_OK);
    assert_int_equal(use_of(&credit, 0).amounts[0].open, 60);
    wire_UsageRecord closed = speech;
    closed.audio_out_chars = 0;
    closed.provenance = wire_Provenance_VENDOR_FINAL;
    closed.outcome = wire_Outcome_FAILED;
    credit_end_attempt(&credit, &speech, &closed);
    assert_int_equal(use_of(&credit, 0).amounts[0].open, 0);
    assert_int_equal(use_of(&credit, 0).amounts[0].used, 0);
}

/* All was used up, then a limit was raised: what is granted belongs on the first line alone. */
static void what_was_refused_behind_a_line_that_serves_again_is_not_wanted_any_more(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_UsageRecord first = attempt_on("l1", 30, 10);
    const wire_UsageRecord second = attempt_on("l2", 30, 10);
    wire_CreditLine lines[] = {token_line("l1", 0), token_line("l2", 0)};

    lines[0].used_up = lines[1].used_up = true;
    merge(&credit, 1, lines, 2);
    assert_int_equal(credit_reserve(&credit, &first), STATUS_DENIED);
    assert_int_equal(credit_reserve(&credit, &second), STATUS_DENIED);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 40);
    lines[0].used_up = false;
    lines[0].measures[0].granted = 80;
    merge(&credit, 1, lines, 2);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
    lines[1].used_up = false;
    merge(&credit, 1, lines, 2);
    assert_int_equal(credit_reserve(&credit, &second), STATUS_DENIED); /* the first vendor failed */
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 40);
    wire_UsageRecord closed = first;
    closed.outcome = wire_Outcome_FAILED;
    assert_int_equal(credit_reserve(&credit, &first), STATUS_OK);
    credit_end_attempt(&credit, &closed, &closed);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 40);
    closed.outcome = wire_Outcome_ANSWERED;
    assert_int_equal(credit_reserve(&credit, &first), STATUS_OK);
    credit_end_attempt(&credit, &closed, &closed);
    assert_int_equal(use_of(&credit, 1).amounts[0].wanted, 0);
}

static void a_refusal_is_awaited_until_the_server_grants_or_says_that_all_is_used_up(void **state)
{
    (void)state;
    struct credit credit = {0};
    const wire_UsageRecord record = attempt_on("l1", 300, 100);

    assert_int_equal(credit_outlook(&credit, "l1"), CREDIT_USED_UP); /* unknown */
    tell_three(&credit, false, false, 10);
    assert_int_equal(credit_reserve(&credit, &record), STATUS_DENIED);
    assert_int_equal(credit_outlook(&credit, "l1"), CREDIT_AWAITED);
    assert_int_equal(credit.events.awaited, 1);
    tell_three(&credit, true, false, 10);
    assert_int_equal(credit_outlook(&credit, "l1"), CREDIT_USED_UP);
    assert_int_equal(credit_reserve(&credit, &record), STATUS_DENIED);
    assert_int_equal(credit.events.awaited, 1);
    tell_three(&credit, false, false, 410);
    assert_int_equal(credit_outlook(&credit, "l1"), CREDIT_GRANTED);
    assert_int_equal(credit_reserve(&credit, &record), STATUS_OK);
}

static void as_much_is_wanted_as_was_used_between_two_reports(void **state)
{
    (void)state;
    struct credit credit = {0};

    grant(&credit, 1, 10000, 0);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(reserve(&credit, 0, 1000), STATUS_OK);
        settle(&credit, 0, 1000, 1000);
    }
    assert_int_equal(report(&credit).wanted, 6000); /* 8000 again, and 2000 are at hand */
    credit_reported(&credit);
    assert_int_equal(report(&credit).wanted, 6000);
    grant(&credit, 1, 16000, 0);
    assert_int_equal(report(&credit).wanted, 0);
    credit_reported(&credit);
    assert_int_equal(report(&credit).wanted, 0);
    grant(&credit, 1, 16000, 7500); /* 500 are left, less than an attempt */
    assert_int_equal(report(&credit).wanted, 1000);
}

/* I2, whatever comes in whatever order: an attempt that starts fits in every measure, and nothing
 * that was granted is used twice. At the start of an epoch more may be under way or used than is
 * granted in it: nothing starts until it is covered. */
static void i2_what_is_used_open_and_returned_never_passes_what_is_granted(void **state)
{
    (void)state;
    enum { ATTEMPTS = 6 };
    struct dice dice;

    dice_init(&dice, 7, span_text("credit"));
    for (unsigned round = 0; round < 300; round++) {
        struct credit credit = {0};
        wire_UsageRecord open[ATTEMPTS];
        uint64_t carried[3] = {0};
        size_t open_count = 0;
        uint32_t epoch = 1;

        for (unsigned step = 0; step < 200; step++) {
            const uint64_t what = dice_below(&dice, 100);

            if (what < 30) {
                wire_CreditLine line = line_of_three(dice_below(&dice, 9000),
                                                     dice_below(&dice, 3000), dice_below(&dice, 9));
                bool changed[LIMIT_CREDIT_LINES];
                const uint32_t said =
                    epoch + (dice_below(&dice, 20) == 0) - (epoch > 1 && dice_below(&dice, 9) == 0);

                for (size_t i = 0; i < 3; i++)
                    line.measures[i].return_to = dice_below(&dice, 4) ? 0 : dice_below(&dice, 5000);
                enum status status = credit_merge(&credit, said, &line, 1, changed);
                assert_int_equal(status, said < epoch ? STATUS_STALE : STATUS_OK);
                if (said > epoch)
                    for (size_t i = 0; i < 3; i++)
                        carried[i] = credit.lines[0].measures[i].open;
                epoch = said > epoch ? said : epoch;
            } else if (what < 65 && open_count < ATTEMPTS) {
                wire_UsageRecord record =
                    attempt_on("l1", dice_below(&dice, 400), dice_below(&dice, 800));

                record.reserved_output = credit_room(&credit, &record);
                if (credit_reserve(&credit, &record) == STATUS_OK)
                    open[open_count++] = record;
            } else if (open_count > 0) {
                wire_UsageRecord *record = &open[dice_below(&dice, open_count)];

                record->provenance = dice_below(&dice, 3) ? wire_Provenance_VENDOR_FINAL
                                                          : wire_Provenance_WORST_CASE;
                record->input_uncached = dice_below(&dice, record->reserved_input + 1);
                record->output = dice_below(&dice, record->reserved_output + 1);
                record->requests = 1;
                credit_end_attempt(&credit, record, record);
                *record = open[--open_count];
            }
            for (size_t i = 0; credit.count > 0 && i < 3; i++) {
                const struct credit_measure *measure = &credit.lines[0].measures[i];
                const uint64_t gone = measure->used + measure->open + measure->returned;

                assert_true(gone <= measure->granted || gone <= carried[i] + measure->returned);
            }
        }
    }
}

static uint64_t wanted_on(const struct credit *credit, size_t place)
{
    return use_of(credit, place).amounts[0].wanted;
}

static wire_CreditLine test_line(uint64_t granted)
{
    wire_CreditLine line = token_line("test", granted);

    line.purpose = wire_Purpose_TEST;
    return line;
}

/* It stands first here: whoever mixed it up with the owner's lines would want nothing on theirs. */
static void a_trials_line_is_none_of_the_owners_and_wants_one_test(void **state)
{
    struct credit credit = {0};
    const wire_CreditLine lines[] = {test_line(0), token_line("l1", 0)};
    const wire_CreditLine granted[] = {test_line(900), token_line("l1", 0)};

    (void)state;
    merge(&credit, 1, lines, 2);
    assert_int_equal(wanted_on(&credit, 0), CREDIT_TEST_INPUT + CREDIT_TEST_OUTPUT);
    assert_int_equal(wanted_on(&credit, 1), CREDIT_TYPICAL_INPUT + CREDIT_TYPICAL_OUTPUT);
    merge(&credit, 1, granted, 2);
    assert_int_equal(wanted_on(&credit, 0), 0);
    assert_int_equal(wanted_on(&credit, 1), CREDIT_TYPICAL_INPUT + CREDIT_TYPICAL_OUTPUT);
}

static void a_trials_line_for_speech_wants_one_sentence(void **state)
{
    struct credit credit = {0};
    wire_CreditLine line = test_line(0);

    (void)state;
    line.use = wire_RouteUse_SPEECH;
    line.measures[0].weights_count = LIMIT_WEIGHTS;
    memset(line.measures[0].weights, 0, sizeof line.measures[0].weights);
    line.measures[0].weights[7] = 1; /* audio_out_chars */
    merge(&credit, 1, &line, 1);
    assert_int_equal(wanted_on(&credit, 0), CREDIT_TEST_CHARS);
}

static void a_test_says_nothing_of_what_the_owner_will_ask(void **state)
{
    struct credit credit = {0};
    const wire_CreditLine lines[] = {token_line("l1", 0), test_line(900)};
    wire_UsageRecord test = attempt_on("test", 500, 300);

    (void)state;
    merge(&credit, 1, lines, 2);
    test.purpose = wire_Purpose_TEST;
    assert_int_equal(credit_room(&credit, &test), 300);
    assert_int_equal(credit_reserve(&credit, &test), STATUS_OK);
    assert_int_equal(wanted_on(&credit, 0), CREDIT_TYPICAL_INPUT + CREDIT_TYPICAL_OUTPUT);
    assert_int_equal(credit_reserve(&credit, &test), STATUS_DENIED);
    assert_int_equal(credit_outlook(&credit, "test"), CREDIT_AWAITED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i2_an_attempt_starts_only_if_its_worst_case_fits),
        cmocka_unit_test(i2_every_measure_binds_and_a_refusal_reserves_nothing),
        cmocka_unit_test(an_unlimited_line_never_refuses),
        cmocka_unit_test(
            an_unknown_line_and_one_without_measures_are_refused_and_a_route_without_one_is_not),
        cmocka_unit_test(grants_of_an_epoch_merge_by_maximum_and_a_higher_epoch_replaces),
        cmocka_unit_test(only_unused_credit_is_given_back_and_it_stays_given_back),
        cmocka_unit_test(a_known_line_with_other_weights_is_not_taken_and_counted),
        cmocka_unit_test(a_recalled_line_gives_its_place_to_a_new_one_when_nothing_is_open),
        cmocka_unit_test(i2_room_is_what_is_left_of_the_tightest_measure),
        cmocka_unit_test(
            one_typical_attempt_is_wanted_on_the_first_route_and_where_one_was_refused),
        cmocka_unit_test(one_is_wanted_where_the_server_has_it_lie_ready),
        cmocka_unit_test(
            when_the_first_line_is_used_up_the_next_one_wants_and_the_server_hears_at_once),
        cmocka_unit_test(lines_of_another_use_want_for_themselves),
        cmocka_unit_test(a_reservation_of_sound_ends_whole_whatever_the_close_tells),
        cmocka_unit_test(what_was_refused_behind_a_line_that_serves_again_is_not_wanted_any_more),
        cmocka_unit_test(a_refusal_is_awaited_until_the_server_grants_or_says_that_all_is_used_up),
        cmocka_unit_test(as_much_is_wanted_as_was_used_between_two_reports),
        cmocka_unit_test(i2_what_is_used_open_and_returned_never_passes_what_is_granted),
        cmocka_unit_test(a_trials_line_is_none_of_the_owners_and_wants_one_test),
        cmocka_unit_test(a_trials_line_for_speech_wants_one_sentence),
        cmocka_unit_test(a_test_says_nothing_of_what_the_owner_will_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
