#include "tests/robots/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static enum status parse(const char *option, const char *value, struct settings *out,
                         char problem[256])
{
    char *argv[] = {(char[]){"myna-robots"}, (char *)option, (char *)value, NULL};

    return settings_parse(3, argv, out, problem);
}

static void owners_have_one_patience_unless_told_otherwise(void **state)
{
    struct settings settings;
    char problem[256];

    (void)state;
    assert_int_equal(parse("--interrupts", "7", &settings, problem), STATUS_OK);
    assert_int_equal(settings.interrupts, 7);
    assert_int_equal(settings.patience_count, 0);
}

static void the_patience_with_a_vendor_is_named_with_it(void **state)
{
    struct settings settings;
    char problem[256];

    (void)state;
    assert_int_equal(parse("--interrupts-of", "slow=0,chatty=100", &settings, problem), STATUS_OK);
    assert_int_equal(settings.patience_count, 2);
    assert_string_equal(settings.patience[0].vendor, "slow");
    assert_int_equal(settings.patience[0].interrupt_percent, 0);
    assert_string_equal(settings.patience[1].vendor, "chatty");
    assert_int_equal(settings.patience[1].interrupt_percent, 100);
}

static void a_patience_that_is_none_is_refused_and_named(void **state)
{
    static const char *const bad[] = {"slow",
                                      "slow=",
                                      "=5",
                                      "slow=101",
                                      "slow=-1",
                                      "slow=5,,",
                                      "slow=5;a=1",
                                      "slow=5,a",
                                      "slow=x",
                                      "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1",
                                      "a-vendor-whose-name-is-longer-than-any-name-may-be=5"};
    struct settings settings;
    char problem[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        problem[0] = '\0';
        assert_int_equal(parse("--interrupts-of", bad[i], &settings, problem), STATUS_INVALID);
        assert_non_null(strstr(problem, "--interrupts-of"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_have_one_patience_unless_told_otherwise),
        cmocka_unit_test(the_patience_with_a_vendor_is_named_with_it),
        cmocka_unit_test(a_patience_that_is_none_is_refused_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
