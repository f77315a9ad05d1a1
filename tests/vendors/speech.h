/* speech.h - the demo vendor's POST /v1/audio/speech: text in, PCM out as it is made
 *
 * OpenAI's shape: model, voice, input, response_format (pcm alone), speed. Billed by the character
 * (code point) of input, all of it once the answer begins; a refused request bills nothing. The
 * sound goes out SPEECH_PACE times as fast as it is heard, after first_token_ms.
 */
#ifndef TESTS_VENDORS_SPEECH_H
#define TESTS_VENDORS_SPEECH_H

#include "tests/vendors/conditions.h"
#include "tests/vendors/keys.h"
#include "tests/vendors/ledger.h"
#include "tests/vendors/service.h"

#define SPEECH_PACE      4
#define SPEECH_MAX_CHARS 4096
#define SPEECH_USUAL_WPM 150 /* at speed 1: slower than the robot's own voice */

/* What it works with; borrowed. */
struct speech {
    const char *program; /* see sound.h */
    const char *models;  /* names between commas */
    struct keys *keys;
    struct ledger *ledger;
    const struct conditions *conditions;
    uint64_t seed;
};

/* Answers the call. */
void speech_handle(const struct speech *speech, struct service_call *call);

#endif
