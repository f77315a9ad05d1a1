#include "agent/face/avatar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/face/viseme.h"
#include "tests/support/dice.h"

#define MOUTH_TOP  250
#define MOUTH_LOW  356
#define MOUTH_LEFT 150
#define MOUTH_END  330

#define STRIDE ((size_t)4 * AVATAR_SIZE)
#define BYTES  (STRIDE * AVATAR_SIZE)

struct fixture {
    struct pack *pack;
    struct avatar *avatar;
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    *state = fixture;
    assert_int_equal(pack_builtin(&fixture->pack), STATUS_OK);
    assert_int_equal(avatar_create(&fixture->avatar, fixture->pack, AVATAR_SIZE, AVATAR_SIZE),
                     STATUS_OK);
    return 0;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;

    avatar_free(fixture->avatar);
    pack_free(fixture->pack);
    free(fixture);
    face_forget_libraries();
    return 0;
}

static void draw(const struct fixture *fixture, const struct avatar_look *look, uint8_t *pixels)
{
    struct rects changed;

    avatar_draw(fixture->avatar, look, &changed);
    memcpy(pixels, avatar_pixels(fixture->avatar), BYTES);
}

static struct avatar_look plain_look(void)
{
    struct avatar_look look = {.mouth.cap = 1, .notice = "", .name = ""};

    expression_init(&look.expression);
    return look;
}

static struct track_pose pose_of(enum viseme viseme)
{
    const struct viseme_shape *shape = viseme_shape(viseme);

    return (struct track_pose){.open = shape->open,
                               .jaw = shape->jaw,
                               .width = shape->width,
                               .round = shape->round,
                               .teeth_up = shape->teeth_up,
                               .teeth_low = shape->teeth_low,
                               .tongue = shape->tongue,
                               .tuck = shape->tuck,
                               .cap = shape->open};
}

static void pixel(const uint8_t *pixels, int x, int y, int rgb[3])
{
    const uint8_t *at = pixels + (size_t)y * STRIDE + (size_t)x * 4;

    rgb[0] = at[2];
    rgb[1] = at[1];
    rgb[2] = at[0];
}

struct area {
    unsigned dark, white;
    int left, right; /* of what is dark */
};

/* What is seen inside the mouth: darkness and teeth. */
static struct area inside(const uint8_t *pixels)
{
    struct area area = {.left = MOUTH_END, .right = MOUTH_LEFT};

    for (int y = MOUTH_TOP; y < MOUTH_LOW; y++) {
        for (int x = MOUTH_LEFT; x < MOUTH_END; x++) {
            int rgb[3];

            pixel(pixels, x, y, rgb);
            bool is_dark = rgb[0] < 90 && rgb[1] < 25 && rgb[2] < 45;
            area.dark += is_dark;
            area.white += rgb[0] > 200 && rgb[1] > 195 && rgb[2] > 180;
            if (is_dark && x < area.left)
                area.left = x;
            if (is_dark && x > area.right)
                area.right = x;
        }
    }
    return area;
}

static struct area draw_viseme(const struct fixture *fixture, enum viseme viseme)
{
    static uint8_t pixels[BYTES];
    struct avatar_look look = plain_look();

    look.mouth = pose_of(viseme);
    draw(fixture, &look, pixels);
    return inside(pixels);
}

static void shapes_are_plainly_different(void **state)
{
    struct area shut = draw_viseme(*state, VISEME_PP), open = draw_viseme(*state, VISEME_aa);
    struct area spread = draw_viseme(*state, VISEME_I), round = draw_viseme(*state, VISEME_U);
    struct area bite = draw_viseme(*state, VISEME_FF), hiss = draw_viseme(*state, VISEME_SS);

    assert_true(shut.dark < 400 && shut.white == 0);
    assert_true(open.dark > 2000);
    assert_true(spread.right - spread.left > 2 * (round.right - round.left));
    assert_true(bite.white > 250 && bite.dark < open.dark / 3);
    assert_true(hiss.white > 250);
}

static void between_two_shapes_nothing_jumps(void **state)
{
    static uint8_t a[BYTES], b[BYTES];
    struct avatar_look look = plain_look();
    struct track_pose from = pose_of(VISEME_I), to = pose_of(VISEME_O);
    unsigned worst = 0;

    for (int i = 0; i <= 40; i++) {
        float part = (float)i / 40;
        unsigned changed = 0;

        look.mouth = from;
        look.mouth.open += (to.open - from.open) * part;
        look.mouth.width += (to.width - from.width) * part;
        look.mouth.round += (to.round - from.round) * part;
        look.mouth.jaw += (to.jaw - from.jaw) * part;
        memcpy(b, a, sizeof b);
        draw(*state, &look, a);
        for (size_t k = 0; k < BYTES; k += 4)
            changed += abs(a[k] - b[k]) > 40;
        if (i > 0 && changed > worst)
            worst = changed;
    }
    assert_true(worst < 900);
}

static void a_subtitle_and_a_notice_are_seen(void **state)
{
    static uint8_t without[BYTES], with[BYTES];
    struct avatar_look look = plain_look();

    draw(*state, &look, without);
    look.subtitle.text = "你好 hello";
    draw(*state, &look, with);
    assert_memory_equal(without, with, STRIDE * 400);
    assert_memory_not_equal(without + STRIDE * 420, with + STRIDE * 420, STRIDE * 50);
    look.subtitle.text = "";
    look.notice = "123 456";
    draw(*state, &look, with);
    assert_memory_not_equal(without + STRIDE * 180, with + STRIDE * 180, STRIDE * 40);
}

static void any_text_and_any_pose_can_be_drawn(void **state)
{
    static uint8_t pixels[BYTES];
    static char text[CAPTION_TEXT_BYTES];
    struct avatar_look look = plain_look();

    memset(text, 'w', sizeof text - 1);
    look.subtitle.text = look.notice = look.name = text;
    look.mouth = (struct track_pose){1, 1, -1, 1, 1, 1, 1, 1, 0};
    draw(*state, &look, pixels);
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xef\xbc\x8c", 3);
    look.mouth = (struct track_pose){1, 0, 1, 0, 0, 0, 1, 0, 1};
    draw(*state, &look, pixels);
    look.subtitle.text = "\xff\xfe broken";
    draw(*state, &look, pixels);
    look.subtitle.text = "";
    look.notice = "";
    look.name = "";
    draw(*state, &look, pixels);
    assert_true(inside(pixels).dark > 0);
}

static void broken_text_does_not_spoil_the_rest(void **state)
{
    static uint8_t without[BYTES], with[BYTES];
    struct avatar_look look = plain_look();

    look.subtitle.text = "hello";
    look.notice = "here";
    draw(*state, &look, without);
    look.name = "\xff\xfe";
    draw(*state, &look, with);
    assert_memory_equal(without, with, BYTES);
}

/* Any face a robot can make. */
static struct avatar_look random_look(struct dice *dice)
{
    static const char *const texts[] = {"", "Hello, how are you?", "\xe4\xbd\xa0\xe5\xa5\xbd",
                                        "One two three four five six seven eight nine ten eleven "
                                        "twelve thirteen fourteen fifteen sixteen seventeen "
                                        "eighteen nineteen twenty twenty-one twenty-two"};
    struct avatar_look look = plain_look();
    struct track_pose *mouth = &look.mouth;
    struct expression *e = &look.expression;

    mouth->open = (float)dice_below(dice, 100) / 99;
    mouth->jaw = mouth->open;
    mouth->width = (float)dice_below(dice, 200) / 100 - 1;
    mouth->round = mouth->width < 0 ? -mouth->width : 0;
    mouth->teeth_up = (float)dice_below(dice, 100) / 99;
    mouth->teeth_low = (float)dice_below(dice, 100) / 99;
    mouth->tongue = (float)dice_below(dice, 100) / 99;
    mouth->tuck = dice_below(dice, 4) == 0;
    mouth->cap = 1;
    for (uint64_t steps = dice_below(dice, 30), mood = dice_below(dice, 6); steps > 0; steps--)
        expression_step(e, (enum face_mood)mood, (enum emotion)dice_below(dice, EMOTION_COUNT), 40);
    e->blink = (double)dice_below(dice, 3) / 2;
    look.subtitle.text = texts[dice_below(dice, 4)];
    look.subtitle.word = look.subtitle.text[0] ? 3 : 0;
    look.notice = dice_below(dice, 5) == 0 ? "123 456" : "";
    look.name = dice_below(dice, 2) ? "myna-1" : "showroom";
    return look;
}

static void assert_same_as_anew(const struct pack *pack, int width, int height)
{
    struct avatar *kept, *anew;
    struct dice dice;
    struct rects changed;
    size_t size = (size_t)width * (size_t)height * 4;

    dice_init(&dice, 7, span_text("looks"));
    assert_int_equal(avatar_create(&kept, pack, width, height), STATUS_OK);
    for (int i = 0; i < 12; i++) {
        struct avatar_look look = random_look(&dice);

        avatar_draw(kept, &look, &changed);
        assert_int_equal(avatar_create(&anew, pack, width, height), STATUS_OK);
        avatar_draw(anew, &look, &changed);
        assert_memory_equal(avatar_pixels(kept), avatar_pixels(anew), size);
        avatar_free(anew);
    }
    avatar_free(kept);
}

static void what_changed_painted_anew_equals_everything_painted_anew(void **state)
{
    const struct fixture *fixture = *state;

    assert_same_as_anew(fixture->pack, 240, 240);
    assert_same_as_anew(fixture->pack, 480, 480);
    assert_same_as_anew(fixture->pack, 320, 240);
    assert_same_as_anew(fixture->pack, 480, 800);
}

/* A red square that nothing moves, behind a window that does. */
static void what_a_moving_clip_uncovers_is_painted(void **state)
{
    static const char drawing[] =
        "<svg viewBox='0 0 480 480'>"
        "<path id='cavity' d='M 200,300 L 280,300 L 200,300 Z'/>"
        "<path id='cavity@open=1' d='M 200,300 L 280,300 L 240,380 Z'/>"
        "<path id='cavity@lip=1' d='M 190,300 L 290,300 L 190,300 Z'/>"
        "<path id='cavity@smile=1' d='M 190,300 L 290,300 L 190,300 Z'/>"
        "<clipPath id='a'><rect x='0' y='100' width='100' height='50'/></clipPath>"
        "<clipPath id='b'><rect x='300' y='100' width='100' height='50'/></clipPath>"
        "<g id='pane' clip-path='url(#a)'>"
        "<rect x='0' y='100' width='480' height='50' fill='#f00'/></g>"
        "<g id='pane@eye=0' clip-path='url(#b)'>"
        "<rect x='0' y='100' width='480' height='50' fill='#f00'/></g></svg>";
    char problem[PACK_PROBLEM_SIZE];
    struct avatar_look look = plain_look();
    struct avatar *avatar;
    struct pack *pack;
    struct rects changed;
    int rgb[3];

    (void)state;
    assert_int_equal(pack_read(&pack, span_text(drawing), problem), STATUS_OK);
    assert_int_equal(avatar_create(&avatar, pack, AVATAR_SIZE, AVATAR_SIZE), STATUS_OK);
    avatar_draw(avatar, &look, &changed);
    pixel(avatar_pixels(avatar), 350, 125, rgb);
    assert_int_equal(rgb[0], 0);
    look.expression.blink = 1;
    avatar_draw(avatar, &look, &changed);
    pixel(avatar_pixels(avatar), 350, 125, rgb);
    assert_int_equal(rgb[0], 255);
    pixel(avatar_pixels(avatar), 50, 125, rgb);
    assert_int_equal(rgb[0], 0);
    avatar_free(avatar);
    pack_free(pack);
}

static void nothing_outside_of_the_rectangles_changes(void **state)
{
    static uint8_t before[BYTES];
    const struct fixture *fixture = *state;
    struct dice dice;
    struct rects changed;

    dice_init(&dice, 11, span_text("looks"));
    for (int i = 0; i < 20; i++) {
        struct avatar_look look = random_look(&dice);

        memcpy(before, avatar_pixels(fixture->avatar), BYTES);
        avatar_draw(fixture->avatar, &look, &changed);
        for (size_t k = 0; k < changed.count; k++) {
            const struct rect *rect = &changed.at[k];

            for (int y = rect->top; y < rect->bottom; y++)
                memcpy(before + (size_t)y * STRIDE + (size_t)rect->left * 4,
                       avatar_pixels(fixture->avatar) + (size_t)y * STRIDE + (size_t)rect->left * 4,
                       (size_t)(rect->right - rect->left) * 4);
        }
        assert_memory_equal(before, avatar_pixels(fixture->avatar), BYTES);
    }
}

static void a_talking_mouth_changes_a_small_part_of_the_picture(void **state)
{
    const struct fixture *fixture = *state;
    struct avatar_look look = plain_look();
    struct rects changed;

    look.mouth = pose_of(VISEME_aa);
    avatar_draw(fixture->avatar, &look, &changed);
    look.mouth = pose_of(VISEME_O);
    avatar_draw(fixture->avatar, &look, &changed);
    assert_true(changed.count > 0);
    assert_true(rects_area(&changed) < AVATAR_SIZE * AVATAR_SIZE / 8);
    avatar_draw(fixture->avatar, &look, &changed);
    assert_int_equal(changed.count, 0);
}

static void a_shut_mouth_shows_no_cavity(void **state)
{
    const float widths[] = {-1, 0, 0.6f};
    static uint8_t pixels[BYTES];

    for (size_t i = 0; i < 3; i++) {
        struct avatar_look look = plain_look();

        look.mouth.width = widths[i];
        look.mouth.round = i == 0;
        look.mouth.teeth_up = look.mouth.teeth_low = look.mouth.tongue = 1;
        draw(*state, &look, pixels);
        assert_true(inside(pixels).dark < 60 && inside(pixels).white == 0);
    }
}

static void every_viseme_looks_different(void **state)
{
    static uint8_t seen[VISEME_COUNT][BYTES];

    for (enum viseme viseme = 0; viseme < VISEME_COUNT; viseme++) {
        struct avatar_look look = plain_look();

        look.mouth = pose_of(viseme);
        draw(*state, &look, seen[viseme]);
        for (enum viseme other = 0; other < viseme; other++)
            assert_memory_not_equal(seen[viseme], seen[other], BYTES);
    }
}

static void screens_of_no_size_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct avatar *avatar;

    assert_int_equal(avatar_create(&avatar, fixture->pack, 239, 480), STATUS_INVALID);
    assert_int_equal(avatar_create(&avatar, fixture->pack, 1281, 480), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_plainly_different),
        cmocka_unit_test(between_two_shapes_nothing_jumps),
        cmocka_unit_test(a_subtitle_and_a_notice_are_seen),
        cmocka_unit_test(any_text_and_any_pose_can_be_drawn),
        cmocka_unit_test(what_changed_painted_anew_equals_everything_painted_anew),
        cmocka_unit_test(what_a_moving_clip_uncovers_is_painted),
        cmocka_unit_test(nothing_outside_of_the_rectangles_changes),
        cmocka_unit_test(a_talking_mouth_changes_a_small_part_of_the_picture),
        cmocka_unit_test(a_shut_mouth_shows_no_cavity),
        cmocka_unit_test(every_viseme_looks_different),
        cmocka_unit_test(screens_of_no_size_are_refused),
        cmocka_unit_test(broken_text_does_not_spoil_the_rest),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
