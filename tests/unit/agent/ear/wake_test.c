/* Programs that speak the protocol, or do not, as shell scripts. */
#include "agent/ear/wake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define WAIT_MS 20000
#define READY   "printf '\\020\\000\\000\\000\\000\\000\\000\\000'\n"
#define FAILED  "printf '\\022\\000\\000\\000\\003\\000\\000\\000bad'\n"
/* at sample 160 */
#define HEARD                                                                                      \
    "printf '\\021\\000\\000\\000\\010\\000\\000\\000\\240\\000\\000\\000\\000\\000\\000\\000'\n"
#define LISTEN "head -c 19 >/dev/null\n" /* of "hello robot" */

struct room {
    struct wake *wake;
    char folder[32], program[64];
};

static struct room set_up(const char *script)
{
    struct room room = {.folder = "/tmp/wake_test.XXXXXX"};
    char text[512];

    log_set_level(LOG_ERROR);
    assert_non_null(mkdtemp(room.folder));
    snprintf(room.program, sizeof room.program, "%s/program", room.folder);
    snprintf(text, sizeof text, "#!/bin/sh\n%s", script);
    assert_int_equal(file_replace(room.program, span_text(text), 0700), STATUS_OK);
    assert_int_equal(wake_create(&room.wake, room.program), STATUS_OK);
    return room;
}

static void tear_down(struct room *room)
{
    wake_free(room->wake);
    unlink(room->program);
    rmdir(room->folder);
}

enum wanted { READY_NOW, FAILED_NOW, HEARD_NOW };

/* Looks after the program until that is so. */
static bool becomes(struct room *room, enum wanted wanted, size_t *ago)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (clock_mono_ms() < until_ms) {
        const bool is_heard = wake_heard(room->wake, ago);

        if ((wanted == HEARD_NOW && is_heard) ||
            (wanted == READY_NOW && wake_is_ready(room->wake)) ||
            (wanted == FAILED_NOW && wake_has_failed(room->wake)))
            return true;
        clock_sleep_ms(2);
    }
    return false;
}

static void the_phrase_is_told_with_what_was_fed_since(void **state)
{
    /* hears the phrase after three frames: the third is behind it, and half of the second */
    struct room room = set_up(LISTEN READY "head -c 984 >/dev/null\n" HEARD "cat >/dev/null\n");
    static const int16_t frame[160];
    size_t ago = 0;

    (void)state;
    wake_listen(room.wake, "hello robot");
    assert_true(becomes(&room, READY_NOW, &ago));
    for (int i = 0; i < 3; i++)
        wake_feed(room.wake, frame, 160);
    assert_true(becomes(&room, HEARD_NOW, &ago));
    assert_int_equal(ago, 320);
    tear_down(&room);
}

static void a_program_that_dies_is_started_again(void **state)
{
    struct room room = set_up(LISTEN READY "exec sleep 0.2\n");
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    size_t ago = 0;

    (void)state;
    wake_listen(room.wake, "hello robot");
    for (int life = 0; life < 2; life++) {
        assert_true(becomes(&room, READY_NOW, &ago));
        while (wake_is_ready(room.wake) && clock_mono_ms() < until_ms) {
            assert_false(wake_heard(room.wake, &ago));
            clock_sleep_ms(2);
        }
        assert_false(wake_is_ready(room.wake));
        assert_false(wake_has_failed(room.wake)); /* it can: it did */
    }
    tear_down(&room);
}

static void what_cannot_hear_is_told(void **state)
{
    static const char *const scripts[] = {LISTEN FAILED "cat >/dev/null\n", "exit 1\n",
                                          "echo this is no frame at all\ncat >/dev/null\n"};
    size_t ago = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct room room = set_up(scripts[i]);

        wake_listen(room.wake, "hello robot");
        assert_true(becomes(&room, FAILED_NOW, &ago));
        assert_false(wake_is_ready(room.wake));
        wake_listen(room.wake, NULL);
        assert_false(wake_has_failed(room.wake));
        tear_down(&room);
    }
}

static void a_program_that_is_not_there_is_told(void **state)
{
    struct wake *wake;

    (void)state;
    log_set_level(LOG_ERROR);
    assert_int_equal(wake_create(&wake, "/nowhere/at/all"), STATUS_OK);
    wake_listen(wake, "hello robot");
    assert_true(wake_has_failed(wake));
    wake_free(wake);
}

/* A program that does not read: its ear must not stop. */
static void sound_that_is_not_taken_is_left_out(void **state)
{
    struct room room = set_up(LISTEN READY "exec sleep 30\n");
    static const int16_t frame[160];
    size_t ago = 0;

    (void)state;
    wake_listen(room.wake, "hello robot");
    assert_true(becomes(&room, READY_NOW, &ago));
    for (int i = 0; i < 5000; i++)
        wake_feed(room.wake, frame, 160);
    tear_down(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_phrase_is_told_with_what_was_fed_since),
        cmocka_unit_test(a_program_that_dies_is_started_again),
        cmocka_unit_test(what_cannot_hear_is_told),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(sound_that_is_not_taken_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
