#include "agent/face/pack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

/* The least that can talk: a mouth that opens, an eye that shuts. `%s` is what a test adds. */
#define FACE                                                                                       \
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 480 480'>\n"                             \
    "<path id='cavity' d='M 200,300 L 280,300 L 200,300 Z'/>\n"                                    \
    "<path id='cavity@open=1' d='M 200,300 L 280,300 L 240,380 Z'/>\n"                             \
    "<path id='cavity@lip=-1' d='M 220,300 L 260,300 L 220,300 Z'/>\n"                             \
    "<path id='cavity@lip=1' d='M 190,300 L 290,300 L 190,300 Z'/>\n"                              \
    "<path id='cavity@smile=1' d='M 190,300 L 290,300 L 190,300 Z'/>\n"                            \
    "<circle id='eye' cx='240' cy='100' r='40' fill='#102030'/>\n"                                 \
    "<ellipse id='eye@eye=0' cx='240' cy='100' rx='40' ry='2' fill='#506070'/>\n"                  \
    "%s\n"                                                                                         \
    "</svg>\n"

/* `more` stands where the frame has its %s. */
static enum status read_face(struct pack **pack, const char *frame, const char *more,
                             char problem[PACK_PROBLEM_SIZE])
{
    static char text[16384];
    const char *gap = strstr(frame, "%s");

    snprintf(text, sizeof text, "%.*s%s%s", (int)(gap - frame), frame, more, gap + 2);
    return pack_read(pack, span_text(text), problem);
}

static struct pack *good(const char *more)
{
    char problem[PACK_PROBLEM_SIZE];
    struct pack *pack = NULL;

    if (read_face(&pack, FACE, more, problem) != STATUS_OK)
        fail_msg("refused: %s", problem);
    return pack;
}

static void assert_refused(const char *frame, const char *more, const char *why)
{
    char problem[PACK_PROBLEM_SIZE];
    struct pack *pack = NULL;

    assert_int_equal(read_face(&pack, frame, more, problem), STATUS_INVALID);
    assert_null(pack);
    if (!strstr(problem, why))
        fail_msg("\"%s\" does not say \"%s\"", problem, why);
}

static const struct pack_shape *shape(const struct pack *pack, const char *name)
{
    for (size_t i = 0; i < pack->shape_count; i++)
        if (strcmp(pack->shapes[i].svg->name, name) == 0)
            return &pack->shapes[i];
    fail_msg("no shape \"%s\"", name);
    return NULL;
}

/* Number `index` of a shape with up to two axes moved. */
static double number(const struct pack *pack, const char *name, size_t index, enum pack_axis a,
                     double at_a, enum pack_axis b, double at_b)
{
    double numbers[PACK_MAX_NUMBERS];
    struct pack_values values;

    pack_rest(&values);
    values.at[a] = at_a;
    values.at[b] = at_b;
    pack_blend(shape(pack, name), &values, numbers);
    return numbers[index];
}

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 0.01)
        fail_msg("%f is not %f", value, expected);
}

/* Of a path of lines, y of node `node`: each curve has two handles before its node. */
#define NODE_Y(node) (2 * 3 * (node) + 1)

static void between_rest_and_key_everything_is_blended(void **state)
{
    struct pack *pack = good("");

    (void)state;
    assert_near(number(pack, "cavity", NODE_Y(2), PACK_OPEN, 0, PACK_JAW, 0), 300);
    assert_near(number(pack, "cavity", NODE_Y(2), PACK_OPEN, 0.5, PACK_JAW, 0), 340);
    assert_near(number(pack, "cavity", NODE_Y(2), PACK_OPEN, 1, PACK_JAW, 0), 380);
    /* colours, too: 0x10 to 0x50 */
    size_t red = shape(pack, "eye")->svg->fill.at;
    assert_near(number(pack, "eye", red, PACK_EYE, 0.5, PACK_JAW, 0), 0x30 / 255.0);
    pack_free(pack);
}

static void beyond_the_last_key_nothing_moves_on(void **state)
{
    struct pack *pack = good("<path id='hat' d='M 0,0 L 10,0'/>"
                             "<path id='hat@glow=0.5' d='M 0,8 L 10,8'/>");

    (void)state;
    assert_near(number(pack, "hat", 1, PACK_GLOW, 0.25, PACK_JAW, 0), 4);
    assert_near(number(pack, "hat", 1, PACK_GLOW, 1, PACK_JAW, 0), 8);
    pack_free(pack);
}

static void keys_of_one_axis_follow_each_other(void **state)
{
    struct pack *pack = good("<path id='hat' d='M 0,0 L 9,0'/>"
                             "<path id='hat@smile=-1' d='M 0,-6 L 9,-6'/>"
                             "<path id='hat@smile=0.5' d='M 0,8 L 9,8'/>"
                             "<path id='hat@smile=1' d='M 0,2 L 9,2'/>");

    (void)state;
    assert_near(number(pack, "hat", 1, PACK_SMILE, -0.5, PACK_JAW, 0), -3);
    assert_near(number(pack, "hat", 1, PACK_SMILE, 0.25, PACK_JAW, 0), 4);
    assert_near(number(pack, "hat", 1, PACK_SMILE, 0.75, PACK_JAW, 0), 5);
    pack_free(pack);
}

static void two_axes_add_up_unless_a_key_of_both_says_otherwise(void **state)
{
    struct pack *plain = good("<path id='hat' d='M 0,0 L 9,0'/>"
                              "<path id='hat@glow=1' d='M 0,10 L 9,10'/>"
                              "<path id='hat@tear=1' d='M 0,4 L 9,4'/>");
    struct pack *paired = good("<path id='hat' d='M 0,0 L 9,0'/>"
                               "<path id='hat@glow=1' d='M 0,10 L 9,10'/>"
                               "<path id='hat@tear=1' d='M 0,4 L 9,4'/>"
                               "<path id='hat@glow=1,tear=1' d='M 0,2 L 9,2'/>");

    (void)state;
    assert_near(number(plain, "hat", 1, PACK_GLOW, 1, PACK_TEAR, 1), 14);
    assert_near(number(paired, "hat", 1, PACK_GLOW, 1, PACK_TEAR, 1), 2);
    assert_near(number(paired, "hat", 1, PACK_GLOW, 1, PACK_TEAR, 0), 10);
    assert_near(number(paired, "hat", 1, PACK_GLOW, 0.5, PACK_TEAR, 0.5), 7 - 12 * 0.25);
    pack_free(plain);
    pack_free(paired);
}

static void a_group_moves_along_its_line_with_its_gradients(void **state)
{
    struct pack *pack = good("<defs><linearGradient id='g' x1='0' y1='0' x2='0' y2='1'>"
                             "<stop offset='0' stop-color='#fff'/><stop offset='1'/>"
                             "</linearGradient></defs>"
                             "<g id='head'><rect id='hat' x='10' y='20' width='30' height='40' "
                             "fill='url(#g)'/><path id='move@turn-x' d='M 5,5 L 9,2'/></g>");

    (void)state;
    size_t paint = shape(pack, "hat")->svg->fill.at;
    assert_near(number(pack, "hat", 0, PACK_TURN_X, 1, PACK_JAW, 0), 14);
    assert_near(number(pack, "hat", 1, PACK_TURN_X, -0.5, PACK_JAW, 0), 21.5);
    assert_near(number(pack, "hat", paint + 5, PACK_TURN_X, 0, PACK_JAW, 0), 20);
    assert_near(number(pack, "hat", paint + 5, PACK_TURN_X, 1, PACK_JAW, 0), 17);
    pack_free(pack);
}

static void names_tell_what_is_special(void **state)
{
    struct pack *pack = good("<g id='behind'><rect id='wall' width='9' height='9'/></g>"
                             "<circle id='light-lamp' r='4'/>"
                             "<clipPath id='c'><circle r='3'/></clipPath>"
                             "<g id='inside' clip-path='url(#c)'><circle id='dot' r='9'/></g>");

    (void)state;
    assert_true(shape(pack, "wall")->is_behind && !shape(pack, "wall")->is_light);
    assert_true(shape(pack, "light-lamp")->is_light && !shape(pack, "light-lamp")->is_behind);
    assert_true(shape(pack, "dot")->clip >= 0 && pack->shapes[shape(pack, "dot")->clip].is_clip);
    assert_true(shape(pack, "eye")->axes == (uint64_t)1 << PACK_EYE);
    pack_free(pack);
}

static void keys_that_do_not_fit_are_refused_with_their_line(void **state)
{
    (void)state;
    assert_refused(FACE,
                   "<path id='hat' d='M 0,0 L 9,0'/>\n<path id='hat@glow' d='M 0,0 L 9,0 9,9'/>",
                   "line 10: \"hat@glow\"");
    assert_refused(FACE,
                   "<path id='hat' d='M 0,0 L 9,0'/><path id='hat@glow' d='M 0,0 L 9,0 9,9'/>",
                   "other nodes (7 nodes against 4)");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@glow' r='4' fill='none'/>",
                   "painted in another way");
    assert_refused(FACE, "<circle id='hat@glow' r='4'/>", "there is no \"hat\"");
    assert_refused(FACE,
                   "<circle id='hat' r='4'/><circle id='hat' r='5'/><circle id='hat@glow' r='4'/>",
                   "more than one \"hat\"");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@shine' r='4'/>",
                   "no axis \"shine\"");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@glow=2' r='4'/>",
                   "goes from 0 to 1");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@eye=1' r='4'/>", "rests at 1");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@glow=x' r='4'/>",
                   "after = comes a number");
    assert_refused(FACE, "<circle id='hat' r='4'/><circle id='hat@glow,tear,heart' r='4'/>",
                   "one axis, or two different");
    assert_refused(FACE,
                   "<circle id='hat' r='4'/><circle id='hat@glow' r='4'/><circle id='hat@glow=1' "
                   "r='5'/>",
                   "drawn twice");
    assert_refused(FACE,
                   "<g id='a'><circle r='4'/></g><g id='a@glow'><circle r='4'/><circle "
                   "r='2'/></g>",
                   "has 2 shapes, what it is a key of has 1");
    assert_refused(FACE,
                   "<g id='a'><circle r='4'/></g><g id='a@glow'><circle id='b@tear' "
                   "r='4'/></g>",
                   "a key holds no other key");
    assert_refused(FACE, "<g><path id='move@turn-x' d='M 0,0 L 1,1 2,2'/></g>",
                   "one line of two nodes");
}

static void what_is_not_drawn_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *more, *why;
    } cases[] = {
        {"<text>hi</text>", "line 9: <text> is not drawn"},
        {"<image href='x.png'/>", "<image> is not drawn"},
        {"<use href='#eye'/>", "<use> is not drawn"},
        {"<style>.a{}</style>", "<style> is not drawn"},
        {"<path d='M 0,0 A 5,5 0 0 1 9,9'/>", "arcs (A) are not read"},
        {"<path d='L 5,5'/>", "begins without M"},
        {"<path d='M 5'/>", "a number is missing"},
        {"<path d='M 1,1 X 5,5'/>", "no command"},
        {"<path d=''/>", "the path is empty"},
        {"<path/>", "the path is empty"},
        {"<rect width='0' height='4'/>", "no size"},
        {"<circle r='-2'/>", "no size"},
        {"<polygon points='1,2 3'/>", "points of a polygon"},
        {"<circle r='2' fill='salmon'/>", "a colour is none of"},
        {"<circle r='2' fill='url(#nope)'/>", "names no gradient"},
        {"<circle r='2' clip-path='url(#nope)'/>", "names no clipPath"},
        {"<circle r='2' style='filter:url(#f)'/>", "filters, masks"},
        {"<circle r='2' stroke-dasharray='4 2'/>", "filters, masks"},
        {"<circle r='2' opacity='7'/>", "no number from 0 to 1"},
        {"<circle r='2' transform='spin(4)'/>", "a transform cannot be read"},
        {"<circle r='2' transform='scale(1e6) scale(1e6)'/>", "too far outside"},
        {"<circle r='2'>", "mismatched tag"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(FACE, cases[i].more, cases[i].why);
}

static void what_cannot_talk_is_refused(void **state)
{
    (void)state;
    assert_refused("<svg viewBox='0 0 9 9'>%s</svg>", "", "nothing moves along the axis \"open\"");
    assert_refused("<svg viewBox='0 0 9 8'>%s</svg>", "", "a square viewBox");
    assert_refused("<svg>%s</svg>", "", "a square viewBox");
    assert_refused("<html>%s</html>", "", "no SVG file");
    assert_refused("%s", "", "no element found");
    assert_refused("<!DOCTYPE svg [<!ENTITY a 'aaaa'>]><svg viewBox='0 0 9 9'>%s</svg>", "&a;",
                   "a document type with entities");
}

static void a_mouth_that_does_not_shut_is_refused(void **state)
{
    static const char gaping[] = "<svg viewBox='0 0 480 480'>\n"
                                 "<path id='cavity' d='M 200,300 L 280,300 L 240,302 Z'/>\n"
                                 "<path id='cavity@open=1' d='M 200,300 L 280,300 L 240,380 Z'/>\n"
                                 "<path id='cavity@lip=-1' d='M 220,300 L 260,300 L 220,300 Z'/>\n"
                                 "<path id='cavity@smile=1' d='M 220,300 L 260,300 L 220,300 Z'/>\n"
                                 "<circle id='eye' r='4'/><circle id='eye@eye=0' r='2'/>%s</svg>";

    (void)state;
    assert_refused(gaping, "", "line 2: the mouth does not shut");
}

static void the_built_in_pack_is_good_and_small(void **state)
{
    struct pack *pack = NULL;
    struct pack_values values;
    double numbers[PACK_MAX_NUMBERS];
    size_t keys = 0;

    (void)state;
    assert_int_equal(pack_builtin(&pack), STATUS_OK);
    pack_rest(&values);
    for (size_t i = 0; i < pack->shape_count; i++) {
        pack_blend(&pack->shapes[i], &values, numbers);
        for (size_t k = 0; k < pack->shapes[i].svg->number_count; k++)
            assert_near(numbers[k], pack->shapes[i].svg->numbers[k]);
        keys += pack->shapes[i].key_count;
    }
    assert_true(pack->shape_count > 50 && keys > 100);
    pack_free(pack);
}

static void every_pack_in_the_folder_is_good(void **state)
{
    static const char *const names[] = {"myna", "mochi", "template"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512], problem[PACK_PROBLEM_SIZE];
        struct pack *pack = NULL;

        snprintf(path, sizeof path, "%s/%s.svg", PACK_FOLDER, names[i]);
        if (pack_load(&pack, path, problem) != STATUS_OK)
            fail_msg("%s: %s", path, problem);
        pack_free(pack);
    }
}

static void a_missing_file_says_so(void **state)
{
    char problem[PACK_PROBLEM_SIZE];
    struct pack *pack = NULL;

    (void)state;
    assert_int_equal(pack_load(&pack, "/nonexistent/x.svg", problem), STATUS_NOT_FOUND);
    assert_non_null(strstr(problem, "not found"));
}

static void values_are_limited_and_rounded_to_steps(void **state)
{
    struct pack_values values;

    (void)state;
    pack_rest(&values);
    values.at[PACK_OPEN] = 7;
    values.at[PACK_LIP] = -7;
    values.at[PACK_GLOW] = 0.5001;
    pack_settle(&values);
    assert_near(values.at[PACK_OPEN], 1);
    assert_near(values.at[PACK_LIP], -1);
    assert_true(values.at[PACK_GLOW] == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_rest_and_key_everything_is_blended),
        cmocka_unit_test(beyond_the_last_key_nothing_moves_on),
        cmocka_unit_test(keys_of_one_axis_follow_each_other),
        cmocka_unit_test(two_axes_add_up_unless_a_key_of_both_says_otherwise),
        cmocka_unit_test(a_group_moves_along_its_line_with_its_gradients),
        cmocka_unit_test(names_tell_what_is_special),
        cmocka_unit_test(keys_that_do_not_fit_are_refused_with_their_line),
        cmocka_unit_test(what_is_not_drawn_is_refused_with_its_line),
        cmocka_unit_test(what_cannot_talk_is_refused),
        cmocka_unit_test(a_mouth_that_does_not_shut_is_refused),
        cmocka_unit_test(the_built_in_pack_is_good_and_small),
        cmocka_unit_test(every_pack_in_the_folder_is_good),
        cmocka_unit_test(a_missing_file_says_so),
        cmocka_unit_test(values_are_limited_and_rounded_to_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
