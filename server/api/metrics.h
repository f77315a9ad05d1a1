/* metrics.h - counters and gauges as Prometheus reads them (text format 0.0.4) */
#ifndef SERVER_API_METRICS_H
#define SERVER_API_METRICS_H

#include "schema/base/buffer.h"
#include "server/api/api.h"

/* Parts that are not there (NULL in struct api) are left out; with the database away the fleet's
 * numbers are. Failure latches in out. */
void metrics_write(const struct api *api, struct arena *arena, struct buffer *out);

#endif
