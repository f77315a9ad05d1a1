#include "agent/face/face.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cairo.h>
#include <dirent.h>
#include <cmocka.h>

#include "agent/voice/speaker.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

struct fixture {
    struct speaker *speaker;
    struct face *face;
};

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct speaker_options voice = {
        .voice_program = VOICE_PROGRAM, .audio.sink = AUDIO_SINK_SILENT, .pitch = -1, .volume = 80};

    assert_non_null(fixture);
    assert_int_equal(speaker_create(&fixture->speaker, &voice), STATUS_OK);
    const struct face_options options = {.speaker = fixture->speaker,
                                         .name = "test",
                                         .avatar_folder = PACK_FOLDER,
                                         .screen = FACE_SCREEN_HEADLESS,
                                         .panel_latency_ms = 20};
    assert_int_equal(face_create(&fixture->face, &options), STATUS_OK);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    face_free(fixture->face);
    speaker_free(fixture->speaker);
    free(fixture);
    return 0;
}

static struct buffer picture(struct face *face)
{
    struct buffer png;

    buffer_init(&png, 1 << 20);
    assert_int_equal(face_picture(face, &png), STATUS_OK);
    return png;
}

static cairo_status_t next_bytes(void *context, unsigned char *bytes, unsigned size)
{
    struct span *left = context;

    if (left->size < size)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(bytes, left->data, size);
    *left = span_of(left->data + size, left->size - size);
    return CAIRO_STATUS_SUCCESS;
}

/* The empty battery is what only the "limit" face shows. */
static bool shows_limit(struct face *face)
{
    struct buffer png = picture(face);
    struct span left = buffer_span(&png);
    cairo_surface_t *seen = cairo_image_surface_create_from_png_stream(next_bytes, &left);
    const uint8_t *data = cairo_image_surface_get_data(seen);
    size_t row = (size_t)cairo_image_surface_get_stride(seen);
    unsigned orange = 0;

    for (size_t y = 28; y < 44; y++) {
        for (size_t x = 203; x < 235; x++) {
            const uint8_t *pixel = data + y * row + x * 4;

            orange += pixel[2] > 200 && pixel[1] > 90 && pixel[1] < 180 && pixel[0] < 110;
        }
    }
    cairo_surface_destroy(seen);
    buffer_release(&png);
    return orange > 40;
}

/* It fades in and out; the machine may be busy. */
static bool comes_to(struct face *face, bool limit)
{
    for (int i = 0; i < 200 && shows_limit(face) != limit; i++)
        clock_sleep_ms(25);
    return shows_limit(face) == limit;
}

static void say(struct fixture *fixture, uint64_t turn, const char *text)
{
    face_begin_turn(fixture->face, turn);
    assert_int_equal(speaker_begin_turn(fixture->speaker, turn), STATUS_OK);
    assert_int_equal(speaker_say(fixture->speaker, turn, span_text(text), NULL), STATUS_OK);
}

/* Does the picture change by its mouth while the turn is spoken? Eyes move too, so the test looks
 * for more change than the eyes ever make: many different file sizes. */
static unsigned different_pictures(struct face *face, unsigned count)
{
    size_t sizes[64];
    unsigned different = 0;

    for (unsigned i = 0; i < count; i++) {
        struct buffer png = picture(face);
        bool is_new = true;

        for (unsigned k = 0; k < different; k++)
            is_new = is_new && sizes[k] != png.size;
        if (is_new)
            sizes[different++] = png.size;
        buffer_release(&png);
        clock_sleep_ms(60);
    }
    return different;
}

static void a_picture_is_a_small_png(void **state)
{
    struct fixture *fixture = *state;

    for (int mood = FACE_NEUTRAL; mood <= FACE_OFFLINE; mood++) {
        face_rest(fixture->face, (enum face_mood)mood);
        clock_sleep_ms(400);
        struct buffer png = picture(fixture->face);
        assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
        assert_true(png.size <= FACE_PICTURE_MAX_BYTES);
        assert_int_equal(png.data[19], FACE_PICTURE_SIZE);
        buffer_release(&png);
    }
}

/* Pixels plainly different in the last rows, where the subtitle's dark plate and white words would
 * cover the white wings. Breathing moves their edges only. */
static unsigned plainly_different(const uint8_t *before, const uint8_t *after, size_t row)
{
    unsigned count = 0;

    for (size_t i = 218 * row; i < 238 * row; i += 4)
        count += abs(before[i + 1] - after[i + 1]) > 60;
    return count;
}

static void a_picture_carries_no_words(void **state)
{
    struct fixture *fixture = *state;
    cairo_surface_t *seen[2];

    for (int i = 0; i < 2; i++) {
        struct buffer png = picture(fixture->face);
        struct span left = buffer_span(&png);

        seen[i] = cairo_image_surface_create_from_png_stream(next_bytes, &left);
        buffer_release(&png);
        face_begin_turn(fixture->face, 1);
        face_subtitle(fixture->face, 1, span_text("secret words"));
        face_notice(fixture->face, span_text("123456"), 10000);
        clock_sleep_ms(100);
    }
    const uint8_t *before = cairo_image_surface_get_data(seen[0]);
    const uint8_t *after = cairo_image_surface_get_data(seen[1]);
    size_t row = (size_t)cairo_image_surface_get_stride(seen[0]);
    assert_true(plainly_different(before, after, row) < 150);
    /* the notice would lie over the beak */
    const uint8_t *beak = after + 118 * row + (size_t)120 * 4;
    assert_true(beak[2] > 200 && beak[1] > 100 && beak[0] < 120);
    cairo_surface_destroy(seen[0]);
    cairo_surface_destroy(seen[1]);
}

/* Bright pixels where the label stands. */
static unsigned label_ink(struct face *face)
{
    struct buffer png = picture(face);
    struct span left = buffer_span(&png);
    cairo_surface_t *seen = cairo_image_surface_create_from_png_stream(next_bytes, &left);
    const uint8_t *data = cairo_image_surface_get_data(seen);
    size_t row = (size_t)cairo_image_surface_get_stride(seen);
    unsigned ink = 0;

    for (size_t y = 8; y < 22; y++)
        for (size_t x = 6; x < 120; x++)
            ink += data[y * row + x * 4] > 130;
    cairo_surface_destroy(seen);
    buffer_release(&png);
    return ink;
}

static void a_new_label_is_seen_at_once(void **state)
{
    struct fixture *fixture = *state;

    face_label(fixture->face, "");
    const unsigned none = label_ink(fixture->face); /* the crest is bright there, too */
    face_label(fixture->face, "showroom");
    const unsigned shorter = label_ink(fixture->face);
    face_label(fixture->face, "showroom · second floor");
    const unsigned longer = label_ink(fixture->face);
    assert_true(shorter > none + 10);
    assert_true(longer > shorter + 10);
}

/* Orange fur or blue feathers: a pixel of the forehead. */
static bool is_orange(struct face *face)
{
    struct buffer png = picture(face);
    struct span left = buffer_span(&png);
    cairo_surface_t *seen = cairo_image_surface_create_from_png_stream(next_bytes, &left);
    const uint8_t *pixel = cairo_image_surface_get_data(seen) +
                           55 * (size_t)cairo_image_surface_get_stride(seen) + (size_t)100 * 4;
    bool orange = pixel[2] > 150 && pixel[0] < 120;

    cairo_surface_destroy(seen);
    buffer_release(&png);
    return orange;
}

static void another_avatar_is_put_on_at_once(void **state)
{
    struct fixture *fixture = *state;

    assert_false(is_orange(fixture->face));
    face_dress(fixture->face, "mochi");
    assert_true(is_orange(fixture->face));
    face_dress(fixture->face, "nobody");
    assert_false(is_orange(fixture->face));
}

static void after_an_interruption_the_next_turn_moves_the_mouth_again(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, 1, "This sentence is cut off long before it comes to its end.");
    clock_sleep_ms(500);
    speaker_interrupt(fixture->speaker, 1);
    face_interrupt(fixture->face, 1);
    face_end_turn(fixture->face, 1);
    say(fixture, 2, "Mama, papa, and all the big brown bears: hello, hello, hello!");
    clock_sleep_ms(200);
    assert_true(different_pictures(fixture->face, 20) > 10);
}

static void old_turns_change_nothing(void **state)
{
    struct fixture *fixture = *state;

    face_begin_turn(fixture->face, 5);
    assert_true(comes_to(fixture->face, false));
    face_mood(fixture->face, 5, FACE_LIMIT);
    assert_true(comes_to(fixture->face, true));
    face_begin_turn(fixture->face, 4);
    face_mood(fixture->face, 4, FACE_THINKING);
    face_interrupt(fixture->face, 4);
    face_end_turn(fixture->face, 4);
    clock_sleep_ms(200);
    assert_true(shows_limit(fixture->face));
}

static void when_its_turn_is_over_the_face_rests(void **state)
{
    struct fixture *fixture = *state;

    face_rest(fixture->face, FACE_LIMIT);
    assert_true(comes_to(fixture->face, true));
    face_begin_turn(fixture->face, 1);
    assert_true(comes_to(fixture->face, false));
    face_end_turn(fixture->face, 1);
    assert_true(comes_to(fixture->face, true));
}

static void a_face_without_voice_or_ffmpeg_still_lives(void **state)
{
    struct face *face;
    const struct face_options options = {.screen = FACE_SCREEN_HEADLESS,
                                         .record_folder = "/tmp/never-made",
                                         .ffmpeg = "/nonexistent/ffmpeg"};

    (void)state;
    assert_int_equal(face_create(&face, &options), STATUS_OK);
    face_begin_turn(face, 1);
    face_mood(face, 1, FACE_THINKING);
    face_subtitle(face, 1, span_text("hm"));
    face_end_turn(face, 1);
    struct buffer png = picture(face);
    assert_true(png.size > 1000);
    buffer_release(&png);
    face_free(face);
}

static unsigned threads(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/task");

    assert_non_null(dir);
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void a_face_that_nobody_sees_takes_no_thread_and_is_up_to_date_when_asked(void **state)
{
    struct fixture *fixture = *state;
    struct face *other;
    const unsigned before = threads();
    const struct face_options options = {.speaker = fixture->speaker,
                                         .screen = FACE_SCREEN_HEADLESS};

    assert_int_equal(face_create(&other, &options), STATUS_OK);
    assert_int_equal(threads(), before);
    assert_false(shows_limit(other));
    face_rest(other, FACE_LIMIT);
    clock_sleep_ms(1500);
    assert_true(shows_limit(other));
    face_free(other);
}

static void a_window_without_a_display_is_refused_and_auto_goes_without(void **state)
{
    struct face *face = NULL;
    struct face_options options = {.screen = FACE_SCREEN_WINDOW};

    (void)state;
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    assert_int_equal(face_create(&face, &options), STATUS_UNREACHABLE);
    options.screen = FACE_SCREEN_AUTO;
    assert_int_equal(face_create(&face, &options), STATUS_OK);
    face_free(face);
}

#define WITH_FACE(test) cmocka_unit_test_setup_teardown(test, start, stop)

static int forget_libraries(void **state)
{
    (void)state;
    face_forget_libraries();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FACE(a_picture_is_a_small_png),
        WITH_FACE(a_picture_carries_no_words),
        WITH_FACE(a_new_label_is_seen_at_once),
        WITH_FACE(another_avatar_is_put_on_at_once),
        WITH_FACE(after_an_interruption_the_next_turn_moves_the_mouth_again),
        WITH_FACE(old_turns_change_nothing),
        WITH_FACE(when_its_turn_is_over_the_face_rests),
        WITH_FACE(a_face_that_nobody_sees_takes_no_thread_and_is_up_to_date_when_asked),
        cmocka_unit_test(a_face_without_voice_or_ffmpeg_still_lives),
        cmocka_unit_test(a_window_without_a_display_is_refused_and_auto_goes_without),
    };

    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, forget_libraries);
}
