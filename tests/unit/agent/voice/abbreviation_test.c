#include "agent/voice/espeak/abbreviation.h"

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

static void short_forms_do_not_pause(void **state)
{
    (void)state;
    CHECK({"Mr. Smith", "Mister Smith"}, {"Dr. Who", "Doctor Who"}, {"A vs. B", "A versus B"},
          {"No. 7", "number 7"}, {"No. It is", "No. It is"}, {"Fig. 3", "figure 3"},
          {"St. John", "Saint John"}, {"approx. five", "approximately five"},
          {"He is a Dr.", "He is a Dr."}, {"pp. 3-5", "pages 3 to 5"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_forms_do_not_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
