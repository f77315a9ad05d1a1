#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/box.h"

#define TEXT      "what nobody else may read"
#define TEXT_SIZE (sizeof TEXT - 1)
#define BOX_SIZE  (TEXT_SIZE + BOX_OVERHEAD)

/* The two ends of one pair, as enrolment makes them. */
struct ends {
    struct box_pair device;
    struct box_pair server;
};

static void make_ends(struct ends *ends, const char *device_id)
{
    uint8_t device_private[PKI_X25519_SIZE], server_private[PKI_X25519_SIZE];

    memset(ends, 0, sizeof *ends);
    assert_int_equal(pki_make_x25519(device_private, ends->device.device_public), STATUS_OK);
    assert_int_equal(pki_make_x25519(server_private, ends->device.server_public), STATUS_OK);
    memcpy(ends->device.device_id, device_id, strlen(device_id) + 1);
    ends->server = ends->device;
    assert_int_equal(pki_agree(device_private, ends->device.server_public, ends->device.secret),
                     STATUS_OK);
    assert_int_equal(pki_agree(server_private, ends->server.device_public, ends->server.secret),
                     STATUS_OK);
}

static void seal(const struct box_pair *pair, uint8_t box[BOX_SIZE])
{
    assert_int_equal(box_seal(pair, BOX_UP, 2, span_text(TEXT), box), STATUS_OK);
}

static enum status open_as(const struct box_pair *pair, enum box_direction direction, uint8_t type,
                           const uint8_t *box, size_t box_size)
{
    uint8_t text[BOX_SIZE];
    size_t size = 0;

    enum status status = box_open(pair, direction, type, span_of(box, box_size), text, &size);
    if (status == STATUS_OK)
        assert_true(span_equal_text(span_of(text, size), TEXT));
    else
        assert_int_equal(size, 0);
    return status;
}

static void the_other_end_reads_what_one_end_sealed(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, box);
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_OK);
}

static void an_empty_message_can_be_sealed(void **state)
{
    struct ends ends;
    uint8_t box[BOX_OVERHEAD], text[1];
    size_t size = 9;

    (void)state;
    make_ends(&ends, "robot-1");
    assert_int_equal(box_seal(&ends.device, BOX_DOWN, 17, span_text(""), box), STATUS_OK);
    assert_int_equal(box_open(&ends.server, BOX_DOWN, 17, span_of(box, sizeof box), text, &size),
                     STATUS_OK);
    assert_int_equal(size, 0);
}

static void no_two_boxes_of_one_text_are_alike(void **state)
{
    struct ends ends;
    uint8_t a[BOX_SIZE], b[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, a);
    seal(&ends.device, b);
    assert_memory_not_equal(a + 9, b + 9, 32);
    assert_memory_not_equal(a + 41, b + 41, TEXT_SIZE);
}

/* I3: the direction, the type and the device's name are part of the key. */
static void a_box_cannot_stand_in_for_another(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, box);
    assert_int_equal(open_as(&ends.server, BOX_DOWN, 2, box, sizeof box), STATUS_FORGED);
    assert_int_equal(open_as(&ends.server, BOX_UP, 3, box, sizeof box), STATUS_FORGED);
    ends.server.device_id[6] = '2';
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_FORGED);
}

static void a_box_of_another_pair_is_told_from_a_forged_one(void **state)
{
    struct ends ends, others;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    make_ends(&others, "robot-1");
    seal(&others.device, box);
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_NOT_FOUND);
}

/* I3: bit by bit. */
static void any_changed_bit_of_a_box_is_noticed(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, box);
    for (size_t bit = 0; bit < sizeof box * 8; bit++) {
        enum status wanted = bit < 8 ? STATUS_INVALID : bit < 72 ? STATUS_NOT_FOUND : STATUS_FORGED;

        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), wanted);
        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_OK);
}

static void a_box_cut_anywhere_is_refused(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, box);
    for (size_t size = 0; size < sizeof box; size++)
        assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, size),
                         size < BOX_OVERHEAD ? STATUS_INVALID : STATUS_FORGED);
}

static void the_header_names_the_keys(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE], device_key[4], server_key[4], wanted[4];

    (void)state;
    make_ends(&ends, "robot-1");
    seal(&ends.device, box);
    assert_int_equal(box_peek(span_of(box, sizeof box), device_key, server_key), STATUS_OK);
    box_key_id(ends.device.device_public, wanted);
    assert_memory_equal(device_key, wanted, 4);
    box_key_id(ends.device.server_public, wanted);
    assert_memory_equal(server_key, wanted, 4);
    assert_int_equal(box_peek(span_of(box, BOX_OVERHEAD - 1), device_key, server_key),
                     STATUS_INVALID);
}

static void a_name_of_full_length_is_bound_as_well(void **state)
{
    struct ends ends;
    uint8_t box[BOX_SIZE];

    (void)state;
    make_ends(&ends, "123456789012345678901234567890123456789012345678");
    seal(&ends.device, box);
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_OK);
    ends.server.device_id[47] = '9';
    assert_int_equal(open_as(&ends.server, BOX_UP, 2, box, sizeof box), STATUS_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_end_reads_what_one_end_sealed),
        cmocka_unit_test(an_empty_message_can_be_sealed),
        cmocka_unit_test(no_two_boxes_of_one_text_are_alike),
        cmocka_unit_test(a_box_cannot_stand_in_for_another),
        cmocka_unit_test(a_box_of_another_pair_is_told_from_a_forged_one),
        cmocka_unit_test(any_changed_bit_of_a_box_is_noticed),
        cmocka_unit_test(a_box_cut_anywhere_is_refused),
        cmocka_unit_test(the_header_names_the_keys),
        cmocka_unit_test(a_name_of_full_length_is_bound_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
