/* Bills of the past, shares of all usage, and re-rating, on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "server/store/bills.h"
#include "server/store/burndown_facts.h"
#include "server/store/burndowns.h"
#include "server/store/migrate.h"
#include "server/store/rerating.h"
#include "server/store/tallies.h"
#include "server/store/vendor_pack.h"
#include "server/store/vendor_usage.h"
#include "tests/support/dice.h"
#include "tests/support/pg.h"

#define ROWS 120

struct fixture {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
};

static const struct author author = {"test", ""};

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 4, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 64u << 20) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

/* ---- contracts and usage ---- */

/* ' for " */
static struct span quoted(struct fixture *fixture, const char *text)
{
    char *copy = arena_take(fixture->arena, strlen(text) + 1);

    assert_non_null(copy);
    for (size_t i = 0; i <= strlen(text); i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    return span_text(copy);
}

static void add_version(struct fixture *fixture, const char *contract_id, int version,
                        const char *effective_from, const char *zone, const char *terms)
{
    STORE_STATEMENT(add, "WITH v AS (INSERT INTO myna.vendor (vendor_id, base_url)"
                         " VALUES ($1, 'http://v') ON CONFLICT DO NOTHING),"
                         " c AS (INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                         " VALUES ($1, $1, 'CNY', $4) ON CONFLICT DO NOTHING)"
                         " INSERT INTO myna.contract_version (contract_id, version, effective_from,"
                         " document, created_by) VALUES ($1, $2, $3::timestamptz, $5, 'test')");
    const char *document = arena_format(
        fixture->arena, "{'contract':'%s','vendor':'%s','currency':'CNY','zone':'%s',%s}",
        contract_id, contract_id, zone, terms);

    assert_int_equal(store_query(fixture->store, &add,
                                 STORE_VALUES(value_text(contract_id), value_int(version),
                                              value_text(effective_from), value_text(zone),
                                              value_json(quoted(fixture, document))),
                                 NULL),
                     STATUS_OK);
}

/* A vendor has one contract, of its own name. */
static void book(struct fixture *fixture, const char *contract_id, const char *rows)
{
    struct json_problem problem = {0};
    struct json *json;
    struct span report;

    assert_int_equal(json_parse(quoted(fixture, rows), &json, problem.detail), STATUS_OK);
    enum status status = vendor_usage_book(fixture->store, &author, contract_id, contract_id, json,
                                           fixture->arena, &report, &problem);
    if (status != STATUS_OK)
        fail_msg("%s %s %s", status_text(status), problem.pointer, problem.detail);
    json_free(json);
}

static const char *bill_at(struct fixture *fixture, const char *contract_id, const char *as_of)
{
    int64_t as_of_ms = BILLS_NOW;
    struct span json;

    if (as_of)
        assert_int_equal(clock_parse(span_text(as_of), &as_of_ms), STATUS_OK);
    assert_int_equal(bills_get(fixture->store, contract_id, as_of_ms, fixture->arena, &json),
                     STATUS_OK);
    const char *lines = strstr(arena_text(fixture->arena, json), "\"lines\"");
    assert_non_null(lines);
    return lines;
}

static struct span rerate(struct fixture *fixture, const char *contract_id)
{
    const struct rerating_order order = {
        .contract_id = contract_id, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct span report;

    assert_int_equal(rerating_run(fixture->store, &author, &order, fixture->arena, &report),
                     STATUS_OK);
    return report;
}

static void assert_nothing_changes(struct fixture *fixture, const char *contract_id)
{
    const char *report = arena_text(fixture->arena, rerate(fixture, contract_id));

    if (!strstr(report, "\"changed\":0"))
        fail_msg("%s", report);
}

/* ---- bills of the past ---- */

#define STEPS                                                                                      \
    "'charges':[{'kind':'graduated','metric':'output','per':'quarter','tiers':[{'up_to':300,"      \
    "'price':'1'},{'price':'0.5'}]},{'kind':'unit','metric':'requests','price':'0.1','per':"       \
    "'month','minimum':2},{'kind':'unit','metric':'active_devices','measured':'ever','price':7,"   \
    "'per':'month'}],'commitments':[{'metric':'output','at_least':50,'per':'month','shortfall':{"  \
    "'fee_per_unit':'0.01'}}]"

static const char *row(struct fixture *fixture, int64_t at_ms, unsigned number, unsigned output)
{
    char at[CLOCK_TEXT_SIZE];

    clock_format(at_ms, at);
    return arena_format(fixture->arena,
                        "{'at':'%s','request_id':'q%u','device':'d%u','model':'m','metrics':{"
                        "'output':%u,'requests':1}}",
                        at, number, number % 7, output);
}

struct comparison {
    const char *whole, *until;
    int64_t as_of_ms;
};

/* The one as its counts were then, the other as its counts are. */
static enum status compare(struct store_conn *conn, void *context)
{
    const struct comparison *at = context;
    struct bills_ledger then = {0}, now = {0};
    struct bill a, b;

    assert_int_equal(bills_open(&then, conn, at->whole, at->as_of_ms), STATUS_OK);
    assert_int_equal(bills_open(&now, conn, at->until, BILLS_NOW), STATUS_OK);
    assert_int_equal(bill_make(then.tally, at->as_of_ms, then.arena, &a), STATUS_OK);
    assert_int_equal(bill_make(now.tally, at->as_of_ms, now.arena, &b), STATUS_OK);
    assert_int_equal(a.line_count, b.line_count);
    for (size_t i = 0; i < a.line_count; i++) {
        assert_string_equal(a.lines[i].name, b.lines[i].name);
        assert_int_equal(a.lines[i].period.clipped.first, b.lines[i].period.clipped.first);
        assert_int_equal(fraction_compare(a.lines[i].quantity, b.lines[i].quantity), 0);
        assert_int_equal(decimal_compare(a.lines[i].amount, b.lines[i].amount), 0);
    }
    assert_int_equal(decimal_compare(a.total, b.total), 0);
    bills_close(&now);
    bills_close(&then);
    return STATUS_OK;
}

/* One contract is used to the end of the quarter, the other until a time within it: the first one's
 * bill of that time is what the second one's came to. */
static void i5_a_bill_of_the_past_holds_what_was_used_until_then(void **state)
{
    static const char *const times[] = {"2026-02-10T13:37:00.123+08:00",
                                        "2026-03-01T00:00:00+08:00", "2026-01-01T00:00:01+08:00",
                                        "2026-04-01T00:00:00+08:00"};
    struct fixture *fixture = *state;
    int64_t first_ms;

    assert_int_equal(clock_parse(span_text("2025-12-31T16:00:00Z"), &first_ms), STATUS_OK);
    add_version(fixture, "whole", 1, "2026-01-01 00:00+08", "Asia/Shanghai", STEPS);
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
        const char *name = arena_format(fixture->arena, "until-%zu", t);
        const char *rows = "[", *all = "[";
        struct dice dice;
        int64_t as_of_ms;

        assert_int_equal(clock_parse(span_text(times[t]), &as_of_ms), STATUS_OK);
        add_version(fixture, name, 1, "2026-01-01 00:00+08", "Asia/Shanghai", STEPS);
        dice_init(&dice, 7, span_text("rows"));
        for (unsigned i = 0; i < ROWS; i++) {
            int64_t at_ms = first_ms + (int64_t)dice_below(&dice, 90 * UINT64_C(86400000));
            const char *one = row(fixture, at_ms, i, 1 + (unsigned)dice_below(&dice, 20));

            all = arena_format(fixture->arena, "%s%s%s", all, i ? "," : "", one);
            if (at_ms < as_of_ms)
                rows = arena_format(fixture->arena, "%s%s%s", rows, rows[1] ? "," : "", one);
        }
        if (rows[1])
            book(fixture, name, arena_format(fixture->arena, "%s]", rows));
        if (t == 0)
            book(fixture, "whole", arena_format(fixture->arena, "%s]", all));
        struct comparison comparison = {"whole", name, as_of_ms};
        assert_int_equal(store_transaction(fixture->store, compare, &comparison), STATUS_OK);
        assert_string_equal(bill_at(fixture, "whole", times[t]), bill_at(fixture, name, times[t]));
    }
}

static void a_bill_whose_records_are_dropped_is_refused(void **state)
{
    STORE_STATEMENT(drop, "DELETE FROM myna.usage WHERE contract_id = 'dropped'");
    struct fixture *fixture = *state;
    int64_t as_of_ms;
    struct span json;

    add_version(fixture, "dropped", 1, "2026-01-01 00:00+08", "Asia/Shanghai", STEPS);
    book(fixture, "dropped",
         "[{'at':'2026-01-05T12:00:00+08:00','request_id':'a','device':'d','model':'m','metrics':{"
         "'output':40,'requests':1}}]");
    assert_non_null(strstr(bill_at(fixture, "dropped", "2026-04-01T00:00:00+08:00"), "\"40\""));
    assert_int_equal(store_query(fixture->store, &drop, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(clock_parse(span_text("2026-02-01T00:00:00+08:00"), &as_of_ms), STATUS_OK);
    assert_int_equal(bills_get(fixture->store, "dropped", as_of_ms, fixture->arena, &json),
                     STATUS_STALE);
    assert_non_null(strstr(bill_at(fixture, "dropped", "2026-04-01T00:00:00+08:00"), "\"40\""));
}

/* ---- a share of all usage ---- */

static void m19_a_share_is_of_what_all_contracts_used(void **state)
{
#define USED(number, month_day, output)                                                            \
    "[{'at':'2026-" month_day "T12:00:00+08:00','request_id':'" number                             \
    "','device':'d','model':'m','metrics':{'output':" output ",'requests':1}}]"
    struct fixture *fixture = *state;

    add_version(fixture, "ours", 1, "2026-05-01 00:00+08", "Asia/Shanghai",
                "'charges':[{'kind':'unit','metric':'output','price':1,'per':'month'}],"
                "'commitments':[{'name':'share','metric':'output','share':'70%','per':'month',"
                "'shortfall':{'fee_per_unit':2}}]");
    add_version(fixture, "theirs", 1, "2026-01-01 00:00+08", "Asia/Shanghai",
                "'charges':[{'kind':'unit','metric':'output','price':1,'per':'month'}]");
    book(fixture, "ours", USED("a", "05-10", "600"));
    book(fixture, "theirs", USED("a", "05-31", "400"));
    book(fixture, "theirs", USED("b", "06-01", "999"));
    const char *may = bill_at(fixture, "ours", "2026-06-01T00:00:00+08:00");
    assert_non_null(strstr(may, "\"charge\":\"share\",\"period\":\"2026-05-01/2026-06-01\","
                                "\"metric\":\"output\",\"quantity\":\"100\",\"amount\":"
                                "\"200.00\""));
    assert_non_null(strstr(may, "\"total\":\"800.00\""));
    assert_null(strstr(bill_at(fixture, "ours", "2026-05-31T23:00:00+08:00"), "share"));
    /* it is told with the bill, and not kept in the counts */
    assert_non_null(strstr(bill_at(fixture, "ours", "2026-06-01T00:00:00+08:00"), "\"800.00\""));
    assert_nothing_changes(fixture, "ours");
}

/* ---- burn-downs and packs ---- */

static const char *burndown_at(struct fixture *fixture, const char *contract_id, const char *now)
{
    struct span json;
    int64_t now_ms;

    assert_int_equal(clock_parse(span_text(now), &now_ms), STATUS_OK);
    assert_int_equal(burndowns_get(fixture->store, contract_id, now_ms, fixture->arena, &json),
                     STATUS_OK);
    return arena_text(fixture->arena, json);
}

/* Its limit is what the share of all usage is going to be: of 1,000 on one day, 350 of half a day's
 * going on to the end. */
static void m19_a_share_burns_down_to_what_all_usage_is_going_to_be(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    add_version(fixture, "part", 1, "2026-01-01 00:00+08", "Asia/Shanghai",
                "'charges':[{'kind':'unit','metric':'output','price':1,'per':'month'}],"
                "'commitments':[{'name':'share','metric':'output','share':'70%','per':'month',"
                "'shortfall':{'fee_per_unit':2}}]");
    book(fixture, "part",
         "[{'at':'2026-07-01T12:00:00+08:00','request_id':'p1','device':'d','model':'m','metrics':"
         "{'output':100,'requests':1}}]");
    text = burndown_at(fixture, "part", "2026-07-02T00:00:00+08:00");
    assert_non_null(strstr(text, "\"so_far\":\"100\""));
    assert_non_null(strstr(text, "\"limit\":\"2170\"")); /* 70 % of 31 days of 100 */
    assert_non_null(strstr(text, "\"state\":\"on_course\""));
}

static void what_days_do_not_tell_burns_down_by_the_bill_alone(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    add_version(fixture, "ever", 1, "2026-01-01 00:00+08", "Asia/Shanghai",
                "'term':{'from':'2026-01-01','to':'2027-01-01'},"
                "'charges':[{'kind':'unit','metric':'output','price':1,'per':'month'}],"
                "'commitments':[{'name':'robots','metric':'active_devices','measured':'ever',"
                "'at_least':5,'per':'month','shortfall':{'penalty':'9'}},"
                "{'name':'batch','metric':'output','service_tiers':['batch'],'at_least':100,"
                "'per':'month','shortfall':{'penalty':'9'}}]");
    book(fixture, "ever",
         "[{'at':'2026-07-01T12:00:00+08:00','request_id':'e1','device':'a','model':'m',"
         "'service_tier':'batch','metrics':{'output':40,'requests':1}},"
         "{'at':'2026-07-02T12:00:00+08:00','request_id':'e2','device':'b','model':'m','metrics':"
         "{'output':7,'requests':1}},"
         "{'at':'2026-07-02T13:00:00+08:00','request_id':'e3','device':'a','model':'m','metrics':"
         "{'output':7,'requests':1}}]");
    text = burndown_at(fixture, "ever", "2026-07-03T00:00:00+08:00");
    assert_non_null(strstr(text, "\"name\":\"robots\",\"state\":\"below\",\"told_by\":"
                                 "\"devices\""));
    assert_non_null(strstr(text, "\"so_far\":\"2\"")); /* distinct ones, of three a day */
    assert_non_null(strstr(text, "\"name\":\"batch\",\"state\":\"on_course\",\"told_by\":"
                                 "\"bill\""));
    assert_non_null(strstr(text, "\"so_far\":\"40\""));
    assert_non_null(strstr(text, "\"interpolated\":true")); /* nobody looked on the days before */
}

struct looking {
    struct arena *arena;
    const char *contract_id;
    int64_t now_ms;
};

static enum status look(struct store_conn *conn, void *context)
{
    const struct looking *looking = context;
    struct terms *terms = NULL;
    enum status status = terms_create(&terms);

    if (status == STATUS_OK)
        status = terms_refresh(terms, conn);
    if (status == STATUS_OK)
        status = burndown_facts_note(conn, terms_find(terms, looking->contract_id), looking->now_ms,
                                     true, looking->arena);
    terms_free(terms);
    return status;
}

static void look_at(struct fixture *fixture, const char *contract_id, const char *now)
{
    struct looking looking = {.arena = fixture->arena, .contract_id = contract_id};

    assert_int_equal(clock_parse(span_text(now), &looking.now_ms), STATUS_OK);
    assert_int_equal(store_transaction(fixture->store, look, &looking), STATUS_OK);
}

/* 31 of fees a month are one a day; the other charge is not the commitment's. */
static void money_of_some_charges_has_days_by_a_look_at_each_ones_end(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    add_version(
        fixture, "some", 1, "2026-01-01 00:00+08", "Asia/Shanghai",
        "'term':{'from':'2026-01-01','to':'2027-01-01'},"
        "'charges':[{'name':'words','kind':'unit','metric':'output','price':2,'per':'month'},"
        "{'name':'seat','kind':'flat','amount':'31','per':'month'},"
        "{'name':'calls','kind':'unit','metric':'requests','price':500,'per':'month'}],"
        "'commitments':[{'name':'money','metric':'spend','charges':['words','seat'],"
        "'at_least':400,'per':'month','shortfall':{'true_up':true}}]");
    book(fixture, "some",
         "[{'at':'2026-06-30T12:00:00+08:00','request_id':'s0','device':'d','model':'m','metrics':"
         "{'output':7,'requests':1}},"
         "{'at':'2026-07-01T12:00:00+08:00','request_id':'s1','device':'d','model':'m','metrics':"
         "{'output':5,'requests':1}}]");
    look_at(fixture, "some", "2026-07-01T23:59:00+08:00");
    book(fixture, "some",
         "[{'at':'2026-07-02T12:00:00+08:00','request_id':'s2','device':'d','model':'m','metrics':"
         "{'output':20,'requests':1}}]");
    look_at(fixture, "some", "2026-07-02T23:59:00+08:00");
    look_at(fixture, "some", "2026-07-02T23:59:30+08:00");
    text = burndown_at(fixture, "some", "2026-07-03T00:00:00+08:00");
    assert_non_null(strstr(text, "\"told_by\":\"bill\""));
    assert_non_null(strstr(text, "\"amounts\":[\"11\",\"41\",\"1\"],\"add_up\":true,"
                                 "\"interpolated\":false"));
    assert_non_null(strstr(text, "\"so_far\":\"53\""));
    assert_non_null(strstr(text, "\"amount\":\"45\"")); /* June */
    assert_non_null(strstr(text, "\"per_day\":\"26\""));
    assert_non_null(strstr(text, "\"at_end\":\"807\"")); /* and 29 days of it */
}

static void a_pack_of_many_records_says_that_it_is_a_sample(void **state)
{
    struct fixture *fixture = *state;
    struct vendor_pack_order order = {.vendor_id = "ever",
                                      .from = "2026-07-01",
                                      .to = "2026-07-02",
                                      .now_ms = clock_wall_ms(),
                                      .records = 1000};
    struct span json;

    assert_int_equal(vendor_pack_get(fixture->store, &order, fixture->arena, &json), STATUS_OK);
    assert_non_null(strstr(arena_text(fixture->arena, json), "\"share\": \"1\""));
    order.records = 2; /* of the two vendors' four attempts */
    assert_int_equal(vendor_pack_get(fixture->store, &order, fixture->arena, &json), STATUS_OK);
    assert_non_null(strstr(arena_text(fixture->arena, json), "\"share\": \"0.5000\""));
    order.vendor_id = "nobody";
    assert_int_equal(vendor_pack_get(fixture->store, &order, fixture->arena, &json),
                     STATUS_NOT_FOUND);
}

/* ---- re-rating ---- */

/* Versions that change prices in mid-term and by documents, days that begin at odd times, the
 * term's first and last instants: what was booked is what the same terms say again. */
static void i5_rerating_gives_each_record_the_price_that_it_was_booked_with(void **state)
{
#define PRICED(price, more)                                                                        \
    "'term':{'from':'2026-01-01','to':'2026-07-01'},'charges':[{'name':'out','kind':'unit',"       \
    "'metric':'output','price':'" price "','per':'month'}]" more
    static const char *const zones[] = {"Asia/Shanghai", "America/Santiago", "Africa/Cairo"};
    static const char *const instants[] = {
        "2026-01-01 00:00",        "2026-01-01 00:00:00.001", "2026-01-31 23:59:59.999",
        "2026-02-01 00:00",        "2026-02-14 23:30",        "2026-02-15 00:30",
        "2026-02-15 12:00",        "2026-02-16 00:00",        "2026-03-01 00:00",
        "2026-04-04 23:59:59",     "2026-04-05 00:00",        "2026-04-24 01:00",
        "2026-05-10 23:59:59.999", "2026-05-11 00:00",        "2026-06-30 23:59:59.999"};
    STORE_STATEMENT(local, "SELECT ($1::timestamp AT TIME ZONE $2)");
    struct fixture *fixture = *state;

    for (size_t z = 0; z < 3; z++) {
        const char *name = arena_format(fixture->arena, "edges-%zu", z);

        add_version(fixture, name, 1, "2026-01-01 00:00+14", zones[z],
                    PRICED("3", ",'amendments':[{'effective_from':'2026-02-01','charges':[{'name':"
                                "'out','kind':'graduated','metric':'output','per':'month','tiers':"
                                "[{'up_to':5,'price':'2'},{'price':'1'}]}]},{'effective_from':"
                                "'2026-04-05','counters':'restart','charges':[{'name':'out',"
                                "'kind':'package','metric':'output','size':4,'price':'9',"
                                "'per':'month'}]}]"));
        /* in the middle of a day: from the next midnight on, the later one of two */
        add_version(fixture, name, 2, "2026-05-10 12:00+00", zones[z], PRICED("7", ""));
        add_version(fixture, name, 3, "2026-05-10 12:30+00", zones[z], PRICED("6", ""));
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
                struct result at = {0};
                char text[CLOCK_TEXT_SIZE];

                assert_int_equal(
                    store_query(fixture->store, &local,
                                STORE_VALUES(value_text(instants[i]), value_text(zones[z])), &at),
                    STATUS_OK);
                clock_format(result_time(&at, 0, 0), text);
                result_release(&at);
                book(fixture, name,
                     arena_format(fixture->arena,
                                  "[{'at':'%s','request_id':'%d-%zu','device':'d','model':'m',"
                                  "'metrics':{'output':%zu,'requests':1}}]",
                                  text, round, i, 3 + i));
            }
            assert_nothing_changes(fixture, name);
            if (round == 0)
                add_version(fixture, name, 4, "2026-06-30 12:00+00", zones[z], PRICED("8", ""));
            assert_nothing_changes(fixture, name);
        }
    }
}

static enum status hold(struct store_conn *conn, const char *sql)
{
    return store_script(conn, sql);
}

/* It took a lock on the counts of all contracts. */
static void rerating_waits_for_bookings_of_its_own_contract_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store_conn *booking, *other;
    int64_t revision;

    add_version(fixture, "one", 1, "2026-01-01 00:00+08", "Asia/Shanghai",
                "'charges':[{'kind':'unit','metric':'output','price':1,'per':'month'}]");
    book(fixture, "one", USED("a", "05-10", "6"));
    assert_int_equal(store_acquire(fixture->store, &booking), STATUS_OK);
    assert_int_equal(store_acquire(fixture->store, &other), STATUS_OK);
    assert_int_equal(hold(booking, "BEGIN"), STATUS_OK);
    assert_int_equal(tallies_share(booking, "two"), STATUS_OK); /* makes what is locked */
    assert_int_equal(hold(booking, "COMMIT; BEGIN"), STATUS_OK);
    assert_int_equal(tallies_share(booking, "two"), STATUS_OK);
    assert_int_equal(hold(booking, "INSERT INTO myna.tally (contract_id, version, charge, at_day,"
                                   " cell, device_id, quantity)"
                                   " VALUES ('two', 1, 0, 20000, 0, '', 1)"),
                     STATUS_OK);
    rerate(fixture, "one");

    assert_int_equal(hold(other, "BEGIN; SET LOCAL lock_timeout = '50ms'"), STATUS_OK);
    assert_int_equal(tallies_share(other, "two"), STATUS_OK); /* many may book */
    assert_int_not_equal(tallies_lock(other, "two", &revision), STATUS_OK);
    assert_int_equal(hold(other, "ROLLBACK"), STATUS_OK);
    assert_int_equal(hold(booking, "ROLLBACK"), STATUS_OK);
    store_release(fixture->store, other);
    store_release(fixture->store, booking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_a_bill_of_the_past_holds_what_was_used_until_then),
        cmocka_unit_test(a_bill_whose_records_are_dropped_is_refused),
        cmocka_unit_test(m19_a_share_is_of_what_all_contracts_used),
        cmocka_unit_test(m19_a_share_burns_down_to_what_all_usage_is_going_to_be),
        cmocka_unit_test(what_days_do_not_tell_burns_down_by_the_bill_alone),
        cmocka_unit_test(a_pack_of_many_records_says_that_it_is_a_sample),
        cmocka_unit_test(i5_rerating_gives_each_record_the_price_that_it_was_booked_with),
        cmocka_unit_test(rerating_waits_for_bookings_of_its_own_contract_alone),
        cmocka_unit_test(money_of_some_charges_has_days_by_a_look_at_each_ones_end),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
