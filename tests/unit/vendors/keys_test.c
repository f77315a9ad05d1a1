#include "tests/vendors/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "schema/base/file.h"

struct folder {
    char path[64];
    char file[96];
};

static int set_up(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    *state = folder;
    snprintf(folder->path, sizeof folder->path, "/tmp/myna-keys-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/keys", folder->path);
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;

    unlink(folder->file);
    rmdir(folder->path);
    free(folder);
    return 0;
}

static void write_keys(const struct folder *folder, const char *text)
{
    assert_int_equal(file_replace(folder->file, span_text(text), 0600), STATUS_OK);
}

static bool knows(struct keys *keys, const char *secret)
{
    return keys_find(keys, span_text(secret)) != NULL;
}

static void only_keys_that_were_given_out_are_known(void **state)
{
    const struct folder *folder = *state;
    struct keys *keys = NULL;

    write_keys(folder, "# ours\nsk-file-1\r\n\nsk-file-2");
    assert_int_equal(keys_create(&keys), STATUS_OK);
    assert_int_equal(keys_add_list(keys, "sk-one,sk-two"), STATUS_OK);
    assert_int_equal(keys_use_file(keys, folder->file), STATUS_OK);
    assert_int_equal(keys_count(keys), 4);
    assert_true(knows(keys, "sk-one") && knows(keys, "sk-two"));
    assert_true(knows(keys, "sk-file-1") && knows(keys, "sk-file-2"));
    assert_false(knows(keys, "sk-on") || knows(keys, "") || knows(keys, "# ours"));
    keys_free(keys);
}

static void a_changed_file_gives_and_withdraws_keys_and_keeps_the_others(void **state)
{
    const struct folder *folder = *state;
    const struct keys_prefix prompt = {.count = 1, .blocks = {5}};
    struct keys *keys = NULL;

    write_keys(folder, "sk-stays\nsk-goes\n");
    assert_int_equal(keys_create(&keys), STATUS_OK);
    assert_int_equal(keys_add_list(keys, "sk-command-line"), STATUS_OK);
    assert_int_equal(keys_use_file(keys, folder->file), STATUS_OK);
    assert_int_equal(keys_cached_tokens(keys_find(keys, span_text("sk-stays")), &prompt), 0);

    write_keys(folder, "sk-stays\nsk-is-new\n");
    assert_int_equal(keys_refresh(keys), STATUS_OK);
    assert_true(knows(keys, "sk-is-new") && knows(keys, "sk-command-line"));
    assert_false(knows(keys, "sk-goes"));
    assert_int_equal(keys_cached_tokens(keys_find(keys, span_text("sk-stays")), &prompt), 64);
    keys_free(keys);
}

static void a_file_that_is_gone_leaves_the_keys_as_they_are(void **state)
{
    const struct folder *folder = *state;
    struct keys *keys = NULL;

    write_keys(folder, "sk-file\n");
    assert_int_equal(keys_create(&keys), STATUS_OK);
    assert_int_equal(keys_use_file(keys, folder->file), STATUS_OK);
    unlink(folder->file);
    assert_int_equal(keys_refresh(keys), STATUS_NOT_FOUND);
    assert_true(knows(keys, "sk-file"));
    keys_free(keys);
}

static void the_prompt_shared_with_the_request_before_is_cached(void **state)
{
    const struct keys_prefix first = {.count = 3, .blocks = {1, 2, 3}};
    const struct keys_prefix second = {.count = 4, .blocks = {1, 2, 8, 9}};
    struct keys *keys = NULL;

    (void)state;
    assert_int_equal(keys_create(&keys), STATUS_OK);
    assert_int_equal(keys_add_list(keys, "sk-a,sk-b"), STATUS_OK);
    struct key *a = keys_find(keys, span_text("sk-a"));
    assert_int_equal(keys_cached_tokens(a, &first), 0);
    assert_int_equal(keys_cached_tokens(a, &first), 192);
    assert_int_equal(keys_cached_tokens(a, &second), 128);
    assert_int_equal(keys_cached_tokens(a, &second), 256);
    assert_int_equal(keys_cached_tokens(keys_find(keys, span_text("sk-b")), &second), 0);
    keys_free(keys);
}

static void the_name_of_a_key_is_the_start_of_its_hash(void **state)
{
    char name[KEYS_NAME_SIZE];

    (void)state;
    keys_name(span_text("abc"), name); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(name, "ba7816bf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_keys_that_were_given_out_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_changed_file_gives_and_withdraws_keys_and_keeps_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_gone_leaves_the_keys_as_they_are, set_up,
                                        tear_down),
        cmocka_unit_test(the_prompt_shared_with_the_request_before_is_cached),
        cmocka_unit_test(the_name_of_a_key_is_the_start_of_its_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
