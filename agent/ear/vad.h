/* vad.h - voice activity: whether somebody speaks, by loudness over the room's own noise
 *
 * The noise floor is the quietest the room was within VAD_WINDOW_MS, so a fan that is switched on
 * is learned within that time. Speech is on after VAD_ON_MS of sound above the floor and off after
 * VAD_OFF_MS without: the times of voice.md section 9. What is shorter, a click or a door, is none.
 *
 * 16 bit mono at VAD_HZ. Pure; fields are private; one owner.
 */
#ifndef AGENT_EAR_VAD_H
#define AGENT_EAR_VAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VAD_HZ        16000
#define VAD_FRAME_MS  10
#define VAD_FRAME     (VAD_HZ / 1000 * VAD_FRAME_MS) /* samples */
#define VAD_ON_MS     200
#define VAD_OFF_MS    600
#define VAD_WINDOW_MS 2000
#define VAD_BLOCKS    10 /* of the window */

struct vad {
    float raised_db;            /* that the threshold is above its usual place */
    float past, passed;         /* the last sample, before and behind the filter */
    float quietest[VAD_BLOCKS]; /* dB, per block; the newest last */
    unsigned block_ms;          /* how long the newest one lasts */
    unsigned loud_ms;           /* of late, less what was quiet since */
    unsigned quiet_ms;          /* since the last loud frame */
    unsigned speech_ms;
    bool is_speech;
};

void vad_init(struct vad *vad);

/* Sound must be this much louder than usual to be loud: while the robot itself talks. */
void vad_raise(struct vad *vad, float db);

/* What was said so far is over; the noise floor stays known. */
void vad_forget(struct vad *vad);

/* VAD_FRAME samples. Returns whether somebody speaks. */
bool vad_feed(struct vad *vad, const int16_t *pcm);

/* Whether somebody speaks, as vad_feed() said last; whether that frame was above the floor. */
bool vad_is_speech(const struct vad *vad);
bool vad_is_loud(const struct vad *vad);

/* How long there was sound above the floor since silence, pauses within it left out; 0: silence.
 * Runs ahead of speech being on. */
unsigned vad_speech_ms(const struct vad *vad);

/* The noise floor in dB below full scale (a negative number). */
float vad_floor_db(const struct vad *vad);

#endif
