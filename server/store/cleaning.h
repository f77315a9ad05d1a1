/* cleaning.h - ends and removes what has had its time */
#ifndef SERVER_STORE_CLEANING_H
#define SERVER_STORE_CLEANING_H

#include "server/store/store.h"

/* Commands that nobody answered in time become "expired". */
MUST_CHECK enum status cleaning_expire_commands(struct store *store);

/* Contract versions whose time has come since: the devices whose routes name the contract get a new
 * generation, for their credit lines change. Each version once, whichever instance does it. */
MUST_CHECK enum status cleaning_announce_contracts(struct store *store);

/* Devices that were heard within a day and whose minted credentials are older than age_ms get a new
 * generation, some at a time: with it come new ones. */
MUST_CHECK enum status cleaning_renew_credentials(struct store *store, int64_t age_ms);

MUST_CHECK enum status cleaning_forget_sessions(struct store *store);

/* Answers kept for repeated posts, after 24 h. */
MUST_CHECK enum status cleaning_forget_answers(struct store *store);

/* What robots used in days and months that are over: filters ask for none of it. */
MUST_CHECK enum status cleaning_forget_use(struct store *store);

#endif
