/* settings_page.c - prints docs/settings.md from the one table of settings */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/wire/setting.h"

static const char head[] = "# Settings\n"
                           "\n"
                           "What a layer of configuration may set: of the fleet, a group, or one "
                           "robot. `mynactl config set "
                           "fleet volume=30` sets\n"
                           "one, `mynactl config settings` prints this table from your server, "
                           "`mynactl why ROBOT SETTING` says "
                           "which layer gave a robot its\n"
                           "value and whether the robot took it.\n"
                           "\n"
                           "*At once*: a robot that is online runs it within a second or two. *At "
                           "a restart*: the robot keeps "
                           "it on its disk and answers\n"
                           "that it needs a restart; `mynactl device restart ROBOT` gives it one, "
                           "and so does the next start "
                           "of its own.\n"
                           "\n"
                           "| setting | takes | default | taken | what it does |\n"
                           "| --- | --- | --- | --- | --- |\n";

/* A bar would end a cell. */
static void print_choices(const char *choices)
{
    for (size_t size; *choices; choices += size + (choices[size] == '|')) {
        size = strcspn(choices, "|");
        printf("`%.*s`%s", (int)size, choices, choices[size] == '|' ? ", " : "");
    }
}

static void print_bounds(const struct setting_spec *spec)
{
    switch (spec->type) {
    case SETTING_TYPE_INT:
        printf("%" PRId64 " to %" PRId64 "%s%s", spec->min, spec->max, *spec->unit ? " " : "",
               spec->unit);
        break;
    case SETTING_TYPE_TEXT:
        if (spec->form)
            printf("%s", spec->form);
        else
            printf("text, at most %" PRId64 " bytes", spec->max);
        break;
    case SETTING_TYPE_CHOICE:
        print_choices(spec->choices);
        break;
    case SETTING_TYPE_ROUTES:
        printf("%" PRId64 " to %" PRId64 " routes", spec->min, spec->max);
        break;
    }
}

static void print_row(const struct setting_spec *spec)
{
    printf("| `%s` | ", spec->name);
    print_bounds(spec);
    if (!spec->fallback)
        printf(" | none");
    else if (strcmp(spec->fallback, "\"\"") == 0)
        printf(" | empty");
    else
        printf(" | `%s`", spec->fallback);
    printf(" | %s | %s |\n", spec->needs_restart ? "at a restart" : "at once", spec->help);
}

int main(void)
{
    size_t count;
    const struct setting_spec *table = setting_table(&count);

    fputs(head, stdout);
    for (size_t i = 0; i < count; i++)
        print_row(&table[i]);
    return 0;
}
