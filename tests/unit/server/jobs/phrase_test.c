#include "server/jobs/phrase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int set_up(void **state)
{
    return arena_create((struct arena **)state, 1 << 20) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void assert_json(struct arena *arena, struct span json, const char *expected)
{
    assert_string_equal(arena_text(arena, json), expected);
}

static struct contract_threshold throttle(bool shadow)
{
    struct contract_threshold rule = {.of = "spend",
                                      .trigger = CONTRACT_AT_SHARE,
                                      .at = fraction_ratio(4, 5),
                                      .action_count = 2,
                                      .shadow = shadow};

    rule.actions[1] = (struct contract_action){
        .kind = CONTRACT_THROTTLE, .turns_per_minute = 2, .max_output_tokens = 80, .model = "s"};
    return rule;
}

static void a_rule_reads_as_it_was_written(void **state)
{
    struct contract_threshold rule = throttle(false);

    assert_json(*state, phrase_rule(&rule, *state),
                "{\"of\":\"spend\",\"at\":\"80%\",\"do\":[\"alert\",\"throttle to 2 turns a minute"
                " and to answers of 80 tokens and to model s\"],\"shadow\":false}");
    rule = (struct contract_threshold){
        .of = "output", .trigger = CONTRACT_AT_RATE, .at = fraction_of(5), .shadow = true};
    assert_json(*state, phrase_rule(&rule, *state),
                "{\"of\":\"output\",\"at\":\"5 times the usual hour\",\"do\":[],\"shadow\":true}");
}

static void a_sight_tells_the_share_of_the_limit(void **state)
{
    const struct judge_sight sight = {.period_from_ms = 0,
                                      .period_to_ms = 86400000,
                                      .value = fraction_of(8),
                                      .has_limit = true,
                                      .limit = fraction_of(12),
                                      .unit = "CNY"};

    assert_json(*state, phrase_sight(&sight, *state),
                "{\"period\":{\"from\":\"1970-01-01T00:00:00.000Z\",\"to\":"
                "\"1970-01-02T00:00:00.000Z\"},\"value\":\"8\",\"limit\":\"12\","
                "\"share\":\"0.666667\",\"unit\":\"CNY\"}");
}

static void an_alert_of_the_shadow_says_what_would_have_been_done(void **state)
{
    struct contract_threshold rule = throttle(true);
    struct phrase_event event = {.source = "contract:c:t",
                                 .rule = &rule,
                                 .rule_json = span_text("{}"),
                                 .seen_json = span_text("{}"),
                                 .robots = 0};

    assert_non_null(
        strstr(arena_text(*state, phrase_alert(&event, *state)), "\"would\":[\"alert\""));
    rule.shadow = false;
    assert_non_null(strstr(arena_text(*state, phrase_alert(&event, *state)), "\"did\":[\"alert\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rule_reads_as_it_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sight_tells_the_share_of_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_alert_of_the_shadow_says_what_would_have_been_done,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
