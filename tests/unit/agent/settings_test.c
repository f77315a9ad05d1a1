/* Real files; the configuration is encoded as the server encodes it. */
#include "agent/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

struct fixture {
    char folder[64], path[96];
    const char *regions;
    struct settings *settings;
    struct settings_values values;
    wire_ConfigContent content;
    wire_SettingStatus statuses[LIMIT_SETTINGS];
    size_t status_count;
    uint8_t bytes[LIMIT_MESSAGE_BYTES];
    uint8_t hash[CRYPTO_HASH_SIZE];
};

static enum status open_settings(struct fixture *fixture)
{
    const struct settings_options options = {.path = fixture->path, .regions = fixture->regions};

    return settings_open(&fixture->settings, &options);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-settings-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/config", fixture->folder);
    fixture->regions = "";
    assert_int_equal(open_settings(fixture), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    settings_close(fixture->settings);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void restart(struct fixture *fixture)
{
    settings_close(fixture->settings);
    assert_int_equal(open_settings(fixture), STATUS_OK);
}

static void add_setting(struct fixture *fixture, const char *name, const char *value)
{
    wire_Setting *setting = &fixture->content.settings[fixture->content.settings_count++];

    snprintf(setting->name, sizeof setting->name, "%s", name);
    snprintf(setting->value, sizeof setting->value, "%s", value);
}

static wire_Route *add_route(struct fixture *fixture, const char *vendor, const char *region)
{
    wire_Route *route = &fixture->content.routes[fixture->content.routes_count++];

    *route = (wire_Route){.model = "m", .dialect = "openai", .base_url = "https://v.example/v1"};
    snprintf(route->vendor, sizeof route->vendor, "%s", vendor);
    snprintf(route->region, sizeof route->region, "%s", region);
    return route;
}

static void take_result(struct fixture *fixture)
{
    settings_values(fixture->settings, &fixture->values);
    fixture->status_count = settings_statuses(fixture->settings, fixture->statuses);
}

static void configure_bytes(struct fixture *fixture, uint64_t generation, struct span content)
{
    crypto_sha256(&content, 1, fixture->hash);
    settings_configure(fixture->settings, generation, content, fixture->hash);
    take_result(fixture);
}

static void configure(struct fixture *fixture, uint64_t generation)
{
    size_t size;

    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &fixture->content, fixture->bytes,
                                    sizeof fixture->bytes, &size),
                     STATUS_OK);
    configure_bytes(fixture, generation, span_of(fixture->bytes, size));
}

static const wire_SettingStatus *status_of(const struct fixture *fixture, const char *name)
{
    for (size_t i = 0; i < fixture->status_count; i++)
        if (strcmp(fixture->statuses[i].name, name) == 0)
            return &fixture->statuses[i];
    fail_msg("no status of %s", name);
    return NULL;
}

static void without_a_configuration_the_tables_defaults_hold(void **state)
{
    struct fixture *fixture = *state;
    struct peer_running running;

    take_result(fixture);
    assert_int_equal(fixture->values.volume, 70);
    assert_int_equal(fixture->values.max_output_tokens, 400);
    assert_string_equal(fixture->values.language, "auto");
    assert_int_equal(fixture->values.route_count, 0);
    settings_running(fixture->settings, &running);
    assert_false(running.has_config);
}

static void i4_a_configuration_is_in_force_at_once_and_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct peer_running running;

    add_setting(fixture, "volume", "33");
    add_setting(fixture, "persona", "\"You are a bird.\"");
    add_route(fixture, "dahan", "cn");
    configure(fixture, 7);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture->values.volume, 33);
        assert_string_equal(fixture->values.persona, "You are a bird.");
        assert_int_equal(fixture->values.route_count, 1);
        assert_int_equal(fixture->values.generation, 7);
        assert_int_equal(status_of(fixture, "volume")->outcome,
                         wire_SettingOutcome_SETTING_APPLIED);
        assert_int_equal(status_of(fixture, "routes")->outcome,
                         wire_SettingOutcome_SETTING_APPLIED);
        settings_running(fixture->settings, &running);
        assert_int_equal(running.generation_held, 7);
        assert_memory_equal(running.config_hash, fixture->hash, sizeof fixture->hash);
        restart(fixture);
        take_result(fixture);
    }
}

static void i9_the_file_with_vendor_keys_is_the_owners_alone(void **state)
{
    struct fixture *fixture = *state;
    struct stat st;

    configure(fixture, 1);
    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_setting_that_does_not_fit_is_refused_and_the_others_apply(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "volume", "101");
    add_setting(fixture, "history_turns", "\"many\"");
    add_setting(fixture, "language", "{broken");
    add_setting(fixture, "voice_rate_wpm", "200");
    configure(fixture, 1);
    assert_int_equal(status_of(fixture, "volume")->outcome, wire_SettingOutcome_SETTING_REFUSED);
    assert_true(strlen(status_of(fixture, "volume")->reason) > 0);
    assert_int_equal(status_of(fixture, "history_turns")->outcome,
                     wire_SettingOutcome_SETTING_REFUSED);
    assert_int_equal(status_of(fixture, "language")->outcome, wire_SettingOutcome_SETTING_REFUSED);
    assert_int_equal(fixture->values.volume, 70);
    assert_int_equal(fixture->values.history_turns, 6);
    assert_int_equal(fixture->values.voice_rate_wpm, 200);
}

static void a_setting_of_newer_software_is_answered_unknown(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "wings", "2");
    configure(fixture, 1);
    assert_int_equal(status_of(fixture, "wings")->outcome, wire_SettingOutcome_SETTING_UNKNOWN);
}

static void every_setting_is_in_force_at_once(void **state)
{
    struct fixture *fixture = *state;
    size_t count;
    const struct setting_spec *specs = setting_table(&count);

    for (size_t i = 0; i < count; i++)
        if (specs[i].fallback)
            add_setting(fixture, specs[i].name, specs[i].fallback);
    add_setting(fixture, "screen_mark", "\"kitchen\"");
    configure(fixture, 1);
    assert_string_equal(fixture->values.screen_mark, "kitchen");
    assert_true(fixture->status_count >= count - 1); /* all but routes */
    for (size_t i = 0; i < fixture->status_count; i++)
        assert_int_equal(fixture->statuses[i].outcome, wire_SettingOutcome_SETTING_APPLIED);
}

static void a_setting_that_is_gone_from_the_configuration_falls_back(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "volume", "10");
    configure(fixture, 1);
    fixture->content.settings_count = 0;
    configure(fixture, 2);
    assert_int_equal(fixture->values.volume, 70);
    assert_int_equal(fixture->status_count, 0);
}

static void i13_a_route_of_a_region_this_robot_may_not_use_is_never_used(void **state)
{
    struct fixture *fixture = *state;

    fixture->regions = "cn, sg";
    restart(fixture);
    add_route(fixture, "abroad", "us");
    add_route(fixture, "near", "sg");
    add_route(fixture, "nowhere", "");
    add_route(fixture, "prefix", "c");
    configure(fixture, 1);
    assert_int_equal(fixture->values.route_count, 1);
    assert_string_equal(fixture->values.routes[0].vendor, "near");
    assert_int_equal(status_of(fixture, "routes")->outcome, wire_SettingOutcome_SETTING_REFUSED);
    restart(fixture);
    take_result(fixture);
    assert_int_equal(fixture->values.route_count, 1);
}

static void a_route_in_a_dialect_this_robot_does_not_speak_is_not_used(void **state)
{
    struct fixture *fixture = *state;

    snprintf(add_route(fixture, "old", "")->dialect, 8, "morse");
    add_route(fixture, "new", "");
    configure(fixture, 1);
    assert_int_equal(fixture->values.route_count, 1);
    assert_string_equal(fixture->values.routes[0].vendor, "new");
    assert_non_null(strstr(status_of(fixture, "routes")->reason, "old"));
}

static void routes_are_kept_by_what_they_are_for(void **state)
{
    struct fixture *fixture = *state;

    add_route(fixture, "talks", "")->use = wire_RouteUse_SPEECH;
    add_route(fixture, "thinks", "");
    add_route(fixture, "hears", "")->use = wire_RouteUse_TRANSCRIPTION;
    configure(fixture, 1);
    assert_int_equal(fixture->values.route_count, 1);
    assert_string_equal(fixture->values.routes[0].vendor, "thinks");
    assert_int_equal(fixture->values.speech_route_count, 1);
    assert_string_equal(fixture->values.speech_routes[0].vendor, "talks");
    assert_int_equal(fixture->values.transcription_route_count, 1);
    assert_string_equal(fixture->values.transcription_routes[0].vendor, "hears");
}

static void a_configuration_that_cannot_be_read_leaves_the_former_in_force(void **state)
{
    struct fixture *fixture = *state;
    struct peer_running running;

    add_setting(fixture, "volume", "20");
    configure(fixture, 4);
    configure_bytes(fixture, 5, span_text("\xff\xff\xff"));
    assert_int_equal(fixture->values.volume, 20);
    assert_int_equal(status_of(fixture, "configuration")->outcome,
                     wire_SettingOutcome_SETTING_REFUSED);
    settings_running(fixture->settings, &running);
    assert_int_equal(running.generation_held, 4);
}

static void a_configuration_that_cannot_be_stored_leaves_the_former_in_force(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "volume", "20");
    configure(fixture, 4);
    unlink(fixture->path);
    rmdir(fixture->folder);
    fixture->content.settings[0].value[0] = '3';
    configure(fixture, 5);
    assert_int_equal(fixture->values.volume, 20);
    assert_int_equal(fixture->values.generation, 4);
    assert_int_equal(fixture->status_count, 1);
}

static void a_damaged_file_starts_with_defaults_and_says_so(void **state)
{
    struct fixture *fixture = *state;

    configure(fixture, 4);
    assert_int_equal(file_replace(fixture->path, span_text("\xff garbage"), 0600), STATUS_OK);
    settings_close(fixture->settings);
    assert_int_equal(open_settings(fixture), STATUS_CORRUPT);
    take_result(fixture);
    assert_int_equal(fixture->values.generation, 0);
    assert_int_equal(fixture->values.volume, 70);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_configuration_the_tables_defaults_hold),
        TEST(i4_a_configuration_is_in_force_at_once_and_after_a_restart),
        TEST(i9_the_file_with_vendor_keys_is_the_owners_alone),
        TEST(a_setting_that_does_not_fit_is_refused_and_the_others_apply),
        TEST(a_setting_of_newer_software_is_answered_unknown),
        TEST(every_setting_is_in_force_at_once),
        TEST(a_setting_that_is_gone_from_the_configuration_falls_back),
        TEST(i13_a_route_of_a_region_this_robot_may_not_use_is_never_used),
        TEST(a_route_in_a_dialect_this_robot_does_not_speak_is_not_used),
        TEST(routes_are_kept_by_what_they_are_for),
        TEST(a_configuration_that_cannot_be_read_leaves_the_former_in_force),
        TEST(a_configuration_that_cannot_be_stored_leaves_the_former_in_force),
        TEST(a_damaged_file_starts_with_defaults_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
