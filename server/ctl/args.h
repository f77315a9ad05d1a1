/* args.h - what was typed after "mynactl NOUN VERB": options with values, and the rest
 *
 * Borrows argv. Plain data.
 */
#ifndef SERVER_CTL_ARGS_H
#define SERVER_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define ARGS_MAX 64

struct args {
    const char *option_names[ARGS_MAX];
    const char *option_values[ARGS_MAX];
    size_t options;
    const char *words[ARGS_MAX];
    size_t count;
};

/* allowed lists the option names, separated by spaces ("name priority dry-run!"); each takes a
 * value, as "--name VALUE" or "--name=VALUE", but for those that end with "!". "-f" is read as
 * "--file". STATUS_INVALID: problem says what is wrong in one line. */
MUST_CHECK enum status args_parse(struct args *args, const char *allowed, int argc, char **argv,
                                  char problem[160]);

/* The option's value; fallback when it was not given. */
const char *args_option(const struct args *args, const char *name, const char *fallback);

/* Whether an option without a value was given. */
bool args_flag(const struct args *args, const char *name);

#endif
