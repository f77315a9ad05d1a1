/* setting.h - the one table of settings that server, device, dashboard and docs share
 *
 * name               type    bounds                   takes effect  what it does
 * routes             routes  1..8 of {vendor, model, contract}  live  who answers, in this order
 * persona            text    0..1500 bytes            live          system prompt of the conversation
 * language           choice  auto|en|zh               live          language spoken when unclear
 * volume             int     0..100 percent           live          loudness of the voice
 * voice_rate_wpm     int     120..260                 live          speed of speech, words per minute
 * voice_pitch        int     0..100                   live          pitch of the voice
 * max_output_tokens  int     16..4096                 live          longest answer asked of a vendor
 * history_turns      int     0..20                    live          turns remembered in a conversation
 * report_interval_s  int     10..3600 s               live          heartbeat period
 * screen_mark        text    0..24 bytes              live          short label in the screen's corner
 * No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_SETTING_H
#define SCHEMA_WIRE_SETTING_H

#include "schema/base/json.h"
#include "schema/wire/limits.h"

enum setting_type { SETTING_TYPE_INT, SETTING_TYPE_TEXT, SETTING_TYPE_CHOICE, SETTING_TYPE_ROUTES };

struct setting_spec {
    const char *name;
    enum setting_type type;
    int64_t min, max;     /* int: value; text: bytes; routes: count */
    const char *choices;  /* "auto|en|zh" */
    const char *unit;     /* "%", "s", "" */
    const char *fallback; /* JSON; what holds when no layer sets it; NULL: nothing (routes) */
    bool needs_restart;
    const char *help;     /* one line */
};

/* The table; *count rows. */
const struct setting_spec *setting_table(size_t *count);

/* NULL when there is no such setting. */
const struct setting_spec *setting_find(struct span name);

/* Whether value fits spec's type and bounds. STATUS_INVALID: reason says why and what would fit. */
MUST_CHECK enum status setting_check(const struct setting_spec *spec, const struct json *value,
                                     char reason[LIMIT_REASON + 1]);

#endif
