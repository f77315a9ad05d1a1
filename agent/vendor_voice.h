/* vendor_voice.h - the speech routes: which vendor says the next clause, reserved and journalled
 *
 * Each clause is a request of its own, an attempt in the journal like a question: opened before it
 * is sent, closed by what became of it. A route that fails is left alone for a while, 15 s at first
 * and up to 5 minutes; meanwhile the next one serves, or the offline voice. Thread-safe.
 */
#ifndef AGENT_VENDOR_VOICE_H
#define AGENT_VENDOR_VOICE_H

#include "agent/meter/attempts.h"
#include "agent/meter/journal.h"
#include "agent/settings.h"
#include "agent/voice/speaker.h"

struct vendor_voice;

struct vendor_voice_options {
    struct journal *journal; /* borrowed, like what follows */
    struct settings *settings;
    struct attempts *attempts;
    /* Attempts were closed, or refused for want of credit: the server should hear. On any thread;
     * must not block. May be NULL. */
    void (*on_used)(void *context);
    void *context;
};

/* The caller owns *out. */
MUST_CHECK enum status vendor_voice_create(struct vendor_voice **out,
                                           const struct vendor_voice_options *options);

/* After the speaker that uses it is gone. NULL is allowed. */
void vendor_voice_free(struct vendor_voice *voice);

/* Call after the settings changed. */
void vendor_voice_settings_changed(struct vendor_voice *voice);

/* For speaker_options.vendor; program is borrowed. */
struct speaker_vendor vendor_voice_for_speaker(struct vendor_voice *voice, const char *program);

#endif
