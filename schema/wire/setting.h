/* setting.h - the one table of settings that server, device, dashboard and docs share
 *
 * docs/settings.md lists them, as lint_settings checks. Most take effect live; those that
 * needs_restart marks are of what a robot opens once, and it runs by what they said when it
 * started. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_SETTING_H
#define SCHEMA_WIRE_SETTING_H

#include "schema/base/json.h"
#include "schema/wire/limits.h"

enum setting_type { SETTING_TYPE_INT, SETTING_TYPE_TEXT, SETTING_TYPE_CHOICE, SETTING_TYPE_ROUTES };

struct setting_spec {
    const char *name;
    enum setting_type type;
    int64_t min, max;               /* int: value; text: bytes; routes: count */
    const char *choices;            /* "auto|en|zh" */
    const char *unit;               /* "%", "s", "" */
    const char *form;               /* text: what it must look like, in words; NULL: as you like */
    bool (*fits)(struct span text); /* with form */
    const char *fallback; /* JSON; what holds when no layer sets it; NULL: nothing (routes) */
    bool needs_restart;   /* taken when the robot's program starts; until then it answers so */
    const char *help;     /* one line */
};

/* The table; *count rows. */
const struct setting_spec *setting_table(size_t *count);

/* NULL when there is no such setting. */
const struct setting_spec *setting_find(struct span name);

/* Whether value fits spec's type and bounds, and as compact JSON (json_dump) a message.
 * STATUS_INVALID: reason says why and what would fit. */
MUST_CHECK enum status setting_check(const struct setting_spec *spec, const struct json *value,
                                     char reason[LIMIT_REASON + 1]);

#endif
