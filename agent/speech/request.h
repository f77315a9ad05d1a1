/* request.h - one clause made into sound by a vendor: POST BASE/audio/speech, OpenAI's shape
 *
 * Asks once, for 16 bit mono PCM (24 kHz unless the answer's type names another rate), and hands on
 * the sound at the device's rate while it streams. Runs on the caller's thread until it is over.
 */
#ifndef AGENT_SPEECH_REQUEST_H
#define AGENT_SPEECH_REQUEST_H

#include "agent/chat/http.h"
#include "agent/speech/resample.h"
#include "agent/voice/voice.h"

#define REQUEST_SOUND_HZ 22050 /* what the agent plays */

struct request {
    struct voice_order order;
    struct span text;
    int rate_wpm;              /* told as speed, against REQUEST_USUAL_WPM */
    const atomic_bool *cancel; /* see http.h */
    resample_fn on_sound;
    void *context;
};

#define REQUEST_USUAL_WPM 170 /* what vendors call speed 1 */

struct request_result {
    struct voice_used used;
    char problem[200]; /* one line for the log; empty when all of it came */
};

/* *result is always filled. */
void request_run(struct http *http, const struct request *request, struct request_result *result);

#endif
