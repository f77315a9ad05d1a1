#include "agent/supplies.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/file.h"
#include "schema/base/log.h"

#define MAX_PEM_BYTES ((size_t)64 << 10)

/* A file that need not be there. */
static enum status read_optional(const char *path, uint8_t **data, size_t *size, char problem[256])
{
    enum status status = path ? file_read(path, MAX_PEM_BYTES, data, size) : STATUS_NOT_FOUND;

    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        return STATUS_OK;
    snprintf(problem, 256, "cannot read \"%.160s\": %s", path, status_text(status));
    return status;
}

static enum status open_updater(struct updater **out, const struct updater_options *options,
                                char problem[256])
{
    struct updater *updater = NULL;
    enum status status = updater_open(&updater, options);

    if (status == STATUS_CORRUPT && updater) {
        log_warning("agent", "what software came to this robot is not known any more: its file is "
                             "damaged");
        status = STATUS_OK;
    }
    if (status == STATUS_OK)
        *out = updater;
    else
        snprintf(problem, 256, "cannot keep software in the state folder: %s", status_text(status));
    return status;
}

enum status supplies_open(struct updater **out, const struct config *config, const char *folder,
                          void (*on_step)(void *context), void *context, char problem[256])
{
    uint8_t *keys = NULL, *ca = NULL;
    size_t keys_size = 0, ca_size = 0;
    enum status status = read_optional(config->update_keys, &keys, &keys_size, problem);

    if (status == STATUS_OK)
        status = read_optional(config->update_ca, &ca, &ca_size, problem);
    const struct updater_options options = {
        .folder = folder,
        .programs = config->update_dir,
        .keys_pem = span_of(keys, keys_size),
        .ca_pem = span_of(ca, ca_size),
        .version = MYNA_VERSION,
        .max_bytes = config->update_max_mib << 20,
        .max_bytes_per_s = config->update_rate_kib << 10,
        .context = context,
        .on_step = on_step,
    };
    if (status == STATUS_OK)
        status = open_updater(out, &options, problem);
    free(keys);
    free(ca);
    return status;
}

void supplies_voice(const char *folder, const char *program, char out[PATH_MAX])
{
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;
    char place[PATH_MAX];

    if (updater_place(folder, "voice", name, place, sizeof place) != STATUS_OK ||
        snprintf(out, PATH_MAX, "%s/%s", place, name) >= PATH_MAX || access(out, X_OK) != 0)
        snprintf(out, PATH_MAX, "%s", program);
}
