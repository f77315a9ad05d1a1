/* listening.h - an ear, a journal and a demo vendor that hears and speaks, for tests
 *
 * The voice is myna-voice's, so the vendor really listens.
 */
#ifndef TESTS_INTEGRATION_AGENT_LISTENING_H
#define TESTS_INTEGRATION_AGENT_LISTENING_H

#include "agent/ear/ear.h"
#include "tests/integration/agent/robot.h"

#define LISTENING_WAIT_MS 30000
#define LISTENING_HZ      24000 /* what the vendor speaks at, and WAV files are of */

struct listening {
    struct robot robot; /* its journal and its vendor */
    struct ear *ear;
    struct attempts attempts;
    struct transcriber_settings settings;
    enum ear_mode mode; /* of listening_open_ear(), like the next */
    char device[80];
    _Atomic int mouth; /* an enum overhear_mouth; -1: the robot's speaker tells */
    char wav[64], mute_path[64];
    pthread_mutex_t lock;
    unsigned heard, called, used, ducked, restored;
    char text[256], problem[256];
    uint8_t uuid[16];
};

/* *state is the struct vendor. The ear is addressed by its button, and its microphone a
 * file that is not there. */
struct listening *listening_build(void **state, enum mouth mouth);
void listening_dismantle(struct listening *listening);

void listening_open_ear(struct listening *listening);
void listening_close_ear(struct listening *listening);
void listening_set_route(struct listening *listening, size_t index, const char *key);

/* What the WAV file holds: somebody says text between two silences, or nobody does. */
void listening_prepare_speech(const struct listening *listening, const char *text);
void listening_prepare_silence(const struct listening *listening);

/* The same by hand: what is said is added to pcm at LISTENING_HZ. */
void listening_add_speech(const struct listening *listening, const char *text, struct buffer *pcm);
void listening_add_silence(struct buffer *pcm, unsigned ms);
/* The hiss of a room over all of it: a voice made by numbers has none. */
void listening_add_room(struct buffer *pcm);
void listening_write_wav(const struct listening *listening, struct span pcm);

/* Waiting for LISTENING_WAIT_MS at most. */
void listening_wait_heard(struct listening *listening, unsigned wanted);
void listening_wait_state(struct listening *listening, enum attention_state wanted);
unsigned listening_count_heard(struct listening *listening);

/* The file is spoken to the robot, and the answer is there. */
void listening_hear(struct listening *listening);

/* Of the request that this record is of; -1: the vendor never saw it. */
int64_t listening_billed_ms(struct listening *listening, const wire_UsageRecord *record);

/* All that the vendor ever listened to. */
int64_t listening_vendor_heard_ms(struct listening *listening);

#endif
