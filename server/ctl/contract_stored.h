/* contract_stored.h - a contract that the server keeps, with all its versions, for sums without it
 *
 * What is wrong was told on standard error when an answer is not CTL_DONE.
 */
#ifndef SERVER_CTL_CONTRACT_STORED_H
#define SERVER_CTL_CONTRACT_STORED_H

#include "schema/base/arena.h"
#include "server/ctl/ctl.h"
#include "server/money/contract.h"
#include "server/money/zone.h"

/* On CTL_DONE the caller frees *arena and closes *zone, on which *out stands. */
int contract_stored_read(struct ctl *ctl, const char *id, struct arena **arena,
                         struct contract *out, struct zone **zone);

#endif
