#include "agent/ear/overhear.h"

#include <stdlib.h>

#include "agent/ear/barge_in.h"
#include "agent/ear/voicing.h"
#include "agent/ear/wake.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define GATE_BEFORE_MS 300 /* of sound before the first loud frame: a phrase begins softly */
#define GATE_AFTER_MS  600
#define WORDS_MS       500 /* of speech over an answer, */
#define VOICED_MS      200 /* of which so much has a pitch that glides as a voice's: it is words */
#define SAMPLES(ms)    ((ms) * (VAD_HZ / 1000))

struct overhear {
    struct wake *wake;
    bool has_source;
    struct echo_source source;
    struct echo *echo; /* made when it is needed for the first time: it is larger than the rest */
    struct recording_preroll tail;
    struct voicing voicing;
    enum barge_in_state state;
    bool was_open, was_speech;
    int64_t spoken_ms; /* when speech over an answer was noticed */
    unsigned gate_ms;  /* how long sound still goes to the wake program */
};

enum status overhear_create(struct overhear **out, const char *program,
                            const struct echo_source *source)
{
    struct overhear *overhear = calloc(1, sizeof *overhear);

    if (!overhear)
        return STATUS_MEMORY;
    overhear->has_source = source != NULL;
    if (source)
        overhear->source = *source;
    const enum status status = wake_create(&overhear->wake, program);
    if (status == STATUS_OK)
        *out = overhear;
    else
        overhear_free(overhear);
    return status;
}

void overhear_free(struct overhear *overhear)
{
    if (!overhear)
        return;
    wake_free(overhear->wake);
    echo_free(overhear->echo);
    crypto_wipe(overhear, sizeof *overhear);
    free(overhear);
}

void overhear_wait_for(struct overhear *overhear, const char *phrase)
{
    wake_listen(overhear->wake, phrase);
    if (phrase)
        return;
    crypto_wipe(&overhear->tail, sizeof overhear->tail);
    crypto_wipe(&overhear->voicing, sizeof overhear->voicing);
    overhear->gate_ms = 0;
}

void overhear_clean(struct overhear *overhear, int64_t heard_ns, int16_t pcm[VAD_FRAME])
{
    if (overhear->has_source && !overhear->echo &&
        echo_create(&overhear->echo, &overhear->source) != STATUS_OK) {
        log_error("ear", "no memory to take the robot's own voice out of what it hears");
        overhear->has_source = false;
    }
    if (overhear->echo)
        echo_cancel(overhear->echo, heard_ns, pcm);
}

void overhear_tail(const struct overhear *overhear, size_t ago, int16_t out[VAD_FRAME])
{
    recording_preroll_copy(&overhear->tail, ago, out, VAD_FRAME);
}

/* What was just loud, and what was right before it. */
static void feed_wake(struct overhear *overhear, const int16_t *pcm, bool is_loud)
{
    int16_t before[VAD_FRAME];

    if (is_loud && overhear->gate_ms == 0) {
        size_t ago = SAMPLES(GATE_BEFORE_MS) + VAD_FRAME;

        if (ago > recording_preroll_held(&overhear->tail))
            ago = recording_preroll_held(&overhear->tail);
        wake_gap(overhear->wake);
        for (; ago > VAD_FRAME; ago -= VAD_FRAME) {
            overhear_tail(overhear, ago, before);
            wake_feed(overhear->wake, before, VAD_FRAME);
        }
        crypto_wipe(before, sizeof before);
    }
    if (is_loud)
        overhear->gate_ms = GATE_AFTER_MS;
    else if (overhear->gate_ms > 0)
        overhear->gate_ms -= VAD_FRAME_MS;
    if (overhear->gate_ms > 0)
        wake_feed(overhear->wake, pcm, VAD_FRAME);
}

static enum barge_in_act note(struct overhear *overhear, const struct vad *vad, bool is_open,
                              int64_t now_ms)
{
    const bool is_speech = vad_is_speech(vad);
    const bool was_open = overhear->was_open, was_speech = overhear->was_speech;
    enum barge_in_state *state = &overhear->state;

    overhear->was_open = is_open;
    if (is_open != was_open)
        return barge_in_step(state, is_open ? BARGE_IN_OPENS : BARGE_IN_SHUTS);
    overhear->was_speech = is_speech;
    if (is_speech && !was_speech) {
        overhear->spoken_ms = now_ms;
        return barge_in_step(state, BARGE_IN_SPEECH);
    }
    if (is_speech && vad_speech_ms(vad) >= WORDS_MS && voicing_ms(&overhear->voicing) >= VOICED_MS)
        return barge_in_step(state, BARGE_IN_WORDS);
    if (now_ms - overhear->spoken_ms >= BARGE_IN_PATIENCE_MS)
        return barge_in_step(state, BARGE_IN_PATIENCE);
    return BARGE_IN_NO_ACT;
}

enum overhear_act overhear_feed(struct overhear *overhear, const int16_t pcm[VAD_FRAME],
                                const struct vad *vad, enum overhear_mouth mouth, int64_t now_ms,
                                size_t *ago)
{
    const bool is_sound = vad_speech_ms(vad) > 0;

    recording_preroll_add(&overhear->tail, pcm, VAD_FRAME);
    feed_wake(overhear, pcm, is_sound);
    if (wake_heard(overhear->wake, ago))
        return OVERHEAR_CALLED;
    if (vad_is_loud(vad))
        voicing_feed(&overhear->voicing, pcm);
    else if (!is_sound)
        voicing_forget(&overhear->voicing);

    switch (note(overhear, vad, mouth == OVERHEAR_ANSWERS, now_ms)) {
    case BARGE_IN_DUCK:
        return OVERHEAR_DUCK;
    case BARGE_IN_RESTORE:
        return OVERHEAR_RESTORE;
    case BARGE_IN_STOP:
        *ago = SAMPLES((size_t)(now_ms - overhear->spoken_ms) + PREROLL_MS) / VAD_FRAME * VAD_FRAME;
        return OVERHEAR_CALLED;
    case BARGE_IN_NO_ACT:
        break;
    }
    return OVERHEAR_NO_ACT;
}

void overhear_forget(struct overhear *overhear)
{
    overhear->was_open = overhear->was_speech = false;
    overhear->gate_ms = 0;
    wake_gap(overhear->wake);
    crypto_wipe(&overhear->tail, sizeof overhear->tail);
    voicing_forget(&overhear->voicing);
    barge_in_step(&overhear->state, BARGE_IN_CALL);
}

bool overhear_is_ready(const struct overhear *overhear)
{
    return wake_is_ready(overhear->wake);
}

bool overhear_has_failed(const struct overhear *overhear)
{
    return wake_has_failed(overhear->wake);
}
