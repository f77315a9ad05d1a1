/* ledger.h - what the demo vendor bills: one line for each request it was sent
 *
 * Lines are JSON, appended with one write each:
 *
 *   request_id         X-Client-Request-Id, else made up here
 *   vendor_request_id  as answered in x-request-id
 *   key                first 8 hex digits of the key's SHA-256
 *   model, at, status  as asked; when it arrived; the HTTP status
 *   input              prompt tokens; cached of them were read from the cache
 *   output             answer tokens handed to the socket; reasoning of them were thought
 *   chars              characters to be spoken, of a request for speech
 *   audio_ms           sound that was listened to, of a request for transcription
 *   finished           the whole answer was handed to the socket
 *   fault              the fault on purpose, "none" without
 *
 * So "input" and "output" are what the usage of the answer calls prompt_tokens and
 * completion_tokens: cached and reasoning are parts of them. A refused request bills nothing, a cut
 * answer its prompt and what was sent. Not thread-safe.
 */
#ifndef TESTS_VENDORS_LEDGER_H
#define TESTS_VENDORS_LEDGER_H

#include "schema/base/buffer.h"
#include "tests/vendors/conditions.h"
#include "tests/vendors/keys.h"

#define LEDGER_ID_SIZE    81
#define LEDGER_MODEL_SIZE 65

struct ledger_entry {
    char request_id[LEDGER_ID_SIZE];
    char vendor_request_id[LEDGER_ID_SIZE];
    char key[KEYS_NAME_SIZE];
    char model[LEDGER_MODEL_SIZE];
    int64_t at_ms;
    int64_t status;
    int64_t input, cached, output, reasoning;
    int64_t chars, audio_ms;
    bool finished;
    enum fault fault;
};

struct ledger;

/* Goes on behind what the file at path holds; a last line cut short is ended and left out of the
 * sums. path NULL: a file without a name that lasts as long as the process. problem names the
 * cause. The caller closes *out with ledger_close(). */
MUST_CHECK enum status ledger_open(struct ledger **out, const char *path, char problem[256]);
void ledger_close(struct ledger *ledger);

/* STATUS_IO: the line is not in the file and not in the sums. */
MUST_CHECK enum status ledger_append(struct ledger *ledger, const struct ledger_entry *entry);

/* Appends {"total":{...},"items":[{"key","model",...}]}: requests, answered (status 200), finished
 * the
 * four token counts, chars and audio_ms. */
void ledger_write_summary(const struct ledger *ledger, struct buffer *out);

/* The lines so far: a descriptor of the caller's own, and their bytes. */
MUST_CHECK enum status ledger_share(const struct ledger *ledger, int *fd, uint64_t *size);

#endif
