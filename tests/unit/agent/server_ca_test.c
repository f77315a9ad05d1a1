#include "agent/server_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

/* A root, and three server CAs under it that followed each other. */
struct office {
    char root_key[PKI_PEM_SIZE], root[PKI_PEM_SIZE];
    char keys[3][PKI_PEM_SIZE], cas[3][PKI_PEM_SIZE];
    uint8_t ids[3][PKI_AUTHORITY_SIZE];
    char text[SERVER_CA_TRUST_SIZE];
};

static void issue(struct office *office, const char *name, const char *key, char cert[PKI_PEM_SIZE])
{
    const struct pki_request request = {.kind = PKI_CA,
                                        .subject_name = name,
                                        .subject_key = key,
                                        .issuer_cert = office->root,
                                        .issuer_key = office->root_key,
                                        .not_after_ms = 4000000000000};

    assert_int_equal(pki_issue(&request, cert), STATUS_OK);
}

static int set_up(void **state)
{
    static const char *const names[] = {"Myna server CA", "Myna server CA 2", "Myna server CA 3"};
    struct office *office = calloc(1, sizeof *office);

    assert_int_equal(pki_make_key(office->root_key), STATUS_OK);
    const struct pki_request request = {.kind = PKI_ROOT,
                                        .subject_name = "Myna root",
                                        .subject_key = office->root_key,
                                        .not_after_ms = 4000000000000};
    assert_int_equal(pki_issue(&request, office->root), STATUS_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pki_make_key(office->keys[i]), STATUS_OK);
        issue(office, names[i], office->keys[i], office->cas[i]);
        assert_int_equal(pki_authority(span_text(office->cas[i]), office->ids[i]), STATUS_OK);
    }
    *state = office;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* Both, the first one first. */
static char *both(struct office *office, size_t first, size_t second)
{
    snprintf(office->text, sizeof office->text, "%s%s", office->cas[first], office->cas[second]);
    return office->text;
}

static void a_statement_counts_by_any_that_is_known_and_by_no_other(void **state)
{
    struct office *office = *state;
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size;

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pki_sign(office->keys[i], span_text("x"), signature, &size), STATUS_OK);
        assert_int_equal(
            server_ca_signed(both(office, 0, 1), span_text("x"), span_of(signature, size)), i < 2);
    }
    assert_false(server_ca_signed("", span_text("x"), span_of(signature, size)));
}

static void each_must_be_a_server_ca_under_the_root_not_only_the_first(void **state)
{
    struct office *office = *state;
    struct span root = span_text(office->root);
    char other[PKI_PEM_SIZE];

    assert_int_equal(server_ca_check(both(office, 0, 1), root), STATUS_OK);
    assert_int_equal(server_ca_check("", root), STATUS_FORGED);
    issue(office, "Myna device CA", office->keys[2], office->cas[2]);
    assert_int_equal(server_ca_check(both(office, 0, 2), root), STATUS_FORGED);
    assert_int_equal(server_ca_check(both(office, 2, 0), root), STATUS_FORGED);
    issue(office, "Myna server CA 2b", office->keys[2], office->cas[2]);
    assert_int_equal(server_ca_check(both(office, 0, 2), root), STATUS_FORGED);
    const struct pki_request own = {.kind = PKI_ANCHOR,
                                    .subject_name = "Myna server CA 3",
                                    .subject_key = office->keys[2],
                                    .not_after_ms = 4000000000000};
    assert_int_equal(pki_issue(&own, other), STATUS_OK);
    snprintf(office->cas[2], sizeof office->cas[2], "%s", other);
    assert_int_equal(server_ca_check(both(office, 0, 2), root), STATUS_FORGED);
}

static void one_that_was_replaced_is_not_gone_back_to(void **state)
{
    struct office *office = *state;
    char *one = office->cas[0], *two = office->cas[1], *three = office->cas[2];

    assert_true(server_ca_follows(one, one) && server_ca_follows(two, one) &&
                server_ca_follows(three, two));
    assert_true(server_ca_follows(both(office, 0, 1), one));
    assert_false(server_ca_follows(one, two));
    assert_false(server_ca_follows(both(office, 1, 0), two)); /* hidden behind a good one */
    assert_true(server_ca_follows(two, ""));                  /* nothing is known before */
}

static void what_the_configuration_names_no_more_is_forgotten(void **state)
{
    struct office *office = *state;
    uint8_t ids[SERVER_CA_MAX][PKI_AUTHORITY_SIZE];
    const uint8_t(*all)[PKI_AUTHORITY_SIZE] = (const uint8_t(*)[PKI_AUTHORITY_SIZE])office->ids;
    char *text = both(office, 0, 1);

    assert_int_equal(server_ca_ids(text, ids), 2);
    assert_memory_equal(ids, office->ids, sizeof ids);
    assert_false(server_ca_keep(text, all, 2));
    assert_false(server_ca_keep(text, all + 2, 1)); /* none would be left */
    assert_false(server_ca_keep(text, all, 0));     /* a server that says nothing of it */
    assert_true(server_ca_keep(text, all + 1, 2));
    assert_string_equal(text, office->cas[1]);
    text = both(office, 0, 1);
    assert_true(server_ca_keep(text, all, 1));
    assert_string_equal(text, office->cas[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_statement_counts_by_any_that_is_known_and_by_no_other),
        TEST(each_must_be_a_server_ca_under_the_root_not_only_the_first),
        TEST(one_that_was_replaced_is_not_gone_back_to),
        TEST(what_the_configuration_names_no_more_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
