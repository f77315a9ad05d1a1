/* care.h - that a robot is a measured companion: its notice, quiet hours, daily minutes, breaks
 *
 * What must survive a restart is in one small file, replaced atomically:
 * {"noticed":true,"day":20779,"used_ms":61000}. Days and hours are those of the setting zone, or
 * without one of the robot's own system. A clock that is set back by up to two days gives no
 * minutes back; one that is set back further (it was wrong before) keeps what was used and counts
 * by the new day.
 *
 * Not thread-safe: the chat thread's own. Moments come in by argument.
 */
#ifndef AGENT_CARE_H
#define AGENT_CARE_H

#include <limits.h>

#include "agent/chat/excuse.h"
#include "schema/base/span.h"

#define CARE_FILE_NAME "care" /* in the state folder */

/* Fields are private. */
struct care {
    char path[PATH_MAX];
    bool noticed;    /* the owner was told that this is a machine */
    int64_t day;     /* local, since 1970-01-01 */
    int64_t used_ms; /* of that day */
    /* the talk under way, monotonic; 0: none */
    int64_t started_ms;
    int64_t ended_ms;
};

/* As the settings of these names say. Borrowed. */
struct care_rules {
    const char *quiet_hours;
    const char *zone;
    int64_t daily_minutes;      /* 0: as many as they like */
    int64_t break_reminder_min; /* 0: never */
};

/* How far the day of this setting zone is from UTC at that time; of none: the system's own zone,
 * which knows of daylight saving. */
int care_utc_offset_min(const char *zone, int64_t wall_ms);

/* A missing file is a robot that nobody has talked with. STATUS_CORRUPT, STATUS_IO: the same, as
 * nothing can be read; STATUS_INVALID: path is too long, care must not be used. */
MUST_CHECK enum status care_load(struct care *care, const char *path);

/* Why nobody is asked now: EXCUSE_QUIET, EXCUSE_ENOUGH or EXCUSE_NONE. */
enum excuse care_refusal(struct care *care, const struct care_rules *rules, int64_t wall_ms);

/* The robot talked so long until now. On disk when STATUS_OK; it counts in any case. */
MUST_CHECK enum status care_note(struct care *care, const struct care_rules *rules, int64_t wall_ms,
                                 int64_t mono_ms, int64_t duration_ms);

/* Whether people have talked so long without a pause that a break should be proposed. Once true it
 * is so again only after as long a time. */
bool care_wants_break(struct care *care, const struct care_rules *rules, int64_t mono_ms);

/* What the owner hears before the first answer; static, empty when they were told. */
const char *care_notice(const struct care *care, bool chinese);

/* The notice was heard. On disk when STATUS_OK. */
MUST_CHECK enum status care_noticed(struct care *care);

/* Another owner: the notice is due again. On disk when STATUS_OK. */
MUST_CHECK enum status care_forget(struct care *care);

/* "Shall we take a break?"; static. */
const char *care_break_text(bool chinese);

#endif
