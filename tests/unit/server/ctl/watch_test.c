#include "server/ctl/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/ctl/noun.h"

static const struct ctl_verb *find(const char *noun, const char *verb)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *v = tables[t]; v->verb; v++)
            if (strcmp(v->verb, verb) == 0 &&
                (noun && v->noun ? strcmp(v->noun, noun) == 0 : noun == v->noun))
                return v;
    fail_msg("there is no %s %s", noun ? noun : "", verb);
    return NULL;
}

static void whatever_only_shows_can_be_watched(void **state)
{
    static const char *const looks[][2] = {
        {"pool", "holders"}, {"contract", "active"}, {"statement", "bill"}, {"vendor", "pack"},
        {"config", "diff"},  {"device", "health"},   {NULL, "fleet"},       {NULL, "me"}};
    const struct args none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        assert_true(watch_can(find(looks[i][0], looks[i][1]), &none));
}

/* A new verb is in the one list or the other, and nobody forgets to say in which. */
static void each_other_verb_does_something(void **state)
{
    static const char deeds[] =
        "create|set|unset|delete|add|remove|use|apply|edit|revoke|retire|release|quarantine|swap|"
        "label|each|say|identify|report|restart|probe|forget|write-off|take-picture|transfer|keep|"
        "erase|reset|reset-second-factor|enable|disable|codes|password|key|key-create|key-revoke|"
        "login|logout|rotate|lock|check|dispute|rerate|usage|filing|import|withdraw|open|close|"
        "confirm|agree|refuse|ack|acknowledge|assign|silence|clear|test|retry|drain|return|drill|"
        "maintenance|restore|start|approve|decline|pause|resume|next|force|roll-back|abort|stop|"
        "keygen|sign|save";
    /* into a file or on to its end, or what the shell runs */
    static const char once[] = "bundle|picture|export|completion|complete|wait|watch";
    const struct args none = {0};
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    (void)state;
    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *v = tables[t]; v->verb; v++)
            if (!watch_can(v, &none) && !span_is_choice(span_text(v->verb), deeds) &&
                !span_is_choice(span_text(v->verb), once))
                fail_msg("%s %s: watch.c does not say that it shows, nor is it a deed",
                         v->noun ? v->noun : "", v->verb);
}

static void a_list_of_usage_that_is_given_to_the_server_is_not_watched(void **state)
{
    const struct args none = {0};

    (void)state;
    assert_true(watch_can(find(NULL, "usage"), &none));
    assert_false(watch_can(find("vendor", "usage"), &none));
    assert_false(watch_can(find("import", "usage"), &none));
}

static void what_shows_unless_an_option_does_something_is_watched_without_it(void **state)
{
    const struct args missing = {.option_names = {"missing"}, .options = 1};
    const struct args finish = {.option_names = {"missing", "finish"}, .options = 2};

    (void)state;
    assert_true(watch_can(find("vendor", "key"), &missing));
    assert_false(watch_can(find("vendor", "key"), &finish));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_only_shows_can_be_watched),
        cmocka_unit_test(each_other_verb_does_something),
        cmocka_unit_test(a_list_of_usage_that_is_given_to_the_server_is_not_watched),
        cmocka_unit_test(what_shows_unless_an_option_does_something_is_watched_without_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
