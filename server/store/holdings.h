/* holdings.h - everything that is held about one robot, for who may ask for it */
#ifndef SERVER_STORE_HOLDINGS_H
#define SERVER_STORE_HOLDINGS_H

#include "server/store/document.h"

/* Puts it into the audit that the robot's holdings are read. STATUS_NOT_FOUND. */
MUST_CHECK enum status holdings_begin(struct store *store, const struct author *author,
                                      const char *device_id);

/* Where they go, piece by piece. Another status than STATUS_OK ends it and is the answer. */
typedef enum status (*holdings_add)(void *sink, struct span text);

/* Lines of JSON, {"kind": "usage", "item": {...}}: the kind is the table's name, the item its row
 * without keys. One kind after the other, the robot's own row first, as the database stood at one
 * moment; nothing of it is in memory as a whole. It may take minutes and holds a connection as
 * long. */
MUST_CHECK enum status holdings_write(struct store *store, const char *device_id, holdings_add add,
                                      void *sink);

#endif
