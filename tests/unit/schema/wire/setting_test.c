#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/setting.h"

/* The reason for which value is refused; NULL when it is taken. The text is static per call site.
 */
static const char *refusal(const char *name, const char *value)
{
    static char reason[LIMIT_REASON + 1];
    const struct setting_spec *spec = setting_find(span_text(name));
    struct json *json = NULL;

    assert_non_null(spec);
    assert_int_equal(json_parse(span_text(value), &json, NULL), STATUS_OK);
    reason[0] = 0;
    enum status status = setting_check(spec, json, reason);
    json_free(json);
    return status == STATUS_OK ? NULL : reason;
}

#define assert_taken(name, value)        assert_null(refusal(name, value))
#define assert_refused(name, value, why) assert_string_equal(refusal(name, value), why)

static void every_default_fits_its_own_bounds(void **state)
{
    size_t count = 0;
    const struct setting_spec *table = setting_table(&count);

    (void)state;
    assert_int_equal(count, 26);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(setting_find(span_text(table[i].name)), &table[i]);
        assert_true(strlen(table[i].name) <= LIMIT_SETTING_NAME);
        assert_non_null(table[i].help);
        assert_non_null(table[i].unit);
        if (table[i].fallback)
            assert_taken(table[i].name, table[i].fallback);
        else
            assert_int_equal(table[i].type, SETTING_TYPE_ROUTES);
    }
}

static void a_setting_nobody_knows_is_not_found(void **state)
{
    (void)state;
    assert_null(setting_find(span_text("hat")));
    assert_null(setting_find(span_text("")));
    assert_null(setting_find(span_text("volum")));
}

static void hours_and_zones_have_their_form(void **state)
{
    (void)state;
    assert_taken("quiet_hours", "\"22:00-07:00\"");
    assert_taken("quiet_hours", "\"\"");
    assert_refused("quiet_hours", "\"10pm-7am\"", "must be hours like 22:00-07:00, or empty");
    assert_taken("zone", "\"-03:30\"");
    assert_refused("zone", "\"CST\"", "must be a distance from UTC like +08:00, or empty");
}

static void numbers_are_bounded(void **state)
{
    (void)state;
    assert_taken("volume", "0");
    assert_taken("volume", "100");
    assert_refused("volume", "-1", "must be an integer from 0 to 100");
    assert_refused("volume", "101", "must be an integer from 0 to 100");
    assert_refused("volume", "50.5", "must be an integer from 0 to 100");
    assert_refused("volume", "\"50\"", "must be an integer from 0 to 100");
    assert_refused("volume", "null", "must be an integer from 0 to 100");
    assert_refused("report_interval_s", "9", "must be an integer from 10 to 3600");
    assert_refused("max_output_tokens", "4097", "must be an integer from 16 to 4096");
}

static void choices_are_whole_words(void **state)
{
    (void)state;
    assert_taken("language", "\"zh\"");
    assert_refused("language", "\"en|zh\"", "must be one of auto|en|zh");
    assert_refused("language", "\"e\"", "must be one of auto|en|zh");
    assert_refused("language", "\"\"", "must be one of auto|en|zh");
    assert_refused("language", "1", "must be one of auto|en|zh");
}

static void texts_are_bounded_in_bytes(void **state)
{
    (void)state;
    assert_taken("screen_mark", "\"123456789012345678901234\"");
    assert_refused("screen_mark", "\"1234567890123456789012345\"", "must be text of 0 to 24 bytes");
    assert_refused("screen_mark", "7", "must be text of 0 to 24 bytes");
}

static void limits_are_bounded_like_the_others(void **state)
{
    (void)state;
    assert_taken("turns_per_minute", "60");
    assert_refused("turns_per_minute", "61", "must be an integer from 0 to 60");
    assert_taken("limit_mode", "\"blocked\"");
    assert_refused("limit_mode", "\"block\"",
                   "must be one of none|throttled|fallback|canned|blocked");
}

static void a_text_too_long_once_escaped_is_refused(void **state)
{
    char value[2 * 1500 + 3];

    (void)state;
    value[0] = '"';
    memset(value + 1, 'x', 1500);
    value[1501] = '"';
    value[1502] = 0;
    assert_taken("persona", value);
    for (size_t i = 0; i < 1500; i++)
        memcpy(value + 1 + 2 * i, "\\n", 2);
    value[3001] = '"';
    value[3002] = 0;
    assert_refused("persona", value, "must be at most 2048 bytes as compact JSON");
}

#define ROUTE "{\"vendor\": \"dahan\", \"model\": \"dahan-max\", \"contract\": \"dahan-2026\"}"

static void routes_name_vendor_model_and_contract(void **state)
{
    (void)state;
    assert_taken("routes", "[" ROUTE "]");
    assert_refused("routes", ROUTE, "must be a list of 1 to 8 routes");
    assert_refused("routes", "[]", "must be a list of 1 to 8 routes");
    assert_refused("routes", "[1]", "vendor of route 1 must be 1 to 48 of a-z, 0-9 and -");
    assert_refused("routes",
                   "[" ROUTE ", {\"vendor\": \"dahan\", \"model\": \"\", \"contract\": \"c\"}]",
                   "model of route 2 must be text of 1 to 64 bytes");
    assert_refused("routes", "[{\"vendor\": \"dahan\", \"model\": \"m\"}]",
                   "contract of route 1 must be 1 to 48 of a-z, 0-9 and -");
    assert_refused("routes",
                   "[{\"vendor\": \"v\", \"model\": \"m\", \"contract\": \"c\", \"key\": \"k\"}]",
                   "route 1 has more than vendor, model, contract, use and voice");
    assert_taken("routes",
                 "[{\"vendor\": \"v\", \"model\": \"m\", \"contract\": \"c\", \"use\": "
                 "\"speech\", \"voice\": \"alloy\"}, {\"vendor\": \"v\", \"model\": \"m\", "
                 "\"contract\": \"c\"}]");
    assert_refused(
        "routes", "[{\"vendor\": \"v\", \"model\": \"m\", \"contract\": \"c\", \"use\": \"song\"}]",
        "use of route 1 must be chat, speech or transcription");
    assert_refused("routes",
                   "[{\"vendor\": \"v\", \"model\": \"m\", \"contract\": \"c\", \"voice\": 1}]",
                   "voice of route 1 must be text of at most 64 bytes");
}

static void a_route_may_stand_once(void **state)
{
    (void)state;
    assert_refused("routes", "[" ROUTE "," ROUTE "]", "route 2 repeats route 1");
    assert_taken("routes", "[" ROUTE ", {\"vendor\": \"dahan\", \"model\": \"dahan-max\", "
                           "\"contract\": \"other\"}]");
}

static void eight_routes_are_the_most(void **state)
{
    char value[2048] = "[";
    size_t used = 1;

    (void)state;
    for (int i = 0; i < 9; i++) {
        used += (size_t)snprintf(value + used, sizeof value - used,
                                 "%s{\"vendor\":\"v%d\",\"model\":\"m\",\"contract\":\"c\"}",
                                 i ? "," : "", i);
        if (i == 7) {
            value[used] = ']';
            value[used + 1] = 0;
            assert_taken("routes", value);
        }
    }
    value[used] = ']';
    value[used + 1] = 0;
    assert_refused("routes", value, "must be a list of 1 to 8 routes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_fits_its_own_bounds),
        cmocka_unit_test(a_setting_nobody_knows_is_not_found),
        cmocka_unit_test(hours_and_zones_have_their_form),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(choices_are_whole_words),
        cmocka_unit_test(texts_are_bounded_in_bytes),
        cmocka_unit_test(limits_are_bounded_like_the_others),
        cmocka_unit_test(a_text_too_long_once_escaped_is_refused),
        cmocka_unit_test(routes_name_vendor_model_and_contract),
        cmocka_unit_test(a_route_may_stand_once),
        cmocka_unit_test(eight_routes_are_the_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
