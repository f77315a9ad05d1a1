#include "tests/robots/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int set_up(void **state)
{
    return plans_create((struct plans **)state) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    plans_free(*state);
    return 0;
}

/* A configuration of pairs of names and values, ended by NULL, and one route. */
static struct plan *take(struct plans *plans, const char *const *pairs)
{
    static uint8_t bytes[LIMIT_CONFIG_BYTES];
    wire_ConfigContent *content = calloc(1, sizeof *content);
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct plan *plan = NULL;
    size_t size;

    for (; *pairs != NULL; pairs += 2) {
        wire_Setting *setting = &content->settings[content->settings_count++];

        snprintf(setting->name, sizeof setting->name, "%s", pairs[0]);
        snprintf(setting->value, sizeof setting->value, "%s", pairs[1]);
    }
    content->routes_count = 1;
    snprintf(content->routes[0].vendor, sizeof content->routes[0].vendor, "dahan");
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, content, bytes, sizeof bytes, &size),
                     STATUS_OK);
    free(content);
    const struct span encoded = span_of(bytes, size);
    crypto_sha256(&encoded, 1, hash);
    assert_int_equal(plans_take(plans, encoded, hash, &plan), STATUS_OK);
    return plan;
}

static void settings_that_fit_are_applied_and_the_others_answered_for(void **state)
{
    static const char *const pairs[] = {"max_output_tokens",
                                        "99",
                                        "history_turns",
                                        "99",
                                        "persona",
                                        "\"You are kind.\"",
                                        "colour",
                                        "\"red\"",
                                        "volume",
                                        "not json",
                                        NULL};
    struct plan *plan = take(*state, pairs);

    assert_int_equal(plan->setting_count, 6);
    assert_int_equal(plan->max_output_tokens, 99);
    assert_int_equal(plan->history_turns, 6);
    assert_string_equal(plan->persona, "You are kind.");
    assert_int_equal(plan->settings[0].outcome, wire_SettingOutcome_SETTING_APPLIED);
    assert_int_equal(plan->settings[1].outcome, wire_SettingOutcome_SETTING_REFUSED);
    assert_true(plan->settings[1].reason[0] != '\0');
    assert_int_equal(plan->settings[2].outcome, wire_SettingOutcome_SETTING_APPLIED);
    assert_int_equal(plan->settings[3].outcome, wire_SettingOutcome_SETTING_UNKNOWN);
    assert_string_equal(plan->settings[3].name, "colour");
    assert_int_equal(plan->settings[4].outcome, wire_SettingOutcome_SETTING_REFUSED);
    assert_string_equal(plan->settings[5].name, "routes");
    assert_int_equal(plan->settings[5].outcome, wire_SettingOutcome_SETTING_APPLIED);
    assert_int_equal(plan->route_count, 1);
    assert_string_equal(plan->routes[0].vendor, "dahan");
    plans_release(*state, plan);
}

static void limits_that_a_configuration_sets_are_taken(void **state)
{
    static const char *const blocked[] = {"limit_mode", "\"blocked\"", "turns_per_minute", "6",
                                          NULL},
                             *const throttled[] = {"limit_mode", "\"throttled\"", NULL};
    struct plan *plan = take(*state, blocked);

    assert_true(plan->asks_nobody);
    assert_int_equal(plan->turns_per_minute, 6);
    plans_release(*state, plan);
    plan = take(*state, throttled);
    assert_false(plan->asks_nobody);
    assert_int_equal(plan->turns_per_minute, 0);
    plans_release(*state, plan);
}

static void robots_with_the_same_configuration_share_one_plan(void **state)
{
    static const char *const one[] = {"volume", "10", NULL}, *const two[] = {"volume", "20", NULL};
    struct plan *first = take(*state, one), *second = take(*state, two);

    assert_ptr_equal(take(*state, one), first);
    assert_ptr_not_equal(first, second);
    plans_release(*state, first);
    assert_ptr_equal(take(*state, one), first);
    for (int i = 0; i < 2; i++)
        plans_release(*state, first);
    plans_release(*state, second);
}

static void before_a_configuration_the_defaults_hold_and_no_route(void **state)
{
    struct plan *plan = plans_default(*state);

    assert_int_equal(plan->route_count, 0);
    assert_int_equal(plan->report_interval_s, 60);
    assert_int_equal(plan->max_output_tokens, 400);
    plans_release(*state, plan);
}

static void add_software(wire_ConfigSoftware *software, const char *name, const char *version,
                         bool withdrawn)
{
    wire_Software *item = &software->software[software->software_count++];
    const int size =
        snprintf((char *)item->document.bytes, sizeof item->document.bytes,
                 "{\"manifest\":1,\"kind\":\"avatar\",\"name\":\"%s\",\"version\":\"%s\","
                 "\"counter\":7,\"url\":\"https://files.example/a\",\"sha256\":\"%064d\","
                 "\"size\":3}",
                 name, version, 0);

    item->document.size = (pb_size_t)size;
    item->withdrawn = withdrawn;
}

static void software_that_is_not_taken_back_is_as_good_as_installed(void **state)
{
    static uint8_t bytes[LIMIT_CONFIG_BYTES];
    static const uint8_t hash[CRYPTO_HASH_SIZE] = {2};
    wire_ConfigSoftware *software = calloc(1, sizeof *software);
    struct plan *plan = NULL;
    size_t size;

    add_software(software, "gone", "1.0", true);
    add_software(software, "friend", "2.0", false);
    assert_int_equal(message_encode(MESSAGE_CONFIG_SOFTWARE, software, bytes, sizeof bytes, &size),
                     STATUS_OK);
    free(software);
    assert_int_equal(plans_take(*state, span_of(bytes, size), hash, &plan), STATUS_OK);
    assert_int_equal(plan->installed_count, 1);
    assert_string_equal(plan->installed[0].kind, "avatar");
    assert_string_equal(plan->installed[0].name, "friend");
    assert_string_equal(plan->installed[0].version, "2.0");
    assert_int_equal(plan->installed[0].counter, 7);
    assert_int_equal(plan->installed[0].step, wire_SoftwareStep_SOFTWARE_CONFIRMED);
    plans_release(*state, plan);
}

static void bytes_that_are_no_configuration_are_refused(void **state)
{
    static const uint8_t hash[CRYPTO_HASH_SIZE] = {1};
    struct plan *plan = NULL;

    assert_int_equal(plans_take(*state, span_text("\xFF\xFF\xFF"), hash, &plan), STATUS_INVALID);
    assert_null(plan);
}

#define WITH_PLANS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLANS(settings_that_fit_are_applied_and_the_others_answered_for),
        WITH_PLANS(limits_that_a_configuration_sets_are_taken),
        WITH_PLANS(robots_with_the_same_configuration_share_one_plan),
        WITH_PLANS(before_a_configuration_the_defaults_hold_and_no_route),
        WITH_PLANS(software_that_is_not_taken_back_is_as_good_as_installed),
        WITH_PLANS(bytes_that_are_no_configuration_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
