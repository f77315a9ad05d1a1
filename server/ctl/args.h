/* args.h - what was typed after "mynactl NOUN VERB": options with values, and the rest
 *
 * Borrows argv. Plain data.
 */
#ifndef SERVER_CTL_ARGS_H
#define SERVER_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

#define ARGS_MAX 64

struct args {
    const char *option_names[ARGS_MAX];
    const char *option_values[ARGS_MAX];
    size_t options;
    const char *words[ARGS_MAX];
    size_t count;
};

/* One option of a verb. Borrowed. */
struct args_allowed {
    struct span name;
    bool is_flag; /* takes no value */
    bool is_required;
    struct span value; /* what its value is called: "FILE" */
    struct span note;  /* for people: its values, its default */
};

/* Takes the next option off *allowed, a list of names separated by blanks: "at-most=AMOUNT*(a
 * number) zone dry-run!". Behind a name may stand = and what its value is called, VALUE unless
 * told; then * where the option is required, or ! where it takes no value; then a note in
 * parentheses, which has none inside. False: none is left. */
bool args_next(const char **allowed, struct args_allowed *out);

/* Each option that is allowed takes a value, as "--name VALUE" or "--name=VALUE", but for flags.
 * "-f" is read as "--file". STATUS_INVALID: problem says what is wrong in one line. */
MUST_CHECK enum status args_parse(struct args *args, const char *allowed, int argc, char **argv,
                                  char problem[160]);

/* The option's value; fallback when it was not given. */
const char *args_option(const struct args *args, const char *name, const char *fallback);

/* Whether an option without a value was given. */
bool args_flag(const struct args *args, const char *name);

/* "90m", "4h", "7d". False: text is no such thing. */
bool args_duration(const char *text, int64_t *out_ms);

#endif
