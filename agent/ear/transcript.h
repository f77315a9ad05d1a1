/* transcript.h - one question made into text by a vendor: POST BASE/audio/transcriptions, OpenAI's
 * shape
 *
 * The recording is uploaded as a WAV file in a form, in chunks, while the owner still speaks. The
 * attempt is open in the journal before and closed by what became of it: audio_in_ms is what the
 * vendor says it heard (usage.seconds), else what was sent. Runs on the caller's thread until it is
 * over.
 */
#ifndef AGENT_EAR_TRANSCRIPT_H
#define AGENT_EAR_TRANSCRIPT_H

#include "agent/chat/conversation.h"
#include "agent/chat/http.h"
#include "agent/ear/recording.h"
#include "agent/meter/journal.h"

struct transcript_request {
    const wire_Route *route;
    struct recording *recording; /* begun; may have ended */
    const char *language;        /* "en", "zh"; "": the vendor finds out */
    const uint8_t *turn;         /* UUID, 16 bytes */
    uint32_t number;             /* of the attempt within the turn, from 1 */
    uint64_t generation;
    const atomic_bool *cancel; /* see http.h */
};

struct transcript_result {
    wire_UsageRecord record;
    char text[CONVERSATION_MAX_TEXT_BYTES + 1]; /* "": no words */
    char problem[200]; /* one line for the log; empty when it was answered */
};

/* STATUS_OK: the attempt was made, or at least opened; it is closed and *result holds its record.
 * Else nothing was sent or opened: STATUS_DENIED (no credit for it), STATUS_FULL or STATUS_IO (the
 * journal takes no more), STATUS_INVALID (the route cannot be used). */
MUST_CHECK enum status transcript_run(struct http *http, struct journal *journal,
                                      const struct transcript_request *request,
                                      struct transcript_result *result);

#endif
