#include "server/ctl/rollout_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define VERDICT(colour)                                                                            \
    "{\"id\":\"switch\",\"state\":\"running\",\"waves\":[{\"wave\":1,\"share\":\"1%\","            \
    "\"planned\":5,\"state\":\"open\",\"counts\":{},\"verdict\":{\"colour\":\"" colour             \
    "\",\"words\":\"first token: +30.0 %\",\"metrics\":[{\"metric\":\"first_token\",\"colour\":"   \
    "\"red\",\"words\":\"+30.0 %\"},{\"metric\":\"first_audio\",\"colour\":\"off\",\"words\":"     \
    "\"nothing of it\"}]}}]}"

static char *printed(const char *document)
{
    struct json *json;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(json_parse(span_text(document), &json, NULL), STATUS_OK);
    rollout_print(out, json, 0);
    fclose(out);
    json_free(json);
    return text;
}

static void a_gate_that_is_not_green_shows_its_numbers(void **state)
{
    char *text = printed(VERDICT("red"));

    (void)state;
    assert_non_null(strstr(text, "       first token: +30.0 %\n"));
    assert_non_null(strstr(text, "         first_token        red    +30.0 %\n"));
    assert_null(strstr(text, "first_audio"));
    free(text);
}

static void a_green_gate_is_one_sentence(void **state)
{
    char *text = printed(VERDICT("green"));

    (void)state;
    assert_non_null(strstr(text, "       first token: +30.0 %\n"));
    assert_null(strstr(text, "first_token"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_that_is_not_green_shows_its_numbers),
        cmocka_unit_test(a_green_gate_is_one_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
