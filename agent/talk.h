/* talk.h - the other end of the robot's local socket: what people type at a terminal */
#ifndef AGENT_TALK_H
#define AGENT_TALK_H

#include <stdbool.h>

#include "schema/base/span.h"

/* Each returns the program's exit status: 0 done, 1 failed, with one line on standard error. */

/* Asks one question and prints the answer clause by clause as it is spoken. */
int talk_ask(const char *socket_path, const char *question);

/* Speaks a WAV file to the robot; prints what it heard, then its answer. */
int talk_hear(const char *socket_path, const char *file);

/* Closes the robot's microphone for good, or lets it be opened again; prints which. */
int talk_mute(const char *socket_path, bool is_muted);

/* The owner's answer, "yes" or "no", to the report that the robot asks about; 2 for other words. */
int talk_consent(const char *socket_path, const char *answer);

/* Asks each line of standard input; a line while the robot speaks interrupts it. */
int talk_chat(const char *socket_path);

/* Prints how the robot is; 1 when it does not run or has nobody to ask yet. */
int talk_status(const char *socket_path);

/* Has the running robot forget what was talked about and prints what it says; when none runs, wipes
 * the file that the conversation is kept in, and the videos of answers. */
int talk_forget(const char *socket_path, const char *memory_path, const char *films_path);

#endif
