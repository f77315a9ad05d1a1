/* updater.h - brings software by signed manifests onto this robot, and takes it back
 *
 * Fetches the file, checks that it is the one that was signed, hands it to the installer of its
 * kind and says what became of it. What it does is on disk before it is done (stage.h): after a
 * power cut it goes on, or goes back. Software that was confirmed stays until other software of its
 * kind and name is, and even then what was directly before can be had back without the network.
 *
 * One thread brings, confirms and takes back; updater_statuses() may be called from any.
 */
#ifndef AGENT_SOFTWARE_UPDATER_H
#define AGENT_SOFTWARE_UPDATER_H

#include <stdatomic.h>

#include "schema/wire/manifest.h"
#include "schema/wire/message.h"

struct updater;

/* All but the file names are copied; they and the host's context outlive the updater. */
struct updater_options {
    const char *folder;       /* of state, files and what our own installers put there: made 0700 */
    const char *programs;     /* folder of installers */
    struct span keys_pem;     /* public keys; empty: software is refused */
    struct span ca_pem;       /* of servers of files; empty: those of the system */
    const char *version;      /* of this program, which is the kind "agent" */
    int64_t max_bytes;        /* of one file */
    int64_t max_bytes_per_s;  /* 0: as fast as it comes */
    int64_t stall_timeout_ms; /* 0: 30 s; for tests */
    void *context;
    /* Something came further, or another version runs now: parts and server should know. Called on
     * the thread that brings. */
    void (*on_step)(void *context);
};

/* Takes up what a former process left: STATUS_CORRUPT: that is not known any more, and *out is made
 * nevertheless. The caller owns *out. */
MUST_CHECK enum status updater_open(struct updater **out, const struct updater_options *options);
void updater_close(struct updater *updater);

/* Whether this robot has keys: without, it tells the server that it cannot. */
bool updater_is_able(const struct updater *updater);

/* How bringing, confirming or taking back ended. */
struct updater_result {
    bool may_pass;                 /* worth another try by and by */
    bool needs_restart;            /* this program has to be started again before it goes on */
    char reason[LIMIT_REASON + 1]; /* "" when all went well */
};

/* Installs what the item says, but does not confirm it; what is there already is fine. Something
 * else that is on its way is left off before. An item that is withdrawn, or what was directly
 * before the present version, takes the present one back instead, for good. STATUS_OK;
 * STATUS_CLOSED: cancelled; STATUS_AGAIN: result->needs_restart; else result says why not, and
 * nothing of it is left behind. Takes as long as it takes. */
MUST_CHECK enum status updater_bring(struct updater *updater, const wire_Software *item,
                                     const atomic_bool *cancel, struct updater_result *result);

/* What was brought stays. STATUS_OK also when nothing is on its way. On failure, but for
 * STATUS_CLOSED, it was taken back. */
MUST_CHECK enum status updater_confirm(struct updater *updater, const atomic_bool *cancel,
                                       struct updater_result *result);

/* What was brought, and perhaps confirmed, goes back: the item failed its trial. reason is told.
 * True: this program has to be started again, to be what it was. */
bool updater_reject(struct updater *updater, const wire_Software *item, const char *reason,
                    bool may_pass, const atomic_bool *cancel);

/* Nothing is on trial: what is on its way and not among these is left off, and each of these is
 * brought and confirmed, one after the other. False: something should be tried again by and by, or
 * was cancelled. */
bool updater_keep(struct updater *updater, const wire_ConfigSoftware *wanted,
                  const atomic_bool *cancel, bool *needs_restart);

/* The test with it went well: told to the server. */
void updater_note_tested(struct updater *updater);

/* What is there and what is on its way; returns how many. */
size_t updater_statuses(struct updater *updater, wire_SoftwareStatus out[LIMIT_PACKAGES]);

/* <folder>/<kind>/<name>/current, where our own installers put what is in force. STATUS_FULL: too
 * long. */
MUST_CHECK enum status updater_place(const char *folder, const char *kind, const char *name,
                                     char *out, size_t out_size);

#endif
