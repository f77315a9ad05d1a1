#include "server/ctl/preflight_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_printed(const char *document, const char *expected)
{
    struct json *json;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(json_parse(span_text(document), &json, NULL), STATUS_OK);
    preflight_print(out, json);
    fclose(out);
    assert_string_equal(text, expected);
    json_free(json);
    free(text);
}

static void what_is_refused_comes_first_and_money_is_grouped(void **state)
{
    (void)state;
    assert_printed(
        "{\"refused\":true,\"robots\":10,\"hours\":720,\"until\":\"2027-01-01\",\"contracts\":["
        "{\"contract\":\"big\",\"currency\":\"CNY\",\"joined\":false,\"amount\":\"3000040.00\","
        "\"amount_at_end\":\"3003000.00\",\"commitments\":[{\"name\":\"robots\",\"amount\":\"0."
        "00\","
        "\"amount_at_end\":\"3000.00\"}]},"
        "{\"contract\":\"far\",\"currency\":\"USD\",\"joined\":true}],"
        "\"waves\":[{\"wave\":1,\"robots\":5,\"costs\":[{\"contract\":\"big\",\"currency\":\"CNY\","
        "\"amount\":\"3001510.00\"}]}],"
        "\"headroom\":[{\"source\":\"cap:far:day\",\"unit\":\"requests\",\"hard\":false,\"limit\":"
        "\"1500\",\"stay\":\"0\",\"at_end\":\"2000\"}],"
        "\"findings\":[{\"severity\":\"info\",\"wave\":0,\"text\":\"a fact\"},"
        "{\"severity\":\"refuse\",\"wave\":2,\"text\":\"a cap breaks\"},"
        "{\"severity\":\"warn\",\"wave\":0,\"text\":\"a promise falls short\"}]}",
        "10 robots would move: REFUSED\n"
        "  REFUSED from wave 2: a cap breaks\n"
        "  mind    a promise falls short\n"
        "  known   a fact\n"
        "\n"
        "  contract's whole term       if nobody moves      when all have\n"
        "  big                            3,000,040.00       3,003,000.00 CNY  (left)\n"
        "    robots                               0.00           3,000.00   commitment's "
        "shortfall\n"
        "  far                                not told           not told USD  (joined)\n"
        "\n"
        "  wave   robots\n"
        "     1        5   big 3,001,510.00 CNY\n"
        "\n"
        "  cap or budget                                 limit  if nobody moves    when all have\n"
        "  cap:far:day                                   1,500                0            2,000"
        " requests (soft)\n"
        "\n"
        "  as metered in the last 720 hours; robots followed until 2027-01-01\n");
}

static void a_change_of_no_routes_is_one_sentence(void **state)
{
    (void)state;
    assert_printed("{\"refused\":false,\"robots\":3,\"hours\":0,\"contracts\":[],\"waves\":[],"
                   "\"headroom\":[],\"findings\":[{\"severity\":\"info\",\"wave\":0,\"text\":"
                   "\"nothing to price\"}]}",
                   "3 robots would move\n"
                   "  known   nothing to price\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_comes_first_and_money_is_grouped),
        cmocka_unit_test(a_change_of_no_routes_is_one_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
