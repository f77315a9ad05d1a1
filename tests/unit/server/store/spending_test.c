#include "server/store/spending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define FROM_MS INT64_C(1000)
#define TO_MS   INT64_C(2000)

static const struct booking_record record = {
    .device_id = "r2",
    .vendor_id = "dahan",
    .contract_id = "dahan-2026",
    .model = "big",
    .currency = "CNY",
    .provenance = wire_Provenance_WORST_CASE,
    .reserved_input = 100,
    .reserved_output = 70,
    .quantities = {[CONTRACT_INPUT_UNCACHED] = 11, [CONTRACT_OUTPUT] = 7, [CONTRACT_REQUESTS] = 1},
};

static struct credits_pool pool_of(const char *scope, const char *subject)
{
    return (struct credits_pool){
        .scope = scope, .subject = subject, .unit = "output", .from_ms = FROM_MS, .to_ms = TO_MS};
}

static const struct credits_member members[] = {
    {"r1", "stage"}, {"r2", "hall"}, {"r2", "stage"}, {"r3", "attic"}};

static bool covers(const struct credits_pool *pool, int64_t at_ms)
{
    size_t count;
    const struct credits_member *groups = spending_find_groups(members, 4, "r2", &count);

    assert_int_equal(count, 2);
    return spending_covers(pool, &record, groups, count, at_ms);
}

static void usage_counts_in_the_pools_of_all_that_it_belongs_to(void **state)
{
    static const char *const pools[][2] = {{"fleet", ""},     {"group", "stage"},
                                           {"device", "r2"},  {"vendor", "dahan"},
                                           {"group", "hall"}, {"contract", "dahan-2026"}};
    static const char *const others[][2] = {
        {"group", "attic"}, {"device", "r1"}, {"vendor", "erxian"}, {"contract", "erxian-2026"}};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const struct credits_pool pool = pool_of(pools[i][0], pools[i][1]);

        assert_true(covers(&pool, FROM_MS));
    }
    for (size_t i = 0; i < 4; i++) {
        const struct credits_pool pool = pool_of(others[i][0], others[i][1]);

        assert_false(covers(&pool, FROM_MS));
    }
}

static void a_test_counts_in_the_pools_of_vendors_and_contracts_alone(void **state)
{
    static const struct {
        const char *scope, *subject;
        bool pays;
    } pools[] = {{"fleet", "", false},
                 {"group", "stage", false},
                 {"device", "r2", false},
                 {"vendor", "dahan", true},
                 {"contract", "dahan-2026", true}};
    struct booking_record test = record;

    (void)state;
    test.purpose = wire_Purpose_TEST;
    for (size_t i = 0; i < 5; i++) {
        const struct credits_pool pool = pool_of(pools[i].scope, pools[i].subject);

        assert_int_equal(spending_pays_tests(&pool), pools[i].pays);
        assert_int_equal(spending_covers(&pool, &test, members + 1, 2, FROM_MS), pools[i].pays);
    }
}

static void a_pool_counts_its_period_its_models_and_its_currency_alone(void **state)
{
    static const char *const small[] = {"small"};
    static const char *const both[] = {"small", "big"};
    struct credits_pool pool = pool_of("fleet", "");

    (void)state;
    assert_false(covers(&pool, FROM_MS - 1));
    assert_false(covers(&pool, TO_MS));
    pool.models = small;
    pool.model_count = 1;
    assert_false(covers(&pool, FROM_MS));
    pool.models = both;
    pool.model_count = 2;
    assert_true(covers(&pool, FROM_MS));
    pool.is_money = true;
    pool.unit = "USD";
    assert_false(covers(&pool, FROM_MS));
    pool.unit = "CNY";
    assert_true(covers(&pool, FROM_MS));
}

static void what_is_uncertain_is_charged_at_its_reservation(void **state)
{
    const unsigned metrics = 1u << CONTRACT_OUTPUT | 1u << CONTRACT_REQUESTS;
    struct booking_record settled = record;
    wire_UsageRecord usage = spending_measured(&record);

    assert_false(spending_is_certain(&record));
    assert_string_equal(spending_count(*state, metrics, &usage), "71");
    settled.provenance = wire_Provenance_VENDOR_FINAL;
    usage = spending_measured(&settled);
    assert_true(spending_is_certain(&settled));
    assert_string_equal(spending_count(*state, metrics, &usage), "8");
    settled.provenance = wire_Provenance_NOT_SENT;
    usage = spending_measured(&settled);
    assert_true(spending_is_certain(&settled));
    assert_string_equal(spending_count(*state, metrics, &usage), "0");
}

static void a_list_of_spends_grows(void **state)
{
    struct spending_list list = {0};

    for (int64_t i = 0; i < 1000; i++)
        spending_add(*state, &list, (struct credits_spend){i, "1", NULL});
    assert_int_equal(list.count, 1000);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(list.items[i].pool_id, i);
}

static int make(void **state)
{
    return arena_create((struct arena **)state, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_counts_in_the_pools_of_all_that_it_belongs_to),
        cmocka_unit_test(a_test_counts_in_the_pools_of_vendors_and_contracts_alone),
        cmocka_unit_test(a_pool_counts_its_period_its_models_and_its_currency_alone),
        cmocka_unit_test(what_is_uncertain_is_charged_at_its_reservation),
        cmocka_unit_test(a_list_of_spends_grows),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
