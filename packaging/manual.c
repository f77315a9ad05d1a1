/* manual.c - writes mynactl's manual pages at build time: manual VERSION TEMPLATE FOLDER
 *
 * FOLDER/mynactl.1 is the template with what the tables say in place of its line .\" WORDS, and
 * FOLDER/mynactl-WORD.1 is the page of each word. All have the template's date.
 */
#include <stdio.h>
#include <string.h>

#include "server/ctl/manual.h"

#define PATH_BYTES 4096
#define LINE_BYTES 1024

/* The template's lines; gives its date, ".Dd November 22, 2026". */
static void write_overview(FILE *template, FILE *out, char date[64])
{
    char line[LINE_BYTES];

    while (fgets(line, sizeof line, template)) {
        if (strncmp(line, ".Dd ", 4) == 0)
            snprintf(date, 64, "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
        if (strcmp(line, ".\\\" WORDS\n") == 0)
            manual_write_words(out);
        else
            fputs(line, out);
    }
}

static FILE *open_page(const char *folder, const char *dash, const char *word)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/mynactl%s%s.1", folder, dash, word);
    FILE *out = fopen(path, "w");
    if (!out)
        perror(path);
    return out;
}

int main(int argc, char **argv)
{
    char date[64] = "";
    size_t count;
    const struct noun *nouns = noun_all(&count);
    FILE *template = argc == 4 ? fopen(argv[2], "r") : NULL;
    FILE *out = template ? open_page(argv[3], "", "") : NULL;
    int result = out == NULL;

    if (out) {
        write_overview(template, out, date);
        result = fclose(out) != 0;
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        out = open_page(argv[3], "-", nouns[i].word);
        if (out)
            manual_write_word(out, &nouns[i], argv[1], date);
        result = out == NULL || fclose(out) != 0;
    }
    if (template)
        fclose(template);
    return result;
}
