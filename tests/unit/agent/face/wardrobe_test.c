#include "agent/face/wardrobe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "schema/base/log.h"

static void a_name_is_a_file_in_the_folder(void **state)
{
    struct wardrobe *wardrobe;

    (void)state;
    assert_int_equal(wardrobe_create(&wardrobe, PACK_FOLDER, NULL), STATUS_OK);
    const struct pack *builtin = wardrobe_pick(wardrobe, "");
    const struct pack *mochi = wardrobe_pick(wardrobe, "mochi");
    assert_non_null(builtin);
    assert_ptr_equal(wardrobe_pick(wardrobe, WARDROBE_BUILTIN), builtin);
    assert_ptr_not_equal(mochi, builtin);
    assert_ptr_equal(wardrobe_pick(wardrobe, "mochi"), mochi);
    wardrobe_free(wardrobe);
}

static void the_built_in_one_stands_in_for_what_is_missing_or_no_name(void **state)
{
    static const char *const names[] = {"nobody", "../packs/mochi", "mochi.svg", "Mochi", "a b"};
    struct wardrobe *wardrobe;

    (void)state;
    assert_int_equal(wardrobe_create(&wardrobe, PACK_FOLDER, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_ptr_equal(wardrobe_pick(wardrobe, names[i]), wardrobe_pick(wardrobe, ""));
    wardrobe_free(wardrobe);
    assert_int_equal(wardrobe_create(&wardrobe, NULL, NULL), STATUS_OK);
    assert_ptr_equal(wardrobe_pick(wardrobe, "mochi"), wardrobe_pick(wardrobe, ""));
    wardrobe_free(wardrobe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_a_file_in_the_folder),
        cmocka_unit_test(the_built_in_one_stands_in_for_what_is_missing_or_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
