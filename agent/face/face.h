/* face.h - the robot's face: an avatar whose mouth follows the sound
 *
 * Owns the screen (an SDL2 window, or none) with the thread that draws on it, and the recorder. The
 * mouth is drawn from the voice's phoneme marks at the speaker's playhead, never from loudness
 * alone and never from any other clock. Clauses, marks and sound come from the speaker by itself:
 * whoever runs a turn only sets moods.
 *
 * Whoever closes the window ends the picture, not the talk: the robot speaks on, and has its window
 * again at the next start.
 *
 * Everything carries the turn's number; an old number changes nothing. All functions may be called
 * from any thread and never wait for drawing.
 */
#ifndef AGENT_FACE_FACE_H
#define AGENT_FACE_FACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/buffer.h"
#include "schema/base/span.h"
#include "schema/wire/window_size.h"

#define FACE_LABEL_BYTES 96
#define FACE_SIZE        480 /* of films, and of a window that nothing else is said about */
#define FACE_MIN_SIZE    WINDOW_SIZE_LEAST
#define FACE_MAX_WIDTH   WINDOW_SIZE_MAX_WIDTH
#define FACE_MAX_HEIGHT  WINDOW_SIZE_MAX_HEIGHT

#define FACE_MAX_LATENCY_MS 500 /* of a panel, or of a loudspeaker */

struct face;
struct speaker;

enum face_mood {
    FACE_NEUTRAL = 0,
    FACE_LISTENING = 1,
    FACE_THINKING = 2,
    FACE_SPEAKING = 3,
    FACE_LIMIT = 4,   /* the allowance is used up */
    FACE_OFFLINE = 5, /* no vendor can be reached */
};

enum face_screen {
    FACE_SCREEN_AUTO = 0, /* a window when a display is there */
    FACE_SCREEN_WINDOW = 1,
    FACE_SCREEN_HEADLESS = 2,
};

/* Keys of the window. */
enum face_key {
    FACE_KEY_TALK = 0, /* the space bar, held while the owner speaks */
    FACE_KEY_MUTE = 1, /* M */
};

/* Called on the render thread when a key goes down or up; the picture stands still meanwhile. */
typedef void (*face_key_fn)(void *context, enum face_key key, bool is_down);

struct face_options {
    struct speaker *speaker;      /* borrowed, must outlive the face; NULL: a face without voice */
    const char *avatar_folder;    /* of packs besides the built-in one; copied; NULL: none */
    const char *installed_folder; /* of avatars that came as software; NULL: none */
    const char *name;             /* the robot's name, shown small, and the window's title; copied;
                                   * NULL: none */
    enum face_screen screen;
    int width, height;         /* of a window; 0: FACE_SIZE */
    const char *video_driver;  /* see screen.h; NULL: any */
    int panel_latency_ms;      /* from the screen's memory to light, which no program can see: the
                                * only lead the mouth gets beyond screen_next()'s; less than 0: the
                                * sound is late behind what its device tells */
    const char *record_folder; /* each answer becomes <folder>/<turn>.mp4; NULL: no recording */
    const char *ffmpeg;        /* program; NULL: "ffmpeg" */
    face_key_fn on_key;        /* may be NULL */
    void *context;
};

/* Starts drawing. Must be called before the speaker's first turn. STATUS_UNREACHABLE:
 * FACE_SCREEN_WINDOW and no display. The caller owns *out. */
MUST_CHECK enum status face_create(struct face **out, const struct face_options *options);
void face_free(struct face *face);

/* Deletes the films of what was said until now, see recorder.h. STATUS_IO: something is left. */
MUST_CHECK enum status face_forget_films(struct face *face);

/* After the last face of the process: gives back what the drawing libraries keep for the next one.
 */
void face_forget_libraries(void);

/* A new turn begins: listening. An older one's mouth closes and its recording ends. */
void face_begin_turn(struct face *face, uint64_t turn);

/* The mood of this turn from now on. While a clause is heard the face speaks by itself; the mood
 * given last shows before, between and after. FACE_LIMIT and FACE_OFFLINE stay while it excuses
 * itself. */
void face_mood(struct face *face, uint64_t turn, enum face_mood mood);

/* The answer shows this emoji where its clause number `clause` (0, 1, 2 ... of the turn) begins: a
 * feeling, if it tells one. Call before the speaker is given the clause. */
void face_emoji(struct face *face, uint64_t turn, uint32_t clause, uint32_t character);

/* One line of text now, until the next clause is heard: the owner's question, for instance. */
void face_subtitle(struct face *face, uint64_t turn, struct span text);

/* The mouth closes within 120 ms; nothing of this turn moves it again. */
void face_interrupt(struct face *face, uint64_t turn);

/* The turn is over: back to the resting mood when its last clause was heard. */
void face_end_turn(struct face *face, uint64_t turn);

/* How the face looks when no turn runs: FACE_NEUTRAL, FACE_LIMIT or FACE_OFFLINE. */
void face_rest(struct face *face, enum face_mood mood);

/* Whether somebody is about to ask: then a face that rests in FACE_NEUTRAL listens. */
void face_listen(struct face *face, bool listens);

/* What is shown small in the corner from now on instead of the name; copied, cut to
 * FACE_LABEL_BYTES. A film under way keeps the label that it began with. */
void face_label(struct face *face, const char *label);

/* What the face wears from now on: the name of a pack (wardrobe.h). The same name again is
 * harmless.
 */
void face_dress(struct face *face, const char *avatar);

/* Pictures that came to the screen late since the start (frames.h); without a screen, none. */
uint32_t face_frames_late(struct face *face);

/* Shows text large over the face for a while: the enrolment digits, "here I am". */
void face_notice(struct face *face, struct span text, int64_t duration_ms);

#define FACE_PICTURE_SIZE      240
#define FACE_PICTURE_MAX_BYTES 32768

/* Appends the face as it is now: PNG, FACE_PICTURE_SIZE square, at most FACE_PICTURE_MAX_BYTES, for
 * the dashboard. The picture shows no subtitle: speech stays on the robot. STATUS_FULL: it did not
 * fit. */
MUST_CHECK enum status face_picture(struct face *face, struct buffer *out);

#endif
