/* Invoices, imports, statements and back offices' usage at their bounds, on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "server/money/zone.h"
#include "server/store/imports.h"
#include "server/store/invoices.h"
#include "server/store/migrate.h"
#include "server/store/rerating.h"
#include "server/store/statements.h"
#include "server/store/vendor_usage.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    int seq;
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

static void script(struct fixture *fixture, const char *sql)
{
    struct store_conn *conn;

    assert_int_equal(store_acquire(fixture->store, &conn), STATUS_OK);
    assert_int_equal(store_script(conn, sql), STATUS_OK);
    store_release(fixture->store, conn);
}

#define ASSERT_SQL(fixture, query, expected)                                                       \
    do {                                                                                           \
        static const struct store_statement statement = {"SELECT (" query ")::text"};              \
        struct span text = span_text("");                                                          \
        assert_int_equal(                                                                          \
            store_json((fixture)->store, &statement, STORE_NO_VALUES, (fixture)->arena, &text),    \
            STATUS_OK);                                                                            \
        assert_string_equal(arena_text((fixture)->arena, text), expected);                         \
    } while (0)

/* ---- what there is ---- */

/* ' for " */
static struct span quoted(struct fixture *fixture, const char *text)
{
    char *copy = arena_take(fixture->arena, strlen(text) + 1);

    assert_non_null(copy);
    for (size_t i = 0; i <= strlen(text); i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    return span_text(copy);
}

/* With its vendor; from the beginning of 2026 on. */
static void add_contract(struct fixture *fixture, const char *contract_id, const char *vendor_id,
                         const char *zone, const char *terms)
{
    STORE_STATEMENT(add, "WITH v AS (INSERT INTO myna.vendor (vendor_id, base_url)"
                         " VALUES ($2, 'http://v') ON CONFLICT DO NOTHING),"
                         " c AS (INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                         " VALUES ($1, $2, 'CNY', $3))"
                         " INSERT INTO myna.contract_version (contract_id, version, effective_from,"
                         " document, created_by) VALUES ($1, 1, '2025-12-31 16:00Z', $4, 'test')");
    const char *document =
        arena_format(fixture->arena,
                     "{'contract':'%s','vendor':'%s','currency':'CNY','zone':'%s',"
                     "'term':{'from':'2026-01-01','to':'2050-01-01'},%s}",
                     contract_id, vendor_id, zone, terms);

    assert_int_equal(
        store_query(fixture->store, &add,
                    STORE_VALUES(value_text(contract_id), value_text(vendor_id), value_text(zone),
                                 value_json(quoted(fixture, document))),
                    NULL),
        STATUS_OK);
}

static void add_vendor(struct fixture *fixture, const char *vendor_id)
{
    script(fixture, arena_format(fixture->arena,
                                 "INSERT INTO myna.vendor (vendor_id, base_url)"
                                 " VALUES ('%s', 'http://v')",
                                 vendor_id));
}

/* An attempt as a robot recorded it. */
struct use {
    const char *device, *vendor, *contract, *at, *served;
    int turn, provenance; /* 0: sure */
    int input, cached, output, reasoning;
    const char *price;
};

static void use(struct fixture *fixture, struct use use)
{
    script(fixture,
           arena_format(
               fixture->arena,
               "INSERT INTO myna.usage SELECT '%s',"
               " '11111111-1111-4111-8111-111111111111', %d, '%s', '%s',"
               " '00000000-0000-4000-8000-%012d', 1, '%s', 'big', '%s', '%s', 1, '', %d, 1,"
               " 0, 900, 1, 3, false, 3, 0, 0, %d, %d, 0, 0, %d, %d, 0, 0, 0, 0, 1, %s,"
               " 'CNY'",
               use.device ? use.device : "", ++fixture->seq, use.at, use.at, use.turn, use.vendor,
               use.served ? use.served : "big", use.contract ? use.contract : "none",
               use.provenance ? use.provenance : 1, use.input, use.cached, use.output,
               use.reasoning, use.price ? use.price : "0"));
}

#define TURN(n) "00000000-0000-4000-8000-0000000000" n "-1"

/* ---- invoices ---- */

/* A file in JSON, by its rows. */
static const char *check(struct fixture *fixture, const char *vendor_id, const char *zone,
                         const char *tolerance, const char *rows)
{
    const struct invoices_order order = {.vendor_id = vendor_id,
                                         .zone = zone,
                                         .tolerance = tolerance,
                                         .file = quoted(fixture, rows)};
    struct json_problem problem;
    struct span out;

    enum status status =
        invoices_check(fixture->store, &author, &order, fixture->arena, &out, &problem);
    if (status != STATUS_OK)
        fail_msg("%s %s %s", status_text(status), problem.pointer, problem.detail);
    return arena_text(fixture->arena, out);
}

#define ASSERT_SAYS(text, expected)                                                                \
    do {                                                                                           \
        const char *answer = (text);                                                               \
        if (strstr(answer, expected) == NULL)                                                      \
            fail_msg("%s is not in %s", expected, answer);                                         \
    } while (0)

static void a_tolerance_is_per_cent_of_the_larger_side(void **state)
{
    struct fixture *fixture = *state;
    static const char rows[] = "[{'day':'2026-03-05','model':'big','input_uncached':2010}]";

    add_vendor(fixture, "lax");
    use(fixture, (struct use){.vendor = "lax", .at = "2026-03-05 12:00Z", .input = 2000});
    ASSERT_SAYS(check(fixture, "lax", "UTC", "0.499", rows), "\"different\": 0");
    ASSERT_SAYS(check(fixture, "lax", "UTC", "0.49",
                      "[{'day':'2026-03-05','model':'big','input_uncached':2010 }]"),
                "\"different\": 1");
}

static void no_tolerance_hides_a_request_that_no_robot_made(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "leaky");
    ASSERT_SAYS(check(fixture, "leaky", "UTC", "100",
                      "[{'request_id':'" TURN("77") "','model':'big','input':5,'output':0}]"),
                "\"unknown\": 2");
}

static void a_request_that_is_billed_twice_is_summed(void **state)
{
    struct fixture *fixture = *state;
    const char *row = "{'request_id':'" TURN("11") "','model':'big','input':100,'output':10}";

    add_vendor(fixture, "twice");
    use(fixture,
        (struct use){
            .vendor = "twice", .at = "2026-03-05Z", .turn = 11, .input = 100, .output = 10});
    const char *sheet =
        check(fixture, "twice", "UTC", "0", arena_format(fixture->arena, "[%s,%s]", row, row));
    ASSERT_SAYS(sheet, "\"different\": 2");
    ASSERT_SQL(
        fixture,
        "SELECT string_agg(concat_ws(' ', metric, trim_scale(ours), trim_scale(theirs)), ',' "
        "ORDER BY l.line) FROM myna.invoice_line l JOIN myna.invoice i USING (invoice_id)"
        " WHERE vendor_id = 'twice'",
        "input 100 200,output_all 10 20");
}

static void what_another_vendor_served_answers_no_row(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "here");
    add_vendor(fixture, "elsewhere");
    use(fixture, (struct use){.vendor = "elsewhere",
                              .at = "2026-03-05 12:00Z",
                              .turn = 12,
                              .input = 100,
                              .output = 10});
    ASSERT_SAYS(
        check(fixture, "here", "UTC", "0",
              "[{'request_id':'" TURN("12") "','model':'big','input':100,'output':10},"
                                            "{'day':'2026-03-05','model':'big','requests':1}]"),
        "\"unknown\": 3");
}

static void a_day_begins_and_ends_at_midnight_of_the_contracts_zone(void **state)
{
    struct fixture *fixture = *state;

    add_contract(fixture, "zoned-1", "zoned", "Asia/Shanghai",
                 "'charges':[{'kind':'flat','amount':'1','per':'month'}]");
    use(fixture, (struct use){.vendor = "zoned", .at = "2026-03-05 00:00:00+08", .input = 1});
    use(fixture, (struct use){.vendor = "zoned", .at = "2026-03-05 23:59:59.999+08", .input = 2});
    use(fixture, (struct use){.vendor = "zoned", .at = "2026-03-06 00:00:00+08", .input = 4});
    const char *sheet = check(fixture, "zoned", NULL, "0",
                              "[{'day':'2026-03-05','model':'big','input_uncached':3}]");
    ASSERT_SAYS(sheet, "\"zone\": \"Asia/Shanghai\"");
    ASSERT_SAYS(sheet, "\"matched\": 1");
    ASSERT_SAYS(sheet, "\"compared\": 1");

    add_contract(fixture, "zoned-2", "zoned", "Europe/Berlin",
                 "'charges':[{'kind':'flat','amount':'1','per':'month'}]");
    ASSERT_SAYS(check(fixture, "zoned", NULL, "0",
                      "[{'day':'2026-03-07','model':'big','input_uncached':3}]"),
                "\"zone\": \"UTC\"");
}

static void a_bill_for_the_model_that_served_is_compared_with_it(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "served");
    use(fixture,
        (struct use){.vendor = "served", .at = "2026-03-05Z", .served = "big-0305", .input = 9});
    ASSERT_SAYS(check(fixture, "served", "UTC", "0",
                      "[{'day':'2026-03-05','model':'big-0305','input_uncached':9}]"),
                "\"matched\": 1");
    ASSERT_SAYS(check(fixture, "served", "UTC", "0",
                      "[{'day':'2026-03-05','model':'big','input_uncached':9}]"),
                "\"matched\": 1");
}

static void fewer_requests_than_recorded_are_no_leaked_key(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "fewer");
    use(fixture, (struct use){.vendor = "fewer", .at = "2026-03-05Z", .input = 9});
    use(fixture, (struct use){.vendor = "fewer", .at = "2026-03-05Z", .input = 9});
    const char *sheet =
        check(fixture, "fewer", "UTC", "0", "[{'day':'2026-03-05','model':'big','requests':1}]");
    ASSERT_SAYS(sheet, "\"unknown\": 0");
    ASSERT_SAYS(sheet, "\"different\": 1");
    ASSERT_SQL(fixture, "SELECT count(*) FROM myna.alert WHERE subject = 'vendor/fewer'", "1");
}

static void a_dated_request_is_found_that_arrived_in_utc_a_day_before(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "dated");
    use(fixture, (struct use){.vendor = "dated",
                              .at = "2026-03-05 00:30:00+08",
                              .turn = 13,
                              .input = 100,
                              .output = 10});
    ASSERT_SAYS(check(fixture, "dated", "Asia/Shanghai", "0",
                      "[{'request_id':'" TURN("13") "','day':'2026-03-05','model':'big',"
                                                    "'input':100,'output':10}]"),
                "\"matched\": 2");
}

static void a_row_with_half_of_the_quantities_settles_nothing(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "half");
    use(fixture, (struct use){.vendor = "half",
                              .at = "2026-03-05Z",
                              .turn = 14,
                              .provenance = 4,
                              .input = 100,
                              .output = 10});
    ASSERT_SAYS(check(fixture, "half", "UTC", "0",
                      "[{'request_id':'" TURN("14") "','model':'big','input':90}]"),
                "\"settled\": 0");
}

static void cached_and_reasoning_tokens_of_an_invoice_are_settled_as_such(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "classes");
    use(fixture, (struct use){.vendor = "classes",
                              .at = "2026-03-05Z",
                              .turn = 15,
                              .provenance = 4,
                              .input = 100,
                              .output = 50});
    ASSERT_SAYS(check(fixture, "classes", "UTC", "0",
                      "[{'request_id':'" TURN("15") "','model':'big','input_uncached':30,"
                                                    "'input_cached':20,'output':7,'reasoning':5}]"),
                "\"settled\": 1");
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', s.input_uncached, s.input_cached, s.output, s.reasoning)"
               " FROM myna.usage_settlement s JOIN myna.usage u USING (device_id, journal_id, seq)"
               " WHERE vendor_id = 'classes'",
               "30 20 2 5");
}

static void a_robots_drift_is_of_its_tokens_alone(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "drift");
    use(fixture, (struct use){.device = "ga",
                              .vendor = "drift",
                              .at = "2026-03-05Z",
                              .turn = 16,
                              .input = 100,
                              .output = 10});
    const char *sheet = check(fixture, "drift", "UTC", "0",
                              "[{'request_id':'" TURN("16") "','model':'big','input':100,"
                                                            "'output':10,'requests':3}]");
    ASSERT_SAYS(sheet, "\"different\": 1");
    ASSERT_SAYS(sheet, "\"devices\": []");
}

static void the_list_of_invoices_goes_on_after_the_last_one_seen(void **state)
{
    struct fixture *fixture = *state;
    struct span page;
    struct json *json;

    add_vendor(fixture, "pages");
    for (int i = 0; i < 3; i++)
        check(fixture, "pages", "UTC", "0",
              arena_format(fixture->arena, "[{'day':'2026-03-05','requests':%d}]", i));
    assert_int_equal(invoices_list(fixture->store, NULL, 0, 2, fixture->arena, &page), STATUS_OK);
    assert_int_equal(json_parse(page, &json, NULL), STATUS_OK);
    const int64_t next = json_int(json_member(json, "next"), 0);
    assert_int_equal(json_count(json_member(json, "items")), 2);
    json_free(json);
    assert_int_equal(invoices_list(fixture->store, NULL, next, 1, fixture->arena, &page),
                     STATUS_OK);
    assert_int_equal(json_parse(page, &json, NULL), STATUS_OK);
    const struct json *third = json_item(json_member(json, "items"), 0);
    assert_int_equal(json_int(json_member(third, "id"), 0), next - 1);
    json_free(json);
}

/* ---- imports ---- */

static const char *import(struct fixture *fixture, const char *vendor_id, const char *lines)
{
    struct json_problem problem;
    struct span report;

    assert_int_equal(imports_settle(fixture->store, &author, vendor_id, quoted(fixture, lines),
                                    fixture->arena, &report, &problem),
                     STATUS_OK);
    return arena_text(fixture->arena, report);
}

#define LINE(n, input, output)                                                                     \
    "{'request_id':'" TURN(n) "','input':" input ",'cached':0,'output':" output ",'reasoning':0}"  \
                              "\n"

static void an_import_compares_what_is_final_and_settles_the_rest_once(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "sure");
    add_vendor(fixture, "unsure");
    use(fixture,
        (struct use){.vendor = "sure", .at = "2026-03-05Z", .turn = 21, .input = 9, .output = 5});
    use(fixture,
        (struct use){
            .vendor = "sure", .at = "2026-03-05Z", .turn = 22, .provenance = 5}); /* not sent */
    use(fixture, (struct use){.vendor = "sure",
                              .at = "2026-03-05Z",
                              .turn = 23,
                              .provenance = 4,
                              .input = 90,
                              .output = 50});
    use(fixture,
        (struct use){.vendor = "unsure", .at = "2026-03-05Z", .turn = 24, .provenance = 4});
    ASSERT_SAYS(import(fixture, "sure",
                       LINE("21", "9", "6") LINE("22", "0", "1") LINE("23", "8", "4")
                           LINE("24", "1", "1")),
                "\"equal\":0,\"settled\":1,\"different\":2,\"unknown\":1");
    ASSERT_SQL(fixture,
               "SELECT severity FROM myna.alert WHERE subject = 'vendor/sure'"
               " AND kind = 'usage_differs'",
               "critical");
    ASSERT_SAYS(import(fixture, "sure", LINE("23", "8", "4")), "\"equal\":1,\"settled\":0");
}

static void lines_of_one_request_are_settled_as_their_sum(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "sum");
    use(fixture,
        (struct use){.vendor = "sum", .at = "2026-03-05Z", .turn = 25, .input = 9, .output = 5});
    ASSERT_SAYS(import(fixture, "sum", LINE("25", "4", "3") LINE("25", "5", "2")), "\"equal\":1");
}

static void an_import_moves_the_days_sums_by_what_it_settles(void **state)
{
    struct fixture *fixture = *state;

    add_vendor(fixture, "daily");
    script(fixture, "INSERT INTO myna.usage_day (contract_id, day, vendor_id, model, currency,"
                    " attempts, failed, uncertain, requests, input_uncached, input_cached, output,"
                    " reasoning, price)"
                    " VALUES ('none', '2026-03-05', 'daily', 'big', 'CNY', 3, 0, 2, 3, 90, 0, 50,"
                    " 0, 0)");
    use(fixture, (struct use){.vendor = "daily",
                              .at = "2026-03-05Z",
                              .turn = 26,
                              .provenance = 4,
                              .input = 90,
                              .output = 50});
    /* the vendor's clock says when it was done, the record when it began */
    import(fixture, "daily",
           "{'request_id':'" TURN("26") "','at':'2026-03-05T12:00:00Z','input':60,'cached':20,"
                                        "'output':30,'reasoning':10}\n");
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', uncertain, input_uncached, input_cached, output, reasoning)"
               " FROM myna.usage_day WHERE vendor_id = 'daily'",
               "1 40 20 20 10");
}

static void an_import_lists_twenty_examples_and_counts_all(void **state)
{
    struct fixture *fixture = *state;
    const char *lines = "";
    size_t listed = 0;

    add_vendor(fixture, "many");
    for (int i = 0; i < IMPORTS_EXAMPLES + 5; i++)
        lines = arena_format(fixture->arena,
                             "%s{'request_id':'stranger-%d','input':1,'output':1}\n", lines, i);
    const char *report = import(fixture, "many", lines);
    ASSERT_SAYS(report, "\"unknown\":25");
    for (const char *at = report; (at = strstr(at, "stranger")) != NULL; at++)
        listed++;
    assert_int_equal(listed, IMPORTS_EXAMPLES);
}

/* ---- statements ---- */

#define FEES "'charges':[{'name':'fee','kind':'flat','amount':'90','per':'month'}]"
#define TOKENS                                                                                     \
    "'charges':[{'name':'tokens','kind':'unit','metric':'output','price':'1','per':'month'}]"

struct lock {
    const char *contract_id;
    int month; /* of 2026 */
    int64_t now_ms;
    enum statements_rule rule;
    const char *const *groups;
    size_t group_count;
};

static enum status lock(struct fixture *fixture, struct lock lock, const char **said)
{
    const struct statements_order order = {
        .contract_id = lock.contract_id,
        .month = zone_day_of(2026, lock.month, 1),
        .now_ms = lock.now_ms ? lock.now_ms : INT64_C(4102444800000),
        .rule = lock.rule,
        .groups = lock.groups,
        .group_count = lock.group_count,
    };
    struct span json = span_text("");
    const char *problem;
    enum status status =
        statements_lock(fixture->store, &author, &order, fixture->arena, &json, &problem);

    *said = status == STATUS_OK ? arena_text(fixture->arena, json) : problem;
    return status;
}

static void count_output(struct fixture *fixture, const char *contract_id, int month, int quantity)
{
    script(fixture,
           arena_format(fixture->arena, "INSERT INTO myna.tally VALUES ('%s', 1, 0, 0, '', %d, %d)",
                        contract_id, (int)zone_day_of(2026, month, 1), quantity));
}

static void a_month_is_not_locked_before_its_days_of_grace_are_over(void **state)
{
    struct fixture *fixture = *state;
    const char *said;
    int64_t over;

    add_contract(fixture, "graced", "graced", "Asia/Shanghai", "'grace_days':5," FEES);
    assert_int_equal(clock_parse(span_text("2026-02-06T00:00:00+08:00"), &over), STATUS_OK);
    assert_int_equal(lock(fixture,
                          (struct lock){.contract_id = "graced", .month = 1, .now_ms = over - 1},
                          &said),
                     STATUS_STALE);
    ASSERT_SAYS(said, "grace");
    assert_int_equal(
        lock(fixture, (struct lock){.contract_id = "graced", .month = 1, .now_ms = over}, &said),
        STATUS_OK);
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.audit WHERE action = 'statement.lock'"
               " AND subject = 'contract/graced'",
               "1");
}

static void a_group_that_is_not_there_bears_nothing(void **state)
{
    static const char *const groups[] = {"nobody-is-here"};
    struct fixture *fixture = *state;
    const char *said;

    add_contract(fixture, "grouped", "grouped", "UTC", FEES);
    assert_int_equal(
        lock(
            fixture,
            (struct lock){.contract_id = "grouped", .month = 1, .groups = groups, .group_count = 1},
            &said),
        STATUS_INVALID);
}

static void late_usage_corrects_each_of_its_months_even_before_the_first_statement(void **state)
{
    struct fixture *fixture = *state;
    const char *said;

    add_contract(fixture, "late", "late", "UTC", TOKENS);
    count_output(fixture, "late", 3, 1);
    assert_int_equal(lock(fixture, (struct lock){.contract_id = "late", .month = 3}, &said),
                     STATUS_OK);
    count_output(fixture, "late", 1, 10);
    count_output(fixture, "late", 2, 20);
    count_output(fixture, "late", 4, 2);
    assert_int_equal(lock(fixture, (struct lock){.contract_id = "late", .month = 4}, &said),
                     STATUS_OK);
    ASSERT_SQL(fixture,
               "SELECT string_agg(concat_ws(' ', c->>'month', c->>'amount'), ',' ORDER BY n)"
               " FROM myna.statement, jsonb_array_elements(document->'corrections')"
               " WITH ORDINALITY AS e(c, n) WHERE contract_id = 'late'",
               "2026-01 10.00,2026-02 20.00");
    ASSERT_SAYS(said, "\"total\": \"32.00\"");
}

/* Who is at home where; as replicas do, because robots of these names need not be there. */
static void add_homes(struct fixture *fixture)
{
    script(fixture,
           "INSERT INTO myna.device_group (group_id) VALUES ('ga'), ('gb') ON CONFLICT DO NOTHING;"
           "SET session_replication_role = replica;"
           "INSERT INTO myna.group_member (group_id, device_id)"
           " VALUES ('ga', 'ga'), ('ga', 'gc'), ('gb', 'gb') ON CONFLICT DO NOTHING;"
           "RESET session_replication_role");
}

#define ALLOCATION(contract)                                                                       \
    "SELECT string_agg(concat_ws(' ', coalesce(a->>'group', '-'), a->>'usage', a->>'fees'), ','"   \
    " ORDER BY n) FROM myna.statement, jsonb_array_elements(document->'allocation')"               \
    " WITH ORDINALITY AS e(a, n) WHERE contract_id = '" contract "'"

static void expect_locked(struct fixture *fixture, const char *contract_id,
                          enum statements_rule rule)
{
    const char *said;

    assert_int_equal(
        lock(fixture, (struct lock){.contract_id = contract_id, .month = 1, .rule = rule}, &said),
        STATUS_OK);
}

static void fees_are_shared_by_robots_that_asked(void **state)
{
    struct fixture *fixture = *state;

    add_homes(fixture);
    add_contract(fixture, "by-devices", "by-devices", "UTC", FEES);
    for (int i = 0; i < 3; i++)
        use(fixture, (struct use){.device = i == 0   ? "ga"
                                            : i == 1 ? "gb"
                                                     : "gc",
                                  .vendor = "by-devices",
                                  .contract = "by-devices",
                                  .at = "2026-01-05Z"});
    use(fixture, (struct use){.vendor = "by-devices", /* of no robot */
                              .contract = "by-devices",
                              .at = "2026-01-05Z"});
    /* asked last month: what it cost was corrected in this one */
    script(fixture, "INSERT INTO myna.usage_correction (device_id, journal_id, seq, at, vendor_id,"
                    " model, contract_id, contract_version, currency, reason, price) VALUES"
                    " ('gone', '11111111-1111-4111-8111-111111111111', 1, '2026-01-05Z', 'v', 'm',"
                    " 'by-devices', 1, 'CNY', 'rerate', 1)");
    expect_locked(fixture, "by-devices", STATEMENTS_BY_DEVICES);
    ASSERT_SQL(fixture, ALLOCATION("by-devices"), "ga 0.00 60.00,gb 0.00 30.00,- 0.00 0.00");
}

static void what_nothing_was_charged_for_is_shared_by_requests(void **state)
{
    struct fixture *fixture = *state;

    add_homes(fixture);
    add_contract(fixture, "by-usage", "by-usage", "UTC", FEES);
    for (int i = 0; i < 3; i++)
        use(fixture, (struct use){.device = i == 0 ? "gb" : "ga",
                                  .vendor = "by-usage",
                                  .contract = "by-usage",
                                  .at = "2026-01-05Z"});
    expect_locked(fixture, "by-usage", STATEMENTS_BY_USAGE);
    ASSERT_SQL(fixture, ALLOCATION("by-usage"), "ga 0.00 60.00,gb 0.00 30.00");
}

static void only_the_months_own_usage_and_what_corrects_it_bears_its_cost(void **state)
{
    static const struct {
        const char *device, *contract, *at, *price;
    } uses[] = {
        {"ga", "bounds", "2026-01-01 00:00:00Z", "3"},
        {"gb", "bounds", "2026-01-31 23:59:59.999Z", "2"},
        {"gb", "bounds", "2026-02-01 00:00:00Z", "50"},
        {"gb", "bounds", "2025-12-31 23:59:59.999Z", "50"},
        {"gb", "other", "2026-01-05Z", "50"},
    };
    struct fixture *fixture = *state;

    add_homes(fixture);
    add_contract(fixture, "bounds", "bounds", "UTC", TOKENS);
    count_output(fixture, "bounds", 1, 90);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        use(fixture, (struct use){.device = uses[i].device,
                                  .vendor = "bounds",
                                  .contract = uses[i].contract,
                                  .at = uses[i].at,
                                  .price = uses[i].price});
    script(fixture, "INSERT INTO myna.usage_correction (device_id, journal_id, seq, at, vendor_id,"
                    " model, contract_id, contract_version, currency, reason, price) VALUES"
                    " ('gb', '11111111-1111-4111-8111-111111111111', 1, '2026-01-05Z', 'v', 'm',"
                    " 'bounds', 1, 'CNY', 'rerate', -1)");
    expect_locked(fixture, "bounds", STATEMENTS_EVEN);
    ASSERT_SQL(fixture, ALLOCATION("bounds"), "ga 67.50 0.00,gb 22.50 0.00");
}

/* ---- usage of back offices ---- */

static enum status book(struct fixture *fixture, const char *vendor_id, const char *contract_id,
                        const char *rows, const char **pointer)
{
    static struct json_problem problem;
    struct json *json;
    struct span report;

    assert_int_equal(json_parse(quoted(fixture, rows), &json, NULL), STATUS_OK);
    enum status status = vendor_usage_book(fixture->store, &author, vendor_id, contract_id, json,
                                           fixture->arena, &report, &problem);
    json_free(json);
    *pointer = problem.pointer;
    return status;
}

static void expect_booked(struct fixture *fixture, const char *vendor_id, const char *contract_id,
                          const char *rows)
{
    const char *pointer;
    enum status status = book(fixture, vendor_id, contract_id, rows, &pointer);

    if (status != STATUS_OK)
        fail_msg("%s: %s", rows, pointer);
}

static void expect_refused(struct fixture *fixture, const char *vendor_id, const char *contract_id,
                           const char *rows, const char *expected)
{
    const char *pointer;

    assert_int_equal(book(fixture, vendor_id, contract_id, rows, &pointer), STATUS_INVALID);
    assert_string_equal(pointer, expected);
}

static void usage_of_a_vendor_with_several_contracts_names_its_own(void **state)
{
    struct fixture *fixture = *state;
    static const char row[] =
        "[{'request_id':'a','at':'2026-03-05T00:00:00Z','metrics':{'output':1}}]";

    add_contract(fixture, "one-of-two", "both", "UTC", TOKENS);
    add_contract(fixture, "two-of-two", "both", "UTC", TOKENS);
    add_contract(fixture, "strange", "stranger", "UTC", TOKENS);
    expect_refused(fixture, "both", NULL, row, "/contract");
    expect_refused(fixture, "both", "strange", row, "/contract");
    expect_booked(fixture, "both", "two-of-two", row);
    expect_booked(fixture, "stranger", NULL, row); /* its ids are its own */
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.usage WHERE contract_id IN ('two-of-two', 'strange')",
               "2");
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.audit WHERE action = 'vendor.usage'"
               " AND subject = 'vendor/stranger'",
               "1");
}

static void a_row_is_refused_beyond_its_bounds(void **state)
{
    struct fixture *fixture = *state;
    char id[202];

    memset(id, 'x', 201);
    id[201] = '\0';
    add_contract(fixture, "bounded", "bounded", "UTC", TOKENS);
#define ROW "[{'request_id':'%s','at':'2026-03-05T10:00:00Z','end':'2026-03-05T10:00:07Z'%s}]"
    const char *most =
        arena_format(fixture->arena, ROW, id + 1, ",'metrics':{'output':1000000000000}");
    const char *more =
        arena_format(fixture->arena, ROW, "m", ",'metrics':{'output':1000000000001}");
    const char *longer = arena_format(fixture->arena, ROW, id, "");
    const char *unsent = arena_format(fixture->arena, ROW, "u", ",'provenance':'not_sent'");

    expect_refused(fixture, "bounded", NULL, more, "/usage/0/metrics");
    expect_refused(fixture, "bounded", NULL, longer, "/usage/0/request_id");
    expect_refused(fixture, "bounded", NULL, unsent, "/usage/0/provenance");
    expect_refused(fixture, "bounded", NULL,
                   "[{'request_id':'b','at':'2025-12-31T12:00:00Z','metrics':{'output':1}}]",
                   "/usage/0/at");
    expect_booked(fixture, "bounded", NULL, most);
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', output, duration_ms) FROM myna.usage"
               " WHERE vendor_id = 'bounded'",
               "1000000000000 7000");
}

static void clocks_of_back_offices_may_be_minutes_ahead(void **state)
{
    struct fixture *fixture = *state;
    char at[CLOCK_TEXT_SIZE];

    add_contract(fixture, "ahead", "ahead", "UTC", TOKENS);
    clock_format(clock_wall_ms() + 4 * 60 * 1000, at);
    expect_booked(fixture, "ahead", NULL,
                  arena_format(fixture->arena, "[{'request_id':'a','at':'%s'}]", at));
}

static void what_a_contract_promises_or_caps_is_named_by_it(void **state)
{
    struct fixture *fixture = *state;
    static const char row[] =
        "[{'request_id':'a','at':'2026-03-05T00:00:00Z','metrics':{'output':1}}]";

    add_contract(fixture, "nameless", "nameless", "UTC", FEES);
    add_contract(fixture, "capping", "capping", "UTC",
                 "'charges':[{'kind':'unit','metric':'images','price':'1','per':'month'}],"
                 "'caps':[{'name':'c','metric':'output','at_most':100,'per':'month'}]");
    add_contract(fixture, "promising", "promising", "UTC",
                 "'charges':[{'kind':'unit','metric':'images','price':'1','per':'month'}],"
                 "'commitments':[{'metric':'output','at_least':100,'per':'month',"
                 "'shortfall':{'fee_per_unit':'1'}}]");
    expect_booked(fixture, "nameless", NULL, row);
    expect_booked(fixture, "capping", NULL, row);
    expect_booked(fixture, "promising", NULL, row);
}

static void rerating_changes_nothing_outside_of_the_times_it_was_told(void **state)
{
    struct fixture *fixture = *state;
    struct rerating_order order = {.contract_id = "mended", .dry_run = true};
    struct span report;
    int64_t at_ms;

    add_contract(fixture, "mended", "mended", "UTC", TOKENS);
    expect_booked(fixture, "mended", NULL,
                  "[{'request_id':'a','at':'2026-03-05T00:00:00Z','metrics':{'output':1}}]");
    script(fixture, "UPDATE myna.contract_version SET document = replace(document::text,"
                    " '\"price\": \"1\"', '\"price\": \"2\"')::jsonb WHERE contract_id = 'mended'");
    assert_int_equal(clock_parse(span_text("2026-03-05T00:00:00Z"), &at_ms), STATUS_OK);
    for (int off = -1; off <= 1; off++) {
        order.from_ms = at_ms + off;
        order.to_ms = at_ms + off + 1;
        assert_int_equal(rerating_run(fixture->store, &author, &order, fixture->arena, &report),
                         off == 0 ? STATUS_OK : STATUS_CONFLICT);
        ASSERT_SAYS(arena_text(fixture->arena, report), "\"before\":\"1\",\"after\":\"2\"");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tolerance_is_per_cent_of_the_larger_side),
        cmocka_unit_test(no_tolerance_hides_a_request_that_no_robot_made),
        cmocka_unit_test(a_request_that_is_billed_twice_is_summed),
        cmocka_unit_test(what_another_vendor_served_answers_no_row),
        cmocka_unit_test(a_day_begins_and_ends_at_midnight_of_the_contracts_zone),
        cmocka_unit_test(a_bill_for_the_model_that_served_is_compared_with_it),
        cmocka_unit_test(fewer_requests_than_recorded_are_no_leaked_key),
        cmocka_unit_test(a_dated_request_is_found_that_arrived_in_utc_a_day_before),
        cmocka_unit_test(a_row_with_half_of_the_quantities_settles_nothing),
        cmocka_unit_test(cached_and_reasoning_tokens_of_an_invoice_are_settled_as_such),
        cmocka_unit_test(a_robots_drift_is_of_its_tokens_alone),
        cmocka_unit_test(the_list_of_invoices_goes_on_after_the_last_one_seen),
        cmocka_unit_test(an_import_compares_what_is_final_and_settles_the_rest_once),
        cmocka_unit_test(lines_of_one_request_are_settled_as_their_sum),
        cmocka_unit_test(an_import_moves_the_days_sums_by_what_it_settles),
        cmocka_unit_test(an_import_lists_twenty_examples_and_counts_all),
        cmocka_unit_test(a_month_is_not_locked_before_its_days_of_grace_are_over),
        cmocka_unit_test(a_group_that_is_not_there_bears_nothing),
        cmocka_unit_test(late_usage_corrects_each_of_its_months_even_before_the_first_statement),
        cmocka_unit_test(fees_are_shared_by_robots_that_asked),
        cmocka_unit_test(what_nothing_was_charged_for_is_shared_by_requests),
        cmocka_unit_test(only_the_months_own_usage_and_what_corrects_it_bears_its_cost),
        cmocka_unit_test(usage_of_a_vendor_with_several_contracts_names_its_own),
        cmocka_unit_test(a_row_is_refused_beyond_its_bounds),
        cmocka_unit_test(clocks_of_back_offices_may_be_minutes_ahead),
        cmocka_unit_test(what_a_contract_promises_or_caps_is_named_by_it),
        cmocka_unit_test(rerating_changes_nothing_outside_of_the_times_it_was_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
