/* recorder.h - each answer as a short video with its sound, for robots without a screen
 *
 * What is needed to draw a turn again is noted while it is spoken (cheaply: the audio thread is
 * never disturbed) and drawn afterwards on a thread of low priority: frame k shows the face at the
 * sample k/30 s after the first one, so that picture and sound fit exactly whatever the machine was
 * doing. ffmpeg encodes; without it nothing is recorded and one line in the log says so.
 *
 * <folder>/<turn>.mp4, latest.mp4 points to the newest; the last RECORDER_KEEP are kept.
 * Thread-safe; nothing here waits but recorder_free().
 */
#ifndef AGENT_FACE_RECORDER_H
#define AGENT_FACE_RECORDER_H

#include "agent/face/emotion.h"
#include "agent/face/face.h"
#include "agent/voice/voice.h"

#define RECORDER_KEEP     5
#define RECORDER_MAX_S    120 /* a longer answer is recorded up to here */
#define RECORDER_FRAMES_S 30

struct pack;
struct recorder;

/* name: shown in the picture; the pack is borrowed, as later ones are. The caller owns *out.
 * STATUS_IO: the folder cannot be made. */
MUST_CHECK enum status recorder_create(struct recorder **out, const char *folder,
                                       const char *ffmpeg, const char *name,
                                       const struct pack *pack);

/* Ends the encoding under way within two seconds; what waits is lost. */
void recorder_free(struct recorder *recorder);

/* Whoever else draws in this process says so before it begins and after it ended: without films to
 * make the recorder unloads the fonts, which nobody may use meanwhile. */
void recorder_share_fonts(struct recorder *recorder, bool is_drawing);

/* What the pictures of later turns show instead of the name. */
void recorder_label(struct recorder *recorder, const char *label);

/* No turn that was begun until now becomes a film, and those that did are deleted. STATUS_IO:
 * something is left. */
MUST_CHECK enum status recorder_forget(struct recorder *recorder);

/* What later turns are drawn with. */
void recorder_dress(struct recorder *recorder, const struct pack *pack);

/* Everything below: samples are absolute, other turns than the one begun last are ignored. */
void recorder_begin(struct recorder *recorder, uint64_t turn, int64_t sample, enum face_mood mood);
void recorder_mood(struct recorder *recorder, uint64_t turn, int64_t sample, enum face_mood mood);
void recorder_text(struct recorder *recorder, uint64_t turn, int64_t sample, struct span text);
void recorder_clause(struct recorder *recorder, uint64_t turn, int64_t sample, struct span text);
void recorder_sound(struct recorder *recorder, uint64_t turn, int64_t sample, const int16_t *pcm,
                    size_t count);
void recorder_mark(struct recorder *recorder, uint64_t turn, int64_t sample,
                   const struct voice_mark *mark);
void recorder_word(struct recorder *recorder, uint64_t turn, int64_t sample, uint32_t offset,
                   uint32_t length);
void recorder_feeling(struct recorder *recorder, uint64_t turn, int64_t sample,
                      enum emotion emotion);
void recorder_clause_end(struct recorder *recorder, uint64_t turn, int64_t sample);

/* The turn was heard up to sample. A turn without sound is not recorded. */
void recorder_end(struct recorder *recorder, uint64_t turn, int64_t sample);

#endif
