/* document.h - contract documents in tests, written with ' for " */
#ifndef TESTS_UNIT_SERVER_MONEY_DOCUMENT_H
#define TESTS_UNIT_SERVER_MONEY_DOCUMENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/contract.h"
#include "server/money/zone.h"

#define HEAD                                                                                       \
    "'contract':'c-1','vendor':'v-1','currency':'CNY','zone':'Asia/Shanghai',"                     \
    "'term':{'from':'2026-01-01','to':'2027-01-01'}"
#define UNIT "{'name':'out','kind':'unit','metric':'output','price':'2.00','unit':1000000}"

static inline int document_make(void **state)
{
    return arena_create((struct arena **)state, 8u << 20) == STATUS_OK ? 0 : -1;
}

static inline int document_drop(void **state)
{
    arena_free(*state);
    return 0;
}

static inline enum status document_read(struct arena *arena, const char *text,
                                        struct contract *contract, struct json_problem *problem)
{
    char quoted[8192];
    size_t size = strlen(text);
    struct json *json;

    assert_true(size < sizeof quoted);
    for (size_t i = 0; i <= size; i++)
        quoted[i] = text[i] == '\'' ? '"' : text[i];
    assert_int_equal(json_parse(span_text(quoted), &json, problem->detail), STATUS_OK);
    enum status status = contract_read(json, arena, contract, problem);
    json_free(json);
    return status;
}

static inline void document_good(struct arena *arena, const char *text, struct contract *contract)
{
    struct json_problem problem = {0};

    if (document_read(arena, text, contract, &problem) != STATUS_OK)
        fail_msg("%s: %s in %s", problem.pointer, problem.detail, text);
}

static inline void document_refused(struct arena *arena, const char *text, const char *pointer,
                                    const char *detail)
{
    struct contract contract = {.vendor_id = "untouched"};
    struct json_problem problem = {0};

    if (document_read(arena, text, &contract, &problem) != STATUS_INVALID)
        fail_msg("was read: %s", text);
    if (strcmp(problem.pointer, pointer) != 0 || !strstr(problem.detail, detail))
        fail_msg("%s: %s\nnot %s: %s\nin %s", problem.pointer, problem.detail, pointer, detail,
                 text);
    assert_string_equal(contract.vendor_id, "untouched");
}

/* A document of one charge, or with more members after UNIT. */
static inline const struct contract_charge *document_charge(struct arena *arena, const char *charge)
{
    char text[4096];
    struct contract contract;

    snprintf(text, sizeof text, "{" HEAD ",'charges':[%s]}", charge);
    document_good(arena, text, &contract);
    return contract.versions[0].charges;
}

static inline void document_charge_refused(struct arena *arena, const char *charge,
                                           const char *member, const char *detail)
{
    char text[4096], pointer[96];

    snprintf(text, sizeof text, "{" HEAD ",'charges':[%s]}", charge);
    snprintf(pointer, sizeof pointer, "/charges/0%s", member);
    document_refused(arena, text, pointer, detail);
}

static inline const struct contract_terms *document_terms(struct arena *arena, const char *members)
{
    char text[4096];
    struct contract contract;

    snprintf(text, sizeof text, "{" HEAD ",'charges':[" UNIT "],%s}", members);
    document_good(arena, text, &contract);
    return contract.versions;
}

static inline void document_terms_refused(struct arena *arena, const char *members,
                                          const char *pointer, const char *detail)
{
    char text[4096];

    snprintf(text, sizeof text, "{" HEAD ",'charges':[" UNIT "],%s}", members);
    document_refused(arena, text, pointer, detail);
}

static inline void assert_fraction(struct fraction number, const char *expected)
{
    struct decimal decimal;
    char text[DECIMAL_TEXT_SIZE];

    assert_true(fraction_is_decimal(number, &decimal));
    decimal_format(decimal, text);
    assert_string_equal(text, expected);
}

#endif
