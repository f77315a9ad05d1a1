/* Where a former process left software, and the updater itself: updater.h. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/software/updater_parts.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define MAX_CUT_OFF                                                                                \
    3                /* restarts in the middle of an installation: then it is likely their cause   \
                      */
#define MAX_STARTS 5 /* with it installed and on trial */

static void turn_back(wire_KeptSoftware *kept, const char *reason, bool is_final)
{
    snprintf(kept->reason, sizeof kept->reason, "%s", reason);
    kept->is_final = is_final;
    kept->stage = STAGE_REVERTING;
}

/* What was asked to run from this start on runs, or does not. */
static void judge_restart(struct updater *updater)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;
    char reason[LIMIT_REASON + 1];

    if (strcmp(updater->wanted.kind, UPDATER_AGENT) == 0 &&
        strcmp(updater->wanted.version, updater->options.version) != 0) {
        snprintf(reason, sizeof reason, "after the restart %.32s runs, not %.32s",
                 updater->options.version, updater->wanted.version);
        turn_back(kept, reason, true);
        return;
    }
    kept->stage = STAGE_INSTALLED;
    kept->cut_off = 0;
}

/* What a former process was in the middle of. */
static void resume(struct updater *updater)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;
    struct json_problem problem;

    if (kept->stage == STAGE_NONE)
        return;
    if (manifest_read(span_of(kept->wanted.document.bytes, kept->wanted.document.size),
                      &updater->wanted, &problem) != STATUS_OK) {
        kept->stage = STAGE_NONE;
        return;
    }
    if (kept->stage == STAGE_GOING_BACK)
        updater_name_running(updater, &updater->wanted);
    if (kept->stage == STAGE_RESTARTING)
        judge_restart(updater);
    else if (stage_is_begun((enum stage)kept->stage))
        kept->cut_off++;
    if (kept->stage == STAGE_INSTALLING && kept->cut_off >= MAX_CUT_OFF)
        turn_back(kept, "the robot stopped 3 times while it was installed", true);
    else if (kept->stage == STAGE_INSTALLED && kept->cut_off >= MAX_STARTS)
        turn_back(kept, "the robot was started 5 times before it was tested", true);
    if (shelf_save(&updater->shelf) != STATUS_OK)
        log_warning("software", "where software stands cannot be kept: the disk takes nothing");
}

static enum status copy_options(struct updater *updater, const struct updater_options *options)
{
    struct updater_options *own = &updater->options;
    const uint8_t *keys = options->keys_pem.data;

    *own = *options;
    own->folder = strdup(options->folder);
    own->programs = strdup(options->programs);
    own->version = strdup(options->version);
    own->keys_pem.data = malloc(options->keys_pem.size + 1);
    own->ca_pem.data = malloc(options->ca_pem.size + 1);
    if (!own->folder || !own->programs || !own->version || !own->keys_pem.data || !own->ca_pem.data)
        return STATUS_MEMORY;
    if (options->keys_pem.size > 0)
        memcpy((uint8_t *)own->keys_pem.data, keys, options->keys_pem.size);
    if (options->ca_pem.size > 0)
        memcpy((uint8_t *)own->ca_pem.data, options->ca_pem.data, options->ca_pem.size);
    return file_make_folder(options->folder, 0700);
}

enum status updater_open(struct updater **out, const struct updater_options *options)
{
    struct updater *updater = calloc(1, sizeof *updater);
    char path[PATH_MAX];

    if (!updater)
        return STATUS_MEMORY;
    pthread_mutex_init(&updater->lock, NULL);
    enum status status = copy_options(updater, options);
    if (status == STATUS_OK &&
        (snprintf(path, sizeof path, "%s/shelf", options->folder) >= (int)sizeof path ||
         snprintf(updater->file_path, sizeof updater->file_path, "%s/file", options->folder) >=
             (int)sizeof updater->file_path))
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        status = shelf_load(&updater->shelf, path);
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        updater_close(updater);
        return status;
    }
    resume(updater);
    updater_tell_quietly(updater);
    *out = updater;
    return status;
}

void updater_close(struct updater *updater)
{
    if (!updater)
        return;
    pthread_mutex_destroy(&updater->lock);
    free((char *)updater->options.folder);
    free((char *)updater->options.programs);
    free((char *)updater->options.version);
    free((uint8_t *)updater->options.keys_pem.data);
    free((uint8_t *)updater->options.ca_pem.data);
    free(updater);
}

bool updater_is_able(const struct updater *updater)
{
    return updater->options.keys_pem.size > 0;
}

enum status updater_place(const char *folder, const char *kind, const char *name, char *out,
                          size_t out_size)
{
    int size = snprintf(out, out_size, "%s/%s/%s/current", folder, kind, name);

    return size >= 0 && (size_t)size < out_size ? STATUS_OK : STATUS_FULL;
}
