#include "agent/settings_reach.h"

#include <string.h>

void settings_reach_take(struct settings_values *values, const wire_ConfigContent *content)
{
    values->broker_count = content->brokers_count;
    memcpy(values->brokers, content->brokers, sizeof values->brokers);
    values->server_key_count = content->sealing_keys_count;
    memcpy(values->server_keys, content->sealing_keys, sizeof values->server_keys);
    values->device_authority_size = content->device_authority.size;
    memcpy(values->device_authority, content->device_authority.bytes,
           sizeof values->device_authority);
    values->server_authority_count = content->server_authorities_count;
    memcpy(values->server_authorities, content->server_authorities,
           sizeof values->server_authorities);
}
