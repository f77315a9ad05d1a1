#include "server/ctl/assigned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/buffer.h"

/* What words become; what is none of them, as it is answered. */
static const char *written(const char *const *words, size_t count, const char *wanted)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    const char *bad = assigned_write_patch(&writer, words, count);
    assert_string_equal(buffer_cstring(&text), wanted);
    buffer_release(&text);
    return bad;
}

static void a_value_is_json_where_it_reads_as_json_and_a_text_otherwise(void **state)
{
    static const char *const words[] = {"volume=40", "persona=You are = brief", "routes=[]"};

    (void)state;
    assert_null(written(words, 3, "{\"volume\":40,\"persona\":\"You are = brief\",\"routes\":[]}"));
}

static void an_empty_value_takes_a_setting_out(void **state)
{
    static const char *const words[] = {"volume="};

    (void)state;
    assert_null(written(words, 1, "{\"volume\":null}"));
}

static void a_word_that_sets_nothing_is_named_and_the_object_still_ends(void **state)
{
    static const char *const words[] = {"volume=1", "louder", "persona=x"};

    (void)state;
    assert_string_equal(written(words, 3, "{\"volume\":1}"), "louder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_json_where_it_reads_as_json_and_a_text_otherwise),
        cmocka_unit_test(an_empty_value_takes_a_setting_out),
        cmocka_unit_test(a_word_that_sets_nothing_is_named_and_the_object_still_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
