#include "agent/software/updater.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/software/fetch.h"
#include "agent/software/installer.h"
#include "agent/software/updater_parts.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"

#define MAX_WRONG      3 /* files other than the signed one: then it is not by chance */
#define MAX_BACK_TRIES 3

/* ---- steps ---- */

static enum status fail(struct updater_result *result, enum status status, bool may_pass,
                        const char *reason)
{
    result->may_pass = may_pass;
    snprintf(result->reason, sizeof result->reason, "%s", reason);
    return status;
}

/* On disk first: what the new stage names is done only after. */
static enum status move(struct updater *updater, enum stage_event event,
                        struct updater_result *result)
{
    enum stage stage = (enum stage)updater->shelf.kept.stage;
    const enum stage before = stage;

    if (!stage_move(&stage, event))
        return fail(result, STATUS_INVALID, false, "it cannot do that now");
    updater->shelf.kept.stage = stage;
    enum status status = shelf_save(&updater->shelf);
    if (status != STATUS_OK) {
        updater->shelf.kept.stage = before;
        return fail(result, status, true, "the disk takes nothing");
    }
    log_debug("software", "%s \"%s\" %s: %s", updater->wanted.kind, updater->wanted.name,
              updater->wanted.version, stage_name(stage));
    updater_tell(updater);
    return STATUS_OK;
}

/* Nothing is on its way any more. What the caller changed on the shelf is saved with it; when the
 * disk takes nothing, a restart finds the former stage and does it again. */
static enum status end(struct updater *updater, struct updater_result *result)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;

    unlink(updater->file_path);
    kept->has_wanted = false;
    kept->etag[0] = kept->reason[0] = 0;
    kept->cut_off = kept->wrong = 0;
    kept->is_final = false;
    updater->is_tested = false;
    updater->back_tries = 0;
    return move(updater, STAGE_END, result);
}

static enum status call(struct updater *updater, const char *verb, int *exit_status,
                        char reason[LIMIT_REASON + 1])
{
    const struct manifest *wanted = &updater->wanted;
    const wire_KeptPackage *current = shelf_current(&updater->shelf, wanted->kind, wanted->name);
    char sha256[2 * CRYPTO_HASH_SIZE + 1] = "";
    enum status status =
        encode_hex(span_of(wanted->sha256, sizeof wanted->sha256), sha256, sizeof sha256);
    const struct installer installer = {
        .folder = updater->options.programs,
        .installer = wanted->installer,
        .verb = verb,
        .kind = wanted->kind,
        .name = wanted->name,
        .version = wanted->version,
        .sha256 = sha256,
        .from = current ? current->version : MANIFEST_NONE,
        .file = strcmp(verb, "install") == 0 ? updater->file_path : "",
        .software_dir = updater->options.folder,
        .cancel = updater->cancel,
    };
    if (status == STATUS_OK)
        status = installer_run(&installer, exit_status, reason);

    if (status == STATUS_OK && *exit_status != INSTALLER_DONE && reason[0] == 0)
        snprintf(reason, LIMIT_REASON + 1, "the installer %s said %d to %s", wanted->installer,
                 *exit_status, verb);
    return status;
}

/* ---- back ---- */

/* Why it goes back is told; what could not be taken back stays as it is, and so says the reason. */
static void note_back(struct updater *updater, bool is_back, const char *problem)
{
    struct shelf *shelf = &updater->shelf;
    char reason[LIMIT_REASON + 1];

    if (is_back)
        snprintf(reason, sizeof reason, "%s", shelf->kept.reason);
    else
        snprintf(reason, sizeof reason, "cannot go back (%.50s): %.40s", problem,
                 shelf->kept.reason);
    shelf_fail(shelf, &updater->wanted,
               is_back ? wire_SoftwareStep_SOFTWARE_REVERTED : wire_SoftwareStep_SOFTWARE_INSTALLED,
               reason, shelf->kept.is_final);
    log_warning("software", "%s \"%s\" %s does not stay: %s", updater->wanted.kind,
                updater->wanted.name, updater->wanted.version, reason);
}

/* At REVERTING or GOING_BACK. STATUS_OK: it is over, one way or the other. */
static enum status finish_back(struct updater *updater, struct updater_result *result)
{
    struct shelf *shelf = &updater->shelf;
    const bool was_kept = shelf->kept.stage == STAGE_GOING_BACK;
    char reason[LIMIT_REASON + 1];
    int exit_status = INSTALLER_DONE;
    enum status status = call(updater, "revert", &exit_status, reason);

    if (status == STATUS_CLOSED)
        return status;
    const bool is_back =
        status == STATUS_OK && (exit_status == INSTALLER_DONE || exit_status == INSTALLER_RESTART);
    if (!is_back && ++updater->back_tries < MAX_BACK_TRIES)
        return fail(result, STATUS_AGAIN, true, reason);
    result->needs_restart = is_back && exit_status == INSTALLER_RESTART;
    if (was_kept && is_back)
        shelf_go_back(shelf, updater->wanted.kind, updater->wanted.name);
    if (!was_kept || !is_back)
        note_back(updater, is_back, reason);
    else
        log_info("software", "%s \"%s\" went back from %s", updater->wanted.kind,
                 updater->wanted.name, updater->wanted.version);
    return end(updater, result);
}

static enum status go_back(struct updater *updater, const char *reason, bool is_final,
                           struct updater_result *result)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;

    snprintf(kept->reason, sizeof kept->reason, "%s", reason);
    kept->is_final = is_final;
    enum status status = kept->stage == STAGE_REVERTING || kept->stage == STAGE_GOING_BACK
                             ? STATUS_OK
                             : move(updater, STAGE_GO_BACK, result);
    while (status == STATUS_OK || status == STATUS_AGAIN) {
        status = finish_back(updater, result);
        if (status != STATUS_AGAIN)
            break;
    }
    return status;
}

/* What is on its way is not wanted any more. */
static enum status leave_off(struct updater *updater, struct updater_result *result)
{
    const enum stage stage = (enum stage)updater->shelf.kept.stage;
    char reason[LIMIT_REASON + 1];

    if (stage == STAGE_NONE)
        return STATUS_OK;
    if (!stage_is_begun(stage))
        return end(updater, result);
    memcpy(reason, updater->shelf.kept.reason, sizeof reason);
    return go_back(updater, reason[0] ? reason : "it is not wanted any more",
                   updater->shelf.kept.is_final, result);
}

void updater_name_running(struct updater *updater, const struct manifest *manifest)
{
    const wire_KeptPackage *current =
        shelf_current(&updater->shelf, manifest->kind, manifest->name);

    updater->wanted = *manifest;
    if (!current)
        return;
    memcpy(updater->wanted.version, current->version, sizeof updater->wanted.version);
    memcpy(updater->wanted.installer, current->installer, sizeof updater->wanted.installer);
    memcpy(updater->wanted.sha256, current->sha256.bytes, sizeof updater->wanted.sha256);
}

/* What had stayed goes back to what was before. */
static enum status take_back(struct updater *updater, const wire_Software *item,
                             const struct manifest *manifest, struct updater_result *result)
{
    updater->shelf.kept.has_wanted = true;
    updater->shelf.kept.wanted = *item;
    updater_name_running(updater, manifest);
    enum status status = move(updater, STAGE_TAKE_BACK, result);
    while (status == STATUS_OK || status == STATUS_AGAIN) {
        status = finish_back(updater, result);
        if (status != STATUS_AGAIN)
            break;
    }
    return status;
}

/* ---- forth ---- */

/* What runs of it now, whoever brought it. */
static const char *running_version(const struct updater *updater, const struct manifest *manifest)
{
    const wire_KeptPackage *current =
        shelf_current(&updater->shelf, manifest->kind, manifest->name);

    if (current)
        return current->version;
    return strcmp(manifest->kind, UPDATER_AGENT) == 0 ? updater->options.version : MANIFEST_NONE;
}

static enum status refuse(struct updater *updater, const struct manifest *manifest,
                          struct updater_result *result, const char *reason)
{
    shelf_fail(&updater->shelf, manifest, wire_SoftwareStep_SOFTWARE_REFUSED, reason, true);
    if (shelf_save(&updater->shelf) != STATUS_OK)
        log_debug("software", "a refusal cannot be kept: the disk takes nothing");
    log_warning("software", "%s \"%s\" %s is refused: %s", manifest->kind, manifest->name,
                manifest->version, reason);
    updater_tell(updater);
    return fail(result, STATUS_DENIED, false, reason);
}

/* Everything that can be said of it before a byte is fetched. */
static enum status check(struct updater *updater, const wire_Software *item,
                         const struct manifest *manifest, struct updater_result *result)
{
    const struct shelf *shelf = &updater->shelf;
    const wire_KeptPackage *current = shelf_current(shelf, manifest->kind, manifest->name);
    const char *version = running_version(updater, manifest);
    struct manifest_envelope envelope = {
        .document = span_of(item->document.bytes, item->document.size),
        .signature_size = item->signature.size,
    };
    char reason[LIMIT_REASON + 1];

    memcpy(envelope.signature, item->signature.bytes, item->signature.size);
    if (updater->options.keys_pem.size == 0)
        return refuse(updater, manifest, result, "this robot has no keys to check software by");
    if (manifest_verify(updater->options.keys_pem, &envelope) != STATUS_OK)
        return refuse(updater, manifest, result, "it was signed by none of this robot's keys");
    if (!installer_exists(updater->options.programs, manifest->installer)) {
        snprintf(reason, sizeof reason, "this robot has no installer %s", manifest->installer);
        return refuse(updater, manifest, result, reason);
    }
    if (manifest->size_bytes > updater->options.max_bytes)
        return refuse(updater, manifest, result, "it is larger than this robot takes");
    if (!shelf_has_room(shelf, manifest))
        return refuse(updater, manifest, result, "this robot has as much software as it can keep");
    if (!manifest_follows(manifest, version)) {
        snprintf(reason, sizeof reason, "it may not follow %s, which this robot has", version);
        return refuse(updater, manifest, result, reason);
    }
    if (current && manifest->counter <= (int64_t)current->counter && !manifest->allow_downgrade) {
        snprintf(reason, sizeof reason, "its counter %lld is not above %llu, which this robot has",
                 (long long)manifest->counter, (unsigned long long)current->counter);
        return refuse(updater, manifest, result, reason);
    }
    return STATUS_OK;
}

static enum status want(struct updater *updater, const wire_Software *item,
                        const struct manifest *manifest, struct updater_result *result)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;

    unlink(updater->file_path);
    shelf_forgive(&updater->shelf, manifest->kind, manifest->name);
    updater->wanted = *manifest;
    kept->has_wanted = true;
    kept->wanted = *item;
    kept->etag[0] = kept->reason[0] = 0;
    kept->cut_off = kept->wrong = 0;
    return move(updater, STAGE_WANT, result);
}

static void on_progress(void *context, int64_t done_bytes, const char *etag)
{
    struct updater *updater = context;
    wire_KeptSoftware *kept = &updater->shelf.kept;

    updater_tell_refresh(updater,
                         done_bytes == updater->wanted.size_bytes
                             ? wire_SoftwareStep_SOFTWARE_DOWNLOADED
                             : wire_SoftwareStep_SOFTWARE_WANTED,
                         done_bytes);
    if (strcmp(kept->etag, etag) == 0)
        return;
    snprintf(kept->etag, sizeof kept->etag, "%s", etag);
    if (shelf_save(&updater->shelf) != STATUS_OK)
        log_debug("software", "a file's tag cannot be kept: it may have to be fetched anew");
}

static enum status bring_file(struct updater *updater, struct updater_result *result)
{
    const struct fetch fetch = {
        .url = updater->wanted.url,
        .path = updater->file_path,
        .size_bytes = updater->wanted.size_bytes,
        .sha256 = updater->wanted.sha256,
        .ca_pem = updater->options.ca_pem,
        .max_bytes_per_s = updater->options.max_bytes_per_s,
        .stall_timeout_ms = updater->options.stall_timeout_ms,
        .cancel = updater->cancel,
        .context = updater,
        .on_progress = on_progress,
    };
    wire_KeptSoftware *kept = &updater->shelf.kept;
    char reason[LIMIT_REASON + 1], etag[FETCH_ETAG_SIZE];

    memcpy(etag, kept->etag, sizeof etag);
    kept->reason[0] = 0;
    enum status status = fetch_run(&fetch, etag, reason);
    if (status == STATUS_OK)
        return move(updater, STAGE_HAVE_FILE, result);
    if (status == STATUS_CLOSED)
        return status;
    memcpy(kept->reason, reason, sizeof reason);
    if (status != STATUS_FORGED && status != STATUS_INVALID) {
        updater_tell(updater);
        return fail(result, status, true, reason);
    }
    kept->etag[0] = 0;
    if (++kept->wrong < MAX_WRONG && shelf_save(&updater->shelf) == STATUS_OK) {
        updater_tell(updater);
        return fail(result, status, true, reason);
    }
    if (end(updater, result) != STATUS_OK)
        return STATUS_IO;
    return refuse(updater, &updater->wanted, result, reason);
}

static enum status after_install(struct updater *updater, int exit_status, const char *reason,
                                 struct updater_result *result)
{
    switch (exit_status) {
    case INSTALLER_DONE:
        return move(updater, STAGE_IS_THERE, result);
    case INSTALLER_RESTART:
        return move(updater, STAGE_NEEDS_RESTART, result);
    case INSTALLER_LATER:
        if (move(updater, STAGE_PUT_OFF, result) == STATUS_OK)
            fail(result, STATUS_AGAIN, true, reason);
        return STATUS_TIMEOUT;
    case INSTALLER_REFUSED:
        if (end(updater, result) != STATUS_OK)
            return STATUS_IO;
        return refuse(updater, &updater->wanted, result, reason);
    default:
        if (go_back(updater, reason, true, result) == STATUS_OK)
            fail(result, STATUS_IO, false, reason);
        return STATUS_IO;
    }
}

static enum status install(struct updater *updater, struct updater_result *result)
{
    char reason[LIMIT_REASON + 1];
    int exit_status = 0;
    enum status status = updater->shelf.kept.stage == STAGE_INSTALLING
                             ? STATUS_OK
                             : move(updater, STAGE_INSTALL, result);

    if (status != STATUS_OK)
        return status;
    status = call(updater, "install", &exit_status, reason);
    if (status == STATUS_CLOSED)
        return status; /* in the middle: the next start does it again */
    if (status == STATUS_OK)
        return after_install(updater, exit_status, reason, result);
    if (go_back(updater, reason, status != STATUS_TIMEOUT, result) == STATUS_OK)
        fail(result, status, status == STATUS_TIMEOUT, reason);
    return status;
}

/* The file that is here may have changed since it was looked at: it is looked at again before it is
 * given away. */
static enum status check_file(struct updater *updater, struct updater_result *result)
{
    enum status status = move(updater, STAGE_LOSE_FILE, result);

    return status == STATUS_OK ? bring_file(updater, result) : status;
}

static enum status step(struct updater *updater, struct updater_result *result)
{
    switch ((enum stage)updater->shelf.kept.stage) {
    case STAGE_FETCHING:
        return bring_file(updater, result);
    case STAGE_FETCHED:
    case STAGE_INSTALLING:
        return install(updater, result);
    case STAGE_RESTARTING:
        result->needs_restart = true;
        return STATUS_AGAIN;
    case STAGE_REVERTING:
    case STAGE_GOING_BACK:
        return leave_off(updater, result);
    default:
        return STATUS_OK;
    }
}

static bool is_there(const struct updater *updater)
{
    const enum stage stage = (enum stage)updater->shelf.kept.stage;

    return stage == STAGE_INSTALLED || stage == STAGE_CONFIRMING;
}

/* From where it stands to INSTALLED. */
static enum status advance(struct updater *updater, struct updater_result *result)
{
    char reason[LIMIT_REASON + 1];
    const bool goes_back = updater->shelf.kept.stage == STAGE_REVERTING;
    const bool is_final = updater->shelf.kept.is_final;
    enum status status = STATUS_OK;

    memcpy(reason, updater->shelf.kept.reason, sizeof reason);
    if (updater->shelf.kept.stage == STAGE_FETCHED) /* of a former process */
        status = check_file(updater, result);
    while (status == STATUS_OK && !is_there(updater) && updater->shelf.kept.stage != STAGE_NONE)
        status = step(updater, result);
    if (status == STATUS_OK && goes_back)
        return fail(result, STATUS_IO, !is_final, reason);
    return status;
}

/* ---- what the header promises ---- */

static bool is_same(const wire_Software *a, const wire_Software *b)
{
    return span_equal(span_of(a->document.bytes, a->document.size),
                      span_of(b->document.bytes, b->document.size));
}

/* Settled already, or by going back. *done false: it has to be brought. */
static enum status settle(struct updater *updater, const wire_Software *item,
                          const struct manifest *manifest, bool *done,
                          struct updater_result *result)
{
    struct shelf *shelf = &updater->shelf;
    const wire_KeptPackage *current = shelf_current(shelf, manifest->kind, manifest->name);
    const wire_KeptPackage *former = shelf_former(shelf, manifest->kind, manifest->name);

    *done = true;
    if (item->withdrawn)
        return shelf_is(current, manifest) ? take_back(updater, item, manifest, result) : STATUS_OK;
    if (shelf_is(current, manifest))
        return STATUS_OK;
    if (current && !item->on_trial && shelf_is(former, manifest))
        return take_back(updater, item, manifest, result);
    *done = false;
    return STATUS_OK;
}

/* It is as it should be, and nothing of its kind and name is on its way: whatever else is goes on.
 */
static bool needs_nothing(const struct updater *updater, const wire_Software *item,
                          const struct manifest *manifest)
{
    const bool is_current =
        shelf_is(shelf_current(&updater->shelf, manifest->kind, manifest->name), manifest);

    return is_current != item->withdrawn && (updater->shelf.kept.stage == STAGE_NONE ||
                                             strcmp(updater->wanted.kind, manifest->kind) != 0 ||
                                             strcmp(updater->wanted.name, manifest->name) != 0);
}

enum status updater_bring(struct updater *updater, const wire_Software *item,
                          const atomic_bool *cancel, struct updater_result *result)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;
    struct json_problem problem = {.pointer = ""};
    struct manifest manifest;
    enum status status = STATUS_OK;
    bool done = false;

    *result = (struct updater_result){.reason = ""};
    updater->cancel = cancel;
    if (manifest_read(span_of(item->document.bytes, item->document.size), &manifest, &problem) !=
        STATUS_OK)
        return fail(result, STATUS_DENIED, false, "its manifest cannot be read");
    if (needs_nothing(updater, item, &manifest))
        return STATUS_OK;
    if (kept->stage != STAGE_NONE && (item->withdrawn || !is_same(&kept->wanted, item)))
        status = leave_off(updater, result);
    if (status == STATUS_OK && kept->stage == STAGE_NONE)
        status = settle(updater, item, &manifest, &done, result);
    if (status != STATUS_OK || done)
        return status;
    if (kept->stage == STAGE_NONE)
        status = check(updater, item, &manifest, result);
    if (status == STATUS_OK && kept->stage == STAGE_NONE)
        status = want(updater, item, &manifest, result);
    return status == STATUS_OK ? advance(updater, result) : status;
}

enum status updater_confirm(struct updater *updater, const atomic_bool *cancel,
                            struct updater_result *result)
{
    struct shelf *shelf = &updater->shelf;
    char reason[LIMIT_REASON + 1];
    int exit_status = 0;
    enum status status = STATUS_OK;

    *result = (struct updater_result){.reason = ""};
    updater->cancel = cancel;
    if (!is_there(updater))
        return STATUS_OK;
    if (shelf->kept.stage == STAGE_INSTALLED)
        status = move(updater, STAGE_KEEP, result);
    if (status != STATUS_OK)
        return status;
    status = call(updater, "confirm", &exit_status, reason);
    if (status == STATUS_CLOSED)
        return status;
    if (status != STATUS_OK || exit_status != INSTALLER_DONE) {
        if (go_back(updater, reason, true, result) == STATUS_OK)
            fail(result, STATUS_IO, false, reason);
        return STATUS_IO;
    }
    shelf_keep(shelf, &updater->wanted);
    log_info("software", "%s \"%s\" is %s now", updater->wanted.kind, updater->wanted.name,
             updater->wanted.version);
    return end(updater, result);
}

bool updater_reject(struct updater *updater, const wire_Software *item, const char *reason,
                    bool may_pass, const atomic_bool *cancel)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;
    struct updater_result result = {.reason = ""};
    struct json_problem problem;
    struct manifest manifest;
    enum status status = STATUS_OK;

    updater->cancel = cancel;
    if (kept->stage != STAGE_NONE) {
        snprintf(kept->reason, sizeof kept->reason, "%s", reason);
        kept->is_final = !may_pass;
        status = leave_off(updater, &result);
    } else if (manifest_read(span_of(item->document.bytes, item->document.size), &manifest,
                             &problem) == STATUS_OK &&
               shelf_is(shelf_current(&updater->shelf, manifest.kind, manifest.name), &manifest) &&
               shelf_former(&updater->shelf, manifest.kind, manifest.name)) {
        status = take_back(updater, item, &manifest, &result);
    }
    if (status != STATUS_OK)
        log_warning("software", "going back is not over: %s", status_text(status));
    return result.needs_restart;
}

/* One of the settled ones. */
static enum status keep_one(struct updater *updater, const wire_Software *item,
                            const atomic_bool *cancel, struct updater_result *result)
{
    struct json_problem problem;
    struct manifest manifest;
    const wire_KeptFailure *failure = NULL;

    if (manifest_read(span_of(item->document.bytes, item->document.size), &manifest, &problem) ==
        STATUS_OK)
        failure = shelf_failure(&updater->shelf, &manifest);
    if (failure && failure->is_final && !item->withdrawn)
        return STATUS_OK; /* told already */
    enum status status = updater_bring(updater, item, cancel, result);
    const bool needs_restart = result->needs_restart; /* what went back may be the agent itself */
    if (status == STATUS_OK)
        status = updater_confirm(updater, cancel, result);
    result->needs_restart |= needs_restart;
    return status;
}

static bool is_among(const wire_ConfigSoftware *wanted, const wire_Software *item)
{
    for (size_t i = 0; i < wanted->software_count; i++)
        if (!wanted->software[i].withdrawn && is_same(&wanted->software[i], item))
            return true;
    return false;
}

bool updater_keep(struct updater *updater, const wire_ConfigSoftware *wanted,
                  const atomic_bool *cancel, bool *needs_restart)
{
    wire_KeptSoftware *kept = &updater->shelf.kept;
    struct updater_result result = {.reason = ""};
    bool is_settled = true;

    updater->cancel = cancel;
    *needs_restart = false;
    if (kept->stage != STAGE_NONE && !is_among(wanted, &kept->wanted) &&
        leave_off(updater, &result) != STATUS_OK)
        return false;
    *needs_restart = result.needs_restart;
    for (size_t i = 0; i < wanted->software_count && !atomic_load(cancel); i++) {
        enum status status = keep_one(updater, &wanted->software[i], cancel, &result);

        *needs_restart |= result.needs_restart;
        is_settled &= status == STATUS_OK || (!result.may_pass && status != STATUS_CLOSED);
        if (status == STATUS_AGAIN) /* what comes after it waits for the restart */
            return false;
    }
    return is_settled && !atomic_load(cancel);
}

void updater_note_tested(struct updater *updater)
{
    updater->is_tested = is_there(updater);
    if (updater->is_tested)
        updater_tell(updater);
}
