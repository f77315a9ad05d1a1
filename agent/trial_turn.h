/* trial_turn.h - the question of a trial's own: does this route answer, here, on this robot?
 *
 * One small question to one route, an attempt like any other in the journal, but with purpose TEST
 * and on the trial's own credit line, so that no owner's budget pays for it. Nobody hears, sees or
 * remembers it: the answer is cut into clauses, spoken by a voice whose sound goes nowhere and
 * followed by a mouth that is not drawn. Where a vendor's voice is tried too, it says a sentence,
 * which is another attempt of the same kind. Runs on a thread of its own while the robot talks on
 * by the routes that it has. Decides nothing: the trial does.
 */
#ifndef AGENT_TRIAL_TURN_H
#define AGENT_TRIAL_TURN_H

#include <stdatomic.h>

#include "agent/meter/journal.h"
#include "agent/voice/voice.h"

/* All borrowed until trial_turn_run() returns. */
struct trial_turn {
    struct journal *journal;
    const char *voice_program; /* NULL: "myna-voice" */
    const wire_Route *route;   /* one that the settings would use: its region was looked at */
    const char *line_id;       /* of the trial's credit */
    const wire_Route *speech;  /* says a sentence as well; NULL: no vendor's voice is tried */
    const char *speech_line_id;
    const char *speech_program; /* speaks the voice protocol with ROUTE */
    uint64_t generation;        /* under trial */
    enum voice_language language;
    const atomic_bool *cancel;
};

#define TRIAL_TURN_STEPS wire_TrialStep_TRIAL_USAGE /* that are timed */

struct trial_turn_result {
    wire_TrialStep step;                /* the last one reached, all before it too */
    uint32_t step_ms[TRIAL_TURN_STEPS]; /* from the question on, of each step after HELD; 0: not */
    const wire_Route *route;            /* of the turn's two, the one that this is about */
    wire_ErrorClass error_class;        /* why it came no further, where a vendor is the cause */
    bool may_pass;                      /* it is worth another try by and by */
    char reason[LIMIT_REASON + 1];      /* a sentence; empty when everything went well */
};

/* Takes as long as the answer, and some seconds more. *result is always filled.
 * STATUS_OK: every step was reached; STATUS_DENIED: the line has no credit for it, the server
 * should hear; STATUS_CLOSED: cancelled; STATUS_UNREACHABLE: anything else went wrong. An attempt
 * that was opened is closed in the journal in each case. */
MUST_CHECK enum status trial_turn_run(const struct trial_turn *turn,
                                      struct trial_turn_result *result);

#endif
