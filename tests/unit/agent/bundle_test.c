#include "agent/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/log.h"
#include "schema/wire/trouble.h"

#define SECRET "sk-planted-0123456789"
#define WORDS  "Grandma's planted words"

struct robot {
    struct settings_values values;
    struct peer_running running;
    wire_SettingStatus statuses[2];
    wire_JournalHead journal;
    wire_CreditUse credit[1];
    wire_Health health;
    struct bundle_facts facts;
};

static int make(void **state)
{
    struct robot *robot = calloc(1, sizeof *robot);
    struct settings_values *values = &robot->values;

    snprintf(values->persona, sizeof values->persona, WORDS);
    snprintf(values->limit_text, sizeof values->limit_text, WORDS);
    snprintf(values->canned_persona, sizeof values->canned_persona, WORDS);
    snprintf(values->crisis_text, sizeof values->crisis_text, WORDS);
    snprintf(values->screen_mark, sizeof values->screen_mark, WORDS);
    values->volume = 61;
    values->route_count = 1;
    snprintf(values->routes[0].vendor, sizeof values->routes[0].vendor, "dahan");
    snprintf(values->routes[0].api_key, sizeof values->routes[0].api_key, SECRET);
    snprintf(values->routes[0].base_url, sizeof values->routes[0].base_url,
             "https://x/?key=" SECRET);
    snprintf(robot->statuses[0].name, sizeof robot->statuses[0].name, "volume");
    robot->statuses[0].outcome = wire_SettingOutcome_SETTING_REFUSED;
    robot->health.trouble = TROUBLE_CREDIT;
    robot->facts = (struct bundle_facts){
        .device_id = "myna-1",
        .software = "0.1.0",
        .hardware = "x86_64",
        .ear = "resting",
        .microphone = "closed",
        .display = "auto",
        .audio = "auto",
        .health = &robot->health,
        .values = values,
        .running = &robot->running,
        .statuses = robot->statuses,
        .status_count = 1,
        .journal = &robot->journal,
        .journal_pending = 7,
        .credit = robot->credit,
        .credit_count = 1,
    };
    *state = robot;
    return logbook_open(&robot->facts.logbook) == STATUS_OK ? 0 : -1;
}

static int release(void **state)
{
    struct robot *robot = *state;

    logbook_close(robot->facts.logbook);
    free(robot);
    return 0;
}

static struct json *written(const struct robot *robot, struct buffer *out)
{
    struct json *json = NULL;

    assert_int_equal(bundle_write(&robot->facts, out), STATUS_OK);
    assert_int_equal(json_parse(buffer_span(out), &json, NULL), STATUS_OK);
    return json;
}

static void it_says_what_a_diagnosis_needs(void **state)
{
    struct buffer out;

    buffer_init(&out, LIMIT_BUNDLE_BYTES);
    log_warning("link", "no broker");
    struct json *json = written(*state, &out);
    const struct json *configuration = json_member(json, "configuration");

    assert_string_equal(json_text(json_member(json, "code"), ""), "M31");
    assert_int_equal(json_int(json_member(json_member(configuration, "in_force"), "volume"), 0),
                     61);
    assert_string_equal(
        json_text(json_member(json_item(json_member(configuration, "settings"), 0), "outcome"), ""),
        "refused");
    assert_string_equal(
        json_text(json_member(json_item(json_member(configuration, "routes"), 0), "vendor"), ""),
        "dahan");
    assert_int_equal(json_int(json_member(json_member(json, "journal"), "pending"), 0), 7);
    assert_int_equal(json_count(json_member(json, "log")), 1);
    json_free(json);
    buffer_release(&out);
}

static void i8_i9_it_holds_no_text_that_somebody_wrote_and_no_key(void **state)
{
    struct buffer out;

    buffer_init(&out, LIMIT_BUNDLE_BYTES);
    json_free(written(*state, &out));
    assert_null(strstr(buffer_cstring(&out), "planted"));
    buffer_release(&out);
}

static void a_full_log_is_shortened_until_the_bundle_fits(void **state)
{
    char text[LOGBOOK_LINE_BYTES];
    struct buffer out;

    memset(text, '"', sizeof text - 1); /* each takes two bytes */
    text[sizeof text - 1] = 0;
    for (int i = 0; i < LOGBOOK_LINES; i++)
        log_info("test", "%s", text);
    buffer_init(&out, LIMIT_BUNDLE_BYTES);
    struct json *json = written(*state, &out);
    const size_t lines = json_count(json_member(json, "log"));

    assert_true(lines > 20 && lines < LOGBOOK_LINES);
    json_free(json);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_a_diagnosis_needs, make, release),
        cmocka_unit_test_setup_teardown(i8_i9_it_holds_no_text_that_somebody_wrote_and_no_key, make,
                                        release),
        cmocka_unit_test_setup_teardown(a_full_log_is_shortened_until_the_bundle_fits, make,
                                        release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
