/* reach.h - how this robot reaches its server: the keys and brokers that a configuration names
 *
 * The keys are those of identity_pairs(); the brokers of enrolment stay behind those of the
 * configuration.
 */
#ifndef AGENT_REACH_H
#define AGENT_REACH_H

#include "agent/identity.h"
#include "agent/link/link.h"
#include "agent/settings.h"

/* Giving the same again is harmless. */
void reach_follow(struct link *link, const struct identity *identity,
                  const struct settings_values *values);

#endif
