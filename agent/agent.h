/* agent.h - the robot: owns every part, starts them in order, stops them in reverse */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <limits.h>

#include "agent/config.h"

struct agent;

/* Starts the robot of config's state folder. It talks as soon as this returns; the server is met
 * when it is there. problem is one line that names cause and cure. The caller owns *out. */
MUST_CHECK enum status agent_start(struct agent **out, const struct config *config,
                                   char problem[256]);

/* Stops within seconds: what is said is cut, the journal is closed. */
void agent_stop(struct agent *agent);

/* True when the server asked for a restart and was answered: stop, then start the program anew. */
bool agent_wants_restart(struct agent *agent);

/* Looks what keeps the robot from talking, every few seconds at most, and shows its code on the
 * screen (schema/wire/trouble.h). For the thread that waits for the robot's end. */
void agent_look(struct agent *agent);

/* Where the socket is, for the other ends of it. */
MUST_CHECK enum status agent_socket_path(const struct config *config, char *out, size_t out_size);

/* Where the conversation is kept over a restart, see conversation_file.h. */
MUST_CHECK enum status agent_memory_path(const struct config *config, char out[PATH_MAX]);

/* Where videos of answers are kept, when there are any. As above. */
MUST_CHECK enum status agent_films_path(const struct config *config, char out[PATH_MAX]);

#endif
