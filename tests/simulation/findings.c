#include "tests/simulation/findings.h"

#include <stdarg.h>
#include <stdio.h>

void findings_add(struct findings *findings, const char *format, ...)
{
    va_list arguments;

    if (findings->count < FINDINGS_KEPT) {
        char *text = findings->texts[findings->count];

        va_start(arguments, format);
        vsnprintf(text, sizeof findings->texts[0], format, arguments);
        va_end(arguments);
    }
    findings->count++;
}

void findings_print(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count && i < FINDINGS_KEPT; i++)
        fprintf(stderr, "    %s\n", findings->texts[i]);
    if (findings->count > FINDINGS_KEPT)
        fprintf(stderr, "    and %zu more\n", findings->count - FINDINGS_KEPT);
}
