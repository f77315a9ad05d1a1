/* settings.h - the demo vendor's options */
#ifndef TESTS_VENDORS_SETTINGS_H
#define TESTS_VENDORS_SETTINGS_H

#include "schema/base/option.h"

/* Texts that are not owned live as long as the process. */
struct settings {
    const char *listen;
    int64_t port;
    const char *keys;   /* path; may be NULL */
    const char *key;    /* keys between commas */
    const char *models; /* names between commas */
    const char *sentences;
    const char *voice;  /* program that speaks for /v1/audio/speech */
    const char *ledger; /* path; may be NULL */
    const char *fault;  /* as conditions_set_list() takes it */
    int64_t seed;
    bool help;
    char *owned[2]; /* private */
};

/* --key and --fault may come several times, and all of them count. STATUS_INVALID, STATUS_MEMORY:
 * problem says why. The caller releases *out with settings_release(). */
MUST_CHECK enum status settings_parse(int argc, char **argv, struct settings *out,
                                      char problem[256]);

void settings_release(struct settings *settings);

void settings_print_help(FILE *out);

#endif
