/* echo_left.c - how much of the robot's own voice is left in what it hears
 *
 * usage: echo_left VOICE_PROGRAM
 *
 * The voice speaks into rooms of numbers, by a direct path and sixty reflections, small and large,
 * with a microphone that hisses 60 dB below full scale; the canceller gets what it gets on a robot,
 * the sound that was played and a clock that errs by half a millisecond. Prints a line per room:
 * its name, the echo's loudness against what is left of it (ERLE, dB) in the second three seconds,
 * when the filter has learned, and in the first three.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/ear/echo.h"
#include "tests/support/spoken.h"

#define REFLECTIONS 61
#define START_NS    5000000000 /* of the clock, when the robot begins to speak */
#define FRAME_NS    (VAD_FRAME_MS * 1000000)
#define LEARN_S     3
#define HISS        0.001

static const char text[] =
    "Once upon a time there was a small robot who lived by the sea. Every "
    "morning it looked out of the window and told the weather to its friends.";

static const struct {
    const char *name;
    double apart_s; /* one reflection from the next */
    double loudness;
} rooms[] = {{"small_room", 0.0008, 0.10}, {"large_room", 0.0025, 0.12}};

struct scene {
    const struct spoken *spoken;
    double delay_s[REFLECTIONS], gain[REFLECTIONS];
    uint32_t seed;
};

static double noise(struct scene *scene)
{
    scene->seed = scene->seed * 1664525u + 1013904223u;
    return (double)(scene->seed >> 8) / (1 << 23) - 1;
}

static double played_at(const struct spoken *spoken, double t)
{
    const double at = t * ECHO_PLAYED_HZ;
    const int64_t before = (int64_t)floor(at);

    if (before < 0 || before + 1 >= (int64_t)spoken->count)
        return 0;
    return (spoken->pcm[before] +
            (at - (double)before) * (spoken->pcm[before + 1] - spoken->pcm[before])) /
           32768;
}

static int64_t sample_at(void *context, int64_t mono_ns)
{
    const double error_s = 0.0005 * noise(context);

    return (int64_t)(((double)(mono_ns - START_NS) / 1e9 + error_s) * ECHO_PLAYED_HZ);
}

static void played(void *context, int64_t sample, int16_t *out, size_t count)
{
    const struct spoken *spoken = ((struct scene *)context)->spoken;

    for (size_t i = 0; i < count; i++) {
        const int64_t at = sample + (int64_t)i;

        out[i] = at < 0 || at >= (int64_t)spoken->count ? 0 : spoken->pcm[at];
    }
}

static void furnish(struct scene *scene, size_t room)
{
    scene->seed = 3;
    scene->delay_s[0] = 0.003;
    scene->gain[0] = 0.4;
    for (size_t i = 1; i < REFLECTIONS; i++) {
        scene->delay_s[i] = 0.005 + rooms[room].apart_s * ((double)i + 0.3 * noise(scene));
        scene->gain[i] = rooms[room].loudness * noise(scene) * exp(-(double)i / 18);
    }
}

/* What the microphone hears at that sample of its own. */
static double heard_at(struct scene *scene, size_t sample)
{
    double sum = 0;

    for (size_t i = 0; i < REFLECTIONS; i++)
        sum +=
            scene->gain[i] * played_at(scene->spoken, (double)sample / VAD_HZ - scene->delay_s[i]);
    return sum;
}

static bool listen(const struct spoken *spoken, size_t room)
{
    struct scene scene = {.spoken = spoken};
    const struct echo_source source = {&scene, sample_at, played};
    double echo_energy[2] = {0}, left_energy[2] = {0};
    struct echo *echo;

    furnish(&scene, room);
    if (echo_create(&echo, &source) != STATUS_OK)
        return false;
    for (size_t frame = 0; frame < 2 * LEARN_S * 1000 / VAD_FRAME_MS; frame++) {
        const bool has_learned = frame >= LEARN_S * 1000 / VAD_FRAME_MS;
        int16_t pcm[VAD_FRAME];

        for (size_t i = 0; i < VAD_FRAME; i++) {
            const double sound = heard_at(&scene, frame * VAD_FRAME + i) * 32767;

            echo_energy[has_learned] += sound * sound;
            pcm[i] =
                (int16_t)lrint(fmax(-32767, fmin(32767, sound + HISS * noise(&scene) * 32767)));
        }
        echo_cancel(echo, START_NS + (int64_t)(frame + 1) * FRAME_NS, pcm);
        for (size_t i = 0; i < VAD_FRAME; i++)
            left_energy[has_learned] += (double)pcm[i] * pcm[i];
    }
    echo_free(echo);
    printf("%s %.1f %.1f\n", rooms[room].name, 10 * log10(echo_energy[1] / (left_energy[1] + 1)),
           10 * log10(echo_energy[0] / (left_energy[0] + 1)));
    return true;
}

int main(int argc, char **argv)
{
    struct spoken *spoken = NULL;
    bool is_done = argc == 2 && spoken_create(&spoken, argv[1], text) == STATUS_OK;

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0] && is_done; i++)
        is_done = listen(spoken, i);
    free(spoken);
    if (!is_done)
        fprintf(stderr, "usage: echo_left VOICE_PROGRAM (one that speaks)\n");
    return is_done ? 0 : 1;
}
