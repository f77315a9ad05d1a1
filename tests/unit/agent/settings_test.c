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
    const char *regions, *ear;
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
    const struct settings_options options = {
        .path = fixture->path, .regions = fixture->regions, .ear = fixture->ear};

    return settings_open(&fixture->settings, &options);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-settings-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/config", fixture->folder);
    fixture->regions = "";
    fixture->ear = "button";
    assert_int_equal(open_settings(fixture), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    char trial[PATH_MAX];

    settings_close(fixture->settings);
    snprintf(trial, sizeof trial, "%s.trial", fixture->path);
    unlink(trial);
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

static void what_is_opened_once_waits_for_a_restart_and_says_so(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "window_size", "\"640x400\"");
    add_setting(fixture, "volume", "10");
    configure(fixture, 1);
    assert_int_equal(status_of(fixture, "window_size")->outcome,
                     wire_SettingOutcome_SETTING_NEEDS_RESTART);
    assert_string_equal(status_of(fixture, "window_size")->reason, "");
    assert_string_equal(fixture->values.window_size, "");
    assert_int_equal(fixture->values.volume, 10);

    restart(fixture);
    take_result(fixture);
    assert_string_equal(fixture->values.window_size, "640x400");
    assert_int_equal(status_of(fixture, "window_size")->outcome,
                     wire_SettingOutcome_SETTING_APPLIED);

    /* what it runs by is no news to it */
    configure(fixture, 2);
    assert_int_equal(status_of(fixture, "window_size")->outcome,
                     wire_SettingOutcome_SETTING_APPLIED);
}

static void what_waits_for_a_restart_and_is_taken_out_again_waits_no_more(void **state)
{
    struct fixture *fixture = *state;

    add_setting(fixture, "window_size", "\"640x400\"");
    configure(fixture, 1);
    fixture->content.settings_count = 0;
    configure(fixture, 2);
    assert_int_equal(fixture->status_count, 0);

    /* but where it runs by it, the default waits */
    add_setting(fixture, "window_size", "\"640x400\"");
    configure(fixture, 3);
    restart(fixture);
    fixture->content.settings_count = 0;
    configure(fixture, 4);
    assert_string_equal(fixture->values.window_size, "640x400");
    assert_int_equal(status_of(fixture, "window_size")->outcome,
                     wire_SettingOutcome_SETTING_NEEDS_RESTART);
    restart(fixture);
    take_result(fixture);
    assert_string_equal(fixture->values.window_size, "");
    assert_int_equal(fixture->status_count, 0);
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

static void i13_a_route_across_a_closed_border_is_never_used_whoever_sends_it(void **state)
{
    struct fixture *fixture = *state;

    fixture->content.has_border = true;
    fixture->content.border = (wire_Border){.region = "eu", .open = "ch,uk"};
    add_route(fixture, "abroad", "us");
    add_route(fixture, "home", "eu");
    add_route(fixture, "opened", "uk");
    add_route(fixture, "anywhere", "");
    add_route(fixture, "prefix", "u");
    configure(fixture, 1);
    assert_int_equal(fixture->values.route_count, 3);
    assert_string_equal(fixture->values.routes[0].vendor, "home");
    assert_string_equal(fixture->values.routes[1].vendor, "opened");
    assert_string_equal(fixture->values.routes[2].vendor, "anywhere");
    assert_int_equal(status_of(fixture, "routes")->outcome, wire_SettingOutcome_SETTING_REFUSED);
    assert_non_null(strstr(status_of(fixture, "routes")->reason, "closed"));
    restart(fixture);
    take_result(fixture);
    assert_int_equal(fixture->values.route_count, 3);
}

static void i13_where_filings_are_asked_for_a_model_without_one_is_never_used(void **state)
{
    struct fixture *fixture = *state;

    fixture->content.has_border = true;
    fixture->content.border = (wire_Border){.region = "cn", .needs_filing = true};
    add_route(fixture, "unfiled", "cn");
    add_route(fixture, "filed", "cn")->is_filed = true;
    configure(fixture, 1);
    assert_int_equal(fixture->values.route_count, 1);
    assert_string_equal(fixture->values.routes[0].vendor, "filed");
    assert_non_null(strstr(status_of(fixture, "routes")->reason, "no filing number"));
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

/* ---- trials ---- */

static void try_first(struct fixture *fixture, uint64_t generation, const char *vendor)
{
    wire_ConfigContent *content = &fixture->content;

    *content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    add_route(fixture, vendor, "cn");
    content->has_trial = true;
    content->trial = (wire_TrialSpec){.test = true, .window_s = 900};
    snprintf(content->trial.line_id, sizeof content->trial.line_id, "line-%s", vendor);
    configure(fixture, generation);
}

static void run_at_once(struct fixture *fixture, uint64_t generation, const char *vendor)
{
    fixture->content = (wire_ConfigContent)wire_ConfigContent_init_zero;
    add_route(fixture, vendor, "cn");
    configure(fixture, generation);
}

/* What runs, by which route, what is held, and what is told of the trial. */
static void assert_standing(struct fixture *fixture, uint64_t runs, const char *vendor,
                            uint64_t held, uint64_t trial, wire_TrialVerdict verdict)
{
    struct peer_running running;

    take_result(fixture);
    settings_running(fixture->settings, &running);
    assert_int_equal(running.generation_running, runs);
    assert_int_equal(fixture->values.generation, runs);
    assert_string_equal(fixture->values.routes[0].vendor, vendor);
    assert_int_equal(running.generation_held, held);
    assert_int_equal(running.has_trial, trial > 0);
    assert_int_equal(running.trial.generation, trial);
    assert_int_equal(running.trial.verdict, verdict);
}

static const wire_TrialReport good = {.generation = 10,
                                      .step = wire_TrialStep_TRIAL_USAGE,
                                      .tries = 2,
                                      .step_ms_count = 1,
                                      .step_ms = {40}};

/* The first route that may be used is tried, and none where none may. */
static void i13_a_trial_asks_by_no_route_of_a_region_this_robot_may_not_use(void **state)
{
    struct fixture *fixture = *state;
    struct settings_held held;

    fixture->regions = "cn";
    restart(fixture);
    add_route(fixture, "abroad", "us");
    add_route(fixture, "near", "cn");
    fixture->content.has_trial = true;
    fixture->content.trial = (wire_TrialSpec){.test = true, .window_s = 900};
    configure(fixture, 1);
    assert_true(settings_held(fixture->settings, &held));
    assert_true(held.has_route);
    assert_string_equal(held.route.vendor, "near");
    assert_non_null(strstr(held.refusal, "abroad"));

    fixture->content.routes_count = 1;
    configure(fixture, 2);
    assert_true(settings_held(fixture->settings, &held));
    assert_false(held.has_route);
    assert_non_null(strstr(held.refusal, "region"));
}

/* Of a new key for a vendor that is not asked first. */
static void a_trial_may_name_the_vendor_that_it_is_about(void **state)
{
    struct fixture *fixture = *state;
    struct settings_held held;

    for (int named = 0; named < 2; named++) {
        fixture->content = (wire_ConfigContent)wire_ConfigContent_init_zero;
        add_route(fixture, "dahan", "cn");
        add_route(fixture, "erxian", "cn");
        fixture->content.has_trial = true;
        fixture->content.trial = (wire_TrialSpec){
            .test = true, .line_id = "line-1", .vendor = "gone", .vendor_line_id = "line-2"};
        if (named)
            snprintf(fixture->content.trial.vendor, sizeof fixture->content.trial.vendor, "erxian");
        configure(fixture, 10 + (uint64_t)named);
        assert_true(settings_held(fixture->settings, &held));
        assert_string_equal(held.route.vendor, named ? "erxian" : "dahan");
        assert_string_equal(held.line_id, named ? "line-2" : "line-1");
    }
}

static void add_speech(struct fixture *fixture, const char *vendor, const char *key)
{
    wire_Route *route = &fixture->content.routes[fixture->content.routes_count];

    add_route(fixture, vendor, "cn");
    route->use = wire_RouteUse_SPEECH;
    snprintf(route->api_key, sizeof route->api_key, "%s", key);
}

/* The newest configuration is held; is its voice tried? */
static bool tries_voice(struct fixture *fixture, uint64_t generation, const char *vendor,
                        const char *key, const char *line_id)
{
    struct settings_held held;

    try_first(fixture, generation, "erxian");
    add_speech(fixture, vendor, key);
    snprintf(fixture->content.trial.speech_line_id, sizeof fixture->content.trial.speech_line_id,
             "%s", line_id);
    configure(fixture, generation);
    assert_true(settings_held(fixture->settings, &held));
    assert_int_equal(held.generation, generation);
    if (held.has_speech) {
        assert_string_equal(held.speech.vendor, vendor);
        assert_string_equal(held.speech_line_id, line_id);
    }
    return held.has_speech;
}

/* A robot whose voice stays where it is shall not fail for a vendor that is not moved to. */
static void a_vendors_voice_is_tried_where_it_is_another_and_the_server_pays_for_it(void **state)
{
    struct fixture *fixture = *state;

    run_at_once(fixture, 9, "dahan");
    add_speech(fixture, "yin", "k1");
    configure(fixture, 10);
    assert_false(tries_voice(fixture, 12, "yin", "k1", "line-s"));
    assert_true(tries_voice(fixture, 14, "yin", "k2", "line-s")); /* a key from its next one */
    assert_true(tries_voice(fixture, 16, "sheng", "k1", "line-s"));
    assert_false(tries_voice(fixture, 18, "sheng", "k1", "")); /* an older server */
    run_at_once(fixture, 20, "dahan");
    assert_true(tries_voice(fixture, 22, "yin", "k1", "line-s")); /* it had none */
}

static void a_configuration_with_a_trial_is_held_beside_the_one_that_runs(void **state)
{
    struct fixture *fixture = *state;
    struct settings_held held;

    run_at_once(fixture, 9, "dahan");
    assert_false(settings_held(fixture->settings, &held));
    try_first(fixture, 10, "erxian");
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_RUNNING);
        assert_true(settings_held(fixture->settings, &held));
        assert_int_equal(held.generation, 10);
        assert_int_equal(held.window_s, 900);
        assert_true(held.has_route);
        assert_string_equal(held.route.vendor, "erxian");
        assert_string_equal(held.line_id, "line-erxian");
        restart(fixture);
    }
}

static void what_went_well_runs_and_a_restart_finds_it(void **state)
{
    struct fixture *fixture = *state;
    struct settings_held held;
    struct peer_running running;

    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    assert_int_equal(settings_adopt(fixture->settings, &good), STATUS_OK);
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_standing(fixture, 10, "erxian", 10, 10, wire_TrialVerdict_TRIAL_PASSED);
        settings_running(fixture->settings, &running);
        assert_memory_equal(running.config_hash, fixture->hash, CRYPTO_HASH_SIZE);
        assert_int_equal(running.trial.tries, 2);
        assert_int_equal(running.trial.step_ms[0], 40);
        assert_false(settings_held(fixture->settings, &held));
        restart(fixture);
    }
    assert_int_equal(settings_adopt(fixture->settings, &good), STATUS_STALE);
}

static void what_failed_is_dropped_and_not_tried_again_however_often_it_comes(void **state)
{
    struct fixture *fixture = *state;
    wire_TrialReport bad = good;
    struct settings_held held;

    bad.error_class = wire_ErrorClass_AUTH;
    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    settings_go_back(fixture->settings, &bad);
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_FAILED);
        assert_false(settings_held(fixture->settings, &held));
        try_first(fixture, 10, "erxian");
        restart(fixture);
    }
    run_at_once(fixture, 11, "dahan");
    assert_standing(fixture, 11, "dahan", 11, 0, wire_TrialVerdict_TRIAL_NONE);
    restart(fixture);
    assert_standing(fixture, 11, "dahan", 11, 0, wire_TrialVerdict_TRIAL_NONE);
}

/* A restored database makes other contents under numbers that its robots have seen. */
static void i4_another_content_under_the_number_of_one_that_failed_is_taken(void **state)
{
    struct fixture *fixture = *state;

    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    settings_go_back(fixture->settings, &good);
    restart(fixture);
    run_at_once(fixture, 10, "sanhe");
    assert_standing(fixture, 10, "sanhe", 10, 0, wire_TrialVerdict_TRIAL_NONE);
    try_first(fixture, 10,
              "erxian"); /* what runs has that number: the server has to find another */
    assert_standing(fixture, 10, "sanhe", 10, 0, wire_TrialVerdict_TRIAL_NONE);
}

static void a_newer_configuration_takes_the_place_of_one_that_is_held(void **state)
{
    struct fixture *fixture = *state;
    wire_TrialReport late = good;

    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    try_first(fixture, 11, "sanhe");
    assert_standing(fixture, 9, "dahan", 11, 11, wire_TrialVerdict_TRIAL_RUNNING);
    assert_int_equal(settings_adopt(fixture->settings, &late), STATUS_STALE);
    settings_go_back(fixture->settings, &late);
    settings_note_trial(fixture->settings, &late);
    assert_standing(fixture, 9, "dahan", 11, 11, wire_TrialVerdict_TRIAL_RUNNING);
    run_at_once(fixture, 12, "dahan");
    restart(fixture);
    assert_standing(fixture, 12, "dahan", 12, 0, wire_TrialVerdict_TRIAL_NONE);
}

/* Files as a power cut left them: before the second of two writes. */
static struct span keep_file(const struct fixture *fixture, const char *suffix)
{
    char path[PATH_MAX];
    uint8_t *data = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    assert_int_equal(file_read(path, LIMIT_MESSAGE_BYTES, &data, &size), STATUS_OK);
    return span_of(data, size);
}

static void put_back(const struct fixture *fixture, const char *suffix, struct span bytes)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    assert_int_equal(file_replace(path, bytes, 0600), STATUS_OK);
    free((void *)bytes.data);
}

static void i4_a_power_cut_between_any_two_writes_leaves_it_held_running_or_dropped(void **state)
{
    struct fixture *fixture = *state;

    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    struct span old = keep_file(fixture, ""), begun = keep_file(fixture, ".trial");
    assert_int_equal(settings_adopt(fixture->settings, &good), STATUS_OK);
    struct span adopted = keep_file(fixture, "");

    put_back(fixture, ".trial", begun); /* the configuration was replaced, the trial not yet */
    restart(fixture);
    assert_standing(fixture, 10, "erxian", 10, 10, wire_TrialVerdict_TRIAL_PASSED);

    run_at_once(fixture, 11, "dahan"); /* the same, of a configuration without a trial */
    try_first(fixture, 12, "erxian");
    struct span later = keep_file(fixture, ".trial");
    run_at_once(fixture, 13, "dahan");
    put_back(fixture, ".trial", later);
    restart(fixture);
    assert_standing(fixture, 13, "dahan", 13, 0, wire_TrialVerdict_TRIAL_NONE);

    put_back(fixture, "", old); /* a trial that passed is nothing without what was adopted */
    try_first(fixture, 14, "erxian");
    restart(fixture);
    assert_standing(fixture, 9, "dahan", 14, 14, wire_TrialVerdict_TRIAL_RUNNING);
    free((void *)adopted.data);
}

static void a_trial_that_cannot_be_read_is_forgotten_and_what_runs_stays(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *noise = malloc(4);

    memcpy(noise, "\xff\xff\xff\xff", 4);
    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    put_back(fixture, ".trial", span_of(noise, 4));
    restart(fixture);
    assert_standing(fixture, 9, "dahan", 9, 0, wire_TrialVerdict_TRIAL_NONE);
    try_first(fixture, 10, "erxian");
    assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_RUNNING);
}

static void three_restarts_in_the_middle_of_a_test_are_enough(void **state)
{
    struct fixture *fixture = *state;
    struct peer_running running;

    run_at_once(fixture, 9, "dahan");
    try_first(fixture, 10, "erxian");
    for (uint32_t tries = 1; tries <= 3; tries++) {
        assert_int_equal(settings_begin_test(fixture->settings, 10, tries), STATUS_OK);
        settings_note_trial(fixture->settings, &good); /* it ended: no restart's fault */
        restart(fixture);
    }
    assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_RUNNING);
    for (uint32_t tries = 4; tries <= 6; tries++) {
        assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_RUNNING);
        assert_int_equal(settings_begin_test(fixture->settings, 10, tries), STATUS_OK);
        restart(fixture);
    }
    assert_standing(fixture, 9, "dahan", 10, 10, wire_TrialVerdict_TRIAL_FAILED);
    settings_running(fixture->settings, &running);
    assert_int_equal(running.trial.tries, 6);
    assert_string_equal(running.trial.reason, "the robot stopped in the middle of 3 tests");
    assert_int_equal(settings_begin_test(fixture->settings, 10, 7), STATUS_STALE);
}

static void i13_a_route_over_a_border_is_not_what_a_trial_asks(void **state)
{
    struct fixture *fixture = *state;
    struct settings_held held;

    fixture->regions = "cn";
    restart(fixture);
    fixture->content.has_trial = fixture->content.trial.test = true;
    add_route(fixture, "yingshi", "us");
    configure(fixture, 5);
    assert_true(settings_held(fixture->settings, &held));
    assert_false(held.has_route);
    assert_non_null(strstr(held.refusal, "its region is not one"));
    add_route(fixture, "erxian", "cn");
    configure(fixture, 6);
    assert_true(settings_held(fixture->settings, &held));
    assert_true(held.has_route);
    assert_string_equal(held.route.vendor, "erxian");
}

static void a_robot_that_runs_nothing_yet_holds_and_tries_as_well(void **state)
{
    struct fixture *fixture = *state;
    struct peer_running running;

    try_first(fixture, 10, "erxian");
    settings_running(fixture->settings, &running);
    assert_int_equal(running.generation_running, 0);
    assert_int_equal(running.generation_held, 10);
    assert_false(running.has_config);
    assert_int_equal(settings_adopt(fixture->settings, &good), STATUS_OK);
    assert_standing(fixture, 10, "erxian", 10, 10, wire_TrialVerdict_TRIAL_PASSED);
}

static const char *ear_in_force(struct fixture *fixture, const char *allowed, const char *mode)
{
    fixture->ear = allowed;
    fixture->content.settings_count = 0;
    if (mode)
        add_setting(fixture, "ear_mode", mode);
    restart(fixture);
    configure(fixture, 5);
    return fixture->values.ear_mode;
}

static void i8_no_configuration_opens_an_ear_further_than_its_owner_allows(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(ear_in_force(fixture, "button", "\"wake\""), "button");
    assert_non_null(strstr(status_of(fixture, "ear_mode")->reason, "owner"));
    assert_string_equal(ear_in_force(fixture, "off", "\"wake\""), "off");
    assert_string_equal(ear_in_force(fixture, "off", "\"button\""), "off");
    assert_string_equal(ear_in_force(fixture, NULL, "\"wake\""), "off");
    assert_string_equal(ear_in_force(fixture, "button", NULL), "button");
    assert_string_equal(ear_in_force(fixture, "wake", "\"wake\""), "wake");
    assert_string_equal(status_of(fixture, "ear_mode")->reason, "");
    assert_string_equal(ear_in_force(fixture, "wake", NULL), "wake");
    assert_string_equal(ear_in_force(fixture, "wake", "\"button\""), "button");
    assert_string_equal(ear_in_force(fixture, "wake", "\"off\""), "off");
}

static void where_no_phrase_can_be_heard_the_answer_says_that_the_button_is_needed(void **state)
{
    struct fixture *fixture = *state;

    fixture->ear = "wake";
    restart(fixture);
    add_setting(fixture, "ear_mode", "\"wake\"");
    add_setting(fixture, "language", "\"zh\"");
    configure(fixture, 1);
    assert_string_equal(fixture->values.ear_mode, "button");
    assert_true(fixture->values.lacks_wake_phrase);
    assert_non_null(strstr(status_of(fixture, "ear_mode")->reason, "button"));
}

/* Of an older version or a newer one: the robot is not left without a phrase. */
static void a_wake_phrase_that_this_version_does_not_have_leaves_the_one_that_it_has(void **state)
{
    struct fixture *fixture = *state;

    fixture->ear = "wake";
    restart(fixture);
    add_setting(fixture, "wake_phrase", "\"good evening robot\"");
    configure(fixture, 1);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(fixture->values.wake_phrase, "excuse me robot");
        assert_string_equal(fixture->values.ear_mode, "wake");
        assert_int_equal(status_of(fixture, "wake_phrase")->outcome,
                         wire_SettingOutcome_SETTING_REFUSED);
        assert_non_null(strstr(status_of(fixture, "wake_phrase")->reason, "excuse me robot"));
        restart(fixture);
        take_result(fixture);
    }
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
        TEST(what_is_opened_once_waits_for_a_restart_and_says_so),
        TEST(what_waits_for_a_restart_and_is_taken_out_again_waits_no_more),
        TEST(a_setting_that_is_gone_from_the_configuration_falls_back),
        TEST(i13_a_route_of_a_region_this_robot_may_not_use_is_never_used),
        TEST(i13_a_route_across_a_closed_border_is_never_used_whoever_sends_it),
        TEST(i13_where_filings_are_asked_for_a_model_without_one_is_never_used),
        TEST(a_route_in_a_dialect_this_robot_does_not_speak_is_not_used),
        TEST(routes_are_kept_by_what_they_are_for),
        TEST(a_configuration_that_cannot_be_read_leaves_the_former_in_force),
        TEST(a_configuration_that_cannot_be_stored_leaves_the_former_in_force),
        TEST(a_damaged_file_starts_with_defaults_and_says_so),
        TEST(i13_a_trial_asks_by_no_route_of_a_region_this_robot_may_not_use),
        TEST(a_trial_may_name_the_vendor_that_it_is_about),
        TEST(a_vendors_voice_is_tried_where_it_is_another_and_the_server_pays_for_it),
        TEST(a_configuration_with_a_trial_is_held_beside_the_one_that_runs),
        TEST(what_went_well_runs_and_a_restart_finds_it),
        TEST(what_failed_is_dropped_and_not_tried_again_however_often_it_comes),
        TEST(i4_another_content_under_the_number_of_one_that_failed_is_taken),
        TEST(a_newer_configuration_takes_the_place_of_one_that_is_held),
        TEST(i4_a_power_cut_between_any_two_writes_leaves_it_held_running_or_dropped),
        TEST(a_trial_that_cannot_be_read_is_forgotten_and_what_runs_stays),
        TEST(three_restarts_in_the_middle_of_a_test_are_enough),
        TEST(i13_a_route_over_a_border_is_not_what_a_trial_asks),
        TEST(a_robot_that_runs_nothing_yet_holds_and_tries_as_well),
        TEST(i8_no_configuration_opens_an_ear_further_than_its_owner_allows),
        TEST(a_wake_phrase_that_this_version_does_not_have_leaves_the_one_that_it_has),
        TEST(where_no_phrase_can_be_heard_the_answer_says_that_the_button_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
