/* transfer.h - what a robot signs when it has been handed to another owner
 *
 * The key is that of its certificate; the transfer's id is a random number of the server's that
 * stands for one hand-over of one robot, so that no older signature fits.
 *
 *     "myna transfer 1" | device id | 0 | transfer id, 16 bytes
 *
 * Pure.
 */
#ifndef SCHEMA_WIRE_TRANSFER_H
#define SCHEMA_WIRE_TRANSFER_H

#include "schema/base/span.h"
#include "schema/wire/limits.h"

#define TRANSFER_ID_SIZE       16
#define TRANSFER_STATEMENT_MAX (15 + LIMIT_SLUG + 1 + TRANSFER_ID_SIZE)

/* The statement's bytes, in out. device_id is a slug. */
struct span transfer_statement(const char *device_id, const uint8_t id[TRANSFER_ID_SIZE],
                               uint8_t out[TRANSFER_STATEMENT_MAX]);

#endif
