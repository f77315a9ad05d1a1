#include "server/notify/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct notice raised = {
    .event = NOTICE_RAISED,
    .severity = "critical",
    .subject = "device/r1",
    .title = "Forged message",
    .link = "/robots/r1",
    .cure = "Look.",
    .count = 1,
};

static int set_up(void **state)
{
    struct arena *arena;

    if (arena_create(&arena, 1 << 16) != STATUS_OK)
        return -1;
    *state = arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void a_headline_says_what_happened_where_and_how_often(void **state)
{
    struct notice notice = raised;

    assert_string_equal(notice_headline(&notice, *state), "critical: Forged message, device/r1");
    notice.count = 3;
    assert_string_equal(notice_headline(&notice, *state),
                        "critical: Forged message, device/r1, 3 times");
    notice.event = NOTICE_CLEARED;
    assert_string_equal(notice_headline(&notice, *state), "over: Forged message, device/r1");
    notice.event = NOTICE_TEST;
    assert_string_equal(notice_headline(&notice, *state), "test: this channel works");
}

static void the_worst_of_several_counts_only_what_is_not_over(void **state)
{
    struct notice notices[3] = {raised, raised, raised};

    (void)state;
    notices[0].severity = "warning";
    notices[1].event = NOTICE_CLEARED;
    notices[2].severity = "info";
    assert_string_equal(notice_worst(notices, 3), "warning");
    assert_string_equal(notice_worst(notices + 1, 1), "info");
}

static void a_full_arena_gives_no_text(void **state)
{
    struct arena *small;

    (void)state;
    assert_int_equal(arena_create(&small, 8), STATUS_OK);
    assert_null(notice_headline(&raised, small));
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_headline_says_what_happened_where_and_how_often),
        cmocka_unit_test(the_worst_of_several_counts_only_what_is_not_over),
        cmocka_unit_test(a_full_arena_gives_no_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
