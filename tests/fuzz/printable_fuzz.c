#include "tests/fuzz/fuzz.h"

#include "schema/base/json.h"
#include "server/ctl/printable.h"

/* No C0 but blanks and ends of lines, no DEL, no C1: U+0080 to U+009F, which UTF-8 begins with
 * 0xC2. */
static void check_text(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at != '\0'; at++) {
        FUZZ_CHECK((*at >= 0x20 && *at != 0x7f) || *at == '\n' || *at == '\t' ||
                   (at[0] == '\r' && at[1] == '\n'));
        FUZZ_CHECK(at[0] != 0xc2 || at[1] >= 0xa0);
    }
}

/* What mynactl prints comes from strangers' robots: no text of it tells a terminal anything. */
static void check(const struct json *json)
{
    const char *name;

    check_text(json_text(json, ""));
    for (size_t i = 0; i < json_count(json); i++) {
        if (json_type(json) == JSON_ARRAY) {
            check(json_item(json, i));
            continue;
        }
        check(json_member_at(json, i, &name));
        check_text(name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json = NULL;

    if (printable_parse(span_of(data, size), &json, NULL) == STATUS_OK)
        check(json);
    json_free(json);
    return 0;
}
