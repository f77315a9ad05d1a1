/* bounds.h - the options that say how far a role or an API key goes, as the API takes it */
#ifndef SERVER_CTL_BOUNDS_H
#define SERVER_CTL_BOUNDS_H

#include "schema/base/json.h"
#include "server/ctl/args.h"

/* What --groups and --vendors are for in both. */
#define BOUNDS_OPTIONS                                                                             \
    "groups=GROUP,...(robots of these alone, as lab,shop; all: of any) "                           \
    "vendors=VENDOR,...(these alone; all: any) "

/* The members may, by the option areas, groups and vendors, of those that were given. An area named
 * "all" stands for each that is not named. STATUS_INVALID: areas is not written like
 * devices=operator,vendors=viewer. */
MUST_CHECK enum status bounds_write(struct json_writer *writer, const struct args *args,
                                    const char *areas);

/* Whether any of them was given. */
bool bounds_given(const struct args *args, const char *areas);

#endif
