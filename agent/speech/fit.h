/* fit.h - when the phonemes of one voice are spoken by another one that says the same text
 *
 * The pattern is what espeak-ng would do: phonemes with their times and its pauses between phrases.
 * The sound is the vendor's, of which only its pauses can be heard. Pauses that lie about where the
 * pattern has one are taken for the same; between two of them speech is stretched evenly. Until the
 * end of the sound is known the vendor's usual speed stands in for it, corrected at each pause.
 * Times are samples of one rate. Pure.
 */
#ifndef AGENT_SPEECH_FIT_H
#define AGENT_SPEECH_FIT_H

#include "agent/speech/pauses.h"
#include "agent/voice/voice.h"

#define FIT_MAX_BREAKS  64
#define FIT_MAX_ANCHORS (FIT_MAX_BREAKS + 2)

/* The pattern's pauses between phrases. */
struct fit_pattern {
    struct pause breaks[FIT_MAX_BREAKS];
    size_t break_count;
    uint32_t samples; /* up to the end of its last phoneme */
};

/* Speech alone, pauses taken out: that much of the pattern is that much of the sound. */
struct fit_anchor {
    double pattern, sound;
};

/* Plain data. */
struct fit {
    struct fit_anchor anchors[FIT_MAX_ANCHORS];
    size_t anchor_count;
    uint32_t held_from; /* sample of the pattern: what is behind it must not be placed yet */
    double speed;       /* beyond the last anchor: samples of sound for one of the pattern */
};

/* Which marks are pauses ("_:", "_" ...) and not phonemes. */
bool fit_is_pause(const struct voice_mark *mark);

/* Adds the marks in their order; a gap of at least 40 ms between phonemes is a break. */
void fit_pattern_add(struct fit_pattern *pattern, const struct voice_mark *mark,
                     unsigned sample_rate);

/* Fits what was heard so far; is_whole: nothing follows. usual_speed: of this vendor, 1 when
 * unknown. Where a pause is due and not heard yet, what comes behind it is held. */
void fit_make(struct fit *fit, const struct fit_pattern *pattern, const struct pauses *sound,
              bool is_whole, double usual_speed);

/* Where in the sound the pattern's sample is spoken. */
uint32_t fit_place(const struct fit *fit, const struct fit_pattern *pattern,
                   const struct pauses *sound, uint32_t sample);

/* The vendor's speed in a whole sound, for the next; usual_speed when there was nothing to tell. */
double fit_speed(const struct fit_pattern *pattern, const struct pauses *sound, double usual_speed);

#endif
