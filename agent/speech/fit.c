#include "agent/speech/fit.h"

#include <math.h>
#include <string.h>

#define LEAST_BREAK_MS 40
#define NEAR_MS        250  /* a pause is expected no farther from where it is heard */
#define NEAR_SHARE     0.25 /* ... or than this part of the speech since the last one */
#define HOLD_MS        150  /* a pause may be heard so much later than it is expected */
#define RATE           22050.0

bool fit_is_pause(const struct voice_mark *mark)
{
    return mark->phoneme[0] == '_';
}

void fit_pattern_add(struct fit_pattern *pattern, const struct voice_mark *mark,
                     unsigned sample_rate)
{
    if (fit_is_pause(mark))
        return;
    if (mark->sample >= pattern->samples + sample_rate * LEAST_BREAK_MS / 1000 &&
        pattern->break_count < FIT_MAX_BREAKS)
        pattern->breaks[pattern->break_count++] = (struct pause){pattern->samples, mark->sample};
    if (mark->sample + mark->duration > pattern->samples)
        pattern->samples = mark->sample + mark->duration;
}

/* Samples before at that are not in one of the pauses. */
static uint32_t speech_before(const struct pause *pauses, size_t count, uint32_t at)
{
    uint32_t speech = at;

    for (size_t i = 0; i < count && pauses[i].start < at; i++)
        speech -= (pauses[i].end < at ? pauses[i].end : at) - pauses[i].start;
    return speech;
}

/* Where the speech ends: a last silence is none. */
static uint32_t end_of(const struct pauses *sound)
{
    uint32_t since;

    return pauses_is_open(sound, &since) ? since : sound->samples;
}

static double speech_of(const struct pauses *sound)
{
    return speech_before(sound->list, sound->count, end_of(sound));
}

static double speech_of_pattern(const struct fit_pattern *pattern)
{
    return speech_before(pattern->breaks, pattern->break_count, pattern->samples);
}

static bool is_near(double expected, double heard, double since)
{
    const double near = NEAR_MS * RATE / 1000;
    const double share = NEAR_SHARE * since;

    return fabs(expected - heard) <= (share > near ? share : near);
}

/* The pause of the sound, from *next on, nearest to where this break is expected. */
static bool find_pause(const struct pauses *sound, const struct fit_anchor *last, double expected,
                       size_t *next, double *heard)
{
    size_t best = sound->count;
    double best_gap = INFINITY;

    for (size_t i = *next; i < sound->count; i++) {
        const double at = speech_before(sound->list, sound->count, sound->list[i].start);
        const double gap = fabs(at - expected);

        if (at > last->sound && gap < best_gap && is_near(expected, at, expected - last->sound)) {
            best = i;
            best_gap = gap;
            *heard = at;
        }
    }
    if (best == sound->count)
        return false;
    *next = best + 1;
    return true;
}

static void add_anchor(struct fit *fit, double pattern, double sound)
{
    if (fit->anchor_count < FIT_MAX_ANCHORS)
        fit->anchors[fit->anchor_count++] = (struct fit_anchor){pattern, sound};
}

void fit_make(struct fit *fit, const struct fit_pattern *pattern, const struct pauses *sound,
              bool is_whole, double usual_speed)
{
    const double pattern_speech = speech_of_pattern(pattern), sound_speech = speech_of(sound);
    size_t next = 0;

    fit->anchor_count = 0;
    fit->held_from = UINT32_MAX;
    fit->speed = usual_speed;
    add_anchor(fit, 0, 0);
    for (size_t i = 0; i < pattern->break_count; i++) {
        const struct fit_anchor last = fit->anchors[fit->anchor_count - 1];
        const double at =
            speech_before(pattern->breaks, pattern->break_count, pattern->breaks[i].start);
        const double left = pattern_speech - last.pattern;
        const double speed =
            is_whole && left > 0 ? (sound_speech - last.sound) / left : usual_speed;
        const double expected = last.sound + (at - last.pattern) * speed;
        double heard = expected;

        if (at > last.pattern && find_pause(sound, &last, expected, &next, &heard)) {
            add_anchor(fit, at, heard);
        } else if (!is_whole && expected + HOLD_MS * RATE / 1000 > sound_speech) {
            fit->held_from = pattern->breaks[i].end;
            break;
        }
    }
    if (is_whole && sound_speech > fit->anchors[fit->anchor_count - 1].sound)
        add_anchor(fit, pattern_speech, sound_speech);
}

/* Speech of the pattern to speech of the sound. */
static double stretch(const struct fit *fit, double speech)
{
    const struct fit_anchor *from = &fit->anchors[0];

    for (size_t i = 1; i < fit->anchor_count; i++) {
        const struct fit_anchor *to = &fit->anchors[i];

        if (speech < to->pattern)
            return from->sound + (speech - from->pattern) * (to->sound - from->sound) /
                                     (to->pattern - from->pattern);
        from = to;
    }
    return from->sound + (speech - from->pattern) * fit->speed;
}

uint32_t fit_place(const struct fit *fit, const struct fit_pattern *pattern,
                   const struct pauses *sound, uint32_t sample)
{
    const double speech =
        stretch(fit, speech_before(pattern->breaks, pattern->break_count, sample));
    double place = speech;

    /* a phoneme at the very place of a pause is the first behind it */
    for (size_t i = 0; i < sound->count && sound->list[i].start <= place + 0.5; i++)
        place += sound->list[i].end - sound->list[i].start;
    return place < 0 ? 0 : (uint32_t)(place + 0.5);
}

double fit_speed(const struct fit_pattern *pattern, const struct pauses *sound, double usual_speed)
{
    const double pattern_speech = speech_of_pattern(pattern), sound_speech = speech_of(sound);

    if (pattern_speech < RATE / 4 || sound_speech < RATE / 4)
        return usual_speed;
    const double speed = sound_speech / pattern_speech;
    return speed < 0.4 ? 0.4 : speed > 2.5 ? 2.5 : speed;
}
