/* face_talk.c - what a talking face costs, beside a bare loop of cairo and SDL
 *
 * usage: face_talk VOICE_PROGRAM SECONDS
 *
 * Needs a display. The face speaks a sentence of the real voice again and again at 60 pictures a
 * second; then a bare loop copies a ready-made picture into the same rectangles, as often. Prints
 * one line: mean microseconds of drawing and of the bare copying, the CPU's share of both in per
 * cent, then the 50th and 99th percentile of the time between two pictures in milliseconds, the
 * mean number of pixels painted anew in a picture, and the CPU's share of a face at rest.
 */
#include <SDL2/SDL.h>
#include <cairo.h>
#include <time.h>

#include "agent/face/avatar.h"
#include "agent/face/frames.h"
#include "agent/face/screen.h"
#include "agent/voice/priority.h"
#include "schema/base/clock.h"
#include "tests/support/spoken.h"

#define SIZE     480
#define MAX_FAST 20000 /* pictures */
#define START    AUDIO_SAMPLE_RATE

static const char sentence[] =
    "Good morning! My name is Myna, and I am a bird that talks with people all day long. "
    "Maybe you would like to hear a story about the big blue mountain behind our farm?";

struct bench {
    const struct spoken *spoken;
    struct track *track;
    struct avatar *avatar;
    struct avatar_look look;
    size_t count;
    struct rects rects[MAX_FAST];
    double interval_ms[MAX_FAST];
    double draw_us; /* all together */
    double cpu_s;
};

static double cpu_now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void pose(struct bench *bench, enum face_mood mood, int64_t elapsed_ns)
{
    int64_t length = START + (int64_t)bench->spoken->count + AUDIO_SAMPLE_RATE / 4;
    int64_t sample = elapsed_ns / 1000 * AUDIO_SAMPLE_RATE / 1000000 % length;
    struct track_pose wanted, shown = bench->look.mouth;

    track_pose(bench->track, sample, &wanted);
    if (mood == FACE_SPEAKING)
        track_step(&shown, &wanted, 1000.0f / 60, &bench->look.mouth);
    expression_step(&bench->look.expression, mood, EMOTION_NONE,
                    mood == FACE_SPEAKING ? 1000.0 / 60 : 1000.0 / 20);
    bench->look.subtitle.text = mood == FACE_SPEAKING ? sentence : "";
    for (size_t i = 0; i < bench->spoken->word_count; i++) {
        const struct voice_word *word = &bench->spoken->words[i];

        if (START + (int64_t)word->sample > sample || mood != FACE_SPEAKING)
            break;
        bench->look.subtitle.word_from = word->offset;
        bench->look.subtitle.word = word->length;
    }
}

/* Draws and shows for so long, as the robot does. */
static bool run_face(struct bench *bench, struct screen *screen, enum face_mood mood, int seconds)
{
    int64_t start_ns = clock_mono_ns(), last_ns = start_ns;
    double cpu_s = cpu_now_s();

    bench->count = 0;
    bench->draw_us = 0;
    while (last_ns - start_ns < (int64_t)seconds * 1000000000 && bench->count < MAX_FAST) {
        struct rects *rects = &bench->rects[bench->count];
        int frames = mood == FACE_SPEAKING ? 1 : 3; /* as the robot does */
        int64_t seen_ns = screen_next(screen, frames);
        double before_s = cpu_now_s();

        pose(bench, mood, seen_ns - start_ns);
        avatar_draw(bench->avatar, &bench->look, rects);
        bench->draw_us += (cpu_now_s() - before_s) * 1e6;
        if (screen_show(screen, avatar_pixels(bench->avatar), rects) != STATUS_OK)
            return false;
        int64_t now_ns = clock_mono_ns();
        bench->interval_ms[bench->count++] = (double)(now_ns - last_ns) / 1e6;
        last_ns = now_ns;
    }
    bench->cpu_s = cpu_now_s() - cpu_s;
    return true;
}

/* The same rectangles, copied by cairo out of a ready-made picture and shown by SDL. */
static bool run_bare(const struct bench *bench, double *draw_us, double *cpu_s)
{
    SDL_Window *window = SDL_CreateWindow("bare", 0, 0, SIZE, SIZE, 0);
    SDL_Surface *surface = window ? SDL_GetWindowSurface(window) : NULL;

    if (!surface)
        return false;
    cairo_surface_t *picture =
        cairo_image_surface_create_for_data((uint8_t *)(uintptr_t)avatar_pixels(bench->avatar),
                                            CAIRO_FORMAT_RGB24, SIZE, SIZE, 4 * SIZE);
    cairo_surface_t *target = cairo_image_surface_create_for_data(
        surface->pixels, CAIRO_FORMAT_RGB24, SIZE, SIZE, surface->pitch);
    double begin_s = cpu_now_s();
    int64_t next_ns = clock_mono_ns();

    *draw_us = 0;
    for (size_t i = 0; i < bench->count; i++) {
        const struct rects *rects = &bench->rects[i];
        SDL_Rect shown[RECTS_MAX];
        double before_s = cpu_now_s();
        cairo_t *cr = cairo_create(target);

        cairo_set_source_surface(cr, picture, 0, 0);
        for (size_t k = 0; k < rects->count; k++) {
            const struct rect *r = &rects->at[k];

            shown[k] = (SDL_Rect){r->left, r->top, r->right - r->left, r->bottom - r->top};
            cairo_rectangle(cr, r->left, r->top, r->right - r->left, r->bottom - r->top);
        }
        cairo_fill(cr);
        cairo_destroy(cr);
        *draw_us += (cpu_now_s() - before_s) * 1e6;
        if (rects->count > 0)
            SDL_UpdateWindowSurfaceRects(window, shown, (int)rects->count);
        next_ns += FRAMES_PERIOD_NS;
        clock_sleep_until_ns(next_ns);
        SDL_PumpEvents();
    }
    *cpu_s = cpu_now_s() - begin_s;
    cairo_surface_destroy(target);
    cairo_surface_destroy(picture);
    SDL_DestroyWindow(window);
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static bool measure(struct bench *bench, struct screen *screen, int seconds)
{
    double draw_us, cpu_s, pixels = 0;

    if (!run_face(bench, screen, FACE_SPEAKING, 1) ||
        !run_face(bench, screen, FACE_SPEAKING, seconds) || !run_bare(bench, &draw_us, &cpu_s))
        return false;
    double count = (double)bench->count, wall_s = (double)seconds;
    for (size_t i = 0; i < bench->count; i++)
        pixels += (double)rects_area(&bench->rects[i]);
    qsort(bench->interval_ms, bench->count, sizeof *bench->interval_ms, ascending);
    printf("%.3f %.3f %.3f %.3f %.3f %.3f %.0f", bench->draw_us / count, draw_us / count,
           bench->cpu_s / wall_s * 100, cpu_s / wall_s * 100, bench->interval_ms[bench->count / 2],
           bench->interval_ms[bench->count * 99 / 100], pixels / count);
    if (!run_face(bench, screen, FACE_NEUTRAL, 2) ||
        !run_face(bench, screen, FACE_NEUTRAL, seconds))
        return false;
    printf(" %.3f\n", bench->cpu_s / wall_s * 100);
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    const struct screen_options options = {.title = "face", .width = SIZE, .height = SIZE};
    struct spoken *spoken = NULL;
    struct screen *screen = NULL;
    struct pack *pack = NULL;
    char problem[160] = "no voice, or no memory";

    if (argc != 3)
        return 2;
    bool is_ready = spoken_create(&spoken, argv[1], sentence) == STATUS_OK &&
                    track_create(&bench.track) == STATUS_OK && pack_builtin(&pack) == STATUS_OK &&
                    avatar_create(&bench.avatar, pack, SIZE, SIZE) == STATUS_OK &&
                    screen_open(&screen, &options, problem) == STATUS_OK;
    if (!is_ready) {
        fprintf(stderr, "face_talk: %s\n", problem);
        return 1;
    }
    bench.spoken = spoken;
    spoken_place(spoken, bench.track, START);
    bench.look = (struct avatar_look){.notice = "", .name = "bench", .mouth.cap = 1};
    expression_init(&bench.look.expression);
    priority_raise(PRIORITY_PICTURE); /* as the robot does */
    bool done = measure(&bench, screen, (int)strtol(argv[2], NULL, 10));
    screen_close(screen);
    avatar_free(bench.avatar);
    track_free(bench.track);
    pack_free(pack);
    free(spoken);
    return done ? 0 : 1;
}
