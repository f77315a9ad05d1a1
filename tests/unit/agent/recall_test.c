#include "agent/recall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"

#define HOUR_MS (3600 * INT64_C(1000))

struct fixture {
    char folder[40];
    char paths[2][64]; /* of the conversation, of care */
    char path[64];
    struct conversation_file memory;
    struct conversation *conversation;
    struct care care;
};

static int build(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.folder = "/tmp/recall_test.XXXXXX"};
    if (!mkdtemp(fixture.folder))
        return -1;
    snprintf(fixture.paths[0], sizeof fixture.paths[0], "%s/conversation", fixture.folder);
    snprintf(fixture.paths[1], sizeof fixture.paths[1], "%s/care", fixture.folder);
    *state = &fixture;
    return conversation_create(&fixture.conversation) == STATUS_OK &&
                   care_load(&fixture.care, fixture.paths[1]) == STATUS_OK &&
                   conversation_file_init(&fixture.memory, fixture.paths[0], span_text("secret")) ==
                       STATUS_OK
               ? 0
               : -1;
}

static int clean(void **state)
{
    struct fixture *fixture = *state;

    conversation_free(fixture->conversation);
    for (size_t i = 0; i < 2; i++)
        unlink(fixture->paths[i]), rmdir(fixture->paths[i]);
    return rmdir(fixture->folder);
}

static size_t turns(const struct fixture *fixture)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    const struct conversation_budget budget = {CONVERSATION_MAX_TURNS, 100000};

    return (conversation_messages(fixture->conversation, span_of(NULL, 0), budget, span_text("?"),
                                  messages) -
            1) /
           2;
}

static void talk(struct fixture *fixture, int64_t at_ms)
{
    conversation_add(fixture->conversation, span_text("Who?"), span_text("Me."), at_ms);
}

static void what_was_said_lately_is_known_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    const int64_t now_ms = clock_wall_ms();

    talk(fixture, now_ms - 3 * HOUR_MS);
    talk(fixture, now_ms - HOUR_MS);
    recall_keep(&fixture->memory, fixture->conversation, 24);
    conversation_forget(fixture->conversation);
    recall_restore(&fixture->memory, fixture->conversation, 2);
    assert_int_equal(turns(fixture), 1);
}

static void where_nothing_is_to_be_kept_nothing_is(void **state)
{
    struct fixture *fixture = *state;

    talk(fixture, clock_wall_ms());
    recall_keep(&fixture->memory, fixture->conversation, 24);
    assert_int_equal(access(fixture->paths[0], F_OK), 0);
    recall_keep(&fixture->memory, fixture->conversation, 0);
    assert_int_not_equal(access(fixture->paths[0], F_OK), 0);
    recall_keep(NULL, fixture->conversation, 24);
    assert_int_not_equal(access(fixture->paths[0], F_OK), 0);
}

static const char *path_in(struct fixture *fixture, const char *name)
{
    snprintf(fixture->path, sizeof fixture->path, "%s/%s", fixture->folder, name);
    return fixture->path;
}

static void put(struct fixture *fixture, const char *name)
{
    assert_int_equal(file_replace(path_in(fixture, name), span_text("said"), 0600), STATUS_OK);
}

static void to_forget_is_to_forget_everywhere(void **state)
{
    struct fixture *fixture = *state;

    talk(fixture, clock_wall_ms());
    recall_keep(&fixture->memory, fixture->conversation, 24);
    assert_int_equal(care_noticed(&fixture->care), STATUS_OK);
    put(fixture, "12.mp4");
    put(fixture, "part.pcm");
    put(fixture, "mine.mp4");
    assert_int_equal(symlink("12.mp4", path_in(fixture, "latest.mp4")), 0);
    assert_int_equal(
        recall_forget(&fixture->memory, fixture->conversation, &fixture->care, fixture->folder),
        STATUS_OK);
    assert_int_equal(turns(fixture), 0);
    assert_int_not_equal(access(fixture->paths[0], F_OK), 0);
    assert_string_not_equal(care_notice(&fixture->care, false), "");
    assert_int_not_equal(access(path_in(fixture, "12.mp4"), F_OK), 0);
    assert_int_not_equal(access(path_in(fixture, "part.pcm"), F_OK), 0);
    assert_int_not_equal(unlink(path_in(fixture, "latest.mp4")), 0);
    assert_int_equal(unlink(path_in(fixture, "mine.mp4")), 0); /* no film of ours */
    recall_restore(&fixture->memory, fixture->conversation, 24);
    assert_int_equal(turns(fixture), 0);
}

/* A folder in the file's place cannot be removed like a file. */
static void what_cannot_be_wiped_is_told_and_not_hidden(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(mkdir(fixture->paths[0], 0700), 0);
    talk(fixture, clock_wall_ms());
    const enum status status = recall_forget(&fixture->memory, fixture->conversation, NULL, NULL);
    assert_int_equal(status, STATUS_IO);
    assert_int_equal(turns(fixture), 0);
    assert_int_not_equal(recall_words(status, false).data, recall_words(STATUS_OK, false).data);
    assert_int_not_equal(recall_words(status, true).data, recall_words(STATUS_OK, true).data);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, build, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(what_was_said_lately_is_known_after_a_restart),
        WITH_FOLDER(where_nothing_is_to_be_kept_nothing_is),
        WITH_FOLDER(to_forget_is_to_forget_everywhere),
        WITH_FOLDER(what_cannot_be_wiped_is_told_and_not_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
