#include "server/api/pairing_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct authority_names names = {.broker = "DNS:broker.example",
                                             .device = "DNS:robots.example"};

struct place {
    char dir[64];
    struct authority *authority;
    struct pairings_row row;
    char digits[PAIRING_DIGITS + 1]; /* as the robot speaks them */
};

/* A robot that saw this root speaks. */
static void speak(struct place *place, const uint8_t root[CRYPTO_HASH_SIZE])
{
    struct pairings_row *row = &place->row;
    const struct pairing_facts facts = {root, row->key_hash, row->sealing_public, row->device_id,
                                        row->serial};
    uint8_t transcript[CRYPTO_HASH_SIZE];

    pairing_transcript(&facts, transcript);
    pairing_commitment(transcript, row->robot_nonce, row->commitment);
    assert_int_equal(pairing_digits(transcript, row->robot_nonce, row->server_nonce, place->digits),
                     STATUS_OK);
}

static int make(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    uint8_t root[CRYPTO_HASH_SIZE];
    char problem[256];
    unsigned made;

    if (place == NULL)
        return -1;
    snprintf(place->dir, sizeof place->dir, "/tmp/myna-pairing-check-XXXXXX");
    if (mkdtemp(place->dir) == NULL ||
        authority_init(place->dir, &names, &made, problem) != STATUS_OK ||
        authority_open(&place->authority, place->dir, problem) != STATUS_OK)
        return -1;
    place->row = (struct pairings_row){
        .device_id = "kitchen-7",
        .serial = "A1234",
        .key_hash = {1},
        .sealing_public = {2},
        .server_nonce = {3},
        .robot_nonce = {4},
    };
    authority_fingerprint(place->authority, root);
    speak(place, root);
    *state = place;
    return 0;
}

static int drop(void **state)
{
    struct place *place = *state;
    char command[128];

    authority_close(place->authority);
    snprintf(command, sizeof command, "rm -rf %s", place->dir);
    if (system(command) != 0)
        return -1;
    free(place);
    return 0;
}

static void the_digits_of_a_robot_that_saw_this_root_are_taken(void **state)
{
    const struct place *place = *state;
    char typed[32];

    assert_int_equal(pairing_check_typed(place->authority, &place->row, place->digits), STATUS_OK);
    snprintf(typed, sizeof typed, "%.3s %s", place->digits, place->digits + 3);
    assert_int_equal(pairing_check_typed(place->authority, &place->row, typed), STATUS_OK);
    snprintf(typed, sizeof typed, "%.1s-%s", place->digits, place->digits + 1);
    assert_int_equal(pairing_check_typed(place->authority, &place->row, typed), STATUS_OK);
}

static void what_is_not_six_digits_is_no_try(void **state)
{
    static const char *const typed[] = {"", "12345", "1234567", "12345a", "+12345", "      "};
    const struct place *place = *state;

    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        assert_int_equal(pairing_check_typed(place->authority, &place->row, typed[i]),
                         STATUS_INVALID);
}

static void other_digits_are_refused(void **state)
{
    struct place *place = *state;

    place->digits[5] = place->digits[5] == '9' ? '0' : (char)(place->digits[5] + 1);
    assert_int_equal(pairing_check_typed(place->authority, &place->row, place->digits),
                     STATUS_FORGED);
}

static void a_robot_that_saw_another_root_is_found_out_when_it_reveals(void **state)
{
    struct place *place = *state;
    uint8_t root[CRYPTO_HASH_SIZE];

    assert_true(pairing_check_revealed(place->authority, &place->row, place->row.robot_nonce));
    authority_fingerprint(place->authority, root);
    root[0] ^= 1;
    speak(place, root);
    assert_false(pairing_check_revealed(place->authority, &place->row, place->row.robot_nonce));
    assert_int_equal(pairing_check_typed(place->authority, &place->row, place->digits),
                     STATUS_FORGED);
}

static void another_number_than_the_one_committed_to_is_refused(void **state)
{
    const struct place *place = *state;
    uint8_t nonce[PAIRING_NONCE_SIZE] = {5};

    assert_false(pairing_check_revealed(place->authority, &place->row, nonce));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_digits_of_a_robot_that_saw_this_root_are_taken),
        TEST(what_is_not_six_digits_is_no_try),
        TEST(other_digits_are_refused),
        TEST(a_robot_that_saw_another_root_is_found_out_when_it_reveals),
        TEST(another_number_than_the_one_committed_to_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
