#include "server/api/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint8_t secret[TOTP_SECRET_SIZE] = "12345678901234567890";

/* RFC 6238 appendix B, the last six of its eight digits. */
static void the_codes_are_those_of_the_rfc(void **state)
{
    static const struct {
        int64_t at_s;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    int64_t step;

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        assert_true(totp_fits(secret, vectors[i].code, vectors[i].at_s * 1000, 0, &step));
        assert_int_equal(step, vectors[i].at_s / 30);
    }
}

static void a_clock_may_be_half_a_minute_off_and_no_more(void **state)
{
    const int64_t at_ms = 1234567890000 / 30000 * 30000;
    int64_t step;

    (void)state;
    assert_true(totp_fits(secret, "005924", at_ms + 59999, 0, &step));
    assert_false(totp_fits(secret, "005924", at_ms + 60000, 0, &step));
    assert_true(totp_fits(secret, "005924", at_ms - 30000, 0, &step));
    assert_false(totp_fits(secret, "005924", at_ms - 30001, 0, &step));
}

static void a_code_that_was_used_is_refused_and_so_is_an_earlier_one(void **state)
{
    const int64_t at_ms = 1234567890000;
    int64_t step = 0;

    (void)state;
    assert_true(totp_fits(secret, "005924", at_ms, at_ms / 30000 - 1, &step));
    assert_false(totp_fits(secret, "005924", at_ms, step, &step));
    assert_false(totp_fits(secret, "005924", at_ms, step + 1, &step));
}

static void what_is_not_six_digits_is_no_code(void **state)
{
    static const char *const texts[] = {"", "5924", "0059240", "00592a", "-05924", " 05924"};
    int64_t step;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(totp_fits(secret, texts[i], 1234567890000, 0, &step));
}

static void an_app_reads_the_secret_in_base32(void **state)
{
    char text[TOTP_TEXT_SIZE];
    struct arena *arena;

    (void)state;
    totp_text(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    assert_string_equal(totp_uri(secret, "anna", arena),
                        "otpauth://totp/Myna:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                        "&issuer=Myna&algorithm=SHA1&digits=6&period=30");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_codes_are_those_of_the_rfc),
        cmocka_unit_test(a_clock_may_be_half_a_minute_off_and_no_more),
        cmocka_unit_test(a_code_that_was_used_is_refused_and_so_is_an_earlier_one),
        cmocka_unit_test(what_is_not_six_digits_is_no_code),
        cmocka_unit_test(an_app_reads_the_secret_in_base32),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
