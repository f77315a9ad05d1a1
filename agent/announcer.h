/* announcer.h - a robot that belongs to nobody yet speaks and shows what people must know
 *
 * Its voice and face for the time of pairing: it has no settings, so the language is an option and
 * the rest is as the voice has it. A robot that cannot speak shows, one that cannot show speaks.
 * One thread calls it, but for announcer_answer().
 */
#ifndef AGENT_ANNOUNCER_H
#define AGENT_ANNOUNCER_H

#include "agent/config.h"
#include "schema/wire/pairing.h"

struct announcer;

/* STATUS_MEMORY, or what opening sound and picture came to; problem is one line with cause and
 * cure. config outlives it. The caller owns *out. */
MUST_CHECK enum status announcer_create(struct announcer **out, const struct config *config,
                                        char problem[256]);
/* What is being said is said to its end, within 10 s. NULL is allowed. */
void announcer_free(struct announcer *announcer);

/* From now on the digits are shown, and said by each announcer_pass() that finds it silent for some
 * seconds. */
void announcer_digits(struct announcer *announcer, const char digits[PAIRING_DIGITS + 1]);
void announcer_pass(struct announcer *announcer);

enum announcer_text {
    ANNOUNCER_ASK, /* whether it is right that it was let in: hold the button, or press it */
    ANNOUNCER_IN,  /* it was */
    ANNOUNCER_OUT, /* it was not */
};
/* Says and shows this instead of the digits. */
void announcer_say(struct announcer *announcer, enum announcer_text text);

/* Whether somebody held the button since ANNOUNCER_ASK. */
enum announcer_answer { ANNOUNCER_NONE, ANNOUNCER_YES, ANNOUNCER_NO };
enum announcer_answer announcer_answer(struct announcer *announcer);

/* The digits as a voice says them, one by one: "four, zero, seven." and "one, two, nine."; pure. */
#define ANNOUNCER_HALF_BYTES 64
void announcer_spell(const char digits[PAIRING_DIGITS + 1], bool chinese,
                     char halves[2][ANNOUNCER_HALF_BYTES]);

#endif
