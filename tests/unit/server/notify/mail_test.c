#include "server/notify/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795341600000) /* 2026-11-22 10:00:00 UTC, a Sunday */

static const struct notice raised = {
    .delivery_id = 7,
    .event = NOTICE_RAISED,
    .severity = "critical",
    .subject = "device/r1",
    .title =
        "Forged message, with a title that is so long that one encoded word cannot hold it 很长",
    .link = "/robots/r1",
    .cure = "Look.",
    .words = "Seen.",
    .count = 1,
};

static int set_up(void **state)
{
    struct arena *arena;

    if (arena_create(&arena, 1 << 20) != STATUS_OK)
        return -1;
    *state = arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static enum status build(void **state, const char *sender, const char *recipients,
                         struct post_request *out)
{
    return mail_build(sender, span_text(recipients), &raised, 1, "https://m.example", NOW_MS,
                      *state, out);
}

static void an_address_is_one_address(void **state)
{
    static const char *const good[] = {"a@b", "night.watch+1@ops.example.com"};
    static const char *const bad[] = {
        "",      "a",       "@b",        "a@", "a@b@c", "a b@c", "a@b\r\nBcc:x@y",
        "<a@b>", "a@b,c@d", "\"a\"@b.c", "ä@b"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(mail_is_address(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mail_is_address(bad[i]));
}

static void envelope_and_header_name_the_same_people(void **state)
{
    struct post_request out = {0};

    assert_int_equal(build(state, "myna@m.example", "[\"a@x.example\",\"b@x.example\"]", &out),
                     STATUS_OK);
    assert_int_equal(out.method, POST_MAIL);
    assert_string_equal(out.from, "<myna@m.example>");
    assert_int_equal(out.to_count, 2);
    assert_string_equal(out.to[1], "b@x.example");
    const char *mail = arena_text(*state, out.body);
    assert_non_null(strstr(mail, "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"));
    assert_non_null(strstr(mail, "To: <a@x.example>,\r\n <b@x.example>\r\n"));
}

static void no_line_is_longer_than_a_mail_may_have_it(void **state)
{
    struct post_request out = {0};

    assert_int_equal(build(state, "myna@m.example", "[\"a@x.example\"]", &out), STATUS_OK);
    const char *at = arena_text(*state, out.body);
    while (*at != '\0') {
        size_t size = strcspn(at, "\r");

        assert_true(size <= 76);
        assert_int_equal(strncmp(at + size, "\r\n", 2), 0);
        at += size + 2;
    }
}

static void who_is_no_address_is_refused_and_nothing_is_written(void **state)
{
    static const char *const lists[] = {"[]", "{}", "[\"a\"]", "[1]", "[\"a@b\\r\\nBcc: c@d\"]",
                                        "["};
    struct post_request out = {0};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        assert_int_equal(build(state, "myna@m.example", lists[i], &out), STATUS_INVALID);
    assert_int_equal(build(state, "nobody", "[\"a@b\"]", &out), STATUS_INVALID);
    assert_int_equal(out.to_count, 0);
    assert_null(out.from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_one_address),
        cmocka_unit_test(envelope_and_header_name_the_same_people),
        cmocka_unit_test(no_line_is_longer_than_a_mail_may_have_it),
        cmocka_unit_test(who_is_no_address_is_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
