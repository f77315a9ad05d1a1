#include "agent/face/emotion.h"

#include <stddef.h>

static const char *const names[EMOTION_COUNT] = {
    [EMOTION_NONE] = "none",         [EMOTION_HAPPY] = "happy", [EMOTION_LAUGHING] = "laughing",
    [EMOTION_LOVING] = "loving",     [EMOTION_SAD] = "sad",     [EMOTION_SURPRISED] = "surprised",
    [EMOTION_WINKING] = "winking",   [EMOTION_STERN] = "stern", [EMOTION_SHY] = "shy",
    [EMOTION_DOUBTING] = "doubting",
};

/* Unicode's charts of emoticons (U+1F600), supplemental symbols (U+1F900) and dingbats. */
static const struct {
    uint32_t from, until;
    enum emotion emotion;
} ranges[] = {
    {0x2639, 0x2639, EMOTION_SAD},         /* frowning face */
    {0x263a, 0x263b, EMOTION_HAPPY},       /* smiling face */
    {0x2728, 0x2728, EMOTION_HAPPY},       /* sparkles */
    {0x2753, 0x2754, EMOTION_DOUBTING},    /* question marks */
    {0x2755, 0x2757, EMOTION_SURPRISED},   /* exclamation marks */
    {0x2763, 0x2764, EMOTION_LOVING},      /* hearts */
    {0x1f381, 0x1f381, EMOTION_HAPPY},     /* present */
    {0x1f388, 0x1f38a, EMOTION_HAPPY},     /* balloon, party */
    {0x1f389, 0x1f389, EMOTION_HAPPY},     /* party popper */
    {0x1f44d, 0x1f44d, EMOTION_HAPPY},     /* thumb up */
    {0x1f44e, 0x1f44e, EMOTION_SAD},       /* thumb down */
    {0x1f44f, 0x1f44f, EMOTION_HAPPY},     /* clapping */
    {0x1f48b, 0x1f48b, EMOTION_LOVING},    /* kiss */
    {0x1f493, 0x1f49f, EMOTION_LOVING},    /* hearts */
    {0x1f4a2, 0x1f4a2, EMOTION_STERN},     /* anger */
    {0x1f4af, 0x1f4af, EMOTION_HAPPY},     /* hundred points */
    {0x1f600, 0x1f601, EMOTION_HAPPY},     /* grinning */
    {0x1f602, 0x1f602, EMOTION_LAUGHING},  /* tears of joy */
    {0x1f603, 0x1f604, EMOTION_HAPPY},     /* open mouth, smiling */
    {0x1f605, 0x1f606, EMOTION_LAUGHING},  /* sweat of laughter, eyes tight */
    {0x1f607, 0x1f608, EMOTION_HAPPY},     /* halo */
    {0x1f609, 0x1f609, EMOTION_WINKING},   /* winking */
    {0x1f60a, 0x1f60c, EMOTION_HAPPY},     /* smiling eyes, tasty, relieved */
    {0x1f60d, 0x1f60d, EMOTION_LOVING},    /* heart eyes */
    {0x1f60e, 0x1f60e, EMOTION_HAPPY},     /* sunglasses */
    {0x1f60f, 0x1f60f, EMOTION_WINKING},   /* smirking */
    {0x1f610, 0x1f612, EMOTION_DOUBTING},  /* neutral, unamused */
    {0x1f613, 0x1f614, EMOTION_SAD},       /* cold sweat, pensive */
    {0x1f615, 0x1f616, EMOTION_DOUBTING},  /* confused */
    {0x1f617, 0x1f61a, EMOTION_LOVING},    /* kissing */
    {0x1f61b, 0x1f61d, EMOTION_WINKING},   /* tongue out */
    {0x1f61e, 0x1f61f, EMOTION_SAD},       /* disappointed, worried */
    {0x1f620, 0x1f621, EMOTION_STERN},     /* angry */
    {0x1f622, 0x1f623, EMOTION_SAD},       /* crying */
    {0x1f624, 0x1f624, EMOTION_STERN},     /* triumph */
    {0x1f625, 0x1f62a, EMOTION_SAD},       /* sad, anguished, weary */
    {0x1f62b, 0x1f62b, EMOTION_SAD},       /* tired */
    {0x1f62c, 0x1f62c, EMOTION_SHY},       /* grimacing */
    {0x1f62d, 0x1f62d, EMOTION_SAD},       /* crying loudly */
    {0x1f62e, 0x1f632, EMOTION_SURPRISED}, /* open mouth ... astonished */
    {0x1f633, 0x1f633, EMOTION_SHY},       /* flushed */
    {0x1f641, 0x1f641, EMOTION_SAD},       /* frowning slightly */
    {0x1f642, 0x1f643, EMOTION_HAPPY},     /* smiling slightly */
    {0x1f644, 0x1f644, EMOTION_DOUBTING},  /* rolling eyes */
    {0x1f648, 0x1f64a, EMOTION_SHY},       /* monkeys */
    {0x1f914, 0x1f914, EMOTION_DOUBTING},  /* thinking */
    {0x1f917, 0x1f917, EMOTION_LOVING},    /* hugging */
    {0x1f923, 0x1f923, EMOTION_LAUGHING},  /* on the floor */
    {0x1f928, 0x1f928, EMOTION_DOUBTING},  /* raised eyebrow */
    {0x1f929, 0x1f929, EMOTION_SURPRISED}, /* star eyes */
    {0x1f92a, 0x1f92a, EMOTION_WINKING},   /* zany */
    {0x1f92d, 0x1f92d, EMOTION_SHY},       /* hand over mouth */
    {0x1f92f, 0x1f92f, EMOTION_SURPRISED}, /* exploding head */
    {0x1f970, 0x1f970, EMOTION_LOVING},    /* with hearts */
    {0x1f973, 0x1f973, EMOTION_HAPPY},     /* partying */
    {0x1f97a, 0x1f97a, EMOTION_SAD},       /* pleading */
};

enum emotion emotion_of(uint32_t character)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (character >= ranges[i].from && character <= ranges[i].until)
            return ranges[i].emotion;
    return EMOTION_NONE;
}

const char *emotion_name(enum emotion emotion)
{
    return names[emotion];
}
