/* setting.h - the one table of settings that server, device, dashboard and docs share
 *
 * name               type    bounds           what it does
 * routes             routes  1..8             who answers, in this order: {vendor, model,
 *                                             contract};
 *                                             use "speech" makes the voice, "transcription" hears,
 *                                             voice names who speaks; without, use is "chat"
 * persona            text    0..1500 bytes    system prompt of the conversation
 * language           choice  auto|en|zh       language spoken when the text leaves it unclear
 * volume             int     0..100 %         loudness of the voice
 * voice_rate_wpm     int     120..260         speed of speech, words per minute
 * voice_pitch        int     0..100           pitch of the voice
 * max_output_tokens  int     16..4096         longest answer asked of a vendor
 * history_turns      int     0..20            turns remembered in a conversation
 * history_tokens     int     0..16000         what former turns may add to a question, about
 * history_hours      int     0..168 h         age up to which a turn outlives a restart; 0: none is
 *                                             kept on disk
 * report_interval_s  int     10..3600 s       heartbeat period
 * screen_mark        text    0..24 bytes      short label in the screen's corner
 * avatar             text    0..32 bytes      who is on the screen, by name; empty is the built-in
 * turns_per_minute   int     0..60            questions asked of vendors, evenly spaced;
 *                                             0: no limit
 * limit_mode         choice  none|throttled|fallback|canned|blocked
 *                                             what is shown and said about limits; canned and
 *                                             blocked ask no vendor
 * limit_text         text    0..200 bytes     said at a limit instead of the standard words
 * canned_persona     text    0..500 bytes     the answer to everything in limit_mode canned
 * audience           choice  child|adult|off  for whom questions and answers are held back
 * crisis_text        text    0..500 bytes     said to somebody who speaks of hurting themself
 * quiet_hours        text    22:00-07:00      when nobody is asked; empty: never
 * zone               text    +08:00           of quiet_hours and days; empty: the robot's own
 * daily_minutes      int     0..1440 min      how long a day people may talk; 0: no limit
 * break_reminder_min int     0..240 min       talk after which a break is proposed; 0: never
 * ear_mode           choice  off|button|wake  how the robot may be addressed by voice: no further
 *                                             than its owner allows at the robot
 * wake_phrase        choice  see the table    what is said before a question in ear_mode wake
 *
 * All take effect live. No I/O; thread-safe.
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
    bool needs_restart;
    const char *help; /* one line */
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
