/* summary.h - several usage records told as one, their token classes added up
 *
 * No I/O; thread-safe.
 */
#ifndef AGENT_METER_SUMMARY_H
#define AGENT_METER_SUMMARY_H

#include "schema/wire/message.h"

/* Adds the record behind those that sum stands for: sum has the token classes of all (which stop at
 * UINT64_MAX) and for the rest what the record says, but for what is one attempt's own: turn,
 * attempt, request id, reservation, provenance and outcome are none. Begins as zeros. */
void summary_append(wire_UsageRecord *sum, const wire_UsageRecord *record);

#endif
