/* why.h - why a device does not run what it should: the reasons, in words, worst first
 *
 * A pure function of what the database knows at one instant. No reason: it runs its newest
 * configuration, and no rollout keeps another from it.
 */
#ifndef SERVER_FLEET_WHY_H
#define SERVER_FLEET_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY_REASONS    9
#define WHY_TEXT_SIZE  256
#define WHY_PARAMETERS 4

/* Texts are borrowed; "" is nothing. Plain data. */
struct why_facts {
    int64_t now_ms;
    const char *status; /* "active" */
    bool is_online;
    int64_t last_seen_ms; /* 0: never */
    int64_t desired, reported;
    int64_t desired_since_ms;
    int64_t sends;             /* of the desired generation */
    const char *trial_verdict; /* of the desired generation: running, passed, failed */
    const char *trial_reason;
    const char *refused;     /* what it refused or does not know: "volume, avatar" */
    const char *for_restart; /* settings that wait for a restart */
    /* the rollout that the device is, or would be, a member of, and whose change it does not see */
    const char *rollout; /* its id */
    const char *rollout_state, *rollout_cause, *rollout_reason;
    int64_t rollout_wave; /* that is open; 0: none */
    int64_t device_wave;  /* that the device is in; 0: none yet */
    bool is_control;      /* held back to compare with */
    const char *device_state;
    const char *device_reason;
    const char *drained_vendor; /* that it is not tried for, until it has left it or it is back */
    int64_t transfer_asked_ms;  /* since then another owner is waited for; 0: none is */
    const char *window_opens;   /* when its own time of day and the blackouts let it be opened; "":
                                 * they do */
    bool is_blackout;           /* now, of the rollout's plan or of the calendar */
};

/* What a reason's sentence fills in, by a name that stays. Plain data. */
struct why_parameter {
    const char *name; /* "generation", static */
    const char *text; /* borrowed from the facts; NULL: a number */
    int64_t number;
};

struct why_reason {
    const char *code; /* "offline_since", static */
    char text[WHY_TEXT_SIZE];
    struct why_parameter parameters[WHY_PARAMETERS]; /* those that it has, in any language */
    size_t parameter_count;
    bool is_aside; /* what it waits for besides: it may run its newest configuration */
};

/* Fills out and gives the count. */
size_t why_reasons(const struct why_facts *facts, struct why_reason out[WHY_REASONS]);

#endif
