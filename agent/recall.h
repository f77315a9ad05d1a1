/* recall.h - what a robot remembers of a talk over a restart, and how it forgets
 *
 * What goes wrong with the disk is told in the log, once, here. The chat thread's own.
 */
#ifndef AGENT_RECALL_H
#define AGENT_RECALL_H

#include "agent/care.h"
#include "agent/chat/conversation_file.h"

/* memory NULL, here and below: nothing is kept over a restart. */

/* Keeps the conversation on disk; with history_hours 0 sees to it that nothing is there. */
void recall_keep(const struct conversation_file *memory, const struct conversation *conversation,
                 int64_t history_hours);

/* Takes up what was kept and is not older than that. */
void recall_restore(const struct conversation_file *memory, struct conversation *conversation,
                    int64_t history_hours);

/* Forgets all of it, on disk too; who has the robot from now on is likely somebody else and is told
 * again that it is a machine. care may be NULL, and so may films, the folder where answers lie as
 * videos. STATUS_IO: something is left on the disk. */
MUST_CHECK enum status recall_forget(const struct conversation_file *memory,
                                     struct conversation *conversation, struct care *care,
                                     const char *films);

/* What the robot says of that; static. */
struct span recall_words(enum status status, bool chinese);

#endif
