#include "agent/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum status parse(struct config *config, const char *line, char problem[256])
{
    static char text[256];
    char *argv[16] = {0}, *rest = text;
    int argc = 0;

    *config = (struct config){0};
    snprintf(text, sizeof text, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        argv[argc++] = word;
    return config_parse(argc, argv, config, problem);
}

static void without_a_command_the_robot_runs(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent --state-dir /s", problem), STATUS_OK);
    assert_int_equal(config.command, CONFIG_RUN);
    assert_string_equal(config.state_dir, "/s");
    assert_string_equal(config.audio, "auto");
}

static void options_stand_before_and_behind_the_command(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(
        parse(&config, "myna-agent --state-dir /s enrol --url https://h --claim c --device-id d",
              problem),
        STATUS_OK);
    assert_int_equal(config.command, CONFIG_ENROL);
    assert_string_equal(config.state_dir, "/s");
    assert_string_equal(config.url, "https://h");
    assert_string_equal(config.device_id, "d");
}

static void a_robot_pairs_by_command_or_before_it_runs(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent --language zh pair --unattended", problem),
                     STATUS_OK);
    assert_int_equal(config.command, CONFIG_PAIR);
    assert_string_equal(config.language, "zh");
    assert_true(config.unattended);
    assert_int_equal(parse(&config, "myna-agent --pair", problem), STATUS_OK);
    assert_int_equal(config.command, CONFIG_RUN);
    assert_true(config.pair);
    assert_false(config.unattended);
    assert_int_equal(parse(&config, "myna-agent pair --language fr", problem), STATUS_INVALID);
}

static void a_window_has_the_size_that_is_asked_for(void **state)
{
    static const char *const wrong[] = {"480", "480x", "x480", "100x480", "1281x800", "4x4x4"};
    struct config config;
    char problem[256], line[64];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent", problem), STATUS_OK);
    assert_int_equal(config.width, 480);
    assert_int_equal(parse(&config, "myna-agent --display-size 1280x800", problem), STATUS_OK);
    assert_int_equal(config.width, 1280);
    assert_int_equal(config.height, 800);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(line, sizeof line, "myna-agent --display-size %s", wrong[i]);
        assert_int_equal(parse(&config, line, problem), STATUS_INVALID);
        assert_non_null(strstr(problem, "from 240x240 to 1280x800"));
    }
}

static void an_avatar_is_checked_by_its_file(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent --sheet s.png avatar f.svg", problem), STATUS_OK);
    assert_int_equal(config.command, CONFIG_AVATAR);
    assert_string_equal(config.text, "f.svg");
    assert_string_equal(config.sheet, "s.png");
}

static void a_question_is_one_text(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent ask --socket /s hello?", problem), STATUS_OK);
    assert_int_equal(config.command, CONFIG_ASK);
    assert_string_equal(config.text, "hello?");
    assert_string_equal(config.socket, "/s");
    assert_int_equal(parse(&config, "myna-agent ask two words", problem), STATUS_INVALID);
    assert_int_equal(parse(&config, "myna-agent ask", problem), STATUS_INVALID);
    assert_int_equal(parse(&config, "myna-agent status now", problem), STATUS_INVALID);
}

static void a_question_may_start_with_a_dash_behind_two(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent ask -- --really?", problem), STATUS_OK);
    assert_string_equal(config.text, "--really?");
}

static void what_is_unknown_is_named(void **state)
{
    struct config config;
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, "myna-agent dance", problem), STATUS_INVALID);
    assert_non_null(strstr(problem, "dance"));
    assert_int_equal(parse(&config, "myna-agent --wings 2", problem), STATUS_INVALID);
    assert_non_null(strstr(problem, "wings"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_command_the_robot_runs),
        cmocka_unit_test(options_stand_before_and_behind_the_command),
        cmocka_unit_test(a_robot_pairs_by_command_or_before_it_runs),
        cmocka_unit_test(a_window_has_the_size_that_is_asked_for),
        cmocka_unit_test(an_avatar_is_checked_by_its_file),
        cmocka_unit_test(a_question_is_one_text),
        cmocka_unit_test(a_question_may_start_with_a_dash_behind_two),
        cmocka_unit_test(what_is_unknown_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
