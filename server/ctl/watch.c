#include "server/ctl/watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define PERIOD_MS  2000
#define TEXT_BYTES (1 << 16) /* a picture that is drawn at once */

/* What looks and changes nothing, whatever it is given. */
static const struct {
    const char *noun;
    const char *verbs;
} shows[] = {
    {NULL, "get|doctor|codes|me|fleet|usage|whatif|why"},
    {"alert", "list|get"},
    {"apikey", "list"},
    {"attempt", "list"},
    {"audit", "list|verify"},
    {"blackout", "list"},
    {"budget", "list|get"},
    {"channel", "list|get"},
    {"claim", "list"},
    {"config", "settings|layers|get|history|diff"},
    {"context", "list"},
    {"contract", "list|get|history|diff|burndown|active|check|rate|periods"},
    {"credit", "burn|share|reserve"},
    {"delivery", "list"},
    {"device", "list|get|effective|usage|timeline|bundles|commands|plan|health|transfers"},
    {"group", "list|preview|devices"},
    {"import", "list"},
    {"invoice", "list|get"},
    {"job", "list|get|robots"},
    {"key", "list|robots"},
    {"manifest", "verify"},
    {"me", "keys"},
    {"pairing", "list"},
    {"pool", "list|holders"},
    {"region", "list"},
    {"retention", "list"},
    {"role", "list"},
    {"rollout", "list|get|preflight|devices|history"},
    {"second-factor", "show"},
    {"statement", "bill|list|get"},
    {"threshold", "list"},
    {"user", "list"},
    {"vendor", "drains|list|get|pack|dialects|health"},
    {"view", "list"},
};

/* What shows unless one of these options is given. */
static const struct {
    const char *noun;
    const char *verb;
    const char *deeds;
} may_do[] = {
    {"vendor", "key", "next-file|switch|finish|drop-next"},
};

static bool is_of(const struct ctl_verb *verb, const char *noun)
{
    return noun == NULL || verb->noun == NULL ? noun == verb->noun : strcmp(noun, verb->noun) == 0;
}

bool watch_can(const struct ctl_verb *verb, const struct args *args)
{
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++)
        if (is_of(verb, shows[i].noun) && span_is_choice(span_text(verb->verb), shows[i].verbs))
            return true;
    for (size_t i = 0; i < sizeof may_do / sizeof *may_do; i++) {
        bool does = !is_of(verb, may_do[i].noun) || strcmp(verb->verb, may_do[i].verb) != 0;

        for (size_t n = 0; n < args->options && !does; n++)
            does = span_is_choice(span_text(args->option_names[n]), may_do[i].deeds);
        if (!does)
            return true;
    }
    return false;
}

/* At a terminal the picture is drawn again in its place; elsewhere one follows the other. */
int watch_run(struct ctl *ctl)
{
    const struct ctl_verb *verb = ctl->verb;
    const bool at_terminal = isatty(STDOUT_FILENO);
    int result;

    if (!watch_can(verb, &ctl->args))
        return ctl_misuse("\"%s%s%s\" cannot be watched: --watch is for what only shows",
                          verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->verb);
    setvbuf(stdout, NULL, _IOFBF, TEXT_BYTES);
    do {
        char now[CLOCK_TEXT_SIZE];

        clock_format(clock_wall_ms(), now);
        if (at_terminal)
            printf("\033[H\033[J%s, every %d s\n", now, PERIOD_MS / 1000);
        result = verb->run(ctl);
        if (fflush(stdout) != 0)
            return CTL_DONE; /* nobody reads any more */
        clock_sleep_ms(PERIOD_MS);
    } while (result == CTL_DONE || result == CTL_UNREACHABLE);
    return result;
}
