/* settings.h - the options of myna-robots */
#ifndef TESTS_ROBOTS_SETTINGS_H
#define TESTS_ROBOTS_SETTINGS_H

#include <stdbool.h>

#include "schema/base/option.h"
#include "schema/wire/limits.h"

#define SETTINGS_PATIENCE_MAX 8

/* How often owners interrupt what one vendor answers. */
struct settings_patience {
    char vendor[LIMIT_SLUG + 1];
    unsigned interrupt_percent;
};

/* Texts live as long as the process. */
struct settings {
    int64_t robots;
    int64_t first;        /* number of the first robot, from 1 on */
    int64_t starts_per_s; /* connections begun at the start */
    const char *enrol_url;
    const char *claim;
    const char *state_dir;
    const char *id_prefix;
    const char *talk_rate_text;
    double talk_rate; /* turns per robot and minute */
    int64_t think_ms;
    int64_t interrupts;
    const char *interrupts_of_text;
    struct settings_patience patience[SETTINGS_PATIENCE_MAX]; /* of whom --interrupts is not */
    size_t patience_count;
    int64_t disconnects;
    int64_t clock_skew_s;
    const char *utc_offset_text;
    bool has_utc_offset;
    int utc_offset_min;
    int64_t seed;
    int64_t seconds;
    bool help;
};

/* STATUS_INVALID: problem says why. */
MUST_CHECK enum status settings_parse(int argc, char **argv, struct settings *out,
                                      char problem[256]);

void settings_print_help(FILE *out);

#endif
