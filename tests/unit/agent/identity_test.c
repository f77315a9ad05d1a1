/* Real keys and files. */
#include "agent/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

struct fixture {
    char folder[64];
    struct identity identity, loaded;
    char key_pem[PKI_PEM_SIZE], ca_key[PKI_PEM_SIZE], ca_pem[PKI_PEM_SIZE];
    char problem[256];
};

/* The server CA's statement about a key. */
static void sign_key(struct fixture *fixture, wire_SealingKey *key)
{
    static const char purpose[] = "myna sealing key 1";
    uint8_t statement[sizeof purpose - 1 + 40] = {0};
    size_t size;

    memcpy(statement, purpose, sizeof purpose - 1);
    memcpy(statement + sizeof purpose - 1, key->public_key, 32);
    for (size_t i = 0; i < 8; i++)
        statement[sizeof purpose + 31 + i] =
            (uint8_t)((uint64_t)key->valid_from_ms >> (56 - 8 * i));
    assert_int_equal(pki_sign(fixture->ca_key, span_of(statement, sizeof statement),
                              key->signature.bytes, &size),
                     STATUS_OK);
    key->signature.size = (pb_size_t)size;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct identity *identity = &fixture->identity;
    uint8_t server_private[PKI_X25519_SIZE];

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-identity-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    assert_int_equal(pki_make_key(fixture->ca_key), STATUS_OK);
    const struct pki_request request = {.kind = PKI_ROOT,
                                        .subject_name = "CA",
                                        .subject_key = fixture->ca_key,
                                        .not_after_ms = 4000000000000};
    assert_int_equal(pki_issue(&request, fixture->ca_pem), STATUS_OK);
    assert_int_equal(
        identity_make_keys(identity, fixture->folder, fixture->key_pem, fixture->problem),
        STATUS_OK);
    snprintf(identity->device_id, sizeof identity->device_id, "r1");
    snprintf(identity->brokers[0], sizeof identity->brokers[0], "a:1");
    snprintf(identity->brokers[1], sizeof identity->brokers[1], "b:2");
    identity->broker_count = 2;
    identity->epoch = 4;
    snprintf(identity->server_ca_pem, sizeof identity->server_ca_pem, "%s", fixture->ca_pem);
    assert_int_equal(pki_make_x25519(server_private, identity->server_key.public_key), STATUS_OK);
    identity->server_key.valid_from_ms = 1700000000123;
    sign_key(fixture, &identity->server_key);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"device.key",  "sealing.key",   "device.pem",   "root.pem",
                                        "device.json", "server-ca.pem", "broker-ca.pem"};
    struct fixture *fixture = *state;
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static enum status store(struct fixture *fixture)
{
    return identity_store(&fixture->identity, fixture->folder, span_text(fixture->ca_pem),
                          span_text(fixture->ca_pem), fixture->problem);
}

static enum status load(struct fixture *fixture)
{
    return identity_load(&fixture->loaded, fixture->folder, fixture->problem);
}

static void what_enrolment_stored_is_loaded(void **state)
{
    struct fixture *fixture = *state;
    const struct identity *made = &fixture->identity, *loaded = &fixture->loaded;

    assert_int_equal(load(fixture), STATUS_NOT_FOUND);
    assert_int_equal(store(fixture), STATUS_OK);
    assert_int_equal(load(fixture), STATUS_OK);
    assert_string_equal(loaded->device_id, "r1");
    assert_int_equal(loaded->broker_count, 2);
    assert_string_equal(loaded->brokers[1], "b:2");
    assert_int_equal(loaded->epoch, 4);
    assert_memory_equal(loaded->sealing_private, made->sealing_private, PKI_X25519_SIZE);
    assert_memory_equal(loaded->sealing_public, made->sealing_public, PKI_X25519_SIZE);
    assert_int_equal(identity_check_key(loaded, &loaded->server_key), STATUS_OK);
}

static void i9_private_keys_are_their_owners_alone(void **state)
{
    static const char *const names[] = {"device.key", "sealing.key"};
    struct fixture *fixture = *state;
    char path[128];
    struct stat st;

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->folder, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void keys_that_exist_are_used_again(void **state)
{
    struct fixture *fixture = *state;
    struct identity again = {0};
    char key_pem[PKI_PEM_SIZE];

    assert_int_equal(identity_make_keys(&again, fixture->folder, key_pem, fixture->problem),
                     STATUS_OK);
    assert_string_equal(key_pem, fixture->key_pem);
    assert_memory_equal(again.sealing_public, fixture->identity.sealing_public, PKI_X25519_SIZE);
}

static void i3_a_server_key_without_the_cas_signature_is_refused(void **state)
{
    struct fixture *fixture = *state;
    wire_SealingKey key = fixture->identity.server_key;

    key.valid_from_ms++;
    assert_int_equal(identity_check_key(&fixture->identity, &key), STATUS_FORGED);
    key.valid_from_ms--;
    key.public_key[0] ^= 1;
    assert_int_equal(identity_check_key(&fixture->identity, &key), STATUS_FORGED);
    key.public_key[0] ^= 1;
    assert_int_equal(identity_check_key(&fixture->identity, &key), STATUS_OK);
}

static void a_damaged_file_is_named(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    assert_int_equal(store(fixture), STATUS_OK);
    snprintf(path, sizeof path, "%s/sealing.key", fixture->folder);
    assert_int_equal(file_replace(path, span_text("00ff"), 0600), STATUS_OK);
    assert_int_not_equal(load(fixture), STATUS_OK);
    assert_non_null(strstr(fixture->problem, "sealing.key"));
    snprintf(path, sizeof path, "%s/device.json", fixture->folder);
    assert_int_equal(file_replace(path, span_text("{\"device_id\":\"r1\"}"), 0644), STATUS_OK);
    assert_int_not_equal(load(fixture), STATUS_OK);
    assert_non_null(strstr(fixture->problem, "device.json"));
}

/* A key that the CA signed, valid from a time. */
static wire_SealingKey make_key(struct fixture *fixture, int64_t valid_from_ms)
{
    wire_SealingKey key = {.valid_from_ms = valid_from_ms};
    uint8_t server_private[PKI_X25519_SIZE];

    assert_int_equal(pki_make_x25519(server_private, key.public_key), STATUS_OK);
    sign_key(fixture, &key);
    return key;
}

static bool is_for(const struct box_pair *pair, const wire_SealingKey *key)
{
    return memcmp(pair->server_public, key->public_key, PKI_X25519_SIZE) == 0;
}

static void the_newest_server_key_seals_in_whichever_order_they_come(void **state)
{
    struct fixture *fixture = *state;
    const wire_SealingKey older = make_key(fixture, 1800000000000);
    const wire_SealingKey newer = make_key(fixture, 1900000000000);
    const wire_SealingKey orders[][2] = {{older, newer}, {newer, older}};
    struct box_pair pairs[IDENTITY_PAIRS];

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(identity_pairs(&fixture->identity, orders[i], 2, pairs), 2);
        assert_true(is_for(&pairs[0], &newer));
        assert_true(is_for(&pairs[1], &older));
    }
}

static void i3_a_key_that_the_configuration_names_no_more_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    const wire_SealingKey fresh = make_key(fixture, 1900000000000);
    struct box_pair pairs[IDENTITY_PAIRS];

    assert_int_equal(identity_pairs(&fixture->identity, &fresh, 1, pairs), 1);
    assert_true(is_for(&pairs[0], &fresh));
}

static void a_key_of_a_renewal_goes_before_those_of_an_older_configuration(void **state)
{
    struct fixture *fixture = *state;
    const wire_SealingKey before = make_key(fixture, 1600000000000);
    struct box_pair pairs[IDENTITY_PAIRS];

    assert_int_equal(identity_pairs(&fixture->identity, &before, 1, pairs), 2);
    assert_true(is_for(&pairs[0], &fixture->identity.server_key));
    assert_true(is_for(&pairs[1], &before));
}

static void i3_a_key_that_nobody_signed_leaves_the_one_of_enrolment(void **state)
{
    struct fixture *fixture = *state;
    wire_SealingKey forged = make_key(fixture, 1900000000000);
    struct box_pair pairs[IDENTITY_PAIRS];

    forged.public_key[0] ^= 1;
    assert_int_equal(identity_pairs(&fixture->identity, &forged, 1, pairs), 1);
    assert_true(is_for(&pairs[0], &fixture->identity.server_key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_enrolment_stored_is_loaded),
        TEST(i9_private_keys_are_their_owners_alone),
        TEST(keys_that_exist_are_used_again),
        TEST(i3_a_server_key_without_the_cas_signature_is_refused),
        TEST(the_newest_server_key_seals_in_whichever_order_they_come),
        TEST(i3_a_key_that_the_configuration_names_no_more_is_forgotten),
        TEST(a_key_of_a_renewal_goes_before_those_of_an_older_configuration),
        TEST(i3_a_key_that_nobody_signed_leaves_the_one_of_enrolment),
        TEST(a_damaged_file_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
