#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/web/web.h"

#define PATH_BYTES 256

static void a_file_is_found_by_its_name(void **state)
{
    const struct web_file *file = web_find("/app.js");

    (void)state;
    assert_non_null(file);
    assert_string_equal(file->type, "text/javascript; charset=utf-8");
    assert_true(span_starts_with(file->data, "// app.js - "));
    assert_int_equal(file->etag[0], '"');
    assert_string_not_equal(file->etag, web_find("/app.css")->etag);
}

static void a_page_of_the_dashboard_is_answered_by_the_index(void **state)
{
    static const char *const pages[] = {"/", "/fleet", "/robots/myna-1", "/contracts/dahan-2026"};

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        assert_string_equal(web_find(pages[i])->path, "/index.html");
}

static void a_file_that_does_not_exist_is_not_answered_by_the_index(void **state)
{
    (void)state;
    assert_null(web_find("/missing.js"));
    assert_null(web_find("/lib/preact.mjs"));
    assert_null(web_find("app.js"));
}

static void compressing_made_every_script_smaller(void **state)
{
    (void)state;
    for (const struct web_file *file = web_files; file->path != NULL; file++) {
        if (strstr(file->path, ".js") != NULL)
            assert_in_range(file->gzip.size, 1, file->data.size);
    }
}

/* "/pages/robot/face.js" and "../../dom.js" make "/dom.js". */
static void resolve(const char *from, const char *name, size_t name_size, char out[PATH_BYTES])
{
    size_t folder = (size_t)(strrchr(from, '/') - from);

    for (;;) {
        if (name_size > 2 && strncmp(name, "./", 2) == 0) {
            name += 2;
            name_size -= 2;
        } else if (name_size > 3 && strncmp(name, "../", 3) == 0) {
            assert_true(folder > 0);
            do {
                folder--;
            } while (from[folder] != '/');
            name += 3;
            name_size -= 3;
        } else {
            break;
        }
    }
    snprintf(out, PATH_BYTES, "%.*s/%.*s", (int)folder, from, (int)name_size, name);
}

/* The module that follows the word, as `from "./x.js"` and `import("./x.js")` name it. */
static void check_imports_by(const struct web_file *file, const char *text, const char *word)
{
    char path[PATH_BYTES];

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        const char *quote = at + strlen(word);

        quote += *quote == ' ';
        if (*quote != '"' || quote[1] != '.')
            continue;
        resolve(file->path, quote + 1, strcspn(quote + 1, "\""), path);
        if (web_find(path) == NULL)
            fail_msg("%s imports %s, which is not built in", file->path, path);
    }
}

/* A browser loads modules by name at run time: one that was not built in breaks the page. */
static void check_imports(const struct web_file *file, const char *text)
{
    check_imports_by(file, text, "from");
    check_imports_by(file, text, "import(");
    assert_null(strstr(text, "from\"preact\""));
}

static void every_module_that_a_module_imports_is_built_in(void **state)
{
    static char text[1 << 20];

    (void)state;
    for (const struct web_file *file = web_files; file->path != NULL; file++) {
        if (strstr(file->path, ".js") == NULL)
            continue;
        assert_int_equal(span_to_text(file->data, text, sizeof text), STATUS_OK);
        check_imports(file, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_found_by_its_name),
        cmocka_unit_test(a_page_of_the_dashboard_is_answered_by_the_index),
        cmocka_unit_test(a_file_that_does_not_exist_is_not_answered_by_the_index),
        cmocka_unit_test(compressing_made_every_script_smaller),
        cmocka_unit_test(every_module_that_a_module_imports_is_built_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
