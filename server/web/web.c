#include "server/web/web.h"

#include <string.h>

static const struct web_file *named(const char *path)
{
    for (const struct web_file *file = web_files; file->path != NULL; file++) {
        if (strcmp(file->path, path) == 0)
            return file;
    }
    return NULL;
}

const struct web_file *web_find(const char *path)
{
    const char *slash = strrchr(path, '/');
    bool is_page = slash != NULL && strchr(slash, '.') == NULL;

    return named(is_page ? "/index.html" : path);
}
