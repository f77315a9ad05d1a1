#include "server/ctl/colour.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "schema/base/span.h"

static bool is_coloured(FILE *out)
{
    const char *refused = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(out)) && !(refused && *refused) && !(term && strcmp(term, "dumb") == 0);
}

const char *colour_begin(FILE *out, enum colour colour)
{
    static const char *const codes[] = {
        [COLOUR_NONE] = "",        [COLOUR_BOLD] = "\033[1m",   [COLOUR_DIM] = "\033[2m",
        [COLOUR_RED] = "\033[31m", [COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m",
    };

    return is_coloured(out) ? codes[colour] : "";
}

const char *colour_end(FILE *out)
{
    return is_coloured(out) ? "\033[0m" : "";
}

int colour_columns(FILE *out)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    int64_t number;

    if (!isatty(fileno(out)))
        return 0;
    if (columns && span_to_int64(span_text(columns), &number) == STATUS_OK && number > 0 &&
        number < 10000)
        return (int)number;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

enum colour colour_of(const char *word)
{
    static const struct {
        const char *words;
        enum colour colour;
    } meanings[] = {
        {"critical|offline|revoked|failed|refused|red|quarantined|aborted|unreachable|over|block",
         COLOUR_RED},
        {"warning|behind|paused|waiting|throttled|expired|rolling_back|due", COLOUR_YELLOW},
        {"online|active|done|completed|confirmed|green|applied|resolved|settled", COLOUR_GREEN},
    };

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (span_is_choice(span_text(word), meanings[i].words))
            return meanings[i].colour;
    return COLOUR_NONE;
}
