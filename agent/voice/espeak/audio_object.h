/* SPDX-License-Identifier: GPL-3.0-or-later
 * audio_object.h - pcaudio without sound devices, in the place of the real one
 *
 * libespeak-ng can play by itself and links pcaudio for that, which brings thirty libraries of
 * sound servers and codecs with it. This program only takes samples and never lets it play, so a
 * library of pcaudio's name with these functions is linked before it: the loader has one of that
 * name then, and looks for no other. Where it is missing Debian's own is loaded, with nothing lost
 * but memory.
 */
#ifndef AGENT_VOICE_ESPEAK_AUDIO_OBJECT_H
#define AGENT_VOICE_ESPEAK_AUDIO_OBJECT_H

#include <stddef.h>
#include <stdint.h>

struct audio_object;

/* NULL: there is no sound device. */
struct audio_object *create_audio_device_object(const char *device, const char *application,
                                                const char *description);

/* Of an object that nobody has; those that can fail do, by -ENODEV. */
int audio_object_open(struct audio_object *object, int format, uint32_t rate, uint8_t channels);
void audio_object_close(struct audio_object *object);
void audio_object_destroy(struct audio_object *object);
int audio_object_write(struct audio_object *object, const void *data, size_t bytes);
int audio_object_drain(struct audio_object *object);
int audio_object_flush(struct audio_object *object);
const char *audio_object_strerror(struct audio_object *object, int error);

#endif
