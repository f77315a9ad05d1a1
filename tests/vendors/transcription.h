/* transcription.h - the demo vendor's POST /v1/audio/transcriptions: a WAV file in, text out
 *
 * OpenAI's shape: a form of file (WAV, 16 kHz, 16 bit mono) and model; the answer is
 * {"text","usage":{"type":"duration","seconds"}}. What it understands stands in understanding.h.
 * Billed by the millisecond of sound once that was listened to: a refused request bills nothing, an
 * answer that breaks off all of it.
 */
#ifndef TESTS_VENDORS_TRANSCRIPTION_H
#define TESTS_VENDORS_TRANSCRIPTION_H

#include "tests/vendors/conditions.h"
#include "tests/vendors/keys.h"
#include "tests/vendors/ledger.h"
#include "tests/vendors/service.h"

/* What it works with; borrowed. */
struct transcription {
    const char *models; /* names between commas */
    struct keys *keys;
    struct ledger *ledger;
    const struct conditions *conditions;
    uint64_t seed;
};

/* Answers the call. */
void transcription_handle(const struct transcription *transcription, struct service_call *call);

#endif
