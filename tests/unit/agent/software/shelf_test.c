#include "agent/software/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/file.h"

static struct shelf shelf;
static char folder[64], path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/myna-shelf-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/shelf", folder);
    assert_int_equal(shelf_load(&shelf, path), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    return 0;
}

static struct manifest software(const char *name, const char *version, uint8_t hash)
{
    struct manifest manifest = {.kind = "avatar", .installer = "avatar", .counter = hash};

    snprintf(manifest.name, sizeof manifest.name, "%s", name);
    snprintf(manifest.version, sizeof manifest.version, "%s", version);
    manifest.sha256[0] = hash;
    return manifest;
}

static void what_was_kept_is_there_after_a_restart(void **state)
{
    const struct manifest one = software("friend", "1", 1), two = software("friend", "2", 2);

    (void)state;
    shelf_keep(&shelf, &one);
    shelf_keep(&shelf, &two);
    assert_int_equal(shelf_save(&shelf), STATUS_OK);
    assert_int_equal(shelf_load(&shelf, path), STATUS_OK);
    assert_true(shelf_is(shelf_current(&shelf, "avatar", "friend"), &two));
    assert_true(shelf_is(shelf_former(&shelf, "avatar", "friend"), &one));
    assert_null(shelf_current(&shelf, "voice", "friend"));
    assert_false(shelf_is(NULL, &one));
}

static void going_back_leads_to_what_was_before_and_then_no_further(void **state)
{
    const struct manifest one = software("friend", "1", 1), two = software("friend", "2", 2);

    (void)state;
    shelf_keep(&shelf, &one);
    shelf_keep(&shelf, &two);
    shelf_go_back(&shelf, "avatar", "friend");
    assert_true(shelf_is(shelf_current(&shelf, "avatar", "friend"), &one));
    assert_null(shelf_former(&shelf, "avatar", "friend"));
}

static void going_back_from_the_first_leaves_nothing(void **state)
{
    const struct manifest one = software("friend", "1", 1);

    (void)state;
    shelf_keep(&shelf, &one);
    assert_string_equal(shelf_former(&shelf, "avatar", "friend")->version, "");
    shelf_go_back(&shelf, "avatar", "friend");
    assert_null(shelf_current(&shelf, "avatar", "friend"));
    assert_int_equal(shelf.kept.current_count + shelf.kept.former_count, 0);
}

static void the_same_version_of_another_file_is_another_one(void **state)
{
    const struct manifest one = software("friend", "1", 1), other = software("friend", "1", 9);

    (void)state;
    shelf_keep(&shelf, &one);
    assert_false(shelf_is(shelf_current(&shelf, "avatar", "friend"), &other));
}

static void eight_have_room_and_the_ninth_has_not(void **state)
{
    (void)state;
    for (int i = 0; i < LIMIT_PACKAGES; i++) {
        char name[16];
        snprintf(name, sizeof name, "friend-%d", i);
        const struct manifest next = software(name, "1", 1);

        assert_true(shelf_has_room(&shelf, &next));
        shelf_keep(&shelf, &next);
    }
    const struct manifest ninth = software("ninth", "1", 1), known = software("friend-3", "2", 2);
    assert_false(shelf_has_room(&shelf, &ninth));
    assert_true(shelf_has_room(&shelf, &known));
    assert_int_equal(shelf_save(&shelf), STATUS_OK);
}

static void a_failure_is_of_one_file_and_forgiven_when_it_is_tried_anew(void **state)
{
    const struct manifest one = software("friend", "1", 1), other = software("friend", "1", 2);

    (void)state;
    shelf_fail(&shelf, &one, wire_SoftwareStep_SOFTWARE_REFUSED, "it is no drawing", true);
    assert_int_equal(shelf_save(&shelf), STATUS_OK);
    assert_int_equal(shelf_load(&shelf, path), STATUS_OK);
    assert_true(shelf_failure(&shelf, &one)->is_final);
    assert_string_equal(shelf_failure(&shelf, &one)->status.reason, "it is no drawing");
    assert_null(shelf_failure(&shelf, &other));
    shelf_forgive(&shelf, "avatar", "friend");
    assert_null(shelf_failure(&shelf, &one));
}

static void the_oldest_failure_makes_room(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "friend-%d", i);
        const struct manifest next = software(name, "1", 1);

        shelf_fail(&shelf, &next, wire_SoftwareStep_SOFTWARE_REVERTED, "no", false);
    }
    const struct manifest first = software("friend-0", "1", 1), last = software("friend-4", "1", 1);
    assert_null(shelf_failure(&shelf, &first));
    assert_non_null(shelf_failure(&shelf, &last));
}

static void a_damaged_file_is_told_and_the_shelf_is_empty(void **state)
{
    (void)state;
    assert_int_equal(file_replace(path, span_text("\xff\xff no such thing"), 0600), STATUS_OK);
    assert_int_equal(shelf_load(&shelf, path), STATUS_CORRUPT);
    assert_int_equal(shelf.kept.current_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_there_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(going_back_leads_to_what_was_before_and_then_no_further,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(going_back_from_the_first_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_same_version_of_another_file_is_another_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(eight_have_room_and_the_ninth_has_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_of_one_file_and_forgiven_when_it_is_tried_anew,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_failure_makes_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_told_and_the_shelf_is_empty, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
