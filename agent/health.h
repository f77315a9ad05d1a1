/* health.h - the heartbeat's figures of this process and its disk, from /proc */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "schema/wire/message.h"

/* What must be remembered between two readings. Plain data. */
struct health {
    int64_t started_ms; /* monotonic */
    int64_t read_ms;
    int64_t cpu_ms; /* used by then */
};

/* When the program starts. */
void health_start(struct health *health, int64_t now_ms);

/* Fills uptime_s, cpu_percent (since the reading before), memory_kib and disk_free_mib of out and
 * leaves the rest; a figure that cannot be read stays 0. */
void health_read(struct health *health, const char *state_dir, int64_t now_ms, wire_Health *out);

#endif
