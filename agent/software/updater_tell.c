/* What the server is told of software: updater.h. */
#include <stdio.h>

#include "agent/software/updater_parts.h"

static wire_SoftwareStep step_of(const struct updater *updater, enum stage stage)
{
    switch (stage) {
    case STAGE_FETCHED:
    case STAGE_INSTALLING:
        return wire_SoftwareStep_SOFTWARE_VERIFIED;
    case STAGE_RESTARTING:
    case STAGE_REVERTING:
    case STAGE_GOING_BACK:
        return wire_SoftwareStep_SOFTWARE_INSTALLED;
    case STAGE_INSTALLED:
    case STAGE_CONFIRMING:
        return updater->is_tested ? wire_SoftwareStep_SOFTWARE_TESTED
                                  : wire_SoftwareStep_SOFTWARE_INSTALLED;
    default:
        return wire_SoftwareStep_SOFTWARE_WANTED;
    }
}

static wire_SoftwareStatus *find_status(struct updater *updater, const char *kind, const char *name)
{
    wire_SoftwareStatus *status = updater->statuses;

    for (size_t i = 0; i < updater->status_count; i++, status++)
        if (strcmp(status->kind, kind) == 0 && strcmp(status->name, name) == 0)
            return status;
    if (updater->status_count == LIMIT_PACKAGES)
        return NULL;
    *status = (wire_SoftwareStatus)wire_SoftwareStatus_init_zero;
    snprintf(status->kind, sizeof status->kind, "%s", kind);
    snprintf(status->name, sizeof status->name, "%s", name);
    updater->status_count++;
    return status;
}

static void tell_failures(struct updater *updater)
{
    const wire_KeptSoftware *kept = &updater->shelf.kept;

    for (size_t i = 0; i < kept->failed_count; i++) {
        const wire_SoftwareStatus *failed = &kept->failed[i].status;
        wire_SoftwareStatus *status = find_status(updater, failed->kind, failed->name);

        if (!status)
            continue;
        status->step = failed->step;
        memcpy(status->wanted, failed->wanted, sizeof status->wanted);
        memcpy(status->reason, failed->reason, sizeof status->reason);
    }
}

void updater_tell_refresh(struct updater *updater, wire_SoftwareStep step, int64_t done_bytes)
{
    const wire_KeptSoftware *kept = &updater->shelf.kept;

    pthread_mutex_lock(&updater->lock);
    updater->status_count = 0;
    for (size_t i = 0; i < kept->current_count; i++) {
        wire_SoftwareStatus *status =
            find_status(updater, kept->current[i].kind, kept->current[i].name);

        memcpy(status->version, kept->current[i].version, sizeof status->version);
        status->counter = kept->current[i].counter;
        status->step = wire_SoftwareStep_SOFTWARE_CONFIRMED;
    }
    tell_failures(updater);
    if (kept->stage != STAGE_NONE) {
        wire_SoftwareStatus *status =
            find_status(updater, updater->wanted.kind, updater->wanted.name);

        if (status) {
            memcpy(status->wanted, updater->wanted.version, sizeof status->wanted);
            memcpy(status->reason, kept->reason, sizeof status->reason);
            status->step = step;
            status->done = (uint64_t)done_bytes;
        }
    }
    pthread_mutex_unlock(&updater->lock);
}

void updater_tell_quietly(struct updater *updater)
{
    const enum stage stage = (enum stage)updater->shelf.kept.stage;
    const int64_t done_bytes =
        stage == STAGE_NONE || stage == STAGE_FETCHING ? 0 : updater->wanted.size_bytes;

    updater_tell_refresh(updater, step_of(updater, stage), done_bytes);
}

void updater_tell(struct updater *updater)
{
    updater_tell_quietly(updater);
    if (updater->options.on_step)
        updater->options.on_step(updater->options.context);
}

size_t updater_statuses(struct updater *updater, wire_SoftwareStatus out[LIMIT_PACKAGES])
{
    pthread_mutex_lock(&updater->lock);
    const size_t count = updater->status_count;
    memcpy(out, updater->statuses, count * sizeof *out);
    pthread_mutex_unlock(&updater->lock);
    return count;
}
