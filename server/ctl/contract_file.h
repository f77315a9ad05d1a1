/* contract_file.h - a contract's document in a file, read and checked offline
 *
 * What is wrong was told on standard error when an answer is not CTL_DONE, all that one reading can
 * find up to 20, by line: "dahan.yaml:12: charges/1/tiers: must be a list of 1 to 32".
 */
#ifndef SERVER_CTL_CONTRACT_FILE_H
#define SERVER_CTL_CONTRACT_FILE_H

#include "schema/base/buffer.h"
#include "server/money/contract.h"
#include "server/money/zone.h"

/* Reads YAML or JSON, "-" for standard input. On CTL_DONE the caller frees *arena and closes *zone,
 * on which *out stands. */
int contract_file_read(const char *path, struct arena **arena, struct contract *out,
                       struct zone **zone);

/* The same, and appends the document's JSON to text and the file as it is to bytes. */
int contract_file_load(const char *path, struct buffer *text, struct buffer *bytes,
                       struct arena **arena, struct contract *out, struct zone **zone);

#endif
