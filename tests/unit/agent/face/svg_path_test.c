#include "agent/face/svg_path.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static int make(void **state)
{
    return arena_create((struct arena **)state, 1 << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

/* Commands as M, C, Z and points rounded: "M 0,0 C 1,0 2,0 3,0 Z". */
static const char *shown(void **state, const char *data)
{
    static char text[512];
    struct svg_path path;
    const char *why = "";
    size_t used = 0, point = 0;

    if (svg_path_parse(*state, data, &path, &why) != STATUS_OK)
        return why;
    for (size_t i = 0; i < path.op_count; i++) {
        static const size_t points[] = {1, 3, 0};

        used += (size_t)snprintf(text + used, sizeof text - used, "%s%c", i ? " " : "",
                                 "MCZ"[path.ops[i]]);
        for (size_t k = 0; k < points[path.ops[i]]; k++, point++)
            used += (size_t)snprintf(text + used, sizeof text - used, " %g,%g",
                                     round(path.xy[2 * point] * 10) / 10 + 0.0,
                                     round(path.xy[2 * point + 1] * 10) / 10 + 0.0);
    }
    return text;
}

static void every_command_becomes_curves(void **state)
{
    assert_string_equal(shown(state, "M0 0L3 0z"), "M 0,0 C 1,0 2,0 3,0 Z");
    assert_string_equal(shown(state, "m3,3 6-3"), "M 3,3 C 5,2 7,1 9,0");
    assert_string_equal(shown(state, "M0,0H3V3h-3v-3"),
                        "M 0,0 C 1,0 2,0 3,0 C 3,1 3,2 3,3 C 2,3 1,3 0,3 C 0,2 0,1 0,0");
    assert_string_equal(shown(state, "M1,1C2,2,3,3,4,4s4 0 5 1"),
                        "M 1,1 C 2,2 3,3 4,4 C 5,5 8,4 9,5");
    assert_string_equal(shown(state, "M0,0q3,0 3,3"), "M 0,0 C 2,0 3,1 3,3");
    assert_string_equal(shown(state, "M0,0Q3,0 6,0T12,0"), "M 0,0 C 2,0 4,0 6,0 C 8,0 10,0 12,0");
    assert_string_equal(shown(state, "M0 0 3 0"), "M 0,0 C 1,0 2,0 3,0");
}

static void after_a_closed_part_the_next_begins_where_it_began(void **state)
{
    assert_string_equal(shown(state, "M1,1 4,1zl3,0"), "M 1,1 C 2,1 3,1 4,1 Z M 1,1 C 2,1 3,1 4,1");
}

static void numbers_are_read_as_drawing_programs_write_them(void **state)
{
    assert_string_equal(shown(state, "M.5-.5L1e1,1E-1"), "M 0.5,-0.5 C 3.7,-0.3 6.8,-0.1 10,0.1");
    assert_string_equal(shown(state, " M 1.5.5\n\t2,2 "), "M 1.5,0.5 C 1.7,1 1.8,1.5 2,2");
}

static void what_cannot_be_read_says_why(void **state)
{
    assert_non_null(strstr(shown(state, "M 0,0 A 1 1 0 0 1 2 2"), "arcs"));
    assert_non_null(strstr(shown(state, "Z"), "without M"));
    assert_non_null(strstr(shown(state, "M 1e9,0 L 0,0"), "too large"));
    assert_non_null(strstr(shown(state, "M 0,0 L"), "missing"));
    assert_non_null(strstr(shown(state, "M 0,0 %"), "no command"));
}

static void a_path_of_too_many_nodes_is_refused(void **state)
{
    static char text[SVG_PATH_MAX_OPS * 4 + 16];
    size_t used = (size_t)snprintf(text, sizeof text, "M0,0");

    for (int i = 0; i < SVG_PATH_MAX_OPS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "h1");
    assert_non_null(strstr(shown(state, text), "too many nodes"));
}

static void basic_shapes_keep_their_nodes_whatever_their_form(void **state)
{
    const double box[4] = {0, 0, 20, 10};
    struct svg_path sharp, rounded, ellipse;
    double extent[4];

    assert_int_equal(svg_path_rectangle(*state, box, 0, 0, &sharp), STATUS_OK);
    assert_int_equal(svg_path_rectangle(*state, box, 4, 4, &rounded), STATUS_OK);
    assert_int_equal(sharp.op_count, rounded.op_count);
    assert_memory_equal(sharp.ops, rounded.ops, sharp.op_count);
    assert_int_equal(svg_path_ellipse(*state, 5, 5, 3, 2, &ellipse), STATUS_OK);
    svg_path_extent(&ellipse, extent);
    assert_true(fabs(extent[0] - 2) < 0.01 && fabs(extent[1] - 3) < 0.01);
    assert_true(fabs(extent[2] - 8) < 0.01 && fabs(extent[3] - 7) < 0.01);
}

static void the_extent_is_that_of_the_curve_not_of_its_handles(void **state)
{
    struct svg_path path;
    const char *why;
    double extent[4];

    assert_int_equal(svg_path_parse(*state, "M0,0 C0,40 30,40 30,0", &path, &why), STATUS_OK);
    svg_path_extent(&path, extent);
    assert_true(fabs(extent[3] - 30) < 0.01 && extent[1] == 0 && extent[2] == 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_becomes_curves),
        cmocka_unit_test(after_a_closed_part_the_next_begins_where_it_began),
        cmocka_unit_test(numbers_are_read_as_drawing_programs_write_them),
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(a_path_of_too_many_nodes_is_refused),
        cmocka_unit_test(basic_shapes_keep_their_nodes_whatever_their_form),
        cmocka_unit_test(the_extent_is_that_of_the_curve_not_of_its_handles),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
