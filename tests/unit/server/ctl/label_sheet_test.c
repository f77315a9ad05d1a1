#include "server/ctl/label_sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct buffer page;

static int make(void **state)
{
    (void)state;
    buffer_init(&page, 1 << 20);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    buffer_release(&page);
    return 0;
}

static const char *write_in(const char *language, const char *answer)
{
    struct json *json;

    assert_int_equal(json_parse(span_text(answer), &json, NULL), STATUS_OK);
    buffer_clear(&page);
    label_sheet_write(&page, json, label_sheet_words(language));
    json_free(json);
    assert_int_equal(buffer_status(&page), STATUS_OK);
    return buffer_cstring(&page);
}

static const char *write(const char *answer)
{
    return write_in("en", answer);
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

static void a_label_has_serial_number_code_address_and_picture(void **state)
{
    const char *html = write("{\"device_url\":\"https://x:1\",\"items\":[{\"serial\":\"A1\","
                             "\"code\":\"abc-def\",\"qr\":[\"110\",\"001\",\"101\"]}]}");

    (void)state;
    assert_non_null(
        strstr(html, "<b>A1</b><i>Claim code</i><code>abc-def</code><small>https://x:1</small>"));
    assert_non_null(strstr(html, "viewBox=\"0 0 11 11\""));
    assert_non_null(strstr(html, "d=\"M4 4h2v1h-2zM6 5h1v1h-1zM4 6h1v1h-1zM6 6h1v1h-1z\""));
}

static void labels_speak_the_language_of_who_reads_them(void **state)
{
    const char *html = write_in("zh", "{\"items\":[{\"serial\":\"A1\",\"code\":\"c\",\"qr\":[]}]}");

    (void)state;
    assert_non_null(strstr(html, "<html lang=\"zh\">"));
    assert_non_null(strstr(html, "<b>A1</b><i>认领码</i><code>c</code>"));
    assert_null(strstr(html, "Claim code"));
    assert_null(label_sheet_words("fr"));
}

static void a_serial_number_cannot_write_into_the_page(void **state)
{
    const char *html = write("{\"items\":[{\"serial\":\"<b>&\\\"'\",\"code\":\"c\",\"qr\":[]}]}");

    (void)state;
    assert_non_null(strstr(html, "<b>&#60;b&#62;&#38;&#34;&#39;</b>"));
}

static void the_twenty_fifth_label_begins_another_page(void **state)
{
    struct buffer answer;

    (void)state;
    buffer_init(&answer, 1 << 16);
    for (size_t i = 0; i < 25; i++) {
        if (i == 24) {
            buffer_text(&answer, "]}");
            assert_int_equal(times(write(buffer_cstring(&answer)), "<section>"), 1);
            buffer_cut(&answer, buffer_span(&answer).size - 2);
        }
        buffer_text(&answer, i == 0 ? "{\"items\":[{}" : ",{}");
    }
    buffer_text(&answer, "]}");
    const char *html = write(buffer_cstring(&answer));
    assert_int_equal(times(html, "<section>"), 2);
    assert_int_equal(times(html, "</section>"), 2);
    assert_int_equal(times(html, "<div>"), 25);
    buffer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_label_has_serial_number_code_address_and_picture, make,
                                        drop),
        cmocka_unit_test_setup_teardown(labels_speak_the_language_of_who_reads_them, make, drop),
        cmocka_unit_test_setup_teardown(a_serial_number_cannot_write_into_the_page, make, drop),
        cmocka_unit_test_setup_teardown(the_twenty_fifth_label_begins_another_page, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
