#include "agent/face/avatar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/face/viseme.h"

#define MOUTH_TOP  250
#define MOUTH_LOW  356
#define MOUTH_LEFT 150
#define MOUTH_END  330

static int make(void **state)
{
    return avatar_create((struct avatar **)state) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    avatar_free(*state);
    face_forget_libraries();
    return 0;
}

static struct avatar_look plain_look(void)
{
    struct avatar_look look = {
        .mouth.cap = 1, .mood = FACE_SPEAKING, .subtitle = "", .notice = "", .name = ""};

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
    const uint8_t *at = pixels + y * AVATAR_STRIDE + x * 4;

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

static struct area draw_viseme(struct avatar *avatar, enum viseme viseme)
{
    static uint8_t pixels[AVATAR_BYTES];
    struct avatar_look look = plain_look();

    look.mouth = pose_of(viseme);
    avatar_draw(avatar, &look, pixels);
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
    static uint8_t a[AVATAR_BYTES], b[AVATAR_BYTES];
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
        avatar_draw(*state, &look, a);
        for (size_t k = 0; k < AVATAR_BYTES; k += 4)
            changed += abs(a[k] - b[k]) > 40;
        if (i > 0 && changed > worst)
            worst = changed;
    }
    assert_true(worst < 900);
}

static void a_subtitle_and_a_notice_are_seen(void **state)
{
    static uint8_t without[AVATAR_BYTES], with[AVATAR_BYTES];
    struct avatar_look look = plain_look();

    avatar_draw(*state, &look, without);
    look.subtitle = "你好 hello";
    avatar_draw(*state, &look, with);
    assert_memory_equal(without, with, AVATAR_STRIDE * 400);
    assert_memory_not_equal(without + AVATAR_STRIDE * 420, with + AVATAR_STRIDE * 420,
                            AVATAR_STRIDE * 50);
    look.subtitle = "";
    look.notice = "123 456";
    avatar_draw(*state, &look, with);
    assert_memory_not_equal(without + AVATAR_STRIDE * 180, with + AVATAR_STRIDE * 180,
                            AVATAR_STRIDE * 40);
}

static void any_text_and_any_pose_can_be_drawn(void **state)
{
    static uint8_t pixels[AVATAR_BYTES];
    static char text[AVATAR_TEXT_BYTES];
    struct avatar_look look = plain_look();

    memset(text, 'w', sizeof text - 1);
    look.subtitle = look.notice = look.name = text;
    look.mouth = (struct track_pose){1, 1, -1, 1, 1, 1, 1, 1, 0};
    avatar_draw(*state, &look, pixels);
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xef\xbc\x8c", 3);
    look.mouth = (struct track_pose){1, 0, 1, 0, 0, 0, 1, 0, 1};
    avatar_draw(*state, &look, pixels);
    look.subtitle = "\xff\xfe broken";
    avatar_draw(*state, &look, pixels);
    look.subtitle = "";
    look.notice = "";
    look.name = "";
    avatar_draw(*state, &look, pixels);
    assert_true(inside(pixels).dark > 0);
}

static void broken_text_does_not_spoil_the_rest(void **state)
{
    static uint8_t without[AVATAR_BYTES], with[AVATAR_BYTES];
    struct avatar_look look = plain_look();

    look.subtitle = "hello";
    look.notice = "here";
    avatar_draw(*state, &look, without);
    look.name = "\xff\xfe";
    avatar_draw(*state, &look, with);
    assert_memory_equal(without, with, AVATAR_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_plainly_different),
        cmocka_unit_test(between_two_shapes_nothing_jumps),
        cmocka_unit_test(a_subtitle_and_a_notice_are_seen),
        cmocka_unit_test(any_text_and_any_pose_can_be_drawn),
        cmocka_unit_test(broken_text_does_not_spoil_the_rest),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
