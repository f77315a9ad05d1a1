#include "agent/label.h"

#include <stdio.h>

#define DOT "·"

/* What an owner must know of the microphone. */
static void write_ear(const struct label_parts *parts, char *out, size_t out_size)
{
    out[0] = 0;
    if (parts->is_muted)
        snprintf(out, out_size, "%s", parts->chinese ? "已静音" : "ear muted");
    else if (parts->needs_button)
        snprintf(out, out_size, "%s", parts->chinese ? "请按键说话" : "press to talk");
    else if (parts->wake_phrase[0])
        snprintf(out, out_size, parts->chinese ? "请说“%s”" : "say \"%s\"", parts->wake_phrase);
}

void label_write(const struct label_parts *parts, char *out, size_t out_size)
{
    char code[TROUBLE_CODE_SIZE], ear[64];
    const char *const more[] = {code, parts->limit, ear, parts->mark};
    size_t size = 0;

    trouble_code(parts->trouble, code);
    write_ear(parts, ear, sizeof ear);
    int added = snprintf(out, out_size, "%s", parts->device_id);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        size += added > 0 ? (size_t)added : 0;
        added = 0;
        if (more[i][0] && size < out_size)
            added = snprintf(out + size, out_size - size, " " DOT " %s", more[i]);
    }
}
