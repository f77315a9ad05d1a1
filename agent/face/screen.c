#include "agent/face/screen.h"

#include <SDL2/SDL.h>

#include "agent/face/avatar.h"
#include "agent/face/frames.h"
#include "schema/base/clock.h"

struct screen {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int64_t next_ns;
};

bool screen_is_there(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

    return (x && *x) || (wayland && *wayland);
}

static bool is_visible_driver(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();

    return driver && strcmp(driver, "dummy") != 0 && strcmp(driver, "offscreen") != 0;
}

static bool make_window(struct screen *screen, const char *title)
{
    screen->window =
        SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, AVATAR_SIZE,
                         AVATAR_SIZE, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!screen->window)
        return false;
    screen->renderer = SDL_CreateRenderer(screen->window, -1, SDL_RENDERER_PRESENTVSYNC);
    if (!screen->renderer)
        screen->renderer = SDL_CreateRenderer(screen->window, -1, SDL_RENDERER_SOFTWARE);
    if (!screen->renderer)
        return false;
    SDL_ShowCursor(SDL_DISABLE); /* it would sit on the face */
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    SDL_RenderSetLogicalSize(screen->renderer, AVATAR_SIZE, AVATAR_SIZE);
    screen->texture = SDL_CreateTexture(screen->renderer, SDL_PIXELFORMAT_ARGB8888,
                                        SDL_TEXTUREACCESS_STREAMING, AVATAR_SIZE, AVATAR_SIZE);
    return screen->texture != NULL;
}

enum status screen_open(struct screen **out, const char *title, char problem[160])
{
    struct screen *screen = calloc(1, sizeof *screen);

    if (!screen)
        return STATUS_MEMORY;
    /* the agent's own signal handling stays in force */
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "0");
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) {
        snprintf(problem, 160, "%s", SDL_GetError());
        SDL_TLSCleanup();
        free(screen);
        return STATUS_UNREACHABLE;
    }
    if (!is_visible_driver() || !make_window(screen, title)) {
        snprintf(problem, 160, "%s", is_visible_driver() ? SDL_GetError() : "no display");
        screen_close(screen);
        return STATUS_UNREACHABLE;
    }
    screen->next_ns = clock_mono_ns();
    *out = screen;
    return STATUS_OK;
}

void screen_close(struct screen *screen)
{
    if (!screen)
        return;
    if (screen->texture)
        SDL_DestroyTexture(screen->texture);
    if (screen->renderer)
        SDL_DestroyRenderer(screen->renderer);
    if (screen->window)
        SDL_DestroyWindow(screen->window);
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    SDL_TLSCleanup(); /* its error texts for this thread, which SDL did not start */
    free(screen);
}

/* A hidden window or a software renderer does not wait for the display. */
static void pace(struct screen *screen)
{
    int64_t now_ns = clock_mono_ns();

    screen->next_ns += FRAMES_PERIOD_NS;
    if (screen->next_ns < now_ns)
        screen->next_ns = now_ns;
    else if (screen->next_ns - now_ns > FRAMES_PERIOD_NS / 4)
        clock_sleep_ms((screen->next_ns - now_ns) / 1000000);
}

enum status screen_show(struct screen *screen, const uint8_t *pixels)
{
    SDL_Event event;

    while (SDL_PollEvent(&event)) {
        if (event.type == SDL_QUIT ||
            (event.type == SDL_WINDOWEVENT && event.window.event == SDL_WINDOWEVENT_CLOSE))
            return STATUS_CLOSED;
    }
    SDL_UpdateTexture(screen->texture, NULL, pixels, AVATAR_STRIDE);
    SDL_RenderClear(screen->renderer);
    SDL_RenderCopy(screen->renderer, screen->texture, NULL, NULL);
    SDL_RenderPresent(screen->renderer);
    pace(screen);
    return STATUS_OK;
}

void screen_forget(void)
{
    SDL_Quit();
}
