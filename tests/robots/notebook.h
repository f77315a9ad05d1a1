/* notebook.h - the few facts that a simulated robot must not forget, in one small file
 *
 * A change is one write of the whole file in place: it survives the loss of the process, not a
 * power cut, as the journals of simulated robots do.
 */
#ifndef TESTS_ROBOTS_NOTEBOOK_H
#define TESTS_ROBOTS_NOTEBOOK_H

#include "schema/base/crypto.h"

/* Plain data. */
struct notebook_facts {
    uint64_t session_number;    /* of the last connection begun */
    int64_t restart_expires_ms; /* of the last restart command; 0: none */
    uint8_t restart_id[16];
    uint32_t epoch;
    uint32_t receipt_size;
    uint8_t receipt[CRYPTO_HASH_SIZE];
};

struct notebook;

/* Opens the file at path, creating it when absent. STATUS_CORRUPT: it holds something else. The
 * caller closes *out. */
MUST_CHECK enum status notebook_open(struct notebook **out, const char *path);
void notebook_close(struct notebook *notebook);

/* Changed by their owner, then written by notebook_write(). */
struct notebook_facts *notebook_facts(struct notebook *notebook);
MUST_CHECK enum status notebook_write(struct notebook *notebook);

#endif
