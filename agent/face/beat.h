/* beat.h - when the next picture is due, and when it will be seen
 *
 * A picture is drawn ahead, for the middle of the time that it will be on the screen, so that
 * neither the time drawing takes nor how it varies moves the mouth against the sound. How long a
 * screen takes from being told to showing is learned here, from the screen itself.
 *
 * Plain data, fields are private; times are clock_mono_ns().
 */
#ifndef AGENT_FACE_BEAT_H
#define AGENT_FACE_BEAT_H

#include <stdint.h>

enum beat_kind {
    BEAT_OWN = 0,     /* the screen shows what it is told at once: we keep the time */
    BEAT_DISPLAY = 1, /* showing waits for the display's own frames, and is seen one later */
};

struct beat {
    enum beat_kind kind;
    int64_t period_ns; /* of one frame */
    int64_t due_ns;    /* BEAT_OWN: when the next picture is shown */
    int64_t shown_ns;  /* when showing the one before ended */
    int64_t lag_ns;    /* BEAT_OWN: from due to shown, smoothed */
    int64_t begun_ns;  /* when drawing began */
    int64_t busy_ns;   /* drawing, smoothed */
    int frames;        /* that the next picture is to stay */
};

/* period_ns is the display's, if known, else FRAMES_PERIOD_NS; a display's own is then measured. */
void beat_init(struct beat *beat, enum beat_kind kind, int64_t period_ns, int64_t now_ns);

/* The next picture is to be shown when the one before was there for `frames` frames, and to stay
 * as long; for more where drawing takes so long that less than a third of the time would be left
 * to others. Returns when to begin drawing: one frame before it is due or earlier, which may be
 * now. */
int64_t beat_next(struct beat *beat, int frames, int64_t now_ns);

/* Drawing begins, and has ended. */
void beat_begin(struct beat *beat, int64_t now_ns);
void beat_drawn(struct beat *beat, int64_t now_ns);

/* When the next picture will have been seen for half of its time. */
int64_t beat_seen_ns(const struct beat *beat);

/* When to tell the screen; the past where showing waits by itself. */
int64_t beat_due_ns(const struct beat *beat);

/* Showing ended now. */
void beat_shown(struct beat *beat, int64_t now_ns);

#endif
