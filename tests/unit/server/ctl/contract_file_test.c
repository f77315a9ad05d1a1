#include "server/ctl/contract_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/ctl/ctl.h"

struct fixture {
    char path[32];
    char told[512]; /* on standard error */
};

static int make(void **state)
{
    static struct fixture fixture;

    snprintf(fixture.path, sizeof fixture.path, "/tmp/contractXXXXXX");
    *state = &fixture;
    int fd = mkstemp(fixture.path);
    return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
    return unlink(((struct fixture *)*state)->path);
}

static int read_text(struct fixture *fixture, const char *text, struct contract *contract)
{
    FILE *file = fopen(fixture->path, "w");
    FILE *told = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct arena *arena;
    struct zone *zone;

    assert_non_null(file);
    assert_non_null(told);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    dup2(fileno(told), STDERR_FILENO);
    int result = contract_file_read(fixture->path, &arena, contract, &zone);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(told);
    fixture->told[fread(fixture->told, 1, sizeof fixture->told - 1, told)] = 0;
    fclose(told);
    contract->contract_id = NULL; /* of the arena */
    arena_free(arena);
    zone_close(zone);
    return result;
}

static void assert_told(struct fixture *fixture, const char *text, const char *where_and_why)
{
    struct contract contract;
    char expected[512];

    assert_int_equal(read_text(fixture, text, &contract), CTL_FAILED);
    snprintf(expected, sizeof expected, "mynactl: %s%s\n", fixture->path, where_and_why);
    assert_string_equal(fixture->told, expected);
}

#define HEAD "contract: c\nvendor: v\ncurrency: CNY\n"

static void a_good_document_is_read_in_silence(void **state)
{
    struct fixture *fixture = *state;
    struct contract contract;

    assert_int_equal(read_text(fixture,
                               HEAD "zone: UTC\ncharges:\n- {kind: unit, metric: output, "
                                    "price: 0.5}\n",
                               &contract),
                     CTL_DONE);
    assert_string_equal(fixture->told, "");
    assert_int_equal(contract.version_count, 1);
}

static void what_is_wrong_is_told_with_line_place_and_reason(void **state)
{
    assert_told(*state, HEAD "zone: UTC\ncharges:\n- kind: unit\n  metric: output\n  prise: 1\n",
                ":8: charges/0/prise: is not known here: did you mean \"price\"?");
    assert_told(*state, HEAD "zone: UTC\ncharges:\n- kind: unit\n  metric: output\n",
                ":6: charges/0/price: is missing");
    assert_told(*state, HEAD "zone: Mars/Olympus\ncharges:\n- {kind: flat, amount: 1, per: day}\n",
                ":4: zone: there is no such time zone; an example is \"Asia/Shanghai\"");
    assert_told(*state, "- 1\n", ":1: must be an object");
    assert_told(*state, HEAD "zone: [\n", ": line 5: did not find expected node content");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_document_is_read_in_silence),
        TEST(what_is_wrong_is_told_with_line_place_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
