#include "agent/face/caption.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "agent/face/face.h"

static const struct caption_screen square = {480, 480}, tiny = {240, 240}, wide = {1280, 800};

static const char longest[] =
    "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four "
    "twenty-five twenty-six twenty-seven twenty-eight twenty-nine thirty thirty-one";

static struct caption_layout layout_of(const struct caption_screen *screen, const char *text)
{
    struct caption_layout layout;

    caption_lay_out(screen, text, &layout);
    return layout;
}

static void lines_follow_each_other_through_the_whole_text(void **state)
{
    static const char *const texts[] = {
        "Hi.", "Good morning! My name is Myna, and I am very happy to see you.", longest,
        "我会说中文，也会唱歌。今天的天气很好，我们一起去公园散步，好不好？那里的花都开了。"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct caption_layout layout = layout_of(&square, texts[i]);
        size_t at = 0;

        assert_true(layout.count > 0 && !layout.is_cut);
        for (size_t k = 0; k < layout.count; k++) {
            assert_int_equal(layout.lines[k].from, at);
            at += layout.lines[k].size;
        }
        assert_int_equal(at, strlen(texts[i]));
    }
}

static void the_last_line_is_not_one_lost_word(void **state)
{
    struct caption_layout layout =
        layout_of(&square, "Good morning! My name is Myna, and I am glad to see you.");

    (void)state;
    assert_int_equal(layout.count, 2);
    assert_true(layout.lines[1].size * 2 > layout.lines[0].size);
}

static void letters_grow_with_the_screen_but_stay_readable(void **state)
{
    (void)state;
    assert_true(layout_of(&tiny, "Hello").size >= 14);
    assert_true(layout_of(&wide, "Hello").size > 1.3 * layout_of(&square, "Hello").size);
    assert_true(layout_of(&square, longest).size < layout_of(&square, "Hello").size);
}

static void nothing_and_broken_text_have_no_box(void **state)
{
    struct caption_layout none = layout_of(&square, ""), broken = layout_of(&square, "\xff\xfe");
    struct rect a = caption_box(&square, &none), b = caption_box(&square, &broken);

    (void)state;
    assert_true(rects_is_empty(&a) && rects_is_empty(&b));
}

static void the_box_lies_on_the_screen_and_holds_three_lines_at_most(void **state)
{
    const struct caption_screen *const screens[] = {&square, &tiny, &wide};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caption_layout layout = layout_of(screens[i], longest);
        struct rect box = caption_box(screens[i], &layout);

        assert_true(layout.count > 3);
        assert_true(box.left >= 0 && box.right <= screens[i]->width);
        assert_true(box.bottom <= screens[i]->height && box.top > screens[i]->height / 2);
    }
}

/* The page shown is the one with the word being spoken. */
static void a_long_text_turns_its_page_with_the_word(void **state)
{
    static unsigned char seen[2][480 * 480 * 4];
    struct caption_layout layout = layout_of(&square, longest);
    const size_t words[2] = {0, strlen(longest) - 10};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct caption_text text = {longest, words[i], 1};
        cairo_surface_t *surface =
            cairo_image_surface_create_for_data(seen[i], CAIRO_FORMAT_ARGB32, 480, 480, 4 * 480);
        cairo_t *cr = cairo_create(surface);

        caption_draw(cr, &square, &text, &layout);
        cairo_destroy(cr);
        cairo_surface_destroy(surface);
    }
    unsigned different = 0;
    for (size_t i = 0; i < sizeof seen[0]; i += 4)
        different += seen[0][i] != seen[1][i];
    assert_true(different > 1000);
    caption_forget_fonts();
}

/* Whoever looks must see it, whatever the screen and whatever else stands there. */
static void the_mark_of_an_ai_stands_on_every_screen(void **state)
{
    const struct caption_screen *const screens[] = {&square, &tiny, &wide};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const int width = screens[i]->width, height = screens[i]->height;
        cairo_surface_t *seen = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
        cairo_t *cr = cairo_create(seen);
        unsigned ink = 0;

        caption_draw_marks(cr, screens[i], "");
        cairo_surface_flush(seen);
        const uint8_t *data = cairo_image_surface_get_data(seen);
        for (int y = 0; y < height / 10; y++)
            for (int x = width - height / 8; x < width; x++)
                ink += data[y * cairo_image_surface_get_stride(seen) + x * 4] > 190;
        /* its two letters; the plate's edge is paler */
        assert_true(ink > 5);
        cairo_destroy(cr);
        cairo_surface_destroy(seen);
    }
    face_forget_libraries();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_follow_each_other_through_the_whole_text),
        cmocka_unit_test(the_last_line_is_not_one_lost_word),
        cmocka_unit_test(letters_grow_with_the_screen_but_stay_readable),
        cmocka_unit_test(nothing_and_broken_text_have_no_box),
        cmocka_unit_test(the_box_lies_on_the_screen_and_holds_three_lines_at_most),
        cmocka_unit_test(a_long_text_turns_its_page_with_the_word),
        cmocka_unit_test(the_mark_of_an_ai_stands_on_every_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
