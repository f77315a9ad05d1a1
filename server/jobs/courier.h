/* courier.h - takes what is owed to the alert channels there: one thread, several channels at a
 * time
 *
 * A channel that is slow or away holds up nobody but itself. What fails is tried again with backoff
 * and jitter, as late as the receiver asks, and is dead after so many attempts. Any number of
 * instances may run: each message goes out once or, when one of them dies in between, more often.
 */
#ifndef SERVER_JOBS_COURIER_H
#define SERVER_JOBS_COURIER_H

#include "server/store/store.h"

struct courier;

struct courier_options {
    const uint8_t *master_key; /* CRYPTO_KEY_SIZE bytes, copied */
    const char *dashboard;     /* where links begin: "https://myna.example"; copied */
    const char *ca_file;       /* PEM certificates trusted besides the system's; NULL: none */
    int64_t attempts;          /* until a message is dead */
};

/* store outlives the courier. The caller owns *out. */
MUST_CHECK enum status courier_start(struct courier **out, struct store *store,
                                     const struct courier_options *options);
/* What is under way is cut off, to be sent again by the next courier. NULL is allowed. */
void courier_stop(struct courier *courier);

#endif
