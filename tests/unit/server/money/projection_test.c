#include "server/money/projection.h"

#include "tests/unit/server/money/document.h"

/* The big vendor of the demo, made small. */
#define BIG                                                                                        \
    "{" HEAD ",'charges':[{'name':'fee','kind':'flat','amount':'3000000.00','per':'term'},"        \
    "{'name':'out','kind':'graduated','metric':'output','per':'month',"                            \
    "'tiers':[{'up_to':20000000000,'price':'0'},{'price':'2.00','unit':1000000}]}],"               \
    "'commitments':[{'name':'robots','metric':'active_devices','at_least':3,'measured':'peak',"    \
    "'per':'term','shortfall':{'fee_per_unit':'300.00'}}]}"

static struct zone *zone;

static struct decimal whole(int64_t number)
{
    struct decimal out;

    assert_int_equal(fraction_cut(fraction_of(number), &out), STATUS_OK);
    return out;
}

/* November and December. */
static struct projection two_months(const struct projection_usage *usage, size_t count)
{
    return (struct projection){.first = zone_day_of(2026, 11, 1),
                               .end = zone_day_of(2027, 1, 1),
                               .usage = usage,
                               .count = count};
}

static void assert_total(const struct tally *tally, const char *expected)
{
    struct arena *arena;
    struct bill bill;
    char text[DECIMAL_TEXT_SIZE];

    assert_int_equal(arena_create(&arena, 8u << 20), STATUS_OK);
    assert_int_equal(bill_make(tally, BILL_WHOLE_TERM, arena, &bill), STATUS_OK);
    decimal_format(bill.total, text);
    assert_string_equal(text, expected);
    arena_free(arena);
}

static struct tally *tally_of(struct arena *arena, const char *document, struct contract *contract)
{
    struct tally *tally;

    document_good(arena, document, contract);
    assert_int_equal(zone_open(&zone, "Asia/Shanghai"), STATUS_OK);
    assert_int_equal(tally_create(&tally, contract, zone), STATUS_OK);
    return tally;
}

/* 700 million a day: 21.0 thousand million in November, 21.7 in December, of which 20 are free:
 * 2,000 and 3,400; two robots of three that were promised: 300. */
static void use_goes_on_through_the_tiers_of_each_month(void **state)
{
    const struct projection_usage usage = {.model = "m",
                                           .per_day = {[CONTRACT_OUTPUT] = whole(700000000)}};
    static const char *const devices[] = {"a", "b"};
    struct projection projection = two_months(&usage, 1);
    struct contract contract;
    struct tally *tally = tally_of(*state, BIG, &contract);
    unsigned unpriced;

    assert_total(tally, "3000900");
    projection.devices = devices;
    projection.device_count = 2;
    assert_int_equal(projection_add(tally, &projection, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, 0);
    assert_total(tally, "3005700");
    tally_free(tally);
    zone_close(zone);
}

static void projections_add_up(void **state)
{
    const struct projection_usage usage = {.model = "m",
                                           .per_day = {[CONTRACT_OUTPUT] = whole(350000000)}};
    struct projection projection = two_months(&usage, 1);
    struct contract contract;
    struct tally *tally = tally_of(*state, BIG, &contract);
    unsigned unpriced;

    assert_int_equal(projection_add(tally, &projection, &unpriced), STATUS_OK);
    assert_total(tally, "3000900"); /* within what is free */
    assert_int_equal(projection_add(tally, &projection, &unpriced), STATUS_OK);
    assert_total(tally, "3006300");
    tally_free(tally);
    zone_close(zone);
}

static void what_falls_short_is_told_by_its_name(void **state)
{
    static const char *const devices[] = {"a"};
    struct projection projection = two_months(NULL, 0);
    struct contract contract;
    struct tally *tally = tally_of(*state, BIG, &contract);
    struct arena *arena;
    struct bill bill;
    struct decimal amount;
    struct fraction missing;

    projection.devices = devices;
    projection.device_count = 1;
    assert_int_equal(projection_add(tally, &projection, NULL), STATUS_OK);
    assert_int_equal(arena_create(&arena, 8u << 20), STATUS_OK);
    assert_int_equal(bill_make(tally, BILL_WHOLE_TERM, arena, &bill), STATUS_OK);
    assert_int_equal(projection_sum(&bill, BILL_COMMITMENT, "robots", &amount, &missing),
                     STATUS_OK);
    assert_fraction(missing, "2");
    assert_fraction(fraction_of_decimal(amount), "600");
    assert_int_equal(projection_sum(&bill, BILL_COMMITMENT, "other", &amount, &missing), STATUS_OK);
    assert_fraction(missing, "0");
    arena_free(arena);
    tally_free(tally);
    zone_close(zone);
}

/* Averages need every day: 2 robots on 61 of 365 days. */
static void an_average_of_robots_is_told_of_every_day(void **state)
{
    static const char *const devices[] = {"a", "b"};
    struct projection projection = two_months(NULL, 0);
    struct contract contract;
    struct tally *tally =
        tally_of(*state,
                 "{" HEAD ",'charges':[{'name':'fee','kind':'flat','amount':'0.00','per':'term'}],"
                 "'commitments':[{'name':'robots','metric':'active_devices','at_least':2,"
                 "'measured':'average','per':'month','shortfall':{'fee_per_unit':'10.00'}}]}",
                 &contract);

    assert_total(tally, "240");
    projection.devices = devices;
    projection.device_count = 2;
    assert_int_equal(projection_add(tally, &projection, NULL), STATUS_OK);
    assert_total(tally, "200");
    tally_free(tally);
    zone_close(zone);
}

static void models_without_a_price_are_told(void **state)
{
    const struct projection_usage usage[] = {
        {.model = "m", .per_day = {[CONTRACT_OUTPUT] = whole(10)}},
        {.model = "other", .per_day = {[CONTRACT_OUTPUT] = whole(10)}},
    };
    struct projection projection = two_months(usage, 2);
    struct contract contract;
    struct tally *tally = tally_of(
        *state,
        "{" HEAD ",'charges':[{'name':'out','kind':'unit','metric':'output','models':['m'],"
        "'price':'2.00','unit':1000000}]}",
        &contract);
    unsigned unpriced[2];

    assert_int_equal(projection_add(tally, &projection, unpriced), STATUS_OK);
    assert_int_equal(unpriced[0], 0);
    assert_int_equal(unpriced[1], CONTRACT_BIT(CONTRACT_OUTPUT));
    tally_free(tally);
    zone_close(zone);
}

static enum projection_trust trust_of(struct arena *arena, const char *charge)
{
    struct contract contract;
    const char *why;
    char text[2048];

    snprintf(text, sizeof text, "{" HEAD ",'charges':[%s]}", charge);
    document_good(arena, text, &contract);
    const enum projection_trust trust = projection_trust(&contract, &why);

    assert_true((trust == PROJECTION_EXACT) == (why[0] == 0));
    return trust;
}

static void what_sums_by_day_cannot_tell_is_not_told(void **state)
{
    assert_int_equal(trust_of(*state, UNIT), PROJECTION_EXACT);
    assert_int_equal(trust_of(*state,
                              "{'name':'out','kind':'unit','metric':'output','price':'2.00',"
                              "'hours':{'from':'00:00','to':'08:00'}}"),
                     PROJECTION_ROUGH);
    assert_int_equal(trust_of(*state,
                              "{'name':'out','kind':'unit','metric':'output','price':'2.00',"
                              "'included':{'units':1000,'per_device':true}}"),
                     PROJECTION_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(use_goes_on_through_the_tiers_of_each_month, document_make,
                                        document_drop),
        cmocka_unit_test_setup_teardown(projections_add_up, document_make, document_drop),
        cmocka_unit_test_setup_teardown(what_falls_short_is_told_by_its_name, document_make,
                                        document_drop),
        cmocka_unit_test_setup_teardown(an_average_of_robots_is_told_of_every_day, document_make,
                                        document_drop),
        cmocka_unit_test_setup_teardown(models_without_a_price_are_told, document_make,
                                        document_drop),
        cmocka_unit_test_setup_teardown(what_sums_by_day_cannot_tell_is_not_told, document_make,
                                        document_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
