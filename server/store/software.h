/* software.h - what devices should have of software that comes by signed manifests
 *
 * Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_SOFTWARE_H
#define SERVER_STORE_SOFTWARE_H

#include "schema/wire/manifest.h"
#include "server/store/store.h"

/* Of one device, by kind and name. Plain data; texts are in the arena. */
struct software_row {
    const char *device_id;
    struct span document;  /* as it was signed */
    const char *signature; /* base64 */
    bool on_trial;         /* with the configuration that brings it */
    bool withdrawn;
};

/* Of all these devices, by device; *rows is in the arena. Costs nothing to speak of while nothing
 * came by a manifest. */
MUST_CHECK enum status software_read(struct store_conn *conn, struct arena *arena,
                                     const char *const *ids, size_t id_count,
                                     struct software_row **rows, size_t *count);

/* Those of one device among rows by device. */
const struct software_row *software_find(const struct software_row *rows, size_t count,
                                         const char *device_id, size_t *found);

#endif
