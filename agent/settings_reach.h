/* settings_reach.h - what a configuration says of the way to the server: brokers, keys, authorities
 */
#ifndef AGENT_SETTINGS_REACH_H
#define AGENT_SETTINGS_REACH_H

#include "agent/settings.h"
#include "schema/wire/message.h"

/* As it was received: nothing of it is verified here. */
void settings_reach_take(struct settings_values *values, const wire_ConfigContent *content);

#endif
