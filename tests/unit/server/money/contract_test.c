#include "server/money/contract.h"

#include "server/money/bill.h"
#include "tests/unit/server/money/document.h"

#define NO_TERM "'contract':'c-1','vendor':'v-1','currency':'CNY','zone':'Asia/Shanghai'"

static void flat_fees_and_unit_prices_are_read(void **state)
{
    struct contract contract;
    const struct contract_charge *charges;

    document_good(*state,
                  "{" HEAD ",'charges':[{'kind':'flat','amount':'3000000.00','per':'term'},"
                  "{'kind':'unit','metric':'output','models':['big','small'],"
                  "'price':'2.00','unit':1000000}]}",
                  &contract);
    assert_string_equal(contract.contract_id, "c-1");
    assert_int_equal(contract.minor_places, 2);
    assert_int_equal(contract.term_end, zone_day_of(2027, 1, 1));
    assert_int_equal(contract.version_count, 1);
    assert_int_equal(contract.versions[0].charge_count, 2);
    charges = contract.versions[0].charges;
    assert_int_equal(charges[0].kind, CONTRACT_FLAT);
    assert_int_equal(charges[0].rule.per, PERIOD_TERM);
    assert_fraction(charges[0].amount, "3000000");
    assert_string_equal(charges[1].name, "charges/1");
    assert_string_equal(charges[1].quantity.text, "output");
    assert_string_equal(charges[1].filter.models[1], "small");
    assert_fraction(charges[1].rates[0].price, "0.000002");
}

static void every_metric_has_its_name(void **state)
{
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        char text[512];

        snprintf(text, sizeof text, "{'kind':'unit','metric':'%s','price':'1'}",
                 contract_metric_name((enum contract_metric)i));
        assert_int_equal(document_charge(*state, text)->quantity.metrics, 1u << i);
    }
}

static void the_design_s_example_is_read(void **state)
{
    struct contract contract;

    document_good(
        *state,
        "{'contract':'dahan-2026','vendor':'dahan','currency':'CNY','zone':'Asia/Shanghai',"
        "'term':{'from':'2026-01-01','to':'2027-01-01'},'third_party_models':false,'charges':["
        "{'kind':'flat','amount':'3000000.00','per':'term'},"
        "{'kind':'graduated','metric':'output','models':['*'],'per':'month','tiers':["
        "{'up_to':20000000000,'price':'0'},{'price':'2.00','unit':1000000}]}],"
        "'commitments':[{'metric':'active_devices','at_least':10000,'measured':'peak',"
        "'per':'term','shortfall':{'fee_per_unit':'300.00'}}],"
        "'caps':[{'metric':'requests','at_most':2000000,'per':'day','hard':true},"
        "{'metric':'concurrency','at_most':500,'hard':false}],"
        "'thresholds':[{'of':'spend','limit':'3600000.00','at':'80%','do':['alert']},"
        "{'of':'cap:requests','at':'95%','do':['alert',{'fall_back_to':'erxian-2026'}]}]}",
        &contract);
    assert_true(contract.versions[0].third_party.is_given);
    assert_false(contract.versions[0].third_party.allowed);
}

static void outer_members_that_cannot_be_are_refused(void **state)
{
    document_refused(*state, "{" HEAD ",'charges':[]}", "/charges", "1 to 64");
    document_refused(*state, "{" HEAD "}", "/charges", "is missing");
    document_refused(*state, "{" HEAD ",'charges':[" UNIT "],'comitments':[]}", "/comitments",
                     "did you mean \"commitments\"?");
    document_refused(*state, "{" HEAD ",'charges':[" UNIT "],'commitments':[]}", "/commitments",
                     "1 to 16");
    document_refused(*state,
                     "{'contract':'c-1','vendor':'v-1','currency':'ZZZ','zone':'UTC','charges':"
                     "[" UNIT "]}",
                     "/currency", "in use");
    document_refused(*state,
                     "{'contract':'c-1','vendor':'v-1','currency':'cny','zone':'UTC','charges':"
                     "[" UNIT "]}",
                     "/currency", "ISO 4217");
    document_refused(*state,
                     "{" NO_TERM ",'term':{'from':'2026-02-30','to':'2027-01-01'},"
                     "'charges':[" UNIT "]}",
                     "/term/from", "YYYY-MM-DD");
    document_refused(*state,
                     "{" NO_TERM ",'term':{'from':'2027-01-01','to':'2027-01-01'},"
                     "'charges':[" UNIT "]}",
                     "/term/to", "later than from");
    document_refused(*state, "{" NO_TERM ",'charges':[{'kind':'flat','amount':1,'per':'term'}]}",
                     "/charges/0/per", "needs the contract's term");
    document_refused(*state, "[]", "", "must be an object");
}

static void a_contract_without_a_term_has_no_beginning_and_counts_months(void **state)
{
    struct contract contract;

    document_good(*state, "{" NO_TERM ",'charges':[" UNIT "]}", &contract);
    assert_true(contract.term_first == CONTRACT_NO_DAY);
    assert_true(contract.versions[0].end == CONTRACT_FOREVER);
    assert_int_equal(contract.versions[0].charges[0].rule.per, PERIOD_MONTH);
    assert_non_null(contract_terms_on(&contract, 0));
}

#define AMENDED                                                                                    \
    "{" HEAD ",'charges':[" UNIT "],'caps':[{'metric':'requests','at_most':5,'per':'day'}],"       \
    "'thresholds':[{'of':'cap:requests','at':'80%','do':['alert']}],'amendments':["                \
    "{'effective_from':'2026-07-16','counters':'restart','charges':[{'kind':'unit',"               \
    "'metric':'output','price':'1.50','unit':1000000}]},"                                          \
    "{'effective_from':'2026-09-01','caps':[{'metric':'requests','at_most':9,'per':'day'}]}]}"

static void amendments_make_versions_and_keep_what_they_leave_out(void **state)
{
    struct contract contract;

    document_good(*state, AMENDED, &contract);
    assert_int_equal(contract.version_count, 3);
    assert_int_equal(contract.versions[0].end, zone_day_of(2026, 7, 16));
    assert_int_equal(contract.versions[1].version, 2);
    assert_true(contract.versions[1].counters_restart);
    assert_fraction(contract.versions[1].charges[0].rates[0].price, "0.0000015");
    assert_fraction(contract.versions[2].charges[0].rates[0].price, "0.0000015");
    assert_false(contract.versions[2].counters_restart);
    assert_fraction(contract.versions[2].caps[0].at_most, "9");
    assert_ptr_equal(contract.versions[2].thresholds[0].cap, &contract.versions[2].caps[0]);
    assert_int_equal(contract.versions[2].end, zone_day_of(2027, 1, 1));
    assert_ptr_equal(contract_terms_on(&contract, zone_day_of(2026, 7, 15)), contract.versions);
    assert_ptr_equal(contract_terms_on(&contract, zone_day_of(2026, 7, 16)), &contract.versions[1]);
    assert_null(contract_terms_on(&contract, zone_day_of(2027, 1, 1)));
    assert_null(contract_terms_on(&contract, zone_day_of(2025, 12, 31)));
}

static void amendments_out_of_order_or_that_break_what_stays_are_refused(void **state)
{
#define AMEND(list) "{" HEAD ",'charges':[" UNIT "]," list "}"
    document_refused(*state, AMEND("'amendments':[{'effective_from':'2026-01-01'}]"),
                     "/amendments/0/effective_from", "after what it amends");
    document_refused(*state, AMEND("'amendments':[{'effective_from':'2027-01-01'}]"),
                     "/amendments/0/effective_from", "past the contract's term");
    document_refused(*state, AMEND("'amendments':[{'effective_from':'2026-02-01','term':{}}]"),
                     "/amendments/0/term", "not known");
    document_refused(*state,
                     AMEND("'commitments':[{'metric':'spend','at_least':1,'charges':['out']}],"
                           "'amendments':[{'effective_from':'2026-02-01','charges':["
                           "{'kind':'flat','amount':1,'per':'term'}]}]"),
                     "/commitments/0/charges",
                     "no charge has that name in these terms (as amendments/0 leaves it)");
    document_refused(*state,
                     AMEND("'amendments':[{'effective_from':'2026-02-01','charges':["
                           "{'kind':'flat','amount':1}]}]"),
                     "/amendments/0/charges/0/per", "is missing");
#undef AMEND
}

static void later_documents_join_and_end_what_was_there(void **state)
{
    struct contract base, next, joined;
    int64_t first = zone_day_of(2026, 8, 2);

    document_good(*state, AMENDED, &base);
    document_good(
        *state, "{" HEAD ",'charges':[" UNIT ",{'kind':'flat','amount':1,'per':'month'}]}", &next);
    assert_int_equal(contract_amend(&base, &next, 1785500000000, first, *state, &joined),
                     STATUS_OK);
    assert_int_equal(joined.version_count, 4);
    assert_int_equal(joined.versions[3].version, 4);
    assert_int_equal(joined.versions[3].document, 2);
    assert_int_equal(joined.versions[1].end, first);
    /* the one that was planned for September never comes into force */
    assert_int_equal(joined.versions[2].first, joined.versions[2].end);
    assert_ptr_equal(contract_terms_on(&joined, zone_day_of(2026, 9, 5)), &joined.versions[3]);
    assert_int_equal(base.versions[1].end, zone_day_of(2026, 9, 1));

    assert_ptr_equal(contract_terms_at(&joined, 1785499999999, first - 1), &joined.versions[1]);
    assert_ptr_equal(contract_terms_at(&joined, 1785500000000, first - 1), &joined.versions[3]);
    assert_null(contract_terms_at(&joined, 1785500000000, zone_day_of(2027, 1, 1)));

    assert_int_equal(contract_amend(&joined, &next, 1785500000000, first, *state, &joined),
                     STATUS_STALE);
    assert_int_equal(contract_amend(&base, &next, 0, base.versions[0].first, *state, &joined),
                     STATUS_STALE);
    next.currency = "USD";
    assert_int_equal(contract_amend(&base, &next, 1785500000000, first, *state, &joined),
                     STATUS_DENIED);
}

static void a_contract_has_so_many_versions_and_no_more(void **state)
{
    struct contract contract, next;

    document_good(*state, "{" HEAD ",'charges':[" UNIT "]}", &contract);
    next = contract;
    for (int i = 1; i < CONTRACT_VERSIONS; i++)
        assert_int_equal(
            contract_amend(&contract, &next, i, contract.term_first + i, *state, &contract),
            STATUS_OK);
    assert_int_equal(
        contract_amend(&contract, &next, 1000, contract.term_first + 200, *state, &contract),
        STATUS_FULL);
}

/* Only the charges must stay; a threshold of what ended is refused. */
static void an_amendment_ends_a_list_by_an_empty_one(void **state)
{
    static const char terms[] =
        "{" HEAD ",'charges':[" UNIT "],'commitments':[{'name':'floor','metric':'spend','at_least':"
        "5,'per':'month','shortfall':{'true_up':true}}],'interim':[5]%s,"
        "'amendments':[{'effective_from':'2026-07-01','%s':[],'interim':[]}]}";
    struct contract contract;
    char text[2048];

    snprintf(text, sizeof text, terms, "", "commitments");
    document_good(*state, text, &contract);
    assert_int_equal(contract.versions[0].commitment_count, 1);
    assert_int_equal(contract.versions[0].interim_count, 1);
    assert_int_equal(contract.versions[1].commitment_count, 0);
    assert_int_equal(contract.versions[1].interim_count, 0);
    snprintf(text, sizeof text, terms,
             ",'thresholds':[{'of':'commitment:floor','at':'80%','do':['alert']}]", "commitments");
    document_refused(*state, text, "/thresholds/0/of", "as amendments/0 leaves it");
    snprintf(text, sizeof text, terms, "", "charges");
    document_refused(*state, text, "/amendments/0/charges", "1 to 64");
    snprintf(text, sizeof text, terms, "", "tax");
    document_refused(*state, text, "/amendments/0/tax", "must be an object");
}

static void currencies_have_their_minor_unit(void **state)
{
    static const struct {
        const char *currency;
        unsigned places;
    } cases[] = {{"CNY", 2}, {"JPY", 0}, {"KWD", 3}, {"CLF", 4}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct contract contract;
        char text[512];

        snprintf(text, sizeof text,
                 "{'contract':'c','vendor':'v','currency':'%s','zone':'UTC','charges':[" UNIT "]}",
                 cases[i].currency);
        document_good(*state, text, &contract);
        assert_int_equal(contract.minor_places, cases[i].places);
    }
}

/* Of one record in the middle of 2026. */
static struct decimal cost_of(const struct contract *contract,
                              const uint64_t used[CONTRACT_METRICS], unsigned *unpriced)
{
    struct tally_usage usage = {
        .at_ms = zone_day_of(2026, 7, 1) * INT64_C(86400000),
        .device = "r1",
        .model = "big",
        .service_tier = "",
        .replaces = "",
        .is_activity = true,
        .gauge = "",
    };
    struct decimal price;
    struct zone *zone;
    struct tally *tally;

    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        assert_true(fraction_is_decimal(fraction_of((int64_t)used[i]), &usage.quantities[i]));
    assert_int_equal(zone_open(&zone, contract->zone), STATUS_OK);
    assert_int_equal(tally_create(&tally, contract, zone), STATUS_OK);
    assert_int_equal(bill_add(tally, &usage, &price, unpriced), STATUS_OK);
    tally_free(tally);
    zone_close(zone);
    return price;
}

static void i5_a_record_costs_the_exact_sum_of_its_classes(void **state)
{
    struct contract contract;
    unsigned unpriced;
    char text[DECIMAL_TEXT_SIZE];
    uint64_t used[CONTRACT_METRICS] = {0};

    /* per 1M: input 5, cache write 6.25, output 25; 6, 159,217 and 2,745 tokens */
    document_good(*state,
                  "{" HEAD ",'charges':[{'kind':'matrix','unit':1000000,'prices':"
                  "{'input_uncached':'5','cache_write_5m':'6.25','output':'25'}},"
                  "{'kind':'unit','metric':'output','models':['other'],'price':'1000'}]}",
                  &contract);
    used[CONTRACT_INPUT_UNCACHED] = 6;
    used[CONTRACT_CACHE_WRITE_5M] = 159217;
    used[CONTRACT_OUTPUT] = 2745;
    used[CONTRACT_REQUESTS] = 1;
    decimal_format(cost_of(&contract, used, &unpriced), text);
    assert_string_equal(text, "1.06376125");
    assert_int_equal(unpriced, 0);
    used[CONTRACT_REASONING] = 3;
    cost_of(&contract, used, &unpriced);
    assert_int_equal(unpriced, 1u << CONTRACT_REASONING);
}

static void usage_under_a_flat_fee_alone_costs_nothing_more(void **state)
{
    struct contract contract;
    struct decimal price;
    unsigned unpriced;
    const uint64_t used[CONTRACT_METRICS] = {[CONTRACT_OUTPUT] = 1000};

    document_good(*state, "{" HEAD ",'charges':[{'kind':'flat','amount':'1','per':'year'}]}",
                  &contract);
    price = cost_of(&contract, used, &unpriced);
    assert_int_equal(decimal_compare(price, (struct decimal){0}), 0);
    assert_int_equal(unpriced, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, document_make, document_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flat_fees_and_unit_prices_are_read),
        TEST(every_metric_has_its_name),
        TEST(the_design_s_example_is_read),
        TEST(outer_members_that_cannot_be_are_refused),
        TEST(a_contract_without_a_term_has_no_beginning_and_counts_months),
        TEST(amendments_make_versions_and_keep_what_they_leave_out),
        TEST(amendments_out_of_order_or_that_break_what_stays_are_refused),
        TEST(later_documents_join_and_end_what_was_there),
        TEST(a_contract_has_so_many_versions_and_no_more),
        TEST(an_amendment_ends_a_list_by_an_empty_one),
        TEST(currencies_have_their_minor_unit),
        TEST(i5_a_record_costs_the_exact_sum_of_its_classes),
        TEST(usage_under_a_flat_fee_alone_costs_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
