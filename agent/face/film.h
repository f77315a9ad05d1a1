/* film.h - one mp4 file made by a child process: ffmpeg
 *
 * H.264 and AAC, FILM_SIZE square, RECORDER_FRAMES_S frames a second. The file appears whole or
 * not at all. Not thread-safe.
 */
#ifndef AGENT_FACE_FILM_H
#define AGENT_FACE_FILM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define FILM_SIZE        480
#define FILM_FRAME_BYTES (4 * FILM_SIZE * FILM_SIZE)

struct film;

/* True when the program is found: as a path, or in PATH. */
bool film_can(const char *ffmpeg);

/* <folder>/<turn>.mp4 it will be. film_finish() must follow. */
MUST_CHECK enum status film_start(struct film **out, const char *ffmpeg, const char *folder,
                                  uint64_t turn);

/* The whole sound, once and before the first frame, filled with silence up to total samples. */
MUST_CHECK enum status film_sound(struct film *film, const int16_t *pcm, size_t count,
                                  size_t total);

/* The next frame (avatar.h has the layout). STATUS_TIMEOUT: the encoder does not take it. */
MUST_CHECK enum status film_frame(struct film *film, const uint8_t *pixels);

/* Waits for the encoder, at most 30 s, and puts the file in its place with latest.mp4 pointing to
 * it; is_whole false: throws it away. Frees the film in any case. */
MUST_CHECK enum status film_finish(struct film *film, bool is_whole);

/* Deletes every film of the folder and what is left of one that was never whole. A folder that is
 * not there holds none. STATUS_IO: something is left. */
MUST_CHECK enum status film_wipe(const char *folder);

/* Deletes all but the newest count films of the folder. */
void film_keep_newest(const char *folder, size_t count);

#endif
