/* enforce.h - acts on what a survey found: moves a threshold, alerts, holds robots or lets them go
 */
#ifndef SERVER_JOBS_ENFORCE_H
#define SERVER_JOBS_ENFORCE_H

#include "server/jobs/survey.h"

#define ENFORCE_ACTIONS (CONTRACT_ACTIONS * 4) /* that a rule can become */

/* What a rule's actions hold robots to: settings, each with its strictness, and standings of the
 * routes that match. Their number; none of a shadow's. out has room for ENFORCE_ACTIONS; texts
 * are borrowed or in the arena (NULL: it is full). */
size_t enforce_translate(const struct contract_threshold *rule, const char *match,
                         struct arena *arena, struct thresholds_action *out);

/* Moves the threshold, does all that follows from it and notes what was seen, in one transaction,
 * unless another instance was first. Failures are logged: the next look tries again. */
void enforce_verdict(struct store *store, struct arena *arena,
                     const struct survey_verdict *verdict);

#endif
