#include "server/ctl/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/buffer.h"

static struct json *labels;

static int set_up(void **state)
{
    (void)state;
    return json_parse(span_text("{\"floor\":\"6\",\"room\":\"hall\"}"), &labels, NULL) != STATUS_OK;
}

static int tear_down(void **state)
{
    (void)state;
    json_free(labels);
    return 0;
}

static void assert_written(const char *const *changes, size_t count, const char *wanted)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    labels_write(&writer, labels, changes, count);
    assert_string_equal(buffer_cstring(&text), wanted);
    buffer_release(&text);
}

static void other_labels_stay_and_an_empty_value_takes_one_away(void **state)
{
    static const char *const changes[] = {"floor=", "desk=a=b"};

    (void)state;
    assert_written(changes, 2, "{\"room\":\"hall\",\"desk\":\"a=b\"}");
}

static void the_last_change_of_a_label_counts(void **state)
{
    static const char *const changes[] = {"floor=7", "floor=8"};

    (void)state;
    assert_written(changes, 2, "{\"room\":\"hall\",\"floor\":\"8\"}");
}

static void changes_are_written_alone_with_the_empty_ones(void **state)
{
    static const char *const changes[] = {"floor=7", "loan=", "floor=8"};
    struct json_writer writer;
    struct buffer out;

    (void)state;
    buffer_init(&out, 256);
    json_writer_init(&writer, &out);
    labels_write_changes(&writer, changes, 3);
    assert_string_equal(buffer_cstring(&out), "{\"loan\":\"\",\"floor\":\"8\"}");
    buffer_release(&out);
}

static void what_is_not_name_and_value_is_told(void **state)
{
    char name[LABELS_NAME];
    const char *value;

    (void)state;
    assert_true(labels_split("floor=7", name, &value));
    assert_string_equal(name, "floor");
    assert_string_equal(value, "7");
    assert_false(labels_split("floor", name, &value));
    assert_false(labels_split("=7", name, &value));
    assert_false(labels_split("a123456789a123456789a123456789a123456789a123456789a123456789a123=1",
                              name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_labels_stay_and_an_empty_value_takes_one_away),
        cmocka_unit_test(the_last_change_of_a_label_counts),
        cmocka_unit_test(changes_are_written_alone_with_the_empty_ones),
        cmocka_unit_test(what_is_not_name_and_value_is_told),
    };

    return cmocka_run_group_tests_name("server/ctl/labels", tests, set_up, tear_down);
}
