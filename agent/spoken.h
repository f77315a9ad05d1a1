/* spoken.h - a text that a vendor is asked to say, as an attempt: what it reserves, asks and used
 *
 * Pure: the journal is the caller's. Thread-safe.
 */
#ifndef AGENT_SPOKEN_H
#define AGENT_SPOKEN_H

#include "agent/voice/speaker.h"
#include "schema/wire/message.h"

/* Fills what an attempt by this route has before it is opened, on the route's own line; not its
 * turn, number and purpose. */
void spoken_prepare(const wire_Route *route, uint64_t generation, struct span text,
                    wire_UsageRecord *record);

/* What the voice program asks for, in the record's name. Holds a key: wipe it. */
void spoken_order(const wire_Route *route, const wire_UsageRecord *record,
                  struct speaker_order *order);

/* What became of it. What the vendor counts of an answer that began is all of the text; nothing
 * tells it otherwise, so it is an estimate, and a refusal costs nothing. */
void spoken_judge(const struct voice_used *used, wire_UsageRecord *record);

/* Whether the vendor would notice no difference; a line or a contract's version is ours alone. */
bool spoken_is_same(const wire_Route *a, const wire_Route *b);

#endif
