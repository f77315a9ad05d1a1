/* prover.h - tries the configuration that is held, on a thread of its own, and brings software
 *
 * Looks whether settings hold one, brings the software that goes with it, tests its route
 * (trial_turn.h) by the rules of trial.h, and then has it adopted or dropped. The owner's questions
 * go their way meanwhile, by what is in force. While none is held, it brings what software the
 * configuration in force names. Thread-safe.
 */
#ifndef AGENT_PROVER_H
#define AGENT_PROVER_H

#include "agent/meter/journal.h"
#include "agent/settings.h"
#include "agent/software/updater.h"

struct prover;

/* All are called on the prover's thread and must not block for long. */
struct prover_host {
    void *context;
    /* A held configuration is in force now, or was dropped: the parts and the server should know.
     */
    void (*on_settled)(void *context);
    /* The test lacks credit, or an attempt was closed: the server should hear. */
    void (*on_used)(void *context);
    bool (*is_online)(void *context);
    /* Software was installed that runs from the next start of this program on. */
    void (*restart)(void *context);
};

struct prover_options {
    struct settings *settings; /* borrowed, like what follows */
    struct journal *journal;
    struct updater *updater;    /* called on the prover's thread alone; NULL: no software */
    const char *voice_program;  /* NULL: "myna-voice" */
    const char *speech_program; /* that asks vendors; NULL: their voices are not tried */
    struct prover_host host;    /* copied */
};

/* Starts the thread; what settings hold already is tried at once. The caller owns *out. */
MUST_CHECK enum status prover_start(struct prover **out, const struct prover_options *options);

/* Breaks off a test under way, which is then tried again at the next start, and waits for the
 * thread: the host is not called any more. NULL is allowed. */
void prover_stop(struct prover *prover);

/* After prover_stop(). */
void prover_free(struct prover *prover);

/* Settings hold this generation now, 0: none. A test of another one is broken off, and so is the
 * bringing of software that an older configuration named. */
void prover_look(struct prover *prover, uint64_t generation);

#endif
