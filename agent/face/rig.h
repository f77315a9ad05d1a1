/* rig.h - from a mouth and an expression to the values of a pack's axes
 *
 * Pure.
 */
#ifndef AGENT_FACE_RIG_H
#define AGENT_FACE_RIG_H

#include "agent/face/expression.h"
#include "agent/face/pack.h"
#include "agent/face/track.h"

/* Settled: see pack_settle(). */
void rig_values(const struct track_pose *mouth, const struct expression *expression,
                struct pack_values *values);

#endif
