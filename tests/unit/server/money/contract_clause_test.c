#include "tests/unit/server/money/document.h"

static void commitments_are_floors_of_spend_or_of_a_quantity(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state, "'commitments':["
                "{'metric':'spend','at_least':'120000','per':'year','shortfall':{'true_up':true},"
                "'charges':['out'],'name':'floor'},"
                "{'metric':'active_devices','at_least':10000,'measured':'peak','per':'term',"
                "'shortfall':{'fee_per_unit':'300.00'}},"
                "{'metric':'spend','per':'month','cumulative':true,'shortfall':"
                "{'carry_forward':true},'steps':[{'from':'2026-01-01','at_least':100},"
                "{'from':'2026-07-01','at_least':200}]},"
                "{'metric':'tokens','share':'70%','per':'year'}]");
    const struct contract_commitment *commitments = terms->commitments;

    assert_int_equal(terms->commitment_count, 4);
    assert_string_equal(commitments[0].name, "floor");
    assert_int_equal(commitments[0].shortfall, CONTRACT_TRUE_UP);
    assert_fraction(commitments[0].at_least, "120000");
    assert_string_equal(commitments[0].charges[0], "out");
    assert_string_equal(commitments[1].name, "commitments/1");
    assert_int_equal(commitments[1].shortfall, CONTRACT_FEE_PER_UNIT);
    assert_fraction(commitments[1].fee, "300");
    assert_true(commitments[2].cumulative);
    assert_int_equal(commitments[2].step_count, 2);
    assert_int_equal(commitments[2].steps[1].first, zone_day_of(2026, 7, 1));
    assert_int_equal(commitments[3].share_permille, 700);
    assert_int_equal(commitments[3].shortfall, CONTRACT_WATCHED);
}

static void commitments_that_cannot_be_judged_are_refused(void **state)
{
#define COMMITMENT(members, at, detail)                                                            \
    document_terms_refused(*state, "'commitments':[{" members "}]", "/commitments/0" at, detail)
    COMMITMENT("'metric':'spend','at_least':1,'charges':['in']", "/charges", "no charge has that");
    COMMITMENT("'metric':'spend','at_least':1,'steps':[]", "/at_least", "must stand alone");
    COMMITMENT("'metric':'spend'", "/at_least", "must stand alone");
    COMMITMENT("'metric':'images','at_least':1,'shortfall':{'true_up':true}", "/shortfall/true_up",
               "there is none: use fee_per_unit");
    COMMITMENT("'metric':'output','at_least':1,'shortfall':{'carry_forward':true}",
               "/shortfall/carry_forward", "metric: spend");
    COMMITMENT("'metric':'spend','at_least':1,'shortfall':{'fee_per_unit':1}",
               "/shortfall/fee_per_unit", "true_up");
    COMMITMENT("'metric':'spend','at_least':1,'shortfall':{}", "/shortfall", "one of true_up");
    COMMITMENT("'metric':'spend','at_least':1,'shortfall':{'reprice':true}", "/shortfall/reprice",
               "there are none");
    COMMITMENT("'metric':'terminals','at_least':1", "/metric", "there is none");
    COMMITMENT("'metric':'concurrency','at_least':1", "/metric", "for caps");
    COMMITMENT("'metric':'output','at_least':1,'charges':['out']", "/charges", "spend");
    COMMITMENT("'metric':'spend','at_least':1,'models':['big']", "/models", "name its charges");
    COMMITMENT("'metric':'spend','at_least':1,'per':'term','cumulative':true", "/cumulative",
               "several periods");
    COMMITMENT("'metric':'tokens','share':'70%','shortfall':{'true_up':true}", "/shortfall/true_up",
               "used elsewhere");
    COMMITMENT("'metric':'tokens','share':'70%','per':'month','cumulative':true,'shortfall':{"
               "'penalty':1}",
               "/shortfall", "leave out cumulative");
    COMMITMENT("'metric':'tokens','at_least':7,'shortfall':{'penalty':1,'fee_per_unit':1}",
               "/shortfall", "one of");
    COMMITMENT("'metric':'tokens','share':'70.01%'", "/share", "tenths of a percent");
    COMMITMENT("'metric':'spend','steps':[{'from':'2026-02-01','at_least':1},"
               "{'from':'2026-02-01','at_least':2}]",
               "/steps/1/from", "after that of the step before");
#undef COMMITMENT
}

static void the_missing_units_of_one_charge_are_trued_up_at_its_price(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state, "'commitments':[{'metric':'output','at_least':5,'shortfall':{'true_up':true}}]");

    assert_int_equal(terms->commitments[0].shortfall, CONTRACT_TRUE_UP);
    document_refused(*state,
                     "{" HEAD ",'charges':[" UNIT ",{'name':'more','kind':'unit','metric':'output',"
                     "'price':1}],'commitments':[{'metric':'output','at_least':5,'shortfall':"
                     "{'true_up':true}}]}",
                     "/commitments/0/shortfall/true_up", "there are several: name it in charges");
    struct contract contract;
    document_good(*state,
                  "{" HEAD ",'charges':[" UNIT ",{'name':'more','kind':'unit','metric':'output',"
                  "'price':1}],'commitments':[{'metric':'output','at_least':5,'charges':['more'],"
                  "'shortfall':{'true_up':true}}]}",
                  &contract);
}

static void credits_and_discounts_are_read(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state,
        "'credits':[{'amount':'500','price':'400','from':'2026-01-01','to':'2026-07-01',"
        "'priority':2},{'units':100,'metric':'requests','per':'day','overage':'carried',"
        "'rollover':{'at_most':50,'periods':2}}],"
        "'discounts':[{'percent':'10%','charges':['out'],'periods':3,'per':'month'},"
        "{'amount':5},{'rebate':[{'up_to':1000,'share':'0%'},{'share':'5%'}],'per':'year'}]");

    assert_int_equal(terms->credit_count, 2);
    assert_true(terms->credits[0].is_money);
    assert_fraction(terms->credits[0].price, "400");
    assert_int_equal(terms->credits[0].end, zone_day_of(2026, 7, 1));
    assert_true(terms->credits[1].recurs && terms->credits[1].overage_recurs);
    assert_true(terms->credits[1].rolls_over && terms->credits[1].has_roll_most);
    assert_int_equal(terms->credits[1].end, zone_day_of(2027, 1, 1));
    assert_int_equal(terms->discount_count, 3);
    assert_fraction(terms->discounts[0].value, "0.1");
    assert_int_equal(terms->discounts[0].periods, 3);
    assert_int_equal(terms->discounts[1].kind, CONTRACT_AMOUNT_OFF);
    assert_int_equal(terms->discounts[2].kind, CONTRACT_VOLUME_REBATE);
    assert_fraction(terms->discounts[2].tiers[1].price, "0.05");
}

static void credits_and_discounts_that_nothing_can_use_are_refused(void **state)
{
#define CREDIT(members, at, detail)                                                                \
    document_terms_refused(*state, "'credits':[{" members "}]", "/credits/0" at, detail)
    CREDIT("'amount':5,'units':7", "", "either amount");
    CREDIT("'name':'x'", "", "either amount");
    CREDIT("'amount':0", "/amount", "above 0");
    CREDIT("'amount':5,'metric':'output'", "/metric", "goes with units");
    CREDIT("'units':5,'metric':'active_devices'", "/metric", "cannot stand here");
    CREDIT("'amount':5,'from':'2027-01-01','to':'2027-02-01'", "/from", "nothing can use it");
    CREDIT("'amount':5,'overage':'carried'", "/overage", "goes with per");
    CREDIT("'amount':5,'rollover':{'periods':1}", "/rollover", "goes with per");
    CREDIT("'amount':5,'per':'term'", "/per", "must recur");
#undef CREDIT
    document_terms_refused(*state, "'discounts':[{'percent':'5%','amount':3}]", "/discounts/0",
                           "one of percent");
    document_terms_refused(*state, "'discounts':[{'percent':'5%','charges':['in']}]",
                           "/discounts/0/charges", "no charge has that name");
    document_terms_refused(*state, "'discounts':[{'rebate':[{'up_to':7,'share':'5%'}]}]",
                           "/discounts/0/rebate/0/up_to", "without a price");
}

static void caps_are_hard_only_where_a_request_tells_its_worst_case(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state, "'caps':[{'metric':'requests','at_most':2000000,'per':'day','hard':true},"
                "{'metric':'concurrency','at_most':500,'hard':false},"
                "{'name':'money','metric':'spend','at_most':'99.5','per':'month','hard':true}]");

    assert_int_equal(terms->cap_count, 3);
    assert_true(terms->caps[0].hard);
    assert_int_equal(terms->caps[0].rule.per, PERIOD_DAY);
    assert_int_equal(terms->caps[1].quantity.source, CONTRACT_CONCURRENCY);
    assert_string_equal(terms->caps[2].name, "money");
#define CAP(members, at, detail)                                                                   \
    document_terms_refused(*state, "'caps':[{" members "}]", "/caps/0" at, detail)
    CAP("'metric':'concurrency','at_most':5,'hard':true", "/hard", "it is watched");
    CAP("'metric':'active_devices','at_most':5,'per':'day','hard':true", "/hard", "it is watched");
    CAP("'metric':'amount','at_most':5,'per':'day','hard':true", "/hard", "it is watched");
    CAP("'metric':'concurrency','at_most':5,'per':'day'", "/per", "for a level");
    CAP("'metric':'requests','at_most':5", "/per", "is missing");
    CAP("'metric':'requests','per':'day'", "/at_most", "is missing");
#undef CAP
}

static void i2_a_hard_cap_on_spend_needs_prices_with_a_linear_bound(void **state)
{
    static const struct {
        const char *charge;
        const char *why; /* NULL: it has one */
    } cases[] = {
        {"{'kind':'flat','amount':1,'per':'month'}", NULL},
        {"{'kind':'graduated','metric':'output','tiers':[{'up_to':5,'price':2},{'price':3}]}",
         NULL},
        {"{'kind':'volume','metric':'output','tiers':[{'up_to':5,'price':2},{'price':1}]}", NULL},
        {"{'kind':'time_of_day','metric':'output','price':2,'windows':[{'from':'01:00',"
         "'to':'02:00','price':9}]}",
         NULL},
        {"{'kind':'volume','metric':'output','tiers':[{'up_to':5,'price':2},{'price':3}]}",
         "make all units before it dearer"},
        {"{'kind':'graduated','metric':'output','tiers':[{'up_to':5,'price':2},{'price':3,"
         "'flat':1}]}",
         "costs a fee at once"},
        {"{'kind':'graduated','metric':'output','tiers':[{'price':3,'size':10}]}",
         "start a whole package"},
        {"{'kind':'package','metric':'output','size':10,'price':1}", "start a whole package"},
        {"{'kind':'points','weights':[{'metric':'output','points':3}],'price':2}", NULL},
        {"{'kind':'points','weights':[{'metric':'output','points':3}],'tiers':[{'price':2,"
         "'size':5}]}",
         "start a whole package"},
        {"{'kind':'percentage','rate':'1%'}", "only after the usage"},
        {"{'kind':'licence','price':1,'term':'contract'}", "a terminal's licence"},
        {"{'kind':'unit','metric':'active_devices','price':1}", "a whole device"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        struct contract contract;

        snprintf(text, sizeof text,
                 "{" HEAD ",'charges':[%s],'caps':[{'metric':'spend','at_most':9,'per':'day',"
                 "'hard':true}]}",
                 cases[i].charge);
        if (cases[i].why)
            document_refused(*state, text, "/caps/0/hard", cases[i].why);
        else
            document_good(*state, text, &contract);
    }
}

#define CAPS "'caps':[{'metric':'requests','at_most':5,'per':'day','hard':true}],"

static void thresholds_know_the_cap_or_commitment_that_they_are_of(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state,
        CAPS "'commitments':[{'name':'floor','metric':'spend','at_least':9,'per':'year'}],"
             "'thresholds':[{'of':'spend','limit':'3600000.00','at':'80%','do':['alert']},"
             "{'of':'cap:requests','at':'95%','rearm':'90%','do':['alert',"
             "{'fall_back_to':'erxian-2026'},{'throttle':{'turns_per_minute':2,'model':'small'}}]},"
             "{'of':'commitment:floor','forecast':'100%','do':['alert'],'shadow':true},"
             "{'of':'output','rate':'3','do':['block'],'per':'month'},"
             "{'of':'spend','at':'500','do':['canned']}]");
    const struct contract_threshold *thresholds = terms->thresholds;

    assert_int_equal(terms->threshold_count, 5);
    assert_int_equal(thresholds[0].trigger, CONTRACT_AT_SHARE);
    assert_fraction(thresholds[0].at, "0.8");
    assert_fraction(thresholds[0].limit, "3600000");
    assert_int_equal(thresholds[0].rule.per, PERIOD_TERM);
    assert_ptr_equal(thresholds[1].cap, &terms->caps[0]);
    assert_int_equal(thresholds[1].action_count, 3);
    assert_string_equal(thresholds[1].actions[1].contract, "erxian-2026");
    assert_int_equal(thresholds[1].actions[2].turns_per_minute, 2);
    assert_string_equal(thresholds[1].actions[2].model, "small");
    assert_fraction(thresholds[1].rearm, "0.9");
    assert_ptr_equal(thresholds[2].commitment, &terms->commitments[0]);
    assert_int_equal(thresholds[2].trigger, CONTRACT_AT_FORECAST);
    assert_true(thresholds[2].shadow);
    assert_int_equal(thresholds[3].trigger, CONTRACT_AT_RATE);
    assert_int_equal(thresholds[4].trigger, CONTRACT_AT_AMOUNT);
}

static void thresholds_of_nothing_or_without_effect_are_refused(void **state)
{
#define THRESHOLD(members, at, detail)                                                             \
    document_terms_refused(*state, CAPS "'thresholds':[{" members "}]", "/thresholds/0" at, detail)
    THRESHOLD("'of':'cap:output','at':'80%','do':['alert']", "/of", "there is no cap");
    THRESHOLD("'of':'commitment:x','at':'80%','do':['alert']", "/of", "there is no commitment");
    THRESHOLD("'of':'spent','limit':1,'at':'80%','do':['alert']", "/of", "did you mean \"spend\"");
    THRESHOLD("'of':'cap:requests','limit':1,'at':'80%','do':['alert']", "/limit", "leave it out");
    THRESHOLD("'of':'spend','at':'80%','do':['alert']", "/limit", "a share of what");
    THRESHOLD("'of':'cap:requests','at':'80%','forecast':'90%','do':['alert']", "/at", "alone");
    THRESHOLD("'of':'cap:requests','do':['alert']", "/at", "alone");
    THRESHOLD("'of':'cap:requests','at':'0%','do':['alert']", "/at", "above 0");
    THRESHOLD("'of':'cap:requests','rate':1,'do':['alert']", "/rate", "above 1");
    THRESHOLD("'of':'cap:requests','at':'80%','do':[]", "/do", "list of 1 to 4");
    THRESHOLD("'of':'cap:requests','at':'80%','do':['shout']", "/do/0", "must be alert");
    THRESHOLD("'of':'cap:requests','at':'80%','do':['alert','alert']", "/do/1", "twice");
    THRESHOLD("'of':'cap:requests','at':'80%','do':[{'fall_back_to':'c-1'}]", "/do/0/fall_back_to",
              "this contract itself");
    THRESHOLD("'of':'cap:requests','at':'80%','do':[{'throttle':{}}]", "/do/0/throttle",
              "must say turns_per_minute");
    THRESHOLD("'of':'cap:requests','at':'80%','rearm':'80%','do':['alert']", "/rearm", "below");
    THRESHOLD("'of':'cap:requests','at':5,'rearm':'80%','do':['alert']", "/rearm", "in percent");
#undef THRESHOLD
    document_terms_refused(*state,
                           "'caps':[{'metric':'requests','at_most':5,'per':'day'},"
                           "{'metric':'requests','at_most':50,'per':'month'}],"
                           "'thresholds':[{'of':'cap:requests','at':'80%','do':['alert']}]",
                           "/thresholds/0/of", "several caps");
}

static void thresholds_that_could_never_be_judged_are_refused(void **state)
{
#define REFUSED(commitment, threshold, at, detail)                                                 \
    document_terms_refused(*state,                                                                 \
                           "'commitments':[{'name':'p','per':'month'," commitment "}],"            \
                           "'thresholds':[{" threshold ",'do':['alert']}]",                        \
                           "/thresholds/0" at, detail)
#define OF_P "'of':'commitment:p','at':'100%'"
    REFUSED("'metric':'output','at_least':1,'service_tiers':['batch']", OF_P, "/of",
            "service tier or hours");
    REFUSED("'metric':'output','at_least':1,'hours':{'from':'01:00','to':'02:00'}", OF_P, "/of",
            "service tier or hours");
    REFUSED("'metric':'spend','at_least':1,'charges':['out']", OF_P, "/of", "names its charges");
    REFUSED("'metric':'output','at_least':1,'cumulative':true", OF_P, "/of", "cumulative");
    REFUSED("'metric':{'gauge':'lines'},'at_least':1", OF_P, "/of", "gauge");
    REFUSED("'metric':'active_devices','measured':'ever','at_least':1", OF_P, "/of",
            "measured: ever");
    REFUSED("'metric':'active_devices','at_least':1", "'of':'commitment:p','forecast':'90%'",
            "/forecast", "cannot be told");
    REFUSED("'metric':'output','share':'70%'", "'of':'commitment:p','rate':3", "/of",
            "no usual hour");
    REFUSED("'metric':'output','at_least':1", "'of':'active_devices','limit':3,'at':'80%'", "/of",
            "write one and name it");
    REFUSED("'metric':'output','at_least':1", "'of':'terminals','limit':3,'at':'80%'", "/of",
            "licences");
    REFUSED("'metric':'output','at_least':1", "'of':'amount','limit':3,'at':'80%'", "/of",
            "amounts");
#undef OF_P
#undef REFUSED
}

static void third_parties_tax_and_service_levels_are_read(void **state)
{
    const struct contract_terms *terms = document_terms(
        *state, "'third_party_models':{'models':['other'],'markup':'10%'},"
                "'tax':{'rate':'6%','inclusive':true,'rounding':'invoice'},"
                "'service_levels':[{'from':'2026-02-01','to':'2026-03-01','credit':'10%',"
                "'at_most':'30%'}],'interim':['200.00',500]");

    assert_true(terms->third_party.is_given && terms->third_party.allowed);
    assert_fraction(terms->third_party.markup, "0.1");
    assert_true(terms->tax.inclusive);
    assert_int_equal(terms->tax.rounding, CONTRACT_TAX_PER_INVOICE);
    assert_fraction(terms->service_levels[0].cap_share, "0.3");
    assert_int_equal(terms->interim_count, 2);
    document_terms_refused(*state, "'third_party_models':{}", "/third_party_models",
                           "says nothing");
    document_terms_refused(*state, "'interim':[5,5]", "/interim", "that rise");
    document_terms_refused(*state,
                           "'service_levels':[{'from':'2027-02-01','to':'2027-03-01',"
                           "'credit':'10%'}]",
                           "/service_levels/0/from", "owes nothing");
    document_refused(*state,
                     "{" HEAD ",'charges':[{'kind':'unit','metric':'output','price':1,'models':"
                     "['own','other']}],'third_party_models':{'models':['other']}}",
                     "/third_party_models/models", "part them");
    document_terms_refused(*state, "'third_party_models':{'models':['other']}",
                           "/third_party_models/models", "priced by out");
    document_terms(*state, "'third_party_models':{'models':['other'],'counts_toward_commitments':"
                           "true}");
    document_terms_refused(*state,
                           "'third_party_models':{'models':['other'],'counts_toward_commitments':"
                           "true,'per':'day'}",
                           "/third_party_models/per", "goes with markup");
}

static void a_contract_ends_when_its_notice_has_run(void **state)
{
    struct contract contract;

    document_good(*state,
                  "{" HEAD ",'charges':[" UNIT "],'grace_days':5,'termination':{'notice_days':30,"
                  "'notified':'2026-05-02','fee':'50%'}}",
                  &contract);
    assert_true(contract.termination.is_terminated);
    assert_int_equal(contract.termination.end, zone_day_of(2026, 6, 1));
    assert_fraction(contract.termination.fee_share, "0.5");
    assert_int_equal(contract.grace_days, 5);
    document_good(*state,
                  "{" HEAD ",'charges':[" UNIT "],'termination':{'notice_days':30,'fee':'50%'}}",
                  &contract);
    assert_false(contract.termination.is_terminated);
    document_terms_refused(*state,
                           "'termination':{'notice_days':30,'notified':'2026-05-02',"
                           "'on':'2026-05-31'}",
                           "/termination/on", "before the notice");
    document_terms_refused(*state, "'termination':{'on':'2027-05-31'}", "/termination/on",
                           "outside of its term");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, document_make, document_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commitments_are_floors_of_spend_or_of_a_quantity),
        TEST(commitments_that_cannot_be_judged_are_refused),
        TEST(the_missing_units_of_one_charge_are_trued_up_at_its_price),
        TEST(credits_and_discounts_are_read),
        TEST(credits_and_discounts_that_nothing_can_use_are_refused),
        TEST(caps_are_hard_only_where_a_request_tells_its_worst_case),
        TEST(i2_a_hard_cap_on_spend_needs_prices_with_a_linear_bound),
        TEST(thresholds_know_the_cap_or_commitment_that_they_are_of),
        TEST(thresholds_of_nothing_or_without_effect_are_refused),
        TEST(thresholds_that_could_never_be_judged_are_refused),
        TEST(third_parties_tax_and_service_levels_are_read),
        TEST(a_contract_ends_when_its_notice_has_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
