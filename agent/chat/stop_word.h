/* stop_word.h - words that the robot itself obeys, whatever else is going on: "stop", "forget it
 * all"
 *
 * The whole utterance must be such a wish, with a "please" or a "now" around it at most: "stop" is
 * one, "stop words in English" is a question. Case, width and signs do not matter. Pure.
 */
#ifndef AGENT_CHAT_STOP_WORD_H
#define AGENT_CHAT_STOP_WORD_H

#include "schema/base/span.h"

enum stop_word {
    STOP_WORD_NONE = 0,
    STOP_WORD_STOP = 1,   /* fall silent */
    STOP_WORD_FORGET = 2, /* forget what was talked about */
};

enum stop_word stop_word_of(struct span utterance);

#endif
