#include "server/fleet/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/wire/trouble.h"

static int set_up(void **state)
{
    struct arena *arena;

    if (arena_create(&arena, 4u << 20) != STATUS_OK)
        return -1;
    *state = arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* The canonical text of a filter, or "POSITION: what is wrong". */
static const char *read_as(struct arena *arena, const char *text)
{
    struct filter_problem problem;
    struct filter filter;
    struct buffer out;

    enum status status = filter_parse(span_text(text), arena, &filter, &problem);
    if (status != STATUS_OK)
        return arena_format(arena, "%zu: %s", problem.position, problem.detail);
    buffer_init(&out, 1 << 16);
    filter_print(&filter, &out);
    const char *copy = arena_text(arena, buffer_span(&out));
    buffer_release(&out);
    return copy;
}

static void assert_refused(struct arena *arena, const char *text, size_t position,
                           const char *detail)
{
    struct filter_problem problem = {0};
    struct filter filter;

    assert_int_equal(filter_parse(span_text(text), arena, &filter, &problem), STATUS_INVALID);
    if (!strstr(problem.detail, detail) || problem.position != position)
        fail_msg("%s: at %zu \"%s\", expected at %zu \"%s\"", text, problem.position,
                 problem.detail, position, detail);
}

static void and_binds_closer_than_or_and_not_closer_than_both(void **state)
{
    assert_string_equal(read_as(*state, "region=cn or region=eu and not online"),
                        "region = cn or region = eu and not online");
    assert_string_equal(read_as(*state, "(region=cn or region=eu) and online"),
                        "(region = cn or region = eu) and online");
    assert_string_equal(read_as(*state, "not (region=cn and online)"),
                        "not (region = cn and online)");
    assert_string_equal(read_as(*state, "((online)) AND NOT NOT behind"),
                        "online and not not behind");
}

static void texts_that_mean_the_same_read_as_the_same(void **state)
{
    const char *canonical = "labels.floor in (7, \"the roof\") and last_seen > 900s";

    assert_string_equal(
        read_as(*state, " labels.\"floor\"  in('7' , 'the roof')\n and last_seen>15m"), canonical);
    assert_string_equal(read_as(*state, canonical), canonical);
    assert_string_equal(read_as(*state, "not group = a"), "group != a");
    assert_string_equal(read_as(*state, "group not in (a, b)"), "group not in (a, b)");
    assert_string_equal(read_as(*state, "group in (a)"), "group = a");
    assert_string_equal(read_as(*state, "not name contains x"), "not name contains x");
    assert_string_equal(read_as(*state, "cost_today>=0.5 CNY"), "cost_today >= 0.5 CNY");
}

static void quotes_hold_any_text(void **state)
{
    assert_string_equal(read_as(*state, "name = 'a\"b\\\\c'"), "name = \"a\\\"b\\\\c\"");
    assert_string_equal(read_as(*state, "name contains \"你好 (x)\""),
                        "name contains \"你好 (x)\"");
    assert_string_equal(read_as(*state, "name = ''"), "name = \"\"");
    assert_string_equal(read_as(*state, "name = and"), "name = and");
}

static void a_refusal_says_where_and_what_was_expected(void **state)
{
    assert_refused(*state, "", 1, "expected a field");
    assert_refused(*state, "colour = red", 1, "\"colour\" is none");
    assert_refused(*state, "region cn", 8, "expected =, !=, in, contains or starts");
    assert_refused(*state, "region < cn", 8, "expected =, !=");
    assert_refused(*state, "region =", 9, "expected a value");
    assert_refused(*state, "region = cn online", 13, "\"and\", \"or\" or the end");
    assert_refused(*state, "(region = cn", 13, "\"and\", \"or\" or )");
    assert_refused(*state, "region in cn", 11, "expected ( and the values");
    assert_refused(*state, "region in (cn", 14, "expected , or )");
    assert_refused(*state, "name = \"open", 8, "does not end");
    assert_refused(*state, "name = a & online", 10, "put others into quotes");
    assert_refused(*state, "last_seen > 15", 13, "15m");
    assert_refused(*state, "last_seen = 15m", 11, "expected <, <=, > or >=");
    assert_refused(*state, "output_today > many", 16, "a whole number");
    assert_refused(*state, "cost_month > 5", 15, "currency");
    assert_refused(*state, "cost_month in (5 CNY, 6 USD)", 25, "expected CNY");
    assert_refused(*state, "software > new", 12, "a version like");
    assert_refused(*state, "status = gone", 10, "active|revoked");
    assert_refused(*state, "labels. = x", 1, "a label's name");
    assert_refused(*state, "labels.floor > low", 16, "a number");
    assert_refused(*state, "online = true", 8, "\"and\", \"or\" or the end");
}

static void a_position_counts_characters_not_bytes(void **state)
{
    assert_refused(*state, "name = 你好 &", 11, "quotes");
}

static void each_bound_is_held(void **state)
{
    char text[2 * FILTER_MAX_BYTES];
    size_t size = 0;

    for (unsigned i = 0; i < FILTER_MAX_TERMS; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%sonline", i ? " or " : "");
    assert_int_equal(strncmp(read_as(*state, text), "online", 6), 0);
    snprintf(text + size, sizeof text - size, " or online");
    assert_refused(*state, text, size + 5, "at most 32 terms");

    memset(text, '(', FILTER_MAX_DEPTH);
    snprintf(text + FILTER_MAX_DEPTH, 16, "online");
    assert_refused(*state, text, FILTER_MAX_DEPTH + 1, "at most 16 parentheses");

    memset(text, 'x', FILTER_MAX_BYTES + 1);
    text[FILTER_MAX_BYTES + 1] = '\0';
    assert_refused(*state, text, FILTER_MAX_BYTES + 1, "at most 1000 bytes");
    size = (size_t)snprintf(text, sizeof text, "name = ");
    memset(text + size, 'x', FILTER_MAX_VALUE + 1);
    text[size + FILTER_MAX_VALUE + 1] = '\0';
    assert_refused(*state, text, 8, "at most 200 bytes");

    size = (size_t)snprintf(text, sizeof text, "claim in (1");
    for (unsigned i = 1; i <= FILTER_MAX_VALUES; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, ",1");
    assert_refused(*state, text, size + 1 - 1, "at most 100 values");
    assert_refused(*state, "name = \xff", 1, "UTF-8");
}

static const char *program(struct arena *arena, const char *text)
{
    struct filter_problem problem;
    struct filter filter;
    struct buffer out;

    assert_int_equal(filter_parse(span_text(text), arena, &filter, &problem), STATUS_OK);
    buffer_init(&out, 1 << 16);
    filter_write_program(&filter, &out);
    const char *copy = arena_text(arena, buffer_span(&out));
    buffer_release(&out);
    return copy;
}

static void a_program_has_typed_operands_and_its_steps_in_postfix_order(void **state)
{
    assert_string_equal(
        program(*state, "labels.\"a b\" > 3 and not (online or cost_month < 1.5 CNY)"),
        "{\"terms\":[{\"field\":\"labels\",\"key\":\"a b\",\"op\":\">\",\"amounts\":[\"3\"]},"
        "{\"field\":\"online\",\"op\":\"=\",\"texts\":[\"true\"]},"
        "{\"field\":\"cost_month\",\"key\":\"CNY\",\"op\":\"<\",\"amounts\":[\"1.5\"]}],"
        "\"steps\":[0,1,2,-3,-1,-2],\"every_s\":600}");
    assert_string_equal(
        program(*state, "software in (1.2, 2) or software starts \"myna\" or last_seen < 2h"),
        "{\"terms\":[{\"field\":\"software\",\"op\":\"=\",\"versions\":[[1,2,0,0],[2,0,0,0]]},"
        "{\"field\":\"software\",\"op\":\"starts\",\"texts\":[\"myna\"]},"
        "{\"field\":\"last_seen\",\"op\":\"<\",\"amounts\":[\"7200\"]}],"
        "\"steps\":[0,1,-3,2,-3],\"every_s\":60}");
}

static void what_membership_changes_decides_no_membership(void **state)
{
    struct filter_problem problem;
    struct filter filter;

    assert_int_equal(filter_parse(span_text("online or behind"), *state, &filter, &problem),
                     STATUS_OK);
    assert_int_equal(filter_check_group(&filter, &problem), STATUS_INVALID);
    assert_non_null(strstr(problem.detail, "\"behind\""));
    assert_int_equal(filter_parse(span_text("online"), *state, &filter, &problem), STATUS_OK);
    assert_int_equal(filter_check_group(&filter, &problem), STATUS_OK);
}

static void each_trouble_that_can_be_asked_for_is_one_that_there_is(void **state)
{
    size_t count;
    const struct trouble_text *all = trouble_all(&count);
    char text[64], code[TROUBLE_CODE_SIZE];
    unsigned taken = 0;

    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "trouble = %s", trouble_code(all[i].trouble, code));
        taken += strcmp(read_as(*state, text), text) == 0;
    }
    size_t fields_count;
    const struct filter_field *field = filter_fields(&fields_count);
    while (strcmp(field->name, "trouble") != 0)
        field++;
    unsigned choices = 1;
    for (const char *at = field->choices; *at; at++)
        choices += *at == '|';
    assert_int_equal(taken, choices);
}

/* The document's table is the program's: every field is there with its words, and every example is
 * read. */
static void the_document_says_what_the_table_says(void **state)
{
    uint8_t *data = NULL;
    size_t size, count;
    char row[256];

    assert_int_equal(file_read(SCHEMA_DIR "/FILTER.md", 1 << 16, &data, &size), STATUS_OK);
    char *document = arena_text(*state, span_of(data, size));
    free(data);
    const struct filter_field *fields = filter_fields(&count);
    for (size_t i = 0; i < count; i++) {
        snprintf(row, sizeof row, "| `%s%s` | ", fields[i].name,
                 fields[i].type == FILTER_TYPE_LABEL ? ".NAME" : "");
        const char *at = strstr(document, row);
        if (!at || !strstr(at, fields[i].help))
            fail_msg("FILTER.md lacks %s: %s", fields[i].name, fields[i].help);
    }
    unsigned examples = 0;
    for (char *line = strstr(document, "\n    "); line; line = strstr(line, "\n    ")) {
        line += 5;
        char *end = strchr(line, '\n');
        assert_non_null(end);
        examples++;
        *end = '\0';
        const char *answer = read_as(*state, line);
        if (answer[0] >= '0' && answer[0] <= '9')
            fail_msg("%s: %s", line, answer);
        *end = '\n';
        line = end;
    }
    assert_true(examples >= 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(and_binds_closer_than_or_and_not_closer_than_both),
        TEST(texts_that_mean_the_same_read_as_the_same),
        TEST(quotes_hold_any_text),
        TEST(a_refusal_says_where_and_what_was_expected),
        TEST(a_position_counts_characters_not_bytes),
        TEST(each_bound_is_held),
        TEST(a_program_has_typed_operands_and_its_steps_in_postfix_order),
        TEST(what_membership_changes_decides_no_membership),
        TEST(each_trouble_that_can_be_asked_for_is_one_that_there_is),
        TEST(the_document_says_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
