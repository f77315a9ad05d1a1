#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "schema/base/option.h"

struct target {
    const char *text, *choice;
    int64_t number;
    bool flag;
};

static const struct option_spec specs[] = {
    {.name = "text", .type = OPTION_TEXT, .offset = offsetof(struct target, text), .help = "h"},
    {.name = "choice",
     .type = OPTION_CHOICE,
     .choices = "auto|window|headless",
     .offset = offsetof(struct target, choice),
     .help = "h"},
    {.name = "number",
     .type = OPTION_INT,
     .min = -3,
     .max = 1000,
     .offset = offsetof(struct target, number),
     .help = "h"},
    {.name = "flag", .type = OPTION_FLAG, .offset = offsetof(struct target, flag), .help = "h"},
};

/* A configuration file of whatever bytes: what it sets keeps to the table. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct option_table table = {
        .program = "fuzz", .specs = specs, .count = sizeof specs / sizeof *specs};
    char problem[256] = "", *text = malloc(size + 1);
    struct target target = {0};

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (option_set_lines(&table, "fuzz.conf", text, &target, problem) != STATUS_OK)
        FUZZ_CHECK(strncmp(problem, "fuzz.conf:", 10) == 0 && strlen(problem) < sizeof problem);
    FUZZ_CHECK(target.number >= -3 && target.number <= 1000);
    FUZZ_CHECK(target.choice == NULL ||
               span_is_choice(span_text(target.choice), "auto|window|headless"));
    FUZZ_CHECK(target.text == NULL || (target.text >= text && target.text <= text + size));
    free(text);
    return 0;
}
