#include "agent/face/screen.h"

#include <strings.h>

#include "agent/face/avatar.h"
#include "agent/face/beat.h"
#include "agent/face/frames.h"
#include "agent/face/sdl.h"
#include "schema/base/clock.h"

struct screen {
    struct sdl sdl;
    SDL_Window *window;
    SDL_Renderer *renderer; /* NULL: pictures are copied into the window's own memory */
    SDL_Texture *texture;
    int width, height;
    bool is_new; /* of this size nothing was shown yet */
    bool is_uncovered;
    struct beat beat;
    face_key_fn on_key;
    void *context;
};

bool screen_is_there(const char *driver)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

    return (driver && *driver) || (x && *x) || (wayland && *wayland);
}

static bool is_driver(const struct screen *screen, const char *name)
{
    const char *driver = screen->sdl.GetCurrentVideoDriver();

    return driver && strcasecmp(driver, name) == 0;
}

static bool is_visible_driver(const struct screen *screen)
{
    return screen->sdl.GetCurrentVideoDriver() && !is_driver(screen, "dummy") &&
           !is_driver(screen, "offscreen");
}

static int within(int value, int most)
{
    return value < AVATAR_MIN_SIZE ? AVATAR_MIN_SIZE : value > most ? most : value;
}

static void take_size(struct screen *screen)
{
    int width, height;

    screen->sdl.GetWindowSize(screen->window, &width, &height);
    width = within(width, AVATAR_MAX_WIDTH);
    height = within(height, AVATAR_MAX_HEIGHT);
    screen->is_new = screen->is_new || width != screen->width || height != screen->height;
    screen->width = width;
    screen->height = height;
}

static bool make_window(struct screen *screen, const struct screen_options *options)
{
    bool is_whole = is_driver(screen, "kmsdrm");

    screen->window = screen->sdl.CreateWindow(
        options->title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
        within(options->width, AVATAR_MAX_WIDTH), within(options->height, AVATAR_MAX_HEIGHT),
        is_whole ? SDL_WINDOW_FULLSCREEN_DESKTOP : SDL_WINDOW_RESIZABLE);
    if (!screen->window)
        return false;
    screen->sdl.SetWindowMinimumSize(screen->window, AVATAR_MIN_SIZE, AVATAR_MIN_SIZE);
    screen->sdl.ShowCursor(SDL_DISABLE); /* it would sit on the face */
    screen->sdl.SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    take_size(screen);
    if (is_driver(screen, "x11"))
        return screen->sdl.GetWindowSurface(screen->window) != NULL;
    screen->renderer = screen->sdl.CreateRenderer(screen->window, -1, SDL_RENDERER_PRESENTVSYNC);
    if (!screen->renderer)
        screen->renderer = screen->sdl.CreateRenderer(screen->window, -1, SDL_RENDERER_SOFTWARE);
    return screen->renderer != NULL;
}

/* Only a renderer that waits for the display hands its beat on. */
static void start_beat(struct screen *screen)
{
    SDL_RendererInfo info = {.flags = 0};
    SDL_DisplayMode mode = {.refresh_rate = 0};

    if (screen->renderer)
        screen->sdl.GetRendererInfo(screen->renderer, &info);
    bool waits = info.flags & SDL_RENDERER_PRESENTVSYNC;
    screen->sdl.GetWindowDisplayMode(screen->window, &mode);
    beat_init(&screen->beat, waits ? BEAT_DISPLAY : BEAT_OWN,
              waits && mode.refresh_rate > 0 ? 1000000000 / mode.refresh_rate : FRAMES_PERIOD_NS,
              clock_mono_ns());
}

enum status screen_open(struct screen **out, const struct screen_options *options,
                        char problem[160])
{
    struct screen *screen = calloc(1, sizeof *screen);

    if (!screen)
        return STATUS_MEMORY;
    enum status status = sdl_load(&screen->sdl, problem);
    if (status != STATUS_OK) {
        free(screen);
        return status;
    }
    /* the agent's own signal handling stays in force */
    screen->sdl.SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    screen->sdl.SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "0");
    screen->sdl.SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    if (options->driver && *options->driver)
        screen->sdl.SetHint(SDL_HINT_VIDEODRIVER, options->driver);
    if (screen->sdl.InitSubSystem(SDL_INIT_VIDEO) != 0) {
        snprintf(problem, 160, "%s", screen->sdl.GetError());
        screen->sdl.TLSCleanup();
        free(screen);
        return STATUS_UNREACHABLE;
    }
    if (!is_visible_driver(screen) || !make_window(screen, options)) {
        snprintf(problem, 160, "%s",
                 is_visible_driver(screen) ? screen->sdl.GetError() : "no display");
        screen_close(screen);
        return STATUS_UNREACHABLE;
    }
    start_beat(screen);
    screen->on_key = options->on_key;
    screen->context = options->context;
    *out = screen;
    return STATUS_OK;
}

void screen_close(struct screen *screen)
{
    if (!screen)
        return;
    if (screen->texture)
        screen->sdl.DestroyTexture(screen->texture);
    if (screen->renderer)
        screen->sdl.DestroyRenderer(screen->renderer);
    if (screen->window)
        screen->sdl.DestroyWindow(screen->window);
    screen->sdl.QuitSubSystem(SDL_INIT_VIDEO);
    screen->sdl.TLSCleanup(); /* its error texts for this thread, which SDL did not start */
    free(screen);
}

void screen_size(const struct screen *screen, int *width, int *height)
{
    *width = screen->width;
    *height = screen->height;
}

static void take_key(const struct screen *screen, const SDL_KeyboardEvent *event)
{
    static const struct {
        SDL_Keycode code;
        enum face_key key;
    } keys[] = {{SDLK_SPACE, FACE_KEY_TALK}, {SDLK_m, FACE_KEY_MUTE}};

    if (!screen->on_key || event->repeat)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (event->keysym.sym == keys[i].code)
            screen->on_key(screen->context, keys[i].key, event->type == SDL_KEYDOWN);
}

/* False: the window was closed. */
static bool take_events(struct screen *screen)
{
    SDL_Event event;

    while (screen->sdl.PollEvent(&event)) {
        if (event.type == SDL_QUIT ||
            (event.type == SDL_WINDOWEVENT && event.window.event == SDL_WINDOWEVENT_CLOSE))
            return false;
        if (event.type == SDL_KEYDOWN || event.type == SDL_KEYUP)
            take_key(screen, &event.key);
        if (event.type != SDL_WINDOWEVENT)
            continue;
        if (event.window.event == SDL_WINDOWEVENT_SIZE_CHANGED)
            take_size(screen);
        if (event.window.event == SDL_WINDOWEVENT_EXPOSED)
            screen->is_uncovered = true;
    }
    return true;
}

static SDL_Rect rect_of(const struct rect *rect)
{
    return (SDL_Rect){rect->left, rect->top, rect->right - rect->left, rect->bottom - rect->top};
}

static const uint8_t *pixel_at(const struct screen *screen, const uint8_t *pixels,
                               const SDL_Rect *rect)
{
    return pixels + 4 * ((size_t)rect->y * (size_t)screen->width + (size_t)rect->x);
}

/* A window larger than the largest face keeps it in its corner; the rest stays black. */
static void show_in_window(struct screen *screen, const uint8_t *pixels,
                           const struct rects *changed)
{
    SDL_Surface *window = screen->sdl.GetWindowSurface(screen->window);
    SDL_Surface *picture = screen->sdl.CreateRGBSurfaceWithFormatFrom(
        (void *)(uintptr_t)pixels, screen->width, screen->height, 32, 4 * screen->width,
        SDL_PIXELFORMAT_RGB888);
    SDL_Rect rects[RECTS_MAX];

    for (size_t i = 0; window && picture && i < changed->count; i++) {
        SDL_Rect to = rects[i] = rect_of(&changed->at[i]);

        screen->sdl.UpperBlit(picture, &rects[i], window, &to);
    }
    screen->sdl.FreeSurface(picture);
    if (window && changed->count > 0)
        screen->sdl.UpdateWindowSurfaceRects(screen->window, rects, (int)changed->count);
}

static void show_by_renderer(struct screen *screen, const uint8_t *pixels,
                             const struct rects *changed)
{
    if (!screen->texture)
        screen->texture =
            screen->sdl.CreateTexture(screen->renderer, SDL_PIXELFORMAT_ARGB8888,
                                      SDL_TEXTUREACCESS_STREAMING, screen->width, screen->height);
    for (size_t i = 0; i < changed->count; i++) {
        SDL_Rect rect = rect_of(&changed->at[i]);

        screen->sdl.UpdateTexture(screen->texture, &rect, pixel_at(screen, pixels, &rect),
                                  4 * screen->width);
    }
    screen->sdl.RenderSetLogicalSize(screen->renderer, screen->width, screen->height);
    screen->sdl.RenderClear(screen->renderer);
    screen->sdl.RenderCopy(screen->renderer, screen->texture, NULL, NULL);
    screen->sdl.RenderPresent(screen->renderer);
}

int64_t screen_next(struct screen *screen, int frames)
{
    int64_t begin_ns = beat_next(&screen->beat, frames, clock_mono_ns());

    clock_sleep_until_ns(begin_ns);
    beat_begin(&screen->beat, clock_mono_ns());
    return beat_seen_ns(&screen->beat);
}

enum status screen_show(struct screen *screen, const uint8_t *pixels, const struct rects *changed)
{
    const struct rects all = {.at = {{0, 0, screen->width, screen->height}}, .count = 1};

    if (screen->is_new && screen->texture) {
        screen->sdl.DestroyTexture(screen->texture);
        screen->texture = NULL;
    }
    if (screen->is_new || screen->is_uncovered)
        changed = &all;
    screen->is_new = screen->is_uncovered = false;
    beat_drawn(&screen->beat, clock_mono_ns());
    clock_sleep_until_ns(beat_due_ns(&screen->beat));
    if (changed->count > 0 && screen->renderer)
        show_by_renderer(screen, pixels, changed);
    else if (changed->count > 0)
        show_in_window(screen, pixels, changed);
    beat_shown(&screen->beat, clock_mono_ns());
    return take_events(screen) ? STATUS_OK : STATUS_CLOSED;
}

void screen_forget(void)
{
    sdl_quit();
}
