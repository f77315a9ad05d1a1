/* lips_fit.c - how far the mouth's times are from the sound of a vendor's voice
 *
 * usage: lips_fit VOICE_PROGRAM
 *
 * The vendor is the voice program at other speeds and pitches, its sound played faster or slower
 * (which makes the speaker larger or smaller), behind a moment of silence and in a little noise: so
 * the truth is known. Its sound arrives piece by piece in a time that is counted and not waited
 * for. Of each voice the first sentence is one whose speed nothing is known of. Prints a line for
 * each of first and later sentences, from a vendor that is as slow as the sound and from one four
 * times as fast: its name, phonemes, mean, standard deviation, mean of the distance, 95th
 * percentile and largest distance, all in ms; positive: the mouth is late.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/speech/clip.h"
#include "tests/support/spoken.h"

#define PIECE_MS     20
#define MAX_ERRORS   20000
#define SILENCE_MS   120
#define LEVEL        0.5
#define NOISE        20
#define ECHO_SAMPLES 900 /* 41 ms: a wall seven metres away */

static const char *const texts[] = {
    "Hello there, my name is Myna, and I like to sing. Shall we begin with a song?",
    "The weather tomorrow will be mostly sunny, with a light wind from the west.",
    "Sure! I can tell you a story about a robot who wanted to see the sea.",
    "你好，我是你的小机器人。我们一起唱歌吧！",
    "明天的天气很好，我们可以去公园散步，也可以在家里看书。",
    "Why do birds sing in the morning? Because they are happy to see the sun again.",
};

static const struct {
    int rate_wpm, pitch;
    double size; /* of the speaker: above 1 is a larger one, and slower */
    double tilt; /* of the sound: above 0 duller, below brighter */
    double echo; /* of the room */
} speakers[] = {
    {130, 40, 1.00, 0.0, 0.0}, {150, 70, 0.88, 0.6, 0.0},  {170, 20, 1.12, -0.6, 0.0},
    {190, 55, 1.00, 0.0, 0.3}, {210, 80, 0.90, -0.4, 0.2}, {230, 30, 1.10, 0.5, 0.3},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

struct errors {
    const char *name;
    size_t count;
    double ms[MAX_ERRORS];
};

struct take {
    size_t count;
    int16_t *pcm;
    uint32_t starts[SPOKEN_MAX_MARKS];
    size_t mark_count;
};

static uint32_t noise(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static double between(const int16_t pcm[2], double share)
{
    return pcm[0] + share * (pcm[1] - pcm[0]);
}

/* What the vendor would send, and when each phoneme is really said. */
static bool make_take(const struct spoken *spoken, size_t speaker, struct take *take)
{
    const size_t silence = (size_t)SILENCE_MS * CLIP_RATE / 1000;
    const double size = speakers[speaker].size, tilt = speakers[speaker].tilt;
    double past = 0, was = 0;
    uint32_t seed = 9;

    take->count = silence + (size_t)((double)spoken->count * size);
    take->pcm = calloc(take->count, sizeof *take->pcm);
    take->mark_count = 0;
    for (size_t i = 0; take->pcm && i < take->count; i++) {
        const double at = i < silence ? 0 : (double)(i - silence) / size;
        const size_t before = (size_t)at;
        double sample = (double)(noise(&seed) % (2 * NOISE)) - NOISE;

        if (i >= silence && before + 1 < spoken->count)
            sample += LEVEL * between(spoken->pcm + before, at - (double)before);
        if (i >= ECHO_SAMPLES)
            sample += speakers[speaker].echo * take->pcm[i - ECHO_SAMPLES];
        past = tilt >= 0 ? tilt * past + (1 - tilt) * sample : sample + tilt * was;
        was = sample;
        take->pcm[i] = (int16_t)fmax(-32768, fmin(32767, past));
    }
    for (size_t i = 0; i < spoken->mark_count; i++)
        if (spoken->marks[i].phoneme[0] != '_')
            take->starts[take->mark_count++] =
                (uint32_t)(silence + (size_t)(spoken->marks[i].sample * size));
    return take->pcm != NULL;
}

static void look(struct span bytes, const struct take *take, size_t *next, struct errors *errors)
{
    struct voice_wire frame;
    size_t used;

    while (voice_wire_decode(bytes, &frame, &used) == STATUS_OK) {
        if (frame.kind == VOICE_WIRE_MARK && frame.phoneme[0] != '_' && *next < take->mark_count &&
            errors->count < MAX_ERRORS) {
            const double off = (double)frame.sample - (double)take->starts[(*next)++];

            errors->ms[errors->count++] = off * 1000 / CLIP_RATE;
        }
        bytes = span_of(bytes.data + used, bytes.size - used);
    }
}

static void give(struct clip *clip, int64_t now_ms, const struct take *take, size_t *next,
                 struct errors *errors)
{
    struct buffer out;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        buffer_init(&out, 1u << 18);
        status = clip_give(clip, now_ms, &out);
        look(buffer_span(&out), take, next, errors);
        buffer_release(&out);
    }
}

/* One sentence. */
static bool hear(const struct spoken *pattern, const struct take *take, unsigned pace,
                 struct errors *errors)
{
    struct clip *clip = malloc(sizeof *clip);
    const size_t piece = (size_t)PIECE_MS * CLIP_RATE / 1000;
    size_t next = 0;
    int64_t now_ms = 0;

    if (!clip || clip_init(clip, 1, 0) != STATUS_OK)
        return free(clip), false;
    clip_add_pattern(clip, pattern->pcm, pattern->count);
    for (size_t i = 0; i < pattern->mark_count; i++)
        clip_add_mark(clip, &pattern->marks[i]);
    for (size_t i = 0; i < pattern->word_count; i++)
        clip_add_word(clip, &pattern->words[i]);
    clip_end_pattern(clip);
    for (size_t at = 0; at < take->count; at += piece * pace, now_ms += PIECE_MS) {
        const size_t left = take->count - at, part = piece * pace;

        clip_add_sound(clip, take->pcm + at, left < part ? left : part);
        give(clip, now_ms, take, &next, errors);
    }
    clip_end_sound(clip, true);
    give(clip, now_ms, take, &next, errors);
    const bool is_told = next == take->mark_count;
    clip_release(clip);
    free(clip);
    return is_told;
}

static bool count_phonemes(const struct spoken *spoken, size_t wanted)
{
    size_t count = 0;

    for (size_t i = 0; i < spoken->mark_count; i++)
        count += spoken->marks[i].phoneme[0] != '_';
    return count == wanted;
}

/* A voice says each text. */
static bool meet(const char *program, size_t speaker, unsigned pace, struct errors *errors)
{
    bool is_done = true;

    for (size_t i = 0; i < COUNT(texts) && is_done; i++) {
        struct spoken *vendor = NULL, *pattern = NULL;
        struct take take = {.count = 0};

        is_done = spoken_create_at(&vendor, program, texts[i], speakers[speaker].rate_wpm,
                                   speakers[speaker].pitch) == STATUS_OK &&
                  spoken_create_at(&pattern, program, texts[i], 170, -1) == STATUS_OK &&
                  make_take(vendor, speaker, &take);
        if (is_done && count_phonemes(pattern, take.mark_count))
            is_done = hear(pattern, &take, pace, errors);
        free(take.pcm);
        free(vendor);
        free(pattern);
    }
    return is_done;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void print(struct errors *errors)
{
    double sum = 0, squares = 0, distance = 0;

    for (size_t i = 0; i < errors->count; i++) {
        sum += errors->ms[i];
        squares += errors->ms[i] * errors->ms[i];
        distance += fabs(errors->ms[i]);
    }
    const double count = (double)errors->count, mean = sum / count;

    for (size_t i = 0; i < errors->count; i++)
        errors->ms[i] = fabs(errors->ms[i]);
    qsort(errors->ms, errors->count, sizeof errors->ms[0], compare);
    printf("%s %zu %.1f %.1f %.1f %.1f %.1f\n", errors->name, errors->count, mean,
           sqrt(squares / count - mean * mean), distance / count,
           errors->ms[errors->count * 95 / 100], errors->ms[errors->count - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct errors errors[] = {{.name = "slow"}, {.name = "fast"}};
    bool is_done = argc == 2;

    for (size_t i = 0; i < COUNT(speakers) && is_done; i++)
        is_done = meet(argv[1], i, 1, &errors[0]) && meet(argv[1], i, 4, &errors[1]);
    for (size_t i = 0; i < COUNT(errors) && is_done; i++) {
        is_done = errors[i].count > 0;
        if (is_done)
            print(&errors[i]);
    }
    if (!is_done)
        fprintf(stderr, "lips_fit: %s\n",
                argc == 2 ? "the voice does not speak, or a phoneme was not told"
                          : "usage: lips_fit VOICE_PROGRAM");
    return is_done ? 0 : 1;
}
