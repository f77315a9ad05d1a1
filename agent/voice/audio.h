/* audio.h - sound out, on one absolute sample timeline
 *
 * The device plays without a pause from open to close: what was queued, else silence. Sample 0 is
 * the first one played; every sample queued gets its place on that timeline, and the playhead, a
 * filtered reading of the device's own delay, tells which one is being heard now. That clock is the
 * only one the face may use.
 *
 * 16 bit mono. Thread-safe.
 */
#ifndef AGENT_VOICE_AUDIO_H
#define AGENT_VOICE_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define AUDIO_SAMPLE_RATE 22050
#define AUDIO_QUEUE_S     20 /* how much may wait */
#define AUDIO_PLAYED_MS   500

struct audio;

enum audio_sink {
    AUDIO_SINK_AUTO = 0, /* ALSA when the device opens, else silent */
    AUDIO_SINK_ALSA = 1,
    AUDIO_SINK_SILENT = 2, /* real time on the monotonic clock, no sound */
};

struct audio_options {
    enum audio_sink sink;
    const char *device;   /* an ALSA name; NULL: "default" */
    const char *wav_path; /* what the silent sink plays is also written here; NULL: nowhere */
    int volume;           /* 0..100 */
};

/* The caller owns *out. STATUS_UNREACHABLE: AUDIO_SINK_ALSA and the device does not open;
 * STATUS_IO: the WAV file cannot be written. */
MUST_CHECK enum status audio_open(struct audio **out, const struct audio_options *options);
void audio_close(struct audio *audio);

/* True when a real device plays. */
bool audio_is_audible(const struct audio *audio);

/* Queues up to count samples behind what waits (or, when nothing waits, at the next moment that can
 * still be reached) and sets *first_sample to the place of the first one. Returns how many were
 * taken; fewer when the queue is full. Never waits. */
size_t audio_write(struct audio *audio, const int16_t *pcm, size_t count, int64_t *first_sample);

/* Waits until at least count samples fit or timeout_ms passed. STATUS_TIMEOUT. */
MUST_CHECK enum status audio_wait_room(struct audio *audio, size_t count, int64_t timeout_ms);

/* The sample being heard now; never steps back. */
int64_t audio_playhead(struct audio *audio);

/* The sample that was being heard at that clock_mono_ns(), lately or soon. */
int64_t audio_sample_at(struct audio *audio, int64_t mono_ns);

/* Copies count samples of what went to the device, as loud as it did, from that one on: what the
 * ear takes out of what it hears. Silence where it is not known: further back than AUDIO_PLAYED_MS
 * before what is heard now, or not with the device yet. */
void audio_played(struct audio *audio, int64_t sample, int16_t *out, size_t count);

/* How long until the last queued sample was heard; 0: silence. */
int64_t audio_queued_ms(struct audio *audio);

/* Drops what waits and fades what sounds within 5 ms. Returns the sample after the last one heard.
 */
int64_t audio_drop(struct audio *audio);

/* How often the device ran dry since it was opened: the machine was too busy to feed it. */
uint32_t audio_underruns(struct audio *audio);

/* Lowers the voice by 12 dB, or gives it back its volume. */
void audio_duck(struct audio *audio, bool is_ducked);

/* 0..100, perceived: 50 sounds half as loud. Clamped. */
void audio_set_volume(struct audio *audio, int volume);

#endif
