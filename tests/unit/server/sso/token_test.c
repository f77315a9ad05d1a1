#include "server/sso/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Made by Node.js's crypto; the third key has 1024 bits. */
static const char rs256_token[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiI3IiwiY"
    "XVkIjoibXluYSIsIm5vbmNlIjoibiIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAwNjAwfQ.dtQOFCkBKn"
    "0zd15HzvNusejGICTzq4OG2yFJOVF3xRv2N8ByP-ly6Mnym246SjCYmVfI6J6QHYAc52Wq9I7O3e09a0hQl-sByh"
    "xawE53ar21y4obEQWq4de_rWtba4noc8jjF77lqy2XvqCNSzeFpUpP7FaJh055_McAf3zGtbKWCkEldG37hZoZR0"
    "72amLdqq6-89cgW72WpRrRO2xf-lmSvok3rwkrRWNMMRjdMU2nit8Mt_I_cHPqwC9cqkIsACWL1rtceHzD4iqZ_X"
    "c5MiHjqQBxEsXiRkYnIkPFe05PwwnKGmH245-HcXfpvmntKqE8xjyb2rLdHt_iuSVAgg";
static const char es256_token[] =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiI3IiwiY"
    "XVkIjoibXluYSIsIm5vbmNlIjoibiIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAwNjAwfQ.dtLGnb0rbS"
    "T7af06tMpZIFM6pwutBpD950_984NOSBRiCXZoy19hOhaPtUJ2Pvksk3OXPn9bBmbPPBuY2iiyLA";
static const char weak_token[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IncifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiI3IiwiY"
    "XVkIjoibXluYSIsIm5vbmNlIjoibiIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAwNjAwfQ.GLQyVBDYyS"
    "H0ebxR5bvQCCZ8Oy6hvDcIui66-1IY0rXhAV8SUwqEDTGfbTkZNYnrxBOiXboEeODU1bSXo2x38Szqs-Q4gACiQZ"
    "PYpY5JDejFNhUZDX5do4GhGDiUnj9AMVEML1y2CLS39GWnHOek2UE1AhFi3nvhtNzBVtX8RS0";
static const char keys_text[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"kNINNi9LfZCg2nHSfqJ7mZWDFMpoAgx4ulXrksAkWQTZhn76qMEui6oT8_"
    "17Y"
    "S1vvHj9ZOZKsdj40vOn5fvy6jeSDM1nnfQSfovffsp0i3QWFRmo90KhSM7wY6CI4VqxWgCf3HqhVqo4L5pNUzn0t"
    "UTo8uO4jQzDPVr0STuUupYU44TA7XWnwTtGqAk4XfSXzg-689FyaGPAzpzOjHg5j_PCZUCb2Az_iIBNGtk2agKoL"
    "ZY2rkPbUMx51kUxDZXmcOATN7TAPa5qZuJoGQWliKbrEEHibYYLw8oZikRkz2YCvU2m094Ne5zFi_Egsnrr4T1CG"
    "NoRTY1f7IX_w2gh2w\",\"e\":\"AQAB\",\"kid\":\"r\",\"use\":\"sig\",\"alg\":\"RS256\"},{\"kty\":"
    "\"EC\",\"crv\":\"P-"
    "256\",\"x\":\"uhP0RsN91OhxDhZAPCgew9QkUKSFUB2ZwkIWIT14iWU\",\"y\":\"34NYHAxleNVQxX1z_"
    "mEKEqjPNQz1"
    "UVv2UAIXLy1zVfE\",\"kid\":\"e\",\"use\":\"sig\",\"alg\":\"ES256\"},{\"kty\":\"RSA\",\"n\":"
    "\"ypaccb2EEFWopI_b"
    "Tmem7WEiGg0U9SE-hMG7PUH94sEkGS_u4sG9DbRA6F7CoChcIpkY_ZNDFdEqFPLcsf_IH51ke7mpCas_EwrBGi4g"
    "MLxUTM8szOrZ_614qXp_G0tWQzGWV8r_TbS8W7vAq2RQ6EavfpPxnAMmqoDFxNd6Kbk\",\"e\":\"AQAB\",\"kid\":"
    "\"w"
    "\",\"use\":\"sig\",\"alg\":\"RS256\"}]}";

#define AT_MS 1800000300000

static const struct token_wanted wanted = {"https://id.example", "myna", "n"};

struct fixture {
    struct arena *arena;
    struct json *keys;
    struct json *claims;
    char problem[TOKEN_PROBLEM];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    *state = &fixture;
    return arena_create(&fixture.arena, 1u << 20) == STATUS_OK &&
                   json_parse(span_text(keys_text), &fixture.keys, NULL) == STATUS_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    json_free(f->claims);
    json_free(f->keys);
    arena_free(f->arena);
    return 0;
}

static enum status verify(struct fixture *f, const char *token)
{
    json_free(f->claims);
    f->claims = NULL;
    return token_verify(token, f->keys, f->arena, &f->claims, f->problem);
}

static void both_kinds_of_signature_are_verified(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(verify(f, rs256_token), STATUS_OK);
    assert_string_equal(json_text(json_member(f->claims, "sub"), ""), "7");
    assert_int_equal(verify(f, es256_token), STATUS_OK);
    assert_int_equal(token_check(f->claims, &wanted, AT_MS, f->problem), STATUS_OK);
}

/* One letter in each part, none of them the last, whose low bits may mean nothing. */
static void a_token_that_was_altered_is_forged(void **state)
{
    struct fixture *f = *state;
    const char *const tokens[] = {rs256_token, es256_token};

    for (size_t i = 0; i < 2; i++) {
        const char *dot = strchr(tokens[i], '.');
        const size_t places[] = {(size_t)(dot - tokens[i]) + 30, strlen(tokens[i]) - 20};

        for (size_t p = 0; p < 2; p++) {
            char *token = arena_format(f->arena, "%s", tokens[i]);

            token[places[p]] = token[places[p]] == 'A' ? 'B' : 'A';
            assert_int_equal(verify(f, token), STATUS_FORGED);
        }
    }
}

static void a_weak_key_signs_nothing(void **state)
{
    assert_int_equal(verify(*state, weak_token), STATUS_INVALID);
}

static void what_says_that_it_needs_no_signature_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *claims = strchr(es256_token, '.');

    /* {"alg":"none"} and {"alg":"HS256"} */
    assert_int_equal(verify(f, arena_format(f->arena, "eyJhbGciOiJub25lIn0%s", claims)),
                     STATUS_INVALID);
    assert_int_equal(verify(f, arena_format(f->arena, "eyJhbGciOiJIUzI1NiJ9%s", claims)),
                     STATUS_INVALID);
    assert_int_equal(verify(f, ""), STATUS_INVALID);
    assert_int_equal(verify(f, "a.b"), STATUS_INVALID);
    assert_int_equal(verify(f, "a.b.c.d"), STATUS_INVALID);
}

static void a_key_that_is_not_there_is_told_apart(void **state)
{
    struct fixture *f = *state;

    json_free(f->keys);
    assert_int_equal(json_parse(span_text("{\"keys\":[]}"), &f->keys, NULL), STATUS_OK);
    assert_int_equal(verify(f, rs256_token), STATUS_NOT_FOUND);
}

static enum status check(struct fixture *f, const char *text, int64_t now_ms)
{
    struct json *claims;

    assert_int_equal(json_parse(span_text(text), &claims, NULL), STATUS_OK);
    enum status status = token_check(claims, &wanted, now_ms, f->problem);
    json_free(claims);
    return status;
}

#define CLAIMS(iss, aud, nonce)                                                                    \
    "{\"iss\":\"" iss "\",\"sub\":\"7\",\"aud\":" aud ",\"nonce\":\"" nonce                        \
    "\",\"iat\":1800000000,\"exp\":1800000600}"

static void a_token_of_another_issuer_client_login_or_time_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char good[] = CLAIMS("https://id.example", "\"myna\"", "n");

    assert_int_equal(check(f, good, AT_MS), STATUS_OK);
    assert_int_equal(check(f, CLAIMS("https://id.example", "[\"myna\"]", "n"), AT_MS), STATUS_OK);
    assert_int_equal(check(f, CLAIMS("https://it.example", "\"myna\"", "n"), AT_MS), STATUS_DENIED);
    assert_int_equal(check(f, CLAIMS("https://id.example", "\"other\"", "n"), AT_MS),
                     STATUS_DENIED);
    assert_int_equal(check(f, CLAIMS("https://id.example", "[\"myna\",\"other\"]", "n"), AT_MS),
                     STATUS_DENIED);
    assert_int_equal(check(f, CLAIMS("https://id.example", "\"myna\"", "m"), AT_MS), STATUS_DENIED);
    assert_int_equal(check(f, good, 1800000659999), STATUS_OK);
    assert_int_equal(check(f, good, 1800000660000), STATUS_DENIED);
    assert_int_equal(check(f, good, 1799999940000), STATUS_OK);
    assert_int_equal(check(f, good, 1799999939000), STATUS_DENIED);
    assert_int_equal(check(f, "{}", AT_MS), STATUS_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_kinds_of_signature_are_verified, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_that_was_altered_is_forged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_weak_key_signs_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_says_that_it_needs_no_signature_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_is_not_there_is_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_of_another_issuer_client_login_or_time_is_refused,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
