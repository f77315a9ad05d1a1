/* What the owner sees and hears when the robot cannot answer: chat thread, voice, face and journal
 * together, the journal on a disk small enough to be filled. */
#include "agent/talker.h"

#include <cairo.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"

#define DISK_OPTIONS "size=256k"
#define END_WAIT_MS  30000

struct robot {
    struct journal *journal;
    struct settings *settings;
    struct speaker *speaker;
    struct face *face;
    struct talker *talker;
    pthread_mutex_t lock; /* of what follows */
    char heard[512];
    enum face_mood while_heard; /* by the picture */
    enum excuse excuse;
    uint32_t attempts;
    bool stopped;
    unsigned ended;
    char spoken[2048]; /* everything, a line each */
    unsigned finished; /* turns of the speaker */
};

static char folder[] = "/tmp/talker_test.XXXXXX";

static cairo_status_t next_bytes(void *context, unsigned char *bytes, unsigned size)
{
    struct span *left = context;

    memcpy(bytes, left->data, size);
    *left = span_of(left->data + size, left->size - size);
    return CAIRO_STATUS_SUCCESS;
}

/* What its marks tell: the empty battery is orange, the lost signal crossed out in red. */
static enum face_mood seen_mood(struct face *face)
{
    struct buffer png;

    buffer_init(&png, FACE_PICTURE_MAX_BYTES);
    assert_int_equal(face_picture(face, &png), STATUS_OK);
    struct span left = buffer_span(&png);
    cairo_surface_t *seen = cairo_image_surface_create_from_png_stream(next_bytes, &left);
    const uint8_t *data = cairo_image_surface_get_data(seen);
    const size_t row = (size_t)cairo_image_surface_get_stride(seen);
    unsigned orange = 0, red = 0;

    for (size_t y = 28; y < 50; y++) {
        for (size_t x = 203; x < 235; x++) {
            const uint8_t *pixel = data + y * row + x * 4;

            orange += pixel[2] > 200 && pixel[1] > 115 && pixel[1] < 180 && pixel[0] < 90;
            red += pixel[2] > 200 && pixel[1] > 85 && pixel[1] < 115 && pixel[0] < 115;
        }
    }
    cairo_surface_destroy(seen);
    buffer_release(&png);
    return orange > 40 ? FACE_LIMIT : red > 15 ? FACE_OFFLINE : FACE_NEUTRAL;
}

static void on_event(void *context, uint64_t client, const struct turn_event *event)
{
    struct robot *robot = context;

    assert_int_equal(client, 1);
    pthread_mutex_lock(&robot->lock);
    if (event->kind == TURN_CLAUSE && robot->heard[0] == '\0') {
        assert_int_equal(span_to_text(event->text, robot->heard, sizeof robot->heard), STATUS_OK);
    } else if (event->kind == TURN_ENDED) {
        robot->excuse = event->report->excuse;
        robot->attempts = event->report->attempts;
        robot->stopped = event->report->stopped;
        robot->ended++;
    }
    pthread_mutex_unlock(&robot->lock);
}

static void on_command(void *context, const uint8_t id[16], const struct peer_answer *answer)
{
    (void)context, (void)id, (void)answer;
}

static void on_used(void *context)
{
    (void)context;
}

static void on_speaker(void *context, const struct speaker_event *event)
{
    struct robot *robot = context;

    pthread_mutex_lock(&robot->lock);
    if (event->kind == SPEAKER_CLAUSE_STARTED) {
        const size_t used = strlen(robot->spoken);
        snprintf(robot->spoken + used, sizeof robot->spoken - used, "%.*s\n", (int)event->text.size,
                 (const char *)event->text.data);
    }
    robot->finished += event->kind == SPEAKER_TURN_FINISHED;
    pthread_mutex_unlock(&robot->lock);
    if (robot->talker)
        talker_on_speaker(robot->talker, event);
}

/* One route, to a port that nobody listens on. */
static void configure_paced(struct settings *settings, const char *limit_mode, const char *language,
                            int turns_per_minute)
{
    static wire_ConfigContent content;
    static uint8_t bytes[LIMIT_MESSAGE_BYTES];
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t size;

    content = (wire_ConfigContent){
        .routes_count = 1,
        .routes[0] = {.vendor = "v",
                      .model = "m",
                      .contract = "c",
                      .contract_version = 1,
                      .dialect = "openai",
                      .base_url = "http://127.0.0.1:9/v1"},
        .settings_count = 3,
        .settings = {{.name = "limit_mode"}, {.name = "language"}, {.name = "turns_per_minute"}}};
    snprintf(content.settings[0].value, sizeof content.settings[0].value, "\"%s\"", limit_mode);
    snprintf(content.settings[1].value, sizeof content.settings[1].value, "\"%s\"", language);
    snprintf(content.settings[2].value, sizeof content.settings[2].value, "%d", turns_per_minute);
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &content, bytes, sizeof bytes, &size),
                     STATUS_OK);
    const struct span span = span_of(bytes, size);
    crypto_sha256(&span, 1, hash);
    settings_configure(settings, 1, span, hash);
}

static void configure(struct settings *settings, const char *limit_mode, const char *language)
{
    configure_paced(settings, limit_mode, language, 0);
}

static int build(void **state)
{
    static struct robot robot;
    char journal_path[64], config_path[64];
    const struct journal_options journal = {
        .path = journal_path, .device_id = "robot-1", .now_ms = clock_wall_ms()};
    const struct settings_options settings = {.path = config_path, .regions = ""};
    const struct speaker_options speaker = {.voice_program = MYNA_VOICE,
                                            .audio = {.sink = AUDIO_SINK_SILENT, .volume = 50},
                                            .rate_wpm = 260,
                                            .pitch = -1,
                                            .volume = 50,
                                            .on_event = on_speaker,
                                            .context = &robot};

    robot = (struct robot){.excuse = EXCUSE_NONE};
    snprintf(journal_path, sizeof journal_path, "%s/journal", folder);
    snprintf(config_path, sizeof config_path, "%s/config", folder);
    unlink(journal_path);
    pthread_mutex_init(&robot.lock, NULL);
    assert_int_equal(journal_open(&robot.journal, &journal), STATUS_OK);
    assert_int_equal(settings_open(&robot.settings, &settings), STATUS_OK);
    configure(robot.settings, "none", "auto");
    assert_int_equal(speaker_create(&robot.speaker, &speaker), STATUS_OK);
    const struct face_options face = {.speaker = robot.speaker, .screen = FACE_SCREEN_HEADLESS};
    assert_int_equal(face_create(&robot.face, &face), STATUS_OK);
    const struct talker_options talker = {
        .device_id = "robot-1",
        .journal = robot.journal,
        .settings = robot.settings,
        .speaker = robot.speaker,
        .face = robot.face,
        .host = {
            .context = &robot, .on_event = on_event, .on_command = on_command, .on_used = on_used}};
    assert_int_equal(talker_start(&robot.talker, &talker), STATUS_OK);
    *state = &robot;
    return 0;
}

static int dismantle(void **state)
{
    struct robot *robot = *state;

    talker_stop(robot->talker);
    face_free(robot->face);
    speaker_free(robot->speaker);
    talker_free(robot->talker);
    settings_close(robot->settings);
    journal_close(robot->journal);
    pthread_mutex_destroy(&robot->lock);
    face_forget_libraries();
    return 0;
}

/* Asks, looks at the face while the answer is heard, and waits for the end. */
static void ask(struct robot *robot)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;
    bool ended = false, looked = false;

    pthread_mutex_lock(&robot->lock);
    robot->heard[0] = '\0';
    robot->ended = 0;
    pthread_mutex_unlock(&robot->lock);
    assert_int_equal(talker_ask(robot->talker, 1, span_text("Where are you?")), STATUS_OK);
    while (!ended && clock_mono_ms() < until_ms) {
        clock_sleep_ms(20);
        pthread_mutex_lock(&robot->lock);
        const bool is_heard = robot->heard[0] != '\0';
        ended = robot->ended > 0;
        pthread_mutex_unlock(&robot->lock);
        if (is_heard && !looked) {
            clock_sleep_ms(300);
            robot->while_heard = seen_mood(robot->face);
            looked = true;
        }
    }
    assert_true(ended && looked);
    clock_sleep_ms(300);
}

static void fill_disk(char path[64])
{
    static const uint8_t zeros[1024];

    snprintf(path, 64, "%s/filler", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    close(fd);
}

static void on_a_full_disk_it_shows_and_says_that_it_may_not_until_there_is_room(void **state)
{
    struct robot *robot = *state;
    wire_JournalHead head;
    char filler[64];

    fill_disk(filler);
    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_LIMIT);
    assert_int_equal(robot->attempts, 0);
    assert_string_equal(robot->heard, excuse_text(EXCUSE_LIMIT, false));
    assert_int_equal(robot->while_heard, FACE_LIMIT);
    assert_int_equal(seen_mood(robot->face), FACE_LIMIT);
    journal_head(robot->journal, &head);
    assert_int_equal(head.head_seq + head.open_attempts, 0);

    assert_int_equal(unlink(filler), 0);
    ask(robot);
    assert_int_not_equal(robot->excuse, EXCUSE_LIMIT);
    assert_true(robot->attempts > 0);
}

static void without_a_network_it_looks_and_says_so(void **state)
{
    struct robot *robot = *state;

    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_OFFLINE);
    assert_string_equal(robot->heard, excuse_text(EXCUSE_OFFLINE, false));
    assert_int_equal(robot->while_heard, FACE_OFFLINE);
    assert_int_equal(seen_mood(robot->face), FACE_OFFLINE);
}

/* Waits until count turns were heard to their end. */
static void wait_finished(struct robot *robot, unsigned count)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;
    bool finished = false;

    while (!finished && clock_mono_ms() < until_ms) {
        clock_sleep_ms(20);
        pthread_mutex_lock(&robot->lock);
        finished = robot->finished >= count;
        pthread_mutex_unlock(&robot->lock);
    }
    assert_true(finished);
}

static void wait_mood(struct robot *robot, enum face_mood mood)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;

    while (seen_mood(robot->face) != mood) {
        assert_true(clock_mono_ms() < until_ms);
        clock_sleep_ms(50);
    }
}

static void a_limit_that_begins_is_said_once_at_once_and_shown(void **state)
{
    struct robot *robot = *state;

    talker_settings_changed(robot->talker); /* nothing is new */
    configure(robot->settings, "throttled", "en");
    talker_settings_changed(robot->talker);
    talker_settings_changed(robot->talker);
    wait_finished(robot, 1);
    assert_int_equal(seen_mood(robot->face), FACE_NEUTRAL);
    configure(robot->settings, "blocked", "zh");
    talker_settings_changed(robot->talker);
    wait_finished(robot, 2);
    wait_mood(robot, FACE_LIMIT);
    assert_true(talker_is_chinese(robot->talker));
    configure(robot->settings, "none", "en");
    talker_settings_changed(robot->talker);
    wait_mood(robot, FACE_NEUTRAL);

    char expected[1024];
    snprintf(expected, sizeof expected, "%s\n%s\n", limit_mode_words(LIMIT_MODE_THROTTLED, false),
             limit_mode_words(LIMIT_MODE_BLOCKED, true));
    assert_string_equal(robot->spoken, expected);
    assert_int_equal(robot->finished, 2);
}

static void wait_ended(struct robot *robot, unsigned count)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;
    bool ended = false;

    while (!ended && clock_mono_ms() < until_ms) {
        clock_sleep_ms(5);
        pthread_mutex_lock(&robot->lock);
        ended = robot->ended >= count;
        pthread_mutex_unlock(&robot->lock);
    }
    assert_true(ended);
}

static void stop_cuts_short_what_is_being_said(void **state)
{
    const int64_t until_ms = clock_mono_ms() + END_WAIT_MS;
    struct robot *robot = *state;
    bool is_heard = false;

    assert_int_equal(talker_ask(robot->talker, 1, span_text("Where are you?")), STATUS_OK);
    while (!is_heard && clock_mono_ms() < until_ms) {
        clock_sleep_ms(5);
        pthread_mutex_lock(&robot->lock);
        is_heard = robot->heard[0] != '\0';
        pthread_mutex_unlock(&robot->lock);
    }
    assert_true(is_heard);
    assert_int_equal(talker_ask(robot->talker, 1, span_text("Stop!")), STATUS_OK);
    wait_ended(robot, 2);
    assert_true(robot->stopped);
    assert_int_equal(robot->finished, 0); /* nothing was heard to its end */
}

/* The announcement of a limit is interrupted, two questions are dropped, the wish itself ends. */
static void stop_is_obeyed_at_once_in_every_limit_mode(void **state)
{
    static const char *const modes[] = {"none", "throttled", "fallback", "canned", "blocked"};
    static const char *const wishes[] = {"Stop!", "别说了", "please be quiet", "停", "shut up"};
    struct robot *robot = *state;

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        configure(robot->settings, modes[i], "en");
        talker_settings_changed(robot->talker);
        robot->ended = 0;
        assert_int_equal(talker_ask(robot->talker, 1, span_text("Where are you?")), STATUS_OK);
        assert_int_equal(talker_ask(robot->talker, 1, span_text("Who are you?")), STATUS_OK);
        assert_int_equal(talker_ask(robot->talker, 1, span_text(wishes[i])), STATUS_OK);
        wait_ended(robot, 3);
        assert_int_equal(robot->attempts, 0);
        assert_int_equal(robot->excuse, EXCUSE_NONE);
        assert_true(robot->stopped);
    }
}

static void a_blocked_robot_says_so_when_asked_and_asks_nobody(void **state)
{
    struct robot *robot = *state;

    configure(robot->settings, "blocked", "en"); /* told by no nudge: said before the answer */
    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_BLOCKED);
    assert_int_equal(robot->attempts, 0);
    assert_string_equal(robot->heard, excuse_text(EXCUSE_BLOCKED, false));
    assert_int_equal(robot->while_heard, FACE_LIMIT);
    assert_int_equal(strncmp(robot->spoken, limit_mode_words(LIMIT_MODE_BLOCKED, false),
                             strlen(limit_mode_words(LIMIT_MODE_BLOCKED, false))),
                     0);
}

/* One question a minute: the second comes too soon, and after the limit is gone the third does not.
 */
static void a_robot_that_is_asked_too_often_needs_a_rest(void **state)
{
    struct robot *robot = *state;

    configure_paced(robot->settings, "none", "en", 1);
    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_OFFLINE);
    assert_true(robot->attempts > 0);
    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_REST);
    assert_int_equal(robot->attempts, 0);
    assert_string_equal(robot->heard, excuse_text(EXCUSE_REST, false));
    configure_paced(robot->settings, "none", "en", 0);
    ask(robot);
    assert_int_equal(robot->excuse, EXCUSE_OFFLINE);
}

/* A file system that nobody else sees; without root the kernel must allow namespaces to users. */
static bool mount_disk(void)
{
    return unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder, "tmpfs", 0, DISK_OPTIONS) == 0;
}

#define WITH_ROBOT(test) cmocka_unit_test_setup_teardown(test, build, dismantle)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROBOT(stop_cuts_short_what_is_being_said),
        WITH_ROBOT(stop_is_obeyed_at_once_in_every_limit_mode),
        WITH_ROBOT(on_a_full_disk_it_shows_and_says_that_it_may_not_until_there_is_room),
        WITH_ROBOT(without_a_network_it_looks_and_says_so),
        WITH_ROBOT(a_limit_that_begins_is_said_once_at_once_and_shown),
        WITH_ROBOT(a_robot_that_is_asked_too_often_needs_a_rest),
        WITH_ROBOT(a_blocked_robot_says_so_when_asked_and_asks_nobody),
    };

    log_set_level((enum log_level)(LOG_ERROR + 1));
    if (!mkdtemp(folder) || !mount_disk()) {
        puts("skipped: a file system of its own is not allowed here (hint: run it as root)");
        rmdir(folder);
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (umount2(folder, MNT_DETACH) == 0)
        rmdir(folder);
    return failed;
}
