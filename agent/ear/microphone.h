/* microphone.h - where sound comes from: an ALSA device, or a WAV file that is played to the robot
 *
 * Both give frames of VAD_FRAME samples (10 ms, 16 bit mono at VAD_HZ) in real time. An open
 * microphone listens; a closed one does not exist. One owner.
 */
#ifndef AGENT_EAR_MICROPHONE_H
#define AGENT_EAR_MICROPHONE_H

#include "agent/ear/vad.h"
#include "schema/base/status.h"

struct microphone {
    /* Waits for a frame. STATUS_CLOSED: the file is at its end; STATUS_IO: the device is lost. */
    enum status (*read)(struct microphone *microphone, int16_t out[VAD_FRAME]);

    /* How many ms old the end of the frame read last is. */
    int64_t (*delay_ms)(struct microphone *microphone);

    void (*close)(struct microphone *microphone);
};

#define MICROPHONE_FILE "file:" /* before the path, as a device's name */

/* device: "file:PATH", else an ALSA name. The caller closes *out. STATUS_UNREACHABLE: no such
 * device, or it is in use; of a file as wav_load(). */
MUST_CHECK enum status microphone_open(struct microphone **out, const char *device);

/* The part for ALSA. */
MUST_CHECK enum status microphone_alsa_open(struct microphone **out, const char *name);

#endif
