/* speexdsp, and nothing else here knows it. */
#include "agent/ear/echo.h"

#include <math.h>
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_SAMPLES (ECHO_TAIL_MS * (VAD_HZ / 1000))
/* What was played runs ahead by this much, so that clocks that err never make an effect come before
 * its cause. */
#define LEAD_NS 15000000
/* Beyond this the place is taken anew; below, a reading's jitter must not shift the filter. */
#define JUMP_SAMPLES (ECHO_PLAYED_HZ * 8 / 1000)
#define QUALITY      4   /* of the resampler: speech */
#define MAX_PIECE    224 /* samples played in a frame, at most */
/* What is left is the echo's remainder as long as it is no louder than usual: a gate, because the
 * ear's threshold knows a room's noise and not a voice that swells and fades. */
#define MARGIN_DB   12.0f
#define LEARN_DOWN  0.05f /* of the way in a frame: learnt within half a second */
#define LEARN_UP_DB 0.01f /* in a frame: whoever speaks over an answer must not be learnt soon */
#define FADE        0.90f /* of a room, in a frame */
#define SMOOTH      0.35f
#define QUIET       1e-6f /* -60 dB: too little was played to tell */
#define MUTED       64    /* that what is gated is divided by */
#define LINGER_MS   400   /* how long a room and the estimate of its echo outlast the sound */

struct echo {
    struct echo_source source;
    SpeexEchoState *filter;
    SpeexPreprocessState *suppressor;
    SpeexResamplerState *resampler;
    int64_t at;                     /* the next sample of the timeline to be read; -1: unknown */
    unsigned owed;                  /* half samples that a frame is longer than what was read */
    float played_power, left_power; /* of late; 1 is full scale */
    float remainder_db;             /* what the filter usually leaves, of what was played */
    int64_t loud_ns;                /* when something was played last */
};

enum status echo_create(struct echo **out, const struct echo_source *source)
{
    struct echo *echo = calloc(1, sizeof *echo);
    int rate = VAD_HZ, off = 0;

    if (!echo)
        return STATUS_MEMORY;
    echo->source = *source;
    echo->at = -1;
    echo->filter = speex_echo_state_init(VAD_FRAME, TAIL_SAMPLES);
    echo->suppressor = speex_preprocess_state_init(VAD_FRAME, VAD_HZ);
    echo->resampler = speex_resampler_init(1, ECHO_PLAYED_HZ, VAD_HZ, QUALITY, NULL);
    if (!echo->filter || !echo->suppressor || !echo->resampler) {
        echo_free(echo);
        return STATUS_MEMORY;
    }
    speex_echo_ctl(echo->filter, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    speex_preprocess_ctl(echo->suppressor, SPEEX_PREPROCESS_SET_ECHO_STATE, echo->filter);
    speex_preprocess_ctl(echo->suppressor, SPEEX_PREPROCESS_SET_DENOISE, &off);
    *out = echo;
    return STATUS_OK;
}

void echo_free(struct echo *echo)
{
    if (!echo)
        return;
    if (echo->filter)
        speex_echo_state_destroy(echo->filter);
    if (echo->suppressor)
        speex_preprocess_state_destroy(echo->suppressor);
    if (echo->resampler)
        speex_resampler_destroy(echo->resampler);
    free(echo);
}

/* What was played during the frame that ends at heard_ns, at the microphone's rate. A frame is
 * 220.5 samples of the timeline: the half one is read every other time. */
static void read_played(struct echo *echo, int64_t heard_ns, int16_t out[VAD_FRAME])
{
    int16_t played[MAX_PIECE];
    const size_t halves = 2 * (size_t)ECHO_PLAYED_HZ * VAD_FRAME_MS / 1000 + echo->owed;
    const size_t count = halves / 2;
    const int64_t end = echo->source.sample_at(echo->source.context, heard_ns + LEAD_NS);
    const int64_t begin = end - (int64_t)count;
    spx_uint32_t taken = (spx_uint32_t)count, made = VAD_FRAME;

    if (echo->at < 0 || llabs(echo->at - begin) > JUMP_SAMPLES)
        echo->at = begin;
    echo->source.played(echo->source.context, echo->at, played, count);
    echo->at += (int64_t)count;
    echo->owed = halves % 2;
    memset(out, 0, VAD_FRAME * sizeof *out);
    speex_resampler_process_int(echo->resampler, 0, played, &taken, out, &made);
}

static float power_of(const int16_t *pcm)
{
    float sum = 0;

    for (size_t i = 0; i < VAD_FRAME; i++)
        sum += (float)pcm[i] * (float)pcm[i];
    return sum / VAD_FRAME / (32768.0f * 32768.0f);
}

/* Whether what is left of this frame may be the robot's own voice. */
static bool is_remainder(struct echo *echo, const int16_t *played, const int16_t *left)
{
    const float power = power_of(played);

    echo->played_power = fmaxf(power, FADE * echo->played_power);
    echo->left_power += SMOOTH * (power_of(left) - echo->left_power);
    if (echo->played_power < QUIET)
        return false;
    const float now_db = 10.0f * log10f((echo->left_power + 1e-10f) / echo->played_power);
    const bool may_be = now_db < echo->remainder_db + MARGIN_DB;
    if (now_db < echo->remainder_db)
        echo->remainder_db += LEARN_DOWN * (now_db - echo->remainder_db);
    else
        echo->remainder_db += LEARN_UP_DB;
    return may_be;
}

static bool is_silent(const int16_t *pcm)
{
    for (size_t i = 0; i < VAD_FRAME; i++)
        if (pcm[i] != 0)
            return false;
    return true;
}

void echo_cancel(struct echo *echo, int64_t heard_ns, int16_t pcm[VAD_FRAME])
{
    int16_t played[VAD_FRAME], clean[VAD_FRAME];

    read_played(echo, heard_ns, played);
    if (!is_silent(played))
        echo->loud_ns = heard_ns;
    else if (echo->loud_ns == 0 || heard_ns - echo->loud_ns > LINGER_MS * (int64_t)1000000)
        return;
    speex_echo_cancellation(echo->filter, pcm, played, clean);
    speex_preprocess_run(echo->suppressor, clean);
    const bool is_own = is_remainder(echo, played, clean);
    for (size_t i = 0; i < VAD_FRAME; i++)
        pcm[i] = (int16_t)(is_own ? clean[i] / MUTED : clean[i]);
}
