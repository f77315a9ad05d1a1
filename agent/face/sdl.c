#include "agent/face/sdl.h"

#include <dlfcn.h>

#define LIBRARY "libSDL2-2.0.so.0"

static const struct {
    const char *name;
    size_t at;
} functions[] = {
#define SDL_PLACE(name) {"SDL_" #name, offsetof(struct sdl, name)},
    SDL_FUNCTIONS(SDL_PLACE)
#undef SDL_PLACE
};

static enum status find_all(struct sdl *out, void *library)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void **place = (void **)((char *)out + functions[i].at);

        *place = dlsym(library, functions[i].name);
        if (!*place)
            return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}

enum status sdl_load(struct sdl *out, char problem[160])
{
    /* never unloaded: the libraries behind it keep threads and addresses */
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NODELETE);

    if (library && find_all(out, library) == STATUS_OK) {
        dlclose(library);
        return STATUS_OK;
    }
    snprintf(problem, 160, "%s (hint: apt-get install libsdl2-2.0-0)", dlerror());
    if (library)
        dlclose(library);
    return STATUS_UNREACHABLE;
}

void sdl_quit(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);
    struct sdl sdl;

    if (!library)
        return;
    if (find_all(&sdl, library) == STATUS_OK)
        sdl.Quit();
    dlclose(library);
}
