/* owed.h - what a document's terms ask for usage, in tests; texts may be written with ' for " */
#ifndef TESTS_UNIT_SERVER_MONEY_OWED_H
#define TESTS_UNIT_SERVER_MONEY_OWED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/amount.h"
#include "server/money/bill.h"
#include "server/money/usage_row.h"
#include "tests/unit/server/money/explained.h"

#define YEAR  "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"}"
#define MONTH "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\"}"
#define TWO   "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2026-03-01\"}"
#define AT(month_day, more)                                                                        \
    "{\"at\":\"2026-" month_day "T12:00:00+08:00\",\"device\":\"a\",\"model\":\"m\"" more "}"
#define OUT(month_day, quantity) AT(month_day, ",\"metrics\":{\"output\":" quantity "}")
#define ON(month_day, device, more)                                                                \
    "{\"at\":\"2026-" month_day "T12:00:00+08:00\",\"device\":\"" device                           \
    "\",\"model\":\"m\",\"metrics\":{\"output\":1}" more "}"
#define UNIT(more) "\"charges\":[{\"kind\":\"unit\",\"metric\":\"output\",\"price\":\"1\"" more "}]"

/* A contract, its usage and its whole bill. */
struct owed {
    struct json *document, *rows;
    struct arena *arena;
    struct contract contract;
    struct zone *zone;
    struct tally *tally;
    struct bill bill;
};

static inline struct json *owed_json(const char *before, const char *part, const char *after)
{
    char text[16384];
    struct json *json;

    assert_true(snprintf(text, sizeof text, "%s%s%s", before, part, after) < (int)sizeof text);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    return json;
}

static inline void owed_add(struct owed *owed)
{
    for (size_t i = 0; i < json_count(owed->rows); i++) {
        struct tally_usage usage;
        struct json_problem problem;
        unsigned unpriced;

        assert_int_equal(usage_row_read(json_item(owed->rows, i), &usage, &problem), STATUS_OK);
        assert_int_equal(tally_add(owed->tally, &usage, &unpriced), STATUS_OK);
    }
}

/* Of the whole term, for a contract in CNY and Shanghai. */
static inline void owed_open(struct owed *owed, const char *terms, const char *usage)
{
    struct json_problem problem = {0};

    owed->document = owed_json(
        "{'contract':'c','vendor':'v','currency':'CNY','zone':'Asia/Shanghai',", terms, "}");
    owed->rows = owed_json("[", usage, "]");
    assert_int_equal(arena_create(&owed->arena, 1 << 22), STATUS_OK);
    if (contract_read(owed->document, owed->arena, &owed->contract, &problem) != STATUS_OK)
        fail_msg("%s: %s in %s", problem.pointer, problem.detail, terms);
    assert_int_equal(zone_open(&owed->zone, owed->contract.zone), STATUS_OK);
    assert_int_equal(tally_create(&owed->tally, &owed->contract, owed->zone), STATUS_OK);
    owed_add(owed);
    assert_int_equal(bill_explain(owed->tally, BILL_WHOLE_TERM, owed->arena, &owed->bill),
                     STATUS_OK);
    assert_explained(&owed->bill, owed->contract.minor_places);
}

static inline void owed_close(struct owed *owed)
{
    tally_free(owed->tally);
    zone_close(owed->zone);
    arena_free(owed->arena);
    json_free(owed->rows);
    json_free(owed->document);
}

static inline void assert_owed(const char *terms, const char *usage, const char *expected)
{
    char total[DECIMAL_TEXT_SIZE];
    struct owed owed;

    owed_open(&owed, terms, usage);
    decimal_format(owed.bill.total, total);
    assert_string_equal(total, expected);
    owed_close(&owed);
}

/* The first line of that name; NULL amount: there is none. */
static inline void assert_owed_line(const char *terms, const char *usage, const char *name,
                                    const char *quantity, const char *amount)
{
    char text[AMOUNT_SIZE];
    struct owed owed;
    size_t i = 0;

    owed_open(&owed, terms, usage);
    while (i < owed.bill.line_count && strcmp(owed.bill.lines[i].name, name) != 0)
        i++;
    assert_int_equal(i < owed.bill.line_count, amount != NULL);
    if (amount) {
        amount_exact(owed.bill.lines[i].quantity, text);
        assert_string_equal(text, quantity);
        decimal_format(owed.bill.lines[i].amount, text);
        assert_string_equal(text, amount);
    }
    owed_close(&owed);
}

#endif
