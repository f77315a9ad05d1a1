#include "agent/software/shelf.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/base/file.h"

enum status shelf_load(struct shelf *shelf, const char *path)
{
    uint8_t *data = NULL;
    size_t size;

    memset(shelf, 0, sizeof *shelf);
    if (span_to_text(span_text(path), shelf->path, sizeof shelf->path) != STATUS_OK)
        return STATUS_INVALID;
    enum status status = file_read(path, sizeof shelf->bytes, &data, &size);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK &&
        message_decode(MESSAGE_KEPT_SOFTWARE, span_of(data, size), &shelf->kept) != STATUS_OK)
        status = STATUS_CORRUPT;
    free(data);
    if (status != STATUS_OK)
        shelf->kept = (wire_KeptSoftware)wire_KeptSoftware_init_zero;
    return status == STATUS_FULL ? STATUS_CORRUPT : status;
}

enum status shelf_save(struct shelf *shelf)
{
    size_t size;
    enum status status = message_encode(MESSAGE_KEPT_SOFTWARE, &shelf->kept, shelf->bytes,
                                        sizeof shelf->bytes, &size);

    return status == STATUS_OK ? file_replace(shelf->path, span_of(shelf->bytes, size), 0600)
                               : status;
}

static size_t find(const wire_KeptPackage *packages, size_t count, const char *kind,
                   const char *name)
{
    size_t i = 0;

    while (i < count &&
           (strcmp(packages[i].kind, kind) != 0 || strcmp(packages[i].name, name) != 0))
        i++;
    return i;
}

const wire_KeptPackage *shelf_current(const struct shelf *shelf, const char *kind, const char *name)
{
    const size_t i = find(shelf->kept.current, shelf->kept.current_count, kind, name);

    return i < shelf->kept.current_count ? &shelf->kept.current[i] : NULL;
}

const wire_KeptPackage *shelf_former(const struct shelf *shelf, const char *kind, const char *name)
{
    const size_t i = find(shelf->kept.former, shelf->kept.former_count, kind, name);

    return i < shelf->kept.former_count ? &shelf->kept.former[i] : NULL;
}

bool shelf_is(const wire_KeptPackage *package, const struct manifest *manifest)
{
    return package && strcmp(package->version, manifest->version) == 0 &&
           span_equal(span_of(package->sha256.bytes, package->sha256.size),
                      span_of(manifest->sha256, sizeof manifest->sha256));
}

bool shelf_has_room(const struct shelf *shelf, const struct manifest *manifest)
{
    return shelf->kept.current_count < LIMIT_PACKAGES ||
           shelf_current(shelf, manifest->kind, manifest->name);
}

static wire_KeptPackage package_of(const struct manifest *manifest)
{
    wire_KeptPackage package = wire_KeptPackage_init_zero;

    snprintf(package.kind, sizeof package.kind, "%s", manifest->kind);
    snprintf(package.name, sizeof package.name, "%s", manifest->name);
    snprintf(package.version, sizeof package.version, "%s", manifest->version);
    snprintf(package.installer, sizeof package.installer, "%s", manifest->installer);
    package.counter = (uint64_t)manifest->counter;
    package.sha256.size = sizeof manifest->sha256;
    memcpy(package.sha256.bytes, manifest->sha256, sizeof manifest->sha256);
    return package;
}

static void put(wire_KeptPackage *packages, pb_size_t *count, const wire_KeptPackage *package)
{
    const size_t i = find(packages, *count, package->kind, package->name);

    if (i == LIMIT_PACKAGES)
        return; /* shelf_has_room() said so */
    packages[i] = *package;
    if (i == *count)
        (*count)++;
}

static void drop(wire_KeptPackage *packages, pb_size_t *count, const char *kind, const char *name)
{
    const size_t i = find(packages, *count, kind, name);

    if (i < *count)
        packages[i] = packages[--*count];
}

void shelf_keep(struct shelf *shelf, const struct manifest *manifest)
{
    wire_KeptSoftware *kept = &shelf->kept;
    const wire_KeptPackage *running = shelf_current(shelf, manifest->kind, manifest->name);
    const wire_KeptPackage next = package_of(manifest);
    wire_KeptPackage before = wire_KeptPackage_init_zero;

    memcpy(before.kind, next.kind, sizeof before.kind);
    memcpy(before.name, next.name, sizeof before.name);
    if (running)
        before = *running;
    put(kept->former, &kept->former_count, &before);
    put(kept->current, &kept->current_count, &next);
}

void shelf_go_back(struct shelf *shelf, const char *kind, const char *name)
{
    wire_KeptSoftware *kept = &shelf->kept;
    const wire_KeptPackage *before = shelf_former(shelf, kind, name);

    if (before && before->version[0])
        put(kept->current, &kept->current_count, before);
    else
        drop(kept->current, &kept->current_count, kind, name);
    drop(kept->former, &kept->former_count, kind, name);
}

static size_t find_failed(const wire_KeptSoftware *kept, const char *kind, const char *name)
{
    size_t i = 0;

    while (i < kept->failed_count && (strcmp(kept->failed[i].status.kind, kind) != 0 ||
                                      strcmp(kept->failed[i].status.name, name) != 0))
        i++;
    return i;
}

void shelf_fail(struct shelf *shelf, const struct manifest *manifest, wire_SoftwareStep step,
                const char *reason, bool is_final)
{
    wire_KeptSoftware *kept = &shelf->kept;
    const size_t room = sizeof kept->failed / sizeof kept->failed[0];
    size_t i = find_failed(kept, manifest->kind, manifest->name);
    wire_KeptFailure *failure;

    if (i == room) { /* the oldest is forgotten */
        memmove(kept->failed, kept->failed + 1, (room - 1) * sizeof kept->failed[0]);
        i = room - 1;
    } else if (i == kept->failed_count) {
        kept->failed_count++;
    }
    failure = &kept->failed[i];
    *failure = (wire_KeptFailure){.has_status = true, .status.step = step, .is_final = is_final};
    snprintf(failure->status.kind, sizeof failure->status.kind, "%s", manifest->kind);
    snprintf(failure->status.name, sizeof failure->status.name, "%s", manifest->name);
    snprintf(failure->status.wanted, sizeof failure->status.wanted, "%s", manifest->version);
    snprintf(failure->status.reason, sizeof failure->status.reason, "%s", reason);
    failure->sha256.size = sizeof manifest->sha256;
    memcpy(failure->sha256.bytes, manifest->sha256, sizeof manifest->sha256);
}

const wire_KeptFailure *shelf_failure(const struct shelf *shelf, const struct manifest *manifest)
{
    const wire_KeptSoftware *kept = &shelf->kept;
    const size_t i = find_failed(kept, manifest->kind, manifest->name);

    if (i == kept->failed_count ||
        !span_equal(span_of(kept->failed[i].sha256.bytes, kept->failed[i].sha256.size),
                    span_of(manifest->sha256, sizeof manifest->sha256)) ||
        strcmp(kept->failed[i].status.wanted, manifest->version) != 0)
        return NULL;
    return &kept->failed[i];
}

void shelf_forgive(struct shelf *shelf, const char *kind, const char *name)
{
    wire_KeptSoftware *kept = &shelf->kept;
    const size_t i = find_failed(kept, kind, name);

    if (i == kept->failed_count)
        return;
    memmove(kept->failed + i, kept->failed + i + 1,
            (kept->failed_count - i - 1) * sizeof kept->failed[0]);
    kept->failed_count--;
}
