#include "schema/wire/pairing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/encode.h"

/* Bytes 0, 1, 2 ... : the root, the robot's two keys and both numbers, 32 each. The expected values
 * were made from the formula in the header by Python's hashlib and hmac, RFC 5869 written out. */
struct world {
    uint8_t bytes[160];
    struct pairing_facts facts;
};

static struct world make(void)
{
    struct world world;

    for (size_t i = 0; i < sizeof world.bytes; i++)
        world.bytes[i] = (uint8_t)i;
    world.facts = (struct pairing_facts){.device_id = "kitchen-7", .serial = "A1234"};
    return world;
}

static void derive(struct world *world, uint8_t transcript[32], char digits[7])
{
    world->facts.root_fingerprint = world->bytes;
    world->facts.key_hash = world->bytes + 32;
    world->facts.sealing_public = world->bytes + 64;
    pairing_transcript(&world->facts, transcript);
    assert_int_equal(pairing_digits(transcript, world->bytes + 96, world->bytes + 128, digits),
                     STATUS_OK);
}

static void assert_hex(const uint8_t hash[32], const char *expected)
{
    char text[65];

    assert_int_equal(encode_hex(span_of(hash, 32), text, sizeof text), STATUS_OK);
    assert_string_equal(text, expected);
}

static void both_sides_derive_the_digits_of_the_formula(void **state)
{
    struct world world = make();
    uint8_t transcript[32], commitment[32];
    char digits[7];

    (void)state;
    derive(&world, transcript, digits);
    assert_hex(transcript, "f2654584a56c9b622bb25c260642fc0fcd6c5566aba92481ebd134713dc50879");
    assert_string_equal(digits, "889954");
    pairing_commitment(transcript, world.bytes + 96, commitment);
    assert_hex(commitment, "020be6e9d556fba3425ee5488c143b803f44fcd9189e7f5665d235ed6de44f70");
}

static void digits_keep_their_leading_zeros(void **state)
{
    struct world world = make();
    uint8_t transcript[32];
    char digits[7];

    (void)state;
    memset(world.bytes + 128, 0, 32);
    world.bytes[158] = 11852 >> 8;
    world.bytes[159] = 11852 & 0xff;
    derive(&world, transcript, digits);
    assert_string_equal(digits, "000000");
}

static void whatever_one_side_saw_otherwise_changes_the_digits(void **state)
{
    char right[7], digits[7];
    uint8_t transcript[32];

    (void)state;
    struct world world = make();
    derive(&world, transcript, right);
    /* root, key, sealing key, and either number */
    for (size_t i = 0; i < sizeof world.bytes; i += 32) {
        struct world other = make();

        other.bytes[i] ^= 1;
        derive(&other, transcript, digits);
        assert_string_not_equal(digits, right);
    }
    struct world named = make(), numbered = make();
    named.facts.device_id = "kitchen-8";
    derive(&named, transcript, digits);
    assert_string_not_equal(digits, right);
    /* the same letters, parted elsewhere */
    numbered.facts.device_id = "kitchen-7A";
    numbered.facts.serial = "1234";
    derive(&numbered, transcript, digits);
    assert_string_not_equal(digits, right);
}

static void a_commitment_binds_the_number_and_what_was_seen(void **state)
{
    struct world world = make();
    uint8_t transcript[32], commitment[32], other[32];
    char digits[7];

    (void)state;
    derive(&world, transcript, digits);
    pairing_commitment(transcript, world.bytes + 96, commitment);
    pairing_commitment(transcript, world.bytes + 97, other);
    assert_memory_not_equal(commitment, other, sizeof other);
    transcript[31] ^= 1;
    pairing_commitment(transcript, world.bytes + 96, other);
    assert_memory_not_equal(commitment, other, sizeof other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_derive_the_digits_of_the_formula),
        cmocka_unit_test(digits_keep_their_leading_zeros),
        cmocka_unit_test(whatever_one_side_saw_otherwise_changes_the_digits),
        cmocka_unit_test(a_commitment_binds_the_number_and_what_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
