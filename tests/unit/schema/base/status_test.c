#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/status.h"

static void every_status_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int i = STATUS_OK; i <= STATUS_UNREACHABLE; i++) {
        const char *text = status_text((enum status)i);

        assert_true(strlen(text) > 1);
        assert_string_not_equal(text, "unknown status");
        for (int k = STATUS_OK; k < i; k++)
            assert_string_not_equal(text, status_text((enum status)k));
    }
}

static void a_number_that_is_no_status_has_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(status_text((enum status)1000), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text_of_its_own),
        cmocka_unit_test(a_number_that_is_no_status_has_a_text_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
