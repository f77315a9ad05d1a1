/* utterance.h - one clause on its way through the voices: its text, how far it is, which words were
 * heard
 *
 * Plain data of the speaker, under the speaker's lock. No I/O.
 */
#ifndef AGENT_VOICE_UTTERANCE_H
#define AGENT_VOICE_UTTERANCE_H

#include <stdbool.h>

#include "agent/voice/speaker.h"

#define UTTERANCE_MAX_WORDS 400

enum utterance_state {
    UTTERANCE_WAITING,  /* not sent to a voice */
    UTTERANCE_SENT,     /* a voice works on it */
    UTTERANCE_COMPLETE, /* all its sound is queued */
    UTTERANCE_FAILED,
};

struct utterance {
    uint32_t number;
    enum utterance_state state;
    bool is_started; /* its first sample was heard and told */
    unsigned tries;
    bool is_vendors;      /* the vendor's voice works on it */
    bool is_offline;      /* the vendor's voice was tried, or may not be */
    uint32_t resume_from; /* byte of the text: what is before it was said by the other voice */
    int64_t shown_ms;     /* when it failed and was shown instead; 0: not */
    int64_t queued_ms;
    int64_t first_sample; /* -1: no sound yet */
    int64_t end_sample;
    size_t size;
    char text[SPEAKER_MAX_CLAUSE_BYTES];
    size_t word_count;
    struct {
        uint32_t end; /* byte of the text after it */
        int64_t sample;
    } words[UTTERANCE_MAX_WORDS];
};

/* text is at most SPEAKER_MAX_CLAUSE_BYTES; copied. */
void utterance_init(struct utterance *utterance, uint32_t number, struct span text, int64_t now_ms);

/* A voice begins with it, or with what the other one left of it. */
void utterance_begin(struct utterance *utterance);

/* Sets *start to the byte of the whole text at which the word begins. False: it is not in the text
 * and nothing changed. */
bool utterance_add_word(struct utterance *utterance, const struct voice_word *word, int64_t sample,
                        uint32_t *start);

/* The vendor's voice broke off: the offline one goes on, with the word that was being said. */
void utterance_fall_back(struct utterance *utterance, int64_t now_ms);

/* Up to the end of the last word that had begun before sample. */
size_t utterance_heard_bytes(const struct utterance *utterance, int64_t sample);

#endif
