/* limit_mode.h - what the setting limit_mode means, shows and says, in the owner's language
 *
 * The company sets it when a cap comes near. The robot keeps to it, shows it in the corner of its
 * screen and says it once when it changes. Thread-safe.
 */
#ifndef AGENT_CHAT_LIMIT_MODE_H
#define AGENT_CHAT_LIMIT_MODE_H

#include <stdbool.h>

enum limit_mode {
    LIMIT_MODE_NONE = 0,
    LIMIT_MODE_THROTTLED = 1, /* fewer or shorter answers: other settings say how */
    LIMIT_MODE_FALLBACK = 2,  /* another vendor answers: the routes say which */
    LIMIT_MODE_CANNED = 3,    /* no vendor is asked, one text is the answer to everything */
    LIMIT_MODE_BLOCKED = 4,   /* no vendor is asked */
};

/* The mode of a value of the setting; LIMIT_MODE_NONE for any other word. */
enum limit_mode limit_mode_from_name(const char *name);

/* A few words for the corner of the screen; static, empty for LIMIT_MODE_NONE. */
const char *limit_mode_label(enum limit_mode mode, bool chinese);

/* What is said when the mode begins; static, empty for LIMIT_MODE_NONE. */
const char *limit_mode_words(enum limit_mode mode, bool chinese);

/* Whether a vendor may be asked. */
bool limit_mode_allows_asking(enum limit_mode mode);

#endif
