#include "server/ctl/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

/* Tells what it was asked. */
static void ask(void *context, const char *address, const char *prefix, struct buffer *out)
{
    (void)context;
    buffer_format(out, "%s %s\n", address, prefix);
}

static void becomes(const char *line, const char *expected)
{
    struct buffer out;

    buffer_init(&out, 1 << 16);
    complete_line(line, ask, NULL, &out);
    assert_string_equal(buffer_cstring(&out), expected);
    buffer_release(&out);
}

static void nouns_and_verbs_come_from_the_table(void **state)
{
    (void)state;
    becomes("mynactl bud", "budget\n");
    becomes("mynactl budget c", "create\n");
    becomes("mynactl --json budget c", "create\n");
    becomes("mynactl nonsense c", "");
    becomes("mynactl invoice d", "dispute\n");
    becomes("mynactl comp", "completion\ncomplete\n");
}

static void options_come_from_the_verb_and_their_values_are_asked_for(void **state)
{
    (void)state;
    becomes("mynactl apply --d", "--dry-run\n");
    becomes("mynactl device list --gr", "--group\n");
    becomes("mynactl device list --group ki", "/api/v1/groups ki\n");
    becomes("mynactl apply -f ", "");
    becomes("mynactl budget create x --per q", "quarter\n");
    becomes("mynactl budget create x --per ", "day\nweek\nmonth\nquarter\nyear\nonce\n");
    becomes("mynactl rollout create x --key da", "/api/v1/vendors da\n");
}

static void words_are_asked_for_by_what_they_are(void **state)
{
    (void)state;
    becomes("mynactl group add ki", "/api/v1/groups ki\n");
    becomes("mynactl group add kitchen ", "/api/v1/devices \n");
    becomes("mynactl group add kitchen r1 r", "/api/v1/devices r\n");
    becomes("mynactl config set group:", "/api/v1/layers group:\n");
    becomes("mynactl device say r1 hel", "");
    becomes("mynactl group set kitchen --name x y", "");
    becomes("mynactl why r", "/api/v1/devices r\n");
    becomes("mynactl device each join ki", "/api/v1/groups ki\n");
}

static void an_id_is_of_the_kind_before_it(void **state)
{
    (void)state;
    becomes("mynactl edit b", "budget\nblackout\n");
    becomes("mynactl edit budget f", "/api/v1/budgets f\n");
    becomes("mynactl edit nonsense f", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nouns_and_verbs_come_from_the_table),
        cmocka_unit_test(options_come_from_the_verb_and_their_values_are_asked_for),
        cmocka_unit_test(words_are_asked_for_by_what_they_are),
        cmocka_unit_test(an_id_is_of_the_kind_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
