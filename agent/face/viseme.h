/* viseme.h - mouth shapes, and which of them each phoneme of the voice needs
 *
 * Tables made at build time from data/visemes.tsv (espeak-ng phonemes with measured corrections)
 * and data/viseme_shapes.tsv (the 15 shapes of the Oculus set as parameters of a drawn mouth).
 * Pure.
 */
#ifndef AGENT_FACE_VISEME_H
#define AGENT_FACE_VISEME_H

#include <stddef.h>
#include <stdint.h>

#include "agent/voice/voice.h"

#define VISEME_LIST(X)                                                                             \
    X(sil) X(PP) X(FF) X(TH) X(DD) X(kk) X(CH) X(SS) X(nn) X(RR) X(aa) X(E) X(I) X(O) X(U)

enum viseme {
#define VISEME_ENUM(name) VISEME_##name,
    VISEME_LIST(VISEME_ENUM)
#undef VISEME_ENUM
        VISEME_COUNT,
    VISEME_HOLD, /* no shape of its own: the neighbours' blend goes on */
    VISEME_NONE,
};

enum viseme_class {
    VISEME_CLASS_vowel,
    VISEME_CLASS_diph,
    VISEME_CLASS_liquid,
    VISEME_CLASS_nasal,
    VISEME_CLASS_vless_stop,
    VISEME_CLASS_vstop,
    VISEME_CLASS_flap,
    VISEME_CLASS_fric,
    VISEME_CLASS_vfric,
    VISEME_CLASS_pause,
    VISEME_CLASS_marker,
};

/* 0 to 1, but width: -1 narrow, 0 at rest, 1 spread. */
struct viseme_shape {
    const char *name;
    float open, jaw, width, round, teeth_up, teeth_low, tongue, tuck;
    float dominance;               /* alpha of Cohen and Massaro */
    float theta_left, theta_right; /* ms in which it fades in and out */
};

#define VISEME_MAX_PARTS 3
#define VISEME_NEVER_MS  10000.0f

struct viseme_phoneme {
    enum voice_language language;
    const char *name;
    enum viseme_class class;
    enum viseme parts[VISEME_MAX_PARTS]; /* in order; VISEME_NONE: no more */
    float shares[VISEME_MAX_PARTS];      /* of the phoneme's duration */
    float onset_ms;                      /* from the mark to the movement */
    /* Lips shut (PP) or touching (FF): from mark + from until the earlier of mark + until and next
     * mark + until_next. VISEME_NEVER_MS: does not end it; from == until: no closure. */
    float closed_from_ms, closed_until_ms, closed_until_next_ms;
    float dominance, weight, round_add;
};

/* shape < VISEME_COUNT. */
const struct viseme_shape *viseme_shape(enum viseme viseme);

/* NULL: a phoneme that no table knows. */
const struct viseme_phoneme *viseme_find(enum voice_language language, const char *name);

#endif
