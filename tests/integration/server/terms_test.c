/* Contracts as the server holds them: the documents of a real database, joined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/store/migrate.h"
#include "server/store/terms.h"
#include "tests/support/pg.h"

#define JULY_NOON INT64_C(1784088000000) /* 2026-07-15T12:00+08:00 */
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    (24 * HOUR_MS)
#define PRICE(price)                                                                               \
    "\"charges\": [{\"kind\": \"unit\", \"metric\": \"output\", \"price\": " price "}]"
#define DOCUMENT(more)                                                                             \
    "{\"contract\": \"c\", \"vendor\": \"v\", \"currency\": \"CNY\", \"zone\": \"Asia/Shanghai\"," \
    " \"term\": {\"from\": \"2026-01-01\", \"to\": \"2027-01-01\"}, " more "}"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct terms *terms;
};

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void script(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_transaction(fixture->store, run_script, (void *)sql), STATUS_OK);
}

static enum status refresh(struct store_conn *conn, void *context)
{
    return terms_refresh(context, conn);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        terms_create(&fixture.terms) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    script(&fixture, "INSERT INTO myna.vendor (vendor_id, base_url)"
                     " VALUES ('v', 'https://v.example');"
                     "INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                     " VALUES ('c', 'v', 'CNY', 'Asia/Shanghai')");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    terms_free(fixture->terms);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

#define ADD(version, from, document)                                                               \
    "INSERT INTO myna.contract_version (contract_id, version, effective_from, document,"           \
    " created_by) VALUES ('c', " version ", '" from "', '" document "', 'test')"

/* The price of one, and the row that says so; 0 when nothing is in force. */
static int64_t price_at(struct fixture *fixture, int64_t at_ms, int64_t *version)
{
    const struct terms_contract *found;
    const struct contract_terms *terms;
    int64_t price = 0;

    assert_int_equal(store_transaction(fixture->store, refresh, fixture->terms), STATUS_OK);
    found = terms_find(fixture->terms, "c");
    assert_non_null(found);
    *version = 0;
    terms = terms_in_force(found, at_ms, version);
    if (terms)
        assert_int_equal(fraction_floor(terms->charges[0].rates[0].price, &price), STATUS_OK);
    return price;
}

static void documents_join_by_the_instant_from_which_they_hold(void **state)
{
    int64_t version;

    script(*state, ADD("1", "2026-01-01T00:00+08", DOCUMENT(PRICE("9"))));
    assert_int_equal(price_at(*state, JULY_NOON, &version), 9);
    script(*state,
           ADD("2", "2026-07-15T11:59:59.999+08",
               DOCUMENT(PRICE("7") ", \"amendments\": [{\"effective_from\": \"2026-10-01\"," PRICE(
                   "5") "}]")));
    assert_int_equal(price_at(*state, JULY_NOON - 2, &version), 9);
    assert_int_equal(version, 1);
    assert_int_equal(price_at(*state, JULY_NOON - 1, &version), 7);
    assert_int_equal(version, 2);
    assert_int_equal(price_at(*state, JULY_NOON + 90 * DAY_MS, &version), 5);
    assert_int_equal(version, 2);
}

static void what_cannot_be_read_is_left_out_and_the_others_hold(void **state)
{
    int64_t version;

    script(*state, ADD("3", "2026-08-01T00:00+08", DOCUMENT("\"charges\": [{\"kind\": \"x\"}]")));
    script(*state, ADD("4", "2026-09-01T00:00+08", DOCUMENT(PRICE("3"))));
    assert_int_equal(price_at(*state, JULY_NOON + 30 * DAY_MS, &version), 7);
    assert_int_equal(price_at(*state, JULY_NOON + 90 * DAY_MS, &version), 3);
    assert_int_equal(version, 4);
}

static void nothing_is_in_force_before_the_first_and_past_the_term(void **state)
{
    struct fixture *fixture = *state;
    int64_t version;

    assert_int_equal(price_at(fixture, JULY_NOON - 250 * DAY_MS, &version), 0);
    assert_int_equal(price_at(fixture, JULY_NOON + 170 * DAY_MS - 12 * HOUR_MS - 1, &version), 3);
    assert_int_equal(price_at(fixture, JULY_NOON + 170 * DAY_MS - 12 * HOUR_MS, &version), 0);
    assert_null(terms_find(fixture->terms, "nowhere"));
    assert_null(terms_in_force(NULL, JULY_NOON, &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_join_by_the_instant_from_which_they_hold),
        cmocka_unit_test(what_cannot_be_read_is_left_out_and_the_others_hold),
        cmocka_unit_test(nothing_is_in_force_before_the_first_and_past_the_term),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
