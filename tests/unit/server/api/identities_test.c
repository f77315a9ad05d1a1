#include "server/api/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/crypto.h"

static const struct operators_identity ann = {.actor = "operator:ann", .role = "admin"};
static const struct operators_identity ben = {.actor = "operator:ben", .role = "viewer"};

struct fixture {
    struct identities *identities;
    uint8_t anns[CRYPTO_HASH_SIZE], bens[CRYPTO_HASH_SIZE];
    struct operators_identity found;
    uint64_t round;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.anns = {7, 1}, .bens = {7, 2}}; /* they share a place */
    *state = &fixture;
    return identities_create(&fixture.identities) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    identities_free(f->identities);
    return 0;
}

static bool finds(struct fixture *f, const uint8_t *hash, bool is_session, int64_t now_ms)
{
    return identities_find(f->identities, span_of(hash, CRYPTO_HASH_SIZE), is_session, now_ms,
                           &f->found, &f->round);
}

static void keep(struct fixture *f, const uint8_t *hash, int64_t now_ms,
                 const struct operators_identity *identity)
{
    identities_keep(f->identities, span_of(hash, CRYPTO_HASH_SIZE), true, now_ms, identity,
                    f->round);
}

static void whoever_was_kept_is_found_until_the_time_is_over(void **state)
{
    struct fixture *f = *state;

    assert_false(finds(f, f->anns, true, 5000));
    keep(f, f->anns, 5000, &ann);
    assert_true(finds(f, f->anns, true, 5000 + IDENTITIES_MS - 1));
    assert_string_equal(f->found.actor, "operator:ann");
    assert_string_equal(f->found.role, "admin");
    assert_false(finds(f, f->anns, true, 5000 + IDENTITIES_MS));
}

static void a_sessions_secret_is_no_key(void **state)
{
    struct fixture *f = *state;

    assert_false(finds(f, f->anns, true, 0));
    keep(f, f->anns, 0, &ann);
    assert_false(finds(f, f->anns, false, 1));
}

static void nobody_is_taken_for_another_who_shares_a_place(void **state)
{
    struct fixture *f = *state;

    assert_false(finds(f, f->anns, true, 0));
    keep(f, f->anns, 0, &ann);
    assert_false(finds(f, f->bens, true, 1));
    keep(f, f->bens, 1, &ben);
    assert_false(finds(f, f->anns, true, 2));
    assert_true(finds(f, f->bens, true, 2));
    assert_string_equal(f->found.actor, "operator:ben");
}

static void after_a_change_of_rights_everybody_is_asked_for_again(void **state)
{
    struct fixture *f = *state;

    assert_false(finds(f, f->anns, true, 0));
    keep(f, f->anns, 0, &ann);
    identities_forget(f->identities);
    assert_false(finds(f, f->anns, true, 1));
}

static void what_was_read_before_a_change_of_rights_is_not_kept_after_it(void **state)
{
    struct fixture *f = *state;

    assert_false(finds(f, f->anns, true, 0));
    identities_forget(f->identities);
    keep(f, f->anns, 1, &ann);
    assert_false(finds(f, f->anns, true, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_was_kept_is_found_until_the_time_is_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sessions_secret_is_no_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_is_taken_for_another_who_shares_a_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_a_change_of_rights_everybody_is_asked_for_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_read_before_a_change_of_rights_is_not_kept_after_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
