#include "server/ctl/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct json *document, *answer;
    struct object object;
    struct object_change changes[OBJECT_CHANGES];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    *state = &fixture;
    return arena_create(&fixture.arena, 1 << 22) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    json_free(f->document);
    json_free(f->answer);
    arena_free(f->arena);
    return 0;
}

static void parse(struct json **out, const char *text)
{
    json_free(*out);
    assert_int_equal(json_parse(span_text(text), out, NULL), STATUS_OK);
}

static void read_as(struct fixture *f, const char *text)
{
    struct json_problem problem = {0};

    parse(&f->document, text);
    assert_int_equal(object_read(f->document, f->arena, &f->object, &problem), STATUS_OK);
}

static void refused(struct fixture *f, const char *text, const char *pointer)
{
    struct json_problem problem = {0};

    parse(&f->document, text);
    assert_int_equal(object_read(f->document, f->arena, &f->object, &problem), STATUS_INVALID);
    assert_string_equal(problem.pointer, pointer);
    assert_int_not_equal(problem.detail[0], '\0');
}

static void body_is(struct fixture *f, const char *expected)
{
    struct buffer body;

    buffer_init(&body, 1 << 16);
    object_write_body(&f->object, f->answer, &body);
    assert_string_equal(buffer_cstring(&body), expected);
    buffer_release(&body);
}

static void a_document_is_of_the_kind_that_owns_its_members(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"region\":\"cn\",\"vendor\":\"dahan\",\"base_url\":\"http://x/v1\"}");
    assert_string_equal(f->object.kind->name, "vendor");
    assert_string_equal(f->object.id, "dahan");
    refused(f, "{\"name\":\"x\"}", "");
    refused(f, "{\"group\":\"Upstairs\"}", "/group");
    refused(f, "{\"layer\":\"groups\",\"settings\":{}}", "/layer");
    refused(f, "{\"vendor\":\"dahan\",\"key\":\"sk-secret\"}", "/key");
}

static void what_can_be_told_without_a_server_is_checked(void **state)
{
    struct fixture *f = *state;

    refused(f, "{\"group\":\"g\",\"filter\":\"labels.floor >\"}", "/filter");
    refused(f, "{\"group\":\"g\",\"priority\":\"high\"}", "/priority");
    refused(f, "{\"layer\":\"fleet\",\"settings\":{\"volume\":101}}", "/settings/volume");
    refused(f, "{\"layer\":\"fleet\",\"settings\":{\"loudness\":1}}", "/settings/loudness");
    refused(f, "{\"budget\":\"b\",\"at_most\":\"much\"}", "/at_most");
    refused(f, "{\"contract\":\"c\",\"vendor\":\"v\"}", "/currency");
}

static void equal_things_written_differently_are_no_change(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"budget\":\"b\",\"at_most\":200000,\"note\":null,"
               "\"thresholds\":[{\"at\":\"80%\",\"do\":[\"alert\"]}]}");
    parse(&f->answer, "{\"id\":\"b\",\"at_most\":\"200000.0\",\"note\":\"\",\"thresholds\":"
                      "[{\"at\":\"80%\",\"do\":[\"alert\"],\"shadow\":false,\"name\":null}]}");
    assert_int_equal(object_compare(&f->object, f->answer, f->changes), 0);
    read_as(f, "{\"group\":\"g\",\"filter\":\"labels.floor>6\"}");
    parse(&f->answer, "{\"id\":\"g\",\"name\":\"left as it is\",\"filter\":\"labels.floor > 6\"}");
    assert_int_equal(object_compare(&f->object, f->answer, f->changes), 0);
}

static void what_differs_is_named_and_what_cannot_change_is_marked(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"budget\":\"b\",\"per\":\"month\",\"at_most\":\"5\","
               "\"thresholds\":[{\"at\":\"80%\",\"do\":[\"alert\"]}]}");
    parse(&f->answer, "{\"id\":\"b\",\"per\":\"day\",\"at_most\":\"4\",\"thresholds\":"
                      "[{\"at\":\"80%\",\"do\":[\"alert\"],\"shadow\":true}]}");
    assert_int_equal(object_compare(&f->object, f->answer, f->changes), 3);
    assert_string_equal(f->changes[0].name, "at_most");
    assert_string_equal(f->changes[1].name, "per");
    assert_true(f->changes[1].is_fixed);
    assert_string_equal(f->changes[2].name, "thresholds");
    assert_false(f->changes[2].is_fixed);
}

static void a_layer_is_whole(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"layer\":\"fleet\",\"settings\":{\"volume\":40}}");
    parse(&f->answer, "{\"id\":\"fleet\",\"settings\":{\"volume\":40,\"persona\":\"old\"}}");
    assert_int_equal(object_compare(&f->object, f->answer, f->changes), 1);
    assert_string_equal(f->changes[0].name, "persona");
    assert_null(f->changes[0].to);
    body_is(f, "{\"settings\":{\"volume\":40}}");
}

static void a_body_makes_with_the_id_and_changes_without_what_stays(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"budget\":\"b\",\"scope\":\"fleet\",\"at_most\":7,\"note\":null}");
    body_is(f, "{\"id\":\"b\",\"scope\":\"fleet\",\"at_most\":\"7\"}");
    parse(&f->answer, "{\"id\":\"b\",\"scope\":\"fleet\",\"at_most\":\"6\"}");
    body_is(f, "{\"at_most\":\"7\",\"note\":null}");
}

static void a_region_keeps_what_its_document_leaves_out(void **state)
{
    struct fixture *f = *state;

    read_as(f, "{\"region\":\"cn\",\"note\":\"new\"}");
    parse(&f->answer, "{\"id\":\"cn\",\"name\":\"China\",\"note\":\"\",\"needs_filing\":true,"
                      "\"allows\":[\"sg\"]}");
    body_is(f, "{\"name\":\"China\",\"note\":\"new\",\"needs_filing\":true,\"allows\":[\"sg\"]}");
}

static void what_must_be_there_before_is_named(void **state)
{
    struct fixture *f = *state;
    const struct object_kind *kind;
    const char *id;

    read_as(f, "{\"layer\":\"group:high\",\"settings\":{}}");
    assert_true(object_refers(&f->object, &kind, &id));
    assert_string_equal(kind->name, "group");
    assert_string_equal(id, "high");
    read_as(f, "{\"budget\":\"b\",\"scope\":\"contract\",\"subject\":\"c\"}");
    assert_true(object_refers(&f->object, &kind, &id));
    assert_string_equal(kind->name, "contract");
    read_as(f, "{\"budget\":\"b\",\"scope\":\"fleet\"}");
    assert_false(object_refers(&f->object, &kind, &id));
}

static void an_address_is_escaped(void **state)
{
    struct buffer path;

    (void)state;
    buffer_init(&path, 256);
    object_write_path(object_kind_find("layer"), "group:high", NULL, &path);
    assert_string_equal(buffer_cstring(&path), "/api/v1/layers/group/high");
    buffer_clear(&path);
    object_write_path(object_kind_find("group"), "a/b", NULL, &path);
    assert_string_equal(buffer_cstring(&path), "/api/v1/groups/a%2Fb");
    buffer_release(&path);
}

static void what_has_a_number_for_an_address_is_found_by_its_name(void **state)
{
    struct fixture *f = *state;
    const struct object_kind *kind = object_kind_find("blackout");
    struct buffer path;

    parse(&f->answer, "{\"items\":[{\"id\":7,\"reason\":\"Spring festival\"}],\"next\":null}");
    assert_null(object_in_list(kind, f->answer, "spring"));
    const struct json *found = object_in_list(kind, f->answer, "Spring festival");
    assert_string_equal(object_id_of(kind, found), "Spring festival");
    buffer_init(&path, 256);
    object_write_path(kind, "Spring festival", found, &path);
    assert_string_equal(buffer_cstring(&path), "/api/v1/blackouts/7");
    buffer_release(&path);
}

static void a_time_is_the_same_in_every_zone_and_need_not_be_there_once_it_is_over(void **state)
{
    struct fixture *f = *state;
    const int64_t end_ms = 1771776000000; /* 2026-02-22T16:00:00Z */

    read_as(f, "{\"blackout\":\"x\",\"from\":\"2026-02-16T00:00:00+08:00\","
               "\"until\":\"2026-02-23T00:00:00+08:00\"}");
    parse(&f->answer, "{\"id\":1,\"reason\":\"x\",\"from\":\"2026-02-15T16:00:00.000Z\","
                      "\"until\":\"2026-02-22T16:00:00.000Z\"}");
    assert_int_equal(object_compare(&f->object, f->answer, f->changes), 0);
    assert_false(object_is_over(&f->object, end_ms - 1));
    assert_true(object_is_over(&f->object, end_ms));
    refused(f, "{\"blackout\":\"x\",\"from\":\"2026-02-16\"}", "/from");
}

static void a_secret_stands_in_no_document_and_in_no_difference(void **state)
{
    struct fixture *f = *state;

    refused(f, "{\"channel\":\"ops\",\"secret\":\"sixteen bytes...\"}", "/secret");
    refused(f, "{\"channel\":\"ops\",\"key_file\":\"k\"}", "/key_file");
    read_as(f, "{\"channel\":\"ops\",\"url\":\"smtp://mail.example\",\"secret_file\":\"s\"}");
    assert_string_equal(object_file_member(f->object.kind, "secret_file"), "secret");
    assert_null(object_file_member(f->object.kind, "kind"));
    assert_int_equal(object_compare(&f->object, NULL, f->changes), 0);
}

static void what_every_installation_has_is_not_taken_away(void **state)
{
    struct fixture *f = *state;

    parse(&f->answer, "{\"id\":\"viewer\",\"own\":false,\"version\":1}");
    assert_false(object_may_go(object_kind_find("role"), f->answer));
    parse(&f->answer, "{\"id\":\"desk\",\"own\":true,\"version\":1}");
    assert_true(object_may_go(object_kind_find("role"), f->answer));
    assert_false(object_may_go(object_kind_find("view"), f->answer));
}

static void every_kind_is_named_where_kinds_are_listed(void **state)
{
    size_t count;
    const struct object_kind *kind = object_kinds(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_non_null(strstr(OBJECT_KINDS_TEXT, kind[i].name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_document_is_of_the_kind_that_owns_its_members, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_can_be_told_without_a_server_is_checked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(equal_things_written_differently_are_no_change, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_differs_is_named_and_what_cannot_change_is_marked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_makes_with_the_id_and_changes_without_what_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_keeps_what_its_document_leaves_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_must_be_there_before_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_is_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_a_number_for_an_address_is_found_by_its_name,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_time_is_the_same_in_every_zone_and_need_not_be_there_once_it_is_over, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_secret_stands_in_no_document_and_in_no_difference, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_every_installation_has_is_not_taken_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_kind_is_named_where_kinds_are_listed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
