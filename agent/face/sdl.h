/* sdl.h - SDL2, loaded when a window is to be opened
 *
 * SDL brings thirty libraries of desktops and sound servers with it: four megabytes and a tenth of
 * a second that a robot without a display does without. So it is not linked; screen.c calls it by
 * this table.
 */
#ifndef AGENT_FACE_SDL_H
#define AGENT_FACE_SDL_H

#include <SDL2/SDL.h>

#include "schema/base/status.h"

/* What is used of it. */
#define SDL_FUNCTIONS(X)                                                                           \
    X(CreateRGBSurfaceWithFormatFrom)                                                              \
    X(CreateRenderer)                                                                              \
    X(CreateTexture)                                                                               \
    X(CreateWindow)                                                                                \
    X(DestroyRenderer)                                                                             \
    X(DestroyTexture)                                                                              \
    X(DestroyWindow)                                                                               \
    X(FreeSurface)                                                                                 \
    X(GetCurrentVideoDriver)                                                                       \
    X(GetError)                                                                                    \
    X(GetRendererInfo)                                                                             \
    X(GetWindowDisplayMode)                                                                        \
    X(GetWindowSize)                                                                               \
    X(GetWindowSurface)                                                                            \
    X(InitSubSystem)                                                                               \
    X(PollEvent)                                                                                   \
    X(Quit)                                                                                        \
    X(QuitSubSystem)                                                                               \
    X(RenderClear)                                                                                 \
    X(RenderCopy)                                                                                  \
    X(RenderPresent)                                                                               \
    X(RenderSetLogicalSize)                                                                        \
    X(SetHint)                                                                                     \
    X(SetWindowMinimumSize)                                                                        \
    X(ShowCursor)                                                                                  \
    X(TLSCleanup)                                                                                  \
    X(UpdateTexture)                                                                               \
    X(UpdateWindowSurfaceRects)                                                                    \
    X(UpperBlit)

#define SDL_POINTER(name) __typeof__(SDL_##name) *name;
struct sdl {
    SDL_FUNCTIONS(SDL_POINTER)
};
#undef SDL_POINTER

/* Fills in the table; the library stays loaded until the process ends. STATUS_UNREACHABLE: it is
 * not installed or too old; problem says why. */
MUST_CHECK enum status sdl_load(struct sdl *out, char problem[160]);

/* Gives back what SDL keeps, if it was ever loaded; after the last window. */
void sdl_quit(void);

#endif
