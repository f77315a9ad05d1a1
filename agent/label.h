/* label.h - the line at the top of the robot's screen: who it is, what is wrong, what it listens to
 *
 * "myna-1", "myna-1 · M31" in trouble, "myna-1 · resting" under a limit, "myna-1 · ear muted",
 * "myna-1 · kitchen" with the setting screen_mark. Pure.
 */
#ifndef AGENT_LABEL_H
#define AGENT_LABEL_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/wire/trouble.h"

/* Texts are borrowed; "" is nothing. Plain data. */
struct label_parts {
    const char *device_id;
    enum trouble trouble;
    const char *limit; /* what limit_mode is called */
    bool is_muted;
    bool needs_button;       /* the wake phrase should be waited for and cannot */
    const char *wake_phrase; /* that would be heard now */
    const char *mark;
    bool chinese; /* the phrase is English all the same */
};

/* Cut at out_size. */
void label_write(const struct label_parts *parts, char *out, size_t out_size);

#endif
