/* health.h - the heartbeat's figures of this process and its disk, from /proc */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include <stdbool.h>

#include "agent/chat/filter.h"
#include "schema/wire/message.h"

/* What must be remembered between two readings. Plain data. */
struct health {
    int64_t started_ms; /* monotonic */
    int64_t read_ms;
    int64_t cpu_ms; /* used by then */
};

#define HEALTH_MACHINE_SIZE 49

/* "aarch64 Linux" */
void health_name_machine(char out[HEALTH_MACHINE_SIZE]);

/* When the program starts. */
void health_start(struct health *health, int64_t now_ms);

/* Fills uptime_s, cpu_percent (since the reading before), memory_kib, disk_free_mib and wifi_dbm of
 * out and leaves the rest; a figure that cannot be read stays 0. */
void health_read(struct health *health, const char *state_dir, int64_t now_ms, wire_Health *out);

/* What the filter held back since the start, by class, into out. */
void health_tell_held(const uint32_t held[FILTER_CLASSES], wire_Health *out);

/* Free space of the folder's disk, 1 when it is full; 0: it cannot be read. */
uint32_t health_disk_free_mib(const char *folder);

/* The strongest signal that a text in the form of /proc/net/wireless names; 0: none. */
int32_t health_wifi_of(struct span text);

/* That of this machine. */
int32_t health_wifi_dbm(void);

/* Whether an interface other than the loopback is up and has an address. */
bool health_has_network(void);

#endif
