#include "server/notify/message.h"

#include "schema/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define DASHBOARD "https://m.example"
#define NOW_MS    INT64_C(1700000000000)

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

static struct notice raised(const char *words)
{
    return (struct notice){
        .event = NOTICE_RAISED,
        .kind = "k",
        .severity = "critical",
        .subject = "device/r1",
        .title = "Title",
        .link = "/robots/r1",
        .cure = "Look.",
        .count = 1,
        .detail = span_text("{}"),
        .words = words,
    };
}

static enum status build(void **state, const char *kind, const char *secret,
                         const struct notice *notices, size_t count, struct post_request *out)
{
    const struct message_channel channel = {
        .kind = kind, .url = "https://h.example/in", .secret = secret};

    return message_build(&channel, notices, count, DASHBOARD, NOW_MS, *state, out);
}

static void untrusted_text_cannot_call_everyone_or_plant_a_link(void **state)
{
    const struct notice notice = raised("P: <at id=all> [x](http://evil) `.");
    const char *text = message_markdown(&notice, 1, DASHBOARD, 0, *state);

    assert_null(strchr(text, '<'));
    assert_null(strstr(text, "[x]"));
    assert_non_null(strstr(text, "[Open the dashboard](https://m.example/robots/r1)"));
}

static void each_level_says_less(void **state)
{
    const struct notice notice = raised("P: q.");

    assert_non_null(strstr(message_markdown(&notice, 1, DASHBOARD, 0, *state), "P: q."));
    assert_null(strstr(message_markdown(&notice, 1, DASHBOARD, 1, *state), "P: q."));
    assert_non_null(strstr(message_markdown(&notice, 1, DASHBOARD, 1, *state), "Look."));
    assert_null(strstr(message_markdown(&notice, 1, DASHBOARD, 2, *state), "Look."));
}

static void what_is_over_needs_no_cure(void **state)
{
    struct notice notice = raised("");

    notice.event = NOTICE_CLEARED;
    assert_null(strstr(message_markdown(&notice, 1, DASHBOARD, 0, *state), "Look."));
}

static void every_kind_makes_json_of_ten_notices_and_no_other_kind_exists(void **state)
{
    static const char *const kinds[] = {"webhook", "dingtalk", "feishu", "wecom", "slack"};
    struct notice notices[MESSAGE_NOTICES];
    struct post_request out;
    struct json *body;

    for (size_t i = 0; i < MESSAGE_NOTICES; i++)
        notices[i] = raised("A \"quoted\" word.");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(
            build(state, kinds[i], "sixteen bytes or more", notices, MESSAGE_NOTICES, &out),
            STATUS_OK);
        assert_int_equal(json_parse(out.body, &body, NULL), STATUS_OK);
        json_free(body);
    }
    assert_int_equal(build(state, "pigeon", "", notices, 1, &out), STATUS_INVALID);
}

static void a_webhook_carries_its_time_and_signature(void **state)
{
    const struct notice notice = raised("");
    struct post_request out;

    assert_int_equal(build(state, "webhook", "a secret", &notice, 1, &out), STATUS_OK);
    assert_int_equal(out.header_count, 2);
    assert_string_equal(out.headers[0], "X-Myna-Timestamp: 1700000000");
    assert_int_equal(strncmp(out.headers[1], "X-Myna-Signature: sha256=", 25), 0);
}

static void without_a_secret_a_chat_is_not_signed(void **state)
{
    const struct notice notice = raised("");
    struct post_request out;

    assert_int_equal(build(state, "dingtalk", "", &notice, 1, &out), STATUS_OK);
    assert_string_equal(out.url, "https://h.example/in");
    assert_int_equal(build(state, "feishu", "", &notice, 1, &out), STATUS_OK);
    assert_null(strstr(arena_text(*state, out.body), "\"sign\""));
}

static bool taken(const char *kind, long code, const char *answer)
{
    struct post_result result = {.status = STATUS_OK, .code = code};
    char problem[POST_PROBLEM] = "";

    snprintf(result.answer, sizeof result.answer, "%s", answer);
    bool was = message_was_taken(kind, &result, problem);
    assert_int_equal(problem[0] == '\0', was);
    return was;
}

static void an_answer_is_judged_by_status_and_by_what_it_says(void **state)
{
    (void)state;
    assert_true(taken("webhook", 204, ""));
    assert_false(taken("webhook", 302, ""));
    assert_false(taken("webhook", 500, ""));
    assert_true(taken("slack", 200, "ok"));
    assert_true(taken("dingtalk", 200, "{\"errcode\":0,\"errmsg\":\"ok\"}"));
    assert_false(taken("dingtalk", 200, "{\"errcode\":310000}"));
    assert_false(taken("wecom", 200, "<html>"));
    assert_false(taken("wecom", 200, "{}"));
    assert_true(taken("feishu", 200, "{\"code\":0}"));
    assert_false(taken("feishu", 200, "{\"code\":19021,\"msg\":\"sign match fail\"}"));
    assert_true(taken("email", 250, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untrusted_text_cannot_call_everyone_or_plant_a_link),
        cmocka_unit_test(each_level_says_less),
        cmocka_unit_test(what_is_over_needs_no_cure),
        cmocka_unit_test(every_kind_makes_json_of_ten_notices_and_no_other_kind_exists),
        cmocka_unit_test(a_webhook_carries_its_time_and_signature),
        cmocka_unit_test(without_a_secret_a_chat_is_not_signed),
        cmocka_unit_test(an_answer_is_judged_by_status_and_by_what_it_says),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
