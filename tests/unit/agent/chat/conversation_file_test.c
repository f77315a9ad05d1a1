#include "agent/chat/conversation_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

#define SECRET "the key of one robot alone, 32 B"

static char folder[] = "/tmp/conversation_file_test.XXXXXX";
static struct conversation_file file;
static struct conversation *conversation;

static int set_up(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/conversation", folder);
    if (conversation_create(&conversation) != STATUS_OK)
        return -1;
    return conversation_file_init(&file, path, span_text(SECRET)) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file.path);
    conversation_free(conversation);
    conversation_file_release(&file);
    return 0;
}

static size_t turns(void)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    const struct conversation_budget budget = {CONVERSATION_MAX_TURNS, 100000};

    return (conversation_messages(conversation, span_of(NULL, 0), budget, span_text("?"),
                                  messages) -
            1) /
           2;
}

static void save_one(void)
{
    conversation_add(conversation, span_text("What is my secret?"), span_text("Butterflies."),
                     5000);
    assert_int_equal(conversation_file_save(&file, conversation), STATUS_OK);
    conversation_forget(conversation);
}

static bool holds(const uint8_t *data, size_t size, const char *word)
{
    const size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(data + i, word, length) == 0)
            return true;
    return false;
}

static void i8_a_kept_conversation_comes_back_and_cannot_be_read_on_the_disk(void **state)
{
    uint8_t *data;
    size_t size;
    struct stat st;

    (void)state;
    save_one();
    assert_int_equal(stat(file.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(file.path, 4096, &data, &size), STATUS_OK);
    assert_false(holds(data, size, "Butterflies"));
    assert_false(holds(data, size, "secret"));
    free(data);
    assert_int_equal(conversation_file_load(&file, conversation, 5000), STATUS_OK);
    assert_int_equal(turns(), 1);
    assert_int_equal(conversation_file_load(&file, conversation, 5001), STATUS_OK);
    assert_int_equal(turns(), 0);
}

static void the_same_words_look_different_each_time(void **state)
{
    uint8_t *first, *second;
    size_t size;

    (void)state;
    save_one();
    assert_int_equal(file_read(file.path, 4096, &first, &size), STATUS_OK);
    save_one();
    assert_int_equal(file_read(file.path, 4096, &second, &size), STATUS_OK);
    assert_memory_not_equal(first + 4, second + 4, 12);
    assert_memory_not_equal(first + 16, second + 16, size - 16);
    free(first);
    free(second);
}

static void every_damage_is_an_empty_conversation(void **state)
{
    uint8_t *data;
    size_t size;

    (void)state;
    save_one();
    assert_int_equal(file_read(file.path, 4096, &data, &size), STATUS_OK);
    for (size_t i = 0; i < size; i++) {
        conversation_add(conversation, span_text("q"), span_text("a"), 6000);
        data[i] ^= 1;
        assert_int_equal(conversation_file_open(file.key, span_of(data, size), conversation, 0),
                         i < 4 ? STATUS_CORRUPT : STATUS_FORGED);
        assert_int_equal(turns(), 0);
        assert_int_not_equal(conversation_file_open(file.key, span_of(data, i), conversation, 0),
                             STATUS_OK);
        data[i] ^= 1;
    }
    assert_int_equal(conversation_file_open(file.key, span_of(data, size), conversation, 0),
                     STATUS_OK);
    free(data);
}

static void another_robot_cannot_read_it(void **state)
{
    struct conversation_file other;

    (void)state;
    save_one();
    assert_int_equal(conversation_file_init(&other, file.path, span_text("another robot's key")),
                     STATUS_OK);
    assert_int_equal(conversation_file_load(&other, conversation, 0), STATUS_FORGED);
    assert_int_equal(turns(), 0);
}

static void a_file_too_long_to_be_one_is_damaged(void **state)
{
    const size_t size = CONVERSATION_PACKED_BYTES + 64;
    uint8_t *data = calloc(1, size);

    (void)state;
    assert_non_null(data);
    assert_int_equal(file_replace(file.path, span_of(data, size), 0600), STATUS_OK);
    assert_int_equal(conversation_file_load(&file, conversation, 0), STATUS_CORRUPT);
    free(data);
}

/* A second name shows what is left of the bytes after the first is gone. */
static void wiping_overwrites_and_removes(void **state)
{
    char fresh[PATH_MAX + 8], second[PATH_MAX + 8];
    uint8_t *data;
    size_t size;

    (void)state;
    save_one();
    snprintf(fresh, sizeof fresh, "%s.new", file.path);
    snprintf(second, sizeof second, "%s.other", file.path);
    assert_int_equal(link(file.path, second), 0);
    assert_int_equal(file_replace(fresh, span_text("cut"), 0600), STATUS_OK);
    assert_int_equal(conversation_file_wipe(file.path), STATUS_OK);
    assert_int_equal(access(file.path, F_OK), -1);
    assert_int_equal(access(fresh, F_OK), -1);
    assert_int_equal(file_read(second, 4096, &data, &size), STATUS_OK);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(data[i], 0);
    free(data);
    unlink(second);
    assert_int_equal(conversation_file_load(&file, conversation, 0), STATUS_NOT_FOUND);
    assert_int_equal(conversation_file_wipe(file.path), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            i8_a_kept_conversation_comes_back_and_cannot_be_read_on_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_words_look_different_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_damage_is_an_empty_conversation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_robot_cannot_read_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_too_long_to_be_one_is_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wiping_overwrites_and_removes, set_up, tear_down),
    };

    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
