#include "agent/voice/espeak/english.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/voice/espeak/script.h"

struct reading {
    const char *text;
    const char *spoken;
};

/* Through the script, as the voice reads it. */
static void check(const struct reading *readings, size_t count)
{
    static struct script script;

    for (size_t i = 0; i < count; i++) {
        script_write(&script, span_text(readings[i].text), VOICE_LANGUAGE_EN);
        assert_int_equal(script.run_count, 1);
        assert_string_equal(script.text + script.runs[0].text, readings[i].spoken);
    }
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct reading readings[] = {__VA_ARGS__};                                    \
        check(readings, sizeof readings / sizeof readings[0]);                                     \
    } while (0)

static void what_the_voice_reads_well_keeps_its_digits(void **state)
{
    (void)state;
    CHECK({"0", "0"}, {"15", "15"}, {"I have 15 cats.", "I have 15 cats."},
          {"1,234,567", "1234567"}, {"3.14159", "3.14159"}, {"the 21st day", "the 21st day"},
          {"1000000", "1000000"}, {"Win 1000000000 now", "Win 1000000000 now"}, {"5G", "5G"},
          {"an A4 page", "an A4 page"}, {"an MP3 file", "an MP3 file"}, {"H2O", "H2O"},
          {"model A2024", "model A2024"}, {"GPT-4", "GPT-4"}, {"1, 2, 3", "1, 2, 3"},
          {"1,2,3", "1,2,3"});
}

static void years_are_read_in_pairs(void **state)
{
    (void)state;
    CHECK({"In 1998 we moved.", "In 19 98 we moved."}, {"since 2024", "since 20 24"},
          {"in 2005", "in 2005"}, {"in 2000", "in 2000"}, {"by 1900", "by 19 hundred"},
          {"in 1905", "in 19 oh 5"}, {"until 2010", "until 20 10"},
          {"May 5, 2026", "May 5th, 20 26"}, {"Nov 2023", "Nov 20 23"},
          {"1998-2004", "19 98 to 2004"}, {"from 1914 to 1918", "from 19 14 to 19 18"},
          {"the year 1066", "the year 1066"}, {"in 2024 km", "in 2024 kilometers"},
          {"It costs 1998 coins", "It costs 1998 coins"}, {"in 2,024 days", "in 2024 days"});
}

static void decades_have_their_names(void **state)
{
    (void)state;
    CHECK({"the 1990s", "the 19 nineties"}, {"the 80s", "the eighties"},
          {"the 2000s", "the 2 thousands"}, {"the 1900s", "the 19 hundreds"},
          {"the 2020s", "the 20 twenties"});
}

static void dates_are_month_day_and_year(void **state)
{
    (void)state;
    CHECK({"on 2026-11-22", "on November 22nd, 20 26"}, {"2026/1/05", "January 5th, 20 26"},
          {"11/22/2026", "November 22nd, 20 26"}, {"22/11/2026", "November 22nd, 20 26"},
          {"1.3.2026", "March 1st, 20 26"}, {"2026-13-01", "2 0 2 6, 1 3, 0 1"},
          {"May 5", "May 5th"}, {"on March 21 at", "on March 21st at"}, {"Sept 2", "Sept 2nd"},
          {"December 3rd", "December 3rd"}, {"July 11, 1995", "July 11th, 19 95"});
}

static void times_of_day_are_said_as_people_do(void **state)
{
    (void)state;
    CHECK({"15:30", "15 30"}, {"at 08:05", "at 8 oh 5"}, {"3:00", "3 o'clock"},
          {"at 12:00 pm", "at 12 pm"}, {"3:30 p.m. now", "3 30 p.m. now"}, {"20:00", "20 hundred"},
          {"0:15", "0 15"}, {"23:59:10", "23 59 and 10 seconds"},
          {"1:02:01", "1 oh 2 and 1 second"}, {"10am", "10am"},
          {"9:00-11:30", "9 o'clock to 11 30"}, {"16:9", "16 to 9"}, {"3:2", "3 to 2"});
}

static void money_comes_before_its_currency(void **state)
{
    (void)state;
    CHECK({"$3.50", "3 dollars and 50 cents"}, {"$1", "1 dollar"}, {"$0.99", "99 cents"},
          {"$0.01", "1 cent"}, {"$20", "20 dollars"}, {"$1,234.56", "1234 dollars and 56 cents"},
          {"$5 million", "5 million dollars"}, {"$1.5B", "1.5 billion dollars"},
          {"$5M", "5 million dollars"}, {"$10k", "10 thousand dollars"}, {"$3.00", "3 dollars"},
          {"$2.125", "2.125 dollars"}, {"€20", "20 euros"}, {"€1.50", "1 euro and 50 cents"},
          {"£5.01", "5 pounds and 1 penny"}, {"¥100", "100 yuan"}, {"￥99.50", "99.50 yuan"},
          {"-$5", "minus 5 dollars"}, {"$3 each", "3 dollars each"},
          {"$10-$20", "10 dollars to 20 dollars"});
}

static void percent_and_degrees_follow_the_number(void **state)
{
    (void)state;
    CHECK({"25%", "25 percent"}, {"0.5 %", "0.5 percent"}, {"-12%", "minus 12 percent"},
          {"10%-20%", "10 percent to 20 percent"}, {"5‰", "5 per mille"},
          {"36.6℃", "36.6 degrees Celsius"}, {"-3.5°C", "minus 3.5 degrees Celsius"},
          {"1°C", "1 degree Celsius"}, {"98.6°F", "98.6 degrees Fahrenheit"},
          {"72℉", "72 degrees Fahrenheit"}, {"a 90° turn", "a 90 degrees turn"});
}

static void units_are_spoken_in_full(void **state)
{
    (void)state;
    CHECK({"5 km", "5 kilometers"}, {"5km", "5 kilometers"}, {"1 km", "1 kilometer"},
          {"60 km/h", "60 kilometers per hour"}, {"10 kg", "10 kilograms"}, {"1kg", "1 kilogram"},
          {"3-5 km", "3 to 5 kilometers"}, {"100 mph", "100 miles per hour"},
          {"16 GB", "16 gigabytes"}, {"1.5L", "1.5 liters"}, {"20 ml", "20 milliliters"},
          {"2m", "2 meters"}, {"30m²", "30 square meters"}, {"6 ft", "6 feet"},
          {"2.4 GHz", "2.4 gigahertz"}, {"5000mAh", "5000 milliamp hours"},
          {"90 min", "90 minutes"}, {"2 hrs", "2 hours"}, {"3x faster", "3 times faster"},
          {"5 m people", "5 m people"}, {"230V", "230 volts"}, {"1 lb", "1 pound"},
          {"10 lbs", "10 pounds"}, {"60 dB", "60 decibels"}, {"5 kms", "5 kms"});
}

static void fractions_and_ratios_have_their_names(void **state)
{
    (void)state;
    CHECK({"1/2 cup", "one half cup"}, {"3/4", "3 quarters"}, {"1/3", "one third"},
          {"2/3", "2 thirds"}, {"2 1/2 cups", "2 and a half cups"}, {"1 3/4", "1 and 3 quarters"},
          {"24/7", "24 7"}, {"50/50", "50 50"}, {"9/11", "9 11"}, {"7/10", "7 tenths"});
}

static void ranges_say_to(void **state)
{
    (void)state;
    CHECK({"3-5 days", "3 to 5 days"}, {"10–20", "10 to 20"}, {"3~5", "3 to 5"},
          {"pages 10 – 20", "pages 10 to 20"}, {"5 - 3", "5 - 3"});
}

static void telephone_numbers_are_read_digit_by_digit(void **state)
{
    (void)state;
    CHECK({"555-1234", "5 5 5, 1 2 3 4"}, {"555-123-4567", "5 5 5, 1 2 3, 4 5 6 7"},
          {"+1 555-123-4567", "plus 1, 5 5 5, 1 2 3, 4 5 6 7"},
          {"+86 138 0013 8000", "plus 8 6, 1 3 8, 0 0 1 3, 8 0 0 0"},
          {"13800138000", "1 3 8 0 0 1 3 8 0 0 0"}, {"007", "0 0 7"}, {"100-200", "100 to 200"},
          {"call 911", "call 911"});
}

static void signs_versions_and_sums_are_words(void **state)
{
    (void)state;
    CHECK({"-12", "minus 12"}, {"−7", "minus 7"}, {"+5", "plus 5"},
          {"version 2.0.1", "version 2 point 0 point 1"}, {"v1.10.3", "v1 point 10 point 3"},
          {"3 × 4", "3  times  4"}, {"½ cup", " one half cup"});
}

static void a_flood_of_digits_ends(void **state)
{
    static struct letter letters[3000];
    char spoken[ENGLISH_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < 3000; i++)
        letters[i].code = i % 4 == 3 ? ',' : '9';
    assert_true(english_read(letters, 3000, 0, spoken) > 0);
    for (size_t i = 0; i < 3000; i++)
        letters[i].code = i % 2 ? '-' : '9';
    assert_true(english_read(letters, 3000, 0, spoken) > 0);
    for (size_t i = 0; i < 3000; i++)
        letters[i].code = i % 2 ? '.' : '9';
    assert_true(english_read(letters, 3000, 0, spoken) > 0);
    assert_true(strlen(spoken) < ENGLISH_MAX_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_voice_reads_well_keeps_its_digits),
        cmocka_unit_test(years_are_read_in_pairs),
        cmocka_unit_test(decades_have_their_names),
        cmocka_unit_test(dates_are_month_day_and_year),
        cmocka_unit_test(times_of_day_are_said_as_people_do),
        cmocka_unit_test(money_comes_before_its_currency),
        cmocka_unit_test(percent_and_degrees_follow_the_number),
        cmocka_unit_test(units_are_spoken_in_full),
        cmocka_unit_test(fractions_and_ratios_have_their_names),
        cmocka_unit_test(ranges_say_to),
        cmocka_unit_test(telephone_numbers_are_read_digit_by_digit),
        cmocka_unit_test(signs_versions_and_sums_are_words),
        cmocka_unit_test(a_flood_of_digits_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
