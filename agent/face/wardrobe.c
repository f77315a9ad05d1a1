#include "agent/face/wardrobe.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/log.h"

struct hanger {
    char path[PATH_MAX]; /* of the file, without links; "" the built-in one */
    struct pack *pack;
};

struct wardrobe {
    char folder[PATH_MAX];
    char installed[PATH_MAX];
    pthread_mutex_t lock; /* guards what follows; packs themselves never change */
    struct hanger hangers[WARDROBE_MAX_PACKS];
    size_t count;
};

enum status wardrobe_create(struct wardrobe **out, const char *folder, const char *installed)
{
    struct wardrobe *wardrobe = calloc(1, sizeof *wardrobe);

    if (!wardrobe)
        return STATUS_MEMORY;
    pthread_mutex_init(&wardrobe->lock, NULL);
    snprintf(wardrobe->folder, sizeof wardrobe->folder, "%s", folder ? folder : "");
    snprintf(wardrobe->installed, sizeof wardrobe->installed, "%s", installed ? installed : "");
    enum status status = pack_builtin(&wardrobe->hangers[0].pack);
    wardrobe->count = 1;
    if (status == STATUS_OK)
        *out = wardrobe;
    else
        wardrobe_free(wardrobe);
    return status;
}

void wardrobe_free(struct wardrobe *wardrobe)
{
    if (!wardrobe)
        return;
    for (size_t i = 0; i < wardrobe->count; i++)
        pack_free(wardrobe->hangers[i].pack);
    pthread_mutex_destroy(&wardrobe->lock);
    free(wardrobe);
}

/* A name is no path. */
static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size < WARDROBE_NAME_BYTES && name[size] == '\0';
}

/* Where the pack of that name is now; "" is the built-in one. False: nowhere. */
static bool locate(const struct wardrobe *wardrobe, const char *name, char out[PATH_MAX])
{
    char path[PATH_MAX + 3 * WARDROBE_NAME_BYTES];

    if (!is_name(name))
        return false;
    snprintf(path, sizeof path, "%s/avatar/%s/current/%s.svg", wardrobe->installed, name, name);
    if (wardrobe->installed[0] && realpath(path, out))
        return true;
    out[0] = '\0';
    if (strcmp(name, WARDROBE_BUILTIN) == 0)
        return true;
    snprintf(path, sizeof path, "%s/%s.svg", wardrobe->folder, name);
    return wardrobe->folder[0] && realpath(path, out);
}

static enum status load(struct wardrobe *wardrobe, const char *path,
                        char problem[PACK_PROBLEM_SIZE])
{
    struct hanger *hanger = &wardrobe->hangers[wardrobe->count];

    if (wardrobe->count == WARDROBE_MAX_PACKS) {
        snprintf(problem, PACK_PROBLEM_SIZE, "%d avatars were worn since the start; restart",
                 WARDROBE_MAX_PACKS);
        return STATUS_FULL;
    }
    enum status status = pack_load(&hanger->pack, path, problem);
    if (status == STATUS_OK) {
        memcpy(hanger->path, path, sizeof hanger->path);
        wardrobe->count++;
    }
    return status;
}

static const struct pack *find(const struct wardrobe *wardrobe, const char *path)
{
    for (size_t i = 0; i < wardrobe->count; i++)
        if (strcmp(wardrobe->hangers[i].path, path) == 0)
            return wardrobe->hangers[i].pack;
    return NULL;
}

const struct pack *wardrobe_pick(struct wardrobe *wardrobe, const char *name)
{
    char problem[PACK_PROBLEM_SIZE] = "there is no such avatar on this robot";
    const struct pack *pack = NULL;
    char path[PATH_MAX];

    pthread_mutex_lock(&wardrobe->lock);
    if (locate(wardrobe, name[0] ? name : WARDROBE_BUILTIN, path)) {
        pack = find(wardrobe, path);
        if (!pack && load(wardrobe, path, problem) == STATUS_OK)
            pack = find(wardrobe, path);
    }
    if (!pack) {
        log_warning("face",
                    "the avatar \"%.40s\" is not worn, the built-in one stands in: %s (hint: "
                    "myna-agent avatar FILE)",
                    name, problem);
        pack = wardrobe->hangers[0].pack;
    }
    pthread_mutex_unlock(&wardrobe->lock);
    return pack;
}
